//! A canary in a volume: a file of root's and one of another user's, through a fresh mount on a server.
//!
//! What `volume status` shows as online need not serve: releases have come with mounts that hang, writes that fail for
//! all but root, and files that are read as something else. Only a file that was written and read back shows that a
//! volume can be used.

use std::time::Duration;

use thiserror::Error;

use super::Quote;
use crate::core::command::{Command, Effect, Output};
use crate::core::names::VolumeName;

/// Mounts the volume, writes, reads, takes all of it away.
const CANARY: &str = include_str!("canary.sh");

/// The script's own waits, each at its longest: two minutes for another one, 90 s and two minutes for the mount, ten
/// calls into it of a minute each, and its end.
const DEADLINE: Duration = Duration::from_secs(1200);

/// Returns the command that proves on a server that a volume can be used. Repeating it does no harm: what an earlier
/// one of the same run left is taken away first.
///
/// A mount on a server of the pool has the right to write whatever `auth.allow` says: glusterd hands it a volfile with
/// the pool's own user and password (`__server_getspec` in glusterd-handshake.c; tried with 10.3). `auth.reject` counts.
pub fn prove(volume: &VolumeName, run: &str) -> Command {
    Command::script(Effect::Changes, CANARY, [volume.as_str(), run, ""], DEADLINE)
}

/// Reads how it went: who wrote and read.
///
/// # Errors
/// [`ProofError`], in words for an operator.
pub fn parse_proof(output: &Output) -> Result<String, ProofError> {
    let last = output.stdout.lines().rev().find_map(|line| {
        let (word, what) = line.split_once(": ")?;
        ["proved", "failed", "untried"].contains(&word).then_some((word, what))
    });
    let note = output.stdout.lines().filter(|line| line.starts_with("note: "));
    match last {
        Some(("proved", what)) if output.status == 0 => {
            Ok(std::iter::once(what).chain(note).collect::<Vec<_>>().join("; "))
        }
        Some(("failed", what)) => Err(ProofError::Failed(Quote::new(what))),
        Some(("untried", what)) => Err(ProofError::Untried(Quote::new(what))),
        Some(_) | None => {
            let words = format!("{}\n{}", output.stdout.trim(), output.stderr.trim());
            Err(ProofError::Unknown { status: output.status, words: Quote::new(&words) })
        }
    }
}

/// Why it is not proved that a volume can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofError {
    /// It was tried, and a file could not be written and read.
    #[error("it was tried and FAILED: {0}")]
    Failed(Quote),
    /// It could not be tried on this server, or the volume does not let it in: nobody knows.
    #[error("unknown, since it could not be tried: {0}")]
    Untried(Quote),
    /// It was begun, and nobody knows how it ended.
    #[error("unknown, since it did not come to its end (exit status {status}): {words}")]
    Unknown {
        /// The exit status; 124 or 137 where it took too long.
        status: i32,
        /// What was said.
        words: Quote,
    },
}

#[cfg(test)]
mod tests;
