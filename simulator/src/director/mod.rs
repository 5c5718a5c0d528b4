//! The director: brings the pool up, lets the client write, starts the executor, and lets the oracle judge.
//!
//! 1. The pool comes up as the scenario says, and the oracle takes its baseline.
//! 2. The client writes; once it has something to lose, the executor is started.
//! 3. While it runs, the oracle watches the bricks.
//! 4. When it has ended, the client ends, and the oracle judges the pool.
//! 5. After an upgrade every server is cut off the power once more and judged again: what only breaks at the
//!    next restart is broken already. Then the executor is asked once more, and must find nothing to do.
//!
//! The logs of every host are saved before the caller removes the pool.

mod expected;
mod load;
mod performance;
mod restart;
mod waivers;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

pub use self::expected::{containers, expected_volumes};
pub use self::performance::{ExecutorError, Order, Performance};
pub use self::writer::Writer;

use self::expected::{expected, verdict_on_executor, verdict_on_second_order};
use self::load::{Load, Truths};
use self::performance::perform;
use crate::artifacts::{ArtifactError, Artifacts};
use crate::engine::{Engine, Run};
use crate::images::{Catalog, NodeImage, Say};
use crate::oracle::after::{self, Settle};
use crate::oracle::during::{self, KnownDown, Watch};
use crate::oracle::{Baseline, EngineShell, Expected, Judgement, Shell};
use crate::pool::{Pool, PoolError, PoolSpec};
use crate::report::{self, HostVersions, Report};
use crate::scenario::{Outcome, Scenario};

/// How long a pool may take to come to rest after every server lost its power.
const AFTER_RESTART: Settle =
    Settle { looks: 3, interval: Duration::from_secs(1), patience: Duration::from_secs(90) };

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
    let spec = PoolSpec {
        image: stage.image.tag.clone(),
        init: stage.scenario.init,
        servers: stage.scenario.servers.clone(),
        volumes: stage.scenario.volumes.clone(),
        clients: stage.scenario.clients.clone(),
    };
    let up = Pool::up(stage.engine, stage.run, &spec, stage.artifacts.folder(), stage.say);
    let pool = tokio::select! {
        up = up => up?,
        () = stage.cancelled.cancelled() => return Err(DirectorError::Interrupted),
    };
    let judged = judged(stage, &pool).await;
    if matches!(judged, Err(DirectorError::Interrupted | DirectorError::Executor(ExecutorError::Interrupted)))
    {
        return Err(DirectorError::Interrupted);
    }
    (stage.say)("saving the logs of every host");
    let saved = pool.save_logs(&stage.artifacts.path("hosts")).await;
    let mut report = judged?;
    if let Err(error) = saved {
        report.notes.push(format!("not every log could be saved: {error}"));
    }
    report.started = started;
    report.duration = Duration::try_from(Timestamp::now().duration_since(started)).unwrap_or_default();
    Ok(report)
}

/// The rehearsal itself, from a pool that is up to a report.
async fn judged(stage: &Stage<'_>, pool: &Pool) -> Result<Report, DirectorError> {
    let Stage { scenario, artifacts, say, .. } = stage;
    let inventory = artifacts.write_inventory(pool, left_to_itself(scenario))?;
    let shell: Arc<dyn Shell> = Arc::new(EngineShell::new(stage.engine.clone(), containers(pool)));
    let beginnings = scenario.servers.iter().map(|server| (server.name.clone(), server.release.clone()));
    let before = Arc::new(expected(stage, pool, beginnings.collect(), &Truths::new())?);
    let baseline = Arc::new(Baseline::capture(&*shell, &before).await);
    let troubles = baseline.troubles();
    if !troubles.is_empty() {
        return Err(DirectorError::Baseline(troubles));
    }
    let mut load = Load::start(stage, pool).await?;
    let pauses = scenario.workload.as_ref().is_some_and(|load| load.stops_for_downtime);
    if pauses {
        load.pause(stage, pool, &*shell).await?;
        say("the client has written, ended and unmounted; the executor is started");
    } else if load.writes() {
        say("a client writes; the executor is started");
    }
    let stop = CancellationToken::new();
    let watching =
        during::start(shell.clone(), before.clone(), Watch::default(), KnownDown::default(), stop.clone());
    let order = Order {
        program: &stage.executor,
        inventory: &inventory,
        to: scenario.upgrade.to,
        offline: scenario.upgrade.offline,
        waive: &waivers::as_given(pool, &scenario.upgrade.waive).await?,
        clients_at_once: scenario.upgrade.clients_at_once,
    };
    let performance = perform(&order, "executor", artifacts, stage.cancelled, *say).await;
    let watched = watching.finish().await;
    let performance = performance?;
    keep_json(artifacts, "samples.json", &watched.samples)?;
    if pauses && performance.last_word() == "upgraded" {
        say("the client mounts again, and goes on");
        load.go_on(stage, pool).await?;
    }
    load.finish(&shell, &performance, pauses).await;
    let mut judgement = verdict_on_executor(scenario, &performance);
    // In a downtime nobody is served, and that is no fault; a refusal leaves no downtime behind.
    if !scenario.upgrade.offline || scenario.expect.outcome == Outcome::Refused {
        judgement.extend(watched.judgement);
    }
    judgement.extend(load.judge(scenario.expect.longest_stall));
    let truths = load.truths();
    // A pool whose upgrade did not come to its end is left as it stands, for its logs to tell why.
    let upgraded = scenario.expect.outcome == Outcome::Upgraded && performance.last_word() == "upgraded";
    let judging = judge_end(stage, pool, &shell, &baseline, &truths, upgraded);
    judgement.extend(tokio::select! {
        judged = judging => judged?,
        () = stage.cancelled.cancelled() => return Err(DirectorError::Interrupted),
    });
    if upgraded {
        say("the executor is asked for the same upgrade once more");
        judgement.extend(asked_again(stage, &order, &shell, &before).await?);
    }
    let after = Baseline::capture(&*shell, &before).await;
    Ok(report(stage, &performance, load.longest_stall(), judgement, [&baseline, &after]))
}

/// Returns the client that writes all the while where clients are upgraded: its mount cannot be taken away, so it is
/// no client of the inventory.
fn left_to_itself(scenario: &Scenario) -> Option<&str> {
    let workload = scenario.workload.as_ref()?;
    let writes_on = scenario.upgrade.clients_at_once > 0 && !workload.stops_for_downtime;
    writes_on.then_some(workload.client.as_str())
}

/// Judges the pool after the executor has ended and, after an upgrade, once more after a restart of all servers.
async fn judge_end(
    stage: &Stage<'_>,
    pool: &Pool,
    shell: &Arc<dyn Shell>,
    baseline: &Arc<Baseline>,
    truths: &Truths,
    upgraded: bool,
) -> Result<Judgement, DirectorError> {
    let Stage { scenario, say, .. } = stage;
    let mut in_the_end = expected(stage, pool, scenario.releases_in_the_end(), truths)?;
    in_the_end.stored = scenario.expect.stored;
    let in_the_end: Arc<Expected> = Arc::new(in_the_end);
    say("the oracle judges the pool");
    let phase = match scenario.expect.outcome {
        Outcome::Upgraded => "after the upgrade",
        Outcome::Halted => "at the halt",
        Outcome::Refused => "after the refusal",
    };
    let judge = |phase: &'static str, settle| {
        after::judge(shell.clone(), in_the_end.clone(), baseline.clone(), phase, settle)
    };
    let mut judgement = Judgement::default();
    if scenario.expect.outcome == Outcome::Refused {
        judgement.extend(baseline.unchanged(shell.clone(), &in_the_end, phase).await);
    }
    judgement.extend(judge(phase, Settle::default()).await);
    if upgraded {
        say("every server loses its power once more, and is judged again");
        if let Err(error) = restart::all_servers(pool).await {
            // What did not come back is for the judge to find; it looks for itself.
            say(&format!("not everything came back by itself: {error}"));
        }
        judgement.extend(judge("after the last restart", AFTER_RESTART).await);
    }
    Ok(judgement)
}

/// Asks for the upgrade once more: there must be nothing to do, and nothing may be touched.
async fn asked_again(
    stage: &Stage<'_>,
    order: &Order<'_>,
    shell: &Arc<dyn Shell>,
    expected: &Expected,
) -> Result<Judgement, DirectorError> {
    let before = Baseline::capture(&**shell, expected).await;
    let performance = perform(order, "again", stage.artifacts, stage.cancelled, stage.say).await?;
    let mut judgement = verdict_on_second_order(&performance);
    judgement.extend(before.unchanged(shell.clone(), expected, "asked again").await);
    Ok(judgement)
}

fn keep_json(artifacts: &Artifacts, name: &str, value: &impl serde::Serialize) -> Result<(), DirectorError> {
    let text = serde_json::to_string(value).unwrap_or_else(|error| format!("\"{error}\""));
    artifacts.write(name, &text)?;
    Ok(())
}

fn report(
    stage: &Stage<'_>,
    performance: &Performance,
    longest_stall: Option<Duration>,
    judgement: Judgement,
    [before, after]: [&Baseline; 2],
) -> Report {
    let Stage { scenario, artifacts, seed, .. } = stage;
    let exit = performance.exit.map_or("ended by a signal".to_owned(), |exit| exit.to_string());
    let versions = scenario.servers.iter().map(|server| HostVersions {
        host: server.name.clone(),
        before: before.release(&server.name),
        after: after.release(&server.name),
    });
    Report {
        format: report::FORMAT,
        verdict: judgement.verdict(),
        scenario: scenario.name.clone(),
        description: scenario.about.clone(),
        seed: scenario.workload.as_ref().map(|_| *seed),
        started: Timestamp::now(),
        duration: Duration::ZERO,
        executor: format!("{exit}, {}", performance.last_word()),
        versions: versions.collect(),
        longest_stall,
        judgement,
        notes: Vec::new(),
        artifacts: artifacts.folder().to_owned(),
        repeat: format!("simulator run {} --seed {seed}", scenario.path.display()),
    }
}
