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
    }
    findings.extend(strangers(state, &named));
    findings
}

/// Finds servers that are not in the pool: of each, who does not know it. One that nobody knows is outside, and what it does
/// not know itself is no news.
fn strangers(state: &PoolState, named: &BTreeMap<&PeerUuid, &HostName>) -> Vec<Finding> {
    // Of servers whose peers are not known nothing can be said, and other checks say so.
    let known = state.hosts.iter().filter_map(|(host, state)| Some((host, state.peers.known().ok()?)));
    let known: BTreeMap<&HostName, BTreeSet<&PeerUuid>> =
        known.map(|(host, peers)| (host, peers.iter().map(|peer| &peer.uuid).collect())).collect();
    let others = |host: &HostName| known.len() - usize::from(known.contains_key(host));
    let unknown_to = |uuid: &PeerUuid, host: &HostName| -> Vec<&HostName> {
        let lacks = known.iter().filter(|(other, peers)| **other != host && !peers.contains(uuid));
        lacks.map(|(other, _)| *other).collect()
    };
    let strange: BTreeMap<&HostName, Vec<&HostName>> =
        named.iter().map(|(uuid, host)| (*host, unknown_to(uuid, host))).collect();
    let is_outside = |host: &HostName| {
        strange.get(host).is_some_and(|unknown_to| !unknown_to.is_empty() && unknown_to.len() == others(host))
    };
    let tell = |(host, unknown_to): (&&HostName, &Vec<&HostName>)| {
        let news = unknown_to.iter().filter(|other| is_outside(host) || !is_outside(other));
        let news: Vec<&str> = news.map(|other| other.as_str()).collect();
        let what =
            format!("is no peer of {} (it answers with UUID {})", news.join(", "), state.uuid_of(host)?);
        (!news.is_empty()).then(|| Finding::seen(Code::HostNotInPool, Subject::Host((*host).clone()), what))
    };
    strange.iter().filter_map(tell).collect()
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::super::plan::{Outcome, plan};
    use super::super::super::pool::{GlusterdInfo, Observed};
    use super::super::super::sample::{change_host, change_volume, inventory, replica_3, request, uuid};
    use super::super::Check;
    use super::*;

    /// Makes g2 see g3 like this.
    fn sees(state: &mut PoolState, change: fn(&mut Peer)) {
        change_host(state, 2, |host| {
            host.peers = host.peers.clone().map(|mut peers| {
                peers.iter_mut().filter(|peer| peer.uuid == uuid(3)).for_each(change);
                peers
            });
        });
    }

    fn raised(state: &mut PoolState, number: usize) {
        change_host(state, number, |host| {
            let raise = |info: GlusterdInfo| GlusterdInfo { op_version: OpVersion(110_000), ..info };
            host.glusterd_info = host.glusterd_info.clone().map(raise);
        });
    }

    fn daemon(state: &mut PoolState, change: fn(&mut BTreeMap<PeerUuid, bool>)) {
        change_volume(state, "vol0", |volume| {
            volume.self_heal_daemons = volume.self_heal_daemons.clone().map(|mut daemons| {
                change(&mut daemons);
                daemons
            });
        });
    }

    const PEERS: Check = Check::PeersConnected { without: None };
    const DAEMONS: Check = Check::SelfHealDaemonsOnline { without: None };
    const OP_VERSION: Check = Check::OpVersionIs { op_version: OpVersion(110_000) };

    /// One server's view is enough: the others may not have noticed yet.
    #[rstest]
    #[case::away(PEERS, |state: &mut PoolState| sees(state, |peer| peer.connected = false), &["PEER_DISCONNECTED g2: sees g3 disconnected"])]
    #[case::in_another_state(
        PEERS,
        |state: &mut PoolState| sees(state, |peer| peer.state = PeerState::Other("Accepted peer request".into())),
        &["PEER_DISCONNECTED g2: sees g3 in state `Accepted peer request`"]
    )]
    #[case::rejected(
        PEERS,
        |state: &mut PoolState| sees(state, |peer| peer.state = PeerState::Rejected),
        &["PEER_REJECTED g2: rejects g3"]
    )]
    #[case::peers_not_read(
        PEERS,
        |state: &mut PoolState| change_host(state, 2, |host| host.peers = Observed::Unknown("no answer".into())),
        &["PEER_DISCONNECTED g2: unknown: no answer"]
    )]
    #[case::daemon_away(
        DAEMONS,
        |state: &mut PoolState| daemon(state, |daemons| { daemons.insert(uuid(3), false); }),
        &["SELF_HEAL_DAEMON_DOWN vol0: not online on g3"]
    )]
    #[case::daemon_not_told(
        DAEMONS,
        |state: &mut PoolState| daemon(state, |daemons| { daemons.remove(&uuid(3)); }),
        &["SELF_HEAL_DAEMON_DOWN vol0: unknown: the status has no row for it on g3"]
    )]
    #[case::daemons_not_read(
        DAEMONS,
        |state: &mut PoolState| change_volume(state, "vol0", |volume| {
            volume.self_heal_daemons = Observed::Unknown("no answer".into());
        }),
        &["SELF_HEAL_DAEMON_DOWN vol0: unknown: no answer"]
    )]
    #[case::one_raised(
        Check::OpVersionsAgree,
        |state: &mut PoolState| raised(state, 2),
        &["OP_VERSION_DIFFERS pool: 100000 on g1, g3; 110000 on g2"]
    )]
    #[case::one_not_read(
        Check::OpVersionsAgree,
        |state: &mut PoolState| change_host(state, 2, |host| host.glusterd_info = Observed::Unknown("no answer".into())),
        &["OP_VERSION_DIFFERS g2: unknown: no answer"]
    )]
    #[case::one_left_behind(
        OP_VERSION,
        |state: &mut PoolState| { raised(state, 1); raised(state, 3); },
        &["OP_VERSION_NOT_RAISED g2: has op-version 100000 stored, not 110000"]
    )]
    fn what_is_wrong_is_told_of_whom_it_concerns(
        #[case] check: Check,
        #[case] change: fn(&mut PoolState),
        #[case] expected: &[&str],
    ) {
        let mut state = replica_3();
        if check == OP_VERSION {
            assert_eq!(check.look(&state).len(), 3, "none is raised yet");
        } else {
            assert_eq!(check.look(&state), [], "all is well");
        }
        change(&mut state);
        let found: Vec<String> = check.look(&state).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    /// Takes servers out of each other's peers.
    fn part(state: &mut PoolState, number: usize, from: &[usize]) {
        change_host(state, number, |host| {
            host.peers = host.peers.clone().map(|mut peers| {
                peers.retain(|peer| !from.iter().any(|other| peer.uuid == uuid(*other)));
                peers
            });
        });
    }

    #[rstest]
    #[case::all_are_members(&[], &[])]
    #[case::detached(&[(1, &[3][..]), (2, &[3][..]), (3, &[1, 2][..])], &["g3: is no peer of g1, g2"])]
    #[case::one_forgot_it(&[(2, &[3][..])], &["g3: is no peer of g2"])]
    #[case::one_forgot_all(&[(2, &[1, 3][..])], &["g1: is no peer of g2", "g3: is no peer of g2"])]
    #[case::nobody_knows_anybody(
        &[(1, &[2, 3][..]), (2, &[1, 3][..]), (3, &[1, 2][..])],
        &["g1: is no peer of g2, g3", "g2: is no peer of g1, g3", "g3: is no peer of g1, g2"]
    )]
    fn who_is_not_in_the_pool_is_told_once(#[case] parted: &[(usize, &[usize])], #[case] expected: &[&str]) {
        let mut state = replica_3();
        for (number, from) in parted {
            part(&mut state, *number, from);
        }
        let found = Check::Members.look(&state);
        let heads: Vec<String> = found
            .iter()
            .map(|finding| finding.to_string())
            .map(|text| text.split(" (it").next().unwrap().replace("HOST_NOT_IN_POOL ", ""))
            .collect();
        assert_eq!(heads, expected);
        // So does a plan's refusal, which looks at peers twice.
        let told = match plan(&inventory(3), &state, &request("11.1", &[])) {
            Outcome::Refusal(refusal) => refusal.findings,
            Outcome::Plan(_) | Outcome::NothingToDo => Vec::new(),
        };
        assert_eq!(told.iter().filter(|one| one.code == Code::HostNotInPool).count(), expected.len());
    }

    /// Who is meant to be out is neither asked nor asked about.
    #[test]
    fn a_server_that_is_out_is_left_out() {
        let mut state = replica_3();
        sees(&mut state, |peer| peer.connected = false);
        change_host(&mut state, 3, |host| host.peers = Observed::Unknown("glusterd does not run".into()));
        daemon(&mut state, |daemons| {
            daemons.insert(uuid(3), false);
        });
        let without = Some("g3".parse().unwrap());
        assert_eq!(Check::PeersConnected { without: without.clone() }.look(&state), []);
        assert_eq!(Check::SelfHealDaemonsOnline { without }.look(&state), []);
    }
}
