//! The last run as `status` tells of it, and what stops say: golden texts, read as somebody tired would read them.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use super::*;
use crate::core::event::{Event, FORMAT, GateKind, How, Record};
use crate::core::finding::{Code, Finding, Subject};
use crate::core::plan::{self, Action, Outcome, Plan};
use crate::core::resume::{Progress, progress};
use crate::core::sample::{host, inventory, replica_3, request};

pub(super) fn planned() -> Plan {
    match plan::plan(&inventory(3), &replica_3(), &request("11.1", &[])) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

pub(super) fn commands() -> Commands {
    let command = |name: &str| format!("executor {name} -i pool.toml");
    Commands {
        status: command("status"),
        resume: command("resume"),
        plan: command("plan"),
        pause: command("pause"),
    }
}

/// The stop of g2: the first step of its turn.
fn stop_g2(plan: &Plan) -> u32 {
    let is_it = |action: &Action| matches!(action, Action::StopGluster { host } if host.as_str() == "g2");
    plan.steps().find(|step| is_it(&step.action)).unwrap().id
}

/// Everything before the stop of g2 is finished, and then this happened, one event a minute.
pub(super) fn came_to_g2(then: impl Fn(u32) -> Vec<Event>) -> Progress {
    let plan = planned();
    let stop = stop_g2(&plan);
    let began: Timestamp = "2025-11-24T14:00:00Z".parse().unwrap();
    let mut events = vec![Event::RunStarted { version: "0".into(), pool: "p".into(), plan: Box::new(plan) }];
    events.extend((1..stop).map(|step| Event::StepFinished { step, how: How::Acted }));
    events.extend(then(stop));
    let record = |(at, event): (usize, Event)| Record {
        format: FORMAT,
        sequence: at as u64 + 1,
        at: began + SignedDuration::from_mins(at as i64),
        event,
    };
    let records: Vec<Record> = events.into_iter().enumerate().map(record).collect();
    progress(&records).unwrap()
}

fn heal(entries: u32) -> Vec<Finding> {
    let what = format!("{entries} entries on g1:/bricks/vol0");
    vec![Finding::seen(Code::HealPending, Subject::Volume("vol0".parse().unwrap()), what)]
}

fn waiting(step: u32, entries: u32) -> Event {
    Event::GateWaiting { step, gate: GateKind::Enter, findings: heal(entries), patience_seconds: 14_000 }
}

fn halted(step: u32) -> Event {
    Event::Halted { step, gate: GateKind::Enter, findings: heal(7), waited_seconds: 14_400 }
}

#[rstest]
#[case::running("running", |step| vec![waiting(step, 12)], Some("process 4711"), false)]
#[case::running_asked("running-asked-to-pause", |step| vec![Event::StepStarted { step }], Some("process 4711"), true)]
#[case::paused("paused", |step| vec![Event::PauseAsked { before: Some(step) }, Event::Paused { step }], None, true)]
#[case::halted("halted", |step| vec![waiting(step, 12), waiting(step, 7), halted(step)], None, false)]
#[case::dead("dead-in-doubt", |step| vec![Event::StepStarted { step }], None, false)]
#[case::finished("finished", |_| vec![Event::RunFinished], None, false)]
fn the_status_of_a_run(
    #[case] name: &str,
    #[case] then: fn(u32) -> Vec<Event>,
    #[case] held_by: Option<&str>,
    #[case] asked_to_pause: bool,
) {
    let progress = came_to_g2(then);
    let torn = (name == "dead-in-doubt")
        .then_some("line 42, byte 51234: 17 bytes of a record whose end was never written");
    let last = LastRun { name: "20251124T140000Z-11.1", progress: &progress, held_by, asked_to_pause, torn };
    let to = Some("11.1".parse().unwrap());
    let text = status(&replica_3(), &[], Some(&last), to, Some(&commands()));
    insta::assert_snapshot!(format!("status-{name}"), text);
}

#[test]
fn the_status_where_no_run_is_known() {
    insta::assert_snapshot!("status-none", status(&replica_3(), &[], None, None, None));
}

#[test]
fn a_halt_says_since_when_what_the_last_looks_saw_and_where_to_look() {
    let progress = came_to_g2(|step| vec![waiting(step, 12), waiting(step, 7), halted(step)]);
    let step = stop_g2(&progress.plan);
    let text = halt(&progress, step, GateKind::Enter, &heal(7), 14_400, &commands());
    insta::assert_snapshot!("halt-before-a-turn", text);
}

/// Who reads that another run is at work must not be told to go on.
#[test]
fn a_halt_for_another_runs_claim_says_that_the_pool_is_its_business() {
    let words = "claimed by bob@ops2 since 2025-11-24T14:20:00Z for the run 20251124T140000Z-11.1 to 11.1 (journal there: /j)";
    let seen = |number| Finding::seen(Code::UpgradeClaimed, Subject::Host(host(number)), words);
    let found = vec![seen(1), seen(2), seen(3)];
    let halted =
        |step| Event::Halted { step, gate: GateKind::Enter, findings: Vec::new(), waited_seconds: 0 };
    let progress = came_to_g2(|step| vec![halted(step)]);
    let text = halt(&progress, stop_g2(&progress.plan), GateKind::Enter, &found, 0, &commands());
    let from = text.find("HALTED").unwrap();
    insta::assert_snapshot!("halt-taken-over", text[from..]);
    // Of one whose claim cannot be read nobody knows that.
    let unknown = Finding::unknown(Code::UpgradeClaimed, Subject::Host(host(1)), "no answer");
    let text = halt(&progress, stop_g2(&progress.plan), GateKind::Enter, &[unknown], 0, &commands());
    assert!(text.contains("next:  mend what is listed") && !text.contains("stays claimed"), "{text}");
}

#[test]
fn a_failure_says_when_and_where_to_look() {
    let error = "g2 was lost midway: connection reset; it may have been stopped, in part or whole";
    let events = |step| vec![Event::StepStarted { step }, Event::StepFailed { step, error: error.into() }];
    let progress = came_to_g2(events);
    insta::assert_snapshot!("failure", failure(&progress, stop_g2(&progress.plan), error, &commands()));
}

#[test]
fn a_pause_says_what_is_finished_first_and_how_it_stands_then() {
    let paused_at = came_to_g2(|step| vec![Event::Paused { step }]);
    let stop = stop_g2(&paused_at.plan);
    let mut text = String::new();
    let mut said = |when: &str, words: String| text.push_str(&format!("--- {when}\n{words}"));
    said("before g2's turn", pausing(&came_to_g2(|_| Vec::new())));
    said("within it", pausing(&came_to_g2(|step| vec![Event::StepStarted { step }])));
    let finish = |step: u32| {
        let last = planned().steps().last().unwrap().id;
        let mut events: Vec<Event> =
            (step..last).map(|step| Event::StepFinished { step, how: How::Acted }).collect();
        events.push(Event::StepStarted { step: last });
        events
    };
    said("in the last step", pausing(&came_to_g2(finish)));
    said("once it has stopped", paused(&paused_at, stop, &commands()));
    insta::assert_snapshot!("pause", text);
}

/// Every finding there is, as a halt shows it: the whole of what an operator may have to read at night.
#[test]
fn every_finding_as_a_halt_shows_it() {
    let progress = came_to_g2(|step| vec![halted(step)]);
    let step = stop_g2(&progress.plan);
    let mut text = String::new();
    for code in Code::ALL {
        let found = [Finding::seen(*code, subject_of(*code), "what was found, in its own words")];
        let shown = halt(&progress, step, GateKind::Enter, &found, 60, &commands());
        let from = shown.find("waited for, in vain:").unwrap();
        let to = shown.find("\nhow the pool stands:").unwrap();
        text.push_str(&shown[from..to]);
        text.push('\n');
    }
    insta::assert_snapshot!("every-finding", text);
}

/// What findings of a code are about, most often.
fn subject_of(code: Code) -> Subject {
    let name = code.as_str();
    let volumes =
        ["VOLUME", "HEAL", "BRICK_OFF", "SPLIT", "GEOREP", "CANARY", "QUORUM", "SET_", "TASK", "REBALANCE"];
    if name.starts_with("CLIENT_") {
        Subject::Client("192.0.2.7".into())
    } else if volumes.iter().any(|part| name.contains(part)) {
        Subject::Volume("vol0".parse().unwrap())
    } else if name.starts_with("OP_VERSION") || name == "CONFIG_CHANGED" {
        Subject::Pool
    } else {
        Subject::Host("g2".parse().unwrap())
    }
}
