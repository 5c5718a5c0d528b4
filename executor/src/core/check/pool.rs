//! Checks that compare servers with each other. Each server is asked itself: a rejected peer is
//! often seen by some of them only.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, OpVersion, PeerUuid, VolumeName};
use super::super::pool::{Peer, PeerState, PoolState, StoredVolume};

/// Returns the UUIDs of the servers whose identity is known.
fn uuids(state: &PoolState) -> BTreeMap<&PeerUuid, &HostName> {
    state
        .hosts
        .iter()
        .filter_map(|(host, state)| state.glusterd_info.known().ok().map(|info| (&info.uuid, host)))
        .collect()
}

pub(super) fn members(state: &PoolState) -> Vec<Finding> {
    let named = uuids(state);
    let mut findings = Vec::new();
    for (host, host_state) in &state.hosts {
        if let Err(reason) = host_state.glusterd_info.known() {
            findings.push(Finding::unknown(Code::NotObserved, Subject::Host(host.clone()), reason));
        }
    }
    // While some servers are unknown, any peer might be one of them: no stranger can be named yet.
    let all_known = named.len() == state.hosts.len();
    for (host, host_state) in &state.hosts {
        let Ok(peers) = host_state.peers.known() else { continue };
        for peer in peers.iter().filter(|peer| all_known && !named.contains_key(&peer.uuid)) {
            let what =
                format!("{host} has a peer {} ({}) that the inventory does not name", name(peer), peer.uuid);
            findings.push(Finding::seen(Code::PeerNotInInventory, Subject::Pool, what));
        }
        let seen: BTreeSet<&PeerUuid> = peers.iter().map(|peer| &peer.uuid).collect();
        for (uuid, other) in &named {
            if *other != host && !seen.contains(*uuid) {
                let what = format!("{host} has no peer with its UUID {uuid}");
                findings.push(Finding::seen(Code::HostNotInPool, Subject::Host((*other).clone()), what));
            }
        }
    }
    findings
}

/// Returns what to call a peer: the first of its names.
fn name(peer: &Peer) -> String {
    peer.names.first().map_or_else(|| peer.uuid.to_string(), ToString::to_string)
}

pub(super) fn peers_connected(state: &PoolState, without: Option<&HostName>) -> Vec<Finding> {
    let named = uuids(state);
    let mut findings = Vec::new();
    for (host, host_state) in state.hosts.iter().filter(|(host, _)| Some(*host) != without) {
        let subject = || Subject::Host(host.clone());
        let peers = match host_state.peers.known() {
            Ok(peers) => peers,
            Err(reason) => {
                findings.push(Finding::unknown(Code::PeerDisconnected, subject(), reason));
                continue;
            }
        };
        for peer in peers {
            let called = named.get(&peer.uuid).map_or_else(|| name(peer), ToString::to_string);
            if without.is_some_and(|out| named.get(&peer.uuid) == Some(&out)) {
                continue;
            }
            match (&peer.state, peer.connected) {
                (PeerState::InCluster, true) => {}
                (PeerState::InCluster, false) => findings.push(Finding::seen(
                    Code::PeerDisconnected,
                    subject(),
                    format!("sees {called} disconnected"),
                )),
                (PeerState::Rejected, _) => {
                    findings.push(Finding::seen(Code::PeerRejected, subject(), format!("rejects {called}")));
                }
                (PeerState::Other(words), _) => findings.push(Finding::seen(
                    Code::PeerDisconnected,
                    subject(),
                    format!("sees {called} in state `{words}`"),
                )),
            }
        }
        let seen: BTreeSet<&PeerUuid> = peers.iter().map(|peer| &peer.uuid).collect();
        for (uuid, other) in &named {
            if *other != host && Some(*other) != without && !seen.contains(*uuid) {
                let what = format!("does not know {other} as a peer");
                findings.push(Finding::seen(Code::HostNotInPool, subject(), what));
            }
        }
    }
    findings
}

pub(super) fn stored_volumes_agree(state: &PoolState, ignoring_nfs: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known: Vec<(&HostName, &BTreeMap<VolumeName, StoredVolume>)> = Vec::new();
    for (host, host_state) in &state.hosts {
        match host_state.stored_volumes.known() {
            Ok(volumes) => known.push((host, volumes)),
            Err(reason) => findings.push(Finding::unknown(
                Code::StoredVolumesDiffer,
                Subject::Host(host.clone()),
                reason,
            )),
        }
    }
    let Some(((first, reference), others)) = known.split_first() else { return findings };
    for (host, volumes) in others {
        let names: BTreeSet<&VolumeName> = reference.keys().chain(volumes.keys()).collect();
        for volume in names {
            let difference = match (reference.get(volume), volumes.get(volume)) {
                (Some(here), Some(there)) => difference(first, here, host, there, ignoring_nfs),
                (Some(_), None) => Some(format!("{first} has it stored, {host} has not")),
                (None, _) => Some(format!("{host} has it stored, {first} has not")),
            };
            if let Some(what) = difference {
                findings.push(Finding::seen(
                    Code::StoredVolumesDiffer,
                    Subject::Host((*host).clone()),
                    format!("{volume}: {what}"),
                ));
            }
        }
    }
    findings
}

/// Returns the checksum of a volume's quota limits as glusterd holds it. Where quota was never on, there is
/// no file until glusterd's next start writes one that says 0, which is what it takes a missing one for
/// (seen on 10.3; glusterd-store.c).
fn quota_checksum(stored: &StoredVolume) -> &str {
    stored.quota_checksum.as_deref().unwrap_or("0")
}

/// Returns in what two servers' stored forms of one volume differ, if in anything.
fn difference(
    first: &HostName,
    here: &StoredVolume,
    host: &HostName,
    there: &StoredVolume,
    ignoring_nfs: bool,
) -> Option<String> {
    let counts = |line: &&String| !(ignoring_nfs && line.starts_with("nfs."));
    let only = |one: &StoredVolume, other: &StoredVolume, host: &HostName| {
        let lines: Vec<&str> = one.info.difference(&other.info).filter(counts).map(String::as_str).collect();
        (!lines.is_empty()).then(|| format!("only {host} has `{}`", lines.join("`, `")))
    };
    let mut parts: Vec<String> =
        [only(here, there, first), only(there, here, host)].into_iter().flatten().collect();
    if quota_checksum(here) != quota_checksum(there) {
        parts.push(format!("the quota checksum of {first} and {host} differs"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

pub(super) fn op_version_is(state: &PoolState, expected: OpVersion) -> Vec<Finding> {
    state
        .hosts
        .iter()
        .filter_map(|(host, host_state)| {
            let subject = Subject::Host(host.clone());
            match host_state.glusterd_info.known() {
                Ok(info) if info.op_version == expected => None,
                Ok(info) => {
                    let what = format!("has op-version {} stored, not {expected}", info.op_version);
                    Some(Finding::seen(Code::OpVersionNotRaised, subject, what))
                }
                Err(reason) => Some(Finding::unknown(Code::OpVersionNotRaised, subject, reason)),
            }
        })
        .collect()
}

pub(super) fn op_versions_agree(state: &PoolState) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found: BTreeMap<OpVersion, Vec<&str>> = BTreeMap::new();
    for (host, host_state) in &state.hosts {
        match host_state.glusterd_info.known() {
            Ok(info) => found.entry(info.op_version).or_default().push(host.as_str()),
            Err(reason) => {
                findings.push(Finding::unknown(Code::OpVersionDiffers, Subject::Host(host.clone()), reason));
            }
        }
    }
    if found.len() > 1 {
        let each: Vec<String> =
            found.iter().map(|(op_version, hosts)| format!("{op_version} on {}", hosts.join(", "))).collect();
        findings.push(Finding::seen(Code::OpVersionDiffers, Subject::Pool, each.join("; ")));
    }
    findings
}
