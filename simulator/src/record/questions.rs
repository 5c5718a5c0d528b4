//! What is asked: tables of file names and the commands whose answers they hold.
//!
//! The names are those that the executor's tests read (`executor/tests/replies/README.md`), the commands those that
//! the executor sends. They are listed here again, word for word: the executor's own list is no part of what the
//! simulator may use, and a test of the replies compares nothing but what Gluster said.

/// A question, and the file that its answer goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    /// The file, below the folder of the state.
    pub(super) file: &'static str,
    /// The command, its words separated by blanks; no word has one. `{op-version}` stands for the release's
    /// op-version, `{before}` for that of the line before it.
    pub(super) command: &'static str,
}

const fn ask(file: &'static str, command: &'static str) -> Question {
    Question { file, command }
}

/// Who the servers are, and what they have.
pub(super) const POOL: &[Question] = &[
    ask("peer-status.xml", "gluster --mode=script peer status --xml"),
    ask("volume-info.xml", "gluster --mode=script volume info all --xml"),
    ask("volume-status.xml", "gluster --mode=script volume status all --xml"),
];

/// What else is asked of a pool with volumes.
pub(super) const VOLUMES: &[Question] = &[
    ask("volume-status-tasks.xml", "gluster --mode=script volume status all tasks --xml"),
    ask("volume-status-rep-clients.xml", "gluster --mode=script volume status rep clients --xml"),
    ask("volume-status-dr-clients.xml", "gluster --mode=script volume status dr clients --xml"),
    ask("heal-rep-info.xml", "gluster --mode=script volume heal rep info --xml"),
    ask("heal-rep-split-brain.xml", "gluster --mode=script volume heal rep info split-brain --xml"),
    ask("heal-arb-info.xml", "gluster --mode=script volume heal arb info --xml"),
    ask("heal-ec-info.xml", "gluster --mode=script volume heal ec info --xml"),
];

/// Of all volumes at once: leaves out those that could not be asked.
pub(super) const ALL_CLIENTS: Question =
    ask("volume-status-all-clients.xml", "gluster --mode=script volume status all clients --xml");

/// A server's identity and stored op-version.
pub(super) const GLUSTERD_INFO: Question = ask("glusterd.info", "cat /var/lib/glusterd/glusterd.info");

/// The highest op-version that all servers know.
pub(super) const MAX_OP_VERSION: Question =
    ask("max-op-version.xml", "gluster --mode=script volume get all cluster.max-op-version --xml");

/// What is asked of a healthy pool alone.
pub(super) const HEALTHY: &[Question] = &[
    ask("version.txt", "gluster --version"),
    GLUSTERD_INFO,
    MAX_OP_VERSION,
    ALL_CLIENTS,
    ask("heal-dr-info.xml", "gluster --mode=script volume heal dr info --xml"),
    ask("heal-ec-split-brain.xml", "gluster --mode=script volume heal ec info split-brain --xml"),
];

/// The stored volumes. The password is masked on the server: nobody else is to have it, and only its line is read.
pub(super) const STORED: &[Question] = &[
    ask("vols/arb/info", "sed s/^password=.*/password=masked/ /var/lib/glusterd/vols/arb/info"),
    ask("vols/dist/info", "sed s/^password=.*/password=masked/ /var/lib/glusterd/vols/dist/info"),
    ask("vols/dr/info", "sed s/^password=.*/password=masked/ /var/lib/glusterd/vols/dr/info"),
    ask("vols/ec/info", "sed s/^password=.*/password=masked/ /var/lib/glusterd/vols/ec/info"),
    STORED_REP,
];

const STORED_REP: Question =
    ask("vols/rep/info", "sed s/^password=.*/password=masked/ /var/lib/glusterd/vols/rep/info");

/// Launches the heal of a volume.
pub(super) const LAUNCH: &[Question] = &[ask("heal-rep-launch.txt", "gluster --mode=script volume heal rep")];

/// Asked where nothing answers.
pub(super) const GLUSTERD_DOWN: &[Question] = &[
    ask("volume-status-tasks.xml", "gluster --mode=script volume status all tasks --xml"),
    ask("volume-status-rep-clients.xml", "gluster --mode=script volume status rep clients --xml"),
    ask("heal-rep-info.xml", "gluster --mode=script volume heal rep info --xml"),
    ask("heal-rep-split-brain.xml", "gluster --mode=script volume heal rep info split-brain --xml"),
    LAUNCH[0],
    MAX_OP_VERSION,
    ask("set-lower.xml", "gluster --mode=script volume set all cluster.op-version {before} --xml"),
];

/// A volume that is stopped.
pub(super) const STOPPED: &[Question] = &[
    ask("volume-status.xml", "gluster --mode=script volume status all --xml"),
    ask("volume-info-ec.xml", "gluster --mode=script volume info ec --xml"),
    ask("volume-status-ec.xml", "gluster --mode=script volume status ec --xml"),
    ask("volume-status-ec-clients.xml", "gluster --mode=script volume status ec clients --xml"),
    ask("heal-ec-info.xml", "gluster --mode=script volume heal ec info --xml"),
    ask("heal-ec-launch.txt", "gluster --mode=script volume heal ec"),
];

/// While a rebalance runs.
pub(super) const REBALANCING: &[Question] = &[
    ask("volume-status-tasks-during.xml", "gluster --mode=script volume status all tasks --xml"),
    ask("volume-status-dist-during.xml", "gluster --mode=script volume status dist --xml"),
];

/// After a rebalance.
pub(super) const REBALANCED: &[Question] =
    &[ask("volume-status-tasks-done.xml", "gluster --mode=script volume status all tasks --xml")];

/// After the data has left a brick that is to be removed.
pub(super) const REMOVING: &[Question] =
    &[ask("volume-status-tasks-remove.xml", "gluster --mode=script volume status all tasks --xml")];

/// Raises that are refused, asked in both forms, and an option that does not exist.
pub(super) const REFUSED_OP_VERSIONS: &[Question] = &[
    ask("set-lower.txt", "gluster --mode=script volume set all cluster.op-version {before}"),
    ask("set-lower.xml", "gluster --mode=script volume set all cluster.op-version {before} --xml"),
    ask("set-same.txt", "gluster --mode=script volume set all cluster.op-version {op-version}"),
    ask("set-same.xml", "gluster --mode=script volume set all cluster.op-version {op-version} --xml"),
    ask("set-too-high.txt", "gluster --mode=script volume set all cluster.op-version 990000"),
    ask("set-too-high.xml", "gluster --mode=script volume set all cluster.op-version 990000 --xml"),
    ask("set-unknown.txt", "gluster --mode=script volume set all no.such.option 1"),
    ask("set-unknown.xml", "gluster --mode=script volume set all no.such.option 1 --xml"),
];

/// A raise that is accepted, and what is stored then.
pub(super) const RAISE: &[Question] = &[
    MAX_OP_VERSION,
    ask("set-raised.xml", "gluster --mode=script volume set all cluster.op-version {op-version} --xml"),
    GLUSTERD_INFO,
];

/// A volume with quota, whose daemons have rows of their own.
pub(super) const QUOTA: &[Question] = &[
    ask("volume-info-rep.xml", "gluster --mode=script volume info rep --xml"),
    ask("volume-status-rep.xml", "gluster --mode=script volume status rep --xml"),
    STORED_REP,
    ask("vols/rep/quota.cksum", "cat /var/lib/glusterd/vols/rep/quota.cksum"),
];

/// A volume that is not there, and one that has nothing to heal.
pub(super) const ERRORS: &[Question] = &[
    ask("volume-info-none.xml", "gluster --mode=script volume info none --xml"),
    ask("volume-status-none.xml", "gluster --mode=script volume status none --xml"),
    ask("volume-status-none-clients.xml", "gluster --mode=script volume status none clients --xml"),
    ask("heal-none-info.xml", "gluster --mode=script volume heal none info --xml"),
    ask("heal-none-split-brain.xml", "gluster --mode=script volume heal none info split-brain --xml"),
    ask("heal-none-launch.txt", "gluster --mode=script volume heal none"),
    ask("heal-dist-info.xml", "gluster --mode=script volume heal dist info --xml"),
    ask("heal-dist-launch.txt", "gluster --mode=script volume heal dist"),
];

/// While another command holds the lock of the volume `rep`. Whatever asks other volumes, or all, would hang with it.
pub(super) const BUSY: &[Question] = &[
    ask("volume-status-rep.xml", "gluster --mode=script volume status rep --xml"),
    ask("volume-status-rep-clients.xml", "gluster --mode=script volume status rep clients --xml"),
    LAUNCH[0],
];
