//! Orders: what is asked of the executor.

use std::collections::{BTreeMap, BTreeSet};

use executor::core::finding::{Code, Waiver};
use executor::core::names::Release;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Deed, Fault, Which};
use crate::oracle::Out;

/// One thing that is asked of the executor, and how it is to end.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The command.
    pub ask: Ask,
    /// The pool.
    pub on: Which,
    /// The target.
    pub to: Release,
    /// Whether all servers are upgraded together, within a downtime.
    pub offline: bool,
    /// Whether the op-version stays what it is.
    pub keep_op_version: bool,
    /// Findings that are waived.
    pub waive: Vec<Waiver>,
    /// How many clients are upgraded at once; 0 leaves them alone.
    pub clients_at_once: usize,
    /// What an operator does to the pool before it.
    pub before: Vec<Deed>,
    /// What is done to the pool meanwhile.
    pub faults: Vec<Fault>,
    /// Whether the executor is killed as soon as it tells an event for the first time, and resumed, until it ends.
    pub killed_at_every_event: bool,
    /// How the executor ends.
    pub outcome: Outcome,
    /// What it halts or refuses with, as CODE:SUBJECT: all of these, and nothing but what may be found besides.
    pub findings: BTreeSet<String>,
    /// Codes that may be found besides, of whatever subject: what depends on who of Gluster's is faster.
    pub may_find: BTreeSet<Code>,
    /// What its error has to say where it fails.
    pub says: Option<String>,
    /// The servers that serve nothing in the end.
    pub out: BTreeMap<String, Out>,
    /// The servers that are at the target in the end; all others of the pool are where they were.
    pub upgraded: BTreeSet<String>,
}

impl Order {
    /// Returns it in words.
    pub fn words(&self) -> String {
        let ask = match self.ask {
            Ask::Run | Ask::Rollback => format!("{} to {}", self.ask.word(), self.to),
            Ask::Resume | Ask::Finalize => self.ask.word().to_owned(),
        };
        let killed = if self.killed_at_every_event { ", killed at every event" } else { "" };
        format!("{ask} on the {}{killed}, to be {}", self.on.name(), self.outcome.word())
    }

    /// Returns the arguments that the executor is given for it behind the command, but for those that name places: with
    /// findings to waive as it knows their subjects.
    pub fn arguments(&self, waive: &[Waiver]) -> Vec<String> {
        let Self { ask, to, offline, keep_op_version, clients_at_once, .. } = self;
        let mut words = Vec::new();
        if *ask == Ask::Run {
            words.extend(["--to".to_owned(), to.to_string()]);
        }
        if matches!(ask, Ask::Run | Ask::Rollback) {
            words.extend(["--clients-at-once".to_owned(), clients_at_once.to_string()]);
        }
        // Which way a rollback goes, its journal tells.
        words.extend((*offline && *ask == Ask::Run).then(|| "--offline".to_owned()));
        words.extend(keep_op_version.then(|| "--keep-op-version".to_owned()));
        for waiver in waive {
            words.extend(["--waive".to_owned(), waiver.to_string()]);
        }
        words
    }

    /// Returns whether asking once more makes sense: a run that was taken up again is over.
    pub fn can_be_asked_again(&self) -> bool {
        match self.ask {
            Ask::Run | Ask::Finalize | Ask::Rollback => true,
            Ask::Resume => false,
        }
    }
}

/// A command of the executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// `executor run`.
    #[default]
    Run,
    /// `executor resume`, of the last run.
    Resume,
    /// `executor finalize`: the op-version that was kept is raised.
    Finalize,
    /// `executor rollback`: the way back. It is not told to which release; the journal of the run before tells.
    Rollback,
}

impl Ask {
    /// Returns the command's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Resume => "resume",
            Self::Finalize => "finalize",
            Self::Rollback => "rollback",
        }
    }
}

/// How the executor is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With exit code 0 and every server at the target, which is the older release after a way back.
    Upgraded,
    /// With exit code 11, halted at a gate, and the pool serving.
    Halted,
    /// With exit code 12, since a step failed, and the pool serving.
    Failed,
    /// With exit code 10, and the pool untouched.
    Refused,
}

impl Outcome {
    /// Returns the word for it, as [`crate::director::Performance::last_word`] has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Upgraded => "upgraded",
            Self::Halted => "halted",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    /// Returns the executor's exit code for it.
    pub fn exit_code(self) -> i32 {
        use executor::core::exit::Exit;
        match self {
            Self::Upgraded => Exit::Done as i32,
            Self::Halted => Exit::Halted as i32,
            Self::Failed => Exit::Failed as i32,
            Self::Refused => Exit::Refused as i32,
        }
    }
}
