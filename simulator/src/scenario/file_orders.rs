//! The file as it is written, its second half: what is asked of the executor, what is done to the pool meanwhile, and
//! what is expected.

use schemars::JsonSchema;
use serde::Deserialize;

use super::placed::Placed;
use super::{Ask, Deed, Outcome, Which};
use crate::oracle::Stored;

/// One call of the executor, and how it is to end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// The command.
    #[serde(default)]
    pub(super) ask: Ask,
    /// The pool.
    #[serde(default)]
    pub(super) on: Which,
    /// For run the target; for rollback where it is to come back to, which the executor is not told. A matrix of releases
    /// takes its place.
    pub(super) to: Option<Placed<String>>,
    /// All servers together, within a downtime.
    #[serde(default)]
    pub(super) offline: bool,
    /// The op-version stays what it is.
    #[serde(default)]
    pub(super) keep_op_version: bool,
    /// Findings to waive, as CODE:SUBJECT; a client's name stands for its address.
    #[serde(default)]
    pub(super) waive: Vec<Placed<String>>,
    /// How many clients are upgraded too, at once; 0 leaves them alone.
    #[serde(default)]
    pub(super) clients_at_once: usize,
    /// What an operator does first.
    #[serde(default)]
    pub(super) before: Vec<Placed<Deed>>,
    /// What somebody does meanwhile, each once and in this order.
    #[serde(default)]
    pub(super) faults: Vec<Placed<Fault>>,
    /// SIGKILL as soon as it tells an event for the first time, then `resume`, to the end.
    #[serde(default)]
    pub(super) killed_at_every_event: bool,
    /// How it ends.
    pub(super) outcome: Placed<Outcome>,
    /// For halted and refused: these findings, as CODE:SUBJECT, and nothing but what `may_find` has.
    #[serde(default)]
    pub(super) findings: Vec<Placed<String>>,
    /// For halted and refused: codes that may be found besides, of whatever subject.
    #[serde(default)]
    pub(super) may_find: Vec<Placed<String>>,
    /// For failed: words of the error.
    pub(super) says: Option<Placed<String>>,
    /// For halted and failed: the servers that are at the target by then.
    #[serde(default)]
    pub(super) upgraded: Vec<Placed<String>>,
    /// For halted and failed: the servers without power by then.
    #[serde(default)]
    pub(super) down: Vec<Placed<String>>,
    /// For halted and failed: the servers that have power and serve no brick by then.
    #[serde(default)]
    pub(super) out: Vec<Placed<String>>,
}

/// What somebody does while the executor works, and its cue: one of `after`, `during` and `waiting`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// When this step is finished; the executor is held until the deed is done.
    pub(super) after: Option<Step>,
    /// When this step has begun.
    pub(super) during: Option<During>,
    /// When the executor waits at a gate for this finding.
    pub(super) waiting: Option<Waiting>,
    /// What is done.
    pub(super) deed: Placed<Deed>,
}

/// A step of the executor's plan.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// What it does, as events call it, such as "install".
    pub(super) step: String,
    /// The host that it is done on.
    pub(super) host: Placed<String>,
}

/// A step that has begun.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct During {
    /// What it does, as events call it, such as "install".
    pub(super) step: String,
    /// The host that it is done on.
    pub(super) host: Placed<String>,
    /// A program that has to run on the host by then, such as "dpkg".
    pub(super) runs: Option<String>,
}

/// A gate that does not open yet: of a step on a host, or, with neither of them, of any step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    /// What the step does, as events call it.
    pub(super) step: Option<String>,
    /// The host that it is done on.
    pub(super) host: Option<Placed<String>>,
    /// The finding's code, such as "BRICK_OFFLINE".
    pub(super) finding: Placed<String>,
}

/// What is expected of all of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    /// The longest that an operation of the client may take.
    pub(super) longest_stall_seconds: u64,
    /// How the servers have stored the volumes in the end.
    pub(super) stored: Stored,
    /// Why a file that was renamed may still be on the secondary by its old name.
    pub(super) old_names: Option<String>,
    /// Options that may be gone in the end.
    pub(super) lost_options: Vec<LostOption>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            longest_stall_seconds: 10,
            stored: Stored::default(),
            old_names: None,
            lost_options: Vec::new(),
        }
    }
}

/// An option that may be gone in the end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LostOption {
    /// The option.
    pub(super) option: Placed<String>,
    /// The value it had.
    pub(super) value: String,
    /// Why that is no change of what the operator wanted.
    pub(super) reason: String,
}
