//! Tests of cues, and of what is made of a second executor.

use executor::core::event::{Event, FORMAT, GateKind, How, Record};
use executor::core::finding::{Code, Finding, Subject};
use jiff::Timestamp;
use serde_json::json;

use super::faults::{Ear, note};
use crate::artifacts::Artifacts;
use crate::oracle::Verdict;
use crate::report::{FAULTS, Strike};
use crate::scenario::{Cue, Deed, Fault, Step};

/// Returns a record of a plan that stops Gluster on g1 in step 1 and starts it in step 2.
fn record(event: Event) -> Record {
    Record { format: FORMAT, sequence: 1, at: jiff::Timestamp::UNIX_EPOCH, event }
}

fn plan() -> Event {
    let gate = json!({ "checks": [], "patience_seconds": 1, "settle": 1 });
    let step = |id: u32, action: &str| json!({ "id": id, "action": { action: { "host": "g1" } }, "enter": gate, "reenter": gate, "leave": gate });
    let plan = json!({
        "to": "10.3", "op_version_now": 90000, "op_version_then": 100_000, "servers": [],
        "stages": [{ "kind": { "turn": "g1" }, "steps": [step(1, "stop_gluster"), step(2, "start_gluster")] }],
        "answered": [], "waived": [], "waivers": [],
        "baseline": {
            "op_version": 90000, "clients": {}, "configuration": { "volumes": {}, "peers": [] },
        },
        "left_to_do": [],
    });
    let plan = serde_json::from_value(plan).unwrap();
    Event::RunStarted { version: "0".to_owned(), pool: "p".to_owned(), plan }
}

fn waiting(code: Code) -> Event {
    let findings = vec![Finding::seen(code, Subject::Pool, "x")];
    Event::GateWaiting { step: 2, gate: GateKind::Leave, findings, patience_seconds: 1 }
}

#[test]
fn faults_are_due_once_in_their_order_and_hold_the_executor_between_steps() {
    let step = |action: &str| Step { action: action.to_owned(), host: "g1".to_owned() };
    let finding = Code::BrickOffline;
    let cues = [
        Cue::After(step("stop_gluster")),
        Cue::After(step("stop_gluster")),
        Cue::During { step: step("start_gluster"), runs: None },
        Cue::Waiting { step: Some(step("start_gluster")), finding },
        Cue::Waiting { step: None, finding: Code::HealPending },
        Cue::After(Step { host: "g2".to_owned(), ..step("start_gluster") }),
    ];
    let faults = cues.map(|cue| Fault { cue, deed: Deed::SecondExecutor });
    let (mut ear, mut dues) = Ear::new(&faults);
    let mut heard = |event: Event| {
        let held = ear.hear(&record(event)).len();
        let due = dues.waiting(&faults);
        assert!(due.iter().all(|(_, timely)| *timely), "none of them waited");
        (held, due.into_iter().map(|(fault, _)| fault).collect::<Vec<_>>())
    };
    let finished = |step| Event::StepFinished { step, how: How::Acted };
    assert_eq!(heard(finished(1)), (0, vec![]), "nothing is known of the plan");
    assert_eq!(heard(plan()), (0, vec![]));
    assert_eq!(heard(waiting(Code::BrickOffline)), (0, vec![]), "not its turn");
    assert_eq!(heard(Event::StepStarted { step: 1 }), (0, vec![]));
    assert_eq!(heard(finished(1)), (2, vec![0, 1]));
    assert_eq!(heard(finished(1)), (0, vec![]), "once");
    assert_eq!(heard(Event::StepStarted { step: 2 }), (0, vec![2]));
    assert_eq!(heard(waiting(Code::HealPending)), (0, vec![]));
    assert_eq!(heard(waiting(Code::BrickOffline)), (0, vec![3]));
    assert_eq!(heard(waiting(Code::BrickOffline)), (0, vec![]), "not that finding");
    assert_eq!(heard(waiting(Code::HealPending)), (0, vec![4]), "of whatever step");
    assert_eq!(heard(finished(2)), (0, vec![]), "another host");
}

/// What the deed before it held up is no fault at its moment, and must not count as one.
#[test]
fn a_fault_whose_moment_is_over_is_told_from_a_timely_one() {
    let start = || Step { action: "start_gluster".to_owned(), host: "g1".to_owned() };
    let waits = Cue::Waiting { step: None, finding: Code::HealPending };
    let cues = [
        Cue::After(Step { action: "stop_gluster".to_owned(), ..start() }),
        Cue::During { step: start(), runs: None },
        waits,
    ];
    let faults = cues.map(|cue| Fault { cue, deed: Deed::SecondExecutor });
    let finished = |step| Event::StepFinished { step, how: How::Acted };
    let after = |events: Vec<Event>| {
        let (mut ear, mut dues) = Ear::new(&faults);
        for event in [plan(), finished(1), Event::StepStarted { step: 2 }].into_iter().chain(events) {
            drop(ear.hear(&record(event)));
        }
        dues.waiting(&faults)
    };
    let acted = || Event::StepActed { step: 2, said: String::new() };
    assert_eq!(after(vec![]), [(0, true), (1, true)]);
    assert_eq!(after(vec![Event::PauseAsked { before: None }]), [(0, true), (1, true)]);
    assert_eq!(after(vec![acted()]), [(0, true), (1, false)]);
    assert_eq!(after(vec![acted(), waiting(Code::HealPending)]), [(0, true), (1, false), (2, true)]);
    // Another finding at that gate, or the same at another one, is not what it waits for.
    let other = || vec![acted(), waiting(Code::HealPending), waiting(Code::BrickOffline)];
    assert_eq!(after(other()), [(0, true), (1, false), (2, false)]);
    assert_eq!(
        after([other(), vec![waiting(Code::HealPending)]].concat()),
        [(0, true), (1, false), (2, true)]
    );
    let enter = match waiting(Code::HealPending) {
        Event::GateWaiting { step, findings, patience_seconds, .. } => {
            Event::GateWaiting { step, gate: GateKind::Enter, findings, patience_seconds }
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(after(vec![acted(), waiting(Code::HealPending), enter]), [(0, true), (1, false), (2, false)]);
    let passed = Event::GatePassed { step: 2, gate: GateKind::Leave };
    assert_eq!(after(vec![acted(), waiting(Code::HealPending), passed]), [(0, true), (1, false), (2, false)]);
}

#[test]
fn each_deed_is_kept_with_the_time_it_took() {
    let runs = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::create(runs.path(), "s", Timestamp::UNIX_EPOCH).unwrap();
    let deeds = [Deed::PowerOff { host: "g1".to_owned() }, Deed::SecondExecutor];
    let began = Timestamp::now();
    for deed in &deeds {
        let struck = (Verdict::Unknown, "a\nb".to_owned());
        note(&artifacts, ("order 2: faults", "after install on g1".to_owned()), deed, began, &struck);
    }
    let text = std::fs::read_to_string(artifacts.path(FAULTS)).unwrap();
    let strikes: Vec<Strike> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kept: Vec<&Deed> = strikes.iter().map(|strike| &strike.deed).collect();
    assert_eq!(kept, deeds.iter().collect::<Vec<_>>());
    for Strike { phase, cue, began: from, done, verdict, found, .. } in &strikes {
        assert_eq!((phase.as_str(), cue.as_str()), ("order 2: faults", "after install on g1"));
        assert_eq!((*verdict, found.as_str()), (Verdict::Unknown, "a\nb"));
        assert!(*from == began && *done >= began, "{strikes:?}");
    }
}
