//! Halts and failures, written for somebody tired: what, where, what is safe now, what to type.

use std::fmt::Write as _;

use super::findings::findings;
use super::places::{places, places_of};
use super::plan::{mark, tree};
use super::wait::{last_looks, waited, when};
use super::{hanging, printable};
use crate::core::event::GateKind;
use crate::core::finding::{Code, Finding, Ground};
use crate::core::names::{HostName, VolumeName};
use crate::core::pause::may_pause_before;
use crate::core::plan::{Action, Direction, Plan, StageKind, Step};
use crate::core::resume::Progress;

/// The commands to name, made for this inventory and target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// Looks at the pool and the run.
    pub status: String,
    /// Goes on with the run.
    pub resume: String,
    /// Plans anew from what the pool shows.
    pub plan: String,
    /// Asks a live run to stop where nothing is out.
    pub pause: String,
}

/// Returns the report of a run that halted at a gate.
pub fn halt(
    progress: &Progress,
    step: u32,
    gate: GateKind,
    found: &[Finding],
    waited_seconds: u64,
    commands: &Commands,
) -> String {
    let plan = &progress.plan;
    let mut text = standing(progress, step);
    let words = gate_words(plan, step, gate);
    let head = format!("HALTED at step {step}, {words}{}.", waited(progress, waited_seconds));
    let waited_for = if waited_seconds > 0 { "waited for, in vain:" } else { "what stands in the way:" };
    let _ = writeln!(text, "{}\n\n{waited_for}", hanging("", &head));
    text.push_str(&findings(found));
    text.push_str(&last_looks(progress, step, gate));
    text.push_str(&places(found));
    let of_claims = || found.iter().filter(|finding| finding.code == Code::UpgradeClaimed);
    if of_claims().any(|finding| finding.ground == Ground::Seen) {
        text.push_str(&superseded(progress, step, gate, commands));
    } else {
        let held = of_claims().next().is_none();
        text.push_str(&ending(progress, step, gate, (MEND, held), commands));
    }
    printable(text)
}

/// Returns the report of a run whose step failed, or may have.
pub fn failure(progress: &Progress, step: u32, error: &str, commands: &Commands) -> String {
    let action = action_of(&progress.plan, step);
    let mut text = standing(progress, step);
    let at = progress.trail.last.map_or_else(String::new, |at| format!(", at {}", when(at)));
    let _ = writeln!(text, "{}\n", hanging("", &format!("FAILED at step {step}, {action}{at}.")));
    for line in error.lines() {
        let _ = writeln!(text, "{}", hanging("  ", line));
    }
    if let Some(planned) = progress.plan.steps().find(|other| other.id == step) {
        text.push_str(&places_of(&planned.action));
    }
    text.push_str(&ending(progress, step, GateKind::Leave, (SEE, true), commands));
    printable(text)
}

/// Where the run stands. First, since the last lines on a screen are the ones that are read.
pub(super) fn standing(progress: &Progress, step: u32) -> String {
    format!("where the run stands:\n{}\n", tree(&progress.plan, |id| mark(progress, step, id)))
}

/// Returns the report of a run that the operator interrupted.
pub fn interrupted(progress: &Progress, commands: &Commands) -> String {
    let next = progress.plan.steps().find(|step| !progress.finished.contains(&step.id));
    let Some(step) = progress.in_doubt.or(next.map(|step| step.id)) else {
        return "INTERRUPTED after the last step; nothing is left to do.\n".to_owned();
    };
    let mut text = standing(progress, step);
    let action = action_of(&progress.plan, step);
    let (what, gate) = match progress.in_doubt {
        Some(_) => ("in doubt: it was begun, and may be done, half done or not begun", GateKind::Leave),
        None => ("not begun", GateKind::Enter),
    };
    let _ = writeln!(text, "INTERRUPTED at step {step}, {action}: {what}.");
    text.push_str(&ending(progress, step, gate, ("", true), commands));
    printable(text)
}

pub(super) fn action_of(plan: &Plan, step: u32) -> String {
    plan.steps().find(|other| other.id == step).map_or_else(String::new, |step| step.action.to_string())
}

pub(super) fn gate_words(plan: &Plan, step: u32, gate: GateKind) -> String {
    let action = action_of(plan, step);
    match gate {
        GateKind::Enter => format!("before \"{action}\""),
        GateKind::Reenter => format!("before taking up again \"{action}\""),
        GateKind::Leave => format!("after \"{action}\""),
    }
}

/// What comes before going on, where something was found.
const MEND: &str = "mend what is listed, then ";

/// What comes before going on, where nobody knows what became of an action.
const SEE: &str = "see why, mend it, then ";

/// Why no other plan is made within a downtime.
const ONLY_THIS_RUN: &str = "(only this run knows which volumes to start again: do not plan anew)";

/// What every stop ends with. `held`: the servers are claimed by this run.
pub(super) fn ending(
    progress: &Progress,
    step: u32,
    gate: GateKind,
    (first, held): (&str, bool),
    commands: &Commands,
) -> String {
    let mut text = String::from("\nhow the pool stands:\n");
    for line in safety(progress, step, gate) {
        let _ = writeln!(text, "{}", hanging("  - ", &line));
    }
    if held {
        let line = "every server stays claimed for this run, so that no other begins; its end releases them";
        let _ = writeln!(text, "{}", hanging("  - ", line));
    }
    let _ = writeln!(text, "\nlook:  {}", commands.status);
    let _ = writeln!(text, "next:  {first}{}", commands.resume);
    let other = if in_downtime(progress) {
        ONLY_THIS_RUN.to_owned()
    } else {
        format!("({} plans anew from what the pool shows; both look before they act)", commands.plan)
    };
    let _ = writeln!(text, "{}", hanging("       ", &other));
    text
}

/// What a halt ends with where servers are claimed for another run: that one may be at work.
fn superseded(progress: &Progress, step: u32, gate: GateKind, commands: &Commands) -> String {
    let mut text = String::from(
        "\nhow the pool stands:\n  - another run has servers claimed, or had: where it is at work, the pool changes while you read this\n  \
           - this one touched nothing after it saw that. Without the other one it would be so:\n",
    );
    for line in safety(progress, step, gate) {
        let _ = writeln!(text, "{}", hanging("    - ", &line));
    }
    let _ = writeln!(text, "\nlook:  {}", commands.status);
    let next = "where another run is at work, leave the pool to it: here is nothing to do. Ask whoever is named above.";
    let _ = writeln!(text, "next:  {}", hanging("       ", next).trim_start());
    let none = format!(
        "(Where none is any more: {} goes on. A server that a dead run has claimed, of which this one is no copy, is let go by \
         removing /var/lib/gluster-upgrade/claim.json there.)",
        commands.resume
    );
    let _ = writeln!(text, "{}", hanging("       ", &none));
    if in_downtime(progress) {
        let _ = writeln!(text, "       {ONLY_THIS_RUN}");
    }
    text
}

/// What is safe and what is not, from the place in the plan where the run stands.
pub(super) fn safety(progress: &Progress, here: u32, gate: GateKind) -> Vec<String> {
    let place =
        progress.plan.stages.iter().find_map(|stage| {
            stage.steps.iter().find(|step| step.id == here).map(|step| (&stage.kind, step))
        });
    let Some((kind, step)) = place else { return vec!["unknown: this step is not in the plan".into()] };
    let mut lines = safety_of(progress, kind, step, gate);
    let around = matches!(kind, StageKind::StopReplication | StageKind::StartReplication);
    if !around && replication_is_stopped(progress) {
        lines.push(
            "geo-replication is stopped: the secondary falls behind, and catches up once going on starts it"
                .into(),
        );
    }
    lines
}

/// Whether sessions that the run stopped are not started again.
fn replication_is_stopped(progress: &Progress) -> bool {
    let finished = || progress.plan.steps().filter(|step| progress.finished.contains(&step.id));
    let stopped = finished().filter(|step| matches!(step.action, Action::StopReplication { .. })).count();
    let started = finished().filter(|step| matches!(step.action, Action::StartReplication { .. })).count();
    stopped > started
}

fn safety_of(progress: &Progress, kind: &StageKind, step: &Step, gate: GateKind) -> Vec<String> {
    let untouched = matches!(gate, GateKind::Enter) && may_pause_before(&progress.plan, step.id);
    match kind {
        StageKind::Packages => vec![
            "no server was touched: packages are downloaded, nothing is installed yet".into(),
            "clients go on reading and writing".into(),
        ],
        StageKind::Prepare if untouched => vec![
            "no server was touched: packages may be downloaded, nothing is installed yet".into(),
            "clients go on reading and writing".into(),
        ],
        StageKind::Prepare => vec![
            "bricks were not stopped: mounted clients go on reading and writing".into(),
            "glusterd may be down on some servers: no new mount and no volume command works there".into(),
            "do not reboot a server and do not stop glusterfsd anywhere: with glusterd down, bricks do not \
             come back by themselves"
                .into(),
        ],
        StageKind::StopReplication => vec![
            "no server was touched: the pool serves as before".into(),
            "geo-replication may be stopped: the secondary falls behind, and catches up once it is started"
                .into(),
        ],
        StageKind::StartReplication => vec![
            "every server runs the target release and serves; the op-version is not raised yet".into(),
            "the secondary may lack what was written since geo-replication was stopped: do not rely on it"
                .into(),
        ],
        StageKind::Downtime => downtime_safety(progress, step, gate),
        StageKind::Turn(host) => turn_safety(progress.plan.direction, host.as_str(), step, gate),
        StageKind::Clients(hosts) => clients_safety(progress.plan.direction, hosts, step, gate, untouched),
        StageKind::Finish => finish_safety(step, gate),
    }
}

/// The pool itself is done: what is in trouble is one of its clients.
fn clients_safety(
    direction: Direction,
    hosts: &[HostName],
    step: &Step,
    gate: GateKind,
    untouched: bool,
) -> Vec<String> {
    let here: Vec<&str> = step.action.hosts().into_iter().map(HostName::as_str).collect();
    let others: Vec<&str> =
        hosts.iter().map(HostName::as_str).filter(|other| !here.contains(other)).collect();
    let here = here.join(", ");
    let mut lines = vec![
        match direction {
            Direction::Up => {
                "the pool itself is fine as far as this run goes: every server runs the target release and serves"
            }
            Direction::Back => "the pool itself is fine as far as this run goes: every server serves",
        }
        .into(),
        "all other clients go on reading and writing".into(),
        match gate {
            GateKind::Enter if untouched => format!("{here} was not touched yet"),
            GateKind::Enter => format!("{here}: what earlier steps put aside there is still away"),
            GateKind::Reenter | GateKind::Leave => {
                format!("{here} may be without its volumes, or without a part of what uses them")
            }
        },
    ];
    if !others.is_empty() && !untouched {
        let line = format!("the same may be so of the clients in the same stage: {}", others.join(", "));
        lines.push(line);
    }
    lines
}

fn finish_safety(step: &Step, gate: GateKind) -> Vec<String> {
    let may_be_raised =
        matches!(step.action, Action::RaiseOpVersion { .. }) && matches!(gate, GateKind::Leave);
    let raised = if may_be_raised {
        "the op-version may be raised already; it cannot be lowered"
    } else {
        "the op-version is not raised yet"
    };
    vec!["every server runs the target release and serves".into(), raised.to_owned()]
}

/// Whether all was back and well when the step began, which only writes a file and reads it.
fn only_proves(step: &Step) -> bool {
    matches!(step.action, Action::ProveVolumes { .. })
}

fn turn_safety(direction: Direction, host: &str, step: &Step, gate: GateKind) -> Vec<String> {
    let untouched = matches!(step.action, Action::StopGluster { .. }) && matches!(gate, GateKind::Enter);
    if untouched {
        return vec![
            format!("{host} was not touched in this turn; no server is out because of this run"),
            "clients go on reading and writing".into(),
        ];
    }
    let returning = matches!(step.action, Action::Heal { .. } | Action::StartGluster { .. })
        && matches!(gate, GateKind::Leave);
    let changed = match direction {
        Direction::Up => "was upgraded",
        Direction::Back => "has the old release again",
    };
    let state = if only_proves(step) {
        format!(
            "{host} {changed}, is back, and nothing was left to heal; what it had put aside is still away"
        )
    } else if returning {
        format!("{host} {changed} and was started, and counts as out until this gate passes")
    } else {
        format!("{host} is out, or half out")
    };
    vec![
        state,
        "the other servers carry its data: clients go on reading and writing".into(),
        "do not stop, restart or reboot any other server, nor its glusterd, before this is mended".into(),
    ]
}

/// Returns whether volumes that the run stopped, or may have, are not started again.
pub fn in_downtime(progress: &Progress) -> bool {
    let begun = |step: &&Step| progress.finished.contains(&step.id) || progress.in_doubt == Some(step.id);
    let stopped = progress.plan.steps().filter(begun).filter_map(|step| step.action.stops()).count();
    let finished = |step: &&Step| progress.finished.contains(&step.id);
    let started = progress.plan.steps().filter(finished).filter_map(|step| step.action.starts()).count();
    stopped > started
}

/// What holds within a downtime, by how many volumes are stopped, and how many are started again.
fn downtime_safety(progress: &Progress, here: &Step, gate: GateKind) -> Vec<String> {
    let finished = |step: &&Step| progress.finished.contains(&step.id);
    let names = |volumes: Vec<&VolumeName>| -> String {
        volumes.iter().map(|volume| volume.as_str()).collect::<Vec<_>>().join(", ")
    };
    let all = progress.plan.stopped_volumes();
    let stopped: Vec<&VolumeName> =
        progress.plan.steps().filter(finished).filter_map(|step| step.action.stops()).collect();
    let started: Vec<&VolumeName> =
        progress.plan.steps().filter(finished).filter_map(|step| step.action.starts()).collect();
    if only_proves(here) {
        return vec![
            "every volume is started again, and what servers had put aside is back".into(),
            "whether a client that mounts now is served is not proved; let none in before it is".into(),
        ];
    }
    if all.is_empty() {
        return vec!["no volume was started when the run began: nobody misses anything".into()];
    }
    if stopped.is_empty() && here.action.stops().is_none() {
        return vec![
            "NO VOLUME IS STOPPED YET: all are served; clients that steps above took away are away".into(),
            "packages are downloaded on every server, none is installed".into(),
        ];
    }
    if let Some(volume) = here.action.stops() {
        let untouched = stopped.is_empty() && matches!(gate, GateKind::Enter);
        if untouched {
            return vec![
                "NO VOLUME IS STOPPED YET: all are served; clients that steps above took away are away"
                    .into(),
                "packages are downloaded on every server, none is installed".into(),
            ];
        }
        let served = all.iter().filter(|name| !stopped.contains(name) && **name != volume).copied().collect();
        return vec![
            format!("DOWNTIME: stopped: {}; {volume} is about to be, or is", or_none(&names(stopped))),
            format!("still served: {}", or_none(&names(served))),
            "nothing was replaced yet: `gluster volume start` brings a volume back on the old release".into(),
        ];
    }
    let waiting: Vec<&VolumeName> = all.iter().filter(|name| !started.contains(name)).copied().collect();
    let mut lines = vec![format!("DOWNTIME: not served: {}", names(waiting))];
    if !started.is_empty() {
        lines.push(format!("served again: {}", names(started)));
    }
    lines.push("nobody writes, so no data is at risk; a server may be rebooted while this is mended".into());
    lines.push(
        "start no volume by hand and let no client in: going on starts the volumes that were started before"
            .into(),
    );
    lines
}

fn or_none(names: &str) -> &str {
    if names.is_empty() { "none" } else { names }
}
