//! What carries our label on the engine: containers, networks, volumes.

use std::collections::HashMap;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};

use super::label::{PROJECT, PROJECT_LABEL};
use super::remove::Kind;
use super::{Engine, EngineError, label_filter};

/// A thing of ours, found by its label.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) kind: Kind,
    /// What the engine calls it.
    pub(super) id: String,
    /// What people call it.
    pub(super) name: String,
    /// What a container is doing, in the engine's word; empty for other things.
    pub(super) state: String,
    pub(super) labels: HashMap<String, String>,
}

impl Engine {
    /// Returns everything of ours, in the order in which it can be removed.
    pub(super) async fn find_all(&self) -> Result<Vec<Found>, EngineError> {
        let mut found = self.find_containers().await?;
        found.extend(self.find_networks().await?);
        found.extend(self.find_volumes().await?);
        Ok(found)
    }

    async fn find_containers(&self) -> Result<Vec<Found>, EngineError> {
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&label_filter(PROJECT_LABEL, PROJECT))
            .build();
        let containers = self
            .docker()
            .list_containers(Some(options))
            .await
            .map_err(EngineError::api(|| "listing containers".to_owned()))?;
        Ok(containers
            .into_iter()
            .filter_map(|container| {
                let id = container.id?;
                let name = container.names.unwrap_or_default().into_iter().next();
                Some(Found {
                    kind: Kind::Container,
                    name: name.map_or_else(|| id.clone(), |name| name.trim_start_matches('/').to_owned()),
                    id,
                    state: container.state.map(|state| state.to_string()).unwrap_or_default(),
                    labels: container.labels.unwrap_or_default(),
                })
            })
            .collect())
    }

    async fn find_networks(&self) -> Result<Vec<Found>, EngineError> {
        let options =
            ListNetworksOptionsBuilder::new().filters(&label_filter(PROJECT_LABEL, PROJECT)).build();
        let networks = self
            .docker()
            .list_networks(Some(options))
            .await
            .map_err(EngineError::api(|| "listing networks".to_owned()))?;
        Ok(networks
            .into_iter()
            .filter_map(|network| {
                let id = network.id?;
                Some(Found {
                    kind: Kind::Network,
                    name: network.name.unwrap_or_else(|| id.clone()),
                    id,
                    state: String::new(),
                    labels: network.labels.unwrap_or_default(),
                })
            })
            .collect())
    }

    async fn find_volumes(&self) -> Result<Vec<Found>, EngineError> {
        let options = ListVolumesOptionsBuilder::new().filters(&label_filter(PROJECT_LABEL, PROJECT)).build();
        let volumes = self
            .docker()
            .list_volumes(Some(options))
            .await
            .map_err(EngineError::api(|| "listing volumes".to_owned()))?;
        let volumes = volumes.volumes.unwrap_or_default().into_iter();
        Ok(volumes
            .map(|volume| Found {
                kind: Kind::Volume,
                id: volume.name.clone(),
                name: volume.name,
                state: String::new(),
                labels: volume.labels,
            })
            .collect())
    }
}
