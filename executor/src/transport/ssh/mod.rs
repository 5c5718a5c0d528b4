//! Hosts by SSH: the system's own ssh, one kept connection a host, many commands through it.

mod config;
mod connection;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use thiserror::Error;
use tokio::sync::{Mutex, Semaphore};

pub use self::config::unwritable;

use self::config::Unwritable;
use self::connection::{Connection, Destination};
use super::{Transport, TransportError, Unreachable};
use crate::core::command::{Command, Output};
use crate::core::inventory::SshSettings;
use crate::core::names::HostName;

/// Commands at once on one host. sshd allows ten sessions a connection (`MaxSessions`), some for others.
const SESSIONS: usize = 8;

/// Why SSH cannot even be tried.
#[derive(Debug, Error)]
pub enum SshSetupError {
    /// No private directory for the control sockets.
    #[error("no directory for ssh's control sockets below {}", parent.display())]
    Directory {
        /// Where it was to be.
        parent: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No configuration file could be written for a host.
    #[error("no ssh configuration for {host} in {}", path.display())]
    Configuration {
        /// The host.
        host: HostName,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A setting cannot be given to ssh.
    #[error("the ssh settings of {host} cannot be used")]
    Settings {
        /// The host.
        host: HostName,
        /// Which, and why not.
        source: Unwritable,
    },
}

/// Runs commands on hosts by the system's ssh, with the operator's `~/.ssh/config`, agent and jump hosts.
///
/// - Host keys are checked strictly, always, those of jump hosts too.
/// - A connection is opened at the first command, kept, and opened anew where it broke.
/// - No password is ever asked for.
/// - A user who is not root works through `sudo -n`.
/// - The login shell on the host has to be a POSIX one, and `timeout` of coreutils has to be there.
#[derive(Debug)]
pub struct Ssh {
    hosts: BTreeMap<HostName, Host>,
    /// Configuration files and control sockets. Private, and removed with us, hence last.
    root: TempDir,
}

#[derive(Debug)]
struct Host {
    destination: Destination,
    connection: Mutex<Option<Arc<Connection>>>,
    sessions: Semaphore,
}

impl Ssh {
    /// Returns a transport to these hosts. Nothing is connected yet.
    ///
    /// The known hosts and the identity that a host's settings name are used for its jump host as well.
    ///
    /// # Errors
    /// When settings cannot be given to ssh, or its files cannot be written.
    pub fn new(hosts: BTreeMap<HostName, SshSettings>) -> Result<Self, SshSetupError> {
        let parent = socket_parent();
        let root = tempfile::Builder::new()
            .prefix("executor-ssh.")
            // By itself the library leaves it to the umask.
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(|source| SshSetupError::Directory { parent, source })?;
        let mut targets = BTreeMap::new();
        for (number, (host, settings)) in hosts.into_iter().enumerate() {
            let unusable = |source| SshSetupError::Settings { host: host.clone(), source };
            let text = config::text(&settings).map_err(unusable)?;
            let arguments = config::destination(&settings).map_err(unusable)?;
            let path = root.path().join(format!("{number}.conf"));
            std::fs::write(&path, text).map_err(|source| SshSetupError::Configuration {
                host: host.clone(),
                path: path.clone(),
                source,
            })?;
            let destination = Destination { host: host.clone(), config: path, arguments };
            let sessions = Semaphore::new(SESSIONS);
            targets.insert(host, Host { destination, connection: Mutex::new(None), sessions });
        }
        Ok(Self { hosts: targets, root })
    }

    /// Ends all connections. A later command opens its own again.
    pub async fn close(&self) {
        for host in self.hosts.values() {
            let connection = host.connection.lock().await.take();
            // Where a command still runs, the connection ends with it.
            if let Some(connection) = connection.and_then(Arc::into_inner) {
                connection.close().await;
            }
        }
    }

    fn target(&self, host: &HostName) -> Result<&Host, TransportError> {
        self.hosts.get(host).ok_or_else(|| TransportError::NotReached {
            host: host.clone(),
            cause: Unreachable::Other,
            reason: "it has no ssh settings".to_owned(),
        })
    }

    /// Returns the host's connection, opening it where there is none that stands.
    async fn connection(&self, host: &Host) -> Result<Arc<Connection>, TransportError> {
        let mut kept = host.connection.lock().await;
        if let Some(connection) = kept.as_ref() {
            if connection.stands().await {
                return Ok(Arc::clone(connection));
            }
            tracing::debug!(host = %host.destination.host, "the connection broke; opening another");
            *kept = None;
        }
        let connection = Arc::new(host.destination.open(self.root.path()).await?);
        *kept = Some(Arc::clone(&connection));
        Ok(connection)
    }
}

impl Host {
    /// Drops a connection that failed, unless another has taken its place by now.
    async fn forget(&self, failed: &Arc<Connection>) {
        let mut kept = self.connection.lock().await;
        if kept.as_ref().is_some_and(|connection| Arc::ptr_eq(connection, failed)) {
            *kept = None;
        }
    }
}

#[async_trait]
impl Transport for Ssh {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let target = self.target(host)?;
        // Never closed, so the only error cannot happen; without a permit sshd may refuse.
        let _permit = target.sessions.acquire().await;
        let connection = self.connection(target).await?;
        let result = connection.run(host, command).await;
        if matches!(result, Err(TransportError::Lost { .. })) {
            target.forget(&connection).await;
        }
        result
    }

    async fn prove_fresh_connection(&self, host: &HostName) -> Result<(), TransportError> {
        self.target(host)?.destination.prove().await
    }
}

/// Returns where the control sockets go: a path that leaves room for them in the 108 bytes of a socket's.
fn socket_parent() -> PathBuf {
    const ROOM: usize = 40;
    let parent = std::env::temp_dir();
    if parent.as_os_str().len() <= ROOM { parent } else { PathBuf::from("/tmp") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_the_control_sockets_is_private_and_goes_with_the_transport() {
        let ssh = Ssh::new(BTreeMap::new()).unwrap();
        let path = ssh.root.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(ssh);
        assert!(!path.exists());
    }
}
