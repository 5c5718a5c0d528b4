//! A command that this machine runs: the host's own, or the operator's program that leads to the host.

use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::process::Command as Program;
use tokio::time::timeout;

use super::limits::{Deadline, Stream, read};

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: Stream,
    pub(super) stderr: Stream,
}

/// Why there is no end.
#[derive(Debug)]
pub(super) enum Unended {
    /// It was not started.
    NotStarted(io::Error),
    /// It was, and its output broke off.
    Broken(io::Error),
    /// It was, and no end was seen in time.
    Unseen,
}

/// Runs a program with these arguments, which no shell reads, and with nothing to read.
///
/// Whatever becomes of us, it goes on to its own end: it is in a process group of its own, which a terminal's
/// interrupt does not reach, and is not killed where nobody waits for it any more.
pub(super) async fn run(argv: &[&str], deadline: Deadline) -> Result<Ended, Unended> {
    let [program, arguments @ ..] = argv else {
        return Err(Unended::NotStarted(io::Error::other("there is no program to run")));
    };
    let mut command = Program::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0);
    let mut child = command.spawn().map_err(Unended::NotStarted)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ended = async {
        let (stdout, stderr) = tokio::try_join!(read(stdout), read(stderr))?;
        Ok(Ended { status: child.wait().await?, stdout, stderr })
    };
    match timeout(deadline.patience(), ended).await {
        Ok(Ok(ended)) => Ok(ended),
        Ok(Err(error)) => Err(Unended::Broken(error)),
        Err(_) => Err(Unended::Unseen),
    }
}
