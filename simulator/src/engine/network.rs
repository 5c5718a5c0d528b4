//! Networks of runs, each on a subnet of its own.

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptions;
use ipnet::Ipv4Net;

use super::ranges::{Ranges, is_taken, routes};
use super::{Engine, EngineError, Run};

/// The routes that the kernel goes by where no rule says otherwise.
const ROUTES: &str = "/proc/net/route";

impl Engine {
    /// Creates a network of this run, on which its containers find each other by name. Its subnet is one that no network
    /// of the engine and no route of this machine collides with.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoSubnet`] where none is free, and whatever else the engine answers.
    pub async fn create_network(&self, run: &Run, name: &str) -> Result<(), EngineError> {
        let what = || format!("creating network {name}");
        let mut refused = Vec::new();
        loop {
            let mut taken = self.subnets_in_use().await?;
            // Routes that cannot be read are none of which we know: the engine still refuses what collides with its own.
            taken.extend(own_routes().unwrap_or_default());
            taken.extend(&refused);
            let Some(subnet) = self.ranges.free(&taken).next() else {
                let ranges = self.ranges.to_string();
                return Err(EngineError::NoSubnet { ranges, count: self.ranges.count() });
            };
            let request = request(run, name, subnet);
            let docker = self.docker.clone();
            match self.to_the_end(async move { docker.create_network(request).await }).await {
                Ok(_) => return Ok(()),
                // Another run chose the same a moment before, or the engine knows of more than we do. Each refusal leaves
                // one less, so that this has an end.
                Err(error) if is_taken(&error) => refused.push(subnet),
                Err(error) => return Err(EngineError::api(what)(error)),
            }
        }
    }

    /// Returns the subnets of all networks of the engine, whoever made them.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn subnets_in_use(&self) -> Result<Vec<Ipv4Net>, EngineError> {
        let networks = self
            .docker
            .list_networks(None::<ListNetworksOptions>)
            .await
            .map_err(EngineError::api(|| "listing networks".to_owned()))?;
        let configs = networks.into_iter().filter_map(|network| network.ipam?.config).flatten();
        // What is no network of IPv4 has nothing that we could take.
        Ok(configs.filter_map(|config| config.subnet?.parse().ok()).collect())
    }

    /// Returns the ranges that its networks come from.
    #[must_use]
    pub fn ranges(&self) -> &Ranges {
        &self.ranges
    }
}

/// Returns where this machine has routes to, default routes aside.
///
/// # Errors
///
/// The system's words, where they cannot be read.
pub fn own_routes() -> std::io::Result<Vec<Ipv4Net>> {
    Ok(routes(&std::fs::read_to_string(ROUTES)?))
}

fn request(run: &Run, name: &str, subnet: Ipv4Net) -> NetworkCreateRequest {
    let config = IpamConfig { subnet: Some(subnet.to_string()), ..Default::default() };
    NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        ipam: Some(Ipam { config: Some(vec![config]), ..Default::default() }),
        labels: Some(run.labels()),
        ..Default::default()
    }
}
