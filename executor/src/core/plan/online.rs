//! The online (rolling) procedure: one server at a time, the others carrying its data.

use super::super::baseline::{Baseline, Configuration, clients_of};
use super::super::check::{Check, frozen};
use super::super::finding::{Code, Finding, Subject};
use super::super::inventory::Inventory;
use super::super::names::{HostName, OpVersion, Release, VolumeName};
use super::super::pool::{PackageOffer, PoolState, VolumeKind};
use super::super::release;
use super::super::way::Way;
use super::georep;
use super::packages;
use super::preflight::{Preflight, preflight};
use super::{Action, Gate, Outcome, Plan, Refusal, Request, ServerRow, Stage, StageKind, Step};

/// How long to wait for the pool to be well before a server is taken out. Also the time a heal backlog has
/// to empty: hours are normal after a server was out for long.
const HEALTH_PATIENCE_SECONDS: u64 = 4 * 3600;

/// How long to wait for processes to come or go.
const PROCESS_PATIENCE_SECONDS: u64 = 120;

/// How long to wait for a server that was started to be whole again: peers, bricks, stored volumes.
const RETURN_PATIENCE_SECONDS: u64 = 300;

/// Looks in a row before the pool counts as well. One look is not enough: a file being written is listed
/// as to be healed, and one that has just begun to need healing is not listed yet.
const SETTLE_LOOKS: u32 = 2;

/// Plans the upgrade of a pool, or says why not.
pub fn plan(inventory: &Inventory, state: &PoolState, request: &Request) -> Outcome {
    let found = preflight(state, request);
    let waived = |finding: &&Finding| request.waivers.iter().any(|waiver| waiver.covers(finding));
    let split = |findings: &[Finding]| -> (Vec<Finding>, Vec<Finding>) {
        findings.iter().cloned().partition(|finding| waived(&finding))
    };
    // What the prepare stage cannot answer stands in the way like any other finding.
    let (mendable, unmendable): (Vec<Finding>, Vec<Finding>) =
        found.answered.iter().cloned().partition(|finding| finding.code == Code::NfsOptionsDropped);
    let (mut waived_findings, in_the_way) = split(&[found.findings.clone(), unmendable].concat());
    let (waived_hazards, answered) = split(&mendable);
    waived_findings.extend(waived_hazards);
    if !in_the_way.is_empty() {
        return Outcome::Refusal(Refusal { findings: in_the_way, waived: waived_findings });
    }
    match facts(state) {
        Some(facts) => build(inventory, &facts, request, &found, answered, waived_findings),
        None => {
            let what = "release, op-version or volumes of a server could not be read";
            let missing = Finding::unknown(Code::NotObserved, Subject::Pool, what);
            Outcome::Refusal(Refusal { findings: vec![missing], waived: waived_findings })
        }
    }
}

/// The known facts a plan is built from.
struct Facts<'a> {
    state: &'a PoolState,
    servers: Vec<(HostName, Release, PackageOffer)>,
    op_version: OpVersion,
    baseline: Baseline,
    to_heal: Vec<VolumeName>,
}

fn facts(state: &PoolState) -> Option<Facts<'_>> {
    let mut servers = Vec::new();
    for (host, host_state) in &state.hosts {
        let now = (*host_state.release.known().ok()?)?;
        let offer = host_state.offer.known().ok().cloned().unwrap_or_default();
        servers.push((host.clone(), now, offer));
    }
    let op_version =
        state.hosts.values().filter_map(|host| Some(host.glusterd_info.known().ok()?.op_version)).min()?;
    let volumes = state.volumes.known().ok()?;
    let started = || volumes.values().filter(|volume| volume.volume.started);
    let baseline =
        Baseline { op_version, clients: clients_of(state)?, configuration: Configuration::of(state).ok()? };
    let to_heal = started()
        .filter(|volume| matches!(volume.volume.kind, VolumeKind::Replicate { .. }))
        .map(|volume| volume.volume.name.clone())
        .collect();
    Some(Facts { state, servers, op_version, baseline, to_heal })
}

fn build(
    inventory: &Inventory,
    facts: &Facts<'_>,
    request: &Request,
    found: &Preflight,
    answered: Vec<Finding>,
    mut waived: Vec<Finding>,
) -> Outcome {
    let out = found.out.clone();
    let to = request.to;
    let mut builder = Builder { facts, to, next: 1 };
    let mut stages = Vec::new();
    let op_version_then = release::op_version_of(to).max(facts.op_version);
    let mut behind: Vec<&HostName> =
        facts.servers.iter().filter(|(_, now, _)| *now != to).map(|(host, ..)| host).collect();
    // A server that is out already comes first: the pool stands on one leg until it is back.
    behind.extend(out.iter().filter(|host| !behind.contains(host)).collect::<Vec<_>>());
    // The host that this program runs on comes last: its own turn is the one that could stop the program.
    let is_here =
        |host: &HostName| inventory.servers.get(host).is_some_and(|declared| declared.way == Way::Local);
    behind.sort_by_key(|host| (out.as_ref() != Some(*host), is_here(host), (*host).clone()));
    let transactions = packages::transactions(
        facts.state,
        behind.iter().copied().filter(|host| builder.installs(host).is_some()),
    );
    stages.extend(builder.packages(&behind));
    // Where no server is touched any more, only sessions that an earlier run stopped are a matter.
    let touched = !behind.is_empty() || !answered.is_empty();
    let sessions = georep::sessions(facts.state, request, found.half_done, touched);
    waived.extend(sessions.waived.iter().cloned());
    stages.extend(sessions.stop(&mut builder.numbering()));
    if !answered.is_empty() {
        stages.push(builder.prepare());
    }
    for host in behind {
        stages.push(builder.turn(host, out.as_ref() == Some(host)));
    }
    stages.extend(sessions.start(&mut builder.numbering()));
    if facts.op_version < op_version_then
        && let Some((via, ..)) = facts.servers.first()
    {
        stages.push(builder.finish(via, op_version_then));
    }
    if stages.is_empty() {
        return Outcome::NothingToDo;
    }
    let row = |(host, now, _): &(HostName, Release, PackageOffer)| ServerRow {
        host: host.clone(),
        now: *now,
        then: to,
        out: out.as_ref() == Some(host),
    };
    Outcome::Plan(Box::new(Plan {
        to,
        op_version_now: facts.op_version,
        op_version_then,
        servers: facts.servers.iter().map(row).collect(),
        transactions,
        stages,
        answered,
        waived,
        waivers: request.waivers.clone(),
        baseline: facts.baseline.clone(),
        left_to_do: left_to_do(inventory, facts.state, to),
    }))
}

/// The clients, which the guide upgrades after the servers.
fn left_to_do(inventory: &Inventory, state: &PoolState, to: Release) -> Vec<String> {
    let client = |name: &HostName| {
        let seen = state.clients.get(name);
        let release = match seen.map(|client| client.release.known()) {
            Some(Ok(Some(release))) if *release == to => return None,
            Some(Ok(Some(release))) => format!("now at {release}"),
            Some(Ok(None)) => "Gluster not installed".to_owned(),
            Some(Err(reason)) => format!("release unknown: {reason}"),
            None => "not looked at".to_owned(),
        };
        let mounts = match seen.map(|client| client.mounts.known()) {
            Some(Ok(mounts)) if !mounts.is_empty() => format!("unmount {}", mounts.join(", ")),
            Some(Ok(_)) | Some(Err(_)) | None => "unmount its Gluster mounts".to_owned(),
        };
        Some(format!("client {name} ({release}): {mounts}, install {to}, mount again"))
    };
    inventory.clients.keys().filter_map(client).collect()
}

/// Builds steps and numbers them.
struct Builder<'a> {
    facts: &'a Facts<'a>,
    to: Release,
    next: u32,
}

impl<'a> Builder<'a> {
    fn step(&mut self, action: Action, enter: Gate, reenter: Gate, leave: Gate) -> Step {
        let id = self.next;
        self.next += 1;
        Step { id, action, enter, reenter, leave }
    }

    /// Returns what brings the target to a server, where it does not have it yet.
    fn installs(&self, host: &HostName) -> Option<&'a PackageOffer> {
        self.facts
            .servers
            .iter()
            .find(|(name, now, _)| name == host && *now != self.to)
            .map(|(_, _, offer)| offer)
    }

    /// Fetches packages on every server that needs them, before the first one is touched: a mirror that fails,
    /// or has them for one server only, does so while all serve.
    fn packages(&mut self, hosts: &[&HostName]) -> Option<Stage> {
        let mut steps = Vec::new();
        for host in hosts {
            let fetch = self.installs(host).and_then(|offer| packages::fetch(host, self.to, offer));
            if let Some(fetch) = fetch {
                let gate = packages::fetch_gate();
                steps.push(self.step(fetch, gate.clone(), gate.clone(), gate));
            }
        }
        (!steps.is_empty()).then_some(Stage { kind: StageKind::Packages, steps })
    }

    /// Returns what numbers the steps that another module builds.
    fn numbering(&mut self) -> impl FnMut(Action, Gate, Gate, Gate) -> Step {
        |action, enter, reenter, leave| self.step(action, enter, reenter, leave)
    }

    /// Deletes the options that the target drops, on every server, with glusterd down everywhere and all
    /// bricks serving. All glusterds must be down together: one that runs would hand the line back to its
    /// peers, or reject the one whose line is gone.
    fn prepare(&mut self) -> Stage {
        let hosts: Vec<HostName> = self.facts.servers.iter().map(|(host, ..)| host.clone()).collect();
        let mut steps = Vec::new();
        for (at, host) in hosts.iter().enumerate() {
            let enter = if at == 0 {
                let mut checks = self.health(None, true);
                checks.extend(frozen());
                checks.push(Check::NothingToHeal);
                gate(checks, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS)
            } else {
                let before = Check::GlusterdDown { host: hosts[at - 1].clone() };
                gate(vec![before], PROCESS_PATIENCE_SECONDS, 1)
            };
            let reenter = gate(vec![Check::Reached], PROCESS_PATIENCE_SECONDS, 1);
            let mut left = vec![Check::GlusterdDown { host: host.clone() }];
            left.extend(self.bricks_running(host));
            let leave = gate(left, PROCESS_PATIENCE_SECONDS, 1);
            steps.push(self.step(Action::StopGlusterd { host: host.clone() }, enter, reenter, leave));
        }
        for host in &hosts {
            let down = gate(vec![Check::GlusterdDownEverywhere], PROCESS_PATIENCE_SECONDS, 1);
            let mut gone = vec![Check::NfsLinesGone { host: host.clone() }];
            gone.extend(self.bricks_running(host));
            let leave = gate(gone, PROCESS_PATIENCE_SECONDS, 1);
            steps.push(self.step(Action::DropNfsLines { host: host.clone() }, down.clone(), down, leave));
        }
        for (at, host) in hosts.iter().enumerate() {
            let agreed =
                vec![Check::NfsLinesGoneEverywhere, Check::StoredVolumesAgree { ignoring_nfs: false }];
            let enter = gate(agreed, PROCESS_PATIENCE_SECONDS, 1);
            let leave = if at + 1 == hosts.len() {
                self.whole(None)
            } else {
                gate(vec![Check::GlusterdUp { host: host.clone() }], PROCESS_PATIENCE_SECONDS, 1)
            };
            steps.push(self.step(Action::StartGlusterd { host: host.clone() }, enter.clone(), enter, leave));
        }
        Stage { kind: StageKind::Prepare, steps }
    }

    /// The turn of one server. One that is out already passes the first step by its effect.
    fn turn(&mut self, host: &HostName, out: bool) -> Stage {
        let at = |release| Check::AtRelease { host: host.clone(), release };
        let down = || Check::GlusterDown { host: host.clone() };
        let without = Some(host.clone());
        let mut steps = Vec::new();
        let others = self.others(host);
        if let Some(offer) = self.installs(host) {
            let mut fit = self.health(None, false);
            fit.extend(frozen());
            fit.extend([Check::NothingToHeal, Check::NoTasks, Check::OthersCanCarry { host: host.clone() }]);
            let enter = if out { others.clone() } else { gate(fit, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS) };
            let left = vec![down(), Check::BricksOnline { without }];
            let leave = gate(left, PROCESS_PATIENCE_SECONDS, 1);
            steps.push(self.step(Action::StopGluster { host: host.clone() }, enter, others.clone(), leave));

            if let Some(convert) = georep::convert(self.facts.state, host, self.to) {
                let still = gate(vec![down()], PROCESS_PATIENCE_SECONDS, 1);
                steps.push(self.step(convert, still.clone(), still.clone(), still));
            }

            let enter = gate(vec![down()], PROCESS_PATIENCE_SECONDS, 1);
            let leave = gate(vec![at(self.to), down()], PROCESS_PATIENCE_SECONDS, 1);
            let install = packages::install(host, self.to, offer);
            steps.push(self.step(install, enter.clone(), enter, leave));
        }
        let enter = gate(vec![at(self.to)], PROCESS_PATIENCE_SECONDS, 1);
        let mut back = vec![
            Check::GlusterdUp { host: host.clone() },
            at(self.to),
            Check::StoredVolumesAgree { ignoring_nfs: false },
            Check::PeersConnected { without: None },
            Check::BricksOnline { without: None },
            Check::SelfHealDaemonsOnline { without: None },
            Check::BricksSteady,
        ];
        back.extend(self.own_turn(host));
        // Several looks: an upgraded glusterd rewrites what it has stored some moments after its start.
        let leave = gate(back, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS);
        steps.push(self.step(Action::StartGluster { host: host.clone() }, enter.clone(), enter, leave));
        if !self.facts.to_heal.is_empty() {
            let heal = Action::Heal { via: host.clone(), volumes: self.facts.to_heal.clone() };
            let enter = gate(vec![Check::GlusterdUp { host: host.clone() }], RETURN_PATIENCE_SECONDS, 1);
            let leave = self.whole(Some(host));
            steps.push(self.step(heal, enter.clone(), enter, leave));
        }
        Stage { kind: StageKind::Turn(host.clone()), steps }
    }

    fn finish(&mut self, via: &HostName, to: OpVersion) -> Stage {
        let mut fit = vec![Check::AllAtRelease { release: self.to }];
        fit.extend(self.health(None, false));
        fit.extend(frozen());
        fit.push(Check::NothingToHeal);
        let enter = gate(fit, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS);
        let mut done = vec![Check::OpVersionIs { op_version: to }];
        done.extend(self.health(None, false));
        done.push(Check::ConfigurationUnchanged);
        let leave = gate(done, RETURN_PATIENCE_SECONDS, SETTLE_LOOKS);
        let raise = Action::RaiseOpVersion { via: via.clone(), to };
        let step = self.step(raise, enter.clone(), enter, leave);
        Stage { kind: StageKind::Finish, steps: vec![step] }
    }

    /// The pool is well, but for a server that is meant to be out. Heal backlogs are asked apart.
    fn health(&self, without: Option<&HostName>, ignoring_nfs: bool) -> Vec<Check> {
        let without = without.cloned();
        vec![
            Check::Reached,
            Check::PeersConnected { without: without.clone() },
            Check::StoredVolumesAgree { ignoring_nfs },
            Check::BricksOnline { without: without.clone() },
            Check::SelfHealDaemonsOnline { without: without.clone() },
            Check::NoSplitBrain { without: without.clone() },
            Check::ClientsOnEveryBrick { without },
        ]
    }

    /// What must hold before a server is taken further out after a run ended midway: the others stand.
    fn others(&self, host: &HostName) -> Gate {
        let mut checks = self.health(Some(host), false);
        checks.extend(frozen());
        checks.push(Check::OthersCanCarry { host: host.clone() });
        gate(checks, RETURN_PATIENCE_SECONDS, 1)
    }

    /// The pool is whole again: well, healed, and with the clients it had.
    fn whole(&self, host: Option<&HostName>) -> Gate {
        let mut checks: Vec<Check> =
            host.map(|host| Check::AtRelease { host: host.clone(), release: self.to }).into_iter().collect();
        checks.extend(self.health(None, false));
        checks.extend(frozen());
        checks.extend(host.into_iter().flat_map(|host| self.own_turn(host)));
        checks.extend([Check::BricksSteady, Check::ClientsBack, Check::NothingToHeal]);
        gate(checks, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS)
    }

    /// What a server's own turn must have changed, and what it must not: the code that runs there, and nothing
    /// on the others.
    fn own_turn(&self, host: &HostName) -> [Check; 2] {
        [
            Check::RunsRelease { host: host.clone(), release: self.to },
            Check::OthersUndisturbed { host: host.clone() },
        ]
    }

    /// As many brick processes as before, which is all that can be asked while glusterd is down.
    fn bricks_running(&self, host: &HostName) -> Option<Check> {
        let processes = self.facts.state.hosts.get(host)?.processes.known().ok()?.glusterfsd;
        Some(Check::BricksRunning { host: host.clone(), processes })
    }
}

fn gate(checks: Vec<Check>, patience_seconds: u64, settle: u32) -> Gate {
    Gate { checks, patience_seconds, settle }
}
