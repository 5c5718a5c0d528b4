//! The executor's plan as a tree, with the time that each step took.

use maud::{Markup, html};

use crate::report::axis::took;
use crate::report::steps::{Call, StageRun, State, StepRun, Wait};

/// Returns what a link to a step says.
pub(super) fn id(call: usize, step: u32) -> String {
    format!("step-{call}-{step}")
}

/// Renders a call of the executor.
pub(super) fn call(number: usize, call: &Call) -> Markup {
    let Call { file, stages, ending, resumed } = call;
    let steps = || stages.iter().flat_map(|stage| &stage.steps);
    let longest = steps().filter_map(StepRun::took).fold(0.0, f64::max);
    html! {
        h3 { code { (file) } ": " (ending.words) }
        @if !resumed.is_empty() { p { "Taken up " (resumed.len()) " times." } }
        @if !ending.findings.is_empty() {
            ul.findings { @for finding in &ending.findings { li { (finding) } } }
        }
        @if !stages.is_empty() {
            ol.tree {
                @for stage in stages { (stage_tree(number, stage, longest)) }
            }
        }
    }
}

fn stage_tree(call: usize, stage: &StageRun, longest: f64) -> Markup {
    let StageRun { words, steps } = stage;
    let took_all: f64 = steps.iter().filter_map(StepRun::took).sum();
    html! {
        li {
            div.stage { strong { (words) } " " span.time { (took(took_all)) } }
            ol.steps {
                @for run in steps { (step(call, run, longest)) }
            }
        }
    }
}

fn step(call: usize, run: &StepRun, longest: f64) -> Markup {
    let whole = run.took();
    html! {
        li id=(id(call, run.id)) class=(class(run.state)) {
            div.step {
                span.number { (run.id) }
                span { (run.words) }
                span.state { (run.state.words()) }
                span.time { @if let Some(whole) = whole { (took(whole)) } }
            }
            @if let Some(whole) = whole.filter(|_| longest > 0.0) {
                div.took style={ "width:" (format!("{:.1}", whole / longest * 100.0)) "%" } {
                    @for (part, class) in run.parts().into_iter().zip(["waits", "acts", "waits"]) {
                        @if let Some(part) = part { span.(class) style={ "flex:" (format!("{part:.2}")) } {} }
                    }
                }
                div.small { (parts(run)) }
            }
            @if let Some(error) = &run.error { p.missing { (error) } }
            @if !run.waits.is_empty() { (waits(run)) }
        }
    }
}

/// Says what of a step's time was what.
fn parts(run: &StepRun) -> String {
    let names = ["waited to begin", "acted", "waited to go on"];
    let told = run.parts().into_iter().zip(names).filter_map(|(part, name)| {
        let part = part.filter(|part| *part >= 0.05)?;
        Some(format!("{name} {}", took(part)))
    });
    told.collect::<Vec<_>>().join(" · ")
}

fn waits(run: &StepRun) -> Markup {
    let from = run.from.unwrap_or_default();
    html! {
        details {
            summary { "what it waited for" }
            ul.findings {
                @for Wait { at, gate, findings } in &run.waits {
                    li {
                        "after " (took(at - from)) ", at the " (gate.to_string()) " gate: " (findings.join("; "))
                    }
                }
            }
        }
    }
}

/// Returns the class of a step.
pub(super) fn class(state: State) -> &'static str {
    match state {
        State::Done | State::Before => "done",
        State::AlreadySo => "so",
        State::Midway | State::Paused => "midway",
        State::Halted | State::Failed => "bad",
        State::NotReached => "none",
    }
}
