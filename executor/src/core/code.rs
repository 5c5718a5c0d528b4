//! The codes of findings: stable names to search for and to waive by, with what to do about each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
    /// The user who logs in may not become root without a password.
    SudoRefused "SUDO_REFUSED" false
        "add the line named above with `visudo -f /etc/sudoers.d/gluster-upgrade` on that host, or log in as root";
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
        "see which with `pgrep -a gluster` on that host; a process stuck in I/O needs its brick's disk looked at; what a boot started again: once `executor ok-to-stop HOST` says yes or all is stopped for a downtime, `systemctl stop glusterd glustereventsd`, `killall glusterfs glusterfsd`, then resume";
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
        "it heals by itself while all bricks are online: watch `gluster volume heal VOL info`; for a few entries that never go see `executor explain HEAL_STALE`";
    /// Entries that waited to be healed at the start are known not to go.
    HealStale "HEAL_STALE" true
        "clear them where you can: look them up through a mount, `gluster volume heal VOL full`; waived, no gate waits for them";
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
        "an online upgrade needs every volume replicated; schedule a downtime and give `--offline` to plan and run";
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
        "let it finish (`gluster volume status VOL tasks`), commit or stop a removal of bricks, and then check again";
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
        "to go back from an upgrade whose op-version was not raised: `executor rollback`; `run` goes to later releases only";
    /// The op-version is above what an older release starts with.
    OpVersionRaised "OP_VERSION_RAISED" false
        "this was the point of no return: no op-version can be lowered; go on with the newer release, or to a later one that mends what troubles you";
    /// Something is stored that an older release does not know.
    StoredByNewer "STORED_BY_NEWER" false
        "reset the option that is named (`gluster volume reset VOL OPTION`), delete the snapshots (`gluster snapshot delete NAME`); a volume that was restored from one stays with the newer release";
    /// An option was set since the upgrade began.
    OptionSetSince "OPTION_SET_SINCE" true
        "reset it (`gluster volume reset VOL OPTION`); or waive this finding if the older release knows it too (`gluster volume set help` there)";
    /// A run that stopped volumes for a downtime did not end.
    DowntimeUnfinished "DOWNTIME_UNFINISHED" true
        "end that run (`executor resume`), or start the volume (`gluster volume start VOL`), then go back; waived, it stays stopped";
    /// The operator's own install command has no counterpart for the way back.
    InstallBackMissing "INSTALL_BACK_MISSING" false
        "give `install_back = [PROGRAM, \"{release}\"]` beside `install` in the inventory: what installs that older release over the newer one, and leaves Gluster stopped";
    /// A pool with geo-replication goes back by hand only.
    GeorepNoWayBack "GEOREP_NO_WAY_BACK" false
        "not supported: stop the sessions, take the primary's servers back by hand, one by one, then the secondary's, start the sessions again";
    /// No guide allows the jump.
    ReleaseJump "RELEASE_JUMP" false
        "go there by way of releases in between, one upgrade after the other; `executor path --from A --to B` tells what each needs";
    /// The target is a release never to stop at.
    ReleaseBroken "RELEASE_BROKEN" false
        "choose a later release of the same line";
    /// A volume uses a feature that the target no longer has.
    FeatureRemoved "FEATURE_REMOVED" false
        "move the volume off that feature first; `executor path --from A --to B` tells how, where there is a way";
    /// An option is set that the target does not know.
    OptionMustBeReset "OPTION_MUST_BE_RESET" false
        "reset it while all servers still know it: `gluster volume reset VOL OPTION`, for each one that is named";
    /// A volume, or glusterd, uses a transport that the target no longer has.
    TransportRemoved "TRANSPORT_REMOVED" false
        "stop the volume, `gluster volume set VOL config.transport tcp`, start it, mount anew; take rdma out of glusterd.vol";
    /// Quota was on, and its checksum is about to be computed in another way.
    QuotaChecksumTrap "QUOTA_CHECKSUM_TRAP" true
        "waive it, and right after the op-version was raised restart glusterd on every server, one by one, each only once nothing is left to heal";
    /// Volfiles name translators that the target lacks, and have to be written anew.
    VolfilesToRegenerate "VOLFILES_TO_REGENERATE" true
        "where bricks stay down: stop glusterd there, `glusterd --xlator-option '*.upgrade=on' -N`, start it";
    /// Bricks of one path on several servers, at a release that mixes them up.
    BrickPathsCollide "BRICK_PATHS_COLLIDE" true
        "nothing to do beforehand; where a brick of another server stays away: kill its glusterfsd, `volume start VOL force`";
    /// Old and new bricks of a replicated volume heal directories in different ways.
    AnonymousInode "ANONYMOUS_INODE" true
        "let few directories be made while the servers are mixed, and set no option until all are upgraded";
    /// The target's packages are not on offer.
    PackageMissing "PACKAGE_MISSING" false
        "add the repository that has this release, refresh the package lists, and check again";
    /// Gluster packages are on hold.
    PackageHeld "PACKAGE_HELD" false
        "take the hold off (`apt-mark unhold PACKAGE`) for the time of the upgrade";
    /// Installing would remove packages of others.
    PackageRemoves "PACKAGE_REMOVES" true
        "see what needs them (`apt-get -s install …`); waive this finding if they may go";
    /// A repository of the host cannot be used.
    PackageRepositoryBroken "PACKAGE_REPOSITORY_BROKEN" false
        "mend it or take it out of the sources, then refresh the lists (`apt-get update`, `dnf makecache`)";
    /// An earlier transaction of packages broke off.
    PackagesHalfInstalled "PACKAGES_HALF_INSTALLED" false
        "finish it first: `dpkg --configure -a && apt-get -f install`, or `dnf check` and what it says";
    /// Another program holds the package manager's lock.
    PackageManagerBusy "PACKAGE_MANAGER_BUSY" false
        "wait until it is done, or see what it is: `fuser -v /var/lib/dpkg/lock-frontend`, `ps -C dnf,yum,zypper`";
    /// Something installs updates by itself.
    UnattendedUpgrades "UNATTENDED_UPGRADES" true
        "stop it for the time of the upgrade (`systemctl stop apt-daily-upgrade.timer`); waive it where it leaves Gluster alone";
    /// Processes use a mount that has to go for a while, and no application of the inventory accounts for them.
    MountBusy "MOUNT_BUSY" true
        "stop them, or name them in the inventory ([[clients.applications]]); waived, the mount is taken away under them";
    /// A mount that could not be made again as it is.
    MountNotRepeatable "MOUNT_NOT_REPEATABLE" false
        "unmount it before the upgrade and mount it again afterwards, or mount it with `mount -t glusterfs` as of now";
    /// A mount is there that should be gone.
    MountStillThere "MOUNT_STILL_THERE" false
        "see who uses it with `fuser -vm MOUNTPOINT` on that host, and what mounted it again (fstab, automounter)";
    /// A mount is not there, cannot be read, or is not as it was.
    MountMissing "MOUNT_MISSING" false
        "compare `mount -t fuse.glusterfs` on that host with the plan, and look at its log in /var/log/glusterfs";
    /// A program uses libgfapi, and nothing says how to stop and start it.
    GfapiApplication "GFAPI_APPLICATION" true
        "name it in the inventory ([[servers.applications]] or [[clients.applications]]: name, process, stop, start); waived, it goes on with the old library";
    /// An application runs that should be stopped.
    ApplicationRunning "APPLICATION_RUNNING" false
        "look at it on that host; its `stop` of the inventory has to end all its processes";
    /// An application does not run that should.
    ApplicationDown "APPLICATION_DOWN" true
        "start it by hand and look at its own log; waive this finding if it is to stay down";
    /// A process has libraries in its memory that are replaced on disk, or those of another release.
    OldLibrary "OLD_LIBRARY" false
        "restart that process: it runs on files that are gone, and fails when it needs another of them";
    /// A client machine of the inventory was not reached.
    ClientUnreachable "CLIENT_UNREACHABLE" true
        "start it or take it out of [[clients]]; waived, its upgrade is left to you";
    /// Options that the target release drops from the stored volumes, so that servers reject each other.
    NfsOptionsDropped "NFS_OPTIONS_DROPPED" true
        "the plan's prepare stage deletes these lines on every server first, with all bricks online";
    /// A volume is exported by Gluster's own NFS server, which the target release does not have.
    NfsInUse "NFS_IN_USE" false
        "the target has no Gluster NFS: move its clients to NFS-Ganesha or FUSE, then `volume set VOL nfs.disable on`";
    /// The transaction replaces sshd.
    SshdReplaced "SSHD_REPLACED" true
        "an sshd that is not restarted may refuse new connections: upgrade it beforehand, or waive to let it go along";
    /// Another run has claimed a server.
    UpgradeClaimed "UPGRADE_CLAIMED" true
        "look at that run where it was started: `executor status`, `executor resume`; if it is known to be dead, waive this finding, which takes its claim over";
    /// A geo-replication session does not copy.
    GeorepNotHealthy "GEOREP_NOT_HEALTHY" true
        "see `gluster volume geo-replication VOL HOST::VOL status detail` and gsyncd.log on the primary; a session that an unfinished run stopped is started by `executor resume`, one stopped on purpose is left alone with a waiver";
    /// A geo-replication session still runs that should be stopped.
    GeorepNotStopped "GEOREP_NOT_STOPPED" false
        "`gluster volume geo-replication VOL HOST::VOL stop` on the primary pool, with all its servers up";
    /// A secondary pool runs an older release than its primary would after the upgrade.
    GeorepSecondaryFirst "GEOREP_SECONDARY_FIRST" false
        "upgrade the secondary pool wholly first: `executor run -i` with its inventory; then this one";
    /// A session goes to a pool that the inventory does not name.
    GeorepSecondaryUnknown "GEOREP_SECONDARY_UNKNOWN" true
        "name its inventory in `[[secondaries]]`; waive this finding only if you know that it runs the target already";
    /// Sessions of a pool that the inventory does not name write to this one.
    GeorepPrimaryUnknown "GEOREP_PRIMARY_UNKNOWN" true
        "name the primary's inventory in `[[primaries]]`; or stop the session there, and start it again after the upgrade";
    /// A session copies by an rsync that leaves files empty.
    GeorepRsyncTrap "GEOREP_RSYNC_TRAP" true
        "files arrive by name and stay empty: `gluster volume geo-replication VOL HOST::VOL config sync_method tarssh`";
    /// The target's geo-replication does not run on this host's Python.
    GeorepPython "GEOREP_PYTHON" true
        "install a Python that it runs on, or choose a target that knows this one; waive only if your packages were mended";
    /// The settings of a session are no longer the ones from before.
    GeorepConfigChanged "GEOREP_CONFIG_CHANGED" true
        "set them again: `gluster volume geo-replication VOL HOST::VOL config KEY VALUE`, then `executor resume`";
    /// The script that converts changelogs for 8 is missing.
    GeorepConverterMissing "GEOREP_CONVERTER_MISSING" false
        "take extras/glusterfs-georep-upgrade.py from the source of 9.3 or later (older ones fail) to /usr/local/sbin on every server";
    /// That files arrive after the upgrade is not to be proved by a canary.
    GeorepUnproven "GEOREP_UNPROVEN" true
        "without a waiver the run writes a file to the primary and waits for its content on the secondary";
    /// That a volume can be used after a server's turn is not to be proved by a canary.
    CanaryUnproven "CANARY_UNPROVEN" true
        "reset the option that is named for the time of the upgrade; waived, no file is written to this volume, and that it serves is for you to see";
    /// A brick's file system has no room left.
    BrickFull "BRICK_FULL" false
        "make room on that file system first: heals write to it, and writes fail below storage.reserve";
    /// A brick's file system cannot be written to.
    BrickReadOnly "BRICK_READ_ONLY" false
        "look at the kernel's log (`dmesg`) for errors of that disk; mount it writable again before anything else";
    /// A brick's directory is missing, or is not its volume's.
    BrickDirectory "BRICK_DIRECTORY" false
        "mount the brick's file system; compare `getfattr -n trusted.glusterfs.volume-id -e hex BRICK` with `volume info`";
    /// There is no room for the packages.
    SpaceLow "SPACE_LOW" true
        "make room (`apt-get clean`, old logs): an installation that breaks off halfway is hard to mend";
    /// Packages of Gluster of several versions are installed.
    PackagesMixed "PACKAGES_MIXED" false
        "bring all packages of Gluster on that host to one version first; mixed libraries keep glusterd from starting";
    /// A package of Gluster is not wholly installed.
    PackagesBroken "PACKAGES_BROKEN" false
        "finish it on that host (`dpkg --configure -a`, `apt-get -f install`), then check again";
    /// Configuration files were changed since they were installed.
    ConfigEdited "CONFIG_EDITED" true
        "they are kept as they are; compare them with the new ones afterwards (*.dpkg-dist, *.rpmnew)";
    /// glusterd's files would keep it from starting again.
    StoredFilesBroken "STORED_FILES_BROKEN" false
        "glusterd may not start again with it: compare with another server, mend or move it away, restart glusterd once";
    /// A snapshot is being taken, deleted or restored.
    SnapshotRunning "SNAPSHOT_RUNNING" false
        "let it finish (`gluster snapshot info`), and stop the snapshot scheduler for the time of the upgrade";
    /// The servers' clocks are apart.
    ClockSkew "CLOCK_SKEW" true
        "let NTP (chrony, systemd-timesyncd) run on all servers; certificates and times of files depend on it";
    /// The pool's op-version was not raised after an earlier upgrade.
    OpVersionLow "OP_VERSION_LOW" true
        "raise it to what all servers and clients speak before the next upgrade, or waive this finding to keep it";
    /// Gluster's own NFS server runs on a server that will be out for a while.
    GnfsRuns "GNFS_RUNS" true
        "see who has it mounted with `showmount -a` there; move or unmount these clients before that server's turn";
    /// Bricks share processes.
    BricksMultiplexed "BRICKS_MULTIPLEXED" true
        "nothing to do: one glusterfsd serves all bricks of a server, and its end takes them all along";
    /// Clients write while one copy is left.
    WritesWithOneCopy "WRITES_WITH_ONE_COPY" true
        "let nobody write meanwhile, or add a third copy or an arbiter first: two halves that are written apart cannot be joined";
    /// A name of a peer or a brick has no address.
    NameUnresolved "NAME_UNRESOLVED" true
        "add it to DNS or /etc/hosts on that server: glusterd does not start with a brick whose host it cannot resolve";
    /// The firewall closes ports that bricks may be given.
    FirewallNarrow "FIREWALL_NARROW" true
        "open base-port to max-port of /etc/glusterfs/glusterd.vol to peers and clients, or narrow max-port everywhere";
    /// There are too few ports for the bricks.
    PortsFew "PORTS_FEW" true
        "raise max-port in /etc/glusterfs/glusterd.vol: a brick that returns may find its old port still taken";
    /// Certificates are not where the target looks for them.
    CertificatesMove "CERTIFICATES_MOVE" true
        "copy or link glusterfs.pem, .key and .ca there, on all servers and clients; waive it if ssl.* options name them";
    /// Somebody is connected to a brick who should not be.
    ClientConnected "CLIENT_CONNECTED" true
        "unmount the volume there (`umount PATH`), or stop the application that uses it; waive it if it may be cut off";
    /// A volume is started that should be stopped.
    VolumeNotStopped "VOLUME_NOT_STOPPED" false
        "see what `gluster volume stop VOL` says; a geo-replication session or a rebalance of it keeps it from being stopped";
    /// A volume is stopped that should be started.
    VolumeNotStarted "VOLUME_NOT_STARTED" false
        "see what `gluster volume start VOL` says, and glusterd's log on that server";
    /// A volume or a peer was changed while the run was under way.
    ConfigChanged "CONFIG_CHANGED" false
        "`-` was there at the start and is gone, `+` is new: put it back (`gluster volume set|reset …`) and resume; if the change is wanted, plan anew with `executor run`";
    /// The op-version was changed while the run was under way.
    OpVersionChanged "OP_VERSION_CHANGED" false
        "an ordinary `gluster volume set` can raise it, and it cannot be lowered: find out who did it, then plan anew with `executor run`";
    /// The servers do not report the op-version that is to be raised to as their newest.
    OpVersionUnsupported "OP_VERSION_UNSUPPORTED" false
        "see `gluster volume get all cluster.max-op-version`; `executor finalize` raises to what the servers report";
    /// A connected client cannot speak the op-version that is to be raised to.
    ClientTooOld "CLIENT_TOO_OLD" true
        "upgrade it and mount again, or unmount it; the op-version can wait: `--keep-op-version`, and `executor finalize` later";
    /// glusterd of a server that was not touched is another process than before.
    GlusterdRestarted "GLUSTERD_RESTARTED" false
        "it crashed, or somebody restarted it: look at /var/log/glusterfs/glusterd.log there; once you know why, plan anew with `executor run`";
    /// Brick processes came or went while they were looked at.
    BrickRestarted "BRICK_RESTARTED" false
        "look at the brick's log in /var/log/glusterfs/bricks for `signal received` and `health-check failed`";
    /// A process runs other code than the one installed.
    RunsOldCode "RUNS_OLD_CODE" false
        "it was not restarted, or something started it too early: stop and start gluster on that host";
    /// A unit starts at boot, or does not, otherwise than before the upgrade.
    UnitEnablement "UNIT_ENABLEMENT" true
        "type the command that is named; waive this finding only if somebody wants it as it is now";
    /// IPv6 is switched off, and the target may ask the kernel for it.
    Ipv6Off "IPV6_OFF" true
        "nothing where only sysctl switched it off; booted without it (ipv6.disable=1), set `option transport.address-family inet` in glusterd.vol first";
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

    #[test]
    fn every_code_reads_back_and_says_what_to_do() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(code.hint().len() > 20, "{code} has no useful hint");
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str(), "{code} on the wire");
        }
    }
}
