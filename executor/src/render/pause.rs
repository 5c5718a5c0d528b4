//! Pausing: what a run says when it is asked to, and once it has.

use std::fmt::Write as _;

use super::halt::{Commands, action_of, ending, standing};
use super::plan::{Mark, tree};
use super::wait::when;
use super::{hanging, printable};
use crate::core::event::GateKind;
use crate::core::pause::{may_pause_before, next_pause};
use crate::core::plan::{Plan, StageKind};
use crate::core::resume::Progress;

/// Says where a live run will stop, now that it was asked to.
pub fn pausing(progress: &Progress) -> String {
    let plan = &progress.plan;
    let Some(here) = standing_at(progress) else {
        return "All steps are finished: it is about to end.\n".to_owned();
    };
    if progress.in_doubt != Some(here) && may_pause_before(plan, here) {
        let text = format!("Stopping now, before step {here}, {}: nothing is out.", action_of(plan, here));
        return printable(format!("{}\n", hanging("", &text)));
    }
    let first = finishing(plan, here);
    let text = match next_pause(plan, here + 1) {
        Some(before) => {
            format!("{first} first, then stopping before step {before}, {}.", action_of(plan, before))
        }
        None => {
            format!("{first} first; no step is left after it to stop before, so the run goes on to its end.")
        }
    };
    printable(format!("{}\n", hanging("", &text)))
}

/// What has to be finished before a run may stop, by the stage that it is in.
fn finishing(plan: &Plan, here: u32) -> String {
    let stage = plan.stages.iter().find(|stage| stage.steps.iter().any(|step| step.id == here));
    match stage.map(|stage| &stage.kind) {
        Some(StageKind::Packages) => format!("Finishing step {here}, {},", action_of(plan, here)),
        Some(StageKind::Prepare) => "Finishing the preparation, until glusterd runs everywhere,".to_owned(),
        Some(StageKind::StopReplication) => "Finishing to stop geo-replication".to_owned(),
        Some(StageKind::StartReplication) => "Starting geo-replication again, and proving it,".to_owned(),
        Some(StageKind::Downtime) => "Finishing the downtime, until every volume is served again,".to_owned(),
        Some(StageKind::Turn(host)) => format!("Finishing {host}'s turn"),
        Some(StageKind::Clients(hosts)) => {
            let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
            format!("Bringing back {}", names.join(", "))
        }
        Some(StageKind::Finish) | None => "Finishing what is raised last, the op-version,".to_owned(),
    }
}

/// The step that a run is at: the one that was begun, or the next one.
pub(super) fn standing_at(progress: &Progress) -> Option<u32> {
    let next = progress.plan.steps().map(|step| step.id).find(|id| !progress.finished.contains(id));
    progress.in_doubt.or(next)
}

/// Returns the report of a run that stopped since it was asked to.
pub fn paused(progress: &Progress, step: u32, commands: &Commands) -> String {
    let mut text = standing(progress, step);
    let at = progress.trail.last.map_or_else(String::new, |at| format!(", at {}", when(at)));
    let action = action_of(&progress.plan, step);
    let head = format!("PAUSED before step {step}, {action}{at}, as asked. It was not begun.");
    let _ = writeln!(text, "{}", hanging("", &head));
    text.push_str(&ending(progress, step, GateKind::Enter, &[], ("", true), commands));
    printable(text)
}

/// Returns how far a run came, with the step it is at marked.
pub(super) fn tree_here(progress: &Progress) -> String {
    let here = standing_at(progress);
    tree(&progress.plan, |id| {
        if progress.finished.contains(&id) {
            Mark::Done
        } else if Some(id) == here {
            Mark::Here
        } else {
            Mark::NotReached
        }
    })
}
