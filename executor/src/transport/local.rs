//! The host that this program runs on.

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::child::{self, Unended};
use super::limits::{Deadline, REMOTE};
use super::{Transport, TransportError, Unreachable, rights};
use crate::core::command::{Command, Output};
use crate::core::names::HostName;

/// How long a question about ourselves may take.
const LOOK: std::time::Duration = std::time::Duration::from_secs(20);

/// Runs commands on this machine, as the user who runs this program or through `sudo -n`.
///
/// A command goes on to its own end when this program ends: its deadline is kept by a process beside it.
#[derive(Debug, Default)]
pub struct Local {
    sudo: OnceCell<bool>,
}

impl Local {
    /// Returns whether sudo is needed, asked once.
    async fn sudo(&self, host: &HostName) -> Result<bool, TransportError> {
        let asked = self.sudo.get_or_try_init(async || {
            let look = |argv: &[&str]| Command::reads(argv.iter().copied(), LOOK);
            let id = run(host, &look(&["id", "-u"]), false).await?;
            if id.stdout.trim() == "0" {
                return Ok(false);
            }
            let sudo = run(host, &look(&["true"]), true).await?;
            if sudo.status == 0 {
                return Ok(true);
            }
            let user = run(host, &look(&["id", "-un"]), false).await?.stdout;
            let shell = run(host, &look(&["sh", "-c", "command -v sh"]), false).await?.stdout;
            let reason = rights::refused(&user, &shell, &sudo.stderr);
            Err(TransportError::NotReached { host: host.clone(), cause: Unreachable::SudoRefused, reason })
        });
        asked.await.copied()
    }
}

async fn run(host: &HostName, command: &Command, sudo: bool) -> Result<Output, TransportError> {
    let deadline = Deadline::of(command);
    let seconds = deadline.seconds.to_string();
    let mut argv: Vec<&str> = if sudo { vec!["sudo", "-n"] } else { Vec::new() };
    argv.extend(["sh", "-c", REMOTE, "executor", &seconds]);
    argv.extend(command.argv.iter().map(String::as_str));
    let lost = |reason: String| TransportError::Lost { host: host.clone(), reason };
    let ended = match child::run(&argv, deadline).await {
        Ok(ended) => ended,
        // Without sudo on this machine there is nothing to become root by.
        Err(Unended::NotStarted(error)) if sudo => {
            let reason = rights::refused("this user", "", &format!("sudo: {error}"));
            let cause = Unreachable::SudoRefused;
            return Err(TransportError::NotReached { host: host.clone(), cause, reason });
        }
        Err(Unended::NotStarted(error)) => {
            let (cause, reason) = (Unreachable::Other, format!("it was not started: {error}"));
            return Err(TransportError::NotReached { host: host.clone(), cause, reason });
        }
        Err(Unended::Broken(error)) => return Err(lost(format!("its output broke off: {error}"))),
        Err(Unended::Unseen) => return Err(deadline.unseen(host)),
    };
    match ended.status.code() {
        Some(status) => deadline.judge(host, command, status, ended.stdout, ended.stderr),
        None => Err(lost(format!("what keeps its deadline was killed ({})", ended.status))),
    }
}

#[async_trait]
impl Transport for Local {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let sudo = self.sudo(host).await?;
        run(host, command, sudo).await
    }
}
