//! What can go wrong between the simulator and the container engine.

use std::time::Duration;

use super::exec::ExecOutput;
use super::ranges::RANGES_VARIABLE;

/// Trouble with the engine, or with a command in one of its containers.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no engine, or it does not answer.
    #[error("no container engine reached: {reason}")]
    NotReached {
        /// What the connection said.
        reason: String,
    },
    /// The environment names ranges for networks that make no sense.
    #[error(
        "{RANGES_VARIABLE}: found `{found}`, expected networks with a prefix of 8 to 26, parted by commas, such as 10.213.0.0/16"
    )]
    Ranges {
        /// What is no such network.
        found: String,
    },
    /// Every subnet that a network could have is in use.
    #[error(
        "no free subnet for a network: all {count} of {ranges} are in use, by networks of the engine or routes of this machine"
    )]
    NoSubnet {
        /// The ranges.
        ranges: String,
        /// How many subnets they have.
        count: usize,
    },
    /// The engine refused or failed a request.
    #[error("{what}")]
    Api {
        /// What was being done, as a fragment: "creating network x".
        what: String,
        /// The engine's answer.
        source: bollard::errors::Error,
    },
    /// A command in a container took longer than it may.
    #[error("`{}` in {container} did not end within {} s", argv.join(" "), deadline.as_secs())]
    Deadline {
        /// The container.
        container: String,
        /// The command.
        argv: Vec<String>,
        /// How long it was given.
        deadline: Duration,
    },
    /// A command that had to succeed did not.
    #[error("`{}` in {container} ended with {}: {}", argv.join(" "), output.status, output.last_words())]
    Failed {
        /// The container.
        container: String,
        /// The command.
        argv: Vec<String>,
        /// What it said and how it ended.
        output: Box<ExecOutput>,
    },
    /// The engine answered with something that makes no sense to us.
    #[error("{what}: expected {expected}, found {found}")]
    Unexpected {
        /// What was being done.
        what: String,
        /// What the answer should have held.
        expected: String,
        /// What it held.
        found: String,
    },
    /// A file on its way into or out of a container could not be packed or unpacked.
    #[error("{what}")]
    Archive {
        /// What was being done.
        what: String,
        /// What the archive said.
        source: std::io::Error,
    },
}

impl EngineError {
    /// Returns what the operator can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            EngineError::NotReached { .. } => Some(
                "start Docker (`systemctl start docker`), or point DOCKER_HOST at a running engine; \
                 the user needs access to its socket",
            ),
            EngineError::Ranges { .. } => {
                Some("leave the variable unset for the ranges that `simulator --help` names")
            }
            EngineError::NoSubnet { .. } => Some(
                "name another range, such as SIMULATOR_NETWORKS=10.87.0.0/16; `simulator doctor` looks at it",
            ),
            EngineError::Api { source: bollard::errors::Error::RequestTimeoutError, .. } => Some(
                "the engine answers nothing about this any more; if `docker network ls` hangs too, it has locked itself up, \
                 and only its restart helps: see docs/engine.md",
            ),
            EngineError::Api { .. }
            | EngineError::Deadline { .. }
            | EngineError::Failed { .. }
            | EngineError::Unexpected { .. }
            | EngineError::Archive { .. } => None,
        }
    }

    /// Tells whether the engine said that there is no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.api_status() == Some(404)
    }

    /// Returns the status code of the engine's refusal.
    pub(super) fn api_status(&self) -> Option<u16> {
        match self {
            EngineError::Api {
                source: bollard::errors::Error::DockerResponseServerError { status_code, .. },
                ..
            } => Some(*status_code),
            EngineError::Api { .. }
            | EngineError::NotReached { .. }
            | EngineError::Ranges { .. }
            | EngineError::NoSubnet { .. }
            | EngineError::Deadline { .. }
            | EngineError::Failed { .. }
            | EngineError::Unexpected { .. }
            | EngineError::Archive { .. } => None,
        }
    }

    /// Wraps an answer of the engine with what was being done.
    pub(super) fn api(what: impl FnOnce() -> String) -> impl FnOnce(bollard::errors::Error) -> EngineError {
        move |source| EngineError::Api { what: what(), source }
    }
}
