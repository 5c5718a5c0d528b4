//! How the oracle reaches a host: a command in, what it printed out.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc::Receiver;

/// What a command printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ran {
    /// Its exit status.
    pub status: i64,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// Runs commands on the hosts of a pool. Implemented over the container engine, and by a fake in tests.
#[async_trait]
pub trait Shell: Send + Sync {
    /// Runs a command on a host and returns how it ended.
    ///
    /// # Errors
    /// Why it could not be run, as a fragment fit to follow "unknown: ". A command that ran and failed is not an error here.
    async fn run(&self, host: &str, argv: &[&str]) -> Result<Ran, String>;

    /// Starts a command on a host and returns what it prints, line by line; an error, why there is no more, comes last.
    /// Dropping it ends the listening, not the command.
    fn lines(&self, host: &str, argv: &[&str]) -> Receiver<Result<String, String>>;
}

/// How long a command may take beyond its limit on the host before we give it up from here.
const GRACE: Duration = Duration::from_secs(10);

/// Finds a Python and runs a script with it. The scripts are constant; what varies comes as arguments.
pub(crate) const PYTHON: &str = r#"python=$(command -v python3 || command -v python) || { echo "no Python here" >&2; exit 127; }
exec "$python" -c "$@""#;

/// Runs a command and returns what it printed, or why that is not known.
pub(crate) async fn read(
    shell: &dyn Shell,
    host: &str,
    argv: &[&str],
    limit: Duration,
) -> Result<String, String> {
    let Ran { status, stdout, stderr } = run(shell, host, argv, limit).await?;
    if status == 0 {
        return Ok(stdout);
    }
    // The last line says what went wrong, in Python's tracebacks as in most tools' messages.
    let said = stderr.trim().lines().last().or(stdout.trim().lines().last()).unwrap_or("no message");
    Err(format!("exit {status} on {host}: {said}"))
}

/// Runs a command with a time limit, on the host and here.
pub(crate) async fn run(
    shell: &dyn Shell,
    host: &str,
    argv: &[&str],
    limit: Duration,
) -> Result<Ran, String> {
    let seconds = limit.as_secs().max(1).to_string();
    let mut bounded = vec!["timeout", "-k", "5", &seconds];
    bounded.extend(argv);
    match tokio::time::timeout(limit + GRACE, shell.run(host, &bounded)).await {
        Ok(Ok(ran)) if ran.status == 124 => Err(format!("no answer from {host} within {seconds} s")),
        Ok(Ok(ran)) => Ok(ran),
        Ok(Err(reason)) => Err(format!("{host} not reached: {reason}")),
        Err(_) => Err(format!("no answer from {host} within {seconds} s")),
    }
}

/// Runs a Python script of ours and returns what it printed, or why that is not known.
pub(crate) async fn python(
    shell: &dyn Shell,
    host: &str,
    script: &'static str,
    arguments: &[&str],
    limit: Duration,
) -> Result<String, String> {
    let mut argv = vec!["sh", "-c", PYTHON, "oracle", script];
    argv.extend(arguments);
    read(shell, host, &argv, limit).await
}
