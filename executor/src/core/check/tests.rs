//! Every check with a healthy pool, a broken one, and one it could not see.

use rstest::rstest;

use super::super::finding::{Code, Ground, Subject};
use super::super::names::Brick;
use super::super::pool::{
    NO_SERVER_REACHED, NOT_REACHED, Observed, PeerState, PoolState, Reach, Unreachable, VolumeKind,
    VolumeState,
};
use super::super::sample::{CLIENT, change_host, change_volume, host, pool, replica_3, volume};
use std::collections::BTreeMap;

use super::*;

fn all_checks() -> Vec<Check> {
    let g1 = host(1);
    let release: Release = "10.3".parse().unwrap();
    vec![
        Check::Reached,
        Check::Members,
        Check::PeersConnected { without: None },
        Check::StoredVolumesAgree { ignoring_nfs: false },
        Check::BricksOnline { without: None },
        Check::SelfHealDaemonsOnline { without: None },
        Check::NothingToHeal,
        Check::NoSplitBrain { without: None },
        Check::ClientsOnEveryBrick { without: None },
        Check::ClientsBack,
        Check::ConfigurationUnchanged,
        Check::OpVersionStill,
        Check::OthersUndisturbed { host: g1.clone() },
        Check::BricksSteady,
        Check::RunsRelease { host: g1.clone(), release },
        Check::AllAtRelease { release },
        Check::NoTasks,
        Check::OthersCanCarry { host: g1.clone() },
        Check::AtRelease { host: g1.clone(), release },
        Check::GlusterdUp { host: g1.clone() },
        Check::BricksRunning { host: g1, processes: 1 },
        Check::OpVersionIs { op_version: OpVersion(100_000) },
        Check::OpVersionsAgree,
        Check::NewestOpVersion { op_version: OpVersion(100_000) },
        Check::ClientsSpeak { op_version: OpVersion(100_000) },
    ]
}

#[test]
fn a_pool_state_is_json_and_back() {
    let mut state = replica_3();
    state.before = std::sync::Arc::default();
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<PoolState>(&text).unwrap(), state);
}

/// A gate that asks for a host's release alone says that the host is gone, and why.
#[test]
fn what_a_host_that_is_gone_hides_is_told_as_that() {
    let mut state = replica_3();
    change_host(&mut state, 1, |gone| {
        gone.reach =
            Reach::NotReached { cause: Unreachable::TimedOut, reason: "no answer within 10 s".into() };
        gone.release = Observed::Unknown(NOT_REACHED.to_owned());
    });
    let at = |number| Check::AtRelease { host: host(number), release: "10.3".parse().unwrap() };
    let gone = Finding::seen(Code::HostUnreachable, Subject::Host(host(1)), "no answer within 10 s");
    assert_eq!(look_all(&[at(1), at(2)], &state), [gone]);
    assert_eq!(look_all(&[at(2)], &state), []);
}

/// Where no server was reached, every server is told, and no client machine that nobody asked about.
#[test]
fn what_nobody_could_see_is_told_as_all_servers_and_no_client() {
    let mut state = replica_3();
    let away = || Reach::NotReached { cause: Unreachable::TimedOut, reason: "no answer".into() };
    for number in 1..=3 {
        change_host(&mut state, number, |gone| gone.reach = away());
    }
    state.clients.values_mut().for_each(|client| client.reach = away());
    state.volumes = Observed::Unknown(NO_SERVER_REACHED.to_owned());
    let found = look_all(&[Check::BricksOnline { without: None }], &state);
    let subjects: Vec<Subject> = found.into_iter().map(|finding| finding.subject).collect();
    assert_eq!(subjects, [1, 2, 3].map(|number| Subject::Host(host(number))));
}

#[test]
fn a_healthy_pool_passes_every_check() {
    let state = replica_3();
    for check in all_checks() {
        assert_eq!(check.look(&state), [], "{check}");
    }
}

/// A healthy pool of which only these facts were asked.
fn only(facts: &[Fact]) -> PoolState {
    let mut state = replica_3();
    let asked = |fact| facts.contains(&fact);
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            if !asked(Fact::Processes) {
                host.processes = unknown();
            }
            if !asked(Fact::Release) {
                host.release = unknown();
            }
            if !asked(Fact::GlusterdInfo) {
                host.glusterd_info = unknown();
            }
            if !asked(Fact::Peers) {
                host.peers = unknown();
            }
            if !asked(Fact::StoredVolumes) {
                host.stored_volumes = unknown();
            }
            if !asked(Fact::Daemons) {
                host.system.daemons = unknown();
            }
            host.offer = unknown();
        });
    }
    change_volume(&mut state, "vol0", |volume| {
        if !asked(Fact::VolumeStatus) {
            volume.bricks_online = unknown();
            volume.self_heal_daemons = unknown();
            volume.tasks = unknown();
        }
        if !asked(Fact::Clients) {
            volume.client_op_versions = unknown();
            volume.clients = unknown();
        }
        if !asked(Fact::HealPending) {
            volume.heal_pending = unknown();
            volume.heal_entries = unknown();
        }
        if !asked(Fact::SplitBrain) {
            volume.split_brain = unknown();
        }
    });
    if !asked(Fact::MaxOpVersion) {
        state.max_op_version = unknown();
    }
    if !asked(Fact::Volumes) {
        state.volumes = unknown();
    }
    state
}

#[test]
fn every_check_asks_for_all_the_facts_it_needs() {
    for check in all_checks() {
        assert_eq!(check.look(&only(check.needs())), [], "{check}");
    }
}

fn unknown<T>() -> Observed<T> {
    Observed::Unknown("no answer".into())
}

/// A pool of which nothing can be seen.
fn blind() -> PoolState {
    let mut state = replica_3();
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            host.reach = Reach::NotReached { cause: Unreachable::Other, reason: "no route".into() };
            host.release = unknown();
            host.processes = unknown();
            host.glusterd_info = unknown();
            host.peers = unknown();
            host.stored_volumes = unknown();
            host.system.daemons = unknown();
            host.offer = unknown();
            host.system = super::super::system::SystemFacts::unknown("no answer");
        });
    }
    state.volumes = unknown();
    state.max_op_version = unknown();
    state
}

#[test]
fn no_check_passes_by_not_having_seen() {
    let mut checks = all_checks();
    let g1 = host(1);
    checks.extend([
        Check::GlusterDown { host: g1.clone() },
        Check::GlusterdDown { host: g1.clone() },
        Check::NfsLinesGone { host: g1 },
        Check::GlusterdDownEverywhere,
        Check::NfsLinesGoneEverywhere,
    ]);
    for check in checks {
        assert_ne!(check.look(&blind()), [], "{check}");
    }
}

#[test]
fn no_check_of_volumes_passes_when_their_facts_are_unknown() {
    let mut state = replica_3();
    change_volume(&mut state, "vol0", |volume| {
        volume.bricks_online = unknown();
        volume.self_heal_daemons = unknown();
        volume.heal_pending = unknown();
        volume.split_brain = unknown();
        volume.clients = unknown();
        volume.tasks = unknown();
    });
    for check in [
        Check::BricksOnline { without: None },
        Check::SelfHealDaemonsOnline { without: None },
        Check::NothingToHeal,
        Check::NoSplitBrain { without: None },
        Check::ClientsOnEveryBrick { without: None },
        Check::ClientsBack,
        Check::NoTasks,
    ] {
        let findings = check.look(&state);
        assert!(!findings.is_empty(), "{check}");
        assert!(findings.iter().all(|finding| finding.ground == Ground::Unknown), "{findings:?}");
    }
}

/// Changes what is known of `g2:/bricks/vol0` in a map by brick.
fn at_brick<T: Clone>(
    facts: &mut Observed<BTreeMap<Brick, T>>,
    change: impl FnOnce(&mut BTreeMap<Brick, T>, Brick),
) {
    *facts = facts.clone().map(|mut map| {
        change(&mut map, "g2:/bricks/vol0".parse().unwrap());
        map
    });
}

fn reject_a_peer(state: &mut PoolState) {
    change_host(state, 3, |host| {
        host.peers = host.peers.clone().map(|mut peers| {
            peers[0].state = PeerState::Rejected;
            peers
        });
    });
}

fn lose_a_peer(state: &mut PoolState) {
    change_host(state, 3, |host| {
        host.peers = host.peers.clone().map(|mut peers| {
            peers.remove(0);
            peers
        });
    });
}

fn drop_a_stored_line(state: &mut PoolState) {
    change_host(state, 2, |host| {
        host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
            volumes.values_mut().for_each(|volume| {
                volume.info.remove("nfs.disable=on");
            });
            volumes
        });
    });
}

fn in_volume(change: impl Fn(&mut VolumeState)) -> impl Fn(&mut PoolState) {
    move |state| change_volume(state, "vol0", |volume| change(volume))
}

/// One thing broken each, the check that sees it, and the code it gives.
#[rstest]
#[case::rejected(reject_a_peer, Check::PeersConnected { without: None }, "PEER_REJECTED")]
#[case::peer_lost(lose_a_peer, Check::PeersConnected { without: None }, "HOST_NOT_IN_POOL")]
#[case::stranger(|state: &mut PoolState| drop(state.hosts.remove(&host(3))), Check::Members, "PEER_NOT_IN_INVENTORY")]
#[case::line_gone(drop_a_stored_line, Check::StoredVolumesAgree { ignoring_nfs: false }, "STORED_VOLUMES_DIFFER")]
#[case::brick_offline(
    in_volume(|volume| at_brick(&mut volume.bricks_online, |map, brick| map.extend([(brick, false)]))),
    Check::BricksOnline { without: None },
    "BRICK_OFFLINE"
)]
#[case::brick_without_a_row(
    in_volume(|volume| at_brick(&mut volume.bricks_online, |map, brick| map.retain(|other, _| *other != brick))),
    Check::BricksOnline { without: None },
    "BRICK_OFFLINE"
)]
#[case::heal_pending(
    in_volume(|volume| {
        at_brick(&mut volume.heal_pending, |map, brick| map.extend([(brick, Observed::Known(7))]));
    }),
    Check::NothingToHeal,
    "HEAL_PENDING"
)]
#[case::heal_unknown(
    in_volume(|volume| at_brick(&mut volume.heal_pending, |map, brick| map.extend([(brick, unknown())]))),
    Check::NothingToHeal,
    "HEAL_PENDING"
)]
#[case::split_brain(
    in_volume(|volume| {
        at_brick(&mut volume.split_brain, |map, brick| map.extend([(brick, Observed::Known(1))]));
    }),
    Check::NoSplitBrain { without: None },
    "SPLIT_BRAIN"
)]
#[case::client_on_two_bricks_of_three(
    in_volume(|volume| {
        at_brick(&mut volume.clients, |map, brick| {
            map.entry(brick).or_default().remove(CLIENT);
        });
    }),
    Check::ClientsOnEveryBrick { without: None },
    "CLIENT_MISSES_BRICK"
)]
fn one_broken_thing_gives_its_code(
    #[case] breaks: impl Fn(&mut PoolState),
    #[case] check: Check,
    #[case] code: &str,
) {
    let mut state = replica_3();
    breaks(&mut state);
    let codes: Vec<&str> = check.look(&state).iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&code), "{codes:?}");
}

#[test]
fn a_client_that_left_all_bricks_is_missed() {
    let mut state = replica_3();
    change_volume(&mut state, "vol0", |volume| {
        volume.clients = volume.clients.clone().map(|mut clients| {
            clients.values_mut().for_each(|addresses| {
                addresses.remove(CLIENT);
            });
            clients
        });
    });
    assert_eq!(Check::ClientsOnEveryBrick { without: None }.look(&state), [], "all bricks agree");
    assert_eq!(Check::ClientsBack.look(&state)[0].code.as_str(), "CLIENT_GONE");
}

#[test]
fn the_server_that_is_out_is_left_out_and_no_other() {
    let mut state = replica_3();
    change_volume(&mut state, "vol0", |volume| {
        volume.bricks_online = volume.bricks_online.clone().map(|mut bricks| {
            bricks.insert("g2:/bricks/vol0".parse().unwrap(), false);
            bricks
        });
    });
    assert_eq!(Check::BricksOnline { without: Some(host(2)) }.look(&state), []);
    assert_ne!(Check::BricksOnline { without: Some(host(1)) }.look(&state), []);
}

#[rstest]
// Replica 3 stands without one of three, whatever says so.
#[case(3, &[], None)]
#[case(3, &[("cluster.quorum-type", "auto")], None)]
#[case(3, &[("cluster.quorum-type", "fixed"), ("cluster.quorum-count", "3")], Some("CLIENT_QUORUM"))]
#[case(3, &[("cluster.quorum-type", "fixed"), ("cluster.quorum-count", "2")], None)]
#[case(3, &[("cluster.quorum-type", "fixed")], Some("CLIENT_QUORUM"))]
#[case(3, &[("cluster.quorum-type", "some-new-thing")], Some("CLIENT_QUORUM"))]
// Replica 2 has no quorum by default; with `auto` it needs its first brick, which is on g1.
#[case(2, &[], None)]
#[case(2, &[("cluster.quorum-type", "auto")], Some("CLIENT_QUORUM"))]
// Server quorum: more than half of all peers, or the ratio that is set.
#[case(3, &[("cluster.server-quorum-type", "server")], None)]
#[case(3, &[("cluster.server-quorum-type", "server"), ("cluster.server-quorum-ratio", "80%")], Some("SERVER_QUORUM"))]
#[case(2, &[("cluster.server-quorum-type", "server")], Some("SERVER_QUORUM"))]
fn whether_the_others_can_carry(
    #[case] replica: usize,
    #[case] options: &[(&str, &str)],
    #[case] expected: Option<&str>,
) {
    let servers: Vec<usize> = (1..=replica).collect();
    let volume = volume("vol0", VolumeKind::Replicate { replica }, &servers);
    let mut state = pool(replica, "10.3", vec![volume], "11.1-6");
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options =
            options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    });
    let findings = Check::OthersCanCarry { host: host(1) }.look(&state);
    assert_eq!(findings.first().map(|finding| finding.code.as_str()), expected, "{findings:?}");
}

#[test]
fn two_copies_on_one_server_cannot_be_carried() {
    let state =
        pool(3, "10.3", vec![volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 1, 2])], "11.1-6");
    let findings = Check::OthersCanCarry { host: host(1) }.look(&state);
    assert!(findings.iter().any(|finding| finding.code.as_str() == "SET_SHARES_SERVER"), "{findings:?}");
}
