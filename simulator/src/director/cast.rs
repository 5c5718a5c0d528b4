//! The cast of a rehearsal: its pools, who uses them, and how they were before anything began.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::expected::{containers, expected, expected_users};
use super::known::Known;
use super::load::Truths;
use super::pools::{Ground, Pools};
use super::{DirectorError, Stage};
use crate::oracle::during::KnownDown;
use crate::oracle::{Baseline, EngineShell, Expected, Shell, Users};
use crate::pool::{Pool, PoolError};
use crate::scenario::Which;

/// A pool of the rehearsal.
pub(super) struct Player {
    /// Which of the scenario's.
    pub(super) which: Which,
    /// The pool.
    pub(super) pool: Pool,
    /// The inventory that the executor is given for it.
    pub(super) inventory: PathBuf,
    /// How it was before anything began.
    pub(super) baseline: Arc<Baseline>,
}

impl Player {
    /// Returns what must hold of the pool before anything begins.
    ///
    /// # Errors
    /// When the scenario's release is in no catalog.
    pub(super) fn as_begun(&self, stage: &Stage<'_>) -> Result<Expected, DirectorError> {
        let Stage { scenario, catalog, .. } = stage;
        expected(scenario, catalog, self.which, scenario.standing(self.which, 0), &Truths::new())
    }
}

/// All that plays.
pub(super) struct Cast {
    /// The pool that clients use.
    pub(super) pool: Player,
    /// The pool that it is geo-replicated to.
    pub(super) secondary: Option<Player>,
    /// Who uses volumes, before anything began.
    pub(super) users: Users,
    /// The oracle's way to every host.
    pub(super) shell: Arc<dyn Shell>,
    /// The hosts that a fault took the power from.
    pub(super) known_down: KnownDown,
}

impl Cast {
    /// Brings everything up, and lets the oracle look at it.
    ///
    /// # Errors
    /// When something does not come up, or cannot be read.
    pub(super) async fn assemble(stage: &Stage<'_>) -> Result<Self, DirectorError> {
        let scenario = stage.scenario;
        let ground = Ground {
            engine: stage.engine,
            run: stage.run,
            scenario,
            image: &stage.image.tag,
            artifacts: stage.artifacts,
            say: stage.say,
        };
        let Pools { pool, secondary, inventories } = Pools::up(&ground).await?;
        let shell: Arc<dyn Shell> = Arc::new(EngineShell::new(
            stage.engine.clone(),
            std::iter::once(&pool).chain(&secondary).flat_map(containers).collect::<BTreeMap<_, _>>(),
        ));
        let hosts = expected_users(scenario, 0);
        let users = Users::look(&*shell, hosts.keys().map(String::as_str)).await;
        let known = Known::begun(scenario, stage.catalog, &*shell).await?;
        known.keep(stage.artifacts)?;
        let player = |which, pool: Pool| {
            let baseline = known.pools.iter().find(|known| known.which == which);
            let baseline = Arc::new(baseline.map(|known| known.baseline.clone()).unwrap_or_default());
            Player { which, pool, inventory: inventories.of(which), baseline }
        };
        Ok(Self {
            pool: player(Which::Pool, pool),
            secondary: secondary.map(|pool| player(Which::Secondary, pool)),
            users,
            shell,
            known_down: KnownDown::default(),
        })
    }

    /// Returns the pools.
    pub(super) fn players(&self) -> impl DoubleEndedIterator<Item = &Player> {
        std::iter::once(&self.pool).chain(&self.secondary)
    }

    /// Returns a pool; the check of scenarios saw to it that orders name only those there are.
    pub(super) fn player(&self, which: Which) -> &Player {
        match which {
            Which::Pool => &self.pool,
            Which::Secondary => self.secondary.as_ref().unwrap_or(&self.pool),
        }
    }

    /// Saves the logs of every host.
    ///
    /// # Errors
    /// Only where this machine's own disk refuses.
    pub(super) async fn save_logs(&self, stage: &Stage<'_>) -> Result<(), PoolError> {
        let folder = stage.artifacts.path("hosts");
        try_join_all(self.players().map(|player| player.pool.save_logs(&folder))).await?;
        Ok(())
    }
}
