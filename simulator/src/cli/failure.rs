//! How a command fails: an exit status, the chain of causes, and what the operator can do.

use std::error::Error;
use std::process::ExitCode;

use crate::engine::{EngineError, RunError};
use crate::images::{CatalogError, ImageError};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It went well.
    Passed,
    /// It failed.
    Failed,
    /// The command line, a scenario or the catalog is wrong; nothing was started.
    BadInput,
    /// Nobody knows: trouble with the engine, an interruption, a crashed judge.
    Unknown,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::BadInput => 2,
            Exit::Unknown => 3,
        })
    }
}

/// A command that did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// Why.
    pub error: Box<dyn Error + Send + Sync>,
    /// What the operator can do.
    pub hint: Option<&'static str>,
}

impl Failure {
    /// Returns what the operator is told: the chain of causes, and the hint on a line of its own.
    #[must_use]
    pub fn message(&self) -> String {
        let mut text = format!("error: {}", self.error);
        let mut cause = self.error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        match self.hint {
            Some(hint) => format!("{text}\nhint: {hint}"),
            None => text,
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        Failure { exit: Exit::Unknown, hint: error.hint(), error: error.into() }
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Failure {
        Failure { exit: Exit::BadInput, hint: Some(error.hint()), error: error.into() }
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Failure {
        Failure { exit: Exit::Unknown, hint: error.hint(), error: error.into() }
    }
}

impl<E> From<RunError<E>> for Failure
where
    E: Into<Failure>,
{
    fn from(error: RunError<E>) -> Failure {
        match error {
            RunError::Body(error) => error.into(),
            RunError::Panicked { message } => Failure {
                exit: Exit::Unknown,
                error: format!("the run panicked: {message}").into(),
                hint: Some("this is a defect of the simulator; please report it"),
            },
            RunError::Interrupted => Failure {
                exit: Exit::Unknown,
                error: "interrupted; everything that was started is removed".into(),
                hint: None,
            },
            RunError::Teardown(error) => Failure {
                exit: Exit::Unknown,
                error: error.into(),
                hint: Some("`simulator clean` removes what was left"),
            },
        }
    }
}
