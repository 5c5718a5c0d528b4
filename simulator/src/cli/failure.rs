//! How a command fails: an exit status, the chain of causes, and what the operator can do.

use std::error::Error;
use std::process::ExitCode;

use crate::causes::with_causes;
use crate::engine::{EngineError, RunError};
use crate::images::{CatalogError, ImageError};
use crate::oracle::Verdict;
use crate::pool::PoolError;

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
    /// With the status of a command that it ran for the operator.
    Theirs(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::BadInput => 2,
            Exit::Unknown => 3,
            Exit::Theirs(status) => status,
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
        let text = format!("error: {}", with_causes(&*self.error));
        match self.hint {
            Some(hint) => format!("{text}\nhint: {hint}"),
            None => text,
        }
    }
}

/// Ends as a verdict has it.
///
/// # Errors
/// Unless it is a pass.
pub(super) fn by_verdict(verdict: Verdict, hint: Option<&'static str>) -> Result<(), Failure> {
    let exit = match verdict {
        Verdict::Pass => return Ok(()),
        Verdict::Fail => Exit::Failed,
        Verdict::Unknown => Exit::Unknown,
    };
    Err(Failure { exit, error: format!("the verdict is: {verdict}").into(), hint })
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        let exit = match &error {
            EngineError::Ranges { .. } => Exit::BadInput,
            EngineError::NotReached { .. }
            | EngineError::NoSubnet { .. }
            | EngineError::Api { .. }
            | EngineError::Deadline { .. }
            | EngineError::Failed { .. }
            | EngineError::Unexpected { .. }
            | EngineError::Archive { .. } => Exit::Unknown,
        };
        Failure { exit, hint: error.hint(), error: error.into() }
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

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Failure {
        let exit = match &error {
            PoolError::Spec { .. } => Exit::BadInput,
            PoolError::Engine(_)
            | PoolError::Keys { .. }
            | PoolError::NotReady { .. }
            | PoolError::NodeEnded { .. }
            | PoolError::Write { .. } => Exit::Unknown,
        };
        Failure { exit, hint: error.hint(), error: error.into() }
    }
}

/// What to do about things of a run that are still on the engine.
const LEFT_OVER: &str =
    "`simulator clean` removes what was left; `simulator down RUN` where it may have been kept";

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
            RunError::Teardown(error) => {
                Failure { exit: Exit::Unknown, error: error.into(), hint: Some(LEFT_OVER) }
            }
            RunError::LeftOver { ended, error } => {
                let (exit, ended) = match *ended {
                    RunError::Interrupted => (Exit::Unknown, "interrupted".to_owned()),
                    other => {
                        let Failure { exit, error, .. } = Failure::from(other);
                        (exit, with_causes(&*error))
                    }
                };
                let error = format!("{ended}; besides, not everything that was started is removed: {error}");
                Failure { exit, error: error.into(), hint: Some(LEFT_OVER) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    fn no_release() -> Failure {
        let family = "some".to_owned();
        let version = "3.7".to_owned();
        let known = vec!["10.3".to_owned()];
        Failure::from(CatalogError::UnknownRelease { family, version, known })
    }

    fn unexpected() -> EngineError {
        EngineError::Unexpected {
            what: "removing".to_owned(),
            expected: "an end".to_owned(),
            found: "none".to_owned(),
        }
    }

    fn too_late() -> Failure {
        Failure::from(PoolError::from(EngineError::Deadline {
            container: "g1".to_owned(),
            argv: vec!["true".to_owned()],
            deadline: Duration::from_secs(2),
        }))
    }

    #[rstest]
    #[case::bad_input(
        no_release(),
        Exit::BadInput,
        "error: no release `3.7` in family `some`: expected one of 10.3\nhint: "
    )]
    #[case::chain(
        too_late(),
        Exit::Unknown,
        "error: the pool could not be brought up: `true` in g1 did not end within 2 s"
    )]
    #[case::left_over(
        RunError::LeftOver { ended: Box::new(RunError::<EngineError>::Interrupted), error: unexpected() }.into(),
        Exit::Unknown,
        "error: interrupted; besides, not everything that was started is removed: "
    )]
    #[case::interrupted(RunError::<EngineError>::Interrupted.into(), Exit::Unknown, "error: interrupted")]
    fn what_the_operator_is_told(#[case] failure: Failure, #[case] exit: Exit, #[case] start: &str) {
        assert_eq!(failure.exit, exit);
        let message = failure.message();
        assert!(message.starts_with(start), "{message}");
    }
}
