//! Observing a pool: asks every server by itself, side by side, and one of them about the volumes.
//!
//! Nothing here decides. What is not answered is unknown, with the reason.

mod clients;
mod georep;
mod hosts;
mod offers;
mod scope;
mod vantage;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::core::check::Fact;
use crate::core::command::{Command, Output};
use crate::core::inventory::{Host, Inventory};
use crate::core::names::{Brick, HostName, OpVersion, VolumeName};
use crate::core::pool::{
    HealEntries, HostState, NO_SERVER_REACHED, NOT_REACHED, Observed, PoolState, Reach, Unreachable, Volume,
    VolumeKind, VolumeState,
};
use crate::core::system::SystemFacts;
use crate::core::usage::Usage;
use crate::gluster::{commands, replies};
use crate::service;
use crate::transport::{Transport, TransportError};
pub use scope::Scope;

/// The reason of facts that were not asked for.
const NOT_ASKED: &str = "not asked in this look";

/// Looks at a pool once.
pub async fn look(transport: &dyn Transport, inventory: &Inventory, scope: &Scope) -> PoolState {
    let servers = join_all(inventory.servers.iter().map(|(host, declared)| async move {
        let state = server(transport, host, declared, scope).await;
        (host.clone(), state)
    }));
    let asked = inventory.clients.iter().filter(|(host, _)| scope.asks_client(host));
    let clients = join_all(asked.map(|(host, declared)| async move {
        let state = clients::client(transport, host, declared, scope).await;
        (host.clone(), state)
    }));
    let others = georep::other_pools(transport, inventory, scope);
    let (servers, clients, other_pools) = tokio::join!(servers, clients, others);
    let mut hosts: BTreeMap<HostName, HostState> = servers.into_iter().collect();
    let volumes = volumes(transport, &hosts, scope).await;
    if scope.whole() {
        hosts::bricks(transport, &mut hosts, &volumes).await;
        georep::tools(transport, &mut hosts).await;
    }
    let max_op_version = max_op_version(transport, &hosts, scope).await;
    let sessions = georep::sessions(transport, first_up(&hosts), scope).await;
    PoolState {
        hosts,
        volumes,
        clients: clients.into_iter().collect(),
        sessions,
        other_pools,
        max_op_version,
        before: Arc::default(),
    }
}

/// Runs a command and reads its answer; an answer that cannot be had is unknown.
async fn ask<T, E: std::fmt::Display>(
    transport: &dyn Transport,
    host: &HostName,
    command: Command,
    read: impl FnOnce(&Output) -> Result<T, E>,
) -> Observed<T> {
    match transport.run(host, &command).await {
        Ok(output) => Observed::from(read(&output)),
        Err(error) => Observed::Unknown(error.to_string()),
    }
}

/// Asks only where the fact is in scope.
async fn asked<T>(scope: &Scope, fact: Fact, question: impl Future<Output = Observed<T>>) -> Observed<T> {
    if scope.asks(fact) { question.await } else { Observed::Unknown(NOT_ASKED.to_owned()) }
}

/// Asks one question first, to tell an unreachable host from one that answers badly.
async fn reach(
    transport: &dyn Transport,
    host: &HostName,
    command: Command,
) -> Result<Observed<Output>, (Unreachable, String)> {
    match transport.run(host, &command).await {
        Ok(output) => Ok(Observed::Known(output)),
        Err(TransportError::NotReached { cause, reason, .. }) => Err((cause, reason)),
        Err(
            error @ (TransportError::Lost { .. }
            | TransportError::Deadline { .. }
            | TransportError::TooMuchOutput { .. }
            | TransportError::ReadOnly { .. }),
        ) => Ok(Observed::Unknown(error.to_string())),
    }
}

async fn server(transport: &dyn Transport, host: &HostName, declared: &Host, scope: &Scope) -> HostState {
    let processes = match reach(transport, host, service::processes()).await {
        Ok(Observed::Known(output)) => Observed::from(service::parse_processes(&output)),
        Ok(Observed::Unknown(reason)) => Observed::Unknown(reason),
        Err((cause, reason)) => return unreached(cause, reason),
    };
    // Without glusterd its CLI waits for seconds to say what is known already.
    let glusterd_down = processes.known().is_ok_and(|processes| processes.glusterd == 0);
    let peers = async {
        if glusterd_down {
            return Observed::Unknown("glusterd does not run".to_owned());
        }
        asked(scope, Fact::Peers, ask(transport, host, commands::peer_status(), replies::peers)).await
    };
    let system = async {
        if scope.whole() {
            hosts::facts(transport, host).await
        } else {
            hosts::facts_of_gates(transport, host, scope).await
        }
    };
    let usage = usage(transport, host, declared, scope);
    let claim =
        asked(scope, Fact::Claims, ask(transport, host, service::read_claim(""), service::parse_claim));
    let (release, glusterd_info, peers, stored_volumes, offer, connections, claim, system, usage) = tokio::join!(
        asked(scope, Fact::Release, ask(transport, host, commands::version(), replies::version)),
        asked(
            scope,
            Fact::GlusterdInfo,
            ask(transport, host, commands::glusterd_info(), replies::glusterd_info)
        ),
        peers,
        asked(
            scope,
            Fact::StoredVolumes,
            ask(transport, host, commands::stored_volumes(), replies::stored_volumes)
        ),
        offers::offer(transport, host, declared, scope),
        asked(
            scope,
            Fact::Connections,
            ask(transport, host, service::connections(), service::parse_connections)
        ),
        claim,
        system,
        usage,
    );
    HostState {
        reach: Reach::Reached,
        release,
        processes,
        glusterd_info,
        peers,
        stored_volumes,
        sync_tools: Observed::Unknown(NOT_ASKED.to_owned()),
        offer,
        connections,
        claim,
        system,
        usage,
    }
}

fn unreached(cause: Unreachable, reason: String) -> HostState {
    fn unknown<T>() -> Observed<T> {
        Observed::Unknown(NOT_REACHED.to_owned())
    }
    HostState {
        reach: Reach::NotReached { cause, reason },
        release: unknown(),
        processes: unknown(),
        glusterd_info: unknown(),
        peers: unknown(),
        stored_volumes: unknown(),
        sync_tools: unknown(),
        offer: unknown(),
        usage: unknown(),
        connections: unknown(),
        claim: unknown(),
        system: SystemFacts::unknown(NOT_REACHED),
    }
}

/// How a host uses volumes.
async fn usage(
    transport: &dyn Transport,
    host: &HostName,
    declared: &Host,
    scope: &Scope,
) -> Observed<Usage> {
    if !scope.asks_of(host, Fact::Usage) {
        return Observed::Unknown(NOT_ASKED.to_owned());
    }
    let command = service::usage::usage(scope.applications(host, declared));
    ask(transport, host, command, service::usage::parse_usage).await
}

/// Returns the first server on which glusterd runs.
fn first_up(hosts: &BTreeMap<HostName, HostState>) -> Observed<&HostName> {
    match hosts.iter().find(|(_, state)| runs(state)) {
        Some((host, _)) => Observed::Known(host),
        None => Observed::Unknown(nobody_to_ask(hosts).to_owned()),
    }
}

fn runs(state: &HostState) -> bool {
    state.processes.known().is_ok_and(|processes| processes.glusterd > 0)
}

/// Returns why there is no server to ask about the pool: that glusterd runs nowhere is for those to say who saw all.
fn nobody_to_ask(hosts: &BTreeMap<HostName, HostState>) -> &'static str {
    if hosts.values().all(|state| state.reach != Reach::Reached) {
        NO_SERVER_REACHED
    } else if hosts.values().all(|state| state.processes.known().is_ok()) {
        "glusterd runs on no server"
    } else {
        "glusterd was seen on no server, and not every server could be looked at"
    }
}

/// Asks one server for the newest op-version that all of them know: it asks the others, and takes the smallest
/// answer (`glusterd_max_opversion_use_rsp_dict` in glusterd-syncop.c). Its own release tells whether it can.
async fn max_op_version(
    transport: &dyn Transport,
    hosts: &BTreeMap<HostName, HostState>,
    scope: &Scope,
) -> Observed<Option<OpVersion>> {
    if !scope.asks(Fact::MaxOpVersion) {
        return Observed::Unknown(NOT_ASKED.to_owned());
    }
    let via = match first_up(hosts) {
        Observed::Known(via) => via,
        Observed::Unknown(reason) => return Observed::Unknown(reason),
    };
    let known = match hosts.get(via).map(|host| host.release.known()) {
        Some(Ok(Some(release))) => Some(*release),
        Some(Ok(None) | Err(_)) | None => None,
    };
    if known.is_some_and(|release| release.line_op_version() < OpVersion(31_000)) {
        return Observed::Known(None);
    }
    ask(transport, via, commands::max_op_version(), replies::max_op_version).await.map(Some)
}

/// Asks the first server on which glusterd runs about all volumes.
async fn volumes(
    transport: &dyn Transport,
    hosts: &BTreeMap<HostName, HostState>,
    scope: &Scope,
) -> Observed<BTreeMap<VolumeName, VolumeState>> {
    if !scope.asks(Fact::Volumes) {
        return Observed::Unknown(NOT_ASKED.to_owned());
    }
    let via = match first_up(hosts) {
        Observed::Known(via) => via,
        Observed::Unknown(reason) => return Observed::Unknown(reason),
    };
    let volumes = match ask(transport, via, commands::volume_info(), replies::volumes).await {
        Observed::Known(volumes) => volumes,
        Observed::Unknown(reason) => return Observed::Unknown(reason),
    };
    // Asking about status locks the pool, so these questions wait for each other; heal info does not.
    let locking = async {
        let status = asked(scope, Fact::VolumeStatus, vantage::volume_status(transport, hosts)).await;
        let mut clients = Vec::new();
        for volume in &volumes {
            clients.push(clients_of(transport, via, volume, scope).await);
        }
        (status, clients)
    };
    let heals = join_all(volumes.iter().map(|volume| heal(transport, via, volume, scope)));
    let (heals, (status, clients)) = tokio::join!(heals, locking);
    let states = volumes.into_iter().zip(heals).zip(clients).map(|((volume, heals), clients)| {
        let status = status.clone().map(|mut all| all.remove(&volume.name));
        (volume.name.clone(), volume_state(volume, status, heals, clients))
    });
    Observed::Known(states.collect())
}

type Counts = Observed<BTreeMap<Brick, Observed<u64>>>;
type Entries = Observed<BTreeMap<Brick, Observed<HealEntries>>>;

/// What `heal info` says of a volume.
struct Heals {
    pending: Counts,
    entries: Entries,
    split_brain: Counts,
}

async fn heal(transport: &dyn Transport, via: &HostName, volume: &Volume, scope: &Scope) -> Heals {
    let nothing = || Observed::Known(BTreeMap::new());
    let none =
        || Heals { pending: nothing(), entries: Observed::Known(BTreeMap::new()), split_brain: nothing() };
    if !volume.started {
        return none();
    }
    let backlog = ask(transport, via, commands::heal_info(&volume.name), replies::heal_backlog);
    let backlog = asked(scope, Fact::HealPending, backlog);
    let split = ask(transport, via, commands::heal_info_split_brain(&volume.name), replies::split_brain);
    let split = asked(scope, Fact::SplitBrain, split);
    let (backlog, split_brain) = match volume.kind {
        VolumeKind::Replicate { .. } => tokio::join!(backlog, split),
        VolumeKind::Disperse { .. } => (backlog.await, nothing()),
        VolumeKind::Distribute | VolumeKind::Other(_) => return none(),
    };
    let counts = |backlog: BTreeMap<Brick, Observed<replies::Backlog>>| {
        backlog.into_iter().map(|(brick, found)| (brick, found.map(|found| found.count))).collect()
    };
    let names = |backlog: BTreeMap<Brick, Observed<replies::Backlog>>| {
        let names = |found| match found {
            Observed::Known(replies::Backlog { entries, .. }) => entries,
            Observed::Unknown(reason) => Observed::Unknown(reason),
        };
        backlog.into_iter().map(|(brick, found)| (brick, names(found))).collect()
    };
    Heals { pending: backlog.clone().map(counts), entries: backlog.map(names), split_brain }
}

/// Who is connected to each brick, and the op-version of each client.
type Clients = (Observed<BTreeMap<Brick, BTreeSet<String>>>, Observed<BTreeMap<String, OpVersion>>);

async fn clients_of(transport: &dyn Transport, via: &HostName, volume: &Volume, scope: &Scope) -> Clients {
    if !scope.asks(Fact::Clients) {
        return (Observed::Unknown(NOT_ASKED.to_owned()), Observed::Unknown(NOT_ASKED.to_owned()));
    }
    // A volume that no client mounts answers "Commit failed" (seen on 10.3); one that heals has at least its
    // self-heal daemons for clients.
    let heals = match volume.kind {
        VolumeKind::Replicate { .. } | VolumeKind::Disperse { .. } => true,
        VolumeKind::Distribute | VolumeKind::Other(_) => false,
    };
    if !volume.started {
        return (Observed::Known(BTreeMap::new()), Observed::Known(BTreeMap::new()));
    }
    let command = commands::volume_status_clients(&volume.name);
    match ask(transport, via, command, |output| Ok::<_, Infallible>(output.clone())).await {
        Observed::Known(output) => {
            let clients = if heals {
                Observed::from(replies::clients(&output))
            } else {
                Observed::Known(BTreeMap::new())
            };
            let speak = match replies::client_op_versions(&output) {
                Err(error) if !heals && replies::nobody_is_connected(&error) => Ok(BTreeMap::new()),
                answer => answer,
            };
            (clients, Observed::from(speak))
        }
        Observed::Unknown(reason) => (Observed::Unknown(reason.clone()), Observed::Unknown(reason)),
    }
}

fn volume_state(
    volume: Volume,
    status: Observed<Option<replies::VolumeStatus>>,
    heals: Heals,
    (clients, client_op_versions): Clients,
) -> VolumeState {
    let status = match status {
        Observed::Known(Some(status)) => Observed::Known(status),
        // A stopped volume has no status, and nobody asks for it.
        Observed::Known(None) => Observed::Unknown("the status does not name this volume".to_owned()),
        Observed::Unknown(reason) => Observed::Unknown(reason),
    };
    let running = |status: replies::VolumeStatus| {
        status.tasks.iter().filter(|task| !task.ended()).map(ToString::to_string).collect()
    };
    VolumeState {
        bricks_online: status.clone().map(|status| status.bricks_online),
        self_heal_daemons: status.clone().map(|status| status.self_heal_daemons),
        tasks: status.map(running),
        heal_pending: heals.pending,
        heal_entries: heals.entries,
        split_brain: heals.split_brain,
        clients,
        client_op_versions,
        volume,
    }
}

#[cfg(test)]
mod tests;
