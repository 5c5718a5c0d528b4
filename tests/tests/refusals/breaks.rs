//! The ways to break a pool, what each is refused for, and how it is mended.

use crate::bench::Bench;

/// A way to break a pool, and to mend it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Break {
    PackageHeld,
    Claimed,
    ForeignPackage,
    EmptyPeerFile,
    PackagesLocked,
    FirewallNarrow,
    StoredLine,
    OpVersion,
    NamesLost,
    ProgramReplaced,
    QuorumOfAll,
    ReserveOfAll,
    CopiesOnOneServer,
    Rebalance,
    BrickKilled,
    SelfHealKilled,
    VolumeIdGone,
    SplitBrain,
    TwoGlusterdsDown,
    NobodyLetIn,
}

const BRICK: &str = "/bricks/vol0/1";

impl Break {
    /// Returns what it must be refused for.
    pub(crate) fn findings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::PackageHeld => &[("PACKAGE_HELD", "g1")],
            Self::Claimed => &[("UPGRADE_CLAIMED", "g2")],
            Self::ForeignPackage => &[("PACKAGE_REMOVES", "g2")],
            Self::EmptyPeerFile => &[("STORED_FILES_BROKEN", "g3")],
            Self::PackagesLocked => &[("PACKAGE_MANAGER_BUSY", "g3")],
            Self::FirewallNarrow => &[("FIREWALL_NARROW", "g1")],
            Self::StoredLine => &[("STORED_VOLUMES_DIFFER", "g3")],
            Self::OpVersion => &[("OP_VERSION_DIFFERS", "pool"), ("OP_VERSION_LOW", "pool")],
            Self::NamesLost => &[("NAME_UNRESOLVED", "g1")],
            Self::ProgramReplaced => &[("RUNS_OLD_CODE", "g1")],
            Self::QuorumOfAll => &[("CLIENT_QUORUM", "vol0")],
            Self::ReserveOfAll => &[("BRICK_FULL", "vol0")],
            Self::CopiesOnOneServer => &[("SET_SHARES_SERVER", "twice")],
            Self::Rebalance => &[("TASK_RUNNING", "wide"), ("VOLUME_NOT_REPLICATED", "wide")],
            Self::BrickKilled => &[("BRICK_OFFLINE", "vol0"), ("HEAL_PENDING", "vol0")],
            Self::SelfHealKilled => &[("SELF_HEAL_DAEMON_DOWN", "vol0")],
            Self::VolumeIdGone => &[("BRICK_DIRECTORY", "vol0")],
            Self::SplitBrain => &[("SPLIT_BRAIN", "vol0")],
            Self::TwoGlusterdsDown => &[("GLUSTERD_DOWN", "g2"), ("GLUSTERD_DOWN", "g3")],
            Self::NobodyLetIn => &[("HOST_UNREACHABLE", "g1")],
        }
    }

    pub(crate) fn apply(self, bench: &Bench<'_>) {
        match self {
            Self::PackageHeld => drop(bench.sh("g1", "apt-mark hold glusterfs-server")),
            Self::Claimed => drop(bench.sh("g2", CLAIM)),
            Self::ForeignPackage => drop(bench.sh("g2", FOREIGN)),
            Self::EmptyPeerFile => {
                drop(bench.sh("g3", "set -- /var/lib/glusterd/peers/*; cp -a \"$1\" /tmp/peer; : >\"$1\""));
            }
            Self::PackagesLocked => {
                bench.sh("g3", LOCK);
                bench.until("the lock", "g3", "test -e /tmp/locked");
            }
            Self::FirewallNarrow => drop(bench.sh("g1", NARROW)),
            Self::StoredLine => {
                drop(bench.sh("g3", &format!("cp -a {INFO} /tmp/info; echo odd.line=1 >>{INFO}")))
            }
            Self::OpVersion => drop(bench.sh("g2", &op_version("100000", "90000"))),
            Self::NamesLost => {
                drop(bench.sh(
                    "g1",
                    "cp -a /etc/nsswitch.conf /tmp/; sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf",
                ));
            }
            // The same bytes in a new file, as a package manager puts them there.
            Self::ProgramReplaced => {
                drop(bench.sh("g1", "cd /usr/sbin; cp -a glusterfsd new; mv new glusterfsd"));
            }
            Self::QuorumOfAll => {
                gluster(bench, "volume set vol0 cluster.quorum-type fixed");
                gluster(bench, "volume set vol0 cluster.quorum-count 3");
            }
            Self::ReserveOfAll => gluster(bench, "volume set vol0 storage.reserve 100"),
            Self::CopiesOnOneServer => {
                gluster(
                    bench,
                    "volume create twice replica 3 g1:/bricks/twice1 g1:/bricks/twice2 g2:/bricks/twice1 force",
                );
                gluster(bench, "volume start twice");
            }
            Self::Rebalance => rebalance(bench),
            Self::BrickKilled => kill_brick(bench),
            Self::SelfHealKilled => {
                bench.sh("g3", "pkill -KILL -f glustersh[d]");
                bench.until("it to be gone", "g3", "! pgrep -f glustersh[d]");
            }
            Self::VolumeIdGone => {
                drop(bench.sh("g1", &format!("getfattr --absolute-names --only-values -n {ID} {BRICK} >/tmp/id; setfattr -x {ID} {BRICK}")));
            }
            Self::SplitBrain => split(bench),
            Self::TwoGlusterdsDown => {
                for name in ["g2", "g3"] {
                    bench.sh(name, "pkill -KILL -x glusterd");
                    bench.until("it to be gone", name, "! pgrep -x glusterd");
                }
            }
            Self::NobodyLetIn => {
                bench.until("sshd to be gone", "g1", "pkill -x sshd || true; ! pgrep -x sshd");
            }
        }
    }

    pub(crate) fn mend(self, bench: &Bench<'_>) {
        match self {
            Self::PackageHeld => drop(bench.sh("g1", "apt-mark unhold glusterfs-server")),
            Self::Claimed => drop(bench.sh("g2", "rm /var/lib/gluster-upgrade/claim.json")),
            Self::ForeignPackage => drop(bench.sh("g2", "dpkg --purge uses-gluster")),
            Self::EmptyPeerFile => {
                drop(bench.sh("g3", "set -- /var/lib/glusterd/peers/*; cp -a /tmp/peer \"$1\""))
            }
            Self::PackagesLocked => drop(bench.sh("g3", "kill $(cat /tmp/locked); rm /tmp/locked")),
            Self::FirewallNarrow => drop(bench.sh("g1", "nft delete table inet narrow")),
            Self::StoredLine => drop(bench.sh("g3", &format!("cp -a /tmp/info {INFO}"))),
            Self::OpVersion => drop(bench.sh("g2", &op_version("90000", "100000"))),
            Self::NamesLost => drop(bench.sh("g1", "cp -a /tmp/nsswitch.conf /etc/")),
            // Whatever runs the old file is started anew, as an operator would.
            Self::ProgramReplaced => {
                bench.sh("g1", "pkill -x 'glusterd|glusterfsd|glusterfs'");
                bench.until("all to be gone", "g1", "! pgrep -x 'glusterd|glusterfsd|glusterfs'");
                start_glusterd(bench, "g1");
            }
            Self::QuorumOfAll => {
                gluster(bench, "volume reset vol0 cluster.quorum-count");
                gluster(bench, "volume reset vol0 cluster.quorum-type");
            }
            Self::ReserveOfAll => gluster(bench, "volume reset vol0 storage.reserve"),
            Self::CopiesOnOneServer => {
                gluster(bench, "volume stop twice");
                gluster(bench, "volume delete twice");
            }
            Self::Rebalance => {
                bench.sh("g1", "pkill -CONT -f 'rebalance/wid[e]'");
                bench.until(
                    "the rebalance to end",
                    "g1",
                    "! gluster volume status wide tasks | grep -q 'in progress'",
                );
                // It was never heard of by its glusterd, which would wait for its end for ever.
                bench.until("glusterd to be gone", "g1", "pkill -x glusterd || true; ! pgrep -x glusterd");
                start_glusterd(bench, "g1");
                bench.all_online();
                gluster(bench, "volume stop wide");
                gluster(bench, "volume delete wide");
            }
            // What is down is started at the end of every round.
            Self::BrickKilled | Self::SelfHealKilled => {}
            Self::VolumeIdGone => {
                let put = format!("setfattr -n {ID} -v 0x$(od -An -tx1 /tmp/id | tr -d ' \\n') {BRICK}");
                drop(bench.sh("g1", &put));
            }
            Self::SplitBrain => {
                let settle = format!("gluster volume heal vol0 split-brain source-brick g1:{BRICK} /split");
                bench.until("the split-brain to be settled", "g1", &settle);
                gluster(bench, "volume reset vol0 cluster.quorum-type");
                gluster(bench, "volume reset vol0 cluster.self-heal-daemon");
            }
            Self::TwoGlusterdsDown => {
                for name in ["g2", "g3"] {
                    start_glusterd(bench, name);
                }
            }
            Self::NobodyLetIn => drop(bench.sh("g1", "/usr/sbin/sshd -E /var/log/sshd.log")),
        }
    }
}

const INFO: &str = "/var/lib/glusterd/vols/vol0/info";
const ID: &str = "trusted.glusterfs.volume-id";

/// A run of somebody else's, halted since yesterday.
const CLAIM: &str = "
mkdir -p /var/lib/gluster-upgrade
echo '{\"format\":1,\"by\":\"bob@ops2\",\"run\":\"20251123T090000Z-11.1\",\"journal\":\"/srv/j\",\
\"to\":\"11.1\",\"since\":\"2025-11-23T09:00:00.5Z\",\"version\":\"0.1.0\"}' >/var/lib/gluster-upgrade/claim.json
";

/// A package of somebody else's that cannot go along.
const FOREIGN: &str = "
mkdir -p /tmp/foreign/DEBIAN
cat >/tmp/foreign/DEBIAN/control <<END
Package: uses-gluster
Version: 1
Architecture: all
Maintainer: nobody <nobody@example.org>
Depends: glusterfs-server (<< 11)
Description: needs the release that is there
END
dpkg-deb --build /tmp/foreign /tmp/foreign.deb
dpkg --install /tmp/foreign.deb
";

/// Holds the package manager's lock as it would itself, for as long as the process lives.
const LOCK: &str = "
setsid python3 -c '
import fcntl, os, time
lock = open(\"/var/lib/dpkg/lock-frontend\", \"w\")
fcntl.lockf(lock, fcntl.LOCK_EX)
with open(\"/tmp/locked\", \"w\") as file:
    file.write(str(os.getpid()))
time.sleep(600)
' >/dev/null 2>&1 </dev/null &
";

/// Starts a rebalance and stops its processes as they come: what it has to move is moved in a moment otherwise. There are
/// two of them for a while, since it forks as it becomes a daemon; whoever stops only the first may find the other done.
const STANDING_REBALANCE: &str = "
while :; do pkill -STOP -f 'rebalance/wid[e]' || :; done >/dev/null 2>&1 </dev/null &
stopper=$!
trap 'kill \"$stopper\"' EXIT
gluster --mode=script volume rebalance wide start force
";

/// Closes a part of the bricks' ports to new connections; those that stand go on.
const NARROW: &str = "
nft add table inet narrow
nft 'add chain inet narrow input { type filter hook input priority 0; policy accept; }'
nft add rule inet narrow input ct state established,related accept
nft add rule inet narrow input tcp dport 60990-60999 drop
";

fn op_version(from: &str, to: &str) -> String {
    format!("sed -i 's/^operating-version={from}$/operating-version={to}/' /var/lib/glusterd/glusterd.info")
}

fn gluster(bench: &Bench<'_>, words: &str) {
    // Another command may hold the pool's lock for a moment.
    bench.until(words, "g1", &format!("gluster --mode=script {words}"));
}

fn start_glusterd(bench: &Bench<'_>, name: &str) {
    let start = bench.pool.start_glusterd(bench.node(name));
    tokio::runtime::Handle::current().block_on(start).expect("glusterd starts");
}

/// A rebalance that has begun and does not end, of a volume whose data is nowhere twice.
fn rebalance(bench: &Bench<'_>) {
    gluster(bench, "volume create wide g1:/bricks/wide1 g1:/bricks/wide2 force");
    gluster(bench, "volume start wide");
    // Another command may hold the pool's lock for a moment.
    bench.until("a rebalance to begin", "g1", STANDING_REBALANCE);
    let stopped = "pgrep -r T -f 'rebalance/wid[e]' && gluster volume status wide tasks | grep 'in progress'";
    bench.until("a task that stands", "g1", stopped);
}

/// A brick that is down while a client writes.
fn kill_brick(bench: &Bench<'_>) {
    bench.sh("g2", "pkill -KILL -x glusterfsd");
    bench.until("the brick to be gone", "g2", "! pgrep -x glusterfsd");
    bench.until("glusterd to know", "g2", "gluster volume status vol0 g2:/bricks/vol0/1 | grep ' N '");
    // What it misses has to be healed when it is back.
    bench.until("a write", "c1", "echo missed >/mnt/vol0/missed; sync");
}

/// Two halves of the pool get different bytes of one file: the client is cut off from all but one server, writes, is
/// cut off from all but another one, and writes again.
fn split(bench: &Bench<'_>) {
    gluster(bench, "volume set vol0 cluster.quorum-type none");
    gluster(bench, "volume set vol0 cluster.self-heal-daemon off");
    bench.sh("c1", "echo before >/mnt/vol0/split; sync");
    for (server, others) in [("g1", ["g2", "g3"]), ("g2", ["g1", "g3"])] {
        let reject = others.map(|other| {
            format!("ip daddr $(getent ahostsv4 {other} | awk '{{print $1; exit}}') meta l4proto tcp reject with tcp reset;")
        });
        // In one go: between two cuts the client would see everybody.
        let cut = format!(
            "nft \"add table inet cut; delete table inet cut; table inet cut {{ chain output {{
                type filter hook output priority 0; policy accept; {} }}; }}\"",
            reject.concat()
        );
        bench.sh("c1", &cut);
        let write = format!("echo only {server} >/mnt/vol0/split");
        bench.until("a write to one server alone", "c1", &write);
        let there = format!("grep -q 'only {server}' {BRICK}/split");
        bench.until("the bytes on the brick", server, &there);
    }
    bench.sh("c1", "nft delete table inet cut");
}
