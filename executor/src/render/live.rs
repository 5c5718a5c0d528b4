//! Live lines: one event, one line, for whoever watches.

use super::plan::{aim, duration};
use super::printable;
use crate::core::event::{Event, GateKind, How, Record};
use crate::core::plan::{Action, Plan};

/// How many findings a waiting line names before it only counts them.
const FINDINGS_SHOWN: usize = 2;

/// Returns the line of an event, or nothing where it says nothing new to a reader.
pub fn live_line(plan: &Plan, record: &Record) -> Option<String> {
    let time = record.at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%H:%M:%S");
    let total = plan.steps().count();
    let action = |id: u32| {
        let action = plan.steps().find(|step| step.id == id).map(|step| step.action.to_string());
        format!("[{id}/{total}] {}", action.unwrap_or_default())
    };
    let line = match &record.event {
        Event::RunStarted { .. } => format!("run started: {total} steps {}", aim(plan)),
        Event::RunResumed { in_doubt: Some(step) } => {
            format!("run resumed; step {step} is in doubt: looking before acting")
        }
        Event::RunResumed { in_doubt: None } => "run resumed".to_owned(),
        Event::GateWaiting { step, gate, findings, patience_seconds } => {
            let mut reasons: Vec<String> =
                findings.iter().take(FINDINGS_SHOWN).map(ToString::to_string).collect();
            if findings.len() > FINDINGS_SHOWN {
                reasons.push(format!("and {} more", findings.len() - FINDINGS_SHOWN));
            }
            let when = match gate {
                GateKind::Enter | GateKind::Reenter => "before",
                GateKind::Leave => "after",
            };
            format!(
                "  waiting {when} {} (up to {} more): {}",
                action(*step),
                duration(*patience_seconds),
                reasons.join("; ")
            )
        }
        Event::Refused { .. }
        | Event::NothingToDo
        | Event::InventoryNoted { .. }
        | Event::GatePassed { .. }
        | Event::Noted { .. } => return None,
        Event::PauseAsked { before: Some(step) } => {
            format!(
                "asked to pause: stopping before {}, once what comes before it is finished",
                action(*step)
            )
        }
        Event::PauseAsked { before: None } => {
            "asked to pause: there is no step left before which to stop; going on to the end".to_owned()
        }
        Event::Paused { step } => format!("{}: PAUSED before it", action(*step)),
        Event::StepStarted { step } => action(*step),
        Event::StepActed { step, said } => return noted(plan, *step, said),
        Event::StepFinished { step, how: How::Acted } => format!("{}: done", action(*step)),
        Event::StepFinished { step, how: How::AlreadySo } => {
            format!("{}: already so, nothing touched", action(*step))
        }
        Event::StepFailed { step, .. } => format!("{}: FAILED", action(*step)),
        Event::Halted { step, .. } => format!("{}: HALTED", action(*step)),
        Event::RunFinished => "run finished".to_owned(),
    };
    Some(printable(format!("{time} {line}")))
}

/// Returns what an install said besides that it is done: files that were kept, units that were put back.
fn noted(plan: &Plan, step: u32, said: &str) -> Option<String> {
    let installs = |action: &Action| match action {
        Action::Together { actions } => actions.iter().any(is_install),
        other => is_install(other),
    };
    let step = plan.steps().find(|planned| planned.id == step)?;
    let lines: Vec<String> =
        said.lines().filter(|line| !line.is_empty()).map(|line| format!("  note: {line}")).collect();
    (installs(&step.action) && !lines.is_empty()).then(|| printable(lines.join("\n")))
}

fn is_install(action: &Action) -> bool {
    matches!(action, Action::Install { .. } | Action::InstallBy { .. })
}
