//! Golden plans of the way back, and its refusals.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rstest::rstest;

use super::super::check::look_all;
use super::super::finding::Code;
use super::super::inventory::Inventory;
use super::super::packages::PackageOffer;
use super::super::pool::{GlusterdInfo, HostState, Observed, PoolState, VolumeKind, VolumeState};
use super::super::sample::{
    at_release, before, change_host, change_volume, host, inventory, pool, replica_3, replicated, request,
    volume,
};
use super::tests::{drop_nfs, take_out};
use super::*;
use crate::render;

const NEXT: &str = "executor rollback -i pool.toml --to 10.3";

pub(super) fn wish(waivers: &[&str]) -> Request {
    Request { direction: Direction::Back, keep_op_version: true, ..request("10.3", waivers) }
}

/// A pool whose first servers were upgraded to 11.1, the op-version kept, the packages of 10.3 on offer.
fn upgraded(servers: usize, of: usize, volumes: Vec<VolumeState>) -> PoolState {
    let mut state = pool(of, "11.1", volumes, "10.3-5");
    for number in 1..=of {
        change_host(&mut state, number, |host| {
            op_version(host, 100_000);
            if number > servers {
                at_release(host, "10.3");
            }
        });
    }
    client_at(&mut state, "10.3");
    state.before = Arc::new(before(&state));
    state
}

fn op_version(host: &mut HostState, op_version: u32) {
    let op_version = OpVersion(op_version);
    host.glusterd_info = host.glusterd_info.clone().map(|info| GlusterdInfo { op_version, ..info });
}

pub(super) fn client_at(state: &mut PoolState, release: &str) {
    state
        .clients
        .values_mut()
        .for_each(|client| client.release = Observed::Known(Some(release.parse().unwrap())));
}

pub(super) fn three(servers: usize) -> PoolState {
    upgraded(servers, 3, vec![volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3])])
}

pub(super) fn back(state: &PoolState, request: &Request, known: Option<&WayBack>) -> Outcome {
    rollback(&inventory(state.hosts.len()), state, request, known)
}

pub(super) fn planned(state: &PoolState, request: &Request) -> Plan {
    match back(state, request, None) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:#?}"),
    }
}

fn refusal(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refusal(refusal) => refusal,
        other => panic!("{other:#?}"),
    }
}

pub(super) fn codes(outcome: Outcome) -> Vec<String> {
    let name = |finding: &Finding| format!("{}:{}", finding.code, finding.subject);
    refusal(outcome).findings.iter().map(name).collect()
}

fn kinds(plan: &Plan) -> Vec<&StageKind> {
    plan.stages.iter().map(|stage| &stage.kind).collect()
}

fn one_client_is_newer(state: &mut PoolState) {
    client_at(state, "11.1");
}

#[rstest]
#[case::half("rollback-half-upgraded", three(1), |_: &mut PoolState| {}, wish(&[]))]
#[case::whole("rollback-wholly-upgraded", three(3), one_client_is_newer, wish(&[]))]
#[case::one_host(
    "rollback-of-one-host", three(3), one_client_is_newer,
    Request { only: BTreeSet::from([host(2)]), ..wish(&[]) }
)]
#[case::offline(
    "rollback-offline-disperse",
    upgraded(6, 6, vec![volume("coded", VolumeKind::Disperse { disperse: 6, redundancy: 2 }, &[1, 2, 3, 4, 5, 6])]),
    one_client_is_newer,
    Request { procedure: Procedure::Offline, ..wish(&[]) }
)]
fn golden(
    #[case] name: &str,
    #[case] mut state: PoolState,
    #[case] change: fn(&mut PoolState),
    #[case] request: Request,
) {
    change(&mut state);
    let plan = planned(&state, &request);
    // What is true of every way back, whatever its text.
    assert_eq!(plan.op_version_now, plan.op_version_then);
    assert!(plan.steps().all(|step| !matches!(step.action, Action::RaiseOpVersion { .. })));
    let lower = |version: &Option<String>| version.as_deref() == Some("10.3-5");
    assert!(plan.transactions.iter().all(|transaction| lower(&transaction.offer.version)));
    insta::assert_snapshot!(name, render::plan(&plan, NEXT));
}

#[test]
fn only_servers_above_the_old_release_go_back_and_newer_clients_before_them() {
    let mut state = three(2);
    client_at(&mut state, "11.1");
    let client = StageKind::Clients(vec!["c1".parse().unwrap()]);
    let turns = [StageKind::Turn(host(1)), StageKind::Turn(host(2))];
    assert_eq!(kinds(&planned(&state, &wish(&[]))), [&StageKind::Packages, &client, &turns[0], &turns[1]]);
    client_at(&mut state, "10.3");
    assert_eq!(kinds(&planned(&state, &wish(&[]))), [&StageKind::Packages, &turns[0], &turns[1]]);
    // A client that is left out is told of.
    client_at(&mut state, "11.1");
    let plan = planned(&state, &Request { clients_at_once: 0, ..wish(&[]) });
    assert_eq!(kinds(&plan), [&StageKind::Packages, &turns[0], &turns[1]]);
    assert!(
        plan.left_to_do.iter().any(|line| line.contains("client c1 (now at 11.1)")),
        "{:?}",
        plan.left_to_do
    );
}

#[test]
fn a_pool_that_never_left_has_nothing_to_do() {
    let mut state = replica_3();
    client_at(&mut state, "10.3");
    assert_eq!(back(&state, &wish(&[]), None), Outcome::NothingToDo);
}

#[test]
fn a_raised_op_version_on_any_server_is_the_point_of_no_return() {
    let mut state = three(3);
    change_host(&mut state, 2, |host| op_version(host, 110_000));
    change_host(&mut state, 3, |host| host.glusterd_info = Observed::Unknown("no such file".into()));
    let found = refusal(back(&state, &wish(&[]), None));
    let raised: Vec<String> = found
        .findings
        .iter()
        .filter(|finding| finding.code == Code::OpVersionRaised)
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        raised,
        [
            "OP_VERSION_RAISED g2: has op-version 110000 stored, and 10.3 starts with 100000 at most",
            "OP_VERSION_RAISED g3: unknown: no such file"
        ]
    );
    let mut state = three(3);
    (1..=3).for_each(|number| change_host(&mut state, number, |host| op_version(host, 110_000)));
    let refused = refusal(back(&state, &wish(&[]), None));
    insta::assert_snapshot!("rollback-after-the-op-version", render::refusal(&refused, NEXT));
}

#[test]
fn packages_of_the_old_release_that_are_gone_are_found_before_anything_is_touched() {
    let mut state = three(3);
    for number in [1, 3] {
        change_host(&mut state, number, |host| host.offer = Observed::Known(PackageOffer::default()));
    }
    let refused = refusal(back(&state, &wish(&[]), None));
    insta::assert_snapshot!("rollback-old-packages-missing", render::refusal(&refused, NEXT));
}

fn has_a_snapshot(state: &mut PoolState) {
    change_host(state, 1, |host| {
        host.system.stored = host.system.stored.clone().map(|mut stored| {
            stored.snapshots.insert("before".into(), 2);
            stored
        });
    });
}

fn stores(state: &mut PoolState, line: &str) {
    for number in 1..=3 {
        change_host(state, number, |host| {
            host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
                volumes.values_mut().for_each(|volume| volume.info.extend([line.to_owned()]));
                volumes
            });
        });
    }
}

fn receives(state: &mut PoolState) {
    change_host(state, 1, |host| {
        host.sync_tools = host.sync_tools.clone().map(|mut tools| {
            tools.receiving = 1;
            tools
        });
    });
}

#[rstest]
#[case::snapshot(has_a_snapshot, "STORED_BY_NEWER:g1")]
#[case::restored(|state: &mut PoolState| stores(state, "snap_plugin=lvm"), "STORED_BY_NEWER:vol0")]
#[case::session(|state: &mut PoolState| state.sessions = replicated("11.1").sessions, "GEOREP_NO_WAY_BACK:vol0")]
#[case::secondary(receives, "GEOREP_NO_WAY_BACK:g1")]
#[case::sessions_unknown(
    |state: &mut PoolState| state.sessions = Observed::Unknown("no answer".into()), "GEOREP_NO_WAY_BACK:pool"
)]
#[case::older(
    |state: &mut PoolState| change_host(state, 3, |host| at_release(host, "9.2")), "MIXED_RELEASES:g3"
)]
#[case::split_brain(
    |state: &mut PoolState| change_volume(state, "vol0", |volume| {
        volume.split_brain = volume.split_brain.clone().map(|mut counts| {
            counts.values_mut().for_each(|count| *count = Observed::Known(1));
            counts
        });
    }),
    "SPLIT_BRAIN:vol0"
)]
fn what_makes_the_way_back_unsafe_refuses_it(#[case] breaks: fn(&mut PoolState), #[case] code: &str) {
    let mut state = three(3);
    breaks(&mut state);
    let found: BTreeSet<String> = codes(back(&state, &wish(&[]), None)).into_iter().collect();
    assert_eq!(found, BTreeSet::from([code.to_owned()]));
}

#[test]
fn two_hops_back_at_once_are_no_way() {
    let mut state = three(3);
    (1..=3).for_each(|number| change_host(&mut state, number, |host| op_version(host, 70_000)));
    let request = Request { to: "7.9".parse().unwrap(), ..wish(&[]) };
    stores(&mut state, "performance.write-behind-pass-through=on");
    let found: BTreeSet<String> = codes(back(&state, &request, None)).into_iter().collect();
    assert!(found.contains("RELEASE_JUMP:g1") && !found.contains("OP_VERSION_RAISED:g1"), "{found:?}");
    // An option that 10 has brought, and that 10.3 knows.
    assert!(found.contains("STORED_BY_NEWER:vol0"), "{found:?}");
    assert!(matches!(back(&state, &wish(&[]), None), Outcome::Plan(_)));
}

fn with_commands(back: Option<&str>) -> Inventory {
    let mut inventory = inventory(3);
    for declared in inventory.servers.values_mut() {
        declared.install = Some(vec!["/opt/up".into(), "{release}".into()]);
        declared.install_back = back.map(|program| vec![program.into(), "{host}".into(), "{release}".into()]);
    }
    inventory
}

#[test]
fn an_own_install_command_needs_one_for_the_way_back() {
    let state = three(1);
    let outcome = rollback(&with_commands(None), &state, &wish(&[]), None);
    assert_eq!(codes(outcome), ["INSTALL_BACK_MISSING:g1"], "g2 and g3 do not go back");
    let Outcome::Plan(plan) = rollback(&with_commands(Some("/opt/down")), &state, &wish(&[]), None) else {
        panic!()
    };
    let by: Vec<&Vec<String>> = plan
        .steps()
        .filter_map(|step| if let Action::InstallBy { argv, .. } = &step.action { Some(argv) } else { None })
        .collect();
    assert_eq!(by, [&["/opt/down", "g1", "10.3"]]);
}

#[test]
fn a_server_that_serves_nothing_since_its_upgrade_goes_back_first_though_the_pool_is_not_well() {
    let mut state = three(2);
    change_volume(&mut state, "vol0", |volume| {
        volume.bricks_online = volume.bricks_online.clone().map(|mut bricks| {
            bricks.insert("g2:/bricks/vol0".parse().unwrap(), false);
            bricks
        });
    });
    let plan = planned(&state, &wish(&[]));
    assert_eq!(kinds(&plan)[1..], [&StageKind::Turn(host(2)), &StageKind::Turn(host(1))]);
    assert!(plan.servers[1].out);
    let stop = &plan.stages[1].steps[0];
    assert!(matches!(stop.action, Action::StopGluster { .. }));
    assert_eq!(look_all(&stop.enter.checks, &state), []);
    // One that stays where it is does not become well by it.
    change_volume(&mut state, "vol0", |volume| {
        volume.bricks_online = volume.bricks_online.clone().map(|bricks: BTreeMap<_, _>| {
            bricks.into_keys().map(|brick| (brick.clone(), brick.to_string() != "g3:/bricks/vol0")).collect()
        });
    });
    assert_eq!(codes(back(&state, &wish(&[]), None)), ["BRICK_OFFLINE:vol0"]);
}

#[test]
fn a_server_that_its_upgrade_left_stopped_goes_back_first() {
    let mut state = three(2);
    take_out(&mut state, 2);
    let plan = planned(&state, &wish(&[]));
    assert_eq!(kinds(&plan)[1..], [&StageKind::Turn(host(2)), &StageKind::Turn(host(1))]);
}

#[test]
fn lines_that_an_unprepared_upgrade_took_from_some_servers_are_deleted_everywhere_first() {
    let mut state = replica_3();
    drop_nfs(&mut state, 1);
    change_host(&mut state, 1, |host| {
        at_release(host, "11.1");
        host.offer = host.offer.clone().map(|offer| PackageOffer { version: Some("10.3-5".into()), ..offer });
    });
    let plan = planned(&state, &wish(&[]));
    assert_eq!(kinds(&plan), [&StageKind::Packages, &StageKind::Prepare, &StageKind::Turn(host(1))]);
}
