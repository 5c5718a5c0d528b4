//! What the oracle is told to expect, worked out from the scenario; and the verdict on the executor's own end.

use std::collections::{BTreeMap, BTreeSet};

use executor::core::event::Event;
use executor::core::finding::Finding;

use super::load::Truths;
use super::{DirectorError, Performance, Stage};
use crate::oracle::{self, Expected, ExpectedVolume, Judge, Judgement, Stored, Verdict};
use crate::pool::{self, NodeSpec, Pool, VolumeKind, VolumeSpec};
use crate::scenario::{Outcome, Scenario};

/// Returns the containers of a pool's nodes, by their names.
pub fn containers(pool: &Pool) -> BTreeMap<String, String> {
    pool.nodes().map(|node| (node.name.clone(), node.container.clone())).collect()
}

/// Returns what must hold of the pool when its servers are at these releases.
///
/// The op-version is the one of the oldest of them: it is raised when the last server has left it.
pub(super) fn expected(
    stage: &Stage<'_>,
    pool: &Pool,
    releases: BTreeMap<String, String>,
    truths: &Truths,
) -> Result<Expected, DirectorError> {
    let Stage { scenario, catalog, .. } = stage;
    let op_versions = releases.values().map(|release| {
        scenario.op_version(catalog, release).ok_or_else(|| DirectorError::OpVersion(release.clone()))
    });
    let op_version = op_versions.collect::<Result<Vec<_>, _>>()?.into_iter().min().unwrap_or_default();
    let mut volumes = expected_volumes(&scenario.volumes, &scenario.servers);
    for volume in &mut volumes {
        volume.truth = truths.get(&volume.name).cloned();
    }
    Ok(Expected {
        releases,
        op_version,
        volumes,
        client: pool.clients().first().map(|client| client.name.clone()),
        stored: Stored::Alike,
        allowances: scenario.expect.lost_options.clone(),
    })
}

/// Returns what the oracle must find of these volumes on these servers; what was written to them is not known here.
pub fn expected_volumes(volumes: &[VolumeSpec], servers: &[NodeSpec]) -> Vec<ExpectedVolume> {
    let brick = |brick: pool::Brick| oracle::Brick { host: brick.server, path: brick.path };
    volumes
        .iter()
        .map(|volume| ExpectedVolume {
            name: volume.name.clone(),
            kind: kind(volume.kind),
            bricks: volume.bricks(servers).into_iter().map(brick).collect(),
            truth: None,
        })
        .collect()
}

fn kind(kind: VolumeKind) -> oracle::VolumeKind {
    match kind {
        VolumeKind::Replica { count } => oracle::VolumeKind::Replicate { replica: count, arbiter: 0 },
        VolumeKind::Arbiter => oracle::VolumeKind::Replicate { replica: 3, arbiter: 1 },
        VolumeKind::Disperse { data, redundancy } => oracle::VolumeKind::Disperse { data, redundancy },
        VolumeKind::Distribute => oracle::VolumeKind::Distribute,
    }
}

/// Judges how the executor ended. What it says of the pool counts for nothing here.
pub(super) fn verdict_on_executor(scenario: &Scenario, performance: &Performance) -> Judgement {
    let mut judge = Judge::new("the executor");
    let outcome = scenario.expect.outcome;
    let (word, code) = match outcome {
        Outcome::Upgraded => ("upgraded", outcome.exit_code()),
        Outcome::Halted => ("halted", outcome.exit_code()),
        Outcome::Refused => ("refused", outcome.exit_code()),
    };
    let exit = performance.exit.map_or("a signal".to_owned(), |code| code.to_string());
    let found = format!("exit code {exit}, {}", performance.last_word());
    judge.equal("it ends as it should", "executor", &format!("exit code {code}, {word}"), Ok(found));
    let garbled = Ok(performance.garbled.clone());
    judge.none_wrong(
        "its events can be read",
        "executor",
        "JSON lines of the known format",
        garbled,
        "all read",
    );
    if outcome != Outcome::Upgraded {
        let expected = &scenario.expect.findings;
        let found = named(performance);
        let verdict = if found == *expected { Verdict::Pass } else { Verdict::Fail };
        judge.assert("it names its findings, all of them", "executor", verdict, list(expected), list(&found));
    }
    judge.done()
}

/// Returns what it halted or refused with, as CODE:SUBJECT.
fn named(performance: &Performance) -> BTreeSet<String> {
    let name = |finding: &Finding| format!("{}:{}", finding.code, finding.subject);
    let of = |findings: &[Finding]| findings.iter().map(name).collect();
    performance
        .events
        .iter()
        .rev()
        .find_map(|record| match &record.event {
            Event::Halted { findings, .. } | Event::Refused { findings } => Some(of(findings)),
            Event::RunStarted { .. }
            | Event::NothingToDo
            | Event::RunResumed { .. }
            | Event::GateWaiting { .. }
            | Event::GatePassed { .. }
            | Event::Noted { .. }
            | Event::StepStarted { .. }
            | Event::StepActed { .. }
            | Event::StepFinished { .. }
            | Event::StepFailed { .. }
            | Event::RunFinished => None,
        })
        .unwrap_or_default()
}

fn list(findings: &BTreeSet<String>) -> String {
    if findings.is_empty() {
        return "none".to_owned();
    }
    findings.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Judges the executor's answer when it is asked for the same upgrade once more.
pub(super) fn verdict_on_second_order(performance: &Performance) -> Judgement {
    let mut judge = Judge::new("asked again");
    let exit = performance.exit.map_or("a signal".to_owned(), |code| code.to_string());
    let found = format!("exit code {exit}, {}", performance.last_word());
    judge.equal("it has nothing to do", "executor", "exit code 0, nothing to do", Ok(found));
    judge.done()
}
