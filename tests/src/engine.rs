//! A look at the container engine that is not the simulator's own.

use bollard::Docker;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};

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
