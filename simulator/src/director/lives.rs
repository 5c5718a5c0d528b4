//! An executor that is killed at every event and asked to go on, until it comes to its end.

use std::collections::BTreeSet;

use executor::core::event::Record;
use tokio::sync::oneshot;

use super::performance::{Call, ExecutorError, Performance, Then, perform};
use crate::artifacts::Artifacts;
use crate::scenario::{Ask, Order};

/// The lives of an executor, as one performance, and how often it was killed.
pub(super) struct Lives {
    /// All that it said, from its first start to its last end.
    pub(super) performance: Performance,
    /// How many of its lives ended by SIGKILL.
    pub(super) killed: usize,
}

/// Runs the executor to its end, as one that is killed where the order says so.
///
/// # Errors
/// When it cannot be run, or when the operator interrupts; it has ended by then.
pub(super) async fn perform_lives(
    call: &Call<'_>,
    name: &str,
    hear: &mut dyn FnMut(&Record) -> Vec<oneshot::Receiver<()>>,
) -> Result<Lives, ExecutorError> {
    if call.order.killed_at_every_event {
        return perform_killed(call, name, hear).await;
    }
    let mut then = |record: &Record| {
        let until = hear(record);
        if until.is_empty() { Then::GoesOn } else { Then::IsHeld(until) }
    };
    let performance = perform(call, name, &mut then).await?;
    Ok(Lives { performance, killed: 0 })
}

/// Runs the executor, kills it as soon as it tells something that it has never told before, and resumes, as often as that
/// happens. Every life but the last one brings a new event, so that they come to an end.
async fn perform_killed(
    call: &Call<'_>,
    name: &str,
    hear: &mut dyn FnMut(&Record) -> Vec<oneshot::Receiver<()>>,
) -> Result<Lives, ExecutorError> {
    // What was asked for is in the journal.
    let resume = Order {
        ask: Ask::Resume,
        offline: false,
        keep_op_version: false,
        waive: Vec::new(),
        ..call.order.clone()
    };
    let resumed = Call { order: &resume, waive: &[], ..call.clone() };
    let (mut seen, mut killed) = (BTreeSet::new(), 0);
    let mut lives: Option<Performance> = None;
    loop {
        let killed_before = seen.len();
        let mut then = |record: &Record| {
            drop(hear(record));
            // What came after the event that it is killed for is met again, or was written before the kill.
            if seen.len() > killed_before || !seen.insert(moment(record)) {
                return Then::GoesOn;
            }
            (resumed.say)(&format!("kill {}: at {}", seen.len(), moment(record)));
            Then::IsKilled
        };
        let call = if lives.is_none() { call } else { &resumed };
        let life = perform(call, name, &mut then).await?;
        // One that had just come to its end ends by itself, whatever it is sent.
        killed += usize::from(life.exit.is_none());
        let performance = match lives.take() {
            None => life,
            Some(before) => Performance {
                exit: life.exit,
                events: [before.events, life.events].concat(),
                garbled: [before.garbled, life.garbled].concat(),
                from: before.from,
                to: life.to,
            },
        };
        if seen.len() == killed_before {
            let performance =
                Performance { events: journal(call.artifacts, performance.events), ..performance };
            return Ok(Lives { performance, killed });
        }
        lives = Some(performance);
    }
}

/// Returns the events of the run's journal: what was written just before a kill, nobody has heard. What was heard stands
/// for it where it cannot be read, and falls short of the end then.
fn journal(artifacts: &Artifacts, heard: Vec<Record>) -> Vec<Record> {
    let runs = std::fs::read_dir(artifacts.path("state").join("runs")).into_iter().flatten().flatten();
    let Some(last) = runs.map(|run| run.path()).max() else { return heard };
    let Ok(text) = std::fs::read_to_string(last.join("journal.jsonl")) else { return heard };
    let records: Result<Vec<Record>, _> = text.lines().map(serde_json::from_str).collect();
    records.unwrap_or(heard)
}

/// Returns what an event is, whenever it comes: its kind, its step, which of the gates.
fn moment(record: &Record) -> String {
    let event = serde_json::to_value(&record.event).unwrap_or_default();
    let words = ["kind", "step", "gate"].into_iter().filter_map(|key| match &event[key] {
        serde_json::Value::Null => None,
        serde_json::Value::String(word) => Some(word.clone()),
        other => Some(other.to_string()),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use executor::core::event::{Event, GateKind, How};

    use super::*;

    #[test]
    fn a_moment_is_the_same_whenever_it_comes() {
        let at = |event: Event, sequence: u64| {
            moment(&Record { format: 1, sequence, at: jiff::Timestamp::UNIX_EPOCH, event })
        };
        let passed = |step, gate| Event::GatePassed { step, gate };
        assert_eq!(at(passed(3, GateKind::Leave), 7), "gate_passed 3 leave");
        assert_eq!(at(passed(3, GateKind::Leave), 9), at(passed(3, GateKind::Leave), 7));
        assert_eq!(at(Event::StepFinished { step: 3, how: How::Acted }, 7), "step_finished 3");
        assert_eq!(at(Event::RunResumed { in_doubt: Some(3) }, 7), "run_resumed");
    }
}
