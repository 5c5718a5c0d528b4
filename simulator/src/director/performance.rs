//! The executor as a child: the real program, its events read, its words passed on and kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use executor::core::event::{Event, Record};
use executor::core::finding::Waiver;
use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::artifacts::Artifacts;
use crate::images::Say;
use crate::scenario::Order;

/// How long the executor may take to end once it was told to. It closes its connections then.
const END_LIMIT: Duration = Duration::from_secs(15);

/// A call of the executor.
#[derive(Clone)]
pub(super) struct Call<'a> {
    /// The program.
    pub(super) program: &'a Path,
    /// The inventory.
    pub(super) inventory: &'a Path,
    /// What is asked.
    pub(super) order: &'a Order,
    /// Findings to waive, as the executor knows their subjects.
    pub(super) waive: &'a [Waiver],
    /// Where what it says is kept.
    pub(super) artifacts: &'a Artifacts,
    /// The folder of its journals, below the artifacts.
    pub(super) state: &'a str,
    /// Ends it.
    pub(super) cancelled: &'a CancellationToken,
    /// Told what it says to people.
    pub(super) say: Say<'a>,
}

impl Call<'_> {
    /// Returns the arguments.
    fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![self.order.ask.word().into()];
        words.extend(["--inventory".into(), self.inventory.into()]);
        words.extend(["--state-dir".into(), self.artifacts.path(self.state).into()]);
        words.extend(["--yes", "--events", "-"].map(OsString::from));
        words.extend(self.order.arguments(self.waive).into_iter().map(OsString::from));
        words
    }
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
    /// Returns how it ended, in words for reports.
    pub fn ending(&self) -> String {
        let exit = self.exit.map_or("ended by a signal".to_owned(), |exit| exit.to_string());
        format!("{exit}, {}", self.last_word())
    }

    /// Returns the event it ended with, in a word, for reports.
    pub fn last_word(&self) -> &'static str {
        let ends = |record: &&Record| {
            !matches!(
                record.event,
                Event::GateWaiting { .. }
                    | Event::GatePassed { .. }
                    | Event::Noted { .. }
                    | Event::InventoryNoted { .. }
                    | Event::PauseAsked { .. }
                    | Event::StepActed { .. }
            )
        };
        match self.events.iter().rev().find(ends).map(|record| &record.event) {
            Some(Event::RunFinished) => "upgraded",
            Some(Event::Halted { .. }) => "halted",
            Some(Event::Paused { .. }) => "paused",
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
                | Event::InventoryNoted { .. }
                | Event::PauseAsked { .. }
                | Event::StepActed { .. },
            ) => "ended midway",
            None => "said nothing",
        }
    }
}

/// What becomes of an executor that has told an event.
#[derive(Debug)]
pub(super) enum Then {
    /// It goes on.
    GoesOn,
    /// It is killed at once, and has no time for anything.
    IsKilled,
    /// It is stopped, and goes on when somebody has seen to each of these.
    IsHeld(Vec<oneshot::Receiver<()>>),
}

/// Runs the executor to its end. Each event is told to `hear` when it comes. Its events and words are added to files of this
/// name.
///
/// # Errors
/// When it cannot be run, or when the operator interrupts; it has ended by then.
pub(super) async fn perform(
    call: &Call<'_>,
    name: &str,
    hear: &mut dyn FnMut(&Record) -> Then,
) -> Result<Performance, ExecutorError> {
    let failed = |source| ExecutorError::Run { program: call.program.to_owned(), source };
    let mut command = Command::new(call.program);
    command.args(call.arguments());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A group of its own: Ctrl-C reaches the simulator, which ends the executor in order.
    command.process_group(0);
    let from = SystemTime::now();
    let mut child = command.spawn().map_err(failed)?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failed(std::io::Error::other("its output is not to be had")));
    };
    let pid = pid_of(&child);
    let kept_events = call.artifacts.path(&format!("{name}.events.jsonl"));
    let kept_words = call.artifacts.path(&format!("{name}.log"));
    let listening = async {
        let events = events(BufReader::new(stdout), &kept_events, pid, hear);
        let words = words(BufReader::new(stderr), &kept_words, call.say);
        tokio::try_join!(events, words)
    };
    let ((events, garbled), ()) = tokio::select! {
        heard = listening => heard.map_err(failed)?,
        () = call.cancelled.cancelled() => {
            end(&mut child).await;
            return Err(ExecutorError::Interrupted);
        }
    };
    let status = child.wait().await.map_err(failed)?;
    Ok(Performance { exit: status.code(), events, garbled, from, to: SystemTime::now() })
}

/// How long to wait before the executor is told a second time to end: once means to it to pause where nothing is out.
const BETWEEN_SIGNALS: Duration = Duration::from_millis(500);

/// Ends the executor: asks first, so that it closes its connections; kills it where it does not listen.
async fn end(child: &mut Child) {
    let pid = pid_of(child);
    // One that is held hears nothing.
    signal(pid, Signal::CONT);
    for limit in [BETWEEN_SIGNALS, END_LIMIT] {
        if let Some(pid) = pid
            && kill_process(pid, Signal::TERM).is_ok()
            && tokio::time::timeout(limit, child.wait()).await.is_ok()
        {
            return;
        }
    }
    if let Err(error) = child.kill().await {
        tracing::warn!(%error, "the executor could not be ended");
    }
}

/// Sends a signal to a child that has not been waited for, so that the number is still its own.
fn signal(pid: Option<Pid>, signal: Signal) {
    // One that has just ended cannot be told anything.
    let _ = pid.map(|pid| kill_process(pid, signal));
}

fn pid_of(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// Opens a file to add to it.
async fn added_to(kept: &Path) -> std::io::Result<tokio::fs::File> {
    tokio::fs::OpenOptions::new().create(true).append(true).open(kept).await
}

/// Reads events, keeps each line in a file, and does to the program what is to become of it at each. One that is killed
/// may leave half a line.
async fn events(
    stdout: BufReader<impl tokio::io::AsyncRead + Unpin>,
    kept: &Path,
    pid: Option<Pid>,
    hear: &mut dyn FnMut(&Record) -> Then,
) -> std::io::Result<(Vec<Record>, Vec<String>)> {
    let mut file = added_to(kept).await?;
    let mut killed = false;
    let (mut events, mut garbled) = (Vec::new(), Vec::new());
    let mut lines = stdout.lines();
    while let Some(line) = lines.next_line().await? {
        file.write_all(format!("{line}\n").as_bytes()).await?;
        match serde_json::from_str::<Record>(&line) {
            Ok(record) => {
                match hear(&record) {
                    Then::GoesOn => {}
                    Then::IsKilled => {
                        killed = true;
                        signal(pid, Signal::KILL);
                    }
                    Then::IsHeld(until) => {
                        signal(pid, Signal::STOP);
                        // One whose other end is gone waits for nothing.
                        join_all(until).await;
                        signal(pid, Signal::CONT);
                    }
                }
                events.push(record);
            }
            Err(_) if killed => {}
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
    let mut file = added_to(kept).await?;
    let mut lines = stderr.lines();
    while let Some(line) = lines.next_line().await? {
        file.write_all(format!("{line}\n").as_bytes()).await?;
        say(&format!("executor | {line}"));
    }
    file.flush().await
}
