//! The runner: one small loop. Wait for a gate, write the journal, act, wait for a gate, write the journal.
//!
//! It looks at the pool before it acts, every time, so that a first run and a resumed one are the same code:
//!
//! 1. a step whose effect is there already is finished without touching anything;
//! 2. otherwise its enter gate is waited for — the reenter gate if an earlier run ended within this step;
//! 3. `step_started` goes to the disk, then the action to the host;
//! 4. its leave gate is waited for, and `step_finished` goes to the disk.
//!
//! Where it was asked to pause, it stops before the next step that may wait (`core::pause`), also while it waits for that
//! step's enter gate. A gate that does not open within its patience halts the run. An action that fails, or whose end is not
//! known, stops it too: what became of it is settled by looking, in the next run.

mod patience;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::act;
use crate::claims;
use crate::core::baseline::{Before, Noted};
use crate::core::check::{Check, Fact, look_all};
use crate::core::claim::Claim;
use crate::core::event::{Event, GateKind, How, Record};
use crate::core::finding::Finding;
use crate::core::inventory::Inventory;
use crate::core::pause;
use crate::core::plan::{Action, Gate, Plan, Step};
use crate::core::pool::PoolState;
use crate::core::resume::Progress;
use crate::journal::{Journal, JournalError, Pause};
use crate::observe::{self, Scope};
use crate::transport::Transport;

use patience::Patience;

/// How long to wait between two looks at the pool, at first.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long at most. Each look has every server run a dozen commands: what takes hours needs none every second.
const LONGEST_INTERVAL: Duration = Duration::from_secs(15);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Every step is finished.
    Finished,
    /// A gate did not open.
    Halted {
        /// The step.
        step: u32,
        /// Which of its gates.
        gate: GateKind,
        /// What it waited for.
        findings: Vec<Finding>,
        /// How long.
        waited_seconds: u64,
    },
    /// An action failed, or it is not known how it ended.
    Failed {
        /// The step.
        step: u32,
        /// Why.
        error: String,
    },
    /// It stopped where nothing is out, since it was asked to.
    Paused {
        /// The step, which was not begun.
        step: u32,
    },
}

/// Why a run could not go on at all.
#[derive(Debug, Error)]
pub enum RunError {
    /// Nothing is done that is not in the journal first.
    #[error("the journal cannot be written, so nothing more is done")]
    Journal(#[from] JournalError),
}

/// Runs the steps of a plan.
pub struct Runner<'a> {
    /// The way to the hosts.
    pub transport: &'a dyn Transport,
    /// The hosts.
    pub inventory: &'a Inventory,
    /// Where events are written first.
    pub journal: Journal,
    /// Who is told of each event after that.
    pub listener: &'a mut dyn FnMut(&Record),
    /// The name of the run, for what is kept on hosts.
    pub run: String,
    /// What it has claimed the servers with: it acts for as long as nobody has taken them over.
    pub claim: Option<&'a Claim>,
    /// What was noted when the turn began that is under way; `None` before the first.
    pub noted: Option<Noted>,
}

impl Runner<'_> {
    /// Runs every step that is not finished yet.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn run(&mut self, progress: &Progress) -> Result<End, RunError> {
        let plan = &progress.plan;
        for step in plan.steps().filter(|step| !progress.finished.contains(&step.id)) {
            let again = progress.in_doubt == Some(step.id);
            if let Some(end) = self.step(plan, step, again).await? {
                return Ok(end);
            }
        }
        self.tell(Event::RunFinished)?;
        Ok(End::Finished)
    }

    fn tell(&mut self, event: Event) -> Result<(), RunError> {
        let record = self.journal.append(event)?;
        (self.listener)(&record);
        Ok(())
    }

    /// Looks whether the run was asked to pause, and stops it where it may stop; says once where that will be.
    fn pause(&mut self, plan: &Plan, step: &Step, gate: GateKind) -> Result<Option<End>, RunError> {
        let wish = self.journal.pause();
        let not_begun = matches!(gate, GateKind::Enter);
        match wish {
            Pause::NotAsked => Ok(None),
            Pause::Asked { .. } if not_begun && pause::may_pause_before(plan, step.id) => {
                self.tell(Event::Paused { step: step.id })?;
                Ok(Some(End::Paused { step: step.id }))
            }
            Pause::Asked { first: true } => {
                let before = pause::next_pause(plan, step.id + 1);
                self.tell(Event::PauseAsked { before })?;
                Ok(None)
            }
            Pause::Asked { first: false } => Ok(None),
        }
    }

    /// Runs one step. `None`: it is finished.
    async fn step(&mut self, plan: &Plan, step: &Step, again: bool) -> Result<Option<End>, RunError> {
        let begun = if again { GateKind::Reenter } else { GateKind::Enter };
        if let Some(end) = self.pause(plan, step, begun)? {
            return Ok(Some(end));
        }
        let how = if self.effect_is_there(step).await {
            self.note(plan, step, again).await?;
            How::AlreadySo
        } else {
            let gate = if again { &step.reenter } else { &step.enter };
            if let Some(halt) = self.wait(plan, step, gate, begun).await? {
                return Ok(Some(halt));
            }
            self.note(plan, step, again).await?;
            let action = self.left(step).await;
            // Last of all: what is seen here is to hold for what is done next.
            if let Some(end) = self.taken_over(step, begun).await? {
                return Ok(Some(end));
            }
            self.tell(Event::StepStarted { step: step.id })?;
            match act::act(self.transport, &action, &self.run).await {
                Ok(said) => self.tell(Event::StepActed { step: step.id, said })?,
                Err(error) => {
                    let error = self.with_hosts_away(error.to_string()).await;
                    self.tell(Event::StepFailed { step: step.id, error: error.clone() })?;
                    return Ok(Some(End::Failed { step: step.id, error }));
                }
            }
            How::Acted
        };
        if let Some(halt) = self.wait(plan, step, &step.leave, GateKind::Leave).await? {
            return Ok(Some(halt));
        }
        self.tell(Event::StepFinished { step: step.id, how })?;
        Ok(None)
    }

    /// Looks before an act whether the servers are this run's still. `None`: they are.
    async fn taken_over(&mut self, step: &Step, gate: GateKind) -> Result<Option<End>, RunError> {
        let Some(claim) = self.claim else { return Ok(None) };
        let findings = claims::lost(self.transport, self.inventory, claim).await;
        if findings.is_empty() {
            return Ok(None);
        }
        let (step, waited_seconds) = (step.id, 0);
        self.tell(Event::Halted { step, gate, findings: findings.clone(), waited_seconds })?;
        Ok(Some(End::Halted { step, gate, findings, waited_seconds }))
    }

    /// Notes what runs on the servers, where the step begins a turn. One that is taken up again began before,
    /// and its note stands.
    async fn note(&mut self, plan: &Plan, step: &Step, again: bool) -> Result<(), RunError> {
        if !begins_turn(plan, step) || (again && self.noted.is_some()) {
            return Ok(());
        }
        let scope = Scope::of([]).and(Fact::Daemons);
        let state = observe::look(self.transport, self.inventory, &scope).await;
        let noted = Noted::of(&state);
        self.noted = Some(noted.clone());
        self.tell(Event::Noted { step: step.id, noted })
    }

    /// Looks at the pool, next to what its gates compare it with.
    async fn look(&self, plan: &Plan, scope: &Scope, last: Option<Noted>) -> PoolState {
        let mut state = observe::look(self.transport, self.inventory, scope).await;
        let before = Before {
            start: Some(plan.baseline.clone()),
            turn: self.noted.clone(),
            last,
            ..Before::default()
        };
        state.before = Arc::new(before);
        state
    }

    /// Looks whether the action is wholly done already.
    async fn effect_is_there(&self, step: &Step) -> bool {
        let effect = step.action.effect();
        if effect.is_empty() {
            return false;
        }
        let state = observe::look(self.transport, self.inventory, &Scope::of(&effect)).await;
        look_all(&effect, &state).is_empty()
    }

    /// Adds to an error which hosts are not reached by then. Where Gluster needs all servers for a command, it says no more
    /// than that it failed.
    async fn with_hosts_away(&self, error: String) -> String {
        let checks = [Check::Reached];
        let state = observe::look(self.transport, self.inventory, &Scope::of(&checks)).await;
        let away = look_all(&checks, &state).into_iter().map(|finding| format!("\nbesides, {finding}"));
        std::iter::once(error).chain(away).collect()
    }

    /// Looks which parts of an action on several servers are done already, and returns it without them.
    async fn left(&self, step: &Step) -> Action {
        let state = match &step.action {
            Action::Together { .. } => {
                observe::look(self.transport, self.inventory, &Scope::of(&step.action.effects())).await
            }
            single => return single.clone(),
        };
        step.action.left(|effect| look_all(effect, &state).is_empty())
    }

    /// Waits for a gate. `None`: it opened.
    async fn wait(
        &mut self,
        plan: &Plan,
        step: &Step,
        gate: &Gate,
        kind: GateKind,
    ) -> Result<Option<End>, RunError> {
        let mut patience = Patience::begin(Duration::from_secs(gate.patience_seconds));
        let mut last: Vec<Finding> = Vec::new();
        let mut passes = 0;
        let scope = Scope::of(&gate.checks);
        let mut last_noted: Option<Noted> = None;
        loop {
            if let Some(end) = self.pause(plan, step, kind)? {
                return Ok(Some(end));
            }
            let state = self.look(plan, &scope, last_noted.take()).await;
            last_noted = gate.checks.contains(&Check::BricksSteady).then(|| Noted::of(&state));
            let findings: Vec<Finding> = look_all(&gate.checks, &state)
                .into_iter()
                .filter(|finding| !plan.waivers.iter().any(|waiver| waiver.covers(finding)))
                .collect();
            if findings.is_empty() {
                passes += 1;
                if passes >= gate.settle.max(1) {
                    self.tell(Event::GatePassed { step: step.id, gate: kind })?;
                    return Ok(None);
                }
            } else {
                passes = 0;
            }
            patience.note(&findings);
            // A gate in the middle of its passing looks is not given up; the next look decides.
            if patience.left().is_zero() && passes == 0 {
                let waited_seconds = patience.waited().as_secs();
                let halt =
                    Event::Halted { step: step.id, gate: kind, findings: findings.clone(), waited_seconds };
                self.tell(halt)?;
                return Ok(Some(End::Halted { step: step.id, gate: kind, findings, waited_seconds }));
            }
            if findings != last && !findings.is_empty() {
                let patience_seconds = patience.left().as_secs();
                last.clone_from(&findings);
                self.tell(Event::GateWaiting { step: step.id, gate: kind, findings, patience_seconds })?;
            }
            let interval = if passes > 0 { LOOK_INTERVAL } else { interval(patience.waited()) };
            self.rest(interval.min(patience.left().max(LOOK_INTERVAL))).await;
        }
    }

    /// Rests until the next look, or until somebody asks for a pause.
    async fn rest(&self, interval: Duration) {
        let end = Instant::now() + interval;
        while Instant::now() < end && !self.journal.has_a_new_wish_to_pause() {
            sleep(LOOK_INTERVAL.min(end - Instant::now())).await;
        }
    }
}

/// Returns how long to wait between two looks at a gate that has been waited for so long already.
fn interval(waited: Duration) -> Duration {
    (waited / 20).clamp(LOOK_INTERVAL, LONGEST_INTERVAL)
}

/// Returns whether a turn begins with this step: with the stop, or with the start where the server is out
/// already. A download before that touches nothing, and may be hours earlier.
fn begins_turn(plan: &Plan, step: &Step) -> bool {
    let touches =
        |step: &&Step| matches!(step.action, Action::StopGluster { .. } | Action::StartGluster { .. });
    plan.stages.iter().any(|stage| stage.steps.iter().find(touches).is_some_and(|first| first.id == step.id))
}
