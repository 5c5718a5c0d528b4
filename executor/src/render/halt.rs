//! Halts and failures, written for somebody tired: what, where, what is safe now, what to type.

use std::fmt::Write as _;

use super::findings::findings;
use super::places::{places, places_of};
use super::plan::{mark, tree};
use super::safety::{in_downtime, stands};
use super::wait::{last_looks, waited, when};
use super::{hanging, printable};
use crate::core::event::GateKind;
use crate::core::finding::{Code, Finding, Ground};
use crate::core::plan::Plan;
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
        text.push_str(&superseded(progress, step, gate, found, commands));
    } else {
        let held = of_claims().next().is_none();
        text.push_str(&ending(progress, step, gate, found, (MEND, held), commands));
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
    text.push_str(&ending(progress, step, GateKind::Leave, &[], (SEE, true), commands));
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
    text.push_str(&ending(progress, step, gate, &[], ("", true), commands));
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

/// What every stop ends with. `held`: the servers are claimed by this run. `found`: what stopped it, where it was a gate.
pub(super) fn ending(
    progress: &Progress,
    step: u32,
    gate: GateKind,
    found: &[Finding],
    (first, held): (&str, bool),
    commands: &Commands,
) -> String {
    let mut text = String::from("\nhow the pool stands:\n");
    for line in stands(progress, step, gate, found) {
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
fn superseded(
    progress: &Progress,
    step: u32,
    gate: GateKind,
    found: &[Finding],
    commands: &Commands,
) -> String {
    let mut text = String::from(
        "\nhow the pool stands:\n  - another run has servers claimed, or had: where it is at work, the pool changes while you read this\n  \
           - this one touched nothing after it saw that. Without the other one it would be so:\n",
    );
    for line in stands(progress, step, gate, found) {
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
