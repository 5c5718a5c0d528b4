//! One connection to a host: the ssh master process behind it, and commands through it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use openssh::Session;
use tempfile::TempDir;
use tokio::process::Command as LocalCommand;
use tokio::time::timeout;

use crate::core::command::{Command, Output};
use crate::core::names::HostName;
use crate::transport::limits::{Deadline, REMOTE, Stream, read};
use crate::transport::unreachable::of_ssh_messages;
use crate::transport::{TransportError, Unreachable, rights};

/// How long ssh may take to let us in. ssh's own `ConnectTimeout` ends before the login does.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// For how long a session that sshd refuses is asked for again. sshd counts one that has ended until it has seen
/// to its end, which takes a busy host a while; nothing was run by then.
const SESSION_PATIENCE: Duration = Duration::from_secs(20);
/// The time between two such requests.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(200);
/// An idle master ends by itself after this, so that an executor that was killed leaves none behind.
const IDLE_SECONDS: u32 = 1800;

/// How a host is called by ssh: what never changes in a run.
#[derive(Debug)]
pub(super) struct Destination {
    /// The host's name, for messages.
    pub host: HostName,
    /// The configuration file that was written for it.
    pub config: PathBuf,
    /// ssh's arguments that name the host.
    pub arguments: Vec<String>,
}

/// A connection that stands, and whether its user has to ask for root's rights.
#[derive(Debug)]
pub(super) struct Connection {
    session: Session,
    sudo: bool,
}

impl Destination {
    /// Opens a connection in a directory of its own below `root` and sees who we are there.
    pub(super) async fn open(&self, root: &Path) -> Result<Connection, TransportError> {
        let not_reached = |reason: String| self.not_reached(Unreachable::Other, reason);
        // The name is short because a control socket's path has to fit in 108 bytes.
        let directory = tempfile::Builder::new()
            .prefix("c")
            .tempdir_in(root)
            .map_err(|error| not_reached(format!("no directory for its connection: {error}")))?;
        let log = directory.path().join("log");
        let mut ssh = self.ssh();
        ssh.args(["-M", "-N", "-f", "-o"]).arg(format!("ControlPersist={IDLE_SECONDS}s"));
        ssh.arg("-S").arg(directory.path().join("master")).arg("-E").arg(&log);
        ssh.args(&self.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        match self.finish(ssh, &log).await {
            Ok(()) => self.log_in(directory).await,
            // A master that persists throws away what the ssh for a jump host says (sshconnect.c,
            // `ssh_proxy_connect`), and itself sees no more than a cut connection. Asked again without.
            Err(
                vague @ TransportError::NotReached { cause: Unreachable::Reset | Unreachable::Other, .. },
            ) => Err(self.prove().await.err().unwrap_or(vague)),
            Err(error) => Err(error),
        }
    }

    /// Connects anew, beside any connection that stands, and runs nothing but `true`.
    pub(super) async fn prove(&self) -> Result<(), TransportError> {
        let unwritten = |error: std::io::Error| {
            self.not_reached(Unreachable::Other, format!("no file for ssh's messages: {error}"))
        };
        let log = tempfile::NamedTempFile::new().map_err(unwritten)?;
        let messages = log.reopen().map_err(unwritten)?;
        let mut ssh = self.ssh();
        // No `-E`: an ssh for a jump host prints to the same standard error, and has more to say.
        ssh.args(["-S", "none", "-o", "ControlMaster=no"]).args(&self.arguments).arg("true");
        ssh.stdout(Stdio::null()).stderr(messages);
        self.finish(ssh, log.path()).await
    }

    fn ssh(&self) -> LocalCommand {
        let mut ssh = LocalCommand::new("ssh");
        // Not in the operator's language: the messages are read by a program.
        ssh.env("LC_ALL", "C").arg("-F").arg(&self.config).stdin(Stdio::null()).kill_on_drop(true);
        // A terminal's interrupt asks a run to pause; it must not cut the connection, nor the ssh to a jump host, which
        // stays in the group that it was started in.
        ssh.process_group(0);
        ssh
    }

    /// Waits for a local ssh and turns its failure into the reason why the host was not reached.
    async fn finish(&self, mut ssh: LocalCommand, log: &Path) -> Result<(), TransportError> {
        let status = match timeout(OPEN_LIMIT, ssh.status()).await {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => {
                return Err(self.not_reached(Unreachable::Other, format!("ssh cannot be run: {error}")));
            }
            Err(_) => {
                let reason = format!("no login within {} s", OPEN_LIMIT.as_secs());
                return Err(self.not_reached(Unreachable::TimedOut, reason));
            }
        };
        if status.success() {
            return Ok(());
        }
        let messages = std::fs::read_to_string(log).unwrap_or_default();
        Err(self.not_reached(of_ssh_messages(&messages), reason_in(&messages, status.code())))
    }

    /// Finds out whether the user is root or may become it.
    async fn log_in(&self, directory: TempDir) -> Result<Connection, TransportError> {
        let mut connection = Connection { session: Session::new_native_mux(directory), sudo: false };
        let look = |argv: &[&str]| Command::reads(argv.iter().copied(), Duration::from_secs(20));
        let id = connection.run(&self.host, &look(&["id", "-u"])).await.map_err(|e| self.unmet(e))?;
        if id.status != 0 || id.stdout.trim().parse::<u32>().is_err() {
            // A login shell such as nologin, or a forced command, answers everything in its own way.
            let said = format!("{} {}", id.stdout.trim(), id.stderr.trim());
            let reason = format!("logged in, but commands are not run as given: {}", said.trim());
            return Err(self.not_reached(Unreachable::PermissionDenied, reason));
        }
        if id.stdout.trim() != "0" {
            connection.sudo = true;
            let sudo = connection.run(&self.host, &look(&["true"])).await.map_err(|e| self.unmet(e))?;
            if sudo.status != 0 {
                connection.sudo = false;
                let ask = async |argv: &[&str]| connection.run(&self.host, &look(argv)).await;
                let user = ask(&["id", "-un"]).await.map_err(|e| self.unmet(e))?.stdout;
                let shell = ask(&["sh", "-c", "command -v sh"]).await.map_err(|e| self.unmet(e))?.stdout;
                let reason = rights::refused(&user, &shell, &sudo.stderr);
                return Err(self.not_reached(Unreachable::SudoRefused, reason));
            }
        }
        Ok(connection)
    }

    pub(super) fn not_reached(&self, cause: Unreachable, reason: String) -> TransportError {
        TransportError::NotReached { host: self.host.clone(), cause, reason }
    }

    /// Turns the failure of a question of ours at the login into what it means for the caller's command.
    fn unmet(&self, error: TransportError) -> TransportError {
        self.not_reached(Unreachable::Other, format!("the login was not completed: {error}"))
    }
}

impl Connection {
    /// Returns whether the local master process still answers.
    pub(super) async fn stands(&self) -> bool {
        timeout(Duration::from_secs(5), self.session.check()).await.is_ok_and(|answer| answer.is_ok())
    }

    /// Runs a command and returns what it printed.
    pub(super) async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let lost = |reason: String| TransportError::Lost { host: host.clone(), reason };
        let deadline = Deadline::of(command);
        let answer = timeout(deadline.patience(), self.answer(deadline.seconds, command)).await;
        let (status, stdout, stderr) = match answer {
            Err(_) => return Err(deadline.unseen(host)),
            Ok(Err(Broken::Before(reason))) => {
                let cause = Unreachable::Other;
                return Err(TransportError::NotReached { host: host.clone(), cause, reason });
            }
            Ok(Err(Broken::Midway(reason))) => return Err(lost(reason)),
            Ok(Ok(answer)) => answer,
        };
        deadline.judge(host, command, status, stdout, stderr)
    }

    async fn answer(&self, seconds: u64, command: &Command) -> Result<Answer, Broken> {
        let mut remote = if self.sudo {
            let mut sudo = self.session.command("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        } else {
            self.session.command("sh")
        };
        remote.args(["-c", REMOTE, "executor", &seconds.to_string()]).args(&command.argv);
        remote.stdin(openssh::Stdio::null());
        remote.stdout(openssh::Stdio::piped()).stderr(openssh::Stdio::piped());
        let asked = Instant::now();
        let mut child = loop {
            match remote.spawn().await {
                Err(error) if is_refused(&error) && asked.elapsed() < SESSION_PATIENCE => {
                    tokio::time::sleep(BETWEEN_REQUESTS).await;
                }
                started => break started.map_err(Broken::at_start)?,
            }
        };
        let (stdout, stderr) = (child.stdout().take(), child.stderr().take());
        // Both streams to their ends first: the session drops what comes after the exit status.
        let (stdout, stderr) = tokio::try_join!(read(stdout), read(stderr))
            .map_err(|error| Broken::Midway(format!("its output broke off: {error}")))?;
        let status = match child.wait().await {
            Ok(status) => status.code().unwrap_or(-1),
            // The library's reading of status 127. `timeout` and the shell say what was not found.
            Err(openssh::Error::Remote(_)) => 127,
            Err(error) => return Err(Broken::Midway(chain(&error))),
        };
        Ok((status, stdout, stderr))
    }

    /// Ends the connection.
    pub(super) async fn close(self) {
        if let Err(error) = self.session.close().await {
            tracing::debug!(error = %chain(&error), "closing a connection");
        }
    }
}

/// Exit status, standard output, standard error.
type Answer = (i32, Stream, Stream);

/// Why there is no answer.
enum Broken {
    /// Nothing was run.
    Before(String),
    /// Something may have been run.
    Midway(String),
}

impl Broken {
    fn at_start(error: openssh::Error) -> Self {
        let reason = chain(&error);
        let before = is_refused(&error) || matches!(error, openssh::Error::InvalidCommand);
        if before { Self::Before(reason) } else { Self::Midway(reason) }
    }
}

/// Returns whether sshd refused a session, as it does above its `MaxSessions`. The library keeps the type of this
/// error to itself.
fn is_refused(error: &openssh::Error) -> bool {
    matches!(error, openssh::Error::SshMux(_)) && chain(error).contains("Server refused the request")
}

/// Returns ssh's messages as one line, without the frame it draws round its warnings.
fn reason_in(messages: &str, status: Option<i32>) -> String {
    let lines: Vec<&str> =
        messages.lines().map(|line| line.trim_matches(['@', ' ', '\r'])).filter(|l| !l.is_empty()).collect();
    match (lines.is_empty(), status) {
        (false, _) => lines.join("; "),
        (true, Some(status)) => format!("ssh ended with {status} and said nothing"),
        (true, None) => "ssh was killed".to_owned(),
    }
}

/// Returns an error with its sources in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text += &format!(": {inner}");
        source = inner.source();
    }
    text
}
