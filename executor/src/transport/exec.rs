//! Hosts behind a prefix of the operator's: `docker exec g1`, `kubectl exec pod/g1 --`.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::child::{self, Ended, Unended};
use super::limits::{Deadline, Stream};
use super::{Transport, TransportError, Unreachable, rights};
use crate::core::command::{Command, Effect, Output};
use crate::core::names::HostName;

/// The script that runs a command between two marks.
const SCRIPT: &str = include_str!("exec.sh");
/// How long a question about the way itself may take.
const LOOK: Duration = Duration::from_secs(30);
/// An argument that comes through unchanged only where no shell reads it on the way.
const AWKWARD: &str = "a  b'c\"d$HOME`true`$(true)\\\\;*\n-é";

/// Runs commands by putting a host's prefix before them, as arguments.
///
/// - Before the first command it is proved that arguments arrive unchanged: a prefix that hands them to a shell
///   (`ssh gate docker exec …`) is refused.
/// - A user who is not root works through `sudo -n` on the host.
/// - What the prefix itself ends with is never taken for the command's status.
#[derive(Debug)]
pub struct Exec {
    hosts: BTreeMap<HostName, Host>,
}

#[derive(Debug)]
struct Host {
    prefix: Vec<String>,
    sudo: OnceCell<bool>,
}

impl Exec {
    /// Returns a transport to these hosts, each with the words before its commands. Nothing is run yet.
    pub fn new(prefixes: BTreeMap<HostName, Vec<String>>) -> Self {
        let host = |(name, prefix)| (name, Host { prefix, sudo: OnceCell::new() });
        Self { hosts: prefixes.into_iter().map(host).collect() }
    }

    fn target(&self, host: &HostName) -> Result<&Host, TransportError> {
        self.hosts
            .get(host)
            .ok_or_else(|| not_reached(host, Unreachable::Other, "it has no `exec`".to_owned()))
    }
}

impl Host {
    /// Returns whether sudo is needed there. Asked once, and whether arguments arrive as they are.
    async fn sudo(&self, host: &HostName) -> Result<bool, TransportError> {
        let asked = self.sudo.get_or_try_init(async || {
            let look = |argv: &[&str]| Command::reads(argv.iter().copied(), LOOK);
            let id = look(&["sh", "-c", "printf '%s|%s' \"$(id -u)\" \"$1\"", "executor", AWKWARD]);
            let output = self.run(host, &id, false).await?;
            let (uid, arrived) = output.stdout.split_once('|').unwrap_or_default();
            if output.status != 0 || arrived != AWKWARD {
                let reason =
                    "its `exec` does not pass arguments on as they are: a shell reads them on the way";
                return Err(not_reached(host, Unreachable::Other, reason.to_owned()));
            }
            if uid == "0" {
                return Ok(false);
            }
            let sudo = self.run(host, &look(&["true"]), true).await?;
            if sudo.status == 0 {
                return Ok(true);
            }
            let user = self.run(host, &look(&["id", "-un"]), false).await?.stdout;
            let shell = self.run(host, &look(&["sh", "-c", "command -v sh"]), false).await?.stdout;
            Err(not_reached(host, Unreachable::SudoRefused, rights::refused(&user, &shell, &sudo.stderr)))
        });
        asked.await.copied()
    }

    async fn run(&self, host: &HostName, command: &Command, sudo: bool) -> Result<Output, TransportError> {
        let deadline = Deadline::of(command);
        let (mark, seconds) = (mark(), deadline.seconds.to_string());
        let mut argv: Vec<&str> = self.prefix.iter().map(String::as_str).collect();
        // By a shell that is there in any case: without sudo, its words say so after the first mark.
        if sudo {
            argv.extend(["sh", "-c", "exec sudo -n \"$@\"", "executor"]);
        }
        argv.extend(["sh", "-c", SCRIPT, "executor", &mark, &seconds]);
        argv.extend(command.argv.iter().map(String::as_str));
        let lost = |reason: String| TransportError::Lost { host: host.clone(), reason };
        let ended = match child::run(&argv, deadline).await {
            Ok(ended) => ended,
            Err(Unended::NotStarted(error)) => {
                // Its further words may hold a secret.
                let program = self.prefix.first().map_or("", String::as_str);
                let reason = format!("{} cannot be run: {error}", program.escape_debug());
                return Err(not_reached(host, Unreachable::Other, reason));
            }
            Err(Unended::Broken(error)) => return Err(lost(format!("its output broke off: {error}"))),
            Err(Unended::Unseen) => return Err(deadline.unseen(host)),
        };
        let Ended { status, stdout, stderr } = ended;
        match read_marks(&stderr, &mark) {
            Marks::Whole { status, stderr } => deadline.judge(host, command, status, stdout, stderr),
            Marks::BegunOnly => Err(lost(format!("the way to it ended midway ({status})"))),
            // sudo's own words, which come before the script.
            Marks::None if sudo && status.code().is_some() => Ok(Output {
                status: status.code().unwrap_or(1),
                stdout: String::new(),
                stderr: stderr.text(),
            }),
            Marks::None => {
                let said = stderr.text();
                let said = said.trim().lines().collect::<Vec<_>>().join("; ");
                let reason = format!("the way to it ended before anything was run ({status}): {said}");
                match (command.effect, status.code()) {
                    (Effect::Reads, Some(_)) => Err(not_reached(host, Unreachable::Other, reason)),
                    // The mark itself may have been lost with the connection.
                    (Effect::Changes, _) | (Effect::Reads, None) => Err(lost(reason)),
                }
            }
        }
    }
}

#[async_trait]
impl Transport for Exec {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let target = self.target(host)?;
        let sudo = target.sudo(host).await?;
        target.run(host, command, sudo).await
    }

    async fn prove_fresh_connection(&self, host: &HostName) -> Result<(), TransportError> {
        let output = self.target(host)?.run(host, &Command::reads(["true"], LOOK), false).await?;
        match output.status {
            0 => Ok(()),
            status => Err(not_reached(host, Unreachable::Other, format!("`true` ends with {status} there"))),
        }
    }
}

fn not_reached(host: &HostName, cause: Unreachable, reason: String) -> TransportError {
    TransportError::NotReached { host: host.clone(), cause, reason }
}

/// Returns a text that no command prints by chance.
fn mark() -> String {
    format!("executor-{:016x}", RandomState::new().build_hasher().finish())
}

/// The marks found in a command's standard error.
enum Marks {
    /// Both: the command's status, and what it printed between them.
    Whole { status: i32, stderr: Stream },
    /// The first one only.
    BegunOnly,
    /// None: what is there was printed by the prefix.
    None,
}

/// Finds the marks, also where the stream was too long and only its end is there.
fn read_marks(stderr: &Stream, mark: &str) -> Marks {
    let text = stderr.text();
    let begun = format!("{mark} begun\n");
    let ended = format!("\n{mark} ended ");
    let rest = match text.split_once(&begun) {
        Some((_, rest)) => rest,
        None if stderr.cut => &text,
        None => return Marks::None,
    };
    let Some((said, end)) = rest.rsplit_once(&ended) else { return Marks::BegunOnly };
    match end.lines().next().unwrap_or_default().parse() {
        Ok(status) => {
            Marks::Whole { status, stderr: Stream { bytes: said.as_bytes().to_vec(), cut: stderr.cut } }
        }
        Err(_) => Marks::BegunOnly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn found(text: &str, cut: bool) -> Option<(i32, String)> {
        match read_marks(&Stream { bytes: text.as_bytes().to_vec(), cut }, "M") {
            Marks::Whole { status, stderr } => Some((status, stderr.text())),
            Marks::BegunOnly | Marks::None => None,
        }
    }

    #[rstest]
    #[case("M begun\n\nM ended 0\n", false, Some((0, "")))]
    #[case("Defaulted container \"g\"\nM begun\nwords\n\nM ended 3\n", false, Some((3, "words\n")))]
    #[case("M begun\nno line's end\nM ended 0\n", false, Some((0, "no line's end")))]
    #[case::printed_by_a_command("M begun\n\nX ended 0\n\nM ended 7\n", false, Some((7, "\nX ended 0\n")))]
    #[case::cut("x\n\nM ended 1\n", true, Some((1, "x\n")))]
    #[case::lost_midway("M begun\nwords\n", false, None)]
    #[case::cut_within_the_mark("M begun\n\nM ended ", false, None)]
    #[case::never_begun("Error response from daemon: No such container: g1\n", false, None)]
    #[case::never_begun_though_it_says_so("\nM ended 0\n", false, None)]
    fn a_status_is_believed_between_both_marks_only(
        #[case] text: &str,
        #[case] cut: bool,
        #[case] expected: Option<(i32, &str)>,
    ) {
        assert_eq!(found(text, cut), expected.map(|(status, words)| (status, words.to_owned())));
    }

    #[test]
    fn marks_differ() {
        assert_ne!(mark(), mark());
    }
}
