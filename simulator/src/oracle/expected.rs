//! What must hold of a pool at the end, said by whoever set the pool up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// A brick: a folder of a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Brick {
    /// The server, by the name that both Gluster and the shell know it by.
    pub host: String,
    /// The folder.
    pub path: String,
}

impl fmt::Display for Brick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, path } = self;
        write!(f, "{host}:{path}")
    }
}

/// How the bricks of a volume carry its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeKind {
    /// Each file on one brick.
    Distribute,
    /// Each file on every brick of its set; of each set, the last `arbiter` bricks hold names only.
    Replicate {
        /// Bricks in a set, arbiters included.
        replica: usize,
        /// How many of them are arbiters.
        arbiter: usize,
    },
    /// A fragment of each file on every brick of its set.
    Disperse {
        /// Bricks needed to read.
        data: usize,
        /// Bricks that may be out.
        redundancy: usize,
    },
}

impl VolumeKind {
    /// Returns how many bricks form a set.
    pub fn set_size(self) -> usize {
        match self {
            Self::Distribute => 1,
            Self::Replicate { replica, arbiter: _ } => replica,
            Self::Disperse { data, redundancy } => data + redundancy,
        }
    }

    /// Returns how many bricks of a set may be out at once with the volume still served.
    ///
    /// One of a replica set, however large: it is what the rolling procedure promises, and of three or of two
    /// with an arbiter the second would cost quorum.
    pub fn may_be_out(self) -> usize {
        match self {
            Self::Distribute => 0,
            Self::Replicate { .. } => 1,
            Self::Disperse { data: _, redundancy } => redundancy,
        }
    }

    /// Returns whether the bricks of this volume heal each other.
    pub fn heals(self) -> bool {
        match self {
            Self::Distribute => false,
            Self::Replicate { .. } | Self::Disperse { .. } => true,
        }
    }
}

/// A volume that must be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedVolume {
    /// Its name.
    pub name: String,
    /// How its bricks carry its data.
    pub kind: VolumeKind,
    /// Its bricks, in Gluster's order: consecutive ones form a set.
    pub bricks: Vec<Brick>,
    /// What was written to it, where something was.
    pub truth: Option<Truth>,
}

impl ExpectedVolume {
    /// Returns the sets of bricks, each with its name as Gluster counts them.
    pub fn sets(&self) -> impl Iterator<Item = (String, &[Brick])> {
        let sets = self.bricks.chunks(self.kind.set_size().max(1)).enumerate();
        sets.map(|(number, bricks)| (format!("{} set {number}", self.name), bricks))
    }
}

/// How the servers of a pool have stored a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stored {
    /// Every server alike, as it must be: servers that differ reject each other at the next handshake.
    #[default]
    Alike,
    /// Not every server alike: the very harm that a scenario makes and that a gate must see. Whether its servers have
    /// come to reject each other by then is for Gluster's timers to say: peers shake hands anew within some seconds,
    /// and a server that is upgraded drops a line within some seconds (11.1: both within 0.3 s of each other). A glusterd
    /// lists nothing of those it rejects.
    Differing,
}

/// How a server serves nothing: what a fault left behind, and a run that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Out {
    /// It has no power.
    Down,
    /// It can be read, and none of its bricks serves; what else runs there is not judged.
    NotServing,
}

/// What must hold of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The release each server must be at, as `glusterfs --version` says it: "11.1". All servers of the pool are named.
    pub releases: BTreeMap<String, String>,
    /// The op-version every server must have stored.
    pub op_version: u32,
    /// The servers that serve nothing. All others have to carry the volumes without them.
    pub out: BTreeMap<String, Out>,
    /// All volumes of the pool.
    pub volumes: Vec<ExpectedVolume>,
    /// A host that can mount the volumes; without it nothing is read back through a mount, and that is unknown.
    pub client: Option<String>,
    /// How the servers must have stored the volumes.
    pub stored: Stored,
    /// Options that others than the executor have set since the baseline, by volume.
    pub set_since: BTreeMap<String, BTreeMap<String, String>>,
    /// Differences from the baseline that are meant.
    pub allowances: Vec<super::Allowance>,
}

impl Expected {
    /// Returns the servers that serve.
    pub fn serving(&self) -> impl Iterator<Item = &String> + Clone {
        self.releases.keys().filter(|server| !self.out.contains_key(*server))
    }

    /// Returns whether a server is without power.
    pub fn is_down(&self, server: &str) -> bool {
        match self.out.get(server) {
            Some(Out::Down) => true,
            Some(Out::NotServing) | None => false,
        }
    }

    /// Returns the paths of the bricks on a server.
    pub fn bricks_of(&self, server: &str) -> Vec<&str> {
        let bricks = self.volumes.iter().flat_map(|volume| &volume.bricks);
        bricks.filter(|brick| brick.host == server).map(|brick| brick.path.as_str()).collect()
    }
}

/// What a client was promised to find in a volume. Kept outside the pool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Truth {
    /// Folder of the volume that belongs to the client alone, relative to the volume's root; "" for all of it.
    pub folder: String,
    /// Acknowledged files, by their path from the volume's root, with the SHA-256 of their bytes.
    pub files: BTreeMap<String, String>,
    /// Paths whose last operation was neither acknowledged nor refused, or failed: old or new, there or not.
    pub in_doubt: BTreeSet<String>,
    /// Paths that are no more: what was there has another name by now.
    pub gone: BTreeSet<String>,
    /// Paths that a program writes to all the while: on every brick, and never the same at two looks.
    pub busy: BTreeSet<String>,
}

impl Truth {
    /// Returns whether a path of the volume may only be there if the client wrote it.
    pub fn owns(&self, path: &str) -> bool {
        let folder = self.folder.trim_matches('/');
        folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_bricks_form_a_set() {
        let brick = |host: &str| Brick { host: host.to_owned(), path: "/b".to_owned() };
        let volume = ExpectedVolume {
            name: "v".to_owned(),
            kind: VolumeKind::Replicate { replica: 3, arbiter: 1 },
            bricks: ["a", "b", "c", "d", "e", "f"].map(brick).to_vec(),
            truth: None,
        };
        let sets: Vec<_> = volume.sets().collect();
        assert_eq!(sets.len(), 2);
        assert_eq!(sets[1].0, "v set 1");
        assert_eq!(sets[1].1[0].host, "d");
    }

    #[test]
    fn a_client_owns_its_folder_and_no_name_that_only_begins_alike() {
        let truth = Truth { folder: "work".to_owned(), ..Truth::default() };
        assert!(truth.owns("work/a"));
        assert!(!truth.owns("worker/a"));
        assert!(Truth::default().owns("anything"));
    }
}
