//! The way into a node: SSH, with a key made for the run and host keys that are known.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::process::Command;

use super::PoolError;

/// The ports that nodes are published on. Below those that the kernel gives to outgoing connections, so that a node
/// that comes back after a power cut finds its port free.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How a node is reached over SSH from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// Where its sshd listens.
    pub address: SocketAddr,
    /// The user.
    pub user: String,
    /// The private key.
    pub identity: PathBuf,
    /// The file with the host keys of all nodes.
    pub known_hosts: PathBuf,
}

/// The key pair of a run, and the file of its host keys.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) identity: PathBuf,
    pub(super) known_hosts: PathBuf,
    pub(super) public: String,
}

impl Keys {
    /// Makes the key pair in `folder`/ssh.
    pub(super) async fn make(folder: &Path) -> Result<Keys, PoolError> {
        let failed = |reason: String| PoolError::Keys { reason };
        // ssh wants to find the files from wherever it is started.
        let folder = std::path::absolute(folder.join("ssh"))
            .and_then(|folder| std::fs::create_dir_all(&folder).map(|()| folder))
            .map_err(|error| failed(error.to_string()))?;
        let identity = folder.join("id_ed25519");
        let output = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "gluster-upgrade-simulator", "-f"])
            .arg(&identity)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| failed(format!("ssh-keygen: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(failed(format!("ssh-keygen: {}", said.trim())));
        }
        let public = std::fs::read_to_string(identity.with_extension("pub"))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Keys { known_hosts: folder.join("known_hosts"), identity, public })
    }

    /// Returns the door to a node behind this address.
    pub(super) fn door(&self, address: SocketAddr) -> Door {
        Door {
            address,
            user: "root".to_owned(),
            identity: self.identity.clone(),
            known_hosts: self.known_hosts.clone(),
        }
    }

    /// Adds host keys to their file, a line a node. One write for all, since pools may come up side by side.
    pub(super) fn add_known_hosts(&self, lines: &[String]) -> Result<(), PoolError> {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.known_hosts);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| PoolError::Keys { reason: format!("{}: {error}", self.known_hosts.display()) })
    }
}

/// Returns the line of a known_hosts file for a host key, as its `.pub` file on the node has it.
///
/// # Errors
///
/// [`PoolError::Keys`] where that is no public key.
pub fn known_hosts_line(address: SocketAddr, public: &str) -> Result<String, PoolError> {
    let mut words = public.split_whitespace();
    match (words.next(), words.next()) {
        (Some(kind), Some(key)) if kind.starts_with("ssh-") => {
            Ok(format!("[{}]:{} {kind} {key}", address.ip(), address.port()))
        }
        (_, _) => Err(PoolError::Keys { reason: format!("`{}` is no host key", public.trim()) }),
    }
}

/// Returns a port of loopback that is free just now, and none of those that are taken: a node without power has its own
/// still, and whoever knocks there must not find another one.
///
/// Chosen here and not by the engine, which would choose another one each time the container starts.
pub(super) fn free_port(taken: &BTreeSet<u16>) -> Result<u16, PoolError> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let size = PORTS.end - PORTS.start;
    // Processes start at different places, so that two of them seldom meet.
    let place = (std::process::id() % u32::from(size)) as u16;
    for _ in PORTS {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % size;
        let port = PORTS.start + (u32::from(place) * 16 + u32::from(step)).rem_euclid(u32::from(size)) as u16;
        if !taken.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(PoolError::Keys { reason: format!("no free port between {} and {}", PORTS.start, PORTS.end) })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::with_comment("ssh-ed25519 AAAA root@g1\n", Some("[127.0.0.1]:20022 ssh-ed25519 AAAA"))]
    #[case::without("ssh-ed25519 AAAA", Some("[127.0.0.1]:20022 ssh-ed25519 AAAA"))]
    #[case::no_key("ssh-ed25519", None)]
    #[case::something_else("No such file", None)]
    #[case::nothing("", None)]
    fn host_key_lines(#[case] public: &str, #[case] expected: Option<&str>) {
        let line = known_hosts_line("127.0.0.1:20022".parse().unwrap(), public);
        assert_eq!(line.ok().as_deref(), expected);
    }

    /// That of a node without power is free, and not to be had.
    #[test]
    fn a_port_that_is_taken_is_nobody_elses() {
        let all_but_one: BTreeSet<u16> = PORTS.filter(|port| *port != 31_999).collect();
        match free_port(&all_but_one) {
            Ok(port) => assert_eq!(port, 31_999),
            Err(error) => assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, 31_999)).is_err(), "{error}"),
        }
        assert!(free_port(&PORTS.collect()).is_err());
    }

    #[test]
    fn ports_differ() {
        let none = BTreeSet::new();
        let (one, other) = (free_port(&none).unwrap(), free_port(&none).unwrap());
        assert_ne!(one, other);
        assert!(PORTS.contains(&one) && PORTS.contains(&other));
    }
}
