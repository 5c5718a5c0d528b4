//! Commands in containers: argument vectors only, every one with an end.

use std::time::{Duration, Instant};

use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Engine, EngineError};

/// What a command gets where the caller names no time: gluster's own patience for a lock is 10 minutes, ours is shorter.
pub const EXEC_DEADLINE: Duration = Duration::from_secs(60);
/// How long the engine may take to report that a command was killed at its deadline.
const KILL_GRACE: Duration = Duration::from_secs(10);
/// The status of a command that SIGKILL ended.
const KILLED: i64 = 137;
/// Lines that wait to be read before the command has to wait for its reader.
const LINES_AHEAD: usize = 1024;

/// How a command ended, and what it said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecOutput {
    /// The exit status.
    pub status: i64,
    /// What it wrote to stdout; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl ExecOutput {
    /// Tells whether the command ended with 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.status == 0
    }

    /// Returns the last line that was said, stderr first: what a message quotes.
    #[must_use]
    pub fn last_words(&self) -> &str {
        let last = |text: &'_ str| -> Option<usize> { text.trim_end().rfind('\n').map(|at| at + 1) };
        let text =
            if self.stderr.trim().is_empty() { self.stdout.trim_end() } else { self.stderr.trim_end() };
        &text[last(text).unwrap_or(0)..]
    }
}

/// A long-running command whose stdout is read line by line.
///
/// Dropping it stops the reading, not the command: that is killed in its container.
#[derive(Debug)]
pub struct ExecLines {
    lines: mpsc::Receiver<String>,
    end: JoinHandle<Result<ExecOutput, EngineError>>,
}

impl ExecLines {
    /// Returns the next line of stdout without its newline, or nothing when the command has closed it.
    pub async fn next_line(&mut self) -> Option<String> {
        self.lines.recv().await
    }

    /// Reads what is left, waits for the end and returns status and stderr; stdout is empty, it went by line.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn finish(mut self) -> Result<ExecOutput, EngineError> {
        while self.lines.recv().await.is_some() {}
        match (&mut self.end).await {
            Ok(result) => result,
            Err(error) => Err(EngineError::Unexpected {
                what: "reading a command's lines".to_owned(),
                expected: "its end".to_owned(),
                found: error.to_string(),
            }),
        }
    }
}

impl Drop for ExecLines {
    fn drop(&mut self) {
        self.end.abort();
    }
}

impl Engine {
    /// Runs a command in a container and waits for its end, [`EXEC_DEADLINE`] at most.
    ///
    /// # Errors
    ///
    /// The engine's troubles, and [`EngineError::Deadline`]. A command that ends with another status than 0 is no error here.
    pub async fn exec(&self, container: &str, argv: &[&str]) -> Result<ExecOutput, EngineError> {
        self.exec_within(container, argv, EXEC_DEADLINE).await
    }

    /// Runs a command that has to succeed.
    ///
    /// # Errors
    ///
    /// As [`Engine::exec`], and [`EngineError::Failed`] where it ends with another status than 0.
    pub async fn exec_ok(&self, container: &str, argv: &[&str]) -> Result<ExecOutput, EngineError> {
        let output = self.exec(container, argv).await?;
        if output.success() {
            Ok(output)
        } else {
            Err(EngineError::Failed {
                container: container.to_owned(),
                argv: owned(argv),
                output: Box::new(output),
            })
        }
    }

    /// Runs a command in a container and waits for its end, for `deadline` at most.
    ///
    /// The deadline is kept *inside* the container, by `timeout`: an engine cannot kill a command that it
    /// started, and a `gluster` left behind would hold the pool's lock against whoever comes next.
    ///
    /// # Errors
    ///
    /// The engine's troubles, and [`EngineError::Deadline`].
    pub async fn exec_within(
        &self,
        container: &str,
        argv: &[&str],
        deadline: Duration,
    ) -> Result<ExecOutput, EngineError> {
        let seconds = format!("{:.3}", deadline.as_secs_f64());
        let mut bounded = vec!["timeout", "--signal=KILL", seconds.as_str()];
        bounded.extend_from_slice(argv);
        let too_late =
            || EngineError::Deadline { container: container.to_owned(), argv: owned(argv), deadline };
        let begun = Instant::now();
        let run = self.run_exec(container, &bounded, None);
        let output =
            tokio::time::timeout(deadline + KILL_GRACE, run).await.map_err(|_elapsed| too_late())??;
        if output.status == KILLED && begun.elapsed() >= deadline {
            return Err(too_late());
        }
        Ok(output)
    }

    /// Starts a command and hands out its stdout line by line, for as long as it runs.
    #[must_use]
    pub fn exec_lines(&self, container: &str, argv: &[&str]) -> ExecLines {
        let (sender, lines) = mpsc::channel(LINES_AHEAD);
        let engine = self.clone();
        let container = container.to_owned();
        let argv = owned(argv);
        let end = tokio::spawn(async move {
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            engine.run_exec(&container, &argv, Some(sender)).await
        });
        ExecLines { lines, end }
    }

    /// Runs a command; its stdout goes line by line to `lines`, or into the output.
    async fn run_exec(
        &self,
        container: &str,
        argv: &[&str],
        lines: Option<mpsc::Sender<String>>,
    ) -> Result<ExecOutput, EngineError> {
        let what = || format!("running `{}` in {container}", argv.join(" "));
        let config = ExecConfig {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(owned(argv)),
            ..Default::default()
        };
        let by_line = lines.is_some();
        let mut starting = Some(self.freezing.starting(container).await);
        let exec = self.docker.create_exec(container, config).await.map_err(EngineError::api(what))?;
        let started = self.docker.start_exec(&exec.id, None).await.map_err(EngineError::api(what))?;
        let mut gathered = Gathered::new(lines);
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(piece) = output.next().await {
                if by_line {
                    // It runs, and may for hours: it can be frozen like everything else in there.
                    starting = None;
                }
                gathered.take(piece.map_err(EngineError::api(what))?).await;
            }
        }
        let (stdout, stderr) = gathered.end().await;
        let status = self.exec_status(&exec.id, &what).await?;
        drop(starting);
        Ok(ExecOutput { status, stdout, stderr })
    }

    /// Returns a finished command's status.
    ///
    /// The stream ends when the command closes its output, which can be a moment before the engine has
    /// booked its status; a program that goes to the background never closes it, and ends later.
    pub(super) async fn exec_status(
        &self,
        exec: &str,
        what: &impl Fn() -> String,
    ) -> Result<i64, EngineError> {
        loop {
            let inspected = self.docker.inspect_exec(exec).await.map_err(EngineError::api(what))?;
            match (inspected.running, inspected.exit_code) {
                (Some(false), Some(status)) => return Ok(status),
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

/// The output of a command so far. Bytes, because a piece can end in the middle of a character.
struct Gathered {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    lines: Option<mpsc::Sender<String>>,
}

impl Gathered {
    fn new(lines: Option<mpsc::Sender<String>>) -> Gathered {
        Gathered { stdout: Vec::new(), stderr: Vec::new(), lines }
    }

    async fn take(&mut self, piece: LogOutput) {
        match piece {
            LogOutput::StdErr { message } => self.stderr.extend_from_slice(&message),
            LogOutput::StdOut { message } | LogOutput::Console { message } => {
                self.stdout.extend_from_slice(&message);
                self.send_whole_lines().await;
            }
            LogOutput::StdIn { .. } => {}
        }
    }

    async fn send_whole_lines(&mut self) {
        let Some(sender) = &self.lines else { return };
        while let Some(at) = self.stdout.iter().position(|byte| *byte == b'\n') {
            let rest = self.stdout.split_off(at + 1);
            let line = std::mem::replace(&mut self.stdout, rest);
            let line = String::from_utf8_lossy(&line[..at]).into_owned();
            // A reader that has gone does not stop the command: its status is still wanted.
            let _ = sender.send(line).await;
        }
    }

    async fn end(mut self) -> (String, String) {
        if let Some(sender) = self.lines.take()
            && !self.stdout.is_empty()
        {
            let rest = std::mem::take(&mut self.stdout);
            let _ = sender.send(String::from_utf8_lossy(&rest).into_owned()).await;
        }
        (
            String::from_utf8_lossy(&self.stdout).into_owned(),
            String::from_utf8_lossy(&self.stderr).into_owned(),
        )
    }
}

fn owned(argv: &[&str]) -> Vec<String> {
    argv.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::stderr_first("out\n", "one\ntwo\n", "two")]
    #[case::stdout_else("one\nlast", " \n", "last")]
    #[case::nothing("", "", "")]
    fn last_words(#[case] stdout: &str, #[case] stderr: &str, #[case] expected: &str) {
        let output = ExecOutput { status: 1, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert_eq!(output.last_words(), expected);
    }

    #[tokio::test]
    async fn lines_are_whole_whatever_the_pieces() {
        let (sender, mut receiver) = mpsc::channel(8);
        let mut gathered = Gathered::new(Some(sender));
        for piece in ["fi", "rst\nsecond\nth", "ird"] {
            gathered.take(LogOutput::StdOut { message: piece.into() }).await;
        }
        gathered.end().await;
        let mut lines = Vec::new();
        while let Some(line) = receiver.recv().await {
            lines.push(line);
        }
        assert_eq!(lines, ["first", "second", "third"]);
    }
}
