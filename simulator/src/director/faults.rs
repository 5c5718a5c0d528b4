//! Faults: deeds of others that strike while the executor works, each at its cue, in the order in which they are written.

use executor::core::event::{Event, GateKind, Record};
use executor::core::finding::Code;
use executor::core::plan::{Plan, Step};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use super::deeds::{Hands, Struck};
use crate::artifacts::Artifacts;
use crate::images::Say;
use crate::oracle::{Assertion, Judge, Judgement, Verdict};
use crate::report::{FAULTS, Strike};
use crate::scenario::{self, Cue, Deed, Fault};

/// What is asserted of a fault that is to strike, by which they are counted.
pub(super) const STRIKES: &str = "the fault strikes";

/// What is asserted of a deed that mends.
const MENDS: &str = "what was broken is mended";

/// The cue of what is done before an order.
const BEFORE: &str = "before the order";

/// A fault that is due.
pub(super) struct Due {
    /// Its number.
    pub(super) fault: usize,
    /// When it was due. Where a deed before it takes long, that may be over by the time it is to strike.
    moment: Moment,
    /// Dropped when it is done, where the executor is held so long.
    _held: Option<oneshot::Sender<()>>,
}

/// What the executor is at, as its events say.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Moment {
    /// It acts, in this step.
    Acting(u32),
    /// It waits at this gate of this step, for these findings.
    Waiting(u32, GateKind, Vec<Code>),
    /// Anything else.
    Between,
}

impl Moment {
    /// Returns what it is at after an event.
    fn after(&self, event: &Event) -> Self {
        match event {
            Event::StepStarted { step } => Self::Acting(*step),
            Event::GateWaiting { step, gate, findings, .. } => {
                Self::Waiting(*step, *gate, findings.iter().map(|finding| finding.code).collect())
            }
            Event::RunStarted { .. }
            | Event::RunResumed { .. }
            | Event::Refused { .. }
            | Event::NothingToDo
            | Event::GatePassed { .. }
            | Event::StepActed { .. }
            | Event::StepFailed { .. }
            | Event::StepFinished { .. }
            | Event::Paused { .. }
            | Event::Halted { .. }
            | Event::RunFinished => Self::Between,
            Event::InventoryNoted { .. } | Event::PauseAsked { .. } | Event::Noted { .. } => self.clone(),
        }
    }
}

/// What is due, as it comes.
pub(super) struct Dues {
    due: mpsc::UnboundedReceiver<Due>,
    now: watch::Receiver<Moment>,
}

impl Dues {
    /// Waits for the next fault that is due; `None`: the executor has ended.
    async fn next(&mut self) -> Option<Due> {
        self.due.recv().await
    }

    /// Returns whether a fault can strike still at the moment it is written for. The executor is held after a step.
    fn is_timely(&self, due: &Due, cue: &Cue) -> bool {
        match cue {
            Cue::After(_) => true,
            Cue::During { .. } => *self.now.borrow() == due.moment,
            Cue::Waiting { finding, .. } => match (&*self.now.borrow(), &due.moment) {
                (Moment::Waiting(step, gate, codes), Moment::Waiting(was_step, was_gate, _)) => {
                    (step, gate) == (was_step, was_gate) && codes.contains(finding)
                }
                (Moment::Acting(_) | Moment::Waiting(..) | Moment::Between, _) => false,
            },
        }
    }

    /// Returns the numbers of those that are due and were not taken, and whether each is timely.
    #[cfg(test)]
    pub(super) fn waiting(&mut self, faults: &[Fault]) -> Vec<(usize, bool)> {
        let mut all = Vec::new();
        while let Ok(due) = self.due.try_recv() {
            all.push((due.fault, self.is_timely(&due, &faults[due.fault].cue)));
        }
        all
    }
}

/// The ear of the faults: told each event, it passes on what is due. A fault is due once, and none before those that are
/// written above it.
pub(super) struct Ear<'a> {
    faults: &'a [Fault],
    /// How many of them were due by now.
    heard: usize,
    plan: Option<Plan>,
    due: mpsc::UnboundedSender<Due>,
    now: watch::Sender<Moment>,
}

impl<'a> Ear<'a> {
    /// Returns an ear, and where the faults come out that are due.
    pub(super) fn new(faults: &'a [Fault]) -> (Self, Dues) {
        let (sender, due) = mpsc::unbounded_channel();
        let (moment, now) = watch::channel(Moment::Between);
        (Self { faults, heard: 0, plan: None, due: sender, now: moment }, Dues { due, now })
    }

    /// Hears an event; returns what the executor has to wait for.
    pub(super) fn hear(&mut self, record: &Record) -> Vec<oneshot::Receiver<()>> {
        if let Event::RunStarted { plan, .. } = &record.event {
            self.plan = Some((**plan).clone());
        }
        let moment = self.now.borrow().after(&record.event);
        self.now.send_replace(moment.clone());
        let mut held = Vec::new();
        let Some(plan) = &self.plan else { return held };
        while let Some(fault) = self.faults.get(self.heard).filter(|fault| comes(&fault.cue, record, plan)) {
            let holds = match fault.cue {
                Cue::After(_) => true,
                Cue::During { .. } | Cue::Waiting { .. } => false,
            };
            let (sender, receiver) = oneshot::channel();
            held.extend(holds.then_some(receiver));
            // Nobody listens any more once the executor has ended.
            let _ = self.due.send(Due {
                fault: self.heard,
                moment: moment.clone(),
                _held: holds.then_some(sender),
            });
            self.heard += 1;
        }
        held
    }
}

/// Returns whether a cue comes with an event.
fn comes(cue: &Cue, record: &Record, plan: &Plan) -> bool {
    let number = match (cue, &record.event) {
        (Cue::After(_), Event::StepFinished { step, .. })
        | (Cue::During { .. }, Event::StepStarted { step }) => step,
        (Cue::Waiting { finding, .. }, Event::GateWaiting { step, findings, .. })
            if findings.iter().any(|found| found.code == *finding) =>
        {
            step
        }
        (Cue::After(_) | Cue::During { .. } | Cue::Waiting { .. }, _) => return false,
    };
    match cue.step() {
        Some(wanted) => {
            plan.steps().find(|step| step.id == *number).is_some_and(|step| is_named(wanted, step))
        }
        None => true,
    }
}

/// Returns whether a step is the one that a cue names.
fn is_named(wanted: &scenario::Step, step: &Step) -> bool {
    let action = serde_json::to_value(&step.action).ok();
    let is_named = action.and_then(|action| Some(action.as_object()?.contains_key(&wanted.action)));
    is_named == Some(true) && step.action.hosts().iter().any(|host| host.as_str() == wanted.host)
}

/// Does what is due, until the executor has ended; returns whether each fault struck, and how.
pub(super) async fn strike(
    faults: &[Fault],
    hands: &Hands<'_>,
    mut dues: Dues,
    phase: &str,
    say: Say<'_>,
) -> Judgement {
    let never = (Verdict::Unknown, "its moment did not come".to_owned());
    let mut found: Vec<Struck> = vec![never; faults.len()];
    while let Some(due) = dues.next().await {
        let Some(fault) = faults.get(due.fault) else { continue };
        say(&format!("fault: {:?}", fault.deed));
        let began = Timestamp::now();
        let absent = match &fault.cue {
            Cue::During { step, runs: Some(program) } if !hands.runs(&step.host, program).await => {
                Some(format!("{program} did not run on {}", step.host))
            }
            Cue::After(_) | Cue::During { .. } | Cue::Waiting { .. } => None,
        };
        found[due.fault] = match absent {
            Some(absent) => (Verdict::Unknown, absent),
            // Whatever took so long: the deed before it, or the look for the program.
            None if !dues.is_timely(&due, &fault.cue) => {
                (Verdict::Unknown, "its moment was over when its turn came".to_owned())
            }
            None => hands.strike(&fault.deed).await,
        };
        note(hands.call.artifacts, (phase, fault.cue.words()), &fault.deed, began, &found[due.fault]);
        say(&format!("fault: {}", found[due.fault].1));
    }
    let mut judge = Judge::new(phase);
    for (fault, (verdict, found)) in faults.iter().zip(found) {
        judge.assert(name(&fault.deed), fault.cue.words(), verdict, format!("{:?}", fault.deed), found);
    }
    judge.done()
}

/// Returns how many faults struck.
pub(super) fn struck(judgement: &Judgement) -> usize {
    let struck = |assertion: &&Assertion| assertion.name == STRIKES && assertion.verdict == Verdict::Pass;
    judgement.assertions.iter().filter(struck).count()
}

/// Does what is to be done before an order; returns whether each of it was.
pub(super) async fn beforehand(deeds: &[Deed], hands: &Hands<'_>, phase: &str, say: Say<'_>) -> Judgement {
    let mut judge = Judge::new(phase);
    for deed in deeds {
        say(&format!("before it: {deed:?}"));
        let began = Timestamp::now();
        let struck = hands.strike(deed).await;
        note(hands.call.artifacts, (phase, BEFORE.to_owned()), deed, began, &struck);
        let (verdict, found) = struck;
        say(&format!("before it: {found}"));
        judge.assert(name(deed), BEFORE, verdict, format!("{deed:?}"), found);
    }
    judge.done()
}

/// Notes a deed with its time, for the report.
pub(super) fn note(
    artifacts: &Artifacts,
    (phase, cue): (&str, String),
    deed: &Deed,
    began: Timestamp,
    (verdict, found): &Struck,
) {
    let strike = Strike {
        phase: phase.to_owned(),
        cue,
        deed: deed.clone(),
        began,
        done: Timestamp::now(),
        verdict: *verdict,
        found: found.clone(),
    };
    let line = serde_json::to_string(&strike).unwrap_or_else(|error| format!("\"{error}\""));
    // Its verdict is in the report all the same.
    if let Err(error) = artifacts.append(FAULTS, &line) {
        tracing::warn!(%error, "the time of a fault could not be kept");
    }
}

fn name(deed: &Deed) -> &'static str {
    if deed.mends() { MENDS } else { STRIKES }
}
