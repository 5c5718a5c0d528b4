//! What the acceptance tests share: the programs under test, and a look at the engine that is not theirs.

use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};

use simulator::engine::{Engine, Run, RunError, with_run};
use simulator::images::Catalog;
use simulator::pool::{Pool, PoolSpec};
use tokio_util::sync::CancellationToken;

/// A program under test, as the workspace's build left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `executor`.
    Executor,
    /// `simulator`.
    Simulator,
}

impl Program {
    /// Returns the program's file, which lies above the folder of the tests' own.
    ///
    /// # Panics
    /// When it is not built: `cargo build` comes first, as `make test` does it.
    pub fn path(self) -> PathBuf {
        let name = match self {
            Self::Executor => "executor",
            Self::Simulator => "simulator",
        };
        let test = std::env::current_exe().unwrap_or_default();
        let path = test.ancestors().nth(2).map(|folder| folder.join(name)).unwrap_or_default();
        assert!(path.is_file(), "{} is not built; run `cargo build` first", path.display());
        path
    }
}

/// Brings a pool up, does something with it on a thread of its own, and removes it, whatever happened.
///
/// # Panics
/// Where the pool cannot be brought up or removed, and with what `act` panicked with.
pub fn on_a_pool(
    name: &str,
    spec: impl FnOnce(String) -> PoolSpec,
    act: impl FnOnce(&Pool) + Send + 'static,
) {
    let outcome = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            let engine = Engine::connect().await?;
            let run = Run::new(name);
            let folder = tempfile::tempdir()?;
            let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
            let catalog = Catalog::load(&images)?;
            let family = catalog.family("debian-bookworm")?;
            let say = |line: &str| eprintln!("{line}");
            let acted = with_run(&engine, &run, &CancellationToken::new(), async {
                let image = simulator::images::ensure(&engine, &run, family, &say).await?;
                let pool = Pool::up(&engine, &run, &spec(image.tag), folder.path(), &say).await?;
                // What panics there is carried past the removal, and panics again after it.
                anyhow::Ok(tokio::task::spawn_blocking(move || act(&pool)).await)
            })
            .await;
            acted.map_err(|error| match error {
                RunError::Body(error) => error,
                other @ (RunError::Panicked { .. } | RunError::Interrupted | RunError::Teardown(_)) => {
                    anyhow::anyhow!("{other}")
                }
            })
        })
    });
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
        Err(error) => panic!("no pool: {error:#}"),
    }
}

/// Returns what is on the engine of a run: containers, networks, volumes. Asks the engine itself, not the simulator.
///
/// # Panics
/// When the engine does not answer: no engine is a failure, never a skip.
pub fn engine_leftovers(run: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let left = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(leftovers(run)));
    match left {
        Ok(left) => left,
        Err(error) => panic!("the engine does not answer: {error:#}"),
    }
}

async fn leftovers(run: &str) -> anyhow::Result<Vec<String>> {
    let docker = Docker::connect_with_defaults()?;
    let filters = std::collections::HashMap::from([("label", vec![format!("gluster-upgrade.run={run}")])]);
    let containers = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let volumes = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let containers = docker.list_containers(Some(containers)).await?;
    let networks = docker.list_networks(Some(networks)).await?;
    let volumes = docker.list_volumes(Some(volumes)).await?.volumes.unwrap_or_default();
    let containers = containers.into_iter().flat_map(|container| container.names.unwrap_or_default());
    let networks = networks.into_iter().filter_map(|network| network.name);
    Ok(containers.chain(networks).chain(volumes.into_iter().map(|volume| volume.name)).collect())
}
