//! What the pre-check knows. Plain data: whatever could not be seen says why.

use ipnet::Ipv4Net;
use jiff::Timestamp;

use crate::engine::{Ranges, RunFound};

/// Something that was seen, or the reason why it was not.
pub type Seen<T> = Result<T, String>;

/// Everything that is judged.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Where the engine is looked for.
    pub address: String,
    /// What it says of itself, where it was reached.
    pub engine: Seen<EngineFacts>,
    /// What this machine's own files say.
    pub machine: MachineFacts,
}

/// What the engine says.
#[derive(Debug, Clone)]
pub struct EngineFacts {
    /// What it is: `Engine` for Docker, `Podman Engine` for Podman.
    pub product: String,
    /// Its version, in full.
    pub version: String,
    /// The version of its API.
    pub api: String,
    /// Whether it is on this machine, which is then the one that this machine's files speak of.
    pub here: Seen<()>,
    /// Its storage driver.
    pub storage: Option<String>,
    /// The version of control groups: 1 or 2.
    pub cgroups: Option<String>,
    /// Its security options, such as `name=rootless`.
    pub security: Vec<String>,
    /// The memory of its machine, in bytes.
    pub memory: Option<u64>,
    /// The cores of its machine.
    pub cores: Option<u64>,
    /// The folder that it keeps its data in, on its machine.
    pub root: String,
    /// The ranges that subnets are taken from.
    pub ranges: Ranges,
    /// The subnets of all its networks.
    pub subnets: Seen<Vec<Ipv4Net>>,
    /// Our runs that have something on it.
    pub runs: Seen<Vec<RunFound>>,
}

/// What this machine's files say of the engine's machine; where that is another one, all but the last two are unknown.
#[derive(Debug, Clone)]
pub struct MachineFacts {
    /// Whether the FUSE device is there.
    pub fuse: Seen<bool>,
    /// The capabilities that the engine can hand on, as the kernel's bits.
    pub capabilities: Seen<u64>,
    /// Memory that could be had now, in bytes.
    pub memory_available: Seen<u64>,
    /// The disk that the engine keeps its data on.
    pub disk: Seen<Disk>,
    /// How many inotify instances a user may have.
    pub inotify_instances: Seen<u64>,
    /// How many more files may be opened on the machine.
    pub files_free: Seen<u64>,
    /// How many files this process may open; `None` for no limit.
    pub own_files: Option<u64>,
    /// Where this machine has routes to, default routes aside.
    pub routes: Seen<Vec<Ipv4Net>>,
    /// When this was looked at.
    pub now: Timestamp,
}

/// A file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

#[cfg(test)]
pub(super) mod testing {
    //! A host that is fit for the usual pool, for tests to spoil.

    use super::*;

    const GIB: u64 = 1 << 30;

    pub(crate) fn facts() -> Facts {
        Facts { address: "unix:///var/run/docker.sock".to_owned(), engine: Ok(engine()), machine: machine() }
    }

    pub(crate) fn no_engine() -> Facts {
        Facts { engine: Err("no such file".to_owned()), ..facts() }
    }

    pub(crate) fn engine() -> EngineFacts {
        EngineFacts {
            product: "Engine".to_owned(),
            version: "20.10.24+dfsg1".to_owned(),
            api: "1.41".to_owned(),
            here: Ok(()),
            storage: Some("overlay2".to_owned()),
            cgroups: Some("1".to_owned()),
            security: vec!["name=seccomp,profile=default".to_owned()],
            memory: Some(8 * GIB),
            cores: Some(2),
            root: "/var/lib/docker".to_owned(),
            ranges: "10.213.0.0/16".parse().unwrap(),
            subnets: Ok(vec!["172.17.0.0/16".parse().unwrap()]),
            runs: Ok(Vec::new()),
        }
    }

    pub(crate) fn machine() -> MachineFacts {
        MachineFacts {
            fuse: Ok(true),
            capabilities: Ok(u64::MAX),
            memory_available: Ok(4 * GIB),
            disk: Ok(Disk { free: 50 * GIB, total: 100 * GIB }),
            inotify_instances: Ok(128),
            files_free: Ok(1_000_000),
            own_files: Some(1024),
            routes: Ok(Vec::new()),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
        }
    }
}
