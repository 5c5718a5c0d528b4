//! The pool state: what was observed of a trusted storage pool, each fact known or unknown with its reason.
//!
//! Never mixed with the inventory, which is what the operator declared.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::packages::{PackageMove, PackageOffer, PackageTrouble};

use super::baseline::Before;
use super::claim::Claim;
use super::georep::{OtherPool, Session, SyncTools};
use super::names::{Brick, HostName, OpVersion, PeerUuid, Release, VolumeId, VolumeName};
use super::system::{ClientFacts, SystemFacts};
use super::usage::Usage;

/// A fact that was read, or the reason why it could not be.
///
/// On purpose without a default and without a way to unwrap: what could not be seen is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Observed<T> {
    /// It was read.
    Known(T),
    /// It could not be read, and why, as a fragment fit to follow "unknown: ".
    Unknown(String),
}

impl<T> Observed<T> {
    /// Returns the fact as a result, for code that goes on only with a known one.
    ///
    /// # Errors
    /// The reason why the fact is unknown.
    pub fn known(&self) -> Result<&T, &str> {
        match self {
            Self::Known(fact) => Ok(fact),
            Self::Unknown(reason) => Err(reason),
        }
    }

    /// Returns the observation of something worked out from the fact.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Known(fact) => Observed::Known(convert(fact)),
            Self::Unknown(reason) => Observed::Unknown(reason),
        }
    }
}

impl<T, E: std::fmt::Display> From<Result<T, E>> for Observed<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(fact) => Self::Known(fact),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// Everything observed in one look at a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PoolState {
    /// One entry for every server of the inventory, reached or not.
    pub hosts: BTreeMap<HostName, HostState>,
    /// The volumes, as a server whose glusterd runs describes them.
    pub volumes: Observed<BTreeMap<VolumeName, VolumeState>>,
    /// One entry for every client machine of the inventory, reached or not.
    pub clients: BTreeMap<HostName, ClientState>,
    /// Geo-replication sessions of which a volume of this pool is the primary.
    pub sessions: Observed<Vec<Session>>,
    /// The pools that the inventory names as primary or secondary of this one.
    pub other_pools: Vec<OtherPool>,
    /// The newest op-version that all servers know, as one of them reports it; `None` where none can be asked,
    /// before 3.10 (`cluster.max-op-version`).
    pub max_op_version: Observed<Option<OpVersion>>,
    /// What this look is compared with: no observation of its own, and never stored with one.
    #[serde(skip)]
    pub before: Arc<Before>,
}

impl PoolState {
    /// Returns the UUID by which Gluster knows a server of the inventory, where it could be read.
    pub fn uuid_of(&self, host: &HostName) -> Option<&PeerUuid> {
        self.hosts.get(host)?.glusterd_info.known().ok().map(|info| &info.uuid)
    }

    /// Returns the inventory's name of the server that Gluster knows by this UUID.
    pub fn host_of(&self, uuid: &PeerUuid) -> Option<&HostName> {
        self.hosts
            .iter()
            .find(|(_, state)| state.glusterd_info.known().is_ok_and(|info| info.uuid == *uuid))
            .map(|(host, _)| host)
    }
}

/// Why nothing is known of a host that was not reached, and why nothing of a pool none of whose servers was. Findings
/// with these words are known by them to repeat another.
pub const NOT_REACHED: &str = "the host was not reached";
/// See [`NOT_REACHED`].
pub const NO_SERVER_REACHED: &str = "no server was reached";

/// Whether a host answered at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It did.
    Reached,
    /// It did not.
    NotReached {
        /// What kind of trouble it is, where ssh tells.
        cause: Unreachable,
        /// In ssh's words.
        reason: String,
    },
}

/// The kind of trouble in reaching a host, as far as an operator would do something else about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unreachable {
    /// No key of the host is known yet. Somebody has to compare it and add it to the known hosts.
    HostKeyUnknown,
    /// The host shows another key than the known one: reinstalled, or not the host.
    HostKeyChanged,
    /// The host let no key of ours in.
    PermissionDenied,
    /// The user who logs in may not become root without a password.
    SudoRefused,
    /// The name has no address.
    NameNotResolved,
    /// Nobody listens.
    Refused,
    /// The connection was accepted and then cut: what a running sshd does whose programs and libraries
    /// were replaced under it and who was not restarted (seen with openssh 9.2 replaced by 10.0).
    Reset,
    /// No answer in time.
    TimedOut,
    /// Anything else. The reason says what.
    Other,
}

/// What was observed on one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostState {
    /// Whether it answered.
    pub reach: Reach,
    /// The release that is installed (`gluster --version`), `None` where Gluster is not installed.
    pub release: Observed<Option<Release>>,
    /// Gluster's processes.
    pub processes: Observed<Processes>,
    /// `/var/lib/glusterd/glusterd.info`.
    pub glusterd_info: Observed<GlusterdInfo>,
    /// The other servers, as this one sees them (`gluster peer status`).
    pub peers: Observed<Vec<Peer>>,
    /// The volumes as this server has them stored in `/var/lib/glusterd/vols`.
    pub stored_volumes: Observed<BTreeMap<VolumeName, StoredVolume>>,
    /// What the workers of geo-replication are run with.
    pub sync_tools: Observed<SyncTools>,
    /// What the package manager would do for the target release.
    pub offer: Observed<PackageOffer>,
    /// How the server itself uses volumes.
    pub usage: Observed<Usage>,
    /// Its system, disks, processes and clock.
    pub system: SystemFacts,
    /// Who is connected to its bricks, and which of such connections are its own daemons'.
    pub connections: Observed<Connections>,
    /// The run that has claimed it, where one has.
    pub claim: Observed<Option<Claim>>,
}

/// The TCP connections of a server's Gluster processes, as its kernel has them.
///
/// Not from `volume status VOL clients`, which cannot say "nobody": without a client its answer is "Commit failed"
/// (`server_priv_to_dict` in server.c leaves its result at -1, 3.7 to 11; seen on 10.3), and it tells the servers'
/// own daemons apart from clients by nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// The far ends of all connections to bricks here, each with the volume its brick process was started for.
    pub to_bricks: BTreeMap<SocketAddr, VolumeName>,
    /// The near ends of connections of this server's own daemons. FUSE mounts are not among them: they are clients.
    pub own: BTreeSet<SocketAddr>,
}

/// What was observed on one client machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientState {
    /// Whether it answered.
    pub reach: Reach,
    /// The release that is installed (`glusterfs --version`), `None` where Gluster is not installed.
    pub release: Observed<Option<Release>>,
    /// What the package manager would do for the target release.
    pub offer: Observed<PackageOffer>,
    /// How it uses volumes.
    pub usage: Observed<Usage>,
    /// Its system, disks, processes and clock.
    pub system: ClientFacts,
}

/// The Gluster processes of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Processes {
    /// Processes named `glusterd`.
    pub glusterd: u32,
    /// Processes named `glusterfsd`: the bricks.
    pub glusterfsd: u32,
    /// Processes named `glusterfs` that are not FUSE mounts: self-heal daemon, quotad and the like.
    pub glusterfs: u32,
    /// Mount points of FUSE mounts on the server itself. Stopping all of Gluster ends them.
    pub fuse_mounts: Vec<String>,
}

impl Processes {
    /// Returns whether nothing of Gluster runs.
    pub fn none(&self) -> bool {
        let Self { glusterd, glusterfsd, glusterfs, fuse_mounts } = self;
        *glusterd == 0 && *glusterfsd == 0 && *glusterfs == 0 && fuse_mounts.is_empty()
    }
}

/// A server's identity, from `/var/lib/glusterd/glusterd.info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GlusterdInfo {
    /// `UUID=`.
    pub uuid: PeerUuid,
    /// `operating-version=`: the pool's op-version as this server has it stored.
    pub op_version: OpVersion,
}

/// A peer as another server sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// Its UUID.
    pub uuid: PeerUuid,
    /// All the names the asking server knows it by, the first one first.
    pub names: Vec<HostName>,
    /// Whether the connection stands. A rejected peer is connected all the same.
    pub connected: bool,
    /// Its state in the cluster.
    pub state: PeerState,
}

/// The state of a peer (`gd1_…`/`GD_FRIEND_STATE_*` in glusterd-sm.h; text in cli `peer status`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeerState {
    /// State 3, `Peer in Cluster`: the only good one.
    InCluster,
    /// State 6, `Peer Rejected`: stored volumes differ.
    Rejected,
    /// Any other, in Gluster's words.
    Other(String),
}

/// What this server has stored of a volume in `/var/lib/glusterd/vols/VOL/info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredVolume {
    /// The lines of `info`, sorted: glusterd's checksum is over the sorted file, and peers whose
    /// checksums differ are rejected at the next handshake.
    pub info: BTreeSet<String>,
    /// `quota-cksum`/`quota.cksum` where there is one.
    pub quota_checksum: Option<String>,
}

impl StoredVolume {
    /// Returns the stored lines of options that begin with `nfs.`, which a release without gNFS drops.
    pub fn nfs_lines(&self) -> impl Iterator<Item = &str> {
        self.info.iter().map(String::as_str).filter(|line| line.starts_with("nfs."))
    }
}

/// Entries that need healing, by what stays the same for as long as they do: the gfid, or the path where a reply
/// has none. Each with what to call it: its path, or `<gfid:…>` where Gluster does not know the path at the moment.
pub type HealEntries = BTreeMap<String, String>;

/// A volume and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolumeState {
    /// Its definition.
    pub volume: Volume,
    /// Bricks that are online, by brick; a brick without a row is not in the map.
    pub bricks_online: Observed<BTreeMap<Brick, bool>>,
    /// Self-heal daemons that are online, by the UUID of their server.
    pub self_heal_daemons: Observed<BTreeMap<PeerUuid, bool>>,
    /// Entries that need healing, by brick.
    pub heal_pending: Observed<BTreeMap<Brick, Observed<u64>>>,
    /// Entries in split-brain, by brick.
    pub split_brain: Observed<BTreeMap<Brick, Observed<u64>>>,
    /// Addresses (without ports) of the clients on each brick.
    pub clients: Observed<BTreeMap<Brick, BTreeSet<String>>>,
    /// Entries that need healing, by brick. Unknown where not all of a brick's could be told.
    pub heal_entries: Observed<BTreeMap<Brick, Observed<HealEntries>>>,
    /// The lowest op-version that a client at each address says it can speak (3.10 and later), daemons of the
    /// servers included.
    pub client_op_versions: Observed<BTreeMap<String, OpVersion>>,
    /// Running tasks (`Rebalance`, `Remove brick` …), in Gluster's words.
    pub tasks: Observed<Vec<String>>,
}

/// A volume's definition, from `gluster volume info --xml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Volume {
    /// Its name.
    pub name: VolumeName,
    /// Its identity, which each of its bricks bears, too.
    pub id: VolumeId,
    /// What its bricks listen on.
    pub transport: VolumeTransport,
    /// How many snapshots it has; `None` where the release does not say (3.7).
    pub snapshots: Option<u32>,
    /// Its kind.
    pub kind: VolumeKind,
    /// Whether it is started. A stopped volume has nobody to serve and nothing to gate on.
    pub started: bool,
    /// Its bricks in Gluster's order, which is what makes the sets.
    pub bricks: Vec<BrickOf>,
    /// Options that were set, by name.
    pub options: BTreeMap<String, String>,
}

/// What the bricks of a volume listen on (`transport` in `volume info --xml`: 0, 1, 2; `gf_transport_type` in
/// glusterfs.h, 3.7 to 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolumeTransport {
    /// TCP.
    Tcp,
    /// RDMA, gone from 8 on.
    Rdma,
    /// Both.
    TcpRdma,
}

/// A brick of a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrickOf {
    /// The brick.
    pub brick: Brick,
    /// The server that has it.
    pub peer: PeerUuid,
    /// Whether it is an arbiter, which holds names but no data.
    pub arbiter: bool,
}

/// What a volume does with its bricks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolumeKind {
    /// Each file on one brick.
    Distribute,
    /// Each file on every brick of a replica set; distributed where there are several sets.
    Replicate {
        /// Bricks in a set, arbiter included.
        replica: usize,
    },
    /// Each file coded over the bricks of a disperse set.
    Disperse {
        /// Bricks in a set.
        disperse: usize,
        /// How many of them may be missing.
        redundancy: usize,
    },
    /// Something else, in Gluster's words (`Stripe`, `Tier` …).
    Other(String),
}

impl Volume {
    /// Returns the bricks, set by set. A distribute volume's sets hold one brick each.
    pub fn sets(&self) -> Vec<&[BrickOf]> {
        let size = match &self.kind {
            VolumeKind::Distribute => 1,
            VolumeKind::Replicate { replica } => *replica,
            VolumeKind::Disperse { disperse, .. } => *disperse,
            // Nothing is known of its layout: all bricks form one set, none of which may be missing.
            VolumeKind::Other(_) => self.bricks.len(),
        };
        self.bricks.chunks(size.max(1)).collect()
    }
}
