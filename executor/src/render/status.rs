//! The status: servers in a table, findings, and how far the last run came.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Table, presets};

use super::Commands;
use super::findings::findings;
use super::halt::{action_of, gate_words};
use super::pause::{pausing, standing_at, tree_here};
use super::plan::aim;
use super::safety::{in_downtime, safety};
use super::wait::{look_line, when};
use super::{hanging, printable};
use crate::core::event::{Event, GateKind};
use crate::core::finding::Finding;
use crate::core::names::{HostName, Release};
use crate::core::pool::{HostState, Observed, PoolState, Reach};
use crate::core::resume::Progress;

/// The last run of a pool, as its state folder tells of it.
#[derive(Debug, Clone, Copy)]
pub struct LastRun<'a> {
    /// Its name.
    pub name: &'a str,
    /// How far it came.
    pub progress: &'a Progress,
    /// The live process that holds it, in words.
    pub held_by: Option<&'a str>,
    /// Whether it is asked to pause.
    pub asked_to_pause: bool,
    /// What is torn at the end of its journal, in words.
    pub torn: Option<&'a str>,
}

/// Returns how the pool stands, and how far its last run came.
pub fn status(
    state: &PoolState,
    found: &[Finding],
    last: Option<&LastRun<'_>>,
    to: Option<Release>,
    commands: Option<&Commands>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["server", "release", "op-version", "glusterd", ""]);
    for (host, host_state) in &state.hosts {
        table.add_row(row(host, host_state, to));
    }
    let mut text = format!("{}\n\n", table.trim_fmt());
    if found.is_empty() {
        text.push_str("the pool is well: no finding\n");
    } else {
        text.push_str("findings\n");
        text.push_str(&findings(found));
    }
    text.push_str(&claims(state));
    if let Some(progress) = last.map(|last| last.progress).filter(|progress| in_downtime(progress)) {
        let volumes: Vec<&str> =
            progress.plan.stopped_volumes().iter().map(|volume| volume.as_str()).collect();
        let _ = writeln!(
            text,
            "\nDOWNTIME: the run below stops {} and has not started all of them again",
            volumes.join(", ")
        );
    }
    match last {
        None => text.push_str("\nno run of this pool is known here\n"),
        Some(last) => text.push_str(&last_run(last, commands)),
    }
    printable(text)
}

/// Returns how the last run stands: who holds it, how far it came, what is in doubt, what is safe, what to type.
fn last_run(last: &LastRun<'_>, commands: Option<&Commands>) -> String {
    let LastRun { name, progress, held_by, asked_to_pause, torn } = last;
    if progress.complete {
        return format!("\nthe last run, {name}, {}, is FINISHED{}\n", aim(&progress.plan), at(progress));
    }
    let (stood, gate) = standing(progress, *held_by);
    let mut text = String::from("\n");
    let begun = progress.trail.began.map_or_else(String::new, |at| format!(", begun {}", when(at)));
    let head = format!("the last run, {name}, {}{begun}, {stood}", aim(&progress.plan));
    let _ = writeln!(text, "{}\n", hanging("", &head));
    text.push_str(&tree_here(progress));
    if let (Some(_), Some(look)) = (held_by, progress.trail.looks.last()) {
        let words = gate_words(&progress.plan, look.step, look.gate);
        let _ = writeln!(text, "\nit waits at step {}, {words}; what it saw last:", look.step);
        text.push_str(&look_line(look.at, &look.findings));
    }
    if let Some(step) = progress.in_doubt.filter(|_| held_by.is_none()) {
        let action = action_of(&progress.plan, step);
        let line = format!(
            "in doubt: step {step}, {action}, was begun and is not known to be finished: done, half done or not \
             begun. Going on looks before it acts."
        );
        let _ = writeln!(text, "\n{}", hanging("", &line));
    }
    if let Some(torn) = torn.filter(|_| held_by.is_none()) {
        let line = format!("{torn}. Nothing was done by it; going on drops it.");
        let _ = writeln!(text, "\n{}", hanging("the journal is torn at its end: ", &line));
    }
    if let Some(step) = standing_at(progress) {
        text.push_str("\nhow the pool stands by what the run did:\n");
        for line in safety(progress, step, gate) {
            let _ = writeln!(text, "{}", hanging("  - ", &line));
        }
    }
    if held_by.is_some() && *asked_to_pause {
        let _ = write!(text, "\nit is asked to pause. {}", pausing(progress));
    }
    text.push_str(&next(last, commands));
    text
}

/// In a word or two how an unfinished run stands, and at which gate for what is safe.
fn standing(progress: &Progress, held_by: Option<&str>) -> (String, GateKind) {
    let in_doubt = if progress.in_doubt.is_some() { GateKind::Leave } else { GateKind::Enter };
    if let Some(holder) = held_by {
        return (
            format!("is RUNNING: {holder} holds it; its last record is of {}", last_word(progress)),
            in_doubt,
        );
    }
    match &progress.stopped {
        Some(Event::Halted { step, gate, .. }) => {
            let words = gate_words(&progress.plan, *step, *gate);
            (format!("HALTED at step {step}, {words}{}; no process holds it", at(progress)), *gate)
        }
        Some(Event::StepFailed { step, .. }) => {
            let action = action_of(&progress.plan, *step);
            (format!("FAILED at step {step}, {action}{}; no process holds it", at(progress)), GateKind::Leave)
        }
        Some(Event::Paused { step }) => {
            (format!("is PAUSED before step {step}{}; no process holds it", at(progress)), GateKind::Enter)
        }
        // Nothing else stops a run and tells of it.
        Some(_) | None => {
            let words = "was ENDED FROM OUTSIDE: no process holds it; its last record is of";
            (format!("{words} {}", last_word(progress)), in_doubt)
        }
    }
}

/// When the last record was written.
fn at(progress: &Progress) -> String {
    progress.trail.last.map_or_else(String::new, |at| format!(", at {}", when(at)))
}

fn last_word(progress: &Progress) -> String {
    progress.trail.last.map_or_else(|| "an unknown time".to_owned(), when)
}

/// What to type.
fn next(last: &LastRun<'_>, commands: Option<&Commands>) -> String {
    let Some(commands) = commands else { return String::new() };
    match (last.held_by, last.asked_to_pause) {
        (Some(_), true) => "\nnext: wait until it has stopped\n".to_owned(),
        (Some(_), false) => {
            format!("\nnext: let it run; to have it stop where nothing is out: {}\n", commands.pause)
        }
        (None, _) => format!("\nnext: {}\n", commands.resume),
    }
}

/// Returns which servers are claimed, by which run.
fn claims(state: &PoolState) -> String {
    let mut by_run: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (host, found) in &state.hosts {
        let said = match found.claim.known() {
            Ok(None) => continue,
            Ok(Some(claim)) => claim.to_string(),
            Err(reason) => format!("whether a run has claimed it is unknown: {reason}"),
        };
        by_run.entry(said).or_default().push(host.as_str());
    }
    let mut text = String::new();
    for (said, hosts) in by_run {
        let _ = writeln!(text, "\n{}", hanging(&format!("{}: ", hosts.join(", ")), &said));
    }
    text
}

fn row(host: &HostName, state: &HostState, to: Option<Release>) -> [String; 5] {
    if let Reach::NotReached { reason, .. } = &state.reach {
        let unknown = || "unknown".to_owned();
        return [host.to_string(), unknown(), unknown(), unknown(), format!("not reached: {reason}")];
    }
    let release =
        text(&state.release, |release| release.map_or("none".to_owned(), |release| release.to_string()));
    let op_version = text(&state.glusterd_info, |info| info.op_version.to_string());
    let glusterd =
        text(&state.processes, |processes| if processes.glusterd > 0 { "up" } else { "down" }.to_owned());
    let note = match (to, state.release.known()) {
        (Some(to), Ok(Some(now))) if *now == to => "at the target".to_owned(),
        (Some(to), Ok(Some(_))) => format!("not at {to} yet"),
        _ => String::new(),
    };
    [host.to_string(), release, op_version, glusterd, note]
}

fn text<T>(fact: &Observed<T>, show: impl FnOnce(&T) -> String) -> String {
    fact.known().map_or_else(|_| "unknown".to_owned(), show)
}
