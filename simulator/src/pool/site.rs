//! Where the pools of a run stand: one network, one key for all doors.

use std::path::Path;

use futures_util::future::try_join_all;

use super::door::{Keys, known_hosts_line};
use super::node::{self, Role};
use super::{Pool, PoolError, PoolSpec};
use crate::engine::{Engine, Run};
use crate::images::Say;

/// The network and the keys of a run.
#[derive(Debug, Clone)]
pub struct Site {
    engine: Engine,
    run: Run,
    keys: Keys,
}

impl Site {
    /// Makes the network of the run, and the keys of its doors in `folder`/ssh.
    ///
    /// The caller sees to the teardown, whatever happens here: [`crate::engine::with_run`].
    ///
    /// # Errors
    /// [`PoolError`]; what was made by then is still there.
    pub async fn prepare(engine: &Engine, run: &Run, folder: &Path) -> Result<Self, PoolError> {
        let (keys, ()) =
            tokio::try_join!(Keys::make(folder), async { Ok(engine.create_network(run, &run.id).await?) })?;
        Ok(Self { engine: engine.clone(), run: run.clone(), keys })
    }

    /// Brings a pool up: its nodes side by side, then peers, volumes and mounts.
    ///
    /// # Errors
    /// [`PoolError`]; what was made by then is still there.
    pub async fn pool(&self, spec: &PoolSpec, say: Say<'_>) -> Result<Pool, PoolError> {
        let Self { engine, run, keys } = self;
        if let Some((fault, _)) = spec.fault() {
            return Err(PoolError::Spec { fault });
        }
        let begun = std::time::Instant::now();
        let builder = node::Builder { engine, run, keys, image: &spec.image, init: spec.init };
        let servers = try_join_all(spec.servers.iter().map(|node| builder.node(node, Role::Server)));
        let clients = spec.clients.iter().map(|client| builder.node(&client.node, Role::Client));
        let (servers, clients) = tokio::try_join!(servers, try_join_all(clients))?;
        let lines: Vec<String> = servers
            .iter()
            .chain(&clients)
            .map(|node| known_hosts_line(node.door.address, &node.host_key))
            .collect::<Result<_, _>>()?;
        keys.add_known_hosts(&lines)?;
        let mut pool = Pool {
            engine: engine.clone(),
            run: run.clone(),
            servers,
            clients,
            volumes: spec.volumes.clone(),
        };
        pool.place_bricks(&spec.servers);
        let nodes = pool.servers.len() + pool.clients.len();
        say(&format!("pool: {nodes} nodes after {:.1} s", begun.elapsed().as_secs_f64()));
        pool.join_peers().await?;
        say(&format!("pool: peers after {:.1} s", begun.elapsed().as_secs_f64()));
        for volume in &spec.volumes {
            pool.create_volume(volume, &spec.servers).await?;
        }
        say(&format!("pool: volumes after {:.1} s", begun.elapsed().as_secs_f64()));
        let mounts = spec.clients.iter().zip(&pool.clients);
        try_join_all(mounts.map(|(client, node)| pool.mount_all(node, &client.mounts))).await?;
        say(&format!("pool: up after {:.1} s", begun.elapsed().as_secs_f64()));
        Ok(pool)
    }
}
