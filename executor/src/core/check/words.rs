//! Checks in words, as the gates of a plan are shown.

use std::fmt;

use super::super::georep::SessionName;
use super::super::names::HostName;
use super::{Check, SessionBefore};

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached => write!(f, "every server reached"),
            Self::Members => write!(f, "the inventory's servers are the pool's"),
            Self::PeersConnected { without: None } => write!(f, "peers connected, seen from every server"),
            Self::PeersConnected { without: Some(host) } => {
                write!(f, "peers connected, seen from every server but {host}")
            }
            Self::StoredVolumesAgree { ignoring_nfs } => {
                let but = if *ignoring_nfs { " (but for nfs. options)" } else { "" };
                write!(f, "stored volumes agree on every server{but}")
            }
            Self::BricksOnline { without } => write!(f, "every brick{} online", but(without)),
            Self::SelfHealDaemonsOnline { without } => {
                write!(f, "every self-heal daemon{} online", but(without))
            }
            Self::NothingToHeal => write!(f, "nothing left to heal"),
            Self::GoodCopyElsewhere { host } => write!(f, "no good copy on {host} alone"),
            Self::NoSplitBrain { .. } => write!(f, "no split-brain"),
            Self::ClientsOnEveryBrick { without } => write!(f, "every client on every brick{}", but(without)),
            Self::ClientsBack => write!(f, "all clients of the start back"),
            Self::ConfigurationUnchanged => write!(f, "volumes and peers defined as at the start"),
            Self::OpVersionStill => write!(f, "op-version as at the start on every server"),
            Self::OthersUndisturbed { host } => write!(f, "glusterd untouched on every server but {host}"),
            Self::BricksSteady => write!(f, "brick processes steady"),
            Self::RunsRelease { host, release } => write!(f, "every process on {host} runs {release}"),
            Self::AllAtRelease { release } => write!(f, "every server at {release}"),
            Self::GlusterdDownEverywhere => write!(f, "glusterd down on every server"),
            Self::NfsLinesGoneEverywhere => write!(f, "no nfs. line stored on any server"),
            Self::NoTasks => write!(f, "no task running"),
            Self::OthersCanCarry { host } => write!(f, "the others can carry {host}'s data"),
            Self::AtRelease { host, release } => write!(f, "{host} at {release}"),
            Self::GlusterDown { host } => write!(f, "gluster down on {host}"),
            Self::GlusterdDown { host } => write!(f, "glusterd down on {host}"),
            Self::GlusterdUp { host } => write!(f, "glusterd up on {host}"),
            Self::EventsDown { host } => write!(f, "events daemon down on {host}"),
            Self::UnitsKept { host } => write!(f, "the same units start at boot on {host}"),
            Self::BricksRunning { host, processes } => write!(f, "{} up on {host}", bricks(*processes)),
            Self::NfsLinesGone { host } => write!(f, "no nfs. line stored on {host}"),
            Self::OpVersionIs { op_version } => write!(f, "op-version {op_version} on every server"),
            Self::NewestOpVersion { op_version } => {
                write!(f, "{op_version} the newest that the servers report")
            }
            Self::ClientsSpeak { op_version } => {
                write!(f, "every connected client speaks op-version {op_version}")
            }
            Self::OpVersionsAgree => write!(f, "one op-version on every server"),
            Self::ClientReached { host } => write!(f, "{host} reached"),
            Self::Unmounted { host, point } => write!(f, "{point} unmounted on {host}"),
            Self::Mounted { host, mount } => {
                write!(f, "{} mounted on {host} as before, and readable", mount.point)
            }
            Self::ApplicationStopped { host, application } => write!(f, "{application} down on {host}"),
            Self::ApplicationRunning { host, application } => write!(f, "{application} up on {host}"),
            Self::NoOldLibrary { host, .. } => write!(f, "no process on {host} with an old library"),
            Self::VolumesUnused { host } => write!(f, "no volume in use on {host}"),
            Self::SessionsStopped { sessions } => write!(f, "{} stopped", listed(sessions)),
            Self::SessionsBack { sessions } => write!(f, "{} copying as before", listed(names(sessions))),
            Self::SessionConfigKept { session, .. } => {
                write!(f, "settings of geo-replication {session} as before")
            }
            Self::NoClients => write!(f, "no client connected to any brick"),
            Self::VolumeStopped { volume } => write!(f, "volume {volume} stopped"),
            Self::VolumeStarted { volume } => write!(f, "volume {volume} started"),
            Self::DefinitionsUnchanged => write!(f, "volumes and peers defined as at the start"),
            Self::GlusterDownEverywhere => write!(f, "gluster down on every server"),
            Self::GlusterdUpEverywhere => write!(f, "glusterd up on every server"),
        }
    }
}

/// The exception, where one server is left out.
fn but(without: &Option<HostName>) -> String {
    without.as_ref().map_or(String::new(), |host| format!(" but {host}'s"))
}

fn bricks(processes: u32) -> String {
    format!("{processes} brick process{}", if processes == 1 { "" } else { "es" })
}

fn names(sessions: &[SessionBefore]) -> impl Iterator<Item = &SessionName> {
    sessions.iter().map(|session| &session.name)
}

fn listed<'a>(sessions: impl IntoIterator<Item = &'a SessionName>) -> String {
    let names: Vec<String> = sessions.into_iter().map(ToString::to_string).collect();
    format!("geo-replication {}", names.join(", "))
}
