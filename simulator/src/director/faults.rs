//! Deeds of others: what somebody does to a pool before the executor is started, or while it works.

use executor::core::event::{Event, Record};
use executor::core::plan::Plan;
use tokio::sync::mpsc;

use crate::images::Say;
use crate::oracle::{Judge, Judgement, Verdict};
use crate::pool::{Pool, PoolError};
use crate::scenario::{Cue, Deed, Fault};

impl Deed {
    /// Does it.
    ///
    /// # Errors
    /// When Gluster refuses it.
    pub(super) async fn strike(&self, pool: &Pool) -> Result<(), PoolError> {
        let Some(server) = pool.servers().last() else { return Ok(()) };
        match self {
            Self::SetOption { volume, option, value } => {
                pool.change(server, &["volume", "set", volume, option, value]).await
            }
            Self::ResetOption { volume, option } => {
                pool.change(server, &["volume", "reset", volume, option]).await
            }
        }
    }
}

/// The ear of the faults: told each event, it passes on the ones that are a cue.
pub(super) struct Ear<'a> {
    faults: &'a [Fault],
    plan: Option<Plan>,
    cues: mpsc::UnboundedSender<usize>,
}

impl<'a> Ear<'a> {
    /// Returns an ear, and where the numbers of the faults come out that are due.
    pub(super) fn new(faults: &'a [Fault]) -> (Self, mpsc::UnboundedReceiver<usize>) {
        let (cues, due) = mpsc::unbounded_channel();
        (Self { faults, plan: None, cues }, due)
    }

    /// Hears an event.
    pub(super) fn hear(&mut self, record: &Record) {
        if let Event::RunStarted { plan, .. } = &record.event {
            self.plan = Some((**plan).clone());
        }
        let Event::StepFinished { step, .. } = &record.event else { return };
        let Some(plan) = &self.plan else { return };
        let Some(step) = plan.steps().find(|other| other.id == *step) else { return };
        let due = self.faults.iter().enumerate().filter(|(_, fault)| is_cue(&fault.after, step));
        for (number, _) in due {
            // Nobody listens any more once the executor has ended.
            let _ = self.cues.send(number);
        }
    }
}

/// Returns whether a step is the one that a cue names.
fn is_cue(cue: &Cue, step: &executor::core::plan::Step) -> bool {
    let named = serde_json::to_value(&step.action).ok();
    let is_named = named.and_then(|named| Some(named.as_object()?.contains_key(&cue.step)));
    is_named == Some(true) && step.action.hosts().iter().any(|host| host.as_str() == cue.host)
}

/// Does what is due, until the executor has ended; returns whether each fault struck, and how.
pub(super) async fn strike(
    faults: &[Fault],
    pool: &Pool,
    mut due: mpsc::UnboundedReceiver<usize>,
    phase: &str,
    say: Say<'_>,
) -> Judgement {
    let mut found: Vec<Result<(), String>> = vec![Err("its moment did not come".to_owned()); faults.len()];
    while let Some(number) = due.recv().await {
        let Some(fault) = faults.get(number) else { continue };
        say(&format!("fault: {:?}", fault.deed));
        found[number] = fault.deed.strike(pool).await.map_err(|error| error.to_string());
    }
    let mut judge = Judge::new(phase);
    for (fault, found) in faults.iter().zip(found) {
        let subject = format!("{} on {}", fault.after.step, fault.after.host);
        let verdict = if found.is_ok() { Verdict::Pass } else { Verdict::Unknown };
        let found = found.map_or_else(|reason| reason, |()| "it struck".to_owned());
        judge.assert("the fault strikes", subject, verdict, format!("{:?}", fault.deed), found);
    }
    judge.done()
}
