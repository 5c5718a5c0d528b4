//! What the oracle is told to expect, worked out from the scenario; and the verdict on the executor's own end.

use std::collections::{BTreeMap, BTreeSet};

use executor::core::event::Event;
use executor::core::finding::{Code, Finding};

use super::faults::STRIKES;
use super::lives::Lives;
use super::load::Truths;
use super::{DirectorError, Performance};
use crate::images::Catalog;
use crate::oracle::{self, Expected, ExpectedUsers, ExpectedVolume, Judge, Judgement, Stored, Verdict};
use crate::pool::{self, NodeSpec, Pool, VolumeKind, VolumeSpec};
use crate::scenario::{Order, Outcome, Scenario, Standing, Which};

/// Returns the containers of a pool's nodes, by their names.
pub fn containers(pool: &Pool) -> BTreeMap<String, String> {
    pool.nodes().map(|node| (node.name.clone(), node.container.clone())).collect()
}

/// Returns what must hold of a pool where it stands so.
pub(super) fn expected(
    scenario: &Scenario,
    catalog: &Catalog,
    which: Which,
    standing: Standing,
    truths: &Truths,
) -> Result<Expected, DirectorError> {
    let Standing { releases, op_version_of, set_since } = standing;
    let op_version = scenario.op_version(catalog, &op_version_of);
    let op_version = op_version.ok_or(DirectorError::OpVersion(op_version_of))?;
    let part = scenario.part(which).unwrap_or(&scenario.pool);
    let mut volumes = expected_volumes(&part.volumes, &part.servers);
    for volume in &mut volumes {
        let written = match which {
            Which::Pool => Some(&volume.name),
            // What is written to the primary volume is what must be found here.
            Which::Secondary => {
                let session = scenario.sessions.iter().find(|session| session.secondary == volume.name);
                session.map(|session| &session.primary)
            }
        };
        volume.truth = written.and_then(|volume| truths.get(volume)).cloned();
        if let (Which::Pool, Some(truth)) = (which, &mut volume.truth) {
            let here = scenario.applications.iter().filter(|application| application.volume == volume.name);
            truth.busy.extend(here.filter_map(pool::Application::writes));
        }
        if let (Which::Secondary, Some(_), Some(truth)) =
            (which, &scenario.expect.old_names, &mut volume.truth)
        {
            truth.in_doubt.extend(std::mem::take(&mut truth.gone));
        }
    }
    Ok(Expected {
        releases,
        op_version,
        out: BTreeMap::new(),
        volumes,
        client: scenario.clients.first().map(|client| client.node.name.clone()),
        stored: Stored::Alike,
        set_since,
        allowances: scenario.expect.lost_options.clone(),
    })
}

/// Returns what must be found of the users of volumes on each host, after so many orders.
pub(super) fn expected_users(scenario: &Scenario, orders: usize) -> BTreeMap<String, ExpectedUsers> {
    let standing = scenario.standing(Which::Pool, orders);
    let mut users: BTreeMap<String, ExpectedUsers> = BTreeMap::new();
    let mut host = |name: &str| {
        let client = scenario.clients.iter().find(|client| client.node.name == name);
        let release = match client {
            None => standing.releases.get(name).cloned().unwrap_or_default(),
            Some(client) => scenario.client_release(client, orders),
        };
        let programs = scenario.applications.iter().filter(|application| application.host == name);
        let programs = programs.map(|application| application.program.process().to_owned()).collect();
        users.insert(name.to_owned(), ExpectedUsers { release, programs });
    };
    scenario.clients.iter().for_each(|client| host(&client.node.name));
    scenario.mounts.iter().for_each(|mount| host(&mount.host));
    scenario.applications.iter().for_each(|application| host(&application.host));
    users
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
pub(super) fn verdict_on_executor(order: &Order, phase: &str, performance: &Performance) -> Judgement {
    let mut judge = Judge::new(phase);
    let outcome = order.outcome;
    let (word, code) = (outcome.word(), outcome.exit_code());
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
    if let Some(says) = &order.says {
        let error = error(performance);
        let said = error.is_some_and(|error| error.contains(says));
        let verdict = if said { Verdict::Pass } else { Verdict::Fail };
        judge.assert("it says why it failed", "executor", verdict, says, error.unwrap_or("no step failed"));
    }
    if matches!(outcome, Outcome::Halted | Outcome::Refused) {
        let expected = &order.findings;
        let found = named(performance);
        let may_be = |found: &String| {
            expected.contains(found) || order.may_find.iter().any(|code| is_of(found, *code))
        };
        let well = expected.is_subset(&found) && found.iter().all(may_be);
        let verdict = if well { Verdict::Pass } else { Verdict::Fail };
        judge.assert("it names its findings, all of them", "executor", verdict, list(expected), list(&found));
    }
    judge.done()
}

/// Returns why a step failed, where one did.
fn error(performance: &Performance) -> Option<&str> {
    performance.events.iter().rev().find_map(|record| match &record.event {
        Event::StepFailed { error, .. } => Some(error.as_str()),
        _ => None,
    })
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
            | Event::InventoryNoted { .. }
            | Event::PauseAsked { .. }
            | Event::Paused { .. }
            | Event::RunFinished => None,
        })
        .unwrap_or_default()
}

/// Returns whether a finding, as CODE:SUBJECT, has this code.
fn is_of(finding: &str, code: Code) -> bool {
    finding.split_once(':').is_some_and(|(found, _)| found == code.as_str())
}

fn list(findings: &BTreeSet<String>) -> String {
    if findings.is_empty() {
        return "none".to_owned();
    }
    findings.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Judges whether an executor that was to be killed at every event was: at least once for every step of its plan.
pub(super) fn verdict_on_kills(phase: &str, lives: &Lives) -> Judgement {
    let steps = lives.performance.events.iter().find_map(|record| {
        if let Event::RunStarted { plan, .. } = &record.event { Some(plan.steps().count()) } else { None }
    });
    let struck = steps.is_some_and(|steps| steps > 0 && lives.killed > steps);
    let verdict = if struck { Verdict::Pass } else { Verdict::Unknown };
    let expected = format!("killed at every event of {} steps", steps.unwrap_or_default());
    let mut judge = Judge::new(phase);
    judge.assert(STRIKES, "executor", verdict, expected, format!("killed {} times", lives.killed));
    judge.done()
}

/// Judges the executor's answer when it is asked for the same upgrade once more.
pub(super) fn verdict_on_second_order(performance: &Performance) -> Judgement {
    let mut judge = Judge::new("asked again");
    let exit = performance.exit.map_or("a signal".to_owned(), |code| code.to_string());
    let found = format!("exit code {exit}, {}", performance.last_word());
    judge.equal("it has nothing to do", "executor", "exit code 0, nothing to do", Ok(found));
    judge.done()
}
