//! The executor as a child: the real program, its events read, its words passed on and kept.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use executor::core::event::{Event, Record};
use executor::core::finding::Waiver;
use executor::core::names::Release;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::artifacts::Artifacts;
use crate::images::Say;

/// How long the executor may take to end once it was told to. It closes its connections then.
const END_LIMIT: Duration = Duration::from_secs(15);

/// What the executor is asked for.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The program.
    pub program: &'a Path,
    /// The inventory.
    pub inventory: &'a Path,
    /// The target.
    pub to: Release,
    /// Whether within a downtime.
    pub offline: bool,
    /// Findings to waive.
    pub waive: &'a [Waiver],
    /// How many clients are upgraded at once; 0 leaves them alone.
    pub clients_at_once: usize,
}

/// How the executor ended, and what it said on the way.
#[derive(Debug, Clone)]
pub struct Performance {
    /// Its exit code; `None` where a signal ended it.
    pub exit: Option<i32>,
    /// Its events.
    pub events: Vec<Record>,
    /// Lines among its events that are none.
    pub garbled: Vec<String>,
    /// When it was started.
    pub from: SystemTime,
    /// When it had ended.
    pub to: SystemTime,
}

/// Why there is no performance.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// It could not be started, or listened to.
    #[error("cannot run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The operator interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl Performance {
    /// Returns the event it ended with, in a word, for reports.
    pub fn last_word(&self) -> &'static str {
        let ends = |record: &&Record| {
            !matches!(
                record.event,
                Event::GateWaiting { .. }
                    | Event::GatePassed { .. }
                    | Event::Noted { .. }
                    | Event::StepActed { .. }
            )
        };
        match self.events.iter().rev().find(ends).map(|record| &record.event) {
            Some(Event::RunFinished) => "upgraded",
            Some(Event::Halted { .. }) => "halted",
            Some(Event::Refused { .. }) => "refused",
            Some(Event::NothingToDo) => "nothing to do",
            Some(Event::StepFailed { .. }) => "failed",
            Some(
                Event::RunStarted { .. }
                | Event::RunResumed { .. }
                | Event::StepStarted { .. }
                | Event::StepFinished { .. }
                | Event::GateWaiting { .. }
                | Event::GatePassed { .. }
                | Event::Noted { .. }
                | Event::StepActed { .. },
            ) => "ended midway",
            None => "said nothing",
        }
    }
}

/// Runs the executor to its end. Its events and words are kept in files of this name.
///
/// # Errors
/// When it cannot be run, or when the operator interrupts; it has ended by then.
pub(super) async fn perform(
    order: &Order<'_>,
    name: &str,
    artifacts: &Artifacts,
    cancelled: &CancellationToken,
    say: Say<'_>,
) -> Result<Performance, ExecutorError> {
    let failed = |source| ExecutorError::Run { program: order.program.to_owned(), source };
    let mut command = Command::new(order.program);
    command.arg("run").arg("--inventory").arg(order.inventory);
    command.arg("--to").arg(order.to.to_string());
    command.arg("--clients-at-once").arg(order.clients_at_once.to_string());
    command.arg("--state-dir").arg(artifacts.path("state"));
    command.args(["--yes", "--events", "-"]);
    if order.offline {
        command.arg("--offline");
    }
    for waiver in order.waive {
        command.arg("--waive").arg(waiver.to_string());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A group of its own: Ctrl-C reaches the simulator, which ends the executor in order.
    command.process_group(0);
    let from = SystemTime::now();
    let mut child = command.spawn().map_err(failed)?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failed(std::io::Error::other("its output is not to be had")));
    };
    let kept_events = artifacts.path(&format!("{name}.events.jsonl"));
    let kept_words = artifacts.path(&format!("{name}.log"));
    let listening = async {
        let events = events(BufReader::new(stdout), &kept_events);
        let words = words(BufReader::new(stderr), &kept_words, say);
        tokio::try_join!(events, words)
    };
    let ((events, garbled), ()) = tokio::select! {
        heard = listening => heard.map_err(failed)?,
        () = cancelled.cancelled() => {
            end(&mut child).await;
            return Err(ExecutorError::Interrupted);
        }
    };
    let status = child.wait().await.map_err(failed)?;
    Ok(Performance { exit: status.code(), events, garbled, from, to: SystemTime::now() })
}

/// Ends the executor: asks first, so that it closes its connections; kills it where it does not listen.
async fn end(child: &mut Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid
        && kill_process(pid, Signal::TERM).is_ok()
        && tokio::time::timeout(END_LIMIT, child.wait()).await.is_ok()
    {
        return;
    }
    if let Err(error) = child.kill().await {
        tracing::warn!(%error, "the executor could not be ended");
    }
}

/// Reads events, and keeps each line in a file.
async fn events(
    stdout: BufReader<impl tokio::io::AsyncRead + Unpin>,
    kept: &Path,
) -> std::io::Result<(Vec<Record>, Vec<String>)> {
    let mut file = tokio::fs::File::create(kept).await?;
    let (mut events, mut garbled) = (Vec::new(), Vec::new());
    let mut lines = stdout.lines();
    while let Some(line) = lines.next_line().await? {
        file.write_all(format!("{line}\n").as_bytes()).await?;
        match serde_json::from_str::<Record>(&line) {
            Ok(record) => events.push(record),
            Err(error) => garbled.push(format!("{error}: {}", line.chars().take(120).collect::<String>())),
        }
    }
    file.flush().await?;
    Ok((events, garbled))
}

/// Passes on what it says to people, and keeps it.
async fn words(
    stderr: BufReader<impl tokio::io::AsyncRead + Unpin>,
    kept: &Path,
    say: Say<'_>,
) -> std::io::Result<()> {
    let mut file = tokio::fs::File::create(kept).await?;
    let mut lines = stderr.lines();
    while let Some(line) = lines.next_line().await? {
        file.write_all(format!("{line}\n").as_bytes()).await?;
        say(&format!("executor | {line}"));
    }
    file.flush().await
}
