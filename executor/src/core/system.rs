//! What was observed of a host besides Gluster's own answers: its system, packages, disks, processes, clock.
//!
//! Plain data. [`crate::system`] has the scripts that read it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{AbsolutePath, HostName, Release};
use super::pool::Observed;

/// Everything of a host that no `gluster` command tells, theme by theme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemFacts {
    /// The operating system and the programs that Gluster leans on.
    pub platform: Observed<Platform>,
    /// What is installed of Gluster.
    pub packages: Observed<InstalledPackages>,
    /// The file systems of directories that an upgrade writes to: `/var/lib/glusterd`, where packages are
    /// kept while they are installed, `/usr`. By the directory that was asked about.
    pub directories: Observed<BTreeMap<AbsolutePath, FileSystem>>,
    /// The bricks that are on this host, by their path.
    pub bricks: Observed<BTreeMap<AbsolutePath, BrickDirectory>>,
    /// Gluster's processes, each with its role.
    pub daemons: Observed<Vec<Daemon>>,
    /// Its clock beside the one of the machine that asks.
    pub clock: Observed<Clock>,
    /// What glusterd is told in its own configuration, and which ports the firewall leaves to it.
    pub network: Observed<Network>,
    /// What is stored below `/var/lib/glusterd` that could keep glusterd from starting.
    pub stored: Observed<StoredFiles>,
}

impl SystemFacts {
    /// Returns the facts of a host of which nothing was asked, for this reason.
    pub fn unknown(reason: &str) -> Self {
        fn unknown<T>(reason: &str) -> Observed<T> {
            Observed::Unknown(reason.to_owned())
        }
        Self {
            platform: unknown(reason),
            packages: unknown(reason),
            directories: unknown(reason),
            bricks: unknown(reason),
            daemons: unknown(reason),
            clock: unknown(reason),
            network: unknown(reason),
            stored: unknown(reason),
        }
    }
}

/// Everything of a client machine that no `gluster` command tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientFacts {
    /// The operating system and the programs that Gluster leans on.
    pub platform: Observed<Platform>,
    /// What is installed of Gluster.
    pub packages: Observed<InstalledPackages>,
    /// The file systems of directories that an upgrade writes to, by the directory that was asked about.
    pub directories: Observed<BTreeMap<AbsolutePath, FileSystem>>,
    /// Gluster's processes: its mounts, unless it is a server of another pool as well.
    pub daemons: Observed<Vec<Daemon>>,
    /// Its clock beside the one of the machine that asks.
    pub clock: Observed<Clock>,
}

impl ClientFacts {
    /// Returns the facts of a client machine of which nothing was asked, for this reason.
    pub fn unknown(reason: &str) -> Self {
        let SystemFacts { platform, packages, directories, bricks: _, daemons, clock, network: _, stored: _ } =
            SystemFacts::unknown(reason);
        Self { platform, packages, directories, daemons, clock }
    }
}

/// The operating system, and the programs that Gluster leans on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Platform {
    /// `ID` of os-release: `debian`, `rocky`, `opensuse-leap`. Empty where the host does not say.
    pub os: String,
    /// `VERSION_ID` of os-release. Empty where there is none (Debian testing).
    pub os_version: String,
    /// What starts and stops services.
    pub init: Init,
    /// The units of Gluster that the host has, by name without `.service`. Empty where the init is bare.
    pub units: BTreeMap<String, Unit>,
    /// The version of `python3` (`3.11.2`), which gsyncd and glustereventsd run on.
    pub python: Option<String>,
    /// The version of `rsync` (`3.2.7`), by which geo-replication sends contents unless told otherwise.
    pub rsync: Option<String>,
    /// `OPENSSLDIR` (`/usr/lib/ssl`), where Gluster from 10 on looks for its certificates.
    pub openssl_dir: Option<String>,
    /// Whether the kernel speaks IPv6.
    pub ipv6: bool,
}

/// What starts and stops services on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// systemd.
    Systemd,
    /// Nothing that we know of: processes are started and stopped by themselves.
    Bare,
}

/// A unit, in systemd's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// `systemctl is-enabled`.
    pub enabled: String,
    /// `systemctl is-active`.
    pub active: String,
}

/// The installed packages whose source is glusterfs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct InstalledPackages {
    /// The package manager: `apt`, `dnf`, `yum`, `zypper`, or what the host has in place of one.
    pub manager: String,
    /// Versions by package, as the package manager writes them.
    pub installed: BTreeMap<String, String>,
    /// Configuration files of these packages that were changed since they were installed.
    pub edited: BTreeSet<String>,
    /// Packages that are not wholly installed, with dpkg's word for it.
    pub broken: BTreeMap<String, String>,
    /// Who holds the package manager's lock or runs it now, if anybody.
    pub busy: Option<String>,
}

/// The file system of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSystem {
    /// Where it is mounted.
    pub mount_point: String,
    /// Its kind: `xfs`, `ext4`, `zfs`.
    pub kind: String,
    /// Its size in KiB.
    pub size_kib: u64,
    /// What an ordinary user can still write, in KiB.
    pub free_kib: u64,
    /// Inodes that are left; `None` where the file system has no fixed number of them.
    pub free_inodes: Option<u64>,
    /// Whether it is mounted read-only.
    pub read_only: bool,
}

/// The directory of a brick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BrickDirectory {
    /// Its file system; `None` where there is no such directory.
    pub file_system: Option<FileSystem>,
    /// `trusted.glusterfs.volume-id` as a UUID: the volume it was made for; `None` where it has none.
    pub volume_id: Observed<Option<String>>,
}

/// What a process of Gluster is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The management daemon.
    Glusterd,
    /// A brick, or several where bricks are multiplexed.
    Brick,
    /// The self-heal daemon.
    SelfHeal,
    /// The quota daemon.
    Quota,
    /// Bitrot's signer.
    Bitrot,
    /// Bitrot's scrubber.
    Scrub,
    /// Gluster's own NFS server.
    Nfs,
    /// The daemon of user-serviceable snapshots.
    Snapshots,
    /// A rebalance, or the moving of files off a brick to be removed.
    Rebalance,
    /// A FUSE mount.
    Mount,
    /// A process of geo-replication.
    Gsyncd,
    /// The events daemon.
    Events,
    /// Another one of Gluster's.
    Other,
}

/// A process of Gluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Daemon {
    /// Its pid.
    pub pid: u32,
    /// What it is for.
    pub role: Role,
    /// What it is for in particular: the brick's directory, the mount point, the volume. Empty where nothing.
    pub subject: String,
    /// Whether its program was replaced on disk since it started; `None` where that cannot be told.
    pub replaced: Option<bool>,
    /// The releases whose libraries it has mapped: one, unless it is caught between two.
    pub releases: BTreeSet<Release>,
}

/// A host's clock, measured within one round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// At least so many milliseconds ahead of the machine that asks.
    pub ahead_at_least_ms: i64,
    /// At most so many milliseconds ahead of it.
    pub ahead_at_most_ms: i64,
}

/// What concerns the ports of a host's bricks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Network {
    /// `base-port` of glusterd.vol, or Gluster's default.
    pub base_port: u16,
    /// `max-port` of glusterd.vol, or Gluster's default.
    pub max_port: u16,
    /// `transport-type` of glusterd.vol. Empty where it says none.
    pub transport_types: BTreeSet<String>,
    /// The ports between the two at which the host's own firewall turns a new connection away.
    pub closed: Observed<PortRanges>,
    /// The names by which volumes and peers know each other, with their addresses as this host resolves them.
    pub names: BTreeMap<HostName, BTreeSet<String>>,
}

/// Ranges of ports, first and last included.
pub type PortRanges = Vec<(u16, u16)>;

/// What is stored below `/var/lib/glusterd`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct StoredFiles {
    /// Files that glusterd reads when it starts and that are empty.
    pub empty: BTreeSet<String>,
    /// Directories of volumes, snapshots and peers that lack what makes them one.
    pub incomplete: BTreeSet<String>,
    /// Snapshots by name, with their stored status (`gd_snap_status` in glusterd.h: 2 in use, 5 restored).
    pub snapshots: BTreeMap<String, u32>,
    /// Whether the management is encrypted (`/var/lib/glusterd/secure-access`).
    pub secure_access: bool,
    /// Directories that hold `glusterfs.pem`, `.key` and `.ca`, of those where a release of Gluster would look.
    pub certificates: BTreeSet<String>,
    /// Kinds of translators that the stored volfiles name (`features/shard`).
    pub translators: BTreeSet<String>,
}
