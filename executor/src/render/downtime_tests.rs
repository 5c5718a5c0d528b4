//! What a halt and the status say within a downtime, read as somebody tired would read them.

use std::collections::BTreeSet;

use rstest::rstest;

use super::status_tests::commands;
use super::*;
use crate::core::event::GateKind;
use crate::core::plan::{self, Action, Outcome, Plan, Procedure, Request, Step};
use crate::core::pool::VolumeKind;
use crate::core::resume::Progress;
use crate::core::sample::{inventory, pool, request, volume};

fn offline() -> Plan {
    let volumes = vec![
        volume("coded", VolumeKind::Disperse { disperse: 3, redundancy: 1 }, &[1, 2, 3]),
        volume("single", VolumeKind::Distribute, &[1, 2, 3]),
    ];
    let state = pool(3, "10.3", volumes, "11.1-6");
    let asked = Request { procedure: Procedure::Offline, ..request("11.1", &[]) };
    match plan::plan(&inventory(3), &state, &asked) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

/// Progress up to the first step of this kind, which is in doubt unless it was not begun.
fn here(is_it: fn(&Action) -> bool, gate: GateKind) -> (Progress, u32) {
    let plan = offline();
    let step = plan.steps().find(|step| is_it(&step.action)).unwrap().id;
    let finished: BTreeSet<u32> = plan.steps().map(|step| step.id).filter(|id| *id < step).collect();
    let in_doubt = (gate != GateKind::Enter).then_some(step);
    (Progress { finished, in_doubt, ..progress_of(plan) }, step)
}

fn progress_of(plan: Plan) -> Progress {
    let records = [crate::core::event::Record {
        format: crate::core::event::FORMAT,
        sequence: 1,
        at: jiff::Timestamp::UNIX_EPOCH,
        event: crate::core::event::Event::RunStarted {
            version: "0".into(),
            pool: "p".into(),
            plan: Box::new(plan),
        },
    }];
    crate::core::resume::progress(&records).unwrap()
}

fn heals(action: &Action) -> bool {
    matches!(action, Action::Heal { .. })
}

fn stops_coded(action: &Action) -> bool {
    action.stops().is_some_and(|volume| volume.as_str() == "coded")
}

fn stops_single(action: &Action) -> bool {
    action.stops().is_some_and(|volume| volume.as_str() == "single")
}

fn starts_single(action: &Action) -> bool {
    action.starts().is_some_and(|volume| volume.as_str() == "single")
}

fn installs(action: &Action) -> bool {
    matches!(action, Action::Together { actions } if matches!(actions[0], Action::Install { .. }))
}

#[rstest]
#[case::waits_for_clients(heals, GateKind::Enter, false, "NO VOLUME IS STOPPED YET")]
#[case::not_begun(stops_coded, GateKind::Enter, false, "NO VOLUME IS STOPPED YET")]
#[case::the_first_may_be_stopped(stops_coded, GateKind::Leave, true, "still served: single")]
#[case::one_is_stopped(stops_single, GateKind::Enter, true, "DOWNTIME: stopped: coded")]
#[case::all_are_down(installs, GateKind::Enter, true, "DOWNTIME: not served: coded, single")]
#[case::one_is_back(starts_single, GateKind::Leave, true, "served again: coded")]
fn a_halt_says_what_is_served(
    #[case] is_it: fn(&Action) -> bool,
    #[case] gate: GateKind,
    #[case] within: bool,
    #[case] says: &str,
) {
    let (progress, step) = here(is_it, gate);
    let text = halt(&progress, step, gate, &[], 60, &commands());
    assert!(text.contains(says), "{text}");
    assert_eq!(text.contains("do not plan anew"), within, "{text}");
    assert_eq!(in_downtime(&progress), within);
    assert!(!text.contains("clients go on reading and writing"), "{text}");
}

#[test]
fn after_the_last_volume_is_back_the_downtime_is_over() {
    let plan = offline();
    let finished = plan.steps().map(|step: &Step| step.id).collect();
    assert!(!in_downtime(&Progress { finished, ..progress_of(plan) }));
}

#[test]
fn the_status_does_not_call_a_stopped_pool_well_without_a_word() {
    let (progress, _) = here(installs, GateKind::Leave);
    let state = pool(3, "10.3", Vec::new(), "11.1-6");
    let last = LastRun { name: "r", progress: &progress, held_by: None, asked_to_pause: false, torn: None };
    let text = status(&state, &[], Some(&last), None, None);
    assert!(text.contains("DOWNTIME: the run below stops coded, single"), "{text}");
}

fn proves(action: &Action) -> bool {
    matches!(action, Action::ProveVolumes { .. })
}

#[test]
fn a_proof_that_is_not_to_be_had_says_that_all_is_started_again() {
    let (progress, step) = here(proves, GateKind::Leave);
    let text = failure(&progress, step, "not proved", &commands());
    assert!(text.contains("every volume is started again") && !text.contains("DOWNTIME:"), "{text}");
    assert!(text.contains("executor plan -i pool.toml plans anew"), "{text}");
}
