//! Checks: questions about a pool state. Each answers with findings; none means it passed.
//!
//! A fact that is unknown gives a finding of its own, so that no check passes by not having looked.

mod before;
#[cfg(test)]
mod before_tests;
mod canary;
mod claims;
mod disk;
mod downtime;
mod fact;
mod finish;
mod georep;
#[cfg(test)]
mod georep_tests;
mod heal;
#[cfg(test)]
mod heal_tests;
mod host;
mod network;
mod packages;
mod pool;
mod quorum;
mod sessions;
mod system;
#[cfg(test)]
mod system_tests;
#[cfg(test)]
mod tests;
mod units;
mod usage;
#[cfg(test)]
mod usage_tests;
mod volume;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::application::Application;
use super::finding::{self, Finding};
use super::georep::SessionName;
use super::names::{AbsolutePath, HostName, OpVersion, Release, VolumeName};
use super::pool::PoolState;
use super::usage::Mount;

pub(crate) use canary::{is_copy, unprovable};
pub(crate) use claims::{claimed, claims};
pub(crate) use disk::{bricks, room};
pub use fact::Fact;
pub(crate) use finish::clients_behind;
pub(crate) use georep::{converts, geo_replication, sessions_run, sessions_to};
pub(crate) use heal::{known_as_stale, only_here, pending};
pub(crate) use network::{certificates, names, ports};
pub(crate) use packages::offer;
pub(crate) use quorum::{one_copy_is_written, server_quorum};
pub(crate) use sessions::crawls;
pub(crate) use system::{
    clocks, edited, gnfs, multiplexed, op_version_current, packages, processes_current, stored_files,
};
pub(crate) use units::units_known;
pub(crate) use usage::called;
pub(crate) use volume::lost_since_unfinished;

/// A question about a pool state. `without` names a server that is meant to be out at the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Every server answers.
    Reached,
    /// The inventory's servers are exactly the pool's.
    Members,
    /// Every server sees every other in state `Peer in Cluster (Connected)`.
    PeersConnected {
        /// The server that is out.
        without: Option<HostName>,
    },
    /// Every server has the same volumes stored, line by line: what the next handshake compares.
    StoredVolumesAgree {
        /// Lines of options that begin with `nfs.` are left out, since the plan is about to delete them.
        ignoring_nfs: bool,
    },
    /// Every brick of every started volume is online.
    BricksOnline {
        /// The server that is out.
        without: Option<HostName>,
    },
    /// The self-heal daemon is online on every server with a brick to heal.
    SelfHealDaemonsOnline {
        /// The server that is out.
        without: Option<HostName>,
    },
    /// Nothing waits to be healed, but for entries that are known as stale.
    NothingToHeal,
    /// No entry that is known as stale may have its only good copy on this server.
    GoodCopyElsewhere {
        /// The server to be taken out.
        host: HostName,
    },
    /// Nothing is in split-brain.
    NoSplitBrain {
        /// The server that is out; its bricks cannot be asked.
        without: Option<HostName>,
    },
    /// Every client is on every brick of its replica sets.
    ClientsOnEveryBrick {
        /// The server that is out.
        without: Option<HostName>,
    },
    /// The clients that were connected when the plan was made are still, or again.
    ClientsBack,
    /// Volumes and peers are defined as when the plan was made, but for what upgrades change by themselves.
    ConfigurationUnchanged,
    /// Every server has the op-version stored that it had when the plan was made. An ordinary `volume set` of
    /// an option of a later release raises it behind everybody's back (glusterd-op-sm.c, 3.7 to 11).
    OpVersionStill,
    /// glusterd on the other servers is the process it was when this one's turn began.
    OthersUndisturbed {
        /// The server whose turn it is.
        host: HostName,
    },
    /// Brick processes are the same ones as in the look before.
    BricksSteady,
    /// Every process of Gluster's on the server runs this release's code.
    RunsRelease {
        /// The server.
        host: HostName,
        /// The release.
        release: Release,
    },
    /// No rebalance, remove-brick or the like runs.
    NoTasks,
    /// All the other servers can carry the data of this one.
    OthersCanCarry {
        /// The server to be taken out.
        host: HostName,
    },
    /// The server runs this release's packages.
    AtRelease {
        /// The server.
        host: HostName,
        /// The release.
        release: Release,
    },
    /// Every server runs this release's packages.
    AllAtRelease {
        /// The release.
        release: Release,
    },
    /// No Gluster process runs on the server.
    GlusterDown {
        /// The server.
        host: HostName,
    },
    /// Neither glusterd nor one of its daemons runs on the server; its bricks may.
    GlusterdDown {
        /// The server.
        host: HostName,
    },
    /// Neither glusterd nor one of its daemons runs on any server; bricks may.
    GlusterdDownEverywhere,
    /// glusterd runs on the server and answers.
    GlusterdUp {
        /// The server.
        host: HostName,
    },
    /// The events daemon does not run on the server.
    EventsDown {
        /// The server.
        host: HostName,
    },
    /// The units of the server start at boot as they did when the plan was made; without systemd there are none.
    UnitsKept {
        /// The server.
        host: HostName,
    },
    /// At least so many brick processes run on the server, asked without glusterd.
    BricksRunning {
        /// The server.
        host: HostName,
        /// How many.
        processes: u32,
    },
    /// The server's stored volumes hold no `nfs.` line.
    NfsLinesGone {
        /// The server.
        host: HostName,
    },
    /// No server's stored volumes hold an `nfs.` line.
    NfsLinesGoneEverywhere,
    /// Every server has this op-version stored.
    OpVersionIs {
        /// The op-version.
        op_version: OpVersion,
    },
    /// Every server has the same op-version stored.
    OpVersionsAgree,
    /// The newest op-version that the servers say all of them know is this one (3.10 and later).
    NewestOpVersion {
        /// The op-version.
        op_version: OpVersion,
    },
    /// Every connected client can speak this op-version (3.10 and later).
    ClientsSpeak {
        /// The op-version.
        op_version: OpVersion,
    },
    /// A client machine answers.
    ClientReached {
        /// The client.
        host: HostName,
    },
    /// Nothing is mounted from Gluster at this place of a server or client.
    Unmounted {
        /// The host.
        host: HostName,
        /// The place.
        point: AbsolutePath,
    },
    /// The mount is there with the same source and options, and can be looked into.
    Mounted {
        /// The host.
        host: HostName,
        /// The mount.
        mount: Mount,
    },
    /// No process of the application is left.
    ApplicationStopped {
        /// The host.
        host: HostName,
        /// The application.
        application: Application,
    },
    /// The application runs.
    ApplicationRunning {
        /// The host.
        host: HostName,
        /// The application.
        application: Application,
    },
    /// No process has a library in its memory that was replaced, or that is of another release.
    NoOldLibrary {
        /// The server or client.
        host: HostName,
        /// The release that is installed.
        release: Release,
    },
    /// Nothing is mounted from Gluster, and no program uses libgfapi.
    VolumesUnused {
        /// The host.
        host: HostName,
    },
    /// Nobody is connected to a brick but the servers' own daemons.
    NoClients,
    /// The volume is stopped.
    VolumeStopped {
        /// The volume.
        volume: VolumeName,
    },
    /// The volume is started.
    VolumeStarted {
        /// The volume.
        volume: VolumeName,
    },
    /// [`Check::ConfigurationUnchanged`], whether volumes are started or not.
    DefinitionsUnchanged,
    /// No Gluster process runs on any server.
    GlusterDownEverywhere,
    /// glusterd runs on every server and answers.
    GlusterdUpEverywhere,
    /// No worker of these geo-replication sessions runs.
    SessionsStopped {
        /// The sessions.
        sessions: Vec<SessionName>,
    },
    /// These geo-replication sessions copy as they did before.
    SessionsBack {
        /// The sessions.
        sessions: Vec<SessionBefore>,
    },
    /// The settings of a geo-replication session are the ones from before.
    SessionConfigKept {
        /// The session.
        session: SessionName,
        /// Its settings then.
        config: BTreeMap<String, String>,
    },
}

/// A geo-replication session as it was when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionBefore {
    /// Its ends.
    pub name: SessionName,
    /// How many workers it had.
    pub workers: usize,
    /// How they looked for what to copy; empty where it was stopped at the time.
    pub crawls: BTreeSet<String>,
}

impl Check {
    /// Puts the question to a pool state. No findings: it passed.
    pub fn look(&self, state: &PoolState) -> Vec<Finding> {
        match self {
            Self::Reached => host::reached(state),
            Self::Members => pool::members(state),
            Self::PeersConnected { without } => pool::peers_connected(state, without.as_ref()),
            Self::StoredVolumesAgree { ignoring_nfs } => pool::stored_volumes_agree(state, *ignoring_nfs),
            Self::BricksOnline { without } => volume::bricks_online(state, without.as_ref()),
            Self::SelfHealDaemonsOnline { without } => volume::self_heal_daemons(state, without.as_ref()),
            Self::NothingToHeal => heal::nothing_to_heal(state),
            Self::GoodCopyElsewhere { host } => heal::good_copy_elsewhere(state, host),
            Self::NoSplitBrain { without } => volume::no_split_brain(state, without.as_ref()),
            Self::ClientsOnEveryBrick { without } => volume::clients_on_every_brick(state, without.as_ref()),
            Self::ClientsBack => before::clients_back(state),
            Self::ConfigurationUnchanged => before::configuration_unchanged(state),
            Self::OpVersionStill => before::op_version_still(state),
            Self::OthersUndisturbed { host } => before::others_undisturbed(state, host),
            Self::BricksSteady => before::bricks_steady(state),
            Self::RunsRelease { host, release } => before::runs_release(state, host, *release),
            Self::AllAtRelease { release } => every(state, |host| host::at_release(state, host, *release)),
            Self::GlusterdDownEverywhere => every(state, |host| host::glusterd_down(state, host)),
            Self::NfsLinesGoneEverywhere => every(state, |host| host::nfs_lines_gone(state, host)),
            Self::NoTasks => volume::no_tasks(state),
            Self::OthersCanCarry { host } => quorum::others_can_carry(state, host),
            Self::AtRelease { host, release } => host::at_release(state, host, *release),
            Self::GlusterDown { host } => host::gluster_down(state, host),
            Self::GlusterdDown { host } => host::glusterd_down(state, host),
            Self::GlusterdUp { host } => host::glusterd_up(state, host),
            Self::EventsDown { host } => units::events_down(state, host),
            Self::UnitsKept { host } => units::kept(state, host),
            Self::BricksRunning { host, processes } => host::bricks_running(state, host, *processes),
            Self::NfsLinesGone { host } => host::nfs_lines_gone(state, host),
            Self::OpVersionIs { op_version } => pool::op_version_is(state, *op_version),
            Self::NewestOpVersion { op_version } => finish::newest_op_version(state, *op_version),
            Self::ClientsSpeak { op_version } => finish::clients_speak(state, *op_version),
            Self::OpVersionsAgree => pool::op_versions_agree(state),
            Self::SessionsStopped { sessions } => sessions::sessions_stopped(state, sessions),
            Self::SessionsBack { sessions } => sessions::sessions_back(state, sessions),
            Self::SessionConfigKept { session, config } => {
                sessions::session_config_kept(state, session, config)
            }
            Self::ClientReached { host } => usage::client_reached(state, host),
            Self::Unmounted { host, point } => usage::unmounted(state, host, point),
            Self::Mounted { host, mount } => usage::mounted(state, host, mount),
            Self::ApplicationStopped { host, application } => {
                usage::application_stopped(state, host, application)
            }
            Self::ApplicationRunning { host, application } => {
                usage::application_running(state, host, application)
            }
            Self::NoOldLibrary { host, release } => usage::no_old_library(state, host, *release),
            Self::VolumesUnused { host } => usage::volumes_unused(state, host),
            Self::NoClients => downtime::no_clients(state),
            Self::VolumeStopped { volume } => downtime::volume_stopped(state, volume),
            Self::VolumeStarted { volume } => downtime::volume_started(state, volume),
            Self::DefinitionsUnchanged => before::definitions_unchanged(state),
            Self::GlusterDownEverywhere => every(state, |host| host::gluster_down(state, host)),
            Self::GlusterdUpEverywhere => every(state, |host| host::glusterd_up(state, host)),
        }
    }
}

/// Puts a question to every server.
fn every(state: &PoolState, question: impl Fn(&HostName) -> Vec<Finding>) -> Vec<Finding> {
    state.hosts.keys().flat_map(question).collect()
}

/// Returns the checks of a pool that is well, all of it: what "the pool is well" stands for everywhere.
pub fn well() -> Vec<Check> {
    vec![
        Check::Reached,
        Check::PeersConnected { without: None },
        Check::StoredVolumesAgree { ignoring_nfs: false },
        Check::BricksOnline { without: None },
        Check::SelfHealDaemonsOnline { without: None },
        Check::NoSplitBrain { without: None },
        Check::ClientsOnEveryBrick { without: None },
        Check::NothingToHeal,
    ]
}

/// Returns the checks by which a run sees that nobody reconfigured the pool meanwhile: what "nothing
/// reconfigured" stands for everywhere.
pub fn frozen() -> Vec<Check> {
    vec![Check::ConfigurationUnchanged, Check::OpVersionStill]
}

/// Puts several questions and returns all findings, each once, sorted, without what only repeats another. What could
/// not be seen since a host was not reached is told by that host's own finding, which has the reason.
pub fn look_all<'a>(checks: impl IntoIterator<Item = &'a Check>, state: &PoolState) -> Vec<Finding> {
    let mut findings: Vec<Finding> = checks.into_iter().flat_map(|check| check.look(state)).collect();
    findings.extend(host::wanted(state, &findings));
    finding::told_once(findings)
}
