//! The plan as it is shown: a table of servers, then the tree of steps with their gates.

use std::fmt::Write as _;

use comfy_table::{Table, presets};

use super::findings::findings;
use super::packages::packages;
use super::{hanging, printable};
use crate::core::check::{Check, frozen, well};
use crate::core::finding::HAND_PATIENCE_SECONDS;
use crate::core::names::HostName;
use crate::core::plan::{Direction, Gate, Last, Plan, Procedure, StageKind, Step};
use crate::core::resume::Progress;

/// Where a step stands, in the tree of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A plan that is only shown.
    None,
    /// The step is finished.
    Done,
    /// The run stands here.
    Here,
    /// The step was not begun.
    NotReached,
}

impl Mark {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Done => "  [done]",
            Self::Here => "  <-- HERE",
            Self::NotReached => "  [not reached]",
        }
    }
}

/// Returns the whole plan: table, tree, what is waived, what is left to do, and the next command.
pub fn plan(plan: &Plan, next: &str) -> String {
    let mut text = heading(plan);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["server", "now", "then", ""]);
    for row in &plan.servers {
        let note = if row.out {
            "gluster is down here already: its turn comes first"
        } else if row.now == row.then {
            match plan.procedure {
                Procedure::Online => "no turn",
                Procedure::Offline => "only stopped and started",
            }
        } else {
            match row.last {
                Some(Last::RunsThis) => "this program runs here: its turn comes last",
                Some(Last::LeadsToOthers) => "others are reached through it: its turn comes last",
                None => "",
            }
        };
        table.add_row([row.host.to_string(), row.now.to_string(), row.then.to_string(), note.to_owned()]);
    }
    for row in &plan.clients {
        table.add_row([row.host.to_string(), row.now.to_string(), row.then.to_string(), "client".to_owned()]);
    }
    let (now, then) = (plan.op_version_now.to_string(), plan.op_version_then.to_string());
    table.add_row([
        "op-version",
        now.as_str(),
        then.as_str(),
        if plan.op_version_kept { "kept" } else { "" },
    ]);
    text.push_str(&table.trim_fmt());
    text.push_str("\n\n");
    for (name, checks) in terms() {
        let means: Vec<String> = checks.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{}", hanging(&format!("\"{name}\" means: "), &means.join(", ")));
    }
    let by_hand = format!(
        "whatever a gate's patience, a server, a brick or a daemon that is away is waited for {} at most",
        duration(HAND_PATIENCE_SECONDS)
    );
    let _ = writeln!(text, "{}", hanging("", &by_hand));
    if !plan.baseline.known_entries.is_empty() {
        let _ = writeln!(text, "\"{}\" leaves out the entries waived as stale below", Check::NothingToHeal);
    }
    text.push('\n');
    text.push_str(&packages(&plan.transactions));
    text.push_str(&tree(plan, |_| Mark::None));
    if !plan.waived.is_empty() {
        text.push_str("\nwaived, in the open and recorded in the journal\n");
        for finding in &plan.waived {
            let _ = writeln!(text, "{}", hanging("  - ", &finding.to_string()));
        }
    }
    text.push_str(&advice(plan));
    text.push_str(&kept(plan));
    text.push_str(&way_back(plan));
    text.push_str(&left_to_do(plan));
    let _ = writeln!(text, "\nnext: {next}");
    printable(text)
}

/// Returns what does not stand in the way, and what it means.
pub(super) fn advice(plan: &Plan) -> String {
    if plan.advice.is_empty() { String::new() } else { format!("\nto know\n{}", findings(&plan.advice)) }
}

fn heading(plan: &Plan) -> String {
    if plan.stages.iter().all(|stage| stage.kind == StageKind::Finish) {
        return format!("Finish the upgrade to glusterfs {}: only the op-version is raised.\n\n", plan.to);
    }
    let how = match plan.procedure {
        Procedure::Online => "online: one server at a time, the others carrying its data",
        Procedure::Offline => "offline: all servers together, with a downtime for all volumes",
    };
    match plan.direction {
        Direction::Up => format!("Upgrade to glusterfs {}, {how}.\n\n", plan.to),
        Direction::Back if plan.only.is_empty() => format!("Going back to glusterfs {}, {how}.\n\n", plan.to),
        Direction::Back => {
            let only: Vec<&str> = plan.only.iter().map(HostName::as_str).collect();
            format!("Going back to glusterfs {} on {} only, {how}.\n\n", plan.to, only.join(", "))
        }
    }
}

/// Returns where a run leads, as the end of a sentence.
pub(super) fn aim(plan: &Plan) -> String {
    match plan.direction {
        Direction::Up => format!("to glusterfs {}", plan.to),
        Direction::Back => format!("back to glusterfs {}", plan.to),
    }
}

/// What going back does and what it does not.
fn way_back(plan: &Plan) -> String {
    match plan.direction {
        Direction::Up => return String::new(),
        Direction::Back => {}
    }
    let what = format!(
        "the op-version is {} on every server, with which {} starts. Packages go back; /var/lib/glusterd is restored from \
         no copy: {} goes on with what is stored. Configuration files that you edited stay. The upgrade from before is \
         over with this: `executor resume` goes on with the way back.",
        plan.op_version_now, plan.to, plan.to
    );
    format!("\n{}\n", hanging("the way back: ", &what))
}

/// What keeping the op-version means, and how to raise it another day.
fn kept(plan: &Plan) -> String {
    if !plan.op_version_kept {
        return String::new();
    }
    let what = format!(
        "the op-version stays at {}: going back to the old release stays possible, and clients of both \
         releases can mount. Once you are content, `executor finalize` with the same inventory raises it.",
        plan.op_version_then
    );
    format!("\n{}\n", hanging("kept: ", &what))
}

/// Returns the tree of stages and steps, each step with a mark.
pub(super) fn tree(plan: &Plan, mark: impl Fn(u32) -> Mark) -> String {
    let mut text = String::new();
    let turns = plan.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Turn(_))).count();
    let mut turn = 0;
    for stage in &plan.stages {
        match &stage.kind {
            StageKind::Packages => {
                let _ = writeln!(text, "packages, on every host before the first one is touched");
            }
            StageKind::Prepare => {
                let on = match plan.direction {
                    Direction::Up => ", on the old release",
                    Direction::Back => "",
                };
                let _ = writeln!(text, "prepare{on}, with all bricks online");
                for finding in &plan.answered {
                    let _ = writeln!(text, "{}", hanging("     because ", &finding.to_string()));
                }
                let note =
                    "mounted clients go on; new mounts and volume commands wait while glusterd is down";
                let _ = writeln!(text, "{}", hanging("     meanwhile ", note));
            }
            StageKind::StopReplication => {
                let _ = writeln!(text, "stop geo-replication, before the first server is touched");
            }
            StageKind::StartReplication => {
                let _ = writeln!(text, "start geo-replication again, and prove that it copies");
            }
            StageKind::Downtime => text.push_str(&downtime_begins(plan)),
            StageKind::Turn(host) => {
                turn += 1;
                let _ = writeln!(text, "turn {turn} of {turns}: {host}");
            }
            StageKind::Clients(hosts) => {
                let names: Vec<&str> = hosts.iter().map(HostName::as_str).collect();
                let many = if hosts.len() > 1 { "clients, together" } else { "client" };
                let _ = writeln!(text, "{many}: {}", names.join(", "));
            }
            StageKind::Finish => {
                let _ = writeln!(text, "finish (no way back after this)");
            }
        }
        for step in &stage.steps {
            text.push_str(&step_lines(step, mark(step.id)));
        }
        if stage.kind == StageKind::Downtime {
            let _ = writeln!(text, "DOWNTIME ENDS HERE; the volumes are served again");
        }
    }
    text
}

/// Says where the downtime begins, what is not served in it, and what comes first.
fn downtime_begins(plan: &Plan) -> String {
    let volumes = plan.stopped_volumes();
    let mut text = String::from("DOWNTIME BEGINS HERE: the clients go, then the volumes are stopped\n");
    let names: Vec<&str> = volumes.iter().map(|volume| volume.as_str()).collect();
    let what = match &names[..] {
        [] => "nothing: no volume is started".to_owned(),
        names => format!("{}: nobody can read, write or mount", names.join(", ")),
    };
    let _ = writeln!(text, "{}", hanging("     not served ", &what));
    let _ = writeln!(
        text,
        "{}",
        hanging(
            "     clients    ",
            "those that no step below unmounts are waited for: unmount them, and stop their applications"
        )
    );
    for finding in &plan.answered {
        let _ = writeln!(text, "{}", hanging("     because    ", &finding.to_string()));
    }
    text
}

fn step_lines(step: &Step, mark: Mark) -> String {
    let Step { id, action, enter, reenter: _, leave } = step;
    let mut text = format!("{}\n", hanging(&format!("{id:>4}  "), &format!("{action}{}", mark.as_str())));
    // In the tree of a run, gates matter only where it stands.
    if matches!(mark, Mark::Done | Mark::NotReached) {
        return text;
    }
    for (when, gate) in [("enter when ", enter), ("leave when ", leave)] {
        if !gate.checks.is_empty() {
            let _ = writeln!(text, "{}", hanging(&format!("        {when}"), &gate_text(gate)));
        }
    }
    text
}

/// What is asked at almost every gate, under a name that the plan explains once.
fn terms() -> [(&'static str, Vec<Check>); 2] {
    [("the pool is well", well()), ("nothing reconfigured", frozen())]
}

fn gate_text(gate: &Gate) -> String {
    let Gate { checks, patience_seconds, settle } = gate;
    let mut named = Vec::new();
    let mut rest: Vec<&Check> = checks.iter().collect();
    for (name, together) in terms() {
        if together.iter().all(|check| checks.contains(check)) {
            named.push(name.to_owned());
            rest.retain(|check| !together.contains(check));
        }
    }
    let checks: Vec<String> = named.into_iter().chain(rest.into_iter().map(ToString::to_string)).collect();
    let settle = if *settle > 1 { format!(", {settle} looks in a row") } else { String::new() };
    format!("{} (within {}{settle})", checks.join(", "), duration(*patience_seconds))
}

/// Returns how far a run came, and what is left of it.
pub fn progress(progress: &Progress) -> String {
    let here = progress.in_doubt;
    printable(tree(&progress.plan, |id| match here {
        Some(step) => mark(progress, step, id),
        None => mark(progress, 0, id),
    }))
}

pub(super) fn mark(progress: &Progress, here: u32, id: u32) -> Mark {
    if progress.finished.contains(&id) {
        Mark::Done
    } else if id == here {
        Mark::Here
    } else {
        Mark::NotReached
    }
}

/// Returns the report of a run that came to its end.
pub fn finished(plan: &Plan) -> String {
    let (to, op_version) = (plan.to, plan.op_version_then);
    let stays = plan.servers.iter().any(|row| row.then != to);
    let mut text = match plan.direction {
        Direction::Up => {
            format!("\nDONE: every server runs glusterfs {to}, op-version {op_version}; the pool is well.\n")
        }
        Direction::Back if stays => {
            let back: Vec<&str> = plan.only.iter().map(HostName::as_str).collect();
            format!(
                "\nDONE: {} went back to glusterfs {to}; the pool is well, op-version {op_version}, and runs two releases.\n",
                back.join(", ")
            )
        }
        Direction::Back => format!(
            "\nDONE: the pool went back: every server runs glusterfs {to}, op-version {op_version}; the pool is well.\n"
        ),
    };
    text.push_str(&kept(plan));
    text.push_str(&left_to_do(plan));
    printable(text)
}

fn left_to_do(plan: &Plan) -> String {
    let mut text = String::new();
    if !plan.left_to_do.is_empty() {
        text.push_str(match plan.direction {
            Direction::Up => "\nleft to you, after the servers\n",
            Direction::Back => "\nleft to you\n",
        });
        for line in &plan.left_to_do {
            let _ = writeln!(text, "{}", hanging("  - ", line));
        }
    }
    text
}

/// Returns a duration as people say it.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        s if s >= 3600 && s % 3600 == 0 => format!("{}h", s / 3600),
        s if s >= 60 && s % 60 == 0 => format!("{}m", s / 60),
        s if s >= 120 => format!("{}m {}s", s / 60, s % 60),
        s => format!("{s}s"),
    }
}
