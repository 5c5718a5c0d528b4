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

use crate::core::script::{ScriptError, complete};

pub use clock::{clock, parse_clock};
pub use daemons::{daemons, parse_daemons};
pub use disks::{CLIENT_DIRECTORIES, DIRECTORIES, disks, parse_bricks, parse_directories};
pub use network::{network, parse_network};
pub use packages::{packages, parse_packages};
pub use platform::{parse_platform, platform};
pub use stored::{parse_stored, stored};

/// What a script here may take: it reads `/proc` and small files. Long, since a host under load may be slow to
/// start any process at all.
const LOOK: Duration = Duration::from_secs(60);

/// Returns the error of a line that is not known.
fn unreadable(act: &'static str, line: &str) -> ScriptError {
    ScriptError::Unreadable { act, line: line.to_owned() }
}

#[cfg(test)]
mod testing {
    use crate::core::command::Output;

    /// What a script printed that came to its end.
    pub(super) fn printed(lines: &str) -> Output {
        Output { status: 0, stdout: format!("{lines}end\n"), stderr: String::new() }
    }
}
