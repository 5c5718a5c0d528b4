//! A node: a container with a door, ready when its start script says so.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::PoolError;
use super::door::{Door, Keys, free_port};
use super::spec::{BRICKS, Brick, NodeSpec};
use super::wait::{Look, until};
use crate::engine::{ContainerSpec, ContainerState, Engine, EngineError, Publish, Run, VolumeMount};
use crate::images::Init;

/// What a node may take to start: a second, and some more where it changes its release first.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How often another port is tried when somebody took the one that was free a moment ago.
const PORT_TRIES: u32 = 5;
/// The port of sshd in a node.
const SSH: u16 = 22;
/// What the start script leaves when it is done.
const READY_MARK: &str = "/run/node-ready";
/// What it was told: the release to take.
const RELEASE_VARIABLE: &str = "GLUSTER_RELEASE";
/// What it was told: systemd, or none.
const INIT_VARIABLE: &str = "NODE_INIT";
/// The node's public host key.
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key.pub";

/// A node of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its host name, by which the other nodes find it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The release that it started with.
    pub release: String,
    /// The name of its container on the engine.
    pub container: String,
    /// How it is reached over SSH. The port stays when the container is restarted.
    pub door: Door,
    /// Its public host key, as its own file has it.
    pub host_key: String,
    /// Its bricks; a client has none.
    pub bricks: Vec<Brick>,
}

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It has bricks.
    Server,
    /// It mounts volumes.
    Client,
}

/// Makes the nodes of one pool.
pub(super) struct Builder<'a> {
    pub(super) engine: &'a Engine,
    pub(super) run: &'a Run,
    pub(super) keys: &'a Keys,
    pub(super) image: &'a str,
    pub(super) init: Init,
}

impl Builder<'_> {
    /// Makes a node, starts it and waits until its door is open.
    pub(super) async fn node(&self, spec: &NodeSpec, role: Role) -> Result<Node, PoolError> {
        let NodeSpec { name, release } = spec;
        let volumes = match role {
            Role::Server => {
                let volume = format!("{}-{name}", self.run.id);
                self.engine.create_volume(self.run, &volume).await?;
                vec![VolumeMount { volume, target: BRICKS.to_owned() }]
            }
            Role::Client => Vec::new(),
        };
        let mut container = ContainerSpec {
            name: format!("{}-{name}", self.run.id),
            hostname: name.clone(),
            image: self.image.to_owned(),
            network: Some(self.run.id.clone()),
            env: vec![format!("{RELEASE_VARIABLE}={release}"), format!("{INIT_VARIABLE}={}", self.init)],
            command: None,
            volumes,
            publish: Vec::new(),
            systemd: self.init == Init::Systemd,
        };
        let address = self.start(&mut container).await?;
        wait_ready(self.engine, name, &container.name).await?;
        let host_key = self.engine.exec_ok(&container.name, &["cat", HOST_KEY]).await?.stdout;
        Ok(Node {
            name: name.clone(),
            role,
            release: release.clone(),
            container: container.name,
            door: self.keys.door(address),
            host_key,
            bricks: Vec::new(),
        })
    }

    /// Starts the container with its door on a free port; returns the door's address.
    async fn start(&self, spec: &mut ContainerSpec) -> Result<SocketAddr, PoolError> {
        let mut tries = 0;
        loop {
            let port = free_port(&self.engine.published_ports().await?)?;
            spec.publish = vec![Publish { inside: SSH, outside: port }];
            let id = self.engine.create_container(self.run, spec).await?;
            let keys = self.keys.public.as_bytes();
            self.engine.upload(&id, "/root/.ssh/authorized_keys", keys, 0o600).await?;
            tries += 1;
            match self.engine.start(&id).await {
                Ok(()) => return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
                Err(error) if tries < PORT_TRIES && is_port_taken(&error) => {
                    self.engine.remove_container(&id).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Waits until a node that was started has opened its door.
pub(super) async fn wait_ready(engine: &Engine, name: &str, id: &str) -> Result<(), PoolError> {
    until(format!("{name} to start"), START_LIMIT, async || {
        match engine.container_state(id).await? {
            ContainerState::Running => {}
            ContainerState::Ended(status) => {
                return Err(PoolError::NodeEnded {
                    node: name.to_owned(),
                    status: status.to_string(),
                    last_words: engine.logs(id, 5).await?.trim().to_owned(),
                });
            }
            other @ (ContainerState::Created | ContainerState::Paused | ContainerState::Other(_)) => {
                return Ok(Look::NotYet(format!("{other:?}")));
            }
        }
        let mark = engine.exec(id, &["test", "-e", READY_MARK]).await?;
        Ok(if mark.success() {
            Look::Ready(())
        } else {
            Look::NotYet(format!("running, without {READY_MARK}"))
        })
    })
    .await
}

/// Tells whether a start failed because somebody else has the port by now.
fn is_port_taken(error: &EngineError) -> bool {
    let EngineError::Api { source, .. } = error else {
        return false;
    };
    let text = source.to_string();
    text.contains("port is already allocated") || text.contains("address already in use")
}
