//! Whose a pool's things are on the engine, and who can reach them: asked of the engine itself.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, ensure};
use bollard::Docker;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptions, ListVolumesOptions};
use simulator::engine::{PROJECT, Run};
use simulator::pool::{Brick, Pool, Role};

/// Sees that every container, network and volume of a pool says whose it is, that its nodes are published on loopback
/// alone, and that bricks are on volumes. They are found by their names: what has no label would be missed by it.
///
/// # Errors
/// What is not so, and the engine's troubles.
pub async fn is_ours_and_closed(pool: &Pool) -> anyhow::Result<()> {
    let docker = Docker::connect_with_defaults()?;
    let run = pool.run();
    let (containers, networks, volumes) = names(&docker, run).await?;
    let nodes: BTreeSet<String> = pool.nodes().map(|node| node.container.clone()).collect();
    ensure!(containers == nodes, "containers {containers:?}, nodes {nodes:?}");
    ensure!(networks == BTreeSet::from([run.id.clone()]), "networks {networks:?}");
    ensure!(volumes.len() == pool.servers().len(), "a volume a server, but {volumes:?}");

    let network = docker.inspect_network(&run.id, None).await?;
    labelled("the network", network.labels.as_ref(), run)?;
    for volume in &volumes {
        labelled(volume, Some(&docker.inspect_volume(volume).await?.labels), run)?;
    }
    for node in pool.nodes() {
        let found = docker.inspect_container(&node.container, None).await?;
        labelled(&node.name, found.config.as_ref().and_then(|config| config.labels.as_ref()), run)?;
        published_on_loopback(&found).with_context(|| node.name.clone())?;
        let mounts = found.mounts.as_ref().context("a container has a list of mounts")?;
        ensure!(node.bricks.is_empty() == (node.role == Role::Client), "bricks of {}", node.name);
        for Brick { path, .. } in &node.bricks {
            let on_volume = mounts.iter().any(|mount| {
                mount.typ.as_deref() == Some("volume")
                    && mount.name.as_ref().is_some_and(|name| volumes.contains(name))
                    && mount
                        .destination
                        .as_ref()
                        .is_some_and(|folder| path.starts_with(&format!("{folder}/")))
            });
            ensure!(on_volume, "{path} of {} is on no volume of the run: {mounts:?}", node.name);
        }
    }
    Ok(())
}

/// Returns what has a name of this run: containers, networks, volumes.
async fn names(
    docker: &Docker,
    run: &Run,
) -> anyhow::Result<(BTreeSet<String>, BTreeSet<String>, BTreeSet<String>)> {
    let all = ListContainersOptionsBuilder::new().all(true).build();
    let containers = docker.list_containers(Some(all)).await?.into_iter();
    let containers = containers.flat_map(|container| container.names.unwrap_or_default());
    let networks = docker
        .list_networks(None::<ListNetworksOptions>)
        .await?
        .into_iter()
        .filter_map(|network| network.name);
    let volumes =
        docker.list_volumes(None::<ListVolumesOptions>).await?.volumes.unwrap_or_default().into_iter();
    let ours = |name: &String| name.starts_with(&run.id);
    Ok((
        containers.map(|name| name.trim_start_matches('/').to_owned()).filter(ours).collect(),
        networks.filter(ours).collect(),
        volumes.map(|volume| volume.name).filter(ours).collect(),
    ))
}

/// Sees the labels of the project, the run and the scenario.
fn labelled(what: &str, labels: Option<&HashMap<String, String>>, run: &Run) -> anyhow::Result<()> {
    for (label, value) in [("project", PROJECT), ("run", &run.id), ("scenario", &run.scenario)] {
        let found = labels.and_then(|labels| labels.get(&format!("gluster-upgrade.{label}")));
        ensure!(found.is_some_and(|found| found == value), "{label} of {what}: {found:?}, not {value}");
    }
    Ok(())
}

/// Sees that a container has a published port, and none that another machine could reach.
fn published_on_loopback(found: &ContainerInspectResponse) -> anyhow::Result<()> {
    let ports = found.network_settings.as_ref().and_then(|settings| settings.ports.as_ref());
    let bindings: Vec<_> = ports.context("it has ports")?.values().flatten().flatten().collect();
    ensure!(!bindings.is_empty(), "no port is published");
    let open = bindings.iter().find(|binding| binding.host_ip.as_deref() != Some("127.0.0.1"));
    ensure!(open.is_none(), "published beyond loopback: {open:?}");
    Ok(())
}
