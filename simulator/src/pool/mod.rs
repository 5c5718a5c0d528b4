//! A disposable pool of real Gluster: brought up from a specification, ready when it says so, torn down with its run.

mod application;
mod daemon;
mod door;
mod georep;
mod gluster;
mod node;
mod power;
mod save;
mod site;
mod spec;
mod wait;

use std::path::Path;
use std::time::Duration;

pub use self::application::{Application, GfapiProgram};
pub use self::door::{Door, known_hosts_line};
pub use self::georep::Session;
pub use self::node::{Node, Role};
pub use self::save::save_what_is_there;
pub use self::site::Site;
pub(crate) use self::spec::ONE_NAME_EACH;
pub use self::spec::{Brick, ClientSpec, NodeSpec, PoolSpec, VolumeKind, VolumeSpec};
pub use self::wait::{Look, until};

use crate::engine::{Engine, EngineError, Run};
use crate::images::Say;

/// A pool that is up: peers connected, volumes started, every brick online, clients mounted.
#[derive(Debug, Clone)]
pub struct Pool {
    engine: Engine,
    run: Run,
    servers: Vec<Node>,
    clients: Vec<Node>,
    volumes: Vec<VolumeSpec>,
}

/// Why there is no pool.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The engine, or a command in a node, failed.
    #[error("the pool could not be brought up")]
    Engine(#[source] Box<EngineError>),
    /// The specification makes no sense.
    #[error("no such pool is possible: {fault}")]
    Spec {
        /// What is wrong with it.
        fault: String,
    },
    /// The keys of the run could not be made.
    #[error("no keys for SSH: {reason}")]
    Keys {
        /// What went wrong.
        reason: String,
    },
    /// A condition did not come to hold.
    #[error("waited {} s for {what}; last seen: {last_seen}", limit.as_secs())]
    NotReady {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// What was there instead.
        last_seen: String,
    },
    /// A node's main process ended.
    #[error("{node} ended while it was brought up, with {status}: {last_words}")]
    NodeEnded {
        /// The node.
        node: String,
        /// What the engine says of it.
        status: String,
        /// What it wrote last.
        last_words: String,
    },
    /// Something of the pool could not be written to disk.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl From<EngineError> for PoolError {
    fn from(error: EngineError) -> PoolError {
        PoolError::Engine(Box::new(error))
    }
}

impl PoolError {
    /// Returns what the operator can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            PoolError::Engine(error) => error.hint(),
            PoolError::Keys { .. } => {
                Some("the ssh client's tools are needed: apt-get install openssh-client")
            }
            PoolError::NotReady { .. } | PoolError::NodeEnded { .. } => {
                Some("a busy machine may need another try; the nodes' logs say more")
            }
            PoolError::Spec { .. } | PoolError::Write { .. } => None,
        }
    }
}

impl Pool {
    /// Brings a pool up on a site of its own. Everything it makes on the engine belongs to `run`; keys go to `folder`/ssh.
    ///
    /// The caller sees to the teardown, whatever happens here: [`crate::engine::with_run`].
    ///
    /// # Errors
    ///
    /// [`PoolError`]; what was made by then is still there.
    pub async fn up(
        engine: &Engine,
        run: &Run,
        spec: &PoolSpec,
        folder: &Path,
        say: Say<'_>,
    ) -> Result<Pool, PoolError> {
        Site::prepare(engine, run, folder).await?.pool(spec, say).await
    }

    /// Returns the servers, in the order of the specification.
    #[must_use]
    pub fn servers(&self) -> &[Node] {
        &self.servers
    }

    /// Returns the clients, in the order of the specification.
    #[must_use]
    pub fn clients(&self) -> &[Node] {
        &self.clients
    }

    /// Returns every node, servers first.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.servers.iter().chain(&self.clients)
    }

    /// Returns a node by its host name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes().find(|node| node.name == name)
    }

    /// Returns the volumes.
    #[must_use]
    pub fn volumes(&self) -> &[VolumeSpec] {
        &self.volumes
    }

    /// Returns the run that everything of the pool belongs to.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Returns the engine that the pool lives on.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Removes the pool, and everything else of its run.
    ///
    /// # Errors
    ///
    /// The first thing that could not be removed.
    pub async fn down(&self) -> Result<(), PoolError> {
        self.engine.remove_run(&self.run.id).await?;
        Ok(())
    }

    /// Tells each server which bricks are on it.
    fn place_bricks(&mut self, servers: &[NodeSpec]) {
        for brick in self.volumes.iter().flat_map(|volume| volume.bricks(servers)) {
            let mut nodes = self.servers.iter_mut();
            if let Some(node) = nodes.find(|node| node.name == brick.server) {
                node.bricks.push(brick);
            }
        }
    }
}
