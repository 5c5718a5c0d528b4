//! The only way out: running a command on a host.

use async_trait::async_trait;
use thiserror::Error;

use crate::core::command::{Command, Output};
use crate::core::names::HostName;

/// Why a command has no output. The variants differ in what may have happened on the host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TransportError {
    /// Nothing was run: the host could not be reached or would not let us in.
    #[error("{host} was not reached: {reason}")]
    NotReached {
        /// The host.
        host: HostName,
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
}
