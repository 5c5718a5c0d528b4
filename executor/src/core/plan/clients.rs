//! The clients, which the guide upgrades after the servers: "unmount, stop applications, install, mount, start". On the
//! way back they come first.

use std::collections::BTreeSet;

use super::super::check::{self, Check, frozen};
use super::super::finding::{Code, Finding, Subject};
use super::super::inventory::Inventory;
use super::super::names::{HostName, OpVersion, Release};
use super::super::pool::{ClientState, PackageOffer, PoolState, Reach};
use super::super::system::ClientFacts;
use super::builder::{
    Builder, Facts, HEALTH_PATIENCE_SECONDS, PROCESS_PATIENCE_SECONDS, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS,
    gate,
};
use super::packages;
use super::usage::{self, Draft, left_aside, side_by_side};
use super::{ClientRow, Direction, Gate, Procedure, Request, Stage, StageKind};

/// A client machine that the plan upgrades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClientBehind {
    host: HostName,
    now: Release,
    offer: PackageOffer,
}

impl ClientBehind {
    pub(super) fn row(&self, request: &Request) -> ClientRow {
        ClientRow { host: self.host.clone(), now: self.now, then: self.then(request) }
    }

    /// Returns the release it will have: one that is there only for what was left away on it keeps its own.
    fn then(&self, request: &Request) -> Release {
        if changes(&self.host, self.now, request) { request.to } else { self.now }
    }
}

/// Returns whether a client's release changes: one older than the target on the way up, one newer on the way back.
fn changes(host: &HostName, now: Release, request: &Request) -> bool {
    let Request { to, direction, only, .. } = request;
    direction.leads(now, *to) && (only.is_empty() || only.contains(host))
}

/// Returns the client machines that the plan changes: those not at the target yet, or with something left away.
pub(super) fn behind(inventory: &Inventory, state: &PoolState, request: &Request) -> Vec<ClientBehind> {
    if request.clients_at_once == 0 {
        return Vec::new();
    }
    let one = |host: &HostName| {
        let client = state.clients.get(host)?;
        let now = (*client.release.known().ok()?)?;
        if !request.only.is_empty() && !request.only.contains(host) {
            return None;
        }
        let offer = client.offer.known().ok().cloned().unwrap_or_default();
        let changes = changes(host, now, request) || left_aside(state, host);
        changes.then(|| ClientBehind { host: host.clone(), now, offer })
    };
    inventory.clients.keys().filter_map(one).collect()
}

/// Returns what stands in the way of upgrading the clients.
pub(super) fn preflight(inventory: &Inventory, state: &PoolState, request: &Request) -> Vec<Finding> {
    if request.clients_at_once == 0 {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let meant = |host: &HostName| request.only.is_empty() || request.only.contains(host);
    for (host, declared) in inventory.clients.iter().filter(|(host, _)| meant(host)) {
        let subject = Subject::Host(host.clone());
        let Some(client) = state.clients.get(host) else {
            findings.push(Finding::unknown(Code::NotObserved, subject, "this client was not looked at"));
            continue;
        };
        if let Reach::NotReached { reason, .. } = &client.reach {
            findings.push(Finding::seen(Code::ClientUnreachable, subject, reason.clone()));
            continue;
        }
        match client.release.known() {
            Err(reason) => findings.push(Finding::unknown(Code::NotObserved, subject, reason)),
            Ok(Some(now)) if changes(host, *now, request) => {
                let ClientFacts { packages, directories, .. } = &client.system;
                findings.extend(check::packages(host, packages));
                findings.extend(check::offer(host, &client.offer, packages, request.to));
                findings.extend(check::room(host, directories));
                findings.extend(usage::findings(host, declared, &client.usage));
            }
            Ok(Some(_)) if left_aside(state, host) => {
                findings.extend(usage::findings(host, declared, &client.usage));
            }
            Ok(Some(_) | None) => {}
        }
    }
    findings
}

/// Returns what is left to the operator: the clients that the plan does not upgrade.
pub(super) fn left_to_do(inventory: &Inventory, facts: &Facts<'_>, to: Release) -> Vec<String> {
    let state = facts.state;
    let done: BTreeSet<&HostName> = facts.clients.iter().map(|client| &client.host).collect();
    let direction = facts.request.direction;
    let client = |name: &HostName| {
        let seen = state.clients.get(name);
        let release = match seen.map(|client| client.release.known()) {
            Some(Ok(Some(release))) if !direction.leads(*release, to) => return None,
            Some(Ok(Some(release))) => format!("now at {release}"),
            Some(Ok(None)) => "Gluster not installed".to_owned(),
            Some(Err(reason)) => format!("release unknown: {reason}"),
            None => "not looked at".to_owned(),
        };
        let points: Vec<&str> = seen
            .and_then(|client| client.usage.known().ok())
            .map(|usage| usage.mounts.iter().map(|mount| mount.point.as_str()).collect())
            .unwrap_or_default();
        let mounts = if points.is_empty() { "its Gluster mounts".to_owned() } else { points.join(", ") };
        Some(format!("client {name} ({release}): unmount {mounts}, install {to}, mount again"))
    };
    let mut lines: Vec<String> =
        inventory.clients.keys().filter(|name| !done.contains(name)).filter_map(client).collect();
    lines.extend(strangers(facts).into_iter().map(|address| match direction {
        Direction::Up => {
            format!("client at {address} (not in the inventory): unmount, install {to}, mount again")
        }
        Direction::Back => format!(
            "client at {address} (not in the inventory): where it is newer than {to}, unmount, install {to}, mount again"
        ),
    }));
    lines
}

/// Returns the addresses of connected clients that no host of the inventory has.
fn strangers<'a>(facts: &'a Facts<'_>) -> BTreeSet<&'a str> {
    let ours = addresses(facts, facts.state.clients.values());
    let names: BTreeSet<&str> =
        facts.state.hosts.keys().chain(facts.state.clients.keys()).map(HostName::as_str).collect();
    let connected = facts.baseline.clients.values().flatten().map(String::as_str);
    connected.filter(|address| !ours.contains(address) && !names.contains(address)).collect()
}

/// Returns the addresses of the servers and of these client machines.
fn addresses<'a>(facts: &'a Facts<'_>, clients: impl Iterator<Item = &'a ClientState>) -> BTreeSet<&'a str> {
    let servers = facts.state.hosts.values().map(|host| &host.usage);
    let usages = servers.chain(clients.map(|client| &client.usage)).filter_map(|usage| usage.known().ok());
    usages.flat_map(|usage| usage.addresses.iter()).map(String::as_str).chain(["127.0.0.1", "::1"]).collect()
}

/// Says which connected clients would hold up a raise to this op-version, since no step upgrades them.
pub(super) fn too_old(facts: &Facts<'_>, op_version: OpVersion) -> Vec<Finding> {
    if op_version <= facts.op_version {
        return Vec::new();
    }
    let upgraded = facts.clients.iter().filter_map(|client| facts.state.clients.get(&client.host));
    check::clients_behind(facts.state, op_version, &addresses(facts, upgraded))
}

impl<'a> Builder<'a> {
    /// Returns the client machines that the plan upgrades.
    pub(super) fn clients_behind(&self) -> impl Iterator<Item = &'a HostName> + use<'a> {
        self.facts.clients.iter().map(|client| &client.host)
    }

    /// Returns what brings the target to a client, where it does not have it yet.
    pub(super) fn installs_on_client(&self, host: &HostName) -> Option<&'a PackageOffer> {
        let client =
            self.facts.clients.iter().find(|client| client.host == *host && self.client_changes(client));
        client.map(|client| &client.offer)
    }

    fn client_changes(&self, client: &ClientBehind) -> bool {
        changes(&client.host, client.now, self.facts.request)
    }

    /// The stages of the clients, so many at once. After a downtime what they use is away by then.
    pub(super) fn clients(&mut self, at_once: usize, procedure: Procedure) -> Vec<Stage> {
        let clients = &self.facts.clients;
        clients.chunks(at_once.max(1)).map(|clients| self.clients_together(clients, procedure)).collect()
    }

    /// One stage: every part of it on all its clients before the next part.
    fn clients_together(&mut self, clients: &[ClientBehind], procedure: Procedure) -> Stage {
        let part = |drafts: &dyn Fn(&ClientBehind) -> Vec<Draft>| -> Vec<Draft> {
            side_by_side(clients.iter().map(drafts).collect())
        };
        let is_away = match procedure {
            Procedure::Online => false,
            // Where no server changes there is no downtime, and nothing was put aside for it.
            Procedure::Offline => !self.facts.behind().is_empty(),
        };
        let mut drafts = if is_away {
            Vec::new()
        } else {
            part(&|client| self.put_aside(&client.host, &self.fit_for_clients(&client.host)))
        };
        let aside = !drafts.is_empty();
        drafts.extend(part(&|client| {
            let install = self.client_changes(client).then(|| self.install_on_client(client, aside));
            install.into_iter().collect()
        }));
        drafts.extend(part(&|client| {
            let host = &client.host;
            let release = client.then(self.facts.request);
            let back =
                gate(vec![Check::AtRelease { host: host.clone(), release }], PROCESS_PATIENCE_SECONDS, 1);
            let mut whole = vec![
                Check::NoOldLibrary { host: host.clone(), release },
                Check::ClientsOnEveryBrick { without: None },
            ];
            // After a downtime the clients of later stages are away still; that this one is back, its mounts tell.
            if !is_away {
                whole.push(Check::ClientsBack);
            }
            self.bring_back(host, &back, &gate(whole, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS))
        }));
        let hosts = clients.iter().map(|client| client.host.clone()).collect();
        Stage { kind: StageKind::Clients(hosts), steps: self.number(drafts) }
    }

    /// What must hold before anything is taken from a client: the pool is well, and on the way up every server is done.
    fn fit_for_clients(&self, host: &HostName) -> Gate {
        let mut checks = match self.facts.request.direction {
            Direction::Up => vec![Check::AllAtRelease { release: self.to }],
            Direction::Back => Vec::new(),
        };
        checks.extend(self.health(None, false));
        checks.extend(frozen());
        checks.push(Check::NothingToHeal);
        checks.extend(self.reached(host));
        gate(checks, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS)
    }

    fn install_on_client(&self, client: &ClientBehind, aside: bool) -> Draft {
        let ClientBehind { host, offer, .. } = client;
        let unused = Check::VolumesUnused { host: host.clone() };
        let mut enter = if aside && self.facts.aside.contains_key(host) {
            gate(Vec::new(), PROCESS_PATIENCE_SECONDS, 1)
        } else {
            self.fit_for_clients(host)
        };
        enter.checks.push(unused.clone());
        let reenter = gate(vec![unused], PROCESS_PATIENCE_SECONDS, 1);
        let left = vec![
            Check::AtRelease { host: host.clone(), release: self.to },
            Check::NoOldLibrary { host: host.clone(), release: self.to },
        ];
        let leave = gate(left, PROCESS_PATIENCE_SECONDS, 1);
        Draft { action: packages::install(host, self.to, offer), enter, reenter, leave }
    }
}
