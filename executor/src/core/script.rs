//! What the scripts for hosts have in common: how one fails, and that only a whole answer is an answer.

use thiserror::Error;

use super::command::Output;

/// What went wrong with a script on a host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// It did not do what it was for, in its own words.
    #[error("{act} failed with status {status}: {words}")]
    Failed {
        /// What it was for.
        act: &'static str,
        /// Its exit status.
        status: i32,
        /// What it printed.
        words: String,
    },
    /// It printed something else than it prints.
    #[error("{act} printed an unknown line: `{}`", line.escape_debug())]
    Unreadable {
        /// What it was for.
        act: &'static str,
        /// The line.
        line: String,
    },
    /// Its output ends too early.
    #[error("the answer of {act} is cut short")]
    CutShort {
        /// What it was for.
        act: &'static str,
    },
}

/// Returns the lines of a script that succeeded.
///
/// # Errors
/// [`ScriptError::Failed`] with all that it said.
pub fn succeeded<'a>(act: &'static str, output: &'a Output) -> Result<Vec<&'a str>, ScriptError> {
    let Output { status, stdout, stderr } = output;
    if *status == 0 {
        return Ok(stdout.lines().collect());
    }
    let said = stdout.lines().chain(stderr.lines()).map(str::trim).filter(|line| !line.is_empty());
    let words = said.collect::<Vec<_>>().join("; ");
    Err(ScriptError::Failed { act, status: *status, words })
}

/// Returns the lines of a script that succeeded and came to its `end`, without it.
///
/// # Errors
/// [`ScriptError::Failed`], and [`ScriptError::CutShort`] where the `end` is missing.
pub fn complete<'a>(act: &'static str, output: &'a Output) -> Result<Vec<&'a str>, ScriptError> {
    let mut lines = succeeded(act, output)?;
    if lines.pop() == Some("end") { Ok(lines) } else { Err(ScriptError::CutShort { act }) }
}
