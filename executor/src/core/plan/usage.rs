//! What uses volumes on a host: put aside before its packages change, brought back after. Servers and clients.

use std::collections::{BTreeMap, BTreeSet};

use super::super::application::{Application, Control};
use super::super::check::{Check, called};
use super::super::finding::{Code, Finding, Subject, Waiver};
use super::super::inventory::{Host, Inventory};
use super::super::names::{HostName, UnitName};
use super::super::pool::{Observed, PoolState, Reach};
use super::super::usage::{LibraryUser, Mount, MountState, ProcessName, PutAside, Usage};
use super::builder::{
    Builder, HEALTH_PATIENCE_SECONDS, PROCESS_PATIENCE_SECONDS, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS, gate,
};
use super::{Action, Gate, Request, Step};

/// How long an application may take to be gone or back: a virtual machine shuts down in minutes.
const APPLICATION_PATIENCE_SECONDS: u64 = 600;

/// Services through which people and machines come in, or that only carry what others started: never stopped
/// because a program on libgfapi was started from them.
const DOORS: &[&str] = &[
    "ssh.service",
    "sshd.service",
    "cron.service",
    "crond.service",
    "atd.service",
    "dbus.service",
    "docker.service",
    "containerd.service",
    "podman.service",
    "libvirtd.service",
    "virtqemud.service",
    "getty@tty1.service",
];

/// What has to be away while the packages of a host change, in the order of leaving.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Aside {
    /// Applications that are stopped.
    pub(super) applications: Vec<Application>,
    /// Mounts that are unmounted, the deepest first, and whether lazily.
    pub(super) mounts: Vec<(Mount, bool)>,
}

impl Aside {
    /// Works out what has to be away on a host. What an earlier upgrade left away counts as well, so that it comes back.
    pub(super) fn of(host: &HostName, declared: &Host, usage: &Usage, waivers: &[Waiver]) -> Self {
        let applications = applications(declared, usage);
        let accounted = accounted(&applications, usage);
        let mut mounts: BTreeSet<(Mount, bool)> = BTreeSet::new();
        for mount in &usage.mounts {
            let Observed::Known(again) = &mount.again else { continue };
            let busy = busy(host, mount, &accounted);
            let lazy = !busy.is_empty()
                && busy.iter().all(|finding| waivers.iter().any(|waiver| waiver.covers(finding)));
            mounts.insert((again.clone(), lazy));
        }
        let gone = usage.put_aside.mounts.iter().filter(|mount| usage.mount_at(&mount.point).is_none());
        mounts.extend(gone.map(|mount| (mount.clone(), false)));
        let mut mounts: Vec<(Mount, bool)> = mounts.into_iter().collect();
        mounts.sort_by(|(one, _), (other, _)| other.point.cmp(&one.point));
        Self { applications, mounts }
    }
}

/// Returns the applications to stop: those of the inventory that run or were left stopped, and the systemd
/// services with a program on libgfapi.
fn applications(declared: &Host, usage: &Usage) -> Vec<Application> {
    let aside = |application: &Application| usage.put_aside.applications.contains(&application.name);
    let mut applications: Vec<Application> =
        declared.applications.iter().filter(|one| usage.runs(one) || aside(one)).cloned().collect();
    let known = accounted(&applications, usage);
    let users = usage.library_users.known().map_or(&[][..], Vec::as_slice);
    let running = users
        .iter()
        .filter(|user| user.gfapi && !known.contains(&user.process.pid))
        .filter_map(LibraryUser::service);
    let left = usage.put_aside.applications.iter().filter_map(|name| name.as_str().parse().ok());
    for unit in running.chain(left) {
        let Ok(name) = unit.as_str().parse() else { continue };
        let application = Application { name, control: Control::Unit(unit) };
        if !applications.iter().any(|other| other.key() == application.key()) {
            applications.push(application);
        }
    }
    applications
}

impl LibraryUser {
    /// Returns the systemd service that can be stopped and started for this process, where there is one.
    fn service(&self) -> Option<UnitName> {
        let unit =
            self.unit.as_deref().filter(|unit| !DOORS.contains(unit) && !unit.starts_with("systemd-"))?;
        // What cannot be the name of an application is left to the inventory.
        unit.parse::<super::super::names::ApplicationName>().ok()?;
        unit.parse().ok()
    }
}

/// Returns the processes that belong to these applications.
fn accounted(applications: &[Application], usage: &Usage) -> BTreeSet<u32> {
    let running = applications.iter().filter_map(|one| usage.running.get(&one.key())).flatten().copied();
    let units: Vec<String> = applications.iter().map(Application::key).collect();
    // The processes of a service that was found, and not asked for, are told by their unit.
    let users = usage.library_users.known().map_or(&[][..], Vec::as_slice);
    let of_units = users.iter().filter(|user| {
        user.unit.as_ref().is_some_and(|unit| units.iter().any(|key| key.strip_prefix("unit:") == Some(unit)))
    });
    running.chain(of_units.map(|user| user.process.pid)).collect()
}

/// Returns the finding of a mount that is used by somebody whom no application accounts for.
fn busy(host: &HostName, mount: &MountState, accounted: &BTreeSet<u32>) -> Vec<Finding> {
    let subject = Subject::Host(host.clone());
    match mount.users.known() {
        Err(reason) => vec![Finding::unknown(Code::MountBusy, subject, reason)],
        Ok(users) => {
            let others: Vec<String> = users
                .iter()
                .filter(|user| !accounted.contains(&user.pid))
                .map(ProcessName::to_string)
                .collect();
            if others.is_empty() {
                return Vec::new();
            }
            let what = format!("{} is used by {}", mount.point, others.join(", "));
            vec![Finding::seen(Code::MountBusy, subject, what)]
        }
    }
}

/// Returns what stands in the way of putting a host's use of volumes aside.
pub(super) fn findings(host: &HostName, declared: &Host, usage: &Observed<Usage>) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    let usage = match usage.known() {
        Ok(usage) => usage,
        Err(reason) => return vec![Finding::unknown(Code::NotObserved, subject(), reason)],
    };
    let accounted = accounted(&applications(declared, usage), usage);
    let mut findings = Vec::new();
    for mount in &usage.mounts {
        if let Err(reason) = mount.again.known() {
            let what = format!("{} at {}: {reason}", mount.source, mount.point);
            findings.push(Finding::seen(Code::MountNotRepeatable, subject(), what));
        }
        findings.extend(busy(host, mount, &accounted));
    }
    match usage.library_users.known() {
        Err(reason) => findings.push(Finding::unknown(Code::GfapiApplication, subject(), reason)),
        Ok(users) => {
            let others = users.iter().filter(|user| user.gfapi && !accounted.contains(&user.process.pid));
            findings.extend(others.map(|user| {
                let what = format!("{} uses libgfapi; nothing says how to stop it", called(user));
                Finding::seen(Code::GfapiApplication, subject(), what)
            }));
        }
    }
    findings
}

/// Returns what stands in the way on all hosts that change.
pub(super) fn preflight(inventory: &Inventory, state: &PoolState, request: &Request) -> Vec<Finding> {
    let mut all = Vec::new();
    for (host, host_state) in &state.hosts {
        let moves = request.moves(host, &host_state.release);
        let Some(declared) = inventory.servers.get(host) else { continue };
        if host_state.reach == Reach::Reached && (moves || left_aside(state, host)) {
            all.extend(findings(host, declared, &host_state.usage));
        }
    }
    all.extend(super::clients::preflight(inventory, state, request));
    all
}

/// Returns what has to be away, host by host, where anything has.
pub(super) fn aside(
    inventory: &Inventory,
    state: &PoolState,
    waivers: &[Waiver],
) -> BTreeMap<HostName, Aside> {
    let servers = inventory
        .servers
        .iter()
        .map(|(host, declared)| (host, declared, state.hosts.get(host).map(|server| &server.usage)));
    let clients = inventory
        .clients
        .iter()
        .map(|(host, declared)| (host, declared, state.clients.get(host).map(|client| &client.usage)));
    let aside = servers.chain(clients).filter_map(|(host, declared, usage)| {
        let usage = usage?.known().ok()?;
        Some((host.clone(), Aside::of(host, declared, usage, waivers)))
    });
    aside.filter(|(_, aside)| *aside != Aside::default()).collect()
}

/// Returns whether an earlier run left something away on this host.
pub(super) fn left_aside(state: &PoolState, host: &HostName) -> bool {
    let on_server = state.hosts.get(host).map(|server| &server.usage);
    let usage = on_server.or_else(|| state.clients.get(host).map(|client| &client.usage));
    usage.is_some_and(|usage| usage.known().is_ok_and(|usage| usage.put_aside != PutAside::default()))
}

/// A step without its number.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) action: Action,
    pub(super) enter: Gate,
    pub(super) reenter: Gate,
    pub(super) leave: Gate,
}

impl Builder<'_> {
    /// Numbers steps.
    pub(super) fn number(&mut self, drafts: Vec<Draft>) -> Vec<Step> {
        let number = |Draft { action, enter, reenter, leave }| self.step(action, enter, reenter, leave);
        drafts.into_iter().map(number).collect()
    }

    /// Stops what uses volumes on a host and unmounts them. The first of these steps is entered like what follows
    /// them, since it is the first that takes something away.
    pub(super) fn put_aside(&self, host: &HostName, enter: &Gate) -> Vec<Draft> {
        let Aside { applications, mounts } = self.facts.aside.get(host).cloned().unwrap_or_default();
        let stop = |application| {
            let action = Action::StopApplication { host: host.clone(), application };
            (action, APPLICATION_PATIENCE_SECONDS)
        };
        let unmount =
            |(mount, lazy)| (Action::Unmount { host: host.clone(), mount, lazy }, PROCESS_PATIENCE_SECONDS);
        let actions = applications.into_iter().map(stop).chain(mounts.into_iter().map(unmount));
        let draft = |(at, (action, patience)): (usize, (Action, u64))| {
            // Stopping again what is half stopped does no harm.
            let open = gate(self.reached(host), PROCESS_PATIENCE_SECONDS, 1);
            let enter = if at == 0 { enter.clone() } else { open.clone() };
            Draft { leave: gate(action.effect(), patience, 1), action, enter, reenter: open }
        };
        actions.enumerate().map(draft).collect()
    }

    /// Brings back what was put aside, in the opposite order; the last step is left as the whole of it has to be.
    pub(super) fn bring_back(&self, host: &HostName, enter: &Gate, whole: &Gate) -> Vec<Draft> {
        let Aside { applications, mut mounts } = self.facts.aside.get(host).cloned().unwrap_or_default();
        mounts.reverse();
        let is_client = self.facts.state.clients.contains_key(host);
        let mut actions: Vec<(Action, u64)> = Vec::new();
        for (mount, _) in mounts {
            actions
                .push((Action::Mount { host: host.clone(), mount: mount.clone() }, RETURN_PATIENCE_SECONDS));
            if is_client {
                actions.push((Action::ProveMount { host: host.clone(), mount }, RETURN_PATIENCE_SECONDS));
            }
        }
        for application in applications.into_iter().rev() {
            let action = Action::StartApplication { host: host.clone(), application };
            actions.push((action, APPLICATION_PATIENCE_SECONDS));
        }
        let shows = |action: &Action| {
            if let Action::Mount { mount, .. } | Action::ProveMount { mount, .. } = action {
                vec![Check::Mounted { host: host.clone(), mount: mount.clone() }]
            } else {
                action.effect()
            }
        };
        // All of it at the end: a host that was rebooted on the way has lost what came back before.
        let mut all: Vec<Check> = Vec::new();
        for check in actions.iter().flat_map(|(action, _)| shows(action)) {
            if !all.contains(&check) {
                all.push(check);
            }
        }
        all.extend(whole.checks.iter().cloned());
        let count = actions.len();
        let draft = |(at, (action, patience)): (usize, (Action, u64))| {
            let leave = if at + 1 == count {
                Gate { checks: all.clone(), ..whole.clone() }
            } else {
                gate(shows(&action), patience, 1)
            };
            Draft { action, enter: enter.clone(), reenter: enter.clone(), leave }
        };
        actions.into_iter().enumerate().map(draft).collect()
    }

    /// The host answers, server or client.
    pub(super) fn reached(&self, host: &HostName) -> Vec<Check> {
        if self.facts.state.clients.contains_key(host) {
            vec![Check::ClientReached { host: host.clone() }]
        } else {
            vec![Check::Reached]
        }
    }
}

/// Turns the steps of several hosts into steps on all of them: the first ones side by side, then the second ones,
/// and so on.
pub(super) fn side_by_side(of_hosts: Vec<Vec<Draft>>) -> Vec<Draft> {
    let longest = of_hosts.iter().map(Vec::len).max().unwrap_or_default();
    let at = |at: usize| {
        let mut drafts: Vec<Draft> = of_hosts.iter().filter_map(|drafts| drafts.get(at).cloned()).collect();
        if drafts.len() == 1 {
            return drafts.remove(0);
        }
        let all = |part: fn(&Draft) -> &Gate| {
            let mut checks: Vec<Check> = Vec::new();
            for check in drafts.iter().flat_map(|draft| &part(draft).checks) {
                if !checks.contains(check) {
                    checks.push(check.clone());
                }
            }
            let patience = drafts.iter().map(|draft| part(draft).patience_seconds).max().unwrap_or_default();
            gate(checks, patience, drafts.iter().map(|draft| part(draft).settle).max().unwrap_or(1))
        };
        let (enter, reenter, leave) =
            (all(|draft| &draft.enter), all(|draft| &draft.reenter), all(|draft| &draft.leave));
        let actions = drafts.iter().map(|draft| draft.action.clone()).collect();
        Draft { action: Action::Together { actions }, enter, reenter, leave }
    };
    (0..longest).map(at).collect()
}

/// The offline procedure: what uses volumes is away before the downtime, on servers and clients alike.
impl Builder<'_> {
    /// Puts aside what uses volumes on these servers and on the clients that the plan upgrades.
    pub(super) fn put_all_aside(&mut self, servers: &[HostName], preparing: bool) -> Vec<Step> {
        let mut fit = self.health(None, preparing);
        // What is left to heal is healed when they have gone, and leave something to heal themselves.
        fit.extend([Check::DefinitionsUnchanged, Check::OpVersionStill, Check::NoTasks]);
        let fit = gate(fit, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS);
        let hosts = servers.iter().chain(self.clients_behind());
        let drafts = side_by_side(hosts.map(|host| self.put_aside(host, &fit)).collect());
        self.number(drafts)
    }

    /// Brings back what was put aside on these servers. The clients' comes back after they are upgraded.
    pub(super) fn bring_servers_back(&mut self, servers: &[HostName]) -> Vec<Step> {
        let of_host = |host: &HostName| {
            let back = gate(vec![Check::GlusterdUp { host: host.clone() }], RETURN_PATIENCE_SECONDS, 1);
            let old = Check::NoOldLibrary { host: host.clone(), release: self.to };
            let whole = vec![old, Check::ClientsOnEveryBrick { without: None }];
            self.bring_back(host, &back, &gate(whole, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS))
        };
        let drafts = side_by_side(servers.iter().map(of_host).collect());
        self.number(drafts)
    }
}
