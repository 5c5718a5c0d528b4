//! Recording what a release's CLI says: pools of it are taken through states, and asked the executor's questions.
//!
//! The states and questions are data: `states.rs` and `questions.rs`. A state is reached on a condition that is
//! looked for, never after a time. What was answered is kept byte for byte.

mod look;
mod perform;
mod questions;
mod recording;
mod states;

use std::path::Path;

use executor::core::names::OpVersion;
use executor::core::release;

pub use self::recording::{Recording, WriteError};

use self::perform::Performer;
use self::states::{BARE, CLIENT, FULL, SERVERS, State};
use crate::engine::{Engine, EngineError, Run};
use crate::images::{Release, Say};
use crate::pool::{ClientSpec, NodeSpec, Pool, PoolError, PoolSpec, VolumeKind, VolumeSpec};

/// A pool that is taken through states. Each has a run of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Servers alone.
    Bare,
    /// Servers, volumes of every kind and a client.
    Full,
}

impl Part {
    /// Both, the quick one first.
    pub const ALL: [Part; 2] = [Part::Bare, Part::Full];

    fn states(self) -> &'static [State] {
        match self {
            Part::Bare => BARE,
            Part::Full => FULL,
        }
    }
}

/// Every state, in the order in which they are recorded.
fn states() -> impl Iterator<Item = &'static State> {
    Part::ALL.into_iter().flat_map(|part| part.states())
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The pool did not come up, or not into a state.
    #[error("state {state}: the pool is not where it should be")]
    Pool {
        /// The state that was being reached.
        state: &'static str,
        /// Why not.
        #[source]
        source: PoolError,
    },
    /// An answer could not be kept.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is nothing below the release's op-version to raise a pool from.
    #[error("{0} is in no line that has one before it in the table of releases")]
    NoLineBefore(String),
}

impl From<PoolError> for RecordError {
    fn from(source: PoolError) -> Self {
        Self::Pool { state: "up", source }
    }
}

impl From<EngineError> for RecordError {
    fn from(error: EngineError) -> Self {
        PoolError::from(error).into()
    }
}

/// The op-versions that questions name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// That of the release.
    op_version: u32,
    /// That of the line before it.
    before: OpVersion,
}

impl Numbers {
    /// Returns the numbers of a release.
    ///
    /// # Errors
    /// [`RecordError::NoLineBefore`].
    pub fn of(release: &Release) -> Result<Self, RecordError> {
        let known = release::lines().iter().map(|line| line.op_version);
        let before = known.filter(|op_version| *op_version < release.op_version).max();
        let before = before.ok_or_else(|| RecordError::NoLineBefore(release.version.clone()))?;
        Ok(Self { op_version: release.op_version, before: OpVersion(before) })
    }

    fn fill(self, command: &str) -> String {
        let Self { op_version, before } = self;
        command.replace("{op-version}", &op_version.to_string()).replace("{before}", &before.to_string())
    }
}

/// Everything a part needs.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// The container engine.
    pub engine: &'a Engine,
    /// The run that the pool belongs to.
    pub run: &'a Run,
    /// The image of its nodes.
    pub image: &'a str,
    /// Where its keys go.
    pub folder: &'a Path,
    /// The release.
    pub release: &'a Release,
    /// Told what goes on.
    pub say: Say<'a>,
}

/// Brings up the pool of a part, takes it through its states and keeps the answers.
///
/// The caller removes the pool, whatever happens: [`crate::engine::with_run`].
///
/// # Errors
/// [`RecordError`]; the recording is incomplete then.
pub async fn record(stage: Stage<'_>, part: Part, recording: &Recording) -> Result<(), RecordError> {
    let Stage { engine, run, image, folder, release, say } = stage;
    let numbers = Numbers::of(release)?;
    let pool = Pool::up(engine, run, &spec(image, &release.version, part), folder, say).await?;
    let mut performer = Performer::new(&pool, numbers, recording);
    for state in part.states() {
        say(&format!("{}: {}: {}", release.version, state.name, state.about));
        performer.perform(state).await?;
    }
    Ok(())
}

fn spec(image: &str, release: &str, part: Part) -> PoolSpec {
    let node = |name: &str| NodeSpec { name: name.to_owned(), release: release.to_owned() };
    let volume = |name: &str, kind, bricks_per_server| VolumeSpec {
        name: name.to_owned(),
        kind,
        bricks_per_server,
        options: Vec::new(),
    };
    let mut spec = PoolSpec {
        image: image.to_owned(),
        init: crate::images::Init::Bare,
        servers: SERVERS.map(node).to_vec(),
        volumes: Vec::new(),
        clients: Vec::new(),
    };
    match part {
        Part::Bare => {}
        Part::Full => {
            spec.volumes = vec![
                volume("rep", VolumeKind::Replica { count: 3 }, 1),
                volume("arb", VolumeKind::Arbiter, 1),
                volume("dr", VolumeKind::Replica { count: 2 }, 2),
                volume("ec", VolumeKind::Disperse { data: 2, redundancy: 1 }, 1),
                volume("dist", VolumeKind::Distribute, 1),
            ];
            let mounts = spec.volumes.iter().map(|volume| volume.name.clone()).collect();
            spec.clients = vec![ClientSpec { node: node(CLIENT), mounts }];
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::bare(Part::Bare)]
    #[case::full(Part::Full)]
    fn the_pools_are_possible(#[case] part: Part) {
        assert_eq!(spec("image", "9.2", part).fault(), None);
    }

    #[test]
    fn numbers_are_the_releases_and_the_one_before() {
        let release = Release {
            version: "10.3".to_owned(),
            packages: crate::images::Packages::Suite("s".to_owned()),
            op_version: 100_000,
            optional: false,
        };
        let numbers = Numbers::of(&release).unwrap();
        assert_eq!(numbers.fill("a {op-version} b {before}"), "a 100000 b 90000");
        assert!(Numbers::of(&Release { op_version: 1, ..release }).is_err());
    }
}
