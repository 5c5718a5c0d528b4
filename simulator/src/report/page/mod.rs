//! The page of a run: one file of HTML that needs no server, no script and nothing from elsewhere.
//!
//! Everything from outside is escaped by the template's macro, and what is not to be seen is written out once the page is
//! whole. Drawings are made here and not by a library of charts, since their colours are the page's: light and dark.

mod chart;
mod judged;
mod plan;
mod plots;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::axis::took;
use super::kept::{Samples, Strike};
use super::plot::operations;
use super::steps::{Call, calls};
use super::timeline::{Timeline, timeline};
use super::{Counts, Recorded, Report, ReportError, write};
use crate::oracle::Verdict;
use crate::printable::printable;

const STYLE: &str = include_str!("style.css");

/// What a browser may do with a page: nothing but show it. An escaping that was forgotten would still run nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// What is written out in a link.
const IN_LINKS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The folder of what was saved of the hosts, one for each, and the one in those that has Gluster's state.
const HOSTS: &str = "hosts";
const STATE: &str = "glusterd";

/// Files that are for the executor alone, and no reading.
const NO_READING: [&str; 2] = ["ssh", "state"];

impl Recorded {
    /// Writes `report.html` into the run's folder; returns where.
    ///
    /// # Errors
    /// When it cannot be written. What the run did not leave is told in the page, and no error.
    pub fn write_page(&self, folder: &Path) -> Result<PathBuf, ReportError> {
        let path = folder.join("report.html");
        write(&path, &self.page())?;
        Ok(path)
    }

    /// Renders the page.
    #[must_use]
    pub fn page(&self) -> String {
        let calls = calls(&self.calls);
        let timeline = self.timeline(&calls);
        let scenario = self.report.as_ref().map_or(self.name.as_str(), |report| report.scenario.as_str());
        let body = html! {
            (self.head(scenario))
            main {
                @if let Ok(report) = &self.report { (judged::not_passed(&report.judgement)) }
                (self.happened(timeline.as_ref()))
                (self.did(&calls))
                @if let Ok(report) = &self.report {
                    (judged::versions(&report.versions))
                    (judged::all(&report.judgement))
                    (notes(&report.notes))
                }
                (self.links())
                @if let Ok(report) = &self.report { (repeat(report)) }
            }
        };
        document(&format!("{}: {scenario}", self.verdict()), &body)
    }

    /// Returns the verdict; of a run without a report nobody knows.
    fn verdict(&self) -> Verdict {
        self.report.as_ref().map_or(Verdict::Unknown, |report| report.verdict)
    }

    fn timeline(&self, calls: &[Call]) -> Option<Timeline> {
        let strikes: &[Strike] = self.faults.as_ref().map_or(&[], |told| &told.lines);
        let samples: Vec<Samples> =
            self.samples.iter().filter_map(|(_, samples)| samples.as_ref().ok()).cloned().collect();
        let written = self.workloads.iter().flat_map(|told| operations(&told.lines));
        timeline(calls, strikes, &samples, written.flat_map(|one| [one.from, one.to]))
    }

    fn head(&self, scenario: &str) -> Markup {
        html! {
            header {
                h1 { (verdict(self.verdict())) " " (scenario) }
                @match &self.report {
                    Ok(report) => {
                        p { (report.description) }
                        (facts(report))
                    }
                    Err(reason) => {
                        p { code { (self.name) } }
                        (missing(&format!("no report.json: {reason}. The run did not come to its end.")))
                    }
                }
            }
        }
    }

    /// The drawings: what happened when.
    fn happened(&self, timeline: Option<&Timeline>) -> Markup {
        html! {
            section {
                h2 { "What happened when" }
                @match timeline {
                    Some(timeline) => {
                        (chart::lanes(timeline))
                        @for (file, samples) in &self.samples {
                            @if let Err(reason) = samples { (missing(&format!("{file}: {reason}"))) }
                        }
                        @if self.samples.is_empty() { (missing("no samples: nobody watched the bricks")) }
                        (chart::faults(timeline))
                        @if let Some(told) = &self.faults { (troubles(&told.file, &told.troubles)) }
                    }
                    None => (missing("no timeline: nothing that is left of this run has a time")),
                }
                h2 { "How long the client's operations took" }
                @for told in &self.workloads {
                    @if let Some(timeline) = timeline { (plots::plot(told, timeline)) }
                    (troubles(&told.file, &told.troubles))
                }
                @if self.workloads.is_empty() { (missing("no plot: no client wrote")) }
            }
        }
    }

    fn did(&self, calls: &[Call]) -> Markup {
        html! {
            section {
                h2 { "What the executor did" }
                @if calls.is_empty() {
                    (missing("no events: the executor was not called, or its events were not kept"))
                }
                @for (number, (call, told)) in calls.iter().zip(&self.calls).enumerate() {
                    (plan::call(number, call))
                    (troubles(&told.file, &told.troubles))
                }
            }
        }
    }

    /// Links to everything that can be read beside the page.
    fn links(&self) -> Markup {
        let readable = self.files.iter().filter(|file| {
            let first = file.iter().next().unwrap_or_default();
            *file != Path::new("report.html") && !NO_READING.iter().any(|folder| first == *folder)
        });
        let mut places: Vec<PathBuf> = readable.map(|file| place(file)).collect();
        places.dedup();
        let (hosts, own): (Vec<PathBuf>, Vec<PathBuf>) =
            places.into_iter().partition(|place| place.starts_with(HOSTS) && place.iter().count() > 2);
        html! {
            section {
                h2 { "Logs and records" }
                ul.files { @for file in &own { li { (link(file, file)) } } }
                @for of_one in hosts.chunk_by(|one, other| one.iter().nth(1) == other.iter().nth(1)) {
                    @let host: PathBuf = of_one[0].iter().take(2).collect();
                    details {
                        summary { "of " (host.iter().next_back().unwrap_or_default().to_string_lossy()) }
                        ul.files {
                            @for file in of_one { li { (link(file, file.strip_prefix(&host).unwrap_or(file))) } }
                        }
                    }
                }
            }
        }
    }
}

/// Returns where a file is found: itself, or the folder of a host's state, of which there are dozens.
fn place(file: &Path) -> PathBuf {
    match file.iter().nth(2) {
        Some(folder) if file.starts_with(HOSTS) && folder == STATE => file.iter().take(3).collect(),
        Some(_) | None => file.to_owned(),
    }
}

/// Puts a page around a body.
pub(super) fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    printable(&page.into_string()) + "\n"
}

/// Returns a verdict as a word; its colour says nothing else.
pub(super) fn verdict(verdict: Verdict) -> Markup {
    html! { span.verdict.(class(verdict)) { (verdict) } }
}

/// Returns the class of what has a verdict.
fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Unknown => "unknown",
        Verdict::Fail => "fail",
    }
}

/// Says what is not there.
pub(super) fn missing(what: &str) -> Markup {
    html! { p.missing { (what) } }
}

/// Says what could not be read of a file.
fn troubles(file: &str, troubles: &[String]) -> Markup {
    html! {
        @for trouble in troubles { (missing(&format!("{file}: {trouble}"))) }
    }
}

/// Returns an address relative to the page. It begins with a dot, so that no name is taken for a scheme.
pub(super) fn address(path: &Path) -> String {
    let parts = path.iter().map(|part| {
        let part = part.to_string_lossy();
        utf8_percent_encode(&part, IN_LINKS).to_string()
    });
    format!("./{}", parts.collect::<Vec<_>>().join("/"))
}

fn link(path: &Path, words: &Path) -> Markup {
    html! { a href=(address(path)) { (words.to_string_lossy()) } }
}

/// Returns a duration of a report as people read it; stalls are told to the millisecond.
pub(super) fn stall(report: &Report) -> String {
    report.longest_stall.map_or("not known".to_owned(), |stall| format!("{} ms", stall.as_millis()))
}

fn facts(report: &Report) -> Markup {
    let Counts { acknowledged, lost, too_many_out, faults } = report.counts;
    html! {
        dl.facts {
            dt { "started" } dd { (report.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()) }
            dt { "took" } dd { (took(report.duration.as_secs_f64())) }
            dt { "executor" } dd { (report.executor) }
            dt { "longest stall" } dd { (stall(report)) }
            dt { "writes" } dd { (acknowledged) " acknowledged, " (lost) " lost" }
            dt { "bricks" } dd { (too_many_out) " looks with too many of a set out" }
            dt { "faults" } dd { (faults) " struck" }
            @if let Some(seed) = report.seed { dt { "seed" } dd { (seed) } }
        }
    }
}

fn notes(notes: &[String]) -> Markup {
    html! {
        @if !notes.is_empty() {
            section {
                h2 { "Notes" }
                ul { @for note in notes { li { (note) } } }
            }
        }
    }
}

fn repeat(report: &Report) -> Markup {
    html! {
        section {
            h2 { "How to repeat it" }
            pre { code { (report.repeat) } }
            p { "The client then does the same operations in the same order." }
        }
    }
}
