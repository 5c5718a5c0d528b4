//! The only way out: running a command on a host.

mod child;
mod exec;
mod here;
mod limits;
mod local;
mod read_only;
mod resolve;
mod rights;
mod routes;
mod ssh;
mod unreachable;

use async_trait::async_trait;
use thiserror::Error;

use crate::core::command::{Command, Output};
use crate::core::names::HostName;

pub use crate::core::pool::Unreachable;
pub use exec::Exec;
pub use here::{gluster_mount_of, is_here};
pub use local::Local;
pub use read_only::ReadOnly;
pub use resolve::unresolved;
pub use routes::Routes;
pub use ssh::{Ssh, SshSetupError, unwritable};

/// Why a command has no output. The variants differ in what may have happened on the host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TransportError {
    /// Nothing was run: the host could not be reached or would not let us in.
    #[error("{host} was not reached: {reason}")]
    NotReached {
        /// The host.
        host: HostName,
        /// The kind of trouble, for those who can do something about it.
        cause: Unreachable,
        /// Why, in ssh's words where it gave any.
        reason: String,
    },
    /// The command may have run, in part or whole.
    #[error("the connection to {host} was lost while a command ran: {reason}")]
    Lost {
        /// The host.
        host: HostName,
        /// What happened.
        reason: String,
    },
    /// The command ran longer than it may and was ended on the host.
    #[error("a command on {host} did not end within {seconds} s: {command}")]
    Deadline {
        /// The host.
        host: HostName,
        /// Its deadline.
        seconds: u64,
        /// The command's first words.
        command: String,
    },
    /// The command ran to its end but printed more than is read. A part of an answer is no answer.
    #[error("a command on {host} printed more than {limit} bytes: {command}")]
    TooMuchOutput {
        /// The host.
        host: HostName,
        /// How much is read of each stream.
        limit: u64,
        /// The command's first words.
        command: String,
    },
    /// A command that changes something was given to a read-only transport: a defect of ours.
    #[error("refused to change {host} while only looking: {command}")]
    ReadOnly {
        /// The host.
        host: HostName,
        /// The command's first words.
        command: String,
    },
}

/// Runs commands on hosts.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Runs a command on a host and returns what it printed, whatever its exit status.
    ///
    /// # Errors
    /// When there is no exit status of the command itself to return.
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError>;

    /// Proves that the host still lets us in by a connection that did not exist before.
    ///
    /// An upgrade can replace sshd under a connection that goes on working (seen with 10.3 to 11.1 on
    /// bookworm: every new connection was reset until sshd was restarted). A transport that keeps no
    /// connections has nothing to prove.
    ///
    /// # Errors
    /// When the host does not let us in any more.
    async fn prove_fresh_connection(&self, _host: &HostName) -> Result<(), TransportError> {
        Ok(())
    }
}

/// Returns the command's first words, for messages. A script of ours is called by its first comment.
pub(crate) fn first_words(command: &Command) -> String {
    const LENGTH: usize = 120;
    let words = match command.argv.as_slice() {
        [shell, flag, script, _, arguments @ ..] if shell == "sh" && flag == "-c" => {
            let first = script.lines().next().unwrap_or_default().trim_start_matches("# ");
            [&[first.to_owned()], arguments].concat()
        }
        argv => argv.to_vec(),
    };
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    words.join(" ").escape_debug().take(LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::command::Effect;
    use rstest::rstest;
    use std::time::Duration;

    #[rstest]
    #[case(&["gluster", "volume", "info"], "gluster volume info")]
    #[case(&["sh", "-c", "# Stops gluster.\nkill 1", "executor"], "Stops gluster.")]
    #[case(&["sh", "-c", "# Says it.\nsay", "executor", "a b", "c\u{1b}[2J"], "Says it. a b c\\u{1b}[2J")]
    #[case(&["echo", "a\nb"], "echo a\\nb")]
    fn first_words_of(#[case] argv: &[&str], #[case] expected: &str) {
        let command = Command::reads(argv.iter().copied(), Duration::from_secs(1));
        assert_eq!(first_words(&command), expected);
        assert_eq!(command.effect, Effect::Reads);
    }
}
