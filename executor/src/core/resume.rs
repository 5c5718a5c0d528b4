//! What a journal says of its run: the plan, how far it came, what is in doubt.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::baseline::Noted;
use super::declared::Declared;
use super::event::{Event, GateKind, Record};
use super::finding::Finding;
use super::plan::Plan;

/// How many of the last looks at a gate are kept: a halt shows what became of the wait, not all of it.
const LOOKS_KEPT: usize = 3;

/// How far a run came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The pool it was made for.
    pub pool: String,
    /// Its plan.
    pub plan: Plan,
    /// Steps whose leave gate was passed.
    pub finished: BTreeSet<u32>,
    /// The step that was started and not finished: done, half done, or not begun. Only looking tells.
    pub in_doubt: Option<u32>,
    /// What was noted last, when the turn of a server began.
    pub noted: Option<Noted>,
    /// The last event that says how the run stands, where it stopped by itself.
    pub stopped: Option<Event>,
    /// Whether every step is finished.
    pub complete: bool,
    /// When what happened, and what for.
    pub trail: Trail,
}

/// What the records tell besides how far the run came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// When the run began.
    pub began: Option<Timestamp>,
    /// When the last record was written.
    pub last: Option<Timestamp>,
    /// The inventory it went on with last; none in journals of format 3 and before.
    pub declared: Option<Declared>,
    /// The last looks at the gate it waits for, or waited for in vain, the latest last.
    pub looks: Vec<Look>,
}

/// A look at a gate that was not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// The step.
    pub step: u32,
    /// Which of its gates.
    pub gate: GateKind,
    /// What was not so.
    pub findings: Vec<Finding>,
}

impl Trail {
    /// Takes in one more record.
    fn follow(&mut self, record: &Record) {
        self.began = self.began.or(Some(record.at));
        self.last = Some(record.at);
        match &record.event {
            Event::InventoryNoted { declared } => self.declared = Some(declared.clone()),
            Event::GateWaiting { step, gate, findings, patience_seconds: _ } => {
                self.looks.retain(|look| (look.step, look.gate) == (*step, *gate));
                if self.looks.len() == LOOKS_KEPT {
                    self.looks.remove(0);
                }
                let findings = findings.clone();
                self.looks.push(Look { at: record.at, step: *step, gate: *gate, findings });
            }
            Event::RunStarted { .. }
            | Event::RunResumed { .. }
            | Event::GatePassed { .. }
            | Event::StepStarted { .. }
            | Event::StepFinished { .. } => self.looks.clear(),
            Event::Refused { .. }
            | Event::NothingToDo
            | Event::PauseAsked { .. }
            | Event::Paused { .. }
            | Event::Noted { .. }
            | Event::StepActed { .. }
            | Event::StepFailed { .. }
            | Event::Halted { .. }
            | Event::RunFinished => {}
        }
    }
}

/// Reads a run's progress from its records. `None` where the run never came to its plan.
pub fn progress(records: &[Record]) -> Option<Progress> {
    let mut progress: Option<Progress> = None;
    for record in records {
        if let Event::RunStarted { pool, plan, .. } = &record.event {
            progress = Some(Progress {
                pool: pool.clone(),
                plan: (**plan).clone(),
                finished: BTreeSet::new(),
                in_doubt: None,
                noted: None,
                stopped: None,
                complete: false,
                trail: Trail::default(),
            });
        }
        let Some(progress) = &mut progress else { continue };
        progress.trail.follow(record);
        match &record.event {
            Event::RunStarted { .. }
            | Event::Refused { .. }
            | Event::NothingToDo
            | Event::InventoryNoted { .. }
            | Event::PauseAsked { .. }
            | Event::GateWaiting { .. }
            | Event::GatePassed { .. }
            | Event::StepActed { .. } => {}
            Event::RunResumed { .. } => progress.stopped = None,
            Event::Noted { noted, .. } => progress.noted = Some(noted.clone()),
            Event::StepStarted { step } => progress.in_doubt = Some(*step),
            Event::StepFinished { step, .. } => {
                progress.finished.insert(*step);
                progress.in_doubt = progress.in_doubt.filter(|doubt| doubt != step);
            }
            Event::StepFailed { .. } | Event::Halted { .. } | Event::Paused { .. } => {
                progress.stopped = Some(record.event.clone());
            }
            Event::RunFinished => progress.complete = true,
        }
    }
    progress
}

#[cfg(test)]
mod tests {
    use super::super::baseline::Baseline;
    use super::super::event::{FORMAT, How};
    use super::super::plan::Plan;
    use super::*;

    fn records(events: Vec<Event>) -> Vec<Record> {
        let number = |(at, event)| Record {
            format: FORMAT,
            sequence: at as u64 + 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            event,
        };
        events.into_iter().enumerate().map(number).collect()
    }

    fn started() -> Event {
        let plan = Plan {
            to: "11.1".parse().unwrap(),
            direction: Default::default(),
            only: Default::default(),
            procedure: Default::default(),
            op_version_now: super::super::names::OpVersion(100_000),
            op_version_then: super::super::names::OpVersion(110_000),
            op_version_kept: false,
            servers: Vec::new(),
            clients: Vec::new(),
            clients_at_once: 1,
            transactions: Vec::new(),
            stages: Vec::new(),
            answered: Vec::new(),
            advice: Vec::new(),
            waived: Vec::new(),
            waivers: Vec::new(),
            baseline: Baseline {
                op_version: super::super::names::OpVersion(100_000),
                clients: Default::default(),
                configuration: Default::default(),
                known_entries: Default::default(),
                units: Default::default(),
            },
            left_to_do: Vec::new(),
        };
        Event::RunStarted { version: "0".into(), pool: "p".into(), plan: Box::new(plan) }
    }

    #[test]
    fn nothing_is_known_before_the_plan_is_written() {
        assert_eq!(progress(&[]), None);
    }

    #[test]
    fn a_started_step_is_in_doubt_until_it_is_finished() {
        let mut events = vec![started(), Event::StepStarted { step: 1 }];
        assert_eq!(progress(&records(events.clone())).unwrap().in_doubt, Some(1));
        events.push(Event::StepActed { step: 1, said: String::new() });
        assert_eq!(progress(&records(events.clone())).unwrap().in_doubt, Some(1), "acted, but not left");
        events.push(Event::StepFinished { step: 1, how: How::Acted });
        let found = progress(&records(events)).unwrap();
        assert_eq!((found.in_doubt, found.finished.contains(&1)), (None, true));
    }

    #[test]
    fn the_last_looks_at_a_gate_are_kept_until_it_opens() {
        let look = |step, what: &str| Event::GateWaiting {
            step,
            gate: GateKind::Enter,
            findings: vec![Finding::seen(
                super::super::finding::Code::HealPending,
                super::super::finding::Subject::Pool,
                what,
            )],
            patience_seconds: 1,
        };
        let mut events = vec![started()];
        events.extend(["a", "b", "c", "d"].map(|what| look(1, what)));
        let seen = |events: &[Event]| -> Vec<String> {
            let looks = progress(&records(events.to_vec())).unwrap().trail.looks;
            looks.iter().map(|look| look.findings[0].what.clone()).collect()
        };
        assert_eq!(seen(&events), ["b", "c", "d"]);
        assert_eq!(seen(&[events.clone(), vec![look(2, "e")]].concat()), ["e"], "another gate");
        events.push(Event::GatePassed { step: 1, gate: GateKind::Enter });
        assert_eq!(seen(&events), [""; 0]);
    }

    #[test]
    fn a_paused_run_is_stopped_and_nothing_is_in_doubt() {
        let found = progress(&records(vec![started(), Event::Paused { step: 4 }])).unwrap();
        assert_eq!((found.stopped, found.in_doubt), (Some(Event::Paused { step: 4 }), None));
    }

    #[test]
    fn a_resumed_run_is_no_longer_stopped() {
        let failed = Event::StepFailed { step: 1, error: "x".into() };
        let mut events = vec![started(), Event::StepStarted { step: 1 }, failed.clone()];
        assert_eq!(progress(&records(events.clone())).unwrap().stopped, Some(failed));
        events.push(Event::RunResumed { in_doubt: Some(1) });
        assert_eq!(progress(&records(events)).unwrap().stopped, None);
    }
}
