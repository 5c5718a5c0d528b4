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
    #[error("{act} printed an unknown line: `{}`", shortened(line).escape_debug())]
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

/// How much of what a host says is quoted from its beginning, and from its end, in characters. It goes into records of the
/// journal, one for each look that differs from the last.
const QUOTED: usize = 1000;

/// Returns a text without its middle, where it is long.
fn shortened(text: &str) -> String {
    let total = text.chars().count();
    if total <= 2 * QUOTED {
        return text.to_owned();
    }
    let head: String = text.chars().take(QUOTED).collect();
    let tail: String = text.chars().skip(total - QUOTED).collect();
    format!("{head} … ({} characters left out) … {tail}", total - 2 * QUOTED)
}

/// Returns the lines of a script that succeeded.
///
/// # Errors
/// [`ScriptError::Failed`] with what it said.
pub fn succeeded<'a>(act: &'static str, output: &'a Output) -> Result<Vec<&'a str>, ScriptError> {
    let Output { status, stdout, stderr } = output;
    if *status == 0 {
        return Ok(stdout.lines().collect());
    }
    let said = stdout.lines().chain(stderr.lines()).map(str::trim).filter(|line| !line.is_empty());
    let words = shortened(&said.collect::<Vec<_>>().join("; "));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What failed is said first, or last.
    #[test]
    fn a_host_that_says_megabytes_is_quoted_by_both_ends() {
        let said = |middle: usize| Output {
            status: 1,
            stdout: format!("began\n{}\n", "é".repeat(middle)),
            stderr: "the reason\n".to_owned(),
        };
        let error = |middle: usize| succeeded("a look", &said(middle)).unwrap_err().to_string();
        assert_eq!(error(3), "a look failed with status 1: began; ééé; the reason");
        let long = error(4 << 20);
        assert!(long.starts_with("a look failed with status 1: began; é") && long.ends_with("; the reason"));
        assert!(long.chars().count() < 2200, "{} characters", long.chars().count());
        assert!(long.contains("characters left out"), "{long}");
        let line = ScriptError::Unreadable { act: "a look", line: "x".repeat(1 << 20) };
        assert!(line.to_string().len() < 2200);
    }
}
