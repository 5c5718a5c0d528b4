//! The events of a run: what the journal stores, what `--events` prints, what the simulator reads.
//!
//! Wire types. A change here bumps [`FORMAT`] and adds a line to its changelog; readers refuse a newer format.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::baseline::Noted;
use super::declared::Declared;
use super::finding::Finding;
use super::plan::Plan;

/// The version of the event format.
///
/// 1: the first.
/// 2: plans carry their baseline; `noted`.
/// 3: plans prove volumes by a file, and know which units start at boot and why a server comes last; baselines carry the
///    entries that are known as stale; the check that no good copy is on one server alone.
/// 4: `inventory_noted`, `pause_asked`, `paused`; plans have a direction, up or back, and may be of some servers only;
///    lines of the journal, though not of `--events`, end with a checksum.
pub const FORMAT: u32 = 4;

/// An event with its place in the run: one line of the journal, or of `--events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// See [`FORMAT`].
    pub format: u32,
    /// Counted from 1 within the journal.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened. Past tense: each is written once it is so, but for `step_started`, which is written
/// *before* the act, so that no act is without a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A run began with this plan.
    RunStarted {
        /// The program's version.
        version: String,
        /// What identifies the pool: a digest of its servers' UUIDs.
        pool: String,
        /// The plan.
        plan: Box<Plan>,
    },
    /// No run began: the pool is not fit. Told to readers of events; no journal is begun for it.
    Refused {
        /// What stands in the way.
        findings: Vec<Finding>,
    },
    /// No run began: there is nothing to do. Told to readers of events; no journal is begun for it.
    NothingToDo,
    /// A run that ended midway is taken up again.
    RunResumed {
        /// The step that had been started and not finished.
        in_doubt: Option<u32>,
    },
    /// The inventory was noted with which the run goes on from here: when it began, and when it was taken up again
    /// with another one.
    InventoryNoted {
        /// The hosts, without anything secret.
        declared: Declared,
    },
    /// The operator asked the run to stop where nothing is out. It goes on until then.
    PauseAsked {
        /// The step before which it will stop; none where it runs to its end.
        before: Option<u32>,
    },
    /// The run stopped before this step, as it was asked to: nothing is out because of it.
    Paused {
        /// The step, which was not begun.
        step: u32,
    },
    /// A gate is not open, and why; written when the reasons change.
    GateWaiting {
        /// The step.
        step: u32,
        /// Which of its gates.
        gate: GateKind,
        /// What is not so yet.
        findings: Vec<Finding>,
        /// How long it will be waited for from now on, in seconds.
        patience_seconds: u64,
    },
    /// A gate opened.
    GatePassed {
        /// The step.
        step: u32,
        /// Which of its gates.
        gate: GateKind,
    },
    /// What runs on the servers was noted before the step acts, for later gates to compare with.
    Noted {
        /// The step.
        step: u32,
        /// What runs.
        noted: Noted,
    },
    /// The step is about to act.
    StepStarted {
        /// The step.
        step: u32,
    },
    /// The step's action is done; its leave gate is still to be passed.
    StepActed {
        /// The step.
        step: u32,
        /// What the host said about it, shortened.
        said: String,
    },
    /// The step is finished: its leave gate was passed.
    StepFinished {
        /// The step.
        step: u32,
        /// Whether it acted or found its effect there.
        how: How,
    },
    /// The step's action failed, or it is not known how it ended.
    StepFailed {
        /// The step.
        step: u32,
        /// Why.
        error: String,
    },
    /// The run stopped at a gate.
    Halted {
        /// The step.
        step: u32,
        /// Which of its gates.
        gate: GateKind,
        /// What it waited for in vain.
        findings: Vec<Finding>,
        /// How long it waited, in seconds.
        waited_seconds: u64,
    },
    /// All steps are finished.
    RunFinished,
}

/// The gates of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// Before the act.
    Enter,
    /// Before the act is taken up again.
    Reenter,
    /// After the act.
    Leave,
}

impl std::fmt::Display for GateKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Enter => "enter",
            Self::Reenter => "reenter",
            Self::Leave => "leave",
        })
    }
}

/// How a step came to be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It acted.
    Acted,
    /// Its effect was there already; nothing was touched.
    AlreadySo,
}
