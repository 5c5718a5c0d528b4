//! A look at the container engine that is not the simulator's own.

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptions, CreateContainerOptionsBuilder, ListContainersOptionsBuilder,
    ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptions, StartContainerOptions,
};
use simulator::engine::Engine;

use crate::image::node_image;

/// Returns what is on the engine of a run: containers, networks, volumes. Asks the engine itself, not the simulator.
///
/// # Panics
/// When the engine does not answer: no engine is a failure, never a skip.
pub fn engine_leftovers(run: &str) -> Vec<String> {
    on_engine(leftovers(run))
}

/// Waits for what is asked of the engine, in a test that is not asynchronous itself.
///
/// # Panics
/// With its error; no engine is a failure, never a skip.
pub fn on_engine<T>(asking: impl Future<Output = anyhow::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let answer = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(asking));
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("asking the engine: {error:#}"),
    }
}

/// What may have one name on the engine: a thing of each kind.
pub const OF_EACH_KIND: [&str; 3] = ["container", "network", "volume"];

/// Returns which of [`OF_EACH_KIND`] the engine has under this very name, whatever labels they have.
///
/// # Errors
/// When the engine does not answer.
pub async fn there(name: &str) -> anyhow::Result<Vec<&'static str>> {
    let docker = Docker::connect_with_defaults()?;
    let found = [
        is_there(docker.inspect_container(name, None).await)?,
        is_there(docker.inspect_network(name, None).await)?,
        is_there(docker.inspect_volume(name).await)?,
    ];
    Ok(OF_EACH_KIND.into_iter().zip(found).filter_map(|(kind, found)| found.then_some(kind)).collect())
}

/// Tells an answer that there is no such thing from trouble.
fn is_there<T>(answer: Result<T, Error>) -> anyhow::Result<bool> {
    match answer {
        Ok(_) => Ok(true),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A container that was made and not started, a network and a volume that somebody else has on the engine: under one
/// name, without our labels. Dropped, also by a panic, they are gone.
#[derive(Debug)]
pub struct Foreign {
    name: String,
}

impl Foreign {
    /// Makes them. The container is of our own image, whose labels it inherits.
    ///
    /// # Errors
    /// The engine's troubles.
    pub async fn make() -> anyhow::Result<Self> {
        let name = format!("somebody-elses-{}", std::process::id());
        let image = node_image(&Engine::connect().await?).await?;
        let docker = Docker::connect_with_defaults()?;
        // From here on it is dropped, whatever fails.
        let foreign = Self { name: name.clone() };
        let network = NetworkCreateRequest { name: name.clone(), ..Default::default() };
        docker.create_network(network).await?;
        let volume = VolumeCreateRequest { name: Some(name.clone()), ..Default::default() };
        docker.create_volume(volume).await?;
        let container = ContainerCreateBody { image: Some(image), ..Default::default() };
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        docker.create_container(Some(options), container).await?;
        Ok(foreign)
    }

    /// Returns the name of all three.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let name = &self.name;
        on_engine(async {
            let docker = Docker::connect_with_defaults()?;
            // What was not made cannot be removed, and the next one is to be removed all the same.
            drop(docker.remove_container(name, None).await);
            drop(docker.remove_network(name).await);
            drop(docker.remove_volume(name, None::<RemoveVolumeOptions>).await);
            Ok(())
        });
    }
}

/// Starts a container of somebody else's on a network, without our labels, that ends after so many seconds and is gone.
///
/// # Errors
/// The engine's troubles.
pub async fn visit(network: &str, seconds: u32) -> anyhow::Result<()> {
    let image = node_image(&Engine::connect().await?).await?;
    let docker = Docker::connect_with_defaults()?;
    let host =
        HostConfig { network_mode: Some(network.to_owned()), auto_remove: Some(true), ..Default::default() };
    let container = ContainerCreateBody {
        image: Some(image),
        entrypoint: Some(vec!["sleep".to_owned(), seconds.to_string()]),
        host_config: Some(host),
        ..Default::default()
    };
    let id = docker.create_container(None::<CreateContainerOptions>, container).await?.id;
    Ok(docker.start_container(&id, None::<StartContainerOptions>).await?)
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
