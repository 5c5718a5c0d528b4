//! Acting: turns a step's action into commands on a host. The only place that changes anything.

mod georep;
mod packages;

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::core::command::{Command, Output};
use crate::core::georep::SessionName;
use crate::core::names::{HostName, OpVersion, VolumeName};
use crate::core::plan::Action;
use crate::core::script::ScriptError;
use crate::gluster::canary::{self, ProofError};
use crate::gluster::replies::{CanaryError, OpVersionAnswer, OpVersionRefusal};
use crate::gluster::{ReplyError, commands, replies};
use crate::package::PackageError;
use crate::service::{self, usage};
use crate::transport::{Transport, TransportError};

/// How long a Gluster command may be refused for being too early or the pool being busy.
const NOT_YET_PATIENCE: Duration = Duration::from_secs(300);

/// How long to wait between two tries of it.
const NOT_YET_INTERVAL: Duration = Duration::from_secs(1);

/// How much of what a host says is kept in the journal, in characters.
const SAID_MAX: usize = 2000;

/// Why an action failed. What it has changed until then is told by looking, never by this.
#[derive(Debug, Error)]
pub enum ActError {
    /// The host was not reached, or was lost midway.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Gluster's services.
    #[error(transparent)]
    Service(#[from] ScriptError),
    /// Packages.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Gluster's CLI.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// The op-version is refused.
    #[error("glusterd on {via} refuses op-version {required}: {why}")]
    OpVersion {
        /// The server that was asked.
        via: HostName,
        /// What was asked for.
        required: OpVersion,
        /// Why.
        why: String,
    },
    /// A file did not arrive at the other end of geo-replication, or nobody saw it arrive.
    #[error(
        "geo-replication {session} is not proved: {source}; \
         see gsyncd.log on the primary's servers, or plan anew with `--waive GEOREP_UNPROVEN:{}`",
        session.primary
    )]
    NotReplicated {
        /// The session.
        session: SessionName,
        /// How the canary fared.
        source: CanaryError,
    },
    /// A volume could not be used through a fresh mount, or nobody could try.
    #[error(
        "{volume} is not proved to be usable through a fresh mount on {host}: {source}; \
         `executor resume` tries again, and touches no other server before it is proved{}",
        instead(.source, .volume)
    )]
    NotProved {
        /// The server.
        host: HostName,
        /// The volume.
        volume: VolumeName,
        /// How the canary fared.
        source: ProofError,
    },
    /// Some of several actions failed; the others are done.
    #[error("{}", each(.0))]
    Several(Vec<(String, ActError)>),
    /// After the install, the host lets nobody in any more; the open connection still works.
    #[error(
        "{host} was upgraded, but a fresh ssh connection to it is refused ({source}); \
         restart sshd there before the open session ends"
    )]
    LockedOut {
        /// The host.
        host: HostName,
        /// What ssh said.
        source: TransportError,
    },
}

/// Does it, and returns what the host said, shortened.
///
/// # Errors
/// When it failed, or when it is not known whether it did.
pub async fn act(transport: &dyn Transport, action: &Action, run: &str) -> Result<String, ActError> {
    let said = match action {
        Action::Fetch { host, release, version } => {
            packages::fetch(transport, host, *release, version).await?
        }
        Action::StopGlusterd { host } => stop(transport, host, service::stop_glusterd()).await?,
        Action::StopGluster { host } => stop(transport, host, service::stop_gluster()).await?,
        Action::StartGlusterd { host } | Action::StartGluster { host } => {
            let output = transport.run(host, &service::start_glusterd()).await?;
            service::parse_started(&output)?;
            output.stdout.trim().to_owned()
        }
        Action::DropNfsLines { host } => {
            let output = transport.run(host, &service::drop_nfs_lines(run)).await?;
            let changed = service::parse_dropped(&output)?;
            format!("changed: {}", names(&changed))
        }
        Action::Install { host, release, version } => {
            packages::install(transport, host, *release, version).await?
        }
        Action::InstallBy { host, release: _, argv } => packages::install_by(transport, host, argv).await?,
        Action::Heal { via, volumes } => heal(transport, via, volumes).await?,
        Action::StopReplication { .. }
        | Action::StartReplication { .. }
        | Action::ConvertChangelogs { .. }
        | Action::CloseChangelogs { .. }
        | Action::ProveReplication { .. } => georep::act(transport, action, run).await?,
        Action::StopApplication { host, application } => {
            use_of(transport, host, "stopping the application", usage::stop_application(application)).await?
        }
        Action::Unmount { host, mount, lazy } => {
            use_of(transport, host, "unmounting", usage::unmount(mount, *lazy)).await?
        }
        Action::Mount { host, mount } => use_of(transport, host, "mounting", usage::mount(mount)).await?,
        Action::ProveMount { host, mount } => {
            use_of(transport, host, "proving the mount", usage::prove_mount(mount)).await?
        }
        Action::ProveVolumes { host, volumes } => prove(transport, host, volumes, run).await?,
        Action::StartApplication { host, application } => {
            use_of(transport, host, "starting the application", usage::start_application(application)).await?
        }
        Action::StopVolume { via, volume } => {
            let command = commands::stop_volume(volume);
            let stopped = replies::volume_stopped;
            let how = ask_until_ready(transport, via, &command, stopped, ReplyError::may_pass).await?;
            format!("stopped: {how:?}").to_lowercase()
        }
        Action::StartVolume { via, volume } => {
            let command = commands::start_volume(volume);
            let started = replies::volume_started;
            let how = ask_until_ready(transport, via, &command, started, ReplyError::may_pass).await?;
            format!("started: {how:?}").to_lowercase()
        }
        Action::Together { actions } => together(transport, actions, run).await?,
        Action::RaiseOpVersion { via, to } => raise_op_version(transport, via, *to).await?,
    };
    Ok(said.chars().take(SAID_MAX).collect())
}

/// Launches heals. Launching one twice does no harm, and right after a start any server may say no to it
/// ("Commit failed on g2", seen with 11.1 among 10.3): not yet, not never.
async fn heal(transport: &dyn Transport, via: &HostName, volumes: &[VolumeName]) -> Result<String, ActError> {
    let may_pass = |error: &ReplyError| error.may_pass() || matches!(error, ReplyError::Refused { .. });
    for volume in volumes {
        let command = commands::heal(volume);
        ask_until_ready(transport, via, &command, replies::heal_launched, may_pass).await?;
    }
    Ok(format!("launched: {}", names(volumes)))
}

/// Proves one volume after the other that it can be used through a mount on this host.
async fn prove(
    transport: &dyn Transport,
    host: &HostName,
    volumes: &[VolumeName],
    run: &str,
) -> Result<String, ActError> {
    let mut said = Vec::new();
    for volume in volumes {
        let output = transport.run(host, &canary::prove(volume, run)).await?;
        let proved = canary::parse_proof(&output).map_err(|source| ActError::NotProved {
            host: host.clone(),
            volume: volume.clone(),
            source,
        })?;
        said.push(proved);
    }
    Ok(said.join("\n"))
}

/// What to do where a proof is not to be had: look, or do without it in the open.
fn instead(error: &ProofError, volume: &VolumeName) -> String {
    match error {
        ProofError::Failed(_) => format!(
            ". Clients that mounted before may be served all the same: look at `gluster volume status {volume}`, \
             `gluster volume heal {volume} info` and the bricks' logs in /var/log/glusterfs/bricks first"
        ),
        ProofError::Untried(_) | ProofError::Unknown { .. } => format!(
            "; to do without: mount {volume} on a client, write and read there, and plan anew with \
             `--waive CANARY_UNPROVEN:{volume}`"
        ),
    }
}

/// How many hosts are worked on at once: enough to keep a downtime short, few enough for one machine's sshs.
const AT_ONCE: usize = 32;

/// Does several actions side by side, all of them to their end.
async fn together(transport: &dyn Transport, actions: &[Action], run: &str) -> Result<String, ActError> {
    let one = |action: &Action| {
        let action = action.clone();
        async move {
            let done = Box::pin(act(transport, &action, run)).await;
            (action.hosts().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "), done)
        }
    };
    let done: Vec<_> = stream::iter(actions).map(one).buffered(AT_ONCE).collect().await;
    let (mut said, mut failed) = (Vec::new(), Vec::new());
    for (hosts, done) in done {
        match done {
            Ok(words) => said.push(format!("{hosts}: {words}")),
            Err(error) => failed.push((hosts, error)),
        }
    }
    if failed.is_empty() { Ok(said.join("\n")) } else { Err(ActError::Several(failed)) }
}

fn each(failed: &[(String, ActError)]) -> String {
    failed.iter().map(|(hosts, error)| format!("{hosts}: {error}")).collect::<Vec<_>>().join("\n")
}

fn names(volumes: &[VolumeName]) -> String {
    volumes.iter().map(VolumeName::as_str).collect::<Vec<_>>().join(", ")
}

async fn stop(transport: &dyn Transport, host: &HostName, command: Command) -> Result<String, ActError> {
    let output = transport.run(host, &command).await?;
    service::parse_stopped(&output)?;
    Ok(output.stdout)
}

/// What a host does with volumes as one of their users.
async fn use_of(
    transport: &dyn Transport,
    host: &HostName,
    act: &'static str,
    command: Command,
) -> Result<String, ActError> {
    let output = transport.run(host, &command).await?;
    Ok(usage::parse_done(act, &output)?)
}

/// Puts a command that does no harm when repeated, until Gluster is ready for it.
async fn ask_until_ready<T>(
    transport: &dyn Transport,
    host: &HostName,
    command: &Command,
    read: impl Fn(&Output) -> Result<T, ReplyError>,
    may_pass: impl Fn(&ReplyError) -> bool,
) -> Result<T, ActError> {
    let began = Instant::now();
    loop {
        let output = transport.run(host, command).await?;
        match read(&output) {
            Ok(answer) => return Ok(answer),
            Err(error) if may_pass(&error) && began.elapsed() < NOT_YET_PATIENCE => {
                tracing::debug!(%host, %error, "not yet");
                sleep(NOT_YET_INTERVAL).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Raises the op-version. Saying it twice is an error to glusterd; after a busy answer it may have been
/// raised all the same, which "not above" then tells.
async fn raise_op_version(
    transport: &dyn Transport,
    via: &HostName,
    to: OpVersion,
) -> Result<String, ActError> {
    let command = commands::set_op_version(to);
    let refused = |why: String| ActError::OpVersion { via: via.clone(), required: to, why };
    match ask_until_ready(transport, via, &command, replies::op_version_set, ReplyError::may_pass).await? {
        OpVersionAnswer::Accepted => Ok("accepted".to_owned()),
        OpVersionAnswer::Refused(OpVersionRefusal::NotAbove { current, .. }) if current == to => {
            Ok("it was raised already".to_owned())
        }
        OpVersionAnswer::Refused(OpVersionRefusal::NotAbove { current, .. }) => {
            Err(refused(format!("the pool has {current}")))
        }
        OpVersionAnswer::Refused(OpVersionRefusal::NotSupported { named, .. }) => {
            let named = named.map_or(String::new(), |named| format!(" (it names {named})"));
            Err(refused(format!("a server's release does not know it{named}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;

    /// Hosts that stop, but for g2.
    #[derive(Default)]
    struct Stubborn(Mutex<Vec<String>>);

    #[async_trait]
    impl Transport for Stubborn {
        async fn run(&self, host: &HostName, _: &Command) -> Result<Output, TransportError> {
            self.0.lock().unwrap().push(host.to_string());
            let status = i32::from(host.as_str() == "g2");
            Ok(Output { status, stdout: "still running: glusterfsd 7\n".to_owned(), ..Output::default() })
        }
    }

    /// A host whose mounts are of this kind.
    struct Mounts(&'static str);

    #[async_trait]
    impl Transport for Mounts {
        async fn run(&self, _: &HostName, _: &Command) -> Result<Output, TransportError> {
            let status = i32::from(!self.0.starts_with("proved"));
            Ok(Output { status, stdout: self.0.to_owned(), ..Output::default() })
        }
    }

    #[tokio::test]
    async fn a_proof_says_what_to_do_where_it_failed_and_where_it_could_not_be_tried() {
        let volumes: Vec<VolumeName> = ["vol0", "vol1"].map(|name| name.parse().unwrap()).to_vec();
        let action = Action::ProveVolumes { host: "g1".parse().unwrap(), volumes };
        let asked = async |said| act(&Mounts(said), &action, "run").await.map_err(|error| error.to_string());
        assert_eq!(asked("proved: root and user 7").await.unwrap(), "root and user 7\nroot and user 7");
        let failed = asked("failed: root cannot write to vol0: Input/output error").await.unwrap_err();
        assert!(failed.contains("FAILED") && failed.contains("`executor resume` tries again"), "{failed}");
        assert!(failed.contains("gluster volume heal vol0 info") && !failed.contains("--waive"), "{failed}");
        let untried = asked("untried: there is no /dev/fuse on this host").await.unwrap_err();
        assert!(
            untried.contains("unknown") && untried.contains("`--waive CANARY_UNPROVEN:vol0`"),
            "{untried}"
        );
    }

    #[tokio::test]
    async fn one_that_fails_is_named_and_stops_no_other() {
        let hosts = ["g1", "g2", "g3"].map(|host| host.parse::<HostName>().unwrap());
        let actions = hosts.map(|host| Action::StopGluster { host }).to_vec();
        let transport = Stubborn::default();
        let error = act(&transport, &Action::Together { actions }, "run").await.unwrap_err().to_string();
        assert!(error.starts_with("g2: ") && error.contains("glusterfsd 7"), "{error}");
        assert!(!error.contains("g1") && !error.contains("g3"), "{error}");
        assert_eq!(transport.0.into_inner().unwrap().len(), 3);
    }
}
