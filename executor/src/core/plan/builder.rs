//! What every plan is built with: the known facts, the numbering of steps, and the gates that recur.

use std::collections::BTreeMap;

use super::super::baseline::{Baseline, Configuration, KnownEntries, clients_of, units_of};
use super::super::check::{Check, frozen};
use super::super::inventory::Inventory;
use super::super::names::{HostName, OpVersion, Release, VolumeName};
use super::super::pool::{PackageOffer, PoolState, VolumeKind};
use super::clients::{self, ClientBehind};
use super::usage::{self, Aside};
use super::{Action, Gate, Request, Stage, StageKind, Step, canary, packages};

/// How long to wait for the pool to be well before a server is taken out. Also the time a heal backlog has
/// to empty: hours are normal after a server was out for long.
pub(super) const HEALTH_PATIENCE_SECONDS: u64 = 4 * 3600;

/// How long to wait for processes to come or go.
pub(super) const PROCESS_PATIENCE_SECONDS: u64 = 120;

/// How long to wait for a server that was started to be whole again: peers, bricks, stored volumes.
pub(super) const RETURN_PATIENCE_SECONDS: u64 = 300;

/// Looks in a row before the pool counts as well. One look is not enough: a file being written is listed
/// as to be healed, and one that has just begun to need healing is not listed yet.
pub(super) const SETTLE_LOOKS: u32 = 2;

/// The known facts a plan is built from.
pub(super) struct Facts<'a> {
    pub(super) state: &'a PoolState,
    pub(super) servers: Vec<(HostName, Release, PackageOffer)>,
    pub(super) op_version: OpVersion,
    pub(super) baseline: Baseline,
    pub(super) to_heal: Vec<VolumeName>,
    /// The volumes that are started before anything is done.
    pub(super) started: Vec<VolumeName>,
    /// The volumes to which a file is written to see that they can be used.
    pub(super) provable: Vec<VolumeName>,
    /// What has to be away on a host while its packages change.
    pub(super) aside: BTreeMap<HostName, Aside>,
    /// The client machines whose release the plan changes.
    pub(super) clients: Vec<ClientBehind>,
    /// What was asked for.
    pub(super) request: &'a Request,
}

pub(super) fn facts<'a>(
    inventory: &Inventory,
    state: &'a PoolState,
    request: &'a Request,
    known_entries: &KnownEntries,
) -> Option<Facts<'a>> {
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
    let baseline = Baseline {
        op_version,
        clients: clients_of(state)?,
        configuration: Configuration::of(state).ok()?,
        known_entries: known_entries.clone(),
        units: units_of(state),
    };
    let to_heal = started()
        .filter(|volume| matches!(volume.volume.kind, VolumeKind::Replicate { .. }))
        .map(|volume| volume.volume.name.clone())
        .collect();
    let names: Vec<VolumeName> = started().map(|volume| volume.volume.name.clone()).collect();
    let provable = canary::provable(state, &names, request);
    let aside = usage::aside(inventory, state, &request.waivers);
    let clients = clients::behind(inventory, state, request);
    Some(Facts {
        state,
        servers,
        op_version,
        baseline,
        to_heal,
        started: names,
        provable,
        aside,
        clients,
        request,
    })
}

impl<'a> Facts<'a> {
    /// Returns the servers whose release changes.
    pub(super) fn behind(&'a self) -> Vec<&'a HostName> {
        self.servers.iter().filter(|(host, now, _)| self.moves(host, *now)).map(|(host, ..)| host).collect()
    }

    /// Returns whether the release of a host changes that has this one.
    pub(super) fn moves(&self, host: &HostName, now: Release) -> bool {
        let Request { to, only, .. } = self.request;
        now != *to && (only.is_empty() || only.contains(host))
    }
}

/// Builds steps and numbers them.
pub(super) struct Builder<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) to: Release,
    pub(super) next: u32,
}

impl<'a> Builder<'a> {
    /// Returns every server, in the plan's order.
    pub(super) fn hosts(&self) -> Vec<HostName> {
        self.facts.servers.iter().map(|(host, ..)| host.clone()).collect()
    }

    pub(super) fn step(&mut self, action: Action, enter: Gate, reenter: Gate, leave: Gate) -> Step {
        let id = self.next;
        self.next += 1;
        Step { id, action, enter, reenter, leave }
    }

    /// Returns what brings the target to a server or client, where it does not have it yet.
    pub(super) fn installs(&self, host: &HostName) -> Option<&'a PackageOffer> {
        self.facts
            .servers
            .iter()
            .find(|(name, now, _)| name == host && self.facts.moves(name, *now))
            .map(|(_, _, offer)| offer)
            .or_else(|| self.installs_on_client(host))
    }

    /// Fetches packages on every server that needs them, before the first one is touched: a mirror that fails,
    /// or has them for one server only, does so while all serve.
    pub(super) fn packages(&mut self, hosts: &[&HostName]) -> Option<Stage> {
        let mut steps = Vec::new();
        for host in hosts.iter().copied().chain(self.clients_behind()) {
            let fetch = self.installs(host).and_then(|offer| packages::fetch(host, self.to, offer));
            if let Some(fetch) = fetch {
                let gate = Gate { checks: self.reached(host), ..packages::fetch_gate() };
                steps.push(self.step(fetch, gate.clone(), gate.clone(), gate));
            }
        }
        (!steps.is_empty()).then_some(Stage { kind: StageKind::Packages, steps })
    }

    /// The pool is well, but for a server that is meant to be out. Heal backlogs are asked apart.
    pub(super) fn health(&self, without: Option<&HostName>, ignoring_nfs: bool) -> Vec<Check> {
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
    pub(super) fn others(&self, host: &HostName) -> Gate {
        if self.facts.servers.len() == 1 {
            return gate(vec![Check::Reached], RETURN_PATIENCE_SECONDS, 1);
        }
        let mut checks = self.health(Some(host), false);
        checks.extend(frozen());
        checks.push(Check::OthersCanCarry { host: host.clone() });
        gate(checks, RETURN_PATIENCE_SECONDS, 1)
    }

    /// The pool is whole again: well, healed, and with the clients it had.
    pub(super) fn whole(&self, host: Option<&HostName>) -> Gate {
        let mut checks: Vec<Check> =
            host.map(|host| Check::AtRelease { host: host.clone(), release: self.to }).into_iter().collect();
        checks.extend(self.health(None, false));
        checks.extend(frozen());
        checks.extend(host.into_iter().flat_map(|host| self.own_turn(host)));
        checks.extend([Check::BricksSteady, Check::ClientsBack, Check::NothingToHeal]);
        checks.extend(host.map(|host| Check::NoOldLibrary { host: host.clone(), release: self.to }));
        gate(checks, HEALTH_PATIENCE_SECONDS, SETTLE_LOOKS)
    }

    /// What a server's own turn must have changed, and what it must not: the code that runs there, and nothing
    /// on the others.
    pub(super) fn own_turn(&self, host: &HostName) -> [Check; 2] {
        [
            Check::RunsRelease { host: host.clone(), release: self.to },
            Check::OthersUndisturbed { host: host.clone() },
        ]
    }

    /// What installing on a server must leave as it was: nothing of Gluster's runs again, and the same units start
    /// at boot.
    pub(super) fn only_installed(&self, host: &HostName) -> [Check; 2] {
        [Check::EventsDown { host: host.clone() }, Check::UnitsKept { host: host.clone() }]
    }

    /// As many brick processes as before, which is all that can be asked while glusterd is down.
    pub(super) fn bricks_running(&self, host: &HostName) -> Option<Check> {
        let processes = self.facts.state.hosts.get(host)?.processes.known().ok()?.glusterfsd;
        Some(Check::BricksRunning { host: host.clone(), processes })
    }
}

pub(super) fn gate(checks: Vec<Check>, patience_seconds: u64, settle: u32) -> Gate {
    Gate { checks, patience_seconds, settle }
}
