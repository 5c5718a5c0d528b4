//! Observing geo-replication: the sessions of a pool, and the pools at their other ends.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::{NOT_ASKED, Scope, ask, asked, reach};
use crate::core::check::Fact;
use crate::core::georep::{OtherHost, OtherPeers, OtherPool, PoolRole, Session};
use crate::core::inventory::{Host, Inventory};
use crate::core::names::HostName;
use crate::core::pool::{HostState, Observed, Peer, Reach};
use crate::core::pools::DeclaredPool;
use crate::gluster::{commands, georep, replies};
use crate::transport::Transport;

/// Asks a server of the primary pool for its sessions.
pub(super) async fn sessions(
    transport: &dyn Transport,
    via: Observed<&HostName>,
    scope: &Scope,
) -> Observed<Vec<Session>> {
    if !scope.asks(Fact::Sessions) {
        return Observed::Unknown(NOT_ASKED.to_owned());
    }
    let via = match via {
        Observed::Known(via) => via,
        Observed::Unknown(reason) => return Observed::Unknown(reason),
    };
    let output = match transport.run(via, &georep::status()).await {
        Ok(output) => output,
        Err(error) => return Observed::Unknown(error.to_string()),
    };
    let mut sessions = match replies::sessions(&output) {
        Ok(sessions) => sessions,
        // No session and many a trouble look alike in XML; as text they do not.
        Err(reason) => {
            let none = ask(transport, via, georep::status_as_text(), replies::no_sessions).await;
            return match none {
                Observed::Known(()) => Observed::Known(Vec::new()),
                Observed::Unknown(_) => Observed::Unknown(reason.to_string()),
            };
        }
    };
    for session in &mut sessions {
        let config = ask(transport, via, georep::config(&session.name), replies::session_config);
        session.config = asked(scope, Fact::SessionConfigs, config).await;
    }
    Observed::Known(sessions)
}

/// Asks every server that was reached for what workers are run with.
pub(super) async fn tools(transport: &dyn Transport, hosts: &mut BTreeMap<HostName, HostState>) {
    let reached = hosts.iter_mut().filter(|(_, host)| host.reach == Reach::Reached);
    join_all(reached.map(|(name, host)| async move {
        host.sync_tools = ask(transport, name, georep::tools(), replies::sync_tools).await;
    }))
    .await;
}

/// Looks at the pools at the other ends.
pub(super) async fn other_pools(
    transport: &dyn Transport,
    inventory: &Inventory,
    scope: &Scope,
) -> Vec<OtherPool> {
    // Gates ask for sessions only, which primaries have.
    let asked = |role| scope.whole() || (role == PoolRole::Primary && scope.asks(Fact::Sessions));
    let pools = inventory.other_pools.iter().filter(|pool| asked(pool.role));
    join_all(pools.map(|pool| other_pool(transport, pool, scope))).await
}

async fn other_pool(transport: &dyn Transport, pool: &DeclaredPool, scope: &Scope) -> OtherPool {
    let hosts = join_all(pool.servers.iter().map(|(name, declared)| async move {
        (name.clone(), other_host(transport, name, declared, scope).await)
    }));
    let hosts: BTreeMap<HostName, OtherHost> = hosts.await.into_iter().collect();
    let sessions = match pool.role {
        PoolRole::Primary => {
            // Whoever answers for its peers has a glusterd that runs; a gate asks the first that is there.
            let answers = |host: &OtherHost| {
                if scope.whole() { host.peers.known().is_ok() } else { host.reach == Reach::Reached }
            };
            let via = hosts.iter().find(|(_, host)| answers(host)).map(|(name, _)| name);
            sessions(transport, Observed::from(via.ok_or("glusterd answers on no server of it")), scope).await
        }
        PoolRole::Secondary => {
            Observed::Unknown("nobody asked the secondary for sessions of its own".to_owned())
        }
    };
    OtherPool { inventory: pool.file.clone(), role: pool.role, hosts, sessions }
}

async fn other_host(transport: &dyn Transport, name: &HostName, declared: &Host, scope: &Scope) -> OtherHost {
    let unknown = || NOT_ASKED.to_owned();
    let mut host = OtherHost {
        address: declared.ssh.address.clone(),
        reach: Reach::Reached,
        release: Observed::Unknown(unknown()),
        peers: Observed::Unknown(unknown()),
        sync_tools: Observed::Unknown(unknown()),
    };
    let version = match reach(transport, name, commands::version()).await {
        Ok(version) => version,
        Err((cause, reason)) => {
            let missing = || format!("{name} was not reached");
            host.release = Observed::Unknown(missing());
            host.peers = Observed::Unknown(missing());
            host.sync_tools = Observed::Unknown(missing());
            host.reach = Reach::NotReached { cause, reason };
            return host;
        }
    };
    host.release = match version {
        Observed::Known(output) => Observed::from(replies::version(&output)),
        Observed::Unknown(reason) => Observed::Unknown(reason),
    };
    if scope.whole() {
        let peers = ask(transport, name, commands::peer_status(), replies::peers).await;
        host.peers = peers.map(|peers| OtherPeers { count: peers.len(), names: names(&peers) });
        host.sync_tools = ask(transport, name, georep::tools(), replies::sync_tools).await;
    }
    host
}

fn names(peers: &[Peer]) -> Vec<HostName> {
    peers.iter().flat_map(|peer| peer.names.iter().cloned()).collect()
}
