//! The container engine: everything the simulator does to it goes through here, labelled with its run.

mod attach;
mod container;
mod error;
mod exec;
mod files;
mod found;
mod freeze;
mod guard;
mod image;
mod label;
mod membership;
mod network;
mod ranges;
mod remove;
mod runs;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use tokio::sync::RwLock;

pub use self::attach::{Attached, Piece, Stdin};
pub use self::container::{ContainerSpec, ContainerState, Publish, VolumeMount};
pub use self::error::EngineError;
pub use self::exec::{EXEC_DEADLINE, ExecLines, ExecOutput};
use self::freeze::Freezing;
pub use self::guard::{RunError, with_run, with_run_unless};
pub use self::image::{BuildInput, ImageFound};
pub use self::label::{
    IMAGE_LABEL, KEPT_LABEL, Kept, Owner, OwnerState, PROJECT, PROJECT_LABEL, RUN_LABEL, Run,
};
use self::membership::Membership;
pub use self::network::own_routes;
pub use self::ranges::{RANGES_VARIABLE, Ranges};
pub use self::remove::{Kind, Removed, Scope};
pub use self::runs::{HostFound, RunFound, Standing};

/// An engine that does not answer a ping in this time will not carry a pool either.
const PING_PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the container engine. Cheap to clone; clones share the connection pool.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    /// Held, shared, by every request that creates something; held alone while things are removed.
    creating: Arc<RwLock<()>>,
    /// Keeps the start of a command and the freezing of its container apart.
    freezing: Freezing,
    /// Lets containers come to networks and leave them one after the other.
    membership: Membership,
    /// Where its networks come from.
    ranges: Ranges,
}

impl Engine {
    /// Connects to the engine named by `DOCKER_HOST`, or to the local one, and makes sure that it answers.
    ///
    /// # Errors
    ///
    /// [`EngineError::NotReached`] when there is no engine, or it does not answer in time; [`EngineError::Ranges`] where
    /// the environment names ranges for networks that make no sense.
    pub async fn connect() -> Result<Engine, EngineError> {
        let ranges = Ranges::from_environment()?;
        let connect = async { Docker::connect_with_defaults()?.negotiate_version().await };
        match tokio::time::timeout(PING_PATIENCE, connect).await {
            Ok(Ok(docker)) => {
                let (freezing, membership) = (Freezing::default(), Membership::default());
                Ok(Engine { docker, creating: Arc::default(), freezing, membership, ranges })
            }
            Ok(Err(source)) => Err(EngineError::NotReached { reason: source.to_string() }),
            Err(_elapsed) => Err(EngineError::NotReached {
                reason: format!("no answer within {} s", PING_PATIENCE.as_secs()),
            }),
        }
    }

    /// Returns bollard's client, for what this module does not wrap.
    #[must_use]
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Creates a volume of this run.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn create_volume(&self, run: &Run, name: &str) -> Result<(), EngineError> {
        let request = bollard::models::VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(run.labels()),
            ..Default::default()
        };
        let docker = self.docker.clone();
        self.to_the_end(async move { docker.create_volume(request).await })
            .await
            .map_err(EngineError::api(|| format!("creating volume {name}")))?;
        Ok(())
    }

    /// Carries a request that creates something to its end, even if its caller is dropped meanwhile.
    ///
    /// An interrupted run is a dropped future; a creation that the engine finishes after the run's things were
    /// listed for removal would stay. So it goes on in its own task, and the removal waits for it.
    async fn to_the_end<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, bollard::errors::Error>> + Send + 'static,
    ) -> Result<T, bollard::errors::Error> {
        to_its_end(Arc::clone(&self.creating).read_owned().await, request).await
    }
}

/// Carries a request to its end in a task of its own, and gives the guard back only then.
async fn to_its_end<T: Send + 'static>(
    guard: impl Send + 'static,
    request: impl Future<Output = Result<T, bollard::errors::Error>> + Send + 'static,
) -> Result<T, bollard::errors::Error> {
    let task = tokio::spawn(async move {
        let result = request.await;
        drop(guard);
        result
    });
    match task.await {
        Ok(result) => result,
        Err(error) => Err(std::io::Error::other(error).into()),
    }
}

/// Builds the engine's filter for one label.
fn label_filter(key: &str, value: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{key}={value}")])])
}
