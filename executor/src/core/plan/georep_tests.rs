//! Golden plans of pools with geo-replication, and what becomes of sessions that do not copy.

use super::tests::{planned, refused};
use super::{Action, Plan, StageKind};
use crate::core::check::Check;
use crate::core::finding::Code;
use crate::core::georep::{OtherPool, PoolRole, SyncTools, WorkerStatus};
use crate::core::names::OpVersion;
use crate::core::pool::{GlusterdInfo, Observed, PoolState, VolumeKind};
use crate::core::sample::{at_release, change_host, change_volume, pool, replicated, volume};
use crate::render;

fn stages(plan: &Plan) -> Vec<&StageKind> {
    plan.stages.iter().map(|stage| &stage.kind).collect()
}

fn stop_all(state: &mut PoolState) {
    let Observed::Known(sessions) = &mut state.sessions else { panic!("no sessions") };
    sessions[0].workers.iter_mut().for_each(|worker| worker.status = WorkerStatus::Stopped);
}

#[test]
fn the_primary_stops_its_session_and_proves_it_afterwards() {
    let plan = planned(&replicated("11.1"), "11.1", &[]);
    let text = render::plan(&plan, "executor run -i prod.toml --to 11.1");
    insta::assert_snapshot!("georep-primary-10.3-to-11.1", text);
}

#[test]
fn on_the_way_to_8_changelogs_are_converted_while_bricks_are_down() {
    let vol = volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3]);
    let mut state = pool(3, "7.9", vec![vol], "8.6-1.el8");
    let with_session = replicated("8.6");
    state.sessions = with_session.sessions;
    state.other_pools = with_session.other_pools;
    let tools = |converter: Option<&str>| {
        Observed::Known(SyncTools {
            python3: Some("3.6.8".into()),
            rsync: Some("3.1.3".into()),
            converter: converter.map(str::to_owned),
            ..SyncTools::default()
        })
    };
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            host.sync_tools = tools(Some("/usr/local/sbin/glusterfs-georep-upgrade.py"));
        });
    }
    for other in state.other_pools[0].hosts.values_mut() {
        other.sync_tools = tools(None);
    }
    let plan = planned(&state, "8.6", &[]);
    let text = render::plan(&plan, "executor run -i prod.toml --to 8.6");
    insta::assert_snapshot!("georep-primary-7.9-to-8.6", text);
}

#[test]
fn the_wrong_order_is_refused_with_what_to_upgrade_first() {
    let refusal = refused(&replicated("10.3"), "11.1");
    let text = render::refusal(&refusal, "executor plan -i prod.toml --to 11.1");
    insta::assert_snapshot!("georep-wrong-order", text);
}

/// The pool that receives, at 10.3, with its primary at 10.3.
fn receiving() -> PoolState {
    let mut state = replicated("10.3");
    let Observed::Known(mut sessions) = std::mem::replace(&mut state.sessions, Observed::Known(Vec::new()))
    else {
        panic!("no sessions")
    };
    sessions[0].name.secondary = "g1::vol0".parse().unwrap();
    let OtherPool { hosts, .. } = state.other_pools.remove(0);
    state.other_pools.push(OtherPool {
        inventory: "prod.toml".into(),
        role: PoolRole::Primary,
        hosts,
        sessions: Observed::Known(sessions),
    });
    state
}

#[test]
fn the_secondary_stops_the_session_on_its_primary() {
    let plan = planned(&receiving(), "11.1", &[]);
    let [_packages, stop, .., start, _clients, finish] = &stages(&plan)[..] else { panic!("{plan:?}") };
    assert_eq!((*stop, *start), (&StageKind::StopReplication, &StageKind::StartReplication));
    assert_eq!(*finish, &StageKind::Finish);
    let via: Vec<&str> = plan
        .steps()
        .filter_map(|step| match &step.action {
            Action::StopReplication { via, .. }
            | Action::StartReplication { via, .. }
            | Action::ProveReplication { via, .. } => Some(via.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(via, ["l1", "l1", "l1"], "through the primary's server");
}

#[test]
fn a_read_only_copy_needs_no_waiver_and_is_proved_by_what_arrives() {
    let proves = |plan: &Plan| plan.steps().any(|step| matches!(step.action, Action::ProveVolumes { .. }));
    assert!(!proves(&planned(&receiving(), "11.1", &[])), "nobody but geo-replication writes to a copy");
    let mut state = receiving();
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert("features.read-only".to_owned(), "on".to_owned());
    });
    assert!(!proves(&planned(&state, "11.1", &[])));
    // The same of a volume that nothing is replicated to is a refusal.
    state.other_pools.clear();
    let codes: Vec<&str> = refused(&state, "11.1").findings.iter().map(|found| found.code.as_str()).collect();
    assert!(codes.contains(&"CANARY_UNPROVEN"), "{codes:?}");
}

#[test]
fn a_session_that_an_unfinished_run_stopped_is_started_by_the_next_plan() {
    let mut state = replicated("11.1");
    stop_all(&mut state);
    for number in 1..=3 {
        change_host(&mut state, number, |host| at_release(host, "11.1"));
    }
    state.max_op_version = Observed::Known(Some(OpVersion(110_000)));
    let plan = planned(&state, "11.1", &[]);
    let clients = StageKind::Clients(vec!["c1".parse().unwrap()]);
    let rest = [&StageKind::Packages, &StageKind::StartReplication, &clients, &StageKind::Finish];
    assert_eq!(stages(&plan), rest);

    // Done but for the session: then nobody knows who stopped it, and it is said.
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            let Observed::Known(GlusterdInfo { op_version, .. }) = &mut host.glusterd_info else { panic!() };
            op_version.0 = 110_000;
        });
    }
    let codes: Vec<Code> = refused(&state, "11.1").findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::GeorepNotHealthy]);
}

#[test]
fn a_session_goes_on_where_only_clients_are_upgraded() {
    let mut state = replicated("11.1");
    for number in 1..=3 {
        change_host(&mut state, number, |host| at_release(host, "11.1"));
    }
    state.max_op_version = Observed::Known(Some(OpVersion(110_000)));
    let plan = planned(&state, "11.1", &[]);
    let clients = StageKind::Clients(vec!["c1".parse().unwrap()]);
    assert_eq!(stages(&plan), [&StageKind::Packages, &clients, &StageKind::Finish]);
}

/// A plan that is made while a server is down has no row of that server's worker in the status of its sessions.
#[test]
fn every_brick_of_the_primary_has_its_worker_again_at_the_end() {
    let mut state = replicated("11.1");
    stop_all(&mut state);
    for number in 1..=3 {
        change_host(&mut state, number, |host| at_release(host, "11.1"));
    }
    state.max_op_version = Observed::Known(Some(OpVersion(110_000)));
    let Observed::Known(sessions) = &mut state.sessions else { panic!("no sessions") };
    sessions[0].workers.truncate(2);
    assert_eq!(workers_back(&planned(&state, "11.1", &[])), Some(3));
}

fn workers_back(plan: &Plan) -> Option<usize> {
    plan.steps().flat_map(|step| &step.leave.checks).find_map(|check| {
        if let Check::SessionsBack { sessions } = check { Some(sessions[0].workers) } else { None }
    })
}

/// Its volume has fewer bricks than the one of that name here: nobody waits for workers that it never had.
#[test]
fn a_session_of_another_pool_has_the_workers_that_are_seen_there() {
    let mut state = receiving();
    let Observed::Known(sessions) = &mut state.other_pools[0].sessions else { panic!("no sessions") };
    assert_eq!(sessions[0].name.primary.as_str(), "vol0");
    sessions[0].workers.truncate(2);
    assert_eq!(workers_back(&planned(&state, "11.1", &[])), Some(2));
}

#[test]
fn a_session_stopped_on_purpose_is_left_alone_with_a_waiver() {
    let mut state = replicated("11.1");
    stop_all(&mut state);
    assert_eq!(refused(&state, "11.1").findings[0].code, Code::GeorepNotHealthy);
    let plan = planned(&state, "11.1", &["GEOREP_NOT_HEALTHY:vol0"]);
    assert!(!stages(&plan).contains(&&StageKind::StopReplication));
    assert!(!stages(&plan).contains(&&StageKind::StartReplication));
}

/// After a failover the secondary serves, and must not be written to: not by a plan that goes on with half an upgrade, either.
#[test]
fn a_session_stopped_on_purpose_stays_so_in_the_middle_of_an_upgrade() {
    let mut state = replicated("11.1");
    stop_all(&mut state);
    change_host(&mut state, 1, |host| at_release(host, "11.1"));
    assert!(stages(&planned(&state, "11.1", &[])).contains(&&StageKind::StartReplication));
    let plan = planned(&state, "11.1", &["GEOREP_NOT_HEALTHY:vol0"]);
    assert!(!stages(&plan).contains(&&StageKind::StartReplication));
    assert!(plan.waived.iter().any(|finding| finding.code == Code::GeorepNotHealthy), "{:?}", plan.waived);
}

#[test]
fn the_proof_is_left_out_only_with_a_waiver_that_the_plan_shows() {
    let proves =
        |plan: &Plan| plan.steps().any(|step| matches!(step.action, Action::ProveReplication { .. }));
    assert!(proves(&planned(&replicated("11.1"), "11.1", &[])));
    let plan = planned(&replicated("11.1"), "11.1", &["GEOREP_UNPROVEN:vol0"]);
    assert!(!proves(&plan));
    assert_eq!(plan.waived[0].code, Code::GeorepUnproven);
    assert!(stages(&plan).contains(&&StageKind::StartReplication));
}
