//! The status: servers in a table, findings, and how far the last run came.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Table, presets};

use super::Commands;
use super::findings::findings;
use super::halt::in_downtime;
use super::hanging;
use super::plan::{aim, progress as run_progress};
use crate::core::event::Event;
use crate::core::finding::Finding;
use crate::core::names::{HostName, Release};
use crate::core::pool::{HostState, Observed, PoolState, Reach};
use crate::core::resume::Progress;

/// Returns how the pool stands, and how far its last run came.
pub fn status(
    state: &PoolState,
    found: &[Finding],
    last: Option<&Progress>,
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
    if let Some(progress) = last.filter(|progress| in_downtime(progress)) {
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
        Some(progress) if progress.complete => {
            let _ = writeln!(text, "\nthe last run, {}, is finished", aim(&progress.plan));
        }
        Some(progress) => {
            let stood = match &progress.stopped {
                Some(Event::Halted { step, .. }) => format!("halted at step {step}"),
                Some(Event::StepFailed { step, .. }) => format!("failed at step {step}"),
                _ => "did not end: it is alive, or was ended from outside".to_owned(),
            };
            let _ = writeln!(text, "\nthe last run, {}, {stood}\n", aim(&progress.plan));
            text.push_str(&run_progress(progress));
            if let Some(commands) = commands {
                let _ = writeln!(text, "\nnext: {}", commands.resume);
            }
        }
    }
    text
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
