//! A disposable pool for `cargo test`: it comes up, can be broken and judged, and is gone when it is dropped.
//!
//! Calls wait: a test needs no runtime of its own, and must not be within one. What a test that is killed leaves behind,
//! `simulator clean` removes.
//!
//! ```no_run
//! use simulator::fixture::{TestPool, node};
//! use simulator::images::Init;
//! use simulator::oracle::Verdict;
//! use simulator::pool::{PoolSpec, VolumeKind, VolumeSpec};
//!
//! let pool = TestPool::up("example", "images".as_ref(), "debian-bookworm", |image| PoolSpec {
//!     image,
//!     init: Init::Bare,
//!     servers: ["g1", "g2", "g3"].map(|name| node(name, "10.3")).to_vec(),
//!     volumes: vec![VolumeSpec {
//!         name: "vol0".to_owned(),
//!         kind: VolumeKind::Replica { count: 3 },
//!         bricks_per_server: 1,
//!         options: Vec::new(),
//!     }],
//!     clients: Vec::new(),
//! })?;
//! pool.run("g1", &["gluster", "volume", "set", "vol0", "performance.cache-size", "64MB"])?;
//! // The oracle sees what was changed.
//! assert_eq!(pool.judge().verdict(), Verdict::Fail);
//! # Ok::<(), simulator::fixture::FixtureError>(())
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Runtime;

use crate::director::{containers, expected_volumes};
use crate::engine::{Engine, EngineError, Run};
use crate::images::{self, Catalog, CatalogError, ImageError};
use crate::oracle::after::{self, Settle};
use crate::oracle::{Baseline, EngineShell, Expected, Judgement, Out, Shell, Stored};
use crate::pool::{Node, NodeSpec, Pool, PoolError, PoolSpec};

/// Why there is no pool, or something could not be done to it.
#[derive(Debug, Error)]
pub enum FixtureError {
    /// No runtime, or no place for the keys.
    #[error("no place for a pool")]
    Place(#[from] std::io::Error),
    /// The catalog, or what it does not have.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The image could not be had.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The engine's troubles.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The pool's.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// It came up and cannot be read.
    #[error("the pool came up and cannot be read: {}", .0.join("; "))]
    Unreadable(Vec<String>),
    /// No host of that name.
    #[error("no host {name}: expected one of {}", .known.join(", "))]
    NoSuchHost {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

/// Returns a node of a release.
#[must_use]
pub fn node(name: &str, release: &str) -> NodeSpec {
    NodeSpec { name: name.to_owned(), release: release.to_owned() }
}

/// A pool that is gone when it is dropped, also by a panic.
pub struct TestPool {
    /// What must hold of it: as it came up, until a test says otherwise.
    pub expected: Expected,
    runtime: Runtime,
    pool: Pool,
    shell: Arc<dyn Shell>,
    baseline: Arc<Baseline>,
    _owned: Owned,
    _keys: tempfile::TempDir,
}

impl std::fmt::Debug for TestPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestPool").field("run", &self.pool.run().id).finish_non_exhaustive()
    }
}

/// What a run has on the engine: dropped, it is removed.
struct Owned(Run);

impl Drop for Owned {
    fn drop(&mut self) {
        let run = self.0.id.clone();
        // On a thread of its own, where nobody waits for anything else: whoever drops it may be about to panic.
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { Engine::connect().await?.remove_run(&run).await })?;
            Ok::<(), FixtureError>(())
        });
        let why = match removing.join() {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "its removal panicked".to_owned(),
        };
        eprintln!("the pool of run {} is still there: {why}; `simulator clean` removes it", self.0.id);
    }
}

impl TestPool {
    /// Brings a pool up. `name` is what its containers are called by, `images` the folder of the catalog; the image of the
    /// family is built where it is missing, and `spec` is given its name.
    ///
    /// # Errors
    /// [`FixtureError`]; nothing is left then.
    pub fn up(
        name: &str,
        images: &Path,
        family: &str,
        spec: impl FnOnce(String) -> PoolSpec,
    ) -> Result<Self, FixtureError> {
        let runtime = Runtime::new()?;
        let catalog = Catalog::load(images)?;
        let family = catalog.family(family)?;
        let keys = tempfile::tempdir()?;
        let engine = runtime.block_on(Engine::connect())?;
        let owned = Owned(Run::new(name));
        let say = |line: &str| eprintln!("{name}: {line}");
        let (pool, shell, expected, baseline) = runtime.block_on(async {
            let image = images::ensure(&engine, &owned.0, family, &say).await?;
            let spec = spec(image.tag);
            let pool = Pool::up(&engine, &owned.0, &spec, keys.path(), &say).await?;
            let shell: Arc<dyn Shell> = Arc::new(EngineShell::new(engine.clone(), containers(&pool)));
            let releases: BTreeMap<String, String> =
                spec.servers.iter().map(|node| (node.name.clone(), node.release.clone())).collect();
            let mut op_versions = Vec::new();
            for release in releases.values() {
                op_versions.push(family.release(release)?.op_version);
            }
            let expected = Expected {
                releases,
                // A pool is at the op-version of its oldest server.
                op_version: op_versions.into_iter().min().unwrap_or_default(),
                out: BTreeMap::new(),
                volumes: expected_volumes(&spec.volumes, &spec.servers),
                client: spec.clients.first().map(|client| client.node.name.clone()),
                stored: Stored::Alike,
                set_since: BTreeMap::new(),
                allowances: Vec::new(),
            };
            let baseline = Baseline::capture(&*shell, &expected).await;
            match baseline.troubles() {
                troubles if troubles.is_empty() => Ok((pool, shell, expected, Arc::new(baseline))),
                troubles => Err(FixtureError::Unreadable(troubles)),
            }
        })?;
        Ok(Self { expected, runtime, pool, shell, baseline, _owned: owned, _keys: keys })
    }

    /// Returns the pool, for all that has no method here.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Waits for something that is asked of the pool.
    pub fn wait<T>(&self, asked: impl Future<Output = T>) -> T {
        self.runtime.block_on(asked)
    }

    /// Runs a command on a host, and returns what it printed; it must succeed.
    ///
    /// # Errors
    /// Where there is no such host, or the command fails.
    pub fn run(&self, host: &str, argv: &[&str]) -> Result<String, FixtureError> {
        let container = &self.host(host)?.container;
        Ok(self.wait(self.pool.engine().exec_ok(container, argv))?.stdout)
    }

    /// Takes the power of a server, which the oracle expects from now on: all others have to carry the volumes without it.
    ///
    /// # Errors
    /// Where there is no such host, or the engine's troubles.
    pub fn power_off(&mut self, host: &str) -> Result<(), FixtureError> {
        self.wait(self.pool.power_off(self.host(host)?))?;
        self.expected.out.insert(host.to_owned(), Out::Down);
        Ok(())
    }

    /// Gives a server its power back, starts its glusterd, and waits until the pool is together again.
    ///
    /// # Errors
    /// Where there is no such host, or it does not come back.
    pub fn power_on(&mut self, host: &str) -> Result<(), FixtureError> {
        let server = self.host(host)?;
        self.wait(async {
            self.pool.power_on(server).await?;
            self.pool.start_glusterd(server).await?;
            self.pool.wait_for_peers().await?;
            self.pool.wait_for_volumes().await
        })?;
        self.expected.out.remove(host);
        Ok(())
    }

    /// Lets the oracle judge the pool by what is expected. It waits for a while until all is well. Data is judged where a
    /// test says what was written, as the `truth` of a volume that is expected.
    pub fn judge(&self) -> Judgement {
        let (shell, expected) = (self.shell.clone(), Arc::new(self.expected.clone()));
        let (baseline, settle) = (self.baseline.clone(), Settle::default());
        if self.expected.volumes.iter().any(|volume| volume.truth.is_some()) {
            self.wait(after::judge(shell, expected, baseline, "test", settle))
        } else {
            self.wait(after::judge_state(shell, expected, baseline, "test", settle))
        }
    }

    fn host(&self, name: &str) -> Result<&Node, FixtureError> {
        self.pool.node(name).ok_or_else(|| FixtureError::NoSuchHost {
            name: name.to_owned(),
            known: self.pool.nodes().map(|node| node.name.clone()).collect(),
        })
    }
}
