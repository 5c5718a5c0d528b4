//! When a plan writes and reads a file, and how it comes not to.

use super::super::finding::Code;
use super::super::pool::{Observed, PoolState, VolumeKind};
use super::super::sample::{
    at_release, change_host, change_volume, inventory, pool, replica_3, request, volume,
};
use super::*;

fn asked(state: &PoolState, wish: Request) -> Outcome {
    plan(&inventory(3), state, &wish)
}

fn planned(state: &PoolState, waivers: &[&str]) -> Plan {
    match asked(state, request("11.1", waivers)) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

fn proofs(plan: &Plan) -> Vec<(&StageKind, &Action)> {
    plan.stages
        .iter()
        .flat_map(|stage| stage.steps.iter().map(move |step| (&stage.kind, &step.action)))
        .filter(|(_, action)| matches!(action, Action::ProveVolumes { .. }))
        .collect()
}

fn read_only(state: &mut PoolState) {
    change_volume(state, "vol0", |volume| {
        volume.volume.options.insert("features.read-only".into(), "on".into());
    });
}

fn all_upgraded() -> PoolState {
    let mut state = replica_3();
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            at_release(host, "11.1");
            host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
                volumes.values_mut().for_each(|volume| volume.info.retain(|line| !line.starts_with("nfs.")));
                volumes
            });
        });
    }
    state.max_op_version = Observed::Known(Some(OpVersion(110_000)));
    state
}

#[test]
fn every_turn_has_one_on_its_own_server_after_the_heal() {
    let plan = planned(&replica_3(), &[]);
    let found = proofs(&plan);
    assert_eq!(found.len(), 3);
    for (kind, action) in found {
        assert_eq!(*kind, StageKind::Turn(action.hosts()[0].clone()));
    }
    for stage in plan.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Turn(_))) {
        let at =
            |wanted: fn(&Action) -> bool| stage.steps.iter().position(|step| wanted(&step.action)).unwrap();
        let heal = at(|action| matches!(action, Action::Heal { .. }));
        let prove = at(|action| matches!(action, Action::ProveVolumes { .. }));
        assert!(heal < prove);
        assert!(stage.steps[prove].leave.checks.contains(&Check::NothingToHeal), "it leaves nothing behind");
    }
}

#[test]
fn a_volume_that_forbids_it_refuses_until_it_is_waived_in_the_open() {
    let mut state = replica_3();
    read_only(&mut state);
    let Outcome::Refusal(refusal) = asked(&state, request("11.1", &[])) else { panic!() };
    let codes: Vec<Code> = refusal.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::CanaryUnproven]);
    let plan = planned(&state, &["CANARY_UNPROVEN:vol0"]);
    assert_eq!(proofs(&plan), []);
    assert_eq!(plan.waived.len(), 1, "{:?}", plan.waived);
    assert!(plan.waived[0].what.contains("features.read-only: on"));
}

#[test]
fn one_that_could_not_be_tried_can_be_waived_as_well_and_others_are_still_proved() {
    let of = |name: &str| volume(name, VolumeKind::Replicate { replica: 3 }, &[1, 2, 3]);
    let state = pool(3, "10.3", vec![of("other"), of("vol0")], "11.1-6");
    let plan = planned(&state, &["CANARY_UNPROVEN:vol0"]);
    for (_, action) in proofs(&plan) {
        let Action::ProveVolumes { volumes, .. } = action else { panic!() };
        assert_eq!(volumes.iter().map(VolumeName::as_str).collect::<Vec<_>>(), ["other"]);
    }
    assert_eq!(proofs(&plan).len(), 3);
    assert_eq!(
        plan.waived[0].to_string(),
        "CANARY_UNPROVEN vol0: no file is written to it to see that it can be used"
    );
}

#[test]
fn planned_anew_after_the_last_turn_it_stands_before_the_point_of_no_return() {
    let plan = planned(&all_upgraded(), &[]);
    let finish = plan.stages.last().unwrap();
    assert_eq!(proofs(&plan).len(), 1);
    assert_eq!(finish.kind, StageKind::Finish);
    assert!(matches!(finish.steps[0].action, Action::ProveVolumes { .. }));
    assert!(matches!(finish.steps[1].action, Action::RaiseOpVersion { .. }));
}

#[test]
fn a_pool_at_its_goal_is_not_asked_for_it() {
    let mut state = all_upgraded();
    read_only(&mut state);
    let kept = Request { keep_op_version: true, clients_at_once: 0, ..request("11.1", &[]) };
    assert_eq!(asked(&state, kept), Outcome::NothingToDo);
    let Outcome::Refusal(_) = asked(&state, request("11.1", &[])) else { panic!("the raise would need it") };
}

/// Whether bricks are steady, a second look tells: a gate of one look that asks it is followed by one of several that does,
/// before anything else is taken out.
fn asks_for_steady_bricks_twice(plan: &Plan) {
    let steady = |gate: &Gate| gate.checks.contains(&Check::BricksSteady);
    let steps: Vec<&Step> = plan.steps().collect();
    let mut seen = 0;
    for (at, step) in
        steps.iter().enumerate().filter(|(_, step)| steady(&step.leave) && step.leave.settle == 1)
    {
        let settled = steps[at + 1..].iter().find_map(|next| {
            let harmless = matches!(next.action, Action::Heal { .. } | Action::ProveVolumes { .. });
            let gates = [Some(&next.enter), harmless.then_some(&next.leave)];
            let settled = gates.into_iter().flatten().any(|gate| steady(gate) && gate.settle > 1);
            (settled || !harmless).then_some(settled)
        });
        assert_eq!(settled, Some(true), "after {}", step.action);
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn one_is_left_after_one_look_where_the_next_step_looks_several_times_and_after_several_at_the_end() {
    let looks = |plan: &Plan| -> Vec<u32> {
        let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
        let proofs = steps.filter(|step| matches!(step.action, Action::ProveVolumes { .. }));
        proofs.map(|step| step.leave.settle).collect()
    };
    let plan = planned(&replica_3(), &[]);
    // The client's first step is entered without asking whether bricks are steady.
    assert_eq!(looks(&plan), [1, 1, 2]);
    asks_for_steady_bricks_twice(&plan);
    // So does the last glusterd that the preparation starts; those before it are entered after one look anyway.
    let steps: Vec<&Step> = plan.stages.iter().flat_map(|stage| &stage.steps).collect();
    let started = steps.iter().rposition(|step| matches!(step.action, Action::StartGlusterd { .. })).unwrap();
    let [last, next] = [steps[started], steps[started + 1]];
    assert_eq!((last.leave.settle, next.enter.settle), (1, 2));

    let kept = Request { keep_op_version: true, clients_at_once: 0, ..request("11.1", &[]) };
    let Outcome::Plan(plan) = asked(&replica_3(), kept) else { panic!("a plan") };
    assert_eq!(looks(&plan), [1, 1, 2]);
}
