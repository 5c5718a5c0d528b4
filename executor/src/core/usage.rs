//! How a host uses volumes: its FUSE mounts, the programs on libgfapi, and what an upgrade put aside there.
//!
//! All of it stands in the way of new packages: a mount that is not made again and a program that is not
//! restarted go on with the old library, from files that are gone (glusterfs issues 4211, 3732).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::application::Application;
use super::names::{AbsolutePath, ApplicationName, MountSource, Release, VolumeName};
use super::pool::Observed;

/// What is needed to make a FUSE mount again as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Mount {
    /// Servers and volume, as `mount -t glusterfs` takes them: `g1:/vol0`, `g1,g2:/vol0/folder`.
    pub source: MountSource,
    /// Where it is mounted.
    pub point: AbsolutePath,
    /// The options for `mount -o`, sorted, read from the process that serves the mount. The kernel shows a
    /// part of them only.
    pub options: Vec<String>,
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, point, options } = self;
        write!(f, "{source} at {point}")?;
        if options.is_empty() { Ok(()) } else { write!(f, " ({})", options.join(",")) }
    }
}

/// A FUSE mount of a volume, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MountState {
    /// Where it is mounted.
    pub point: AbsolutePath,
    /// Its source, in the kernel's words.
    pub source: String,
    /// What is needed to make it again, or why that cannot be told.
    pub again: Observed<Mount>,
    /// Who else knows of it: `fstab`, or the systemd unit's name and file.
    pub kept_by: Vec<String>,
    /// Whether a look into it was answered.
    pub readable: bool,
    /// Processes that have their folder, their program or a file open in it.
    pub users: Observed<Vec<ProcessName>>,
}

/// A process, by which it can be found again and called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ProcessName {
    /// Its number; 0 for the kernel itself, such as a mount below another.
    pub pid: u32,
    /// Its program's name.
    pub program: String,
}

impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, program } = self;
        if *pid == 0 { write!(f, "{program}") } else { write!(f, "{program} (pid {pid})") }
    }
}

/// A process with one of Gluster's libraries in its memory (`/proc/PID/maps`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LibraryUser {
    /// The process.
    pub process: ProcessName,
    /// Whether it is a program of others on libgfapi, and none of Gluster's own.
    pub gfapi: bool,
    /// The systemd service it belongs to, where it belongs to one.
    pub unit: Option<String>,
    /// The volume it uses, where its command line tells.
    pub volume: Option<VolumeName>,
    /// The release whose translators it has loaded, from their path; `None` before it has loaded any.
    pub release: Option<Release>,
    /// Whether a library in its memory was replaced on disk.
    pub deleted: bool,
}

/// How a host uses volumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Its FUSE mounts.
    pub mounts: Vec<MountState>,
    /// Processes with Gluster's libraries, or why not all of them could be told.
    pub library_users: Observed<Vec<LibraryUser>>,
    /// The processes of the inventory's applications of this host, by [`Application::key`]. None: it does not run.
    pub running: BTreeMap<String, BTreeSet<u32>>,
    /// What an upgrade unmounted or stopped here and did not bring back yet.
    pub put_aside: PutAside,
    /// The host's own addresses.
    pub addresses: BTreeSet<String>,
}

/// What an upgrade noted on the host before it unmounted or stopped it, so that no later plan forgets it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PutAside {
    /// Mounts.
    pub mounts: BTreeSet<Mount>,
    /// Applications, by name.
    pub applications: BTreeSet<ApplicationName>,
}

impl Usage {
    /// Returns whether the application runs.
    pub fn runs(&self, application: &Application) -> bool {
        self.running.get(&application.key()).is_some_and(|pids| !pids.is_empty())
    }

    /// Returns the mount at a point.
    pub fn mount_at(&self, point: &AbsolutePath) -> Option<&MountState> {
        self.mounts.iter().find(|mount| mount.point == *point)
    }
}
