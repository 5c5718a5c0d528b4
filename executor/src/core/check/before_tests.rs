//! Checks against an earlier look: unchanged, changed, and not known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rstest::rstest;

use super::super::baseline::Before;
use super::super::finding::Ground;
use super::super::names::OpVersion;
use super::super::plan::{Outcome, plan};
use super::super::pool::{GlusterdInfo, Observed, PoolState, VolumeState};
use super::super::sample::{CLIENT, change_host, change_volume, host, inventory, replica_3, request};
use super::super::system::{Daemon, Role};
use super::*;

fn findings(check: &Check, state: &PoolState) -> Vec<String> {
    check.look(state).iter().map(ToString::to_string).collect()
}

fn running(state: &mut PoolState, number: usize, change: impl FnOnce(&mut Vec<Daemon>)) {
    change_host(state, number, |host| {
        host.system.daemons = host.system.daemons.clone().map(|mut running| {
            change(&mut running);
            running
        });
    });
}

#[rstest]
#[case::option_set(
    |volume: &mut VolumeState| drop(volume.volume.options.insert("performance.cache-size".into(), "64MB".into())),
    &["CONFIG_CHANGED vol0: `+ option performance.cache-size: 64MB`"]
)]
#[case::stopped(
    |volume: &mut VolumeState| volume.volume.started = false,
    &["CONFIG_CHANGED vol0: `+ started: no`", "CONFIG_CHANGED vol0: `- started: yes`"]
)]
#[case::brick_removed(
    |volume: &mut VolumeState| drop(volume.volume.bricks.pop()),
    &["CONFIG_CHANGED vol0: `- brick 3: g3:/bricks/vol0`"]
)]
// What upgrades change by themselves is no change.
#[case::default_stored(
    |volume: &mut VolumeState| drop(volume.volume.options.insert("nfs.disable".into(), "on".into())),
    &[]
)]
fn a_changed_volume_is_shown_line_by_line(#[case] change: fn(&mut VolumeState), #[case] expected: &[&str]) {
    let mut state = replica_3();
    change_volume(&mut state, "vol0", change);
    let mut found = findings(&Check::ConfigurationUnchanged, &state);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_peer_that_came_or_went_is_a_change_whoever_sees_it() {
    let mut state = replica_3();
    let gone = state.hosts.remove(&host(3));
    for number in 1..=2 {
        change_host(&mut state, number, |host| {
            host.peers = host.peers.clone().map(|mut peers| {
                peers.retain(|peer| !peer.uuid.as_str().ends_with('3'));
                peers
            });
        });
    }
    let lost = "CONFIG_CHANGED pool: `- peer 00000000-0000-0000-0000-000000000003`";
    assert_eq!(findings(&Check::ConfigurationUnchanged, &state), [lost]);
    // One that is out is still a member to the others.
    let mut state = replica_3();
    change_host(&mut state, 3, |host| host.peers = Observed::Unknown("glusterd does not run".into()));
    assert_eq!(findings(&Check::ConfigurationUnchanged, &state), Vec::<String>::new());
    drop(gone);
}

#[test]
fn an_op_version_raised_behind_our_back_is_seen_on_the_one_server_that_has_it() {
    let mut state = replica_3();
    change_host(&mut state, 2, |host| {
        host.glusterd_info =
            host.glusterd_info.clone().map(|info| GlusterdInfo { op_version: OpVersion(110_000), ..info });
    });
    let expected = "OP_VERSION_CHANGED g2: has 110000 stored; it was 100000 at the start";
    assert_eq!(findings(&Check::OpVersionStill, &state), [expected]);
}

#[test]
fn a_glusterd_that_was_restarted_elsewhere_is_seen_and_the_own_one_is_meant_to_be() {
    let check = Check::OthersUndisturbed { host: host(1) };
    let mut state = replica_3();
    running(&mut state, 1, |running| running[0].pid = 77);
    assert_eq!(findings(&check, &state), Vec::<String>::new());
    running(&mut state, 2, |running| running[0].pid = 88);
    running(&mut state, 3, |running| {
        running.remove(0);
    });
    let expected = [
        "GLUSTERD_RESTARTED g2: its glusterd was 11 when g1's turn began, and is 88 now",
        "GLUSTERD_RESTARTED g3: its glusterd was 11 when g1's turn began, and is gone",
    ];
    assert_eq!(findings(&check, &state), expected);
}

#[test]
fn a_brick_that_came_back_as_another_process_is_not_steady() {
    let mut state = replica_3();
    running(&mut state, 3, |running| running[1].pid = 99);
    let expected = "BRICK_RESTARTED g3: brick processes gone: 12; new: 99";
    assert_eq!(findings(&Check::BricksSteady, &state), [expected]);
    // The first look of a wait has none before it.
    state.before = Arc::new(Before { last: None, ..(*state.before).clone() });
    assert_eq!(findings(&Check::BricksSteady, &state), Vec::<String>::new());
}

#[rstest]
#[case::old_brick(
    |running: &mut Vec<Daemon>| running[1].releases = BTreeSet::from(["9.2".parse().unwrap()]),
    "RUNS_OLD_CODE g2: a brick process (12) runs the code of 9.2",
    Ground::Seen
)]
#[case::replaced_library(
    |running: &mut Vec<Daemon>| running[0].replaced = Some(true),
    "RUNS_OLD_CODE g2: glusterd (11) runs a program that was replaced since it started",
    Ground::Seen
)]
#[case::nothing_mapped(
    |running: &mut Vec<Daemon>| {
        running.push(Daemon { role: Role::SelfHeal, pid: 40, ..running[0].clone() });
        running[3].releases.clear();
    },
    "RUNS_OLD_CODE g2: unknown: the self-heal daemon (40) has nothing of Gluster's mapped",
    Ground::Unknown
)]
fn what_runs_counts_and_not_what_is_installed(
    #[case] change: fn(&mut Vec<Daemon>),
    #[case] expected: &str,
    #[case] ground: Ground,
) {
    let mut state = replica_3();
    running(&mut state, 2, change);
    let check = Check::RunsRelease { host: host(2), release: "10.3".parse().unwrap() };
    let found = check.look(&state);
    assert_eq!((found[0].to_string().as_str(), found[0].ground, found.len()), (expected, ground, 1));
}

#[test]
fn without_an_earlier_look_nothing_is_unchanged() {
    let mut state = replica_3();
    state.before = Arc::default();
    for check in [
        Check::ClientsBack,
        Check::ConfigurationUnchanged,
        Check::OpVersionStill,
        Check::OthersUndisturbed { host: host(1) },
    ] {
        let found = check.look(&state);
        assert!(
            found.iter().all(|finding| finding.ground == Ground::Unknown) && !found.is_empty(),
            "{check}"
        );
    }
}

#[test]
fn every_server_means_every_one() {
    let mut state = replica_3();
    let at = |release: &str| Check::AllAtRelease { release: release.parse().unwrap() };
    assert_eq!(findings(&at("10.3"), &state).len(), 0);
    change_host(&mut state, 2, |host| crate::core::sample::at_release(host, "11.1"));
    assert_eq!(findings(&at("10.3"), &state), ["NOT_AT_RELEASE g2: is at 11.1, not at 10.3"]);
    assert_eq!(findings(&Check::GlusterdDownEverywhere, &state).len(), 3);
    assert_eq!(findings(&Check::NfsLinesGoneEverywhere, &state).len(), 3);
}

#[rstest]
#[case::reported(Observed::Known(Some(OpVersion(110_000))), &[])]
#[case::cannot_be_asked(Observed::Known(None), &[])]
#[case::lower(
    Observed::Known(Some(OpVersion(100_000))),
    &["OP_VERSION_UNSUPPORTED pool: the newest that all servers know is 100000, not 110000"]
)]
#[case::no_answer(
    Observed::Unknown("no answer".into()),
    &["OP_VERSION_UNSUPPORTED pool: unknown: no answer"]
)]
fn the_servers_say_what_they_know(#[case] max: Observed<Option<OpVersion>>, #[case] expected: &[&str]) {
    let mut state = replica_3();
    state.max_op_version = max;
    assert_eq!(findings(&Check::NewestOpVersion { op_version: OpVersion(110_000) }, &state), expected);
}

#[test]
fn a_client_that_cannot_follow_is_named_by_its_address() {
    let check = Check::ClientsSpeak { op_version: OpVersion(100_000) };
    let mut state = replica_3();
    let speaks = |state: &mut PoolState, found: Observed<BTreeMap<String, OpVersion>>| {
        change_volume(state, "vol0", |volume| volume.client_op_versions = found);
    };
    let old =
        BTreeMap::from([("192.0.2.1".into(), OpVersion(100_000)), ("192.0.2.9".into(), OpVersion(90_000))]);
    speaks(&mut state, Observed::Known(old));
    let expected = "CLIENT_TOO_OLD 192.0.2.9: is a client of vol0 and speaks op-version 90000 at most";
    assert_eq!(findings(&check, &state), [expected]);
    speaks(&mut state, Observed::Unknown("no answer".into()));
    assert_eq!(findings(&check, &state), ["CLIENT_TOO_OLD vol0: unknown: no answer"]);
    state.volumes = Observed::Unknown("no answer".into());
    assert_eq!(findings(&check, &state), ["CLIENT_TOO_OLD pool: unknown: no answer"]);
}

/// A client that lost its mount while a run was stuck is noted by no new plan, and nobody would miss it.
#[test]
fn a_client_of_a_run_that_did_not_end_is_missed_by_the_next() {
    let unfinished = BTreeMap::from([(
        "vol0".parse().unwrap(),
        BTreeSet::from(["192.0.2.1".to_owned(), CLIENT.to_owned(), "192.0.2.201".to_owned()]),
    )]);
    let mut state = replica_3();
    state.before = Arc::new(Before { unfinished, ..Before::default() });
    // One without a machine in the inventory, and one with; servers are others' business.
    change_volume(&mut state, "vol0", |volume| {
        volume.clients = volume.clients.clone().map(|mut clients| {
            clients.values_mut().for_each(|addresses| addresses.clear());
            clients
        });
    });
    let gone = |state: &PoolState, waivers: &[&str]| -> Vec<String> {
        match plan(&inventory(3), state, &request("11.1", waivers)) {
            Outcome::Refusal(refusal) => refusal.findings.iter().map(ToString::to_string).collect(),
            Outcome::Plan(_) | Outcome::NothingToDo => Vec::new(),
        }
    };
    let told = |address: &str| {
        format!(
            "CLIENT_GONE {address}: was a client of vol0 when the last run began, which did not come to its end, and is on \
             no brick now"
        )
    };
    assert_eq!(gone(&state, &[]), [told(CLIENT), told("192.0.2.201")]);
    assert_eq!(gone(&state, &["CLIENT_GONE:192.0.2.100"]), [told("192.0.2.201")]);
    // What the run itself unmounted there comes back by its own note.
    let c1 = state.clients.get_mut(&"c1".parse().unwrap()).unwrap();
    c1.usage = c1.usage.clone().map(|mut usage| {
        let mounted = std::mem::take(&mut usage.mounts)
            .into_iter()
            .filter_map(|mount| mount.again.known().ok().cloned());
        usage.put_aside.mounts.extend(mounted);
        usage
    });
    assert_eq!(gone(&state, &[]), [told("192.0.2.201")]);
    // A stopped volume has no clients.
    change_volume(&mut state, "vol0", |volume| volume.volume.started = false);
    assert_eq!(gone(&state, &[]), [""; 0]);
}
