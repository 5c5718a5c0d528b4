//! The inventory: what the operator declared. Never mixed with the pool state, which is what was observed.

use std::path::PathBuf;

/// How to reach a host by SSH. What is `None` is left to `~/.ssh/config` and ssh's own defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshSettings {
    /// The address, or an alias that `~/.ssh/config` knows.
    pub address: String,
    /// The user to log in as.
    pub user: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The private key.
    pub identity: Option<PathBuf>,
    /// A jump host (`user@host:port`).
    pub jump: Option<String>,
    /// A file of known host keys to use in place of `~/.ssh/known_hosts`.
    pub known_hosts: Option<PathBuf>,
}
