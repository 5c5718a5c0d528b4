//! Tests of what drawings are made of: steps and the timeline, from records.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use executor::core::event::{Event, FORMAT, GateKind, How, Record};
use executor::core::finding::{Code, Finding, Subject};
use jiff::Timestamp;
use rstest::rstest;

use super::axis::seconds;
use super::kept::{Samples, Strike};
use super::recorded::Told;
use super::steps::{Call, State, StepRun, calls};
use super::testing::events;
use super::timeline::{Outage, Timeline, timeline};
use crate::oracle::Verdict;
use crate::oracle::during::{Sample, Seen};
use crate::scenario::Deed;

fn told(file: &str, lines: Vec<Record>) -> Told<Record> {
    Told { file: file.to_owned(), lines, troubles: Vec::new() }
}

/// Returns the events before one that is so, and another one instead.
fn until(is: impl Fn(&Event) -> bool, last: Event) -> Vec<Record> {
    let mut records: Vec<Record> = events("").into_iter().take_while(|record| !is(&record.event)).collect();
    let at = records.last().unwrap().at;
    records.push(Record { format: FORMAT, sequence: 99, at, event: last });
    records
}

fn steps(call: &Call) -> Vec<&StepRun> {
    call.stages.iter().flat_map(|stage| &stage.steps).collect()
}

fn states(call: &Call) -> Vec<State> {
    steps(call).iter().map(|step| step.state).collect()
}

#[test]
fn a_step_takes_from_the_end_of_the_one_before_it_to_its_own() {
    let calls = calls(&[told("executor.events.jsonl", events(""))]);
    let [call] = &calls[..] else { panic!("{calls:?}") };
    let stages: Vec<&str> = call.stages.iter().map(|stage| stage.words.as_str()).collect();
    assert_eq!(stages, ["packages, on every host", "turn of g1", "turn of g2", "finish"]);
    assert_eq!(call.ending.words, "finished");
    let steps = steps(call);
    let start = steps[7];
    assert_eq!(
        (start.id, start.words.as_str(), &start.hosts[..]),
        (8, "start gluster on g2", &["g2".to_owned()][..])
    );
    let near =
        |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 0.01, "{start:?}");
    near(start.took(), 62.0 - 38.3);
    for (part, expected) in start.parts().into_iter().zip([0.1, 1.8, 21.8]) {
        near(part, expected);
    }
    assert_eq!(start.waits[0].findings, ["HEAL_PENDING vol0: 7 entries"]);
    assert_eq!((steps[8].state, steps[8].acts), (State::AlreadySo, None), "it never acted");
    let all: f64 = steps.iter().filter_map(|step| step.took()).sum();
    assert!(
        (all - 50.5).abs() < 0.01,
        "from the begin of the run to its last step nothing is left out: {all}"
    );
}

#[rstest]
#[case::halted(
    Event::Halted {
        step: 8,
        gate: GateKind::Leave,
        findings: vec![Finding::seen(Code::HealPending, Subject::Pool, "x")],
        waited_seconds: 600,
    },
    State::Halted,
    "halted at the leave gate of step 8, after 600 s"
)]
#[case::failed(
    Event::StepFailed { step: 8, error: "no route".into() },
    State::Failed,
    "step 8 failed: no route"
)]
#[case::killed(Event::StepActed { step: 8, said: String::new() }, State::Midway, "ended midway")]
fn a_run_that_did_not_come_to_its_end_shows_where_it_stands(
    #[case] last: Event,
    #[case] state: State,
    #[case] words: &str,
) {
    let is_last = |event: &Event| matches!(event, Event::GateWaiting { .. });
    let calls = calls(&[told("executor.events.jsonl", until(is_last, last))]);
    let mut expected = vec![State::Done; 7];
    expected.extend([state, State::NotReached]);
    assert_eq!(states(&calls[0]), expected);
    assert_eq!(calls[0].ending.words, words);
    assert_eq!(calls[0].ending.findings.len(), usize::from(state == State::Halted));
}

#[test]
fn a_run_that_is_taken_up_again_goes_on_with_its_plan() {
    let killed = |event: &Event| matches!(event, Event::StepActed { step: 4, .. });
    let first = until(killed, Event::RunResumed { in_doubt: Some(4) });
    let (records, finished) = (events(""), Event::StepFinished { step: 4, how: How::Acted });
    let after = records.iter().position(|record| record.event == finished).unwrap();
    let rest = &records[after..];
    // In the same file, as one that is killed at every event.
    let calls_of_one = calls(&[told("executor.events.jsonl", [&first[..], rest].concat())]);
    assert_eq!(calls_of_one[0].resumed.len(), 1);
    assert_eq!(states(&calls_of_one[0])[3], State::Done);
    assert_eq!(steps(&calls_of_one[0])[3].from, steps(&calls_of_one[0])[2].to, "from its first begin");
    // In another file, by another order.
    let (begun, resumed) = first.split_at(first.len() - 1);
    let second = [resumed, rest].concat();
    let calls =
        calls(&[told("executor.events.jsonl", begun.to_vec()), told("executor-2.events.jsonl", second)]);
    assert_eq!(states(&calls[0])[3], State::Midway);
    let mut expected = vec![State::Before; 3];
    expected.extend([State::Done; 5]);
    expected.push(State::AlreadySo);
    assert_eq!(states(&calls[1]), expected);
}

#[test]
fn a_refusal_has_no_steps_and_all_its_findings() {
    let findings = vec![Finding::unknown(Code::HealPending, Subject::Pool, "not seen")];
    let record =
        Record { format: FORMAT, sequence: 1, at: Timestamp::UNIX_EPOCH, event: Event::Refused { findings } };
    let calls = calls(&[told("executor.events.jsonl", events("")), told("again.events.jsonl", vec![record])]);
    assert!(calls[1].stages.is_empty(), "the plan of the first call is not its own");
    assert_eq!(calls[1].ending.words, "refused");
    assert_eq!(calls[1].ending.findings, ["HEAL_PENDING pool: unknown: not seen"]);
}

fn drawn(strikes: &[Strike], samples: &[Samples]) -> Timeline {
    let calls = calls(&[told("executor.events.jsonl", events(""))]);
    timeline(&calls, strikes, samples, std::iter::empty()).unwrap()
}

fn strike(deed: Deed) -> Strike {
    let at = events("")[4].at;
    let (phase, cue, found) = (String::new(), String::new(), String::new());
    Strike { phase, cue, deed, began: at, done: at, verdict: Verdict::Pass, found }
}

#[test]
fn a_timeline_has_a_lane_for_each_host_that_is_named() {
    let lanes = |strikes: &[Strike]| -> Vec<String> {
        drawn(strikes, &[]).lanes.into_iter().map(|lane| lane.host).collect()
    };
    assert_eq!(lanes(&[]), ["g1", "g2"]);
    let host = || "g3".to_owned();
    let with = [
        strike(Deed::PowerOff { host: host() }),
        strike(Deed::Partition { host: host(), from: vec!["g1".into(), "g2".into()] }),
        strike(Deed::SecondExecutor),
    ];
    assert_eq!(lanes(&with), ["g1", "g2", "g3", "pool"]);
    let words: Vec<String> = drawn(&with, &[]).faults.into_iter().map(|fault| fault.words).collect();
    assert_eq!(words, ["power off (host g3)", "partition (from g1 and g2, host g3)", "second executor"]);
}

#[test]
fn a_bar_reaches_from_a_steps_turn_to_its_end_and_is_full_while_it_acts() {
    let drawn = drawn(&[], &[]);
    assert_eq!(drawn.bars.len(), 9);
    let bar = &drawn.bars[7];
    let (whole, acting) = (bar.whole, bar.acting.unwrap());
    let begin = seconds(events("")[0].at) - 12.0;
    let found = [whole.0, acting.0, acting.1, whole.1].map(|at| ((at - begin) * 10.0).round() / 10.0);
    assert_eq!(found, [38.3, 38.4, 40.2, 62.0]);
    assert_eq!(drawn.bars[8].acting, None, "what was so already was not done");
}

#[rstest]
#[case::all_serve("ssss", &[])]
#[case::out("soos", &[(1, 3, true)])]
#[case::down("sdds", &[(1, 3, true)])]
#[case::nobody_could_look("suus", &[(1, 3, false)])]
#[case::to_the_end("sooo", &[(1, 3, true)])]
#[case::out_then_unseen("sous", &[(1, 2, true), (2, 3, false)])]
#[case::twice("osos", &[(0, 1, true), (2, 3, true)])]
#[case::of_two_bricks_one("shhs", &[(1, 3, true)])]
fn an_outage_lasts_until_a_look_finds_all_bricks_again(
    #[case] looks: &str,
    #[case] expected: &[(u32, u32, bool)],
) {
    let bricks = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let seen = |look: char| match look {
        's' => Seen::Serving { bricks: bricks(&["/a", "/b"]), age: Duration::ZERO },
        'h' => Seen::Serving { bricks: bricks(&["/a"]), age: Duration::ZERO },
        'o' => Seen::Serving { bricks: BTreeSet::new(), age: Duration::ZERO },
        'd' => Seen::KnownDown,
        _ => Seen::Unreadable("silent".into()),
    };
    let sample = |(second, look): (usize, char)| Sample {
        at: Duration::from_secs(second as u64),
        servers: BTreeMap::from([("g1".to_owned(), seen(look))]),
    };
    let samples =
        Samples { begin: Timestamp::UNIX_EPOCH, samples: looks.chars().enumerate().map(sample).collect() };
    let drawn = drawn(&[], &[samples]);
    let expected: Vec<Outage> = expected
        .iter()
        .map(|(from, to, seen)| Outage { from: f64::from(*from), to: f64::from(*to), seen: *seen })
        .collect();
    assert_eq!(drawn.lanes[0].outages, expected);
}

#[test]
fn nothing_that_has_a_time_is_no_timeline() {
    assert_eq!(timeline(&[], &[], &[], std::iter::empty()), None);
    let written = timeline(&[], &[], &[], [1.0, 5.0].into_iter()).unwrap();
    assert_eq!((written.span.from, written.span.to, written.lanes.len()), (1.0, 5.0, 0));
}
