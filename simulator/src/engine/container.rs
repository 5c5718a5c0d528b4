//! Containers: made from a small specification, started, killed, looked at.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, DeviceMapping, EndpointSettings,
    HostConfig, HostConfigCgroupnsModeEnum, Mount, MountType, NetworkingConfig, PortBinding,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::label::{PROJECT, PROJECT_LABEL};
use super::{Engine, EngineError, Run, label_filter};

/// What Gluster needs beyond a plain container: trusted.* attributes and FUSE mounts (`SYS_ADMIN`), the
/// faults on its network (`NET_ADMIN`), and that root sees what other users' processes have open, as root does on
/// a real machine (`SYS_PTRACE`). Not `--privileged`: machines without `CAP_SYS_RESOURCE` cannot grant that.
const CAPABILITIES: [&str; 3] = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"];
/// The profiles of a stock engine forbid mounts whatever the capabilities say.
const SECURITY: [&str; 2] = ["seccomp=unconfined", "apparmor=unconfined"];
/// Empty after every start, as on a real machine: a process id from before a power cut must not be found again.
const VOLATILE: (&str, &str) = ("/run", "mode=755");
/// What systemd needs of the machine; tried with the first version of control groups.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup:/sys/fs/cgroup:rw";
/// The ports that a container is published on, also while it has no power and somebody else could have them.
const PORTS_LABEL: &str = "gluster-upgrade.ports";
/// The device behind every FUSE mount.
const FUSE: &str = "/dev/fuse";

/// What a container is made of.
#[derive(Debug, Clone, Default)]
pub struct ContainerSpec {
    /// Its name on the engine.
    pub name: String,
    /// Its own name, and its name on the network.
    pub hostname: String,
    /// The image, by tag or id.
    pub image: String,
    /// The network it is on; none means the engine's default.
    pub network: Option<String>,
    /// Environment, as `NAME=value`.
    pub env: Vec<String>,
    /// What to run instead of the image's own command.
    pub command: Option<Vec<String>>,
    /// Volumes.
    pub volumes: Vec<VolumeMount>,
    /// Ports to publish on loopback.
    pub publish: Vec<Publish>,
    /// Whether its first process is systemd, which wants the control groups and does the reaping itself.
    pub systemd: bool,
}

/// A volume in a container.
#[derive(Debug, Clone)]
pub struct VolumeMount {
    /// The volume's name.
    pub volume: String,
    /// Where it is seen.
    pub target: String,
}

/// A port of a container, published on loopback.
#[derive(Debug, Clone, Copy)]
pub struct Publish {
    /// The port in the container.
    pub inside: u16,
    /// The port of this machine. 0 lets the engine choose, anew at every start of the container.
    pub outside: u16,
}

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs.
    Running,
    /// It runs, frozen.
    Paused,
    /// It was made and not started yet.
    Created,
    /// It ended, with this status.
    Ended(i64),
    /// The engine says something else.
    Other(String),
}

impl Engine {
    /// Creates a container of this run and returns its id. It always has an init that reaps, the engine's or
    /// systemd: without one a killed brick stays as a zombie, which glusterd takes for a live brick, and the brick never comes back.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn create_container(&self, run: &Run, spec: &ContainerSpec) -> Result<String, EngineError> {
        let options = CreateContainerOptionsBuilder::new().name(&spec.name).build();
        let docker = self.docker.clone();
        let body = body(run, spec);
        let created = self
            .to_the_end(async move { docker.create_container(Some(options), body).await })
            .await
            .map_err(EngineError::api(|| format!("creating container {}", spec.name)))?;
        Ok(created.id)
    }

    /// Starts a container.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn start(&self, container: &str) -> Result<(), EngineError> {
        self.come(container).await.map_err(EngineError::api(|| format!("starting {container}")))
    }

    /// Sends a signal (`SIGKILL`, …) to a container's main process; SIGKILL takes all its processes at once.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn kill(&self, container: &str, signal: &str) -> Result<(), EngineError> {
        self.go(container, signal)
            .await
            .map_err(EngineError::api(|| format!("sending {signal} to {container}")))
    }

    /// Removes a container, running or not, with its anonymous volumes. One that is not there is fine.
    ///
    /// # Errors
    ///
    /// Whatever else the engine answers.
    pub async fn remove_container(&self, container: &str) -> Result<(), EngineError> {
        // First ended, in its turn; that one is not there, or does not run, is for the removal to say. An engine that
        // answers nothing of it will not remove it either.
        if let Err(timeout @ bollard::errors::Error::RequestTimeoutError) =
            self.go(container, "SIGKILL").await
        {
            return Err(EngineError::api(|| format!("ending {container}"))(timeout));
        }
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let removed = self
            .docker
            .remove_container(container, Some(options))
            .await
            .map_err(EngineError::api(|| format!("removing {container}")));
        match removed {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// Returns what a container is doing.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers; [`EngineError::is_not_found`] where there is no such container.
    pub async fn container_state(&self, container: &str) -> Result<ContainerState, EngineError> {
        Ok(state_of(self.inspect(container).await?))
    }

    /// Returns where a published port of a running container is reached from this machine.
    ///
    /// # Errors
    ///
    /// The engine's troubles, and [`EngineError::Unexpected`] where the port is not published.
    pub async fn published_port(&self, container: &str, port: u16) -> Result<SocketAddr, EngineError> {
        let inspected = self.inspect(container).await?;
        published_in(&inspected, port).ok_or_else(|| EngineError::Unexpected {
            what: format!("looking for port {port} of {container}"),
            expected: "a published address".to_owned(),
            found: format!("{:?}", state_of(inspected)),
        })
    }

    /// Returns the ports of this machine that containers of this project have, running or not.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn published_ports(&self) -> Result<BTreeSet<u16>, EngineError> {
        let filters = label_filter(PROJECT_LABEL, PROJECT);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = self.docker.list_containers(Some(options)).await;
        let containers = containers.map_err(EngineError::api(|| "listing containers".to_owned()))?;
        let ports = containers.into_iter().filter_map(|container| container.labels?.remove(PORTS_LABEL));
        Ok(ports
            .flat_map(|ports| ports.split(',').filter_map(|port| port.parse().ok()).collect::<Vec<_>>())
            .collect())
    }

    /// Returns the last lines a container's main process wrote.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn logs(&self, container: &str, lines: u32) -> Result<String, EngineError> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut stream = self.docker.logs(container, Some(options));
        let mut text = String::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(EngineError::api(|| format!("reading the log of {container}")))?;
            text.push_str(&piece.to_string());
        }
        Ok(text)
    }

    async fn inspect(&self, container: &str) -> Result<ContainerInspectResponse, EngineError> {
        self.docker
            .inspect_container(container, None)
            .await
            .map_err(EngineError::api(|| format!("looking at {container}")))
    }
}

fn body(run: &Run, spec: &ContainerSpec) -> ContainerCreateBody {
    let ports: Vec<String> = spec.publish.iter().map(|port| format!("{}/tcp", port.inside)).collect();
    ContainerCreateBody {
        hostname: Some(spec.hostname.clone()),
        image: Some(spec.image.clone()),
        env: Some(spec.env.clone()),
        cmd: spec.command.clone(),
        labels: Some(labels(run, spec)),
        exposed_ports: Some(ports),
        host_config: Some(host_config(spec)),
        networking_config: spec.network.as_ref().map(|network| NetworkingConfig {
            endpoints_config: Some(HashMap::from([(
                network.clone(),
                EndpointSettings { aliases: Some(vec![spec.hostname.clone()]), ..Default::default() },
            )])),
        }),
        ..Default::default()
    }
}

/// The labels of a run's container, with the ports of this machine that are its own.
fn labels(run: &Run, spec: &ContainerSpec) -> HashMap<String, String> {
    let mut labels = run.labels();
    let ports: Vec<String> = spec.publish.iter().map(|port| port.outside.to_string()).collect();
    labels.insert(PORTS_LABEL.to_owned(), ports.join(","));
    labels
}

fn host_config(spec: &ContainerSpec) -> HostConfig {
    let published = |port: &Publish| {
        // Loopback alone, so that no pool is ever open to the machine's network.
        let binding = PortBinding {
            host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
            host_port: Some(port.outside.to_string()),
        };
        (format!("{}/tcp", port.inside), Some(vec![binding]))
    };
    let mount = |mount: &VolumeMount| Mount {
        target: Some(mount.target.clone()),
        source: Some(mount.volume.clone()),
        typ: Some(MountType::VOLUME),
        ..Default::default()
    };
    let mut tmpfs = HashMap::from([(VOLATILE.0.to_owned(), VOLATILE.1.to_owned())]);
    if spec.systemd {
        tmpfs.insert("/run/lock".to_owned(), "mode=755".to_owned());
    }
    HostConfig {
        init: Some(!spec.systemd),
        cgroupns_mode: spec.systemd.then_some(HostConfigCgroupnsModeEnum::PRIVATE),
        binds: spec.systemd.then(|| vec![CONTROL_GROUPS.to_owned()]),
        cap_add: Some(CAPABILITIES.map(str::to_owned).to_vec()),
        security_opt: Some(SECURITY.map(str::to_owned).to_vec()),
        devices: Some(vec![DeviceMapping {
            path_on_host: Some(FUSE.to_owned()),
            path_in_container: Some(FUSE.to_owned()),
            cgroup_permissions: Some("rwm".to_owned()),
        }]),
        tmpfs: Some(tmpfs),
        network_mode: spec.network.clone(),
        port_bindings: Some(spec.publish.iter().map(published).collect()),
        mounts: Some(spec.volumes.iter().map(mount).collect()),
        ..Default::default()
    }
}

fn state_of(inspected: ContainerInspectResponse) -> ContainerState {
    let Some(state) = inspected.state else {
        return ContainerState::Other("no state".to_owned());
    };
    match state.status {
        Some(ContainerStateStatusEnum::RUNNING) => ContainerState::Running,
        Some(ContainerStateStatusEnum::PAUSED) => ContainerState::Paused,
        Some(ContainerStateStatusEnum::CREATED) => ContainerState::Created,
        Some(ContainerStateStatusEnum::EXITED) => ContainerState::Ended(state.exit_code.unwrap_or(-1)),
        other => ContainerState::Other(format!("{other:?}")),
    }
}

fn published_in(inspected: &ContainerInspectResponse, port: u16) -> Option<SocketAddr> {
    let ports = inspected.network_settings.as_ref()?.ports.as_ref()?;
    let bindings = ports.get(&format!("{port}/tcp"))?.as_ref()?;
    bindings.iter().find_map(|binding| {
        let address: Ipv4Addr = binding.host_ip.as_ref()?.parse().ok()?;
        let port = binding.host_port.as_ref()?.parse().ok()?;
        Some(SocketAddr::from((address, port)))
    })
}
