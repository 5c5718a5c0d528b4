//! What runs, as opposed to what is installed: a process goes on with the code it was started from.

use serde::{Deserialize, Serialize};

use super::names::Release;

/// A Gluster process of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningProcess {
    /// What it is.
    pub role: Role,
    /// Its pid.
    pub pid: u32,
    /// The release whose translators it has mapped (`…/glusterfs/11.1/xlator/…` in `/proc/PID/maps`), `None`
    /// where it has mapped none.
    pub release: Option<Release>,
    /// Whether its program, or a library of Gluster's that it uses, was replaced or removed since it started
    /// (`(deleted)` in `/proc/PID/exe` and `/proc/PID/maps`).
    pub replaced: bool,
}

/// What a Gluster process is, by its name and arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The management daemon.
    Glusterd,
    /// A brick, or several in one process where bricks are multiplexed.
    Brick,
    /// A daemon that glusterd starts: self-heal, quota, bitrot and the like.
    Daemon,
    /// A FUSE mount on the server.
    Mount,
}

impl Role {
    /// Returns the word for it, for findings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Glusterd => "glusterd",
            Self::Brick => "a brick process",
            Self::Daemon => "a daemon of glusterd's",
            Self::Mount => "a mount",
        }
    }
}
