//! What each check asks for: the facts, and the host it is about.

use super::super::names::HostName;
use super::Check;

/// A fact that a check may ask for, so that a gate looks at nothing else: some facts are dear, above all the
/// heal backlog, and those about volumes take the pool's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// [`HostState::processes`](super::super::pool::HostState::processes), and whether the host answers at all.
    Processes,
    /// [`SystemFacts::daemons`](super::super::system::SystemFacts::daemons).
    Daemons,
    /// [`SystemFacts::platform`](super::super::system::SystemFacts::platform) of the hosts that the checks name.
    Platform,
    /// [`HostState::release`](super::super::pool::HostState::release).
    Release,
    /// [`HostState::glusterd_info`](super::super::pool::HostState::glusterd_info).
    GlusterdInfo,
    /// [`HostState::peers`](super::super::pool::HostState::peers).
    Peers,
    /// [`HostState::stored_volumes`](super::super::pool::HostState::stored_volumes).
    StoredVolumes,
    /// [`PoolState::volumes`](crate::core::pool::PoolState::volumes) with their definitions.
    Volumes,
    /// Bricks, self-heal daemons and tasks of all volumes.
    VolumeStatus,
    /// [`VolumeState::clients`](super::super::pool::VolumeState::clients).
    Clients,
    /// [`VolumeState::heal_pending`](super::super::pool::VolumeState::heal_pending).
    HealPending,
    /// [`VolumeState::split_brain`](super::super::pool::VolumeState::split_brain).
    SplitBrain,
    /// [`PoolState::sessions`](super::super::pool::PoolState::sessions) and those of primaries of this pool, without
    /// their settings.
    Sessions,
    /// [`Session::config`](super::super::georep::Session::config).
    SessionConfigs,
    /// [`PoolState::max_op_version`](super::super::pool::PoolState::max_op_version).
    MaxOpVersion,
    /// [`HostState::claim`](super::super::pool::HostState::claim).
    Claims,
    /// [`HostState::connections`](super::super::pool::HostState::connections).
    Connections,
    /// [`HostState::usage`](super::super::pool::HostState::usage) of the hosts that the checks name, clients included.
    Usage,
}

impl Check {
    /// Returns the facts the check asks for, besides whether the hosts answer.
    pub fn needs(&self) -> &'static [Fact] {
        match self {
            Self::Reached
            | Self::ClientReached { .. }
            | Self::GlusterDown { .. }
            | Self::GlusterdDown { .. }
            | Self::GlusterdDownEverywhere
            | Self::GlusterDownEverywhere
            | Self::BricksRunning { .. } => &[Fact::Processes],
            Self::Members | Self::PeersConnected { .. } => &[Fact::GlusterdInfo, Fact::Peers],
            Self::StoredVolumesAgree { .. } | Self::NfsLinesGone { .. } | Self::NfsLinesGoneEverywhere => {
                &[Fact::StoredVolumes]
            }
            Self::BricksOnline { .. } | Self::SelfHealDaemonsOnline { .. } => {
                &[Fact::GlusterdInfo, Fact::Volumes, Fact::VolumeStatus]
            }
            Self::NothingToHeal => &[Fact::Volumes, Fact::HealPending],
            Self::GoodCopyElsewhere { .. } => &[Fact::GlusterdInfo, Fact::Volumes, Fact::HealPending],
            Self::NoSplitBrain { .. } => &[Fact::GlusterdInfo, Fact::Volumes, Fact::SplitBrain],
            Self::ClientsOnEveryBrick { .. } => &[Fact::GlusterdInfo, Fact::Volumes, Fact::Clients],
            Self::ClientsBack => &[Fact::Volumes, Fact::Clients],
            Self::NewestOpVersion { .. } => &[Fact::MaxOpVersion],
            Self::ClientsSpeak { .. } => &[Fact::Volumes, Fact::Clients],
            Self::NoTasks => &[Fact::Volumes, Fact::VolumeStatus],
            Self::OthersCanCarry { .. } => &[Fact::GlusterdInfo, Fact::Volumes],
            Self::AtRelease { .. } | Self::AllAtRelease { .. } => &[Fact::Release],
            Self::ConfigurationUnchanged | Self::DefinitionsUnchanged => {
                &[Fact::GlusterdInfo, Fact::Peers, Fact::Volumes]
            }
            Self::OthersUndisturbed { .. }
            | Self::BricksSteady
            | Self::RunsRelease { .. }
            | Self::EventsDown { .. } => &[Fact::Daemons],
            Self::UnitsKept { .. } => &[Fact::Platform],
            Self::GlusterdUp { .. } | Self::GlusterdUpEverywhere => &[Fact::Processes, Fact::Peers],
            Self::OpVersionIs { .. } | Self::OpVersionsAgree | Self::OpVersionStill => &[Fact::GlusterdInfo],
            Self::SessionsStopped { .. } | Self::SessionsBack { .. } => &[Fact::Sessions],
            Self::SessionConfigKept { .. } => &[Fact::Sessions, Fact::SessionConfigs],
            Self::NoClients => &[Fact::Connections],
            Self::VolumeStopped { .. } | Self::VolumeStarted { .. } => &[Fact::Volumes],
            Self::Unmounted { .. }
            | Self::Mounted { .. }
            | Self::ApplicationStopped { .. }
            | Self::ApplicationRunning { .. }
            | Self::NoOldLibrary { .. }
            | Self::VolumesUnused { .. } => &[Fact::Usage],
        }
    }

    /// Returns the host that the check is about, where it is about a single one.
    pub fn host(&self) -> Option<&HostName> {
        match self {
            Self::Reached
            | Self::Members
            | Self::PeersConnected { .. }
            | Self::StoredVolumesAgree { .. }
            | Self::BricksOnline { .. }
            | Self::SelfHealDaemonsOnline { .. }
            | Self::NothingToHeal
            | Self::NoSplitBrain { .. }
            | Self::ClientsOnEveryBrick { .. }
            | Self::ClientsBack
            | Self::GlusterdDownEverywhere
            | Self::SessionsStopped { .. }
            | Self::SessionsBack { .. }
            | Self::SessionConfigKept { .. }
            | Self::NfsLinesGoneEverywhere
            | Self::AllAtRelease { .. }
            | Self::ConfigurationUnchanged
            | Self::BricksSteady
            | Self::OpVersionStill
            | Self::NewestOpVersion { .. }
            | Self::ClientsSpeak { .. }
            | Self::NoClients
            | Self::VolumeStopped { .. }
            | Self::VolumeStarted { .. }
            | Self::DefinitionsUnchanged
            | Self::GlusterDownEverywhere
            | Self::GlusterdUpEverywhere
            | Self::NoTasks
            | Self::OpVersionIs { .. }
            | Self::OpVersionsAgree => None,
            Self::OthersCanCarry { host }
            | Self::GoodCopyElsewhere { host }
            | Self::OthersUndisturbed { host }
            | Self::RunsRelease { host, .. }
            | Self::AtRelease { host, .. }
            | Self::GlusterDown { host }
            | Self::GlusterdDown { host }
            | Self::GlusterdUp { host }
            | Self::BricksRunning { host, .. }
            | Self::EventsDown { host }
            | Self::UnitsKept { host }
            | Self::NfsLinesGone { host }
            | Self::ClientReached { host }
            | Self::Unmounted { host, .. }
            | Self::Mounted { host, .. }
            | Self::ApplicationStopped { host, .. }
            | Self::ApplicationRunning { host, .. }
            | Self::NoOldLibrary { host, .. }
            | Self::VolumesUnused { host } => Some(host),
        }
    }
}
