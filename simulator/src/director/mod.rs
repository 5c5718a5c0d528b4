//! The director: brings the pool up, lets the client write, starts the executor, and lets the oracle judge.
//!
//! 1. The cast is assembled: pools, geo-replication, clients, mounts, applications; the oracle takes its baseline.
//! 2. Each order to the executor is a chapter. The client writes; once it has something to lose, the executor is
//!    called. While it runs, the oracle watches the bricks, and faults strike on their cues. When it has ended, the
//!    client ends, and the oracle judges every pool.
//! 3. After an upgrade every server is cut off the power once more and judged again: what only breaks at the
//!    next restart is broken already. Then the executor is asked once more, and must find nothing to do.
//!
//! The logs of every host are saved before the caller removes the pool, and a report is kept, also where it came to no
//! verdict.

mod cast;
mod chapter;
mod deeds;
mod expected;
mod faults;
#[cfg(test)]
mod faults_tests;
mod known;
mod lives;
mod load;
mod performance;
mod pools;
mod restart;
mod unjudged;
mod waivers;
mod writer;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub use self::expected::{containers, expected_volumes};
pub use self::known::{Known, KnownError, KnownPool};
pub use self::performance::{ExecutorError, Performance};
pub use self::pools::{Ground, Pools};
pub use self::writer::Writer;

use self::cast::Cast;
use self::chapter::Chapter;
use self::load::Load;
use crate::artifacts::{ArtifactError, Artifacts};
use crate::engine::{Engine, Run};
use crate::images::{Catalog, NodeImage, Say};
use crate::oracle::{Baseline, Judgement};
use crate::pool::{PoolError, save_what_is_there};
use crate::report::{self, Counts, HostVersions, Report};
use crate::scenario::{Outcome, Scenario};

/// Everything a rehearsal needs.
pub struct Stage<'a> {
    /// The container engine.
    pub engine: &'a Engine,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The releases there are.
    pub catalog: &'a Catalog,
    /// The image of all nodes.
    pub image: &'a NodeImage,
    /// The executor's program.
    pub executor: PathBuf,
    /// Where everything goes that is kept.
    pub artifacts: &'a Artifacts,
    /// Whose everything on the engine is.
    pub run: &'a Run,
    /// Decides what the client writes.
    pub seed: u64,
    /// Cancelled when the operator interrupts.
    pub cancelled: &'a CancellationToken,
    /// Told what goes on.
    pub say: Say<'a>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum DirectorError {
    /// The pool could not be brought up, or the engine failed.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The executor could not be run.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// Something could not be kept.
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
    /// The pool could not be read before anything began.
    #[error("the pool cannot be read before the upgrade: {}", .0.join("; "))]
    Baseline(Vec<String>),
    /// The scenario's release is in no catalog; the check of scenarios should have seen it.
    #[error("release {0} has no op-version in the catalog")]
    OpVersion(String),
    /// The writer's lines could not be kept.
    #[error("cannot keep what the client says")]
    Writer(#[source] std::io::Error),
    /// The operator interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// Rehearses a scenario. The caller removes what it made, whatever happens: [`crate::engine::with_run`].
///
/// # Errors
/// When it could not be judged at all.
pub async fn rehearse(stage: &Stage<'_>) -> Result<Report, DirectorError> {
    let started = Timestamp::now();
    let assembled = tokio::select! {
        assembled = Cast::assemble(stage) => assembled,
        () = stage.cancelled.cancelled() => return Err(DirectorError::Interrupted),
    };
    let cast = match assembled {
        Ok(cast) => cast,
        Err(error) => {
            (stage.say)("there is no pool to rehearse on; saving the logs of what there is");
            let folder = stage.artifacts.path("hosts");
            let saved = save_what_is_there(stage.engine, stage.run, &folder).await;
            unjudged::keep(stage, started, &error, saved.err());
            return Err(error);
        }
    };
    let judged = judged(stage, &cast).await;
    if matches!(judged, Err(DirectorError::Interrupted | DirectorError::Executor(ExecutorError::Interrupted)))
    {
        return Err(DirectorError::Interrupted);
    }
    (stage.say)("saving the logs of every host");
    let saved = cast.save_logs(stage).await;
    let mut report = match judged {
        Ok(report) => report,
        Err(error) => {
            unjudged::keep(stage, started, &error, saved.err());
            return Err(error);
        }
    };
    if let Err(error) = saved {
        report.notes.push(format!("not every log could be saved: {error}"));
    }
    report.started = started;
    report.duration = Duration::try_from(Timestamp::now().duration_since(started)).unwrap_or_default();
    Ok(report)
}

/// The rehearsal itself, from pools that are up to a report.
async fn judged(stage: &Stage<'_>, cast: &Cast) -> Result<Report, DirectorError> {
    let orders = &stage.scenario.orders;
    let mut load = Load::new();
    let mut judgement = Judgement::default();
    let mut ends = Vec::new();
    let mut notes = Vec::new();
    for (place, order) in orders.iter().enumerate() {
        if orders.len() > 1 {
            (stage.say)(&format!("order {} of {}: {}", place + 1, orders.len(), order.words()));
        }
        let chapter = Chapter::new(stage, cast, place + 1, order);
        let told = chapter.play(&mut load).await?;
        judgement.extend(told.judgement);
        ends.push(told.performance.ending());
        let as_ordered = order.outcome.word() == told.performance.last_word();
        let is_last = place + 1 == orders.len();
        // A pool whose upgrade did not come to its end is left as it stands, for its logs to tell why.
        if is_last && as_ordered && order.outcome == Outcome::Upgraded {
            let truths = load.truths();
            let judging = chapter.judge_restarted(&truths, &mut notes);
            judgement.extend(tokio::select! {
                judged = judging => judged?,
                () = stage.cancelled.cancelled() => return Err(DirectorError::Interrupted),
            });
            if order.can_be_asked_again() {
                judgement.extend(chapter.ask_again().await?);
            }
        }
        if !as_ordered {
            // What follows stands on this; its verdict would be about something else.
            break;
        }
    }
    let mut report = report(stage, cast, &ends, &load, judgement).await?;
    report.notes.extend(notes);
    Ok(report)
}

fn keep_json(artifacts: &Artifacts, name: &str, value: &impl serde::Serialize) -> Result<(), DirectorError> {
    let text = serde_json::to_string(value).unwrap_or_else(|error| format!("\"{error}\""));
    artifacts.write(name, &text)?;
    Ok(())
}

async fn report(
    stage: &Stage<'_>,
    cast: &Cast,
    ends: &[String],
    load: &Load,
    judgement: Judgement,
) -> Result<Report, DirectorError> {
    let Stage { scenario, artifacts, seed, .. } = stage;
    let mut versions = Vec::new();
    for player in cast.players() {
        let after = Baseline::capture(&*cast.shell, &player.as_begun(stage)?).await;
        versions.extend(player.pool.servers().iter().map(|server| HostVersions {
            host: server.name.clone(),
            before: player.baseline.release(&server.name),
            after: after.release(&server.name),
        }));
    }
    Ok(Report {
        format: report::FORMAT,
        verdict: judgement.verdict(),
        scenario: scenario.name.clone(),
        description: scenario.about.clone(),
        seed: scenario.workload.as_ref().map(|_| *seed),
        started: Timestamp::now(),
        duration: Duration::ZERO,
        executor: ends.join("; then "),
        versions,
        longest_stall: load.longest_stall(),
        counts: Counts {
            acknowledged: load.acknowledged(),
            lost: judgement.tally.lost,
            too_many_out: judgement.tally.too_many_out,
            faults: faults::struck(&judgement),
        },
        judgement,
        notes: scenario
            .expect
            .old_names
            .iter()
            .map(|why| format!("old names are allowed on the secondary: {why}"))
            .collect(),
        artifacts: artifacts.folder().to_owned(),
        repeat: format!("{} --seed {seed}", scenario.command()),
    })
}
