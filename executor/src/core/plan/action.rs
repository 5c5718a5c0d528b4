//! Actions: what a step does, as plain data, and what holds once it is wholly done.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::application::Application;
use super::super::check::{Check, SessionBefore};
use super::super::georep::SessionName;
use super::super::names::{AbsolutePath, HostName, OpVersion, Release, VolumeName};
use super::super::usage::Mount;

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Stops glusterd and its daemons. Bricks go on serving the clients they have.
    StopGlusterd {
        /// The server.
        host: HostName,
    },
    /// Deletes the `nfs.` lines from the stored volumes, keeping a copy of each file.
    DropNfsLines {
        /// The server.
        host: HostName,
    },
    /// Starts glusterd again, which finds its bricks running.
    StartGlusterd {
        /// The server.
        host: HostName,
    },
    /// Downloads the packages and installs nothing, so that a mirror that fails does so while all serve.
    Fetch {
        /// The server.
        host: HostName,
        /// The release they bring.
        release: Release,
        /// The version, in the package manager's words.
        version: String,
    },
    /// Stops every Gluster process: the seed's `killall glusterfs glusterfsd glusterd`.
    StopGluster {
        /// The server.
        host: HostName,
    },
    /// Installs one exact package version.
    Install {
        /// The server.
        host: HostName,
        /// The release it brings.
        release: Release,
        /// The version, in the package manager's words.
        version: String,
    },
    /// Installs the release by the operator's own command, which leaves Gluster stopped.
    InstallBy {
        /// The server.
        host: HostName,
        /// The release it brings.
        release: Release,
        /// The command on the host, its placeholders filled in.
        argv: Vec<String>,
    },
    /// Starts glusterd, which starts the bricks and the self-heal daemon.
    StartGluster {
        /// The server.
        host: HostName,
    },
    /// Starts healing, the seed's `gluster volume heal` for every volume that can be healed.
    Heal {
        /// The server that is asked.
        via: HostName,
        /// The volumes.
        volumes: Vec<VolumeName>,
    },
    /// Stops a geo-replication session.
    StopReplication {
        /// The server of the primary pool that is asked.
        via: HostName,
        /// The session.
        session: SessionName,
    },
    /// Moves changelogs into the layout of 8, with the script from Gluster's source.
    ConvertChangelogs {
        /// The server, whose bricks are down.
        host: HostName,
        /// The bricks' directories.
        bricks: Vec<AbsolutePath>,
    },
    /// Notes the changelogs that bricks left open in their index, which a brick of 8 or later forgets when it starts.
    CloseChangelogs {
        /// The server, whose bricks are down.
        host: HostName,
        /// The bricks' directories.
        bricks: Vec<AbsolutePath>,
    },
    /// Starts a geo-replication session.
    StartReplication {
        /// The server of the primary pool that is asked.
        via: HostName,
        /// The session.
        session: SessionName,
        /// How it copied; none where it did not.
        before: Option<SessionBefore>,
    },
    /// Writes a file to the primary volume and waits for its content on the secondary; takes it away again.
    ProveReplication {
        /// The server of the primary pool that mounts both volumes for it.
        via: HostName,
        /// The session.
        session: SessionName,
    },
    /// Stops an application that uses volumes, noting it down on its host first.
    StopApplication {
        /// The server or client it runs on.
        host: HostName,
        /// The application.
        application: Application,
    },
    /// Unmounts a FUSE mount, noting it down on its host first.
    Unmount {
        /// The server or client.
        host: HostName,
        /// The mount, with all that is needed to make it again.
        mount: Mount,
        /// Whether also while somebody uses it: only where the operator waived that finding.
        lazy: bool,
    },
    /// Makes a FUSE mount again, as it was.
    Mount {
        /// The server or client.
        host: HostName,
        /// The mount.
        mount: Mount,
    },
    /// Writes a file through a mount, reads it back and removes it.
    ProveMount {
        /// The server or client.
        host: HostName,
        /// The mount.
        mount: Mount,
    },
    /// Mounts volumes freshly, writes a file to each as root and one as another user, reads both back, and takes
    /// all of it away again.
    ProveVolumes {
        /// The server.
        host: HostName,
        /// The volumes.
        volumes: Vec<VolumeName>,
    },
    /// Starts an application that was stopped.
    StartApplication {
        /// The server or client it runs on.
        host: HostName,
        /// The application.
        application: Application,
    },
    /// Stops a volume: its bricks end on every server, and no client is served by it any more.
    StopVolume {
        /// The server that is asked.
        via: HostName,
        /// The volume.
        volume: VolumeName,
    },
    /// Starts a volume that the plan stopped.
    StartVolume {
        /// The server that is asked.
        via: HostName,
        /// The volume.
        volume: VolumeName,
    },
    /// Does several actions side by side, each on a server of its own. Only what is not done yet is done.
    Together {
        /// The actions; they do not wait for each other, and one that fails does not stop the others.
        actions: Vec<Action>,
    },
    /// Raises the pool's op-version. There is no way back.
    RaiseOpVersion {
        /// The server that is asked.
        via: HostName,
        /// The op-version.
        to: OpVersion,
    },
}

impl Action {
    /// Returns what holds once the action is *wholly* done, by which a run sees that it need not act.
    /// Empty where nothing lasting shows it, and doing it again does no harm.
    pub fn effect(&self) -> Vec<Check> {
        match self {
            Self::StopGlusterd { host } => vec![Check::GlusterdDown { host: host.clone() }],
            Self::DropNfsLines { host } => vec![Check::NfsLinesGone { host: host.clone() }],
            Self::StartGlusterd { host } => vec![Check::GlusterdUp { host: host.clone() }],
            Self::StopGluster { host } => vec![Check::GlusterDown { host: host.clone() }],
            Self::InstallBy { host, release, .. } => {
                vec![Check::AtRelease { host: host.clone(), release: *release }]
            }
            // What shows is the first symptom, not the end: programs of the release may lack their configuration, after
            // glusterd comes the events daemon, and after a mount the note of it goes. All of them are finished by doing
            // them again, which does no harm.
            Self::Install { .. }
            | Self::StartGluster { .. }
            | Self::Mount { .. }
            | Self::Fetch { .. }
            | Self::Heal { .. }
            | Self::ProveMount { .. }
            | Self::ProveVolumes { .. }
            | Self::ConvertChangelogs { .. }
            | Self::ProveReplication { .. } => Vec::new(),
            // Bricks that run go on writing: nothing of theirs may be touched.
            Self::CloseChangelogs { host, .. } => vec![Check::GlusterdUp { host: host.clone() }],
            Self::StopReplication { session, .. } => {
                vec![Check::SessionsStopped { sessions: vec![session.clone()] }]
            }
            Self::StartReplication { before, .. } => {
                let back = |before: &SessionBefore| Check::SessionsBack { sessions: vec![before.clone()] };
                before.iter().map(back).collect()
            }
            Self::StopApplication { host, application } => {
                vec![Check::ApplicationStopped { host: host.clone(), application: application.clone() }]
            }
            Self::Unmount { host, mount, .. } => {
                vec![Check::Unmounted { host: host.clone(), point: mount.point.clone() }]
            }
            Self::StartApplication { host, application } => {
                vec![Check::ApplicationRunning { host: host.clone(), application: application.clone() }]
            }
            Self::StopVolume { volume, .. } => vec![Check::VolumeStopped { volume: volume.clone() }],
            Self::StartVolume { volume, .. } => vec![Check::VolumeStarted { volume: volume.clone() }],
            // One part of which nothing shows is not done because the others are.
            Self::Together { actions } if actions.iter().any(|action| action.effect().is_empty()) => {
                Vec::new()
            }
            Self::Together { .. } => self.effects(),
            Self::RaiseOpVersion { to, .. } => vec![Check::OpVersionIs { op_version: *to }],
        }
    }

    /// Returns all that shows of the parts of an action on several servers; of any other, its effect.
    pub fn effects(&self) -> Vec<Check> {
        match self {
            Self::Together { actions } => actions.iter().flat_map(Self::effects).collect(),
            single => single.effect(),
        }
    }

    /// Returns the servers the action touches, or through which it is done.
    pub fn hosts(&self) -> Vec<&HostName> {
        match self {
            Self::StopGlusterd { host }
            | Self::DropNfsLines { host }
            | Self::StartGlusterd { host }
            | Self::Fetch { host, .. }
            | Self::StopGluster { host }
            | Self::Install { host, .. }
            | Self::InstallBy { host, .. }
            | Self::StartGluster { host }
            | Self::ConvertChangelogs { host, .. }
            | Self::CloseChangelogs { host, .. }
            | Self::StopApplication { host, .. }
            | Self::Unmount { host, .. }
            | Self::Mount { host, .. }
            | Self::ProveMount { host, .. }
            | Self::ProveVolumes { host, .. }
            | Self::StartApplication { host, .. } => vec![host],
            Self::Heal { via, .. }
            | Self::StopVolume { via, .. }
            | Self::StartVolume { via, .. }
            | Self::StopReplication { via, .. }
            | Self::StartReplication { via, .. }
            | Self::ProveReplication { via, .. }
            | Self::RaiseOpVersion { via, .. } => vec![via],
            Self::Together { actions } => actions.iter().flat_map(Self::hosts).collect(),
        }
    }

    /// Returns the volume that the action stops, if it is that.
    pub fn stops(&self) -> Option<&VolumeName> {
        if let Self::StopVolume { volume, .. } = self { Some(volume) } else { None }
    }

    /// Returns the volume that the action starts, if it is that.
    pub fn starts(&self) -> Option<&VolumeName> {
        if let Self::StartVolume { volume, .. } = self { Some(volume) } else { None }
    }

    /// Returns the action without the parts of it that need not be done, by whether an effect is there.
    ///
    /// Only an action on several servers has parts; any other is returned as it is.
    pub fn left(&self, is_there: impl Fn(&[Check]) -> bool) -> Self {
        let Self::Together { actions } = self else { return self.clone() };
        let is_done = |action: &&Self| {
            let effect = action.effect();
            !effect.is_empty() && is_there(&effect)
        };
        Self::Together { actions: actions.iter().filter(|action| !is_done(action)).cloned().collect() }
    }
}

/// Writes what is done on several servers: the words once, with the servers, where they are the same on all.
fn together(actions: &[Action], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hosts: Vec<&str> = actions.iter().flat_map(Action::hosts).map(HostName::as_str).collect();
    let words: Vec<String> = actions.iter().map(Action::to_string).collect();
    // The same words but for the server's name are said once; the names are long enough.
    let blanked = |(words, host): (&String, &&str)| words.replace(&format!(" on {host}"), "");
    let mut said: Vec<String> = words.iter().zip(&hosts).map(blanked).collect();
    said.dedup();
    match &said[..] {
        [one] => write!(f, "{one} on {}, side by side", hosts.join(", ")),
        _ => write!(f, "side by side: {}", words.join("; ")),
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopGlusterd { host } => {
                write!(f, "stop glusterd and its daemons on {host} (bricks go on)")
            }
            Self::DropNfsLines { host } => write!(f, "delete the nfs. lines of stored volumes on {host}"),
            Self::StartGlusterd { host } => write!(f, "start glusterd on {host}"),
            Self::Fetch { host, release, .. } => {
                write!(f, "download the packages of {release} on {host} (nothing installed)")
            }
            Self::StopGluster { host } => write!(f, "stop gluster on {host}"),
            Self::Install { host, release, version } => {
                write!(f, "install glusterfs {release} on {host} (package {version})")
            }
            Self::InstallBy { host, release, argv } => {
                let words: Vec<String> = argv.iter().map(|word| shown(word)).collect();
                write!(f, "install glusterfs {release} on {host} by your command: {}", words.join(" "))
            }
            Self::StartGluster { host } => write!(f, "start gluster on {host}"),
            Self::Heal { via, volumes } => {
                let names: Vec<&str> = volumes.iter().map(VolumeName::as_str).collect();
                write!(f, "heal {} (via {via})", names.join(", "))
            }
            Self::StopReplication { via, session } => {
                write!(f, "stop geo-replication {session} (via {via})")
            }
            Self::ConvertChangelogs { host, bricks } => {
                let paths: Vec<&str> = bricks.iter().map(AbsolutePath::as_str).collect();
                write!(f, "convert the changelogs of {} on {host}", paths.join(", "))
            }
            Self::CloseChangelogs { host, bricks } => {
                let paths: Vec<&str> = bricks.iter().map(AbsolutePath::as_str).collect();
                write!(f, "close the open changelogs of {} on {host}", paths.join(", "))
            }
            Self::StartReplication { via, session, .. } => {
                write!(f, "start geo-replication {session} (via {via})")
            }
            Self::ProveReplication { via, session } => {
                write!(f, "send a file through geo-replication {session} and read it there (via {via})")
            }
            Self::StopApplication { host, application } => write!(f, "stop {application} on {host}"),
            Self::Unmount { host, mount, lazy: false } => write!(f, "unmount {mount} on {host}"),
            Self::Unmount { host, mount, lazy: true } => {
                write!(f, "unmount {mount} on {host}, lazily, under those who use it (waived)")
            }
            Self::Mount { host, mount } => write!(f, "mount {mount} on {host}"),
            Self::ProveMount { host, mount } => {
                write!(f, "write, read and remove a file in {} on {host}", mount.point)
            }
            Self::ProveVolumes { host, volumes } => {
                let names: Vec<&str> = volumes.iter().map(VolumeName::as_str).collect();
                let names = names.join(", ");
                write!(
                    f,
                    "write and read a file as root and as another user in {names}, mounted afresh on {host}"
                )
            }
            Self::StartApplication { host, application } => write!(f, "start {application} on {host}"),
            Self::StopVolume { via, volume } => write!(f, "stop volume {volume} (via {via})"),
            Self::StartVolume { via, volume } => write!(f, "start volume {volume} (via {via})"),
            Self::Together { actions } => together(actions, f),
            Self::RaiseOpVersion { via, to } => write!(f, "raise op-version to {to} (via {via})"),
        }
    }
}

/// Returns an argument as it is shown, in quotes where it would not be seen as one word.
fn shown(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}
