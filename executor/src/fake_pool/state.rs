//! What there is: machines, servers, bricks, volumes, mounts. Facts and questions about them; nothing happens here.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::Stuck;
use super::georep::Replication;
use super::strokes::Rest;
use crate::core::names::{Brick, HostName, OpVersion, PeerUuid, Release, VolumeName};
use crate::core::usage::Mount;

/// A running process: its number, and the release whose code it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) release: Release,
}

/// How far the packages of a machine are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packages {
    /// All of one release, whole.
    Whole(Release),
    /// The libraries of `to` are unpacked, the programs are those of `from`.
    Unpacking { from: Release, to: Release },
    /// All of this release is unpacked, and not configured.
    Unconfigured(Release),
}

impl Packages {
    /// Returns the release that `gluster --version` says: that of the programs.
    pub(super) fn programs(self) -> Release {
        match self {
            Self::Whole(release) | Self::Unconfigured(release) => release,
            Self::Unpacking { from, .. } => from,
        }
    }
}

/// A FUSE mount with the process that serves it.
#[derive(Debug, Clone)]
pub(super) struct Served {
    pub(super) mount: Mount,
    pub(super) volume: VolumeName,
    pub(super) process: Process,
    /// To which process of each brick it is, or will be, connected, and from which second on.
    pub(super) links: BTreeMap<Brick, (u32, u64)>,
}

/// A machine, server or client.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) address: String,
    /// The second at which it is there again, while it boots.
    pub(super) boots_until: Option<u64>,
    pub(super) packages: Packages,
    /// Whether a command of an earlier connection still installs.
    pub(super) installing: bool,
    pub(super) mounts: BTreeMap<String, Served>,
    /// What is mounted at boot, where anything is.
    pub(super) fstab: Vec<Mount>,
    /// What an upgrade noted before it unmounted it, by mount point.
    pub(super) aside: BTreeMap<String, Mount>,
}

/// A brick on its server.
#[derive(Debug, Clone, Default)]
pub(super) struct BrickState {
    pub(super) process: Option<Process>,
    /// Writes that it missed and that are not healed yet.
    pub(super) behind: u64,
    /// Entries that a client of a dispersed volume left marked when it went. Only a launched heal looks at them soon.
    pub(super) dirty: u64,
    /// Whether a fault keeps it from starting, until an operator mends that.
    pub(super) stays_down: bool,
    /// Whether a command ended it, and what it noted last for geo-replication is in no index yet.
    pub(super) open_changelog: bool,
}

/// What a server has besides what every machine has.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) uuid: PeerUuid,
    pub(super) glusterd: Option<Process>,
    /// The second at which its glusterd began.
    pub(super) began: u64,
    /// Whether this glusterd has started its bricks and daemons, for which it waits for a friend.
    pub(super) spawned: bool,
    pub(super) self_heal: Option<Process>,
    pub(super) events: Option<Process>,
    /// Whether it is to run: after a boot that does not start it, nobody knows any more that it did.
    pub(super) events_due: bool,
    /// The note of `stop_gluster` that events are to be sent again. In /run: a boot forgets it.
    pub(super) events_noted: bool,
    /// Whether systemd starts glusterd and the events daemon at boot.
    pub(super) starts_at_boot: bool,
    pub(super) op_version: OpVersion,
    /// The lines of each volume's stored `info`.
    pub(super) stored: BTreeMap<VolumeName, BTreeSet<String>>,
    /// Peers whose stored volumes differed at the last handshake.
    pub(super) rejects: BTreeSet<HostName>,
    pub(super) claim: Option<String>,
}

/// How a volume keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// So many whole copies.
    Replica(usize),
    /// Two whole copies and an arbiter.
    Arbiter,
    /// Coded over so many bricks, of which some may be missing.
    Disperse {
        /// Bricks of a set.
        bricks: usize,
        /// How many of them may be missing.
        redundancy: usize,
    },
    /// Each file on one brick.
    Distribute,
}

impl Layout {
    /// Returns how many bricks make a set.
    pub(super) fn set(self) -> usize {
        match self {
            Self::Replica(bricks) | Self::Disperse { bricks, .. } => bricks,
            Self::Arbiter => 3,
            Self::Distribute => 1,
        }
    }

    /// Returns whether the self-heal daemon looks after it.
    pub(super) fn heals(self) -> bool {
        match self {
            Self::Replica(_) | Self::Arbiter | Self::Disperse { .. } => true,
            Self::Distribute => false,
        }
    }
}

/// A volume.
#[derive(Debug, Clone)]
pub(super) struct Volume {
    pub(super) id: String,
    pub(super) layout: Layout,
    pub(super) started: bool,
    /// Its bricks with their servers, in Gluster's order.
    pub(super) bricks: Vec<(Brick, HostName)>,
}

impl Volume {
    pub(super) fn sets(&self) -> impl Iterator<Item = &[(Brick, HostName)]> {
        self.bricks.chunks(self.layout.set())
    }

    pub(super) fn is_arbiter(&self, brick: &Brick) -> bool {
        let at = self.bricks.iter().position(|(other, _)| other == brick);
        self.layout == Layout::Arbiter && at.is_some_and(|at| at % 3 == 2)
    }
}

/// The whole of it.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// Seconds since the beginning.
    pub(super) now: u64,
    pub(super) machines: BTreeMap<HostName, Machine>,
    pub(super) servers: BTreeMap<HostName, Server>,
    pub(super) volumes: BTreeMap<VolumeName, Volume>,
    pub(super) bricks: BTreeMap<Brick, BrickState>,
    /// The geo-replication session, where there is one.
    pub(super) replication: Option<Replication>,
    /// The release on offer everywhere.
    pub(super) offered: Release,
    /// How long a client takes to connect to a brick that is back, in seconds.
    pub(super) reconnect_seconds: u64,
    pub(super) next_pid: u32,
    /// How often a brick was started, or was to be.
    pub(super) starts: usize,
    /// Which of these starts come to nothing: its disk is not mounted.
    pub(super) stuck: Stuck,
    /// Questions that took the pool's lock.
    pub(super) locked: u64,
    /// What goes on on machines though nobody listens any more, with the second of its next stroke.
    pub(super) going_on: Vec<(u64, Rest)>,
}

impl State {
    pub(super) fn server(&self, host: &HostName) -> &Server {
        self.servers.get(host).unwrap_or_else(|| panic!("{host} is no server of the fake pool"))
    }

    pub(super) fn server_mut(&mut self, host: &HostName) -> &mut Server {
        self.servers.get_mut(host).unwrap_or_else(|| panic!("{host} is no server of the fake pool"))
    }

    pub(super) fn machine(&self, host: &HostName) -> &Machine {
        self.machines.get(host).unwrap_or_else(|| panic!("{host} is no machine of the fake pool"))
    }

    pub(super) fn machine_mut(&mut self, host: &HostName) -> &mut Machine {
        self.machines.get_mut(host).unwrap_or_else(|| panic!("{host} is no machine of the fake pool"))
    }

    pub(super) fn brick(&self, brick: &Brick) -> &BrickState {
        self.bricks.get(brick).unwrap_or_else(|| panic!("{brick} is no brick of the fake pool"))
    }

    pub(super) fn brick_mut(&mut self, brick: &Brick) -> &mut BrickState {
        self.bricks.get_mut(brick).unwrap_or_else(|| panic!("{brick} is no brick of the fake pool"))
    }

    /// Returns a new process of what is installed on a machine.
    pub(super) fn process(&mut self, host: &HostName) -> Process {
        self.next_pid += 1;
        Process { pid: self.next_pid, release: self.machine(host).packages.programs() }
    }

    pub(super) fn is_up(&self, host: &HostName) -> bool {
        self.machine(host).boots_until.is_none()
    }

    /// Returns whether two servers' glusterds are connected.
    pub(super) fn connected(&self, one: &HostName, other: &HostName) -> bool {
        let runs = |host| self.server(host).glusterd.is_some();
        one == other || (runs(one) && runs(other))
    }

    /// Returns whether a server takes part in what is asked at another.
    pub(super) fn takes_part(&self, asked: &HostName, other: &HostName) -> bool {
        self.connected(asked, other)
            && !self.server(asked).rejects.contains(other)
            && !self.server(other).rejects.contains(asked)
    }

    /// Returns the bricks of started volumes on a server.
    pub(super) fn bricks_of(&self, host: &HostName) -> Vec<Brick> {
        let started = self.volumes.values().filter(|volume| volume.started);
        let all = started.flat_map(|volume| &volume.bricks);
        all.filter(|(_, server)| server == host).map(|(brick, _)| brick.clone()).collect()
    }

    /// Returns the mounts of a volume.
    pub(super) fn mounts_of<'a>(&'a self, volume: &'a VolumeName) -> impl Iterator<Item = &'a Served> {
        let all = self.machines.values().flat_map(|machine| machine.mounts.values());
        all.filter(move |served| served.volume == *volume)
    }

    /// Returns whether a mount reaches a brick now.
    pub(super) fn reaches(&self, served: &Served, brick: &Brick) -> bool {
        let running = self.brick(brick).process.map(|process| process.pid);
        served.links.get(brick).is_some_and(|(pid, from)| Some(*pid) == running && self.now >= *from)
    }
}
