//! What was judged, and the releases.

use maud::{Markup, html};

use super::{class, verdict};
use crate::oracle::{Assertion, Judgement, Verdict};
use crate::report::HostVersions;

/// What did not pass, failures first: what the reader came for.
pub(super) fn not_passed(judgement: &Judgement) -> Markup {
    let of = |wanted: Verdict| judgement.not_passed().filter(move |assertion| assertion.verdict == wanted);
    html! {
        @if judgement.not_passed().next().is_some() {
            section {
                h2 { "What did not pass" }
                ul.judged {
                    @for assertion in of(Verdict::Fail).chain(of(Verdict::Unknown)) { (both_sides(assertion, true)) }
                }
            }
        }
    }
}

/// Everything, phase by phase.
pub(super) fn all(judgement: &Judgement) -> Markup {
    let mut phases: Vec<(&str, Vec<&Assertion>)> = Vec::new();
    for assertion in &judgement.assertions {
        match phases.iter_mut().find(|(phase, _)| *phase == assertion.phase) {
            Some((_, here)) => here.push(assertion),
            None => phases.push((&assertion.phase, vec![assertion])),
        }
    }
    html! {
        section {
            h2 { "Everything that was judged" }
            @if judgement.assertions.is_empty() { (super::missing("nothing was judged")) }
            @for (phase, here) in phases {
                @let count = |wanted| here.iter().filter(|assertion| assertion.verdict == wanted).count();
                details {
                    summary {
                        (phase) ": " (count(Verdict::Pass)) " passed, " (count(Verdict::Fail)) " failed, "
                        (count(Verdict::Unknown)) " unknown"
                    }
                    ul.judged { @for assertion in &here { (both_sides(assertion, false)) } }
                }
            }
        }
    }
}

fn both_sides(assertion: &Assertion, with_phase: bool) -> Markup {
    let Assertion { phase, name, subject, verdict: its, expected, found } = assertion;
    html! {
        li.(class(*its)) {
            div { (verdict(*its)) " " strong { (name) } ": " (subject) @if with_phase { span.small { " (" (phase) ")" } } }
            dl.sides {
                dt { "expected" } dd { (expected) }
                dt { "found" } dd { (found) }
            }
        }
    }
}

/// The releases of every host, before and after.
pub(super) fn versions(versions: &[HostVersions]) -> Markup {
    let release = |release: &Result<String, String>| match release {
        Ok(release) => html! { (release) },
        Err(reason) => html! { span.missing { "unknown: " (reason) } },
    };
    html! {
        @if !versions.is_empty() {
            section {
                h2 { "Releases" }
                div.wide {
                    table {
                        thead { tr { th { "host" } th { "before" } th { "after" } } }
                        tbody {
                            @for HostVersions { host, before, after } in versions {
                                tr { td { (host) } td { (release(before)) } td { (release(after)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
