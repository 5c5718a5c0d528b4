//! Geo-replication as observed: sessions, their workers, and the pools at their other ends.
//!
//! Gluster says *primary* and *secondary* from 10 on; older releases print master and slave for the same two.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{HostName, InvalidName, PeerUuid, Release, VolumeName};
use super::pool::{Observed, Reach};

/// The far end of a session, as the CLI takes it: `l1::copy`, `geoaccount@l1::copy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Secondary {
    /// The user the workers log in as, where it is not root.
    pub user: Option<String>,
    /// The server, by the name the session was created with.
    pub host: HostName,
    /// The volume there.
    pub volume: VolumeName,
}

impl FromStr for Secondary {
    type Err = InvalidName;
    /// Reads `HOST::VOLUME`, `USER@HOST::VOLUME`, and either behind `ssh://`, which status prints.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName {
            text: text.to_owned(),
            expected: "the far end of a geo-replication session such as `host::volume`",
        };
        let bare = text.strip_prefix("ssh://").unwrap_or(text);
        // From the right: an IPv6 address may hold `::` itself.
        let (host, volume) = bare.rsplit_once("::").ok_or_else(invalid)?;
        let (user, host) = match host.split_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, host),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let fit = |user: &&str| !user.is_empty() && !user.starts_with('-') && user.chars().all(plain);
        if user.is_some_and(|user| !fit(&user)) {
            return Err(invalid());
        }
        Ok(Self {
            user: user.filter(|user| *user != "root").map(str::to_owned),
            host: host.parse().map_err(|_| invalid())?,
            volume: volume.parse().map_err(|_| invalid())?,
        })
    }
}

impl TryFrom<String> for Secondary {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Secondary> for String {
    fn from(secondary: Secondary) -> String {
        secondary.to_string()
    }
}

impl fmt::Display for Secondary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, volume } = self;
        if let Some(user) = user {
            write!(f, "{user}@")?;
        }
        write!(f, "{host}::{volume}")
    }
}

/// A session by its two ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SessionName {
    /// The volume that is copied.
    pub primary: VolumeName,
    /// Where to.
    pub secondary: Secondary,
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.primary, self.secondary)
    }
}

/// What a worker, which copies one brick, says of itself (`worker_status` in gsyncdstatus.py; the words of a
/// monitor that does not run are glusterd's, glusterd-geo-rep.c; 3.7 to 11).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerStatus {
    /// It copies.
    Active,
    /// Another worker of its replica set copies.
    Passive,
    /// It was stopped, or made and never started (`Stopped`, `Created`).
    Stopped,
    /// Anything else, in Gluster's words: `Initializing...`, `Faulty`, `Paused` ….
    Other(String),
}

impl WorkerStatus {
    /// Reads Gluster's word for it.
    pub fn of(word: &str) -> Self {
        match word {
            "Active" => Self::Active,
            "Passive" => Self::Passive,
            "Stopped" | "Created" => Self::Stopped,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for WorkerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active => f.pad("Active"),
            Self::Passive => f.pad("Passive"),
            Self::Stopped => f.pad("Stopped"),
            Self::Other(words) => f.pad(words),
        }
    }
}

/// A worker of a session: one for each brick of the primary volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Worker {
    /// The server, as Gluster names it.
    pub node: String,
    /// Its UUID.
    pub peer: Option<PeerUuid>,
    /// The brick's directory.
    pub brick: String,
    /// What it does.
    pub status: WorkerStatus,
    /// How it looks for what to copy (`Changelog Crawl`, `History Crawl`, `Hybrid Crawl`); none says `N/A`.
    pub crawl: Option<String>,
}

/// A session as its primary pool tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Its two ends.
    pub name: SessionName,
    /// Its workers.
    pub workers: Vec<Worker>,
    /// Its configuration, by key, in the words of 10 and later (`secondary_timeout`, not `slave_timeout`).
    pub config: Observed<BTreeMap<String, String>>,
}

impl Session {
    /// Returns whether no worker runs, and there are some to say so.
    pub fn is_stopped(&self) -> bool {
        !self.workers.is_empty() && self.workers.iter().all(|worker| worker.status == WorkerStatus::Stopped)
    }
}

/// What the workers are run with on a server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SyncTools {
    /// The version of the `python3` in the path, as `3.11.2`; none where there is none.
    pub python3: Option<String>,
    /// The same of `python2`, or of a `python` that is a 2.
    pub python2: Option<String>,
    /// The version of rsync, as `3.5.0`.
    pub rsync: Option<String>,
    /// Where `glusterfs-georep-upgrade.py` is, which moves changelogs to the layout of 8. No package brings it.
    pub converter: Option<String>,
    /// Processes that receive for a session of another pool.
    pub receiving: u32,
}

/// At which end of the sessions another pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolRole {
    /// It sends to this one.
    Primary,
    /// It receives from this one.
    Secondary,
}

impl fmt::Display for PoolRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        })
    }
}

/// What was observed of another pool, of which this one is primary or secondary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherPool {
    /// Its inventory.
    pub inventory: PathBuf,
    /// At which end it is.
    pub role: PoolRole,
    /// Its servers, reached or not.
    pub hosts: BTreeMap<HostName, OtherHost>,
    /// Its own sessions, where it is the primary.
    pub sessions: Observed<Vec<Session>>,
}

/// What was observed on a server of another pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OtherHost {
    /// The address the inventory gives it.
    pub address: String,
    /// Whether it answered.
    pub reach: Reach,
    /// The release that is installed, `None` where Gluster is not installed.
    pub release: Observed<Option<Release>>,
    /// How many peers it has, and all the names it knows them by.
    pub peers: Observed<OtherPeers>,
    /// What the workers are run with.
    pub sync_tools: Observed<SyncTools>,
}

/// The peers of a server of another pool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct OtherPeers {
    /// How many there are.
    pub count: usize,
    /// Their names.
    pub names: Vec<HostName>,
}

impl OtherPool {
    /// Returns whether a session's far end is in this pool, by any name it is known by.
    pub fn is_called(&self, name: &HostName) -> bool {
        self.hosts.iter().any(|(host, state)| {
            host == name
                || state.address == name.as_str()
                || state.peers.known().is_ok_and(|peers| peers.names.contains(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("l1::copy", "l1::copy")]
    #[case("ssh://l1::copy", "l1::copy")]
    #[case("ssh://root@l1::copy", "l1::copy")]
    #[case("geo@l1.example.org::copy", "geo@l1.example.org::copy")]
    #[case("fd00::7::copy", "fd00::7::copy")]
    fn far_ends_are_read_as_status_and_people_write_them(#[case] text: &str, #[case] read: &str) {
        assert_eq!(text.parse::<Secondary>().unwrap().to_string(), read);
    }

    #[rstest]
    #[case("l1:copy")]
    #[case("l1::")]
    #[case("::copy")]
    #[case("-o@l1::copy")]
    #[case("a b@l1::copy")]
    #[case("l1::copy;reboot")]
    #[case("file:///srv")]
    fn other_texts_are_no_far_end(#[case] text: &str) {
        assert!(text.parse::<Secondary>().is_err());
    }
}
