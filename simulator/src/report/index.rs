//! The index of many runs: a line for each, the newest first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;
use maud::{Markup, html};

use super::axis::took;
use super::page::{address, document, missing, stall, verdict};
use super::{Report, ReportError, write};
use crate::oracle::Verdict;

/// What begins the name of a run's folder: when it began.
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// What a run can be read in, the best first.
const PAGES: [&str; 2] = ["report.html", "report.txt"];

/// What is told of each run besides its verdict and its scenario.
const COLUMNS: [&str; 4] = ["began (UTC)", "releases", "took", "longest stall"];

/// All runs of a folder.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    runs: Vec<Row>,
}

/// A run.
#[derive(Debug)]
struct Row {
    /// The name of its folder.
    name: String,
    /// When it began, by its report, or by the name of its folder.
    began: Option<Timestamp>,
    /// Where it is read, relative to the folder of runs.
    page: PathBuf,
    /// Its report; why there is none, where there is none.
    report: Result<Report, String>,
}

impl Index {
    /// Reads all runs of a folder: every folder in it. `latest`, a link, is one of them already.
    ///
    /// # Errors
    /// When the folder cannot be listed. A run that cannot be read is listed with the reason.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let cannot = |source| ReportError::Read { path: folder.to_owned(), source };
        let entries = fs::read_dir(folder).map_err(cannot)?.flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut runs: Vec<Row> = folders.map(|entry| row(&entry.path())).collect();
        runs.sort_by(|one, other| (other.began, &other.name).cmp(&(one.began, &one.name)));
        Ok(Self { folder: folder.to_owned(), runs })
    }

    /// Writes `index.html` beside the runs; returns where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self) -> Result<PathBuf, ReportError> {
        let path = self.folder.join("index.html");
        write(&path, &self.page())?;
        Ok(path)
    }

    /// Renders the page.
    #[must_use]
    pub fn page(&self) -> String {
        let count = |wanted| self.runs.iter().filter(|row| row.verdict() == wanted).count();
        let body = html! {
            header {
                h1 { "Rehearsed upgrades" }
                p {
                    (self.runs.len()) " runs, the newest first: " (count(Verdict::Pass)) " passed, "
                    (count(Verdict::Fail)) " failed, " (count(Verdict::Unknown)) " unknown"
                }
            }
            main {
                @if self.runs.is_empty() { (missing("no run is kept here")) }
                table.runs {
                    thead { tr { th { "verdict" } th { "scenario" } @for name in COLUMNS { th { (name) } } } }
                    tbody { @for row in &self.runs { (row.line()) } }
                }
            }
        };
        document("Rehearsed upgrades", &body)
    }
}

fn row(folder: &Path) -> Row {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let report: Result<Report, String> = super::recorded::document(&folder.join("report.json"));
    let named = || {
        let (time, _) = name.split_once('-')?;
        DateTime::strptime(TIME, time).ok()?.in_tz("UTC").ok().map(|at| at.timestamp())
    };
    let began = report.as_ref().map_or_else(|_| named(), |report| Some(report.started));
    let page = PAGES.into_iter().find(|page| folder.join(page).is_file());
    let own = folder.file_name().unwrap_or_default();
    // Without either the files themselves are what there is.
    let page = Path::new(own).join(page.unwrap_or_default());
    Row { name, began, page, report }
}

impl Row {
    fn verdict(&self) -> Verdict {
        self.report.as_ref().map_or(Verdict::Unknown, |report| report.verdict)
    }

    fn line(&self) -> Markup {
        let began = self.began.map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string());
        let cells = match &self.report {
            Ok(report) => [releases(report), took(report.duration.as_secs_f64()), stall(report)].map(Some),
            Err(_) => [None, None, None],
        };
        let scenario = self.report.as_ref().map_or(self.name.as_str(), |report| report.scenario.as_str());
        html! {
            tr {
                td { (verdict(self.verdict())) }
                td {
                    a href=(address(&self.page)) { (scenario) }
                    @if let Err(reason) = &self.report { (missing(&format!("no report.json: {reason}"))) }
                }
                @for (name, cell) in COLUMNS.iter().zip([vec![began], cells.to_vec()].concat()) {
                    // On a phone a run is a paragraph, and each of its facts says what it is.
                    td data-name=(name) { (cell.as_deref().unwrap_or("not known")) }
                }
            }
        }
    }
}

/// Returns the releases of all hosts, before and after: `10.3 → 11.1`.
fn releases(report: &Report) -> String {
    let all = |releases: Vec<&Result<String, String>>| {
        let known: BTreeSet<&str> =
            releases.into_iter().map(|release| release.as_ref().map_or("unknown", String::as_str)).collect();
        known.into_iter().collect::<Vec<_>>().join(", ")
    };
    let before = all(report.versions.iter().map(|host| &host.before).collect());
    let after = all(report.versions.iter().map(|host| &host.after).collect());
    match (before.as_str(), after.as_str()) {
        ("", "") => "not known".to_owned(),
        (before, after) if before == after => format!("{before}, unchanged"),
        (before, after) => format!("{before} → {after}"),
    }
}
