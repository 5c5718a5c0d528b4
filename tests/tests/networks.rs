//! What only an engine can show of networks: that it gives them the subnets we choose, also when several choose at once,
//! and that a run is not begun where none is free.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use acceptance::engine::on_engine;
use acceptance::program::Program;
use bollard::Docker;
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use futures_util::future::{join_all, try_join_all};
use simulator::engine::{Engine, Run, with_run};
use tokio_util::sync::CancellationToken;

/// Each has a connection and an idea of what is free of its own, as different processes have.
const AT_ONCE: usize = 8;

#[test]
fn networks_that_are_made_at_once_have_small_subnets_of_their_own_out_of_our_ranges() {
    let (subnets, ours) = on_engine(async {
        let run = Run::new("networks");
        let engine = Engine::connect().await?;
        let never = CancellationToken::new();
        let made = with_run(&engine, &run, &never, async {
            let names: Vec<String> = (0..AT_ONCE).map(|number| format!("{}-{number}", run.id)).collect();
            let engines: Vec<Engine> = try_join_all((0..AT_ONCE).map(|_| Engine::connect())).await?;
            let making = engines.iter().zip(&names).map(|(engine, name)| engine.create_network(&run, name));
            join_all(making).await.into_iter().collect::<Result<(), _>>()?;
            try_join_all(names.iter().map(|name| subnet_of(name))).await
        });
        let subnets = made.await.map_err(|error| anyhow::anyhow!("{error}"))?;
        let ours: BTreeSet<String> = engine.ranges().free(&[]).map(|subnet| subnet.to_string()).collect();
        Ok((subnets, ours))
    });
    assert_eq!(subnets.iter().collect::<BTreeSet<_>>().len(), AT_ONCE, "{subnets:?}");
    assert!(subnets.iter().all(|subnet| ours.contains(subnet)), "{subnets:?}");
}

async fn subnet_of(network: &str) -> anyhow::Result<String> {
    let network = Docker::connect_with_defaults()?.inspect_network(network, None).await?;
    let mut configs = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default().into_iter();
    Ok(configs.next().and_then(|config| config.subnet).unwrap_or_default())
}

/// Somebody else's network, without our labels. Dropped, also by a panic, it is gone.
struct Taken(String);

impl Taken {
    fn make(subnet: &str) -> Self {
        let taken = Self(format!("somebody-elses-{}", std::process::id()));
        let config = IpamConfig { subnet: Some(subnet.to_owned()), ..Default::default() };
        let request = NetworkCreateRequest {
            name: taken.0.clone(),
            ipam: Some(Ipam { config: Some(vec![config]), ..Default::default() }),
            ..Default::default()
        };
        on_engine(async { Ok(Docker::connect_with_defaults()?.create_network(request).await?) });
        taken
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        on_engine(async { Ok(Docker::connect_with_defaults()?.remove_network(&self.0).await?) });
    }
}

#[test]
fn where_no_network_is_free_no_run_is_begun_and_the_remedy_is_named() {
    // Of the block that is set aside for documentation: nobody has it.
    let _taken = Taken::make("198.51.100.0/25");
    let runs = tempfile::tempdir().unwrap();
    let folder = runs.path().to_str().unwrap();
    let ran = simulator(&["run", "scenarios/online-replicated.toml", "--runs", folder]);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(said.contains("networks: 0 of 1 subnets are free in 198.51.100.0/24"), "{said}");
    assert!(said.contains("remedy: name a range"), "{said}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "nothing was begun");

    let looked = simulator(&["doctor", "--output", "json"]);
    assert_eq!(looked.status.code(), Some(3));
    let looks: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap();
    let networks = looks["looks"].as_array().unwrap().iter().find(|look| look["name"] == "networks").unwrap();
    assert_eq!((&looks["grade"], &networks["grade"]), (&"failure".into(), &"failure".into()));
}

/// Runs the simulator where there is one subnet.
fn simulator(arguments: &[&str]) -> Output {
    Command::new(Program::Simulator.path())
        .args(arguments)
        .env("SIMULATOR_NETWORKS", "198.51.100.0/24")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap()
}
