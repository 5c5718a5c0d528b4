//! The pools of a scenario, up and in use: what a rehearsal begins with, and what one plays with by hand.

use super::DirectorError;
use crate::artifacts::{Artifacts, Inventories};
use crate::engine::{Engine, Run};
use crate::images::Say;
use crate::pool::{Pool, PoolError, PoolSpec, Site};
use crate::scenario::{PoolPart, Scenario};

/// The pools of a scenario.
#[derive(Debug)]
pub struct Pools {
    /// The pool that clients use.
    pub pool: Pool,
    /// The pool that it is geo-replicated to, where there is one.
    pub secondary: Option<Pool>,
    /// The inventories that the executor is given for them.
    pub inventories: Inventories,
}

/// What pools are made of, and where.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The container engine.
    pub engine: &'a Engine,
    /// Whose everything on the engine is.
    pub run: &'a Run,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The image of all nodes, by its name.
    pub image: &'a str,
    /// Where keys and inventories go.
    pub artifacts: &'a Artifacts,
    /// Told what goes on.
    pub say: Say<'a>,
}

impl Pools {
    /// Brings everything up: pools side by side, geo-replication, mounts, applications; and writes the inventories.
    ///
    /// The caller sees to the teardown, whatever happens here: [`crate::engine::with_run`].
    ///
    /// # Errors
    /// When something does not come up.
    pub async fn up(ground: &Ground<'_>) -> Result<Self, DirectorError> {
        let Ground { scenario, artifacts, say, .. } = *ground;
        let (pool, secondary) = pools(ground).await?;
        if let Some(far) = &secondary {
            for session in &scenario.sessions {
                say(&format!("geo-replication of {} to {}", session.primary, session.secondary));
                pool.replicate(session, far).await?;
            }
        }
        users(scenario, &pool).await?;
        let inventories = artifacts.write_inventories(scenario, &pool, secondary.as_ref())?;
        Ok(Self { pool, secondary, inventories })
    }
}

/// Brings the pools up side by side.
async fn pools(ground: &Ground<'_>) -> Result<(Pool, Option<Pool>), PoolError> {
    let Ground { engine, run, scenario, image, artifacts, say } = *ground;
    let site = Site::prepare(engine, run, artifacts.folder()).await?;
    let spec = |part: &PoolPart, clients| PoolSpec {
        image: image.to_owned(),
        init: scenario.init,
        servers: part.servers.clone(),
        volumes: part.volumes.clone(),
        clients,
    };
    let near = spec(&scenario.pool, scenario.clients.clone());
    let far = scenario.secondary.as_ref().map(|part| spec(part, Vec::new()));
    let secondary = async {
        match &far {
            Some(far) => site.pool(far, say).await.map(Some),
            None => Ok(None),
        }
    };
    tokio::try_join!(site.pool(&near, say), secondary)
}

/// Mounts volumes on servers, and starts the applications.
async fn users(scenario: &Scenario, pool: &Pool) -> Result<(), PoolError> {
    for mount in &scenario.mounts {
        if let Some(node) = pool.node(&mount.host) {
            pool.mount(node, &mount.volume).await?;
        }
    }
    for application in &scenario.applications {
        if let Some(node) = pool.node(&application.host) {
            pool.start_application(node, application).await?;
        }
    }
    Ok(())
}
