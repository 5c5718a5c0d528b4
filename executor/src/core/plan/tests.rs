//! Golden plans and refusals, and properties of plans.

use std::collections::BTreeSet;

use rstest::rstest;

use super::super::check::look_all;
use super::super::claim::{Claim, Keeper, RunId};
use super::super::pool::{
    GlusterdInfo, NOT_REACHED, Observed, PackageOffer, PeerState, PoolState, Processes, Reach, Unreachable,
    VolumeKind,
};
use super::super::sample::{change_host, change_volume, host, inventory, pool, replica_3, request, volume};
use super::*;
use crate::render;

pub(super) fn planned(state: &PoolState, to: &str, waivers: &[&str]) -> Plan {
    match plan(&inventory(state.hosts.len()), state, &request(to, waivers)) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

pub(super) fn refused(state: &PoolState, to: &str) -> Refusal {
    match plan(&inventory(state.hosts.len()), state, &request(to, &[])) {
        Outcome::Refusal(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn codes(refusal: &Refusal) -> Vec<&'static str> {
    let mut codes: Vec<&str> = refusal.findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    codes
}

pub(super) const NEXT: &str = "executor run -i pool.toml --to 11.1";

#[test]
fn from_10_to_11_the_pool_is_prepared_first() {
    let plan = planned(&replica_3(), "11.1", &[]);
    insta::assert_snapshot!("replica-3-10.3-to-11.1", render::plan(&plan, NEXT));
}

#[test]
fn the_seed_3_8_to_3_9_needs_no_preparation() {
    let vol = volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3]);
    let state = pool(3, "3.8.15", vec![vol], "3.9.1-1.el7");
    insta::assert_snapshot!("replica-3-3.8.15-to-3.9.1", render::plan(&planned(&state, "3.9.1", &[]), NEXT));
}

#[test]
fn a_waived_hazard_is_not_prepared_and_said_so() {
    let plan = planned(&replica_3(), "11.1", &["NFS_OPTIONS_DROPPED:vol0"]);
    assert!(!plan.stages.iter().any(|stage| stage.kind == StageKind::Prepare));
    assert_eq!(plan.waived.len(), 1, "{:?}", plan.waived);
    assert!(render::plan(&plan, NEXT).contains("waived, in the open"));
}

#[test]
fn the_half_done_unprepared_upgrade_is_taken_up_by_preparing_the_rest() {
    // What the halt of an unprepared upgrade leaves: g1 upgraded, its stored line gone.
    let mut state = replica_3();
    upgrade(&mut state, 1);
    let plan = planned(&state, "11.1", &[]);
    let kinds: Vec<&StageKind> = plan.stages.iter().map(|stage| &stage.kind).collect();
    let (g2, g3) = (StageKind::Turn(host(2)), StageKind::Turn(host(3)));
    let clients = StageKind::Clients(vec!["c1".parse().unwrap()]);
    assert_eq!(kinds, [&StageKind::Packages, &StageKind::Prepare, &g2, &g3, &clients, &StageKind::Finish]);
}

#[test]
fn a_server_that_is_out_already_comes_first() {
    let mut state = replica_3();
    for number in 1..=3 {
        drop_nfs(&mut state, number);
    }
    take_out(&mut state, 2);
    let plan = planned(&state, "11.1", &[]);
    assert_eq!(plan.stages[0].kind, StageKind::Packages);
    assert_eq!(plan.stages[1].kind, StageKind::Turn(host(2)));
    assert!(plan.servers[1].out);
    // Its first gate must not ask for what it cannot have: its own bricks.
    let stop = &plan.stages[1].steps[0];
    assert!(matches!(stop.action, Action::StopGluster { .. }));
    assert_eq!(look_all(&stop.enter.checks, &state), []);
}

#[test]
fn a_pool_that_another_run_has_claimed_is_refused_until_that_run_is_said_to_be_dead() {
    let mut state = replica_3();
    let id = RunId { run: "r".into(), since: "2025-11-24T14:12:00Z".parse().unwrap() };
    let keeper = Keeper { id, machine: "ops2".into(), journal: "/j".into() };
    let claim = Claim::new(keeper, "bob", "11.1".parse().unwrap(), "0".into());
    change_host(&mut state, 2, |host| host.claim = Observed::Known(Some(claim.clone())));
    assert_eq!(codes(&refused(&state, "11.1")), ["UPGRADE_CLAIMED"]);
    let plan = planned(&state, "11.1", &["UPGRADE_CLAIMED:g2"]);
    assert!(plan.waived.iter().any(|finding| finding.code.as_str() == "UPGRADE_CLAIMED"));

    let mut state = replica_3();
    change_host(&mut state, 2, |host| host.claim = Observed::Known(Some(claim)));
    let Outcome::Refusal(refusal) = finalize(&state, &[]) else { panic!("claimed") };
    assert_eq!(codes(&refusal), ["UPGRADE_CLAIMED"]);
}

#[test]
fn nothing_is_to_do_at_the_goal() {
    let mut state = replica_3();
    for number in 1..=3 {
        upgrade(&mut state, number);
        change_host(&mut state, number, |host| {
            host.glusterd_info = host
                .glusterd_info
                .clone()
                .map(|info| GlusterdInfo { op_version: OpVersion(110_000), ..info });
        });
    }
    let request = request("11.1", &[]);
    assert!(matches!(plan(&inventory(3), &state, &request), Outcome::Plan(_)), "a client is behind");
    let wish = Request { clients_at_once: 0, ..request };
    assert_eq!(plan(&inventory(3), &state, &wish), Outcome::NothingToDo);
}

#[test]
fn with_every_server_at_the_target_only_the_op_version_is_left() {
    let mut state = replica_3();
    (1..=3).for_each(|number| upgrade(&mut state, number));
    state.max_op_version = Observed::Known(Some(OpVersion(110_000)));
    let plan = planned(&state, "11.1", &[]);
    let kinds: Vec<&StageKind> = plan.stages.iter().map(|stage| &stage.kind).collect();
    let clients = StageKind::Clients(vec!["c1".parse().unwrap()]);
    assert_eq!(kinds, [&StageKind::Packages, &clients, &StageKind::Finish]);
}

#[test]
fn disperse_and_distribute_are_refused_with_everything_else_that_is_wrong() {
    let volumes = vec![
        volume("coded", VolumeKind::Disperse { disperse: 3, redundancy: 1 }, &[1, 2, 3]),
        volume("single", VolumeKind::Distribute, &[1]),
    ];
    let mut state = pool(3, "10.3", volumes, "11.1-6");
    change_volume(&mut state, "single", |volume| {
        volume.bricks_online = volume.bricks_online.clone().map(|mut bricks| {
            bricks.values_mut().for_each(|online| *online = false);
            bricks
        });
    });
    change_host(&mut state, 3, |host| {
        host.offer =
            Observed::Known(PackageOffer { held: vec!["glusterfs-server".into()], ..Default::default() });
    });
    let refusal = refused(&state, "11.1");
    assert_eq!(
        codes(&refusal),
        ["BRICK_OFFLINE", "VOLUME_NOT_REPLICATED", "PACKAGE_MISSING", "PACKAGE_HELD"]
    );
    insta::assert_snapshot!("refusal-offline-only", render::refusal(&refusal, "executor plan -i pool.toml"));
}

#[test]
fn an_unreachable_server_is_one_finding_and_the_rest_is_still_looked_at() {
    let mut state = replica_3();
    change_host(&mut state, 2, |host| {
        host.reach = Reach::NotReached {
            cause: Unreachable::HostKeyUnknown,
            reason: "No ED25519 host key is known for g2".into(),
        };
        host.release = Observed::Unknown(NOT_REACHED.into());
        host.processes = Observed::Unknown(NOT_REACHED.into());
        host.glusterd_info = Observed::Unknown(NOT_REACHED.into());
        host.peers = Observed::Unknown(NOT_REACHED.into());
        host.stored_volumes = Observed::Unknown(NOT_REACHED.into());
        host.offer = Observed::Unknown(NOT_REACHED.into());
    });
    change_host(&mut state, 3, |host| host.release = Observed::Known(None));
    assert_eq!(codes(&refused(&state, "11.1")), ["HOST_KEY_UNKNOWN", "GLUSTER_NOT_INSTALLED"]);
}

#[rstest]
#[case("10.3", "10.2", "RELEASE_BACKWARD")]
#[case("3.8.15", "10.3", "RELEASE_JUMP")]
#[case("10.3", "11.0", "RELEASE_BROKEN")]
#[case("10.3", "12.0", "RELEASE_JUMP")]
fn jumps_that_no_guide_allows_are_refused(#[case] from: &str, #[case] to: &str, #[case] code: &str) {
    let vol = volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3]);
    let refusal = refused(&pool(3, from, vec![vol], to), to);
    assert!(codes(&refusal).contains(&code), "{:?}", codes(&refusal));
}

#[test]
fn two_old_releases_at_once_are_no_half_done_upgrade() {
    let mut state = replica_3();
    change_host(&mut state, 2, |host| crate::core::sample::at_release(host, "9.2"));
    assert!(codes(&refused(&state, "11.1")).contains(&"MIXED_RELEASES"));
}

#[test]
fn gnfs_in_use_is_no_option_to_delete() {
    let mut state = replica_3();
    change_host(&mut state, 1, |host| {
        host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
            for stored in volumes.values_mut() {
                stored.info.remove("nfs.disable=on");
                stored.info.insert("nfs.disable=off".into());
            }
            volumes
        });
    });
    assert!(codes(&refused(&state, "11.1")).contains(&"NFS_IN_USE"));
}

#[test]
fn preparing_is_refused_where_server_quorum_would_stop_bricks() {
    let mut state = replica_3();
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert("cluster.server-quorum-type".into(), "server".into());
    });
    assert_eq!(codes(&refused(&state, "11.1")), ["SERVER_QUORUM"]);
}

/// What is true of every plan, over pools of several shapes.
#[rstest]
#[case::three(replica_3(), "11.1")]
#[case::six_in_two_sets(
    pool(6, "9.2", vec![volume("v", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3, 4, 5, 6])], "10.3-5"),
    "10.3"
)]
#[case::two_volumes(
    pool(4, "10.3", vec![
        volume("a", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3]),
        volume("b", VolumeKind::Replicate { replica: 3 }, &[2, 3, 4]),
    ], "11.1-6"),
    "11.1"
)]
fn properties(#[case] state: PoolState, #[case] to: &str) {
    let plan = planned(&state, to, &[]);
    assert_eq!(plan, planned(&state, to, &[]), "the same input gives the same plan");

    let turns: Vec<&HostName> = plan
        .stages
        .iter()
        .filter_map(|stage| match &stage.kind {
            StageKind::Turn(host) => Some(host),
            StageKind::Packages
            | StageKind::Prepare
            | StageKind::Downtime
            | StageKind::Clients(_)
            | StageKind::Finish
            | StageKind::StopReplication
            | StageKind::StartReplication => None,
        })
        .collect();
    assert_eq!(turns.len(), state.hosts.len());
    assert_eq!(turns.iter().collect::<BTreeSet<_>>().len(), turns.len(), "each server at most once");

    let ids: Vec<u32> = plan.steps().map(|step| step.id).collect();
    assert_eq!(ids, (1..=ids.len() as u32).collect::<Vec<_>>());
    let last = plan.steps().last().unwrap();
    assert!(matches!(last.action, Action::RaiseOpVersion { .. }), "the op-version is last");
    assert_eq!(plan.steps().filter(|step| matches!(step.action, Action::RaiseOpVersion { .. })).count(), 1);

    let touched = plan.steps().position(|step| !matches!(step.action, Action::Fetch { .. })).unwrap();
    let hosts = turns.len() + plan.clients.len();
    assert_eq!(touched, hosts, "packages are on every host before the first one is touched");

    for stage in &plan.stages {
        let StageKind::Turn(host) = &stage.kind else { continue };
        let stop = stage.steps.iter().find(|step| matches!(step.action, Action::StopGluster { .. })).unwrap();
        assert_eq!(stop.action.hosts(), [host]);
        for wanted in [
            Check::BricksOnline { without: None },
            Check::PeersConnected { without: None },
            Check::NothingToHeal,
            Check::StoredVolumesAgree { ignoring_nfs: false },
            Check::NoSplitBrain { without: None },
            Check::ClientsOnEveryBrick { without: None },
            Check::OthersCanCarry { host: host.clone() },
        ] {
            assert!(stop.enter.checks.contains(&wanted), "{host}: stop without `{wanted}`");
        }
        let leave = &stage.steps.last().unwrap().leave.checks;
        for wanted in [
            Check::NothingToHeal,
            Check::BricksOnline { without: None },
            Check::PeersConnected { without: None },
            Check::StoredVolumesAgree { ignoring_nfs: false },
            Check::ClientsOnEveryBrick { without: None },
        ] {
            assert!(leave.contains(&wanted), "{host}: turn ends without `{wanted}`");
        }
        // The gate right after the start must see what the next restart elsewhere would trip over.
        let start =
            stage.steps.iter().find(|step| matches!(step.action, Action::StartGluster { .. })).unwrap();
        assert!(start.leave.checks.contains(&Check::StoredVolumesAgree { ignoring_nfs: false }));
        assert!(start.leave.checks.contains(&Check::PeersConnected { without: None }));
    }
    for step in plan.steps() {
        assert!(step.enter.patience_seconds > 0 && step.leave.patience_seconds > 0, "every wait has an end");
        assert!(!step.leave.checks.is_empty(), "step {} is left without a look", step.id);
    }
}

#[test]
fn a_rejected_peer_seen_by_one_server_refuses() {
    let mut state = replica_3();
    change_host(&mut state, 3, |host| {
        host.peers = host.peers.clone().map(|mut peers| {
            peers[0].state = PeerState::Rejected;
            peers
        });
    });
    assert_eq!(codes(&refused(&state, "11.1")), ["PEER_REJECTED"]);
}

pub(super) fn drop_nfs(state: &mut PoolState, number: usize) {
    change_host(state, number, |host| {
        host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
            volumes.values_mut().for_each(|volume| {
                volume.info.retain(|line| !line.starts_with("nfs."));
            });
            volumes
        });
    });
}

fn upgrade(state: &mut PoolState, number: usize) {
    drop_nfs(state, number);
    change_host(state, number, |host| crate::core::sample::at_release(host, "11.1"));
}

/// Gluster is down on this server, as after a run that ended within its turn.
pub(super) fn take_out(state: &mut PoolState, number: usize) {
    let uuid = super::super::sample::uuid(number);
    change_host(state, number, |host| {
        host.processes = Observed::Known(Processes::default());
        host.peers = Observed::Unknown("glusterd does not run".into());
    });
    for server in state.hosts.values_mut() {
        server.peers = server.peers.clone().map(|mut peers| {
            peers.iter_mut().filter(|peer| peer.uuid == uuid).for_each(|peer| peer.connected = false);
            peers
        });
    }
    let Observed::Known(volumes) = &mut state.volumes else { return };
    for volume in volumes.values_mut() {
        let bricks = volume.volume.bricks.iter().filter(|brick| brick.peer == uuid);
        let here: BTreeSet<super::super::names::Brick> = bricks.map(|brick| brick.brick.clone()).collect();
        volume.bricks_online = volume.bricks_online.clone().map(|mut bricks| {
            bricks.retain(|brick, _| !here.contains(brick));
            bricks
        });
        volume.self_heal_daemons = volume.self_heal_daemons.clone().map(|mut daemons| {
            daemons.remove(&uuid);
            daemons
        });
        let down = || Observed::Unknown("Transport endpoint is not connected".into());
        for counts in [&mut volume.heal_pending, &mut volume.split_brain] {
            *counts = counts.clone().map(|mut counts| {
                counts
                    .iter_mut()
                    .filter(|(brick, _)| here.contains(brick))
                    .for_each(|(_, count)| *count = down());
                counts
            });
        }
        volume.clients = volume.clients.clone().map(|mut clients| {
            clients.retain(|brick, _| !here.contains(brick));
            clients
        });
    }
}
