//! What a host is besides Gluster's own answers: one read-only script a theme, and what it prints.
//!
//! Each function returns a command for the transport: a script of ours from `files/`, the same on every host.
//! They need a POSIX shell, awk, sed, grep and coreutils. Whatever they print is read strictly: a line that is
//! not known makes the whole theme unknown.

mod clock;
mod daemons;
mod disks;
mod firewall;
mod network;
mod packages;
mod platform;
mod stored;

use std::time::Duration;

use thiserror::Error;

use crate::core::command::Output;

pub use clock::{clock, parse_clock};
pub use daemons::{daemons, parse_daemons};
pub use disks::{DIRECTORIES, disks, parse_bricks, parse_directories};
pub use network::{network, parse_network};
pub use packages::{packages, parse_packages};
pub use platform::{parse_platform, platform};
pub use stored::{parse_stored, stored};

/// What a script here may take: it reads `/proc` and small files. Long, since a host under load may be slow to
/// start any process at all.
const LOOK: Duration = Duration::from_secs(60);

/// What went wrong with looking at a host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SystemError {
    /// The script failed, in its own words.
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

/// Returns the lines of a script that succeeded and came to its `end`, without it.
fn complete<'a>(act: &'static str, output: &'a Output) -> Result<Vec<&'a str>, SystemError> {
    let Output { status, stdout, stderr } = output;
    if *status != 0 {
        let said = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
        let words = said.collect::<Vec<_>>().join("; ");
        return Err(SystemError::Failed { act, status: *status, words });
    }
    let mut lines: Vec<&str> = stdout.lines().collect();
    if lines.pop() == Some("end") { Ok(lines) } else { Err(SystemError::CutShort { act }) }
}

/// Returns the error of a line that is not known.
fn unreadable(act: &'static str, line: &str) -> SystemError {
    SystemError::Unreadable { act, line: line.to_owned() }
}

#[cfg(test)]
mod testing {
    use crate::core::command::Output;

    /// What a script printed that came to its end.
    pub(super) fn printed(lines: &str) -> Output {
        Output { status: 0, stdout: format!("{lines}end\n"), stderr: String::new() }
    }
}
