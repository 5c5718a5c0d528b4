//! Findings: why a check did not pass, with a stable code, a subject and a hint. And waivers of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::names::{HostName, VolumeName};

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The pool as a whole.
    Pool,
    /// A server or a client machine, by its name in the inventory.
    Host(HostName),
    /// A volume.
    Volume(VolumeName),
    /// A client of a volume, by the address its connections come from.
    Client(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool => f.pad("pool"),
            Self::Host(host) => f.pad(host.as_str()),
            Self::Volume(volume) => f.pad(volume.as_str()),
            Self::Client(address) => f.pad(address),
        }
    }
}

/// How a check failed: by what was seen, or by what could not be seen. Neither opens a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// It was seen that it is not well.
    Seen,
    /// It could not be seen whether it is well.
    Unknown,
}

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of trouble it is; stable, to be searched for and waived by.
    pub code: Code,
    /// What it is about.
    pub subject: Subject,
    /// Whether it was seen, or could not be seen.
    pub ground: Ground,
    /// What was found, as a fragment.
    pub what: String,
}

impl Finding {
    /// Returns a finding of something that was seen.
    pub fn seen(code: Code, subject: Subject, what: impl Into<String>) -> Self {
        Self { code, subject, ground: Ground::Seen, what: what.into() }
    }

    /// Returns a finding that something could not be seen.
    pub fn unknown(code: Code, subject: Subject, what: impl Into<String>) -> Self {
        Self { code, subject, ground: Ground::Unknown, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, subject, ground, what } = self;
        match ground {
            Ground::Seen => write!(f, "{code} {subject}: {what}"),
            Ground::Unknown => write!(f, "{code} {subject}: unknown: {what}"),
        }
    }
}

/// A text that names no finding.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidWaiver {
    /// It is not of the form `CODE:SUBJECT`.
    #[error("`{0}` is not CODE:SUBJECT, such as NFS_OPTIONS_DROPPED:vol0")]
    Form(String),
    /// There is no such code.
    #[error("there is no finding with the code `{0}`; `executor check` prints the codes it finds")]
    NoSuchCode(String),
    /// The finding is about data.
    #[error("{0} cannot be waived: it stands between the upgrade and your data ({hint})", hint = .0.hint())]
    NotWaivable(Code),
}

/// The operator's word that a finding about a subject shall not stand in the way. Recorded in the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waiver {
    /// The finding's code.
    pub code: Code,
    /// The finding's subject, as it is displayed.
    pub subject: String,
}

impl Waiver {
    /// Returns whether this waives that finding. What could not be seen cannot be waived either:
    /// nobody knows what it is.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.code == finding.code
            && self.code.waivable()
            && finding.ground == Ground::Seen
            && self.subject == finding.subject.to_string()
    }
}

impl FromStr for Waiver {
    type Err = InvalidWaiver;
    fn from_str(text: &str) -> Result<Self, InvalidWaiver> {
        let (code, subject) = text.split_once(':').ok_or_else(|| InvalidWaiver::Form(text.to_owned()))?;
        let code: Code = code.parse().map_err(|()| InvalidWaiver::NoSuchCode(code.to_owned()))?;
        if subject.is_empty() {
            return Err(InvalidWaiver::Form(text.to_owned()));
        }
        if !code.waivable() {
            return Err(InvalidWaiver::NotWaivable(code));
        }
        Ok(Self { code, subject: subject.to_owned() })
    }
}

impl fmt::Display for Waiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, subject } = self;
        write!(f, "{code}:{subject}")
    }
}

/// Declares the codes: name, whether a finding of it may be waived, and what to do about it.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $text:literal $waivable:literal $hint:literal;)*) => {
        /// The kinds of findings. The texts are stable: scripts and waivers name them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// Returns the code as it is printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Returns whether the operator may waive it. Findings about data never are.
            pub fn waivable(self) -> bool {
                match self { $(Self::$variant => $waivable,)* }
            }

            /// Returns what to do about it.
            pub fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint,)* }
            }
        }

        impl FromStr for Code {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

impl Code {
    /// Returns whether it often is there for a moment and gone by itself: an entry listed as to be healed while
    /// it is being written, a client that has just mounted, a pool that is busy with another command.
    pub fn often_passes(self) -> bool {
        matches!(
            self,
            Self::HealPending
                | Self::SplitBrain
                | Self::ClientMissesBrick
                | Self::PeerDisconnected
                | Self::BrickOffline
                | Self::SelfHealDaemonDown
        )
    }

    /// Returns whether waiting may mend it. Where it cannot, a gate halts soon rather than after hours.
    pub fn waiting_may_mend(self) -> bool {
        !matches!(
            self,
            Self::StoredVolumesDiffer
                | Self::PeerRejected
                | Self::SplitBrain
                | Self::NotAtRelease
                | Self::HostKeyChanged
                | Self::HostKeyUnknown
        )
    }
}

codes! {
    /// A host does not answer.
    HostUnreachable "HOST_UNREACHABLE" false
        "try `ssh HOST true`; check address, port, jump host and firewall in the inventory";
    /// A host's key is not among the known ones.
    HostKeyUnknown "HOST_KEY_UNKNOWN" false
        "compare the host's key out of band, then add it to known_hosts (`ssh HOST` once, or ssh-keyscan)";
    /// A host's key is another than the known one.
    HostKeyChanged "HOST_KEY_CHANGED" false
        "find out why the key changed before anything else; then replace it in known_hosts";
    /// A host does not let us in, or not as root.
    PermissionDenied "PERMISSION_DENIED" false
        "check `user` and `identity` in the inventory; the user must be root on every server";
    /// A host has no Gluster.
    GlusterNotInstalled "GLUSTER_NOT_INSTALLED" false
        "this host serves nothing: is it the right address? take it out of the inventory, or install Gluster";
    /// The pool has a peer that the inventory does not name.
    PeerNotInInventory "PEER_NOT_IN_INVENTORY" false
        "add the server to `[[servers]]`, or `gluster peer detach` it if it is gone for good";
    /// The inventory names a server that is not in the pool.
    HostNotInPool "HOST_NOT_IN_POOL" false
        "take it out of `[[servers]]`, or `gluster peer probe` it from a member of the pool";
    /// A peer is not connected.
    PeerDisconnected "PEER_DISCONNECTED" false
        "look at glusterd on that peer, the network between the two, and name resolution on both";
    /// A peer is rejected: stored volumes differ.
    PeerRejected "PEER_REJECTED" false
        "stored volumes differ: compare /var/lib/glusterd/vols/*/info between the two; restarting mends nothing by itself";
    /// A server's stored volumes differ from another's; the next handshake will reject.
    StoredVolumesDiffer "STORED_VOLUMES_DIFFER" false
        "compare /var/lib/glusterd/vols/*/info between the servers and restart no glusterd until they agree; where only nfs. lines differ, `executor run` without a waiver prepares the rest";
    /// glusterd does not run.
    GlusterdDown "GLUSTERD_DOWN" false
        "start it (`systemctl start glusterd`) and look at /var/log/glusterfs/glusterd.log on that host";
    /// Gluster processes run that should be stopped.
    StillRunning "STILL_RUNNING" false
        "see which with `pgrep -a gluster` on that host; a process stuck in I/O needs its brick's disk looked at";
    /// glusterd runs and should not.
    GlusterdRunning "GLUSTERD_RUNNING" false
        "something started glusterd again on that host: find out what (systemd, configuration management)";
    /// A brick is not online.
    BrickOffline "BRICK_OFFLINE" false
        "`gluster volume status` and the brick's log in /var/log/glusterfs/bricks; then `gluster volume start VOL force`";
    /// A self-heal daemon is not online.
    SelfHealDaemonDown "SELF_HEAL_DAEMON_DOWN" false
        "look at /var/log/glusterfs/glustershd.log; `gluster volume start VOL force` starts it";
    /// Something waits to be healed.
    HealPending "HEAL_PENDING" false
        "it heals by itself while all bricks are online: watch `gluster volume heal VOL info`";
    /// Files are in split-brain.
    SplitBrain "SPLIT_BRAIN" false
        "settle every file first: `gluster volume heal VOL split-brain …`, see `gluster volume heal help`";
    /// A client is on some bricks of a replica set but not on all.
    ClientMissesBrick "CLIENT_MISSES_BRICK" false
        "it reconnects within seconds if the brick's port is open to it; look at the client's mount log";
    /// A client that was there at the start is gone.
    ClientGone "CLIENT_GONE" true
        "unmounted on purpose? then waive this finding; otherwise look at the client's mount log";
    /// The volume cannot stay online during an upgrade.
    VolumeNotReplicated "VOLUME_NOT_REPLICATED" false
        "an online upgrade needs every volume replicated; this pool needs the offline procedure and a downtime";
    /// A server holds several bricks of one set.
    SetSharesServer "SET_SHARES_SERVER" false
        "taking this server out takes several copies at once: move a brick, or use the offline procedure";
    /// Without one server, clients lose their quorum.
    ClientQuorum "CLIENT_QUORUM" false
        "writes would fail while this server is out: use the offline procedure, or add a replica or an arbiter";
    /// Without one server, glusterd's quorum is lost and bricks are killed.
    ServerQuorum "SERVER_QUORUM" false
        "glusterd would stop bricks while servers are out: use the offline procedure and a downtime";
    /// A task runs.
    TaskRunning "TASK_RUNNING" false
        "let it finish (`gluster volume status VOL tasks`), or stop it, before the upgrade";
    /// Two files of one volume's configuration say different op-versions.
    OpVersionDiffers "OP_VERSION_DIFFERS" false
        "compare operating-version in /var/lib/glusterd/glusterd.info on all servers before anything else";
    /// The op-version is not where it should be.
    OpVersionNotRaised "OP_VERSION_NOT_RAISED" false
        "see `gluster volume get all cluster.op-version` and each server's /var/lib/glusterd/glusterd.info";
    /// A server runs a release that is neither the one of the others nor the target.
    MixedReleases "MIXED_RELEASES" false
        "bring all servers to one release first; only a half-done upgrade to the same target may be mixed";
    /// A server is not at the release it should be at.
    NotAtRelease "NOT_AT_RELEASE" false
        "look at the package manager's log on that host";
    /// The target is older than what runs.
    ReleaseBackward "RELEASE_BACKWARD" false
        "this tool upgrades; choose the release that runs, or a later one";
    /// No guide allows the jump.
    ReleaseJump "RELEASE_JUMP" false
        "go there by way of a release in between; each has its guide";
    /// The target is a release never to stop at.
    ReleaseBroken "RELEASE_BROKEN" false
        "choose a later release of the same line";
    /// The target's packages are not on offer.
    PackageMissing "PACKAGE_MISSING" false
        "add the repository that has this release, refresh the package lists, and check again";
    /// Gluster packages are on hold.
    PackageHeld "PACKAGE_HELD" false
        "take the hold off (`apt-mark unhold PACKAGE`) for the time of the upgrade";
    /// Installing would remove packages of others.
    PackageRemoves "PACKAGE_REMOVES" true
        "see what needs them (`apt-get -s install …`); waive this finding if they may go";
    /// The server itself mounts a volume; stopping all of Gluster ends that mount.
    MountOnServer "MOUNT_ON_SERVER" true
        "unmount it first (and stop what uses it); waive this finding if it may be cut";
    /// Options that the target release drops from the stored volumes, so that servers reject each other.
    NfsOptionsDropped "NFS_OPTIONS_DROPPED" true
        "the plan's prepare stage deletes these lines on every server first, with all bricks online";
    /// A volume is exported by Gluster's own NFS server, which the target release does not have.
    NfsInUse "NFS_IN_USE" false
        "the target has no Gluster NFS: move its clients to NFS-Ganesha or FUSE, then `volume set VOL nfs.disable on`";
    /// The transaction replaces sshd.
    SshdReplaced "SSHD_REPLACED" true
        "an sshd that is not restarted may refuse new connections: upgrade it beforehand, or waive to let it go along";
    /// A fact could not be read.
    NotObserved "NOT_OBSERVED" false
        "run the same command again; if it stays, look at that host's glusterd and its log";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn every_code_reads_back_and_says_what_to_do() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(code.hint().len() > 20, "{code} has no useful hint");
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str(), "{code} on the wire");
        }
    }

    #[rstest]
    #[case("NFS_OPTIONS_DROPPED:rep", Ok("NFS_OPTIONS_DROPPED:rep"))]
    #[case("NFS_OPTIONS_DROPPED", Err("is not CODE:SUBJECT"))]
    #[case("NFS_OPTIONS_DROPPED:", Err("is not CODE:SUBJECT"))]
    #[case("NONSENSE:rep", Err("no finding with the code"))]
    #[case("SPLIT_BRAIN:rep", Err("cannot be waived"))]
    fn waivers_are_read_strictly(#[case] text: &str, #[case] expected: Result<&str, &str>) {
        match (text.parse::<Waiver>(), expected) {
            (Ok(waiver), Ok(display)) => assert_eq!(waiver.to_string(), display),
            (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn a_waiver_covers_its_own_subject_and_never_the_unknown() {
        let waiver: Waiver = "CLIENT_GONE:192.0.2.9".parse().unwrap();
        let gone = |ip: &str| Finding::seen(Code::ClientGone, Subject::Client(ip.into()), "gone");
        assert!(waiver.covers(&gone("192.0.2.9")));
        assert!(!waiver.covers(&gone("192.0.2.8")));
        let unknown = Finding::unknown(Code::ClientGone, Subject::Client("192.0.2.9".into()), "no answer");
        assert!(!waiver.covers(&unknown));
    }
}
