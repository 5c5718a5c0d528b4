//! What a run left in its folder, read as far as it can be. What is missing or broken is told in its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use executor::core::event::{FORMAT, Record};
use serde::de::DeserializeOwned;

use super::kept::{FAULTS, Samples, Strike};
use super::{Report, ReportError};
use crate::workload::Line;

/// How many troubles of one file are told, before it is only said how many more there are.
const TROUBLES: usize = 3;

/// How much of a line that makes no sense is shown.
const LINE_SHOWN: usize = 80;

/// Everything that is known of a run.
#[derive(Debug)]
pub struct Recorded {
    /// The name of its folder.
    pub(super) name: String,
    /// Its report; why there is none, where there is none.
    pub(super) report: Result<Report, String>,
    /// What the executor told, call by call.
    pub(super) calls: Vec<Told<Record>>,
    /// What the writing clients told.
    pub(super) workloads: Vec<Told<Line>>,
    /// What was seen of the bricks.
    pub(super) samples: Vec<(String, Result<Samples, String>)>,
    /// What others did to the pool; none where nobody was to.
    pub(super) faults: Option<Told<Strike>>,
    /// Its files, relative to the folder, sorted.
    pub(super) files: Vec<PathBuf>,
}

/// A file of lines, and what could be read of it.
#[derive(Debug)]
pub(super) struct Told<T> {
    /// The file.
    pub(super) file: String,
    /// The lines that make sense.
    pub(super) lines: Vec<T>,
    /// What does not.
    pub(super) troubles: Vec<String>,
}

impl Recorded {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// When the folder itself cannot be listed.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let cannot = |source| ReportError::Read { path: folder.to_owned(), source };
        // `latest` is a link; the run has a name of its own.
        let folder = fs::canonicalize(folder).map_err(cannot)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = Vec::new();
        list(&folder, Path::new(""), &mut files).map_err(cannot)?;
        files.sort();
        let mut top: Vec<String> = files
            .iter()
            .filter(|file| file.components().count() == 1)
            .map(|file| file.to_string_lossy().into_owned())
            .collect();
        top.sort_by_key(|file| in_order(file));
        let all = |end: &'static str, start: &'static str| {
            top.iter().filter(move |file| file.starts_with(start) && file.ends_with(end))
        };
        let calls = all(".events.jsonl", "").map(|file| told(&folder, file, event)).collect();
        let workloads = all(".jsonl", "workload").map(|file| told(&folder, file, line)).collect();
        let samples = all(".json", "samples").map(|file| (file.clone(), document(&folder.join(file))));
        let faults = top.iter().find(|file| *file == FAULTS);
        Ok(Self {
            report: document(&folder.join("report.json")),
            calls,
            workloads,
            samples: samples.collect(),
            faults: faults.map(|file| told(&folder, file, line)),
            name,
            files,
        })
    }

    /// Returns the run's report.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn report(&self) -> Result<&Report, &str> {
        self.report.as_ref().map_err(String::as_str)
    }
}

/// Returns what files are sorted by: `executor`, `executor-2`, `executor-10`, and what has no number after those.
fn in_order(file: &str) -> (bool, u32, String) {
    let stem = file.split('.').next().unwrap_or_default();
    let (name, number) = match stem.rsplit_once('-').map(|(name, end)| (name, end.parse::<u32>())) {
        Some((name, Ok(number))) => (name, number),
        Some(_) | None => (stem, 1),
    };
    (name != "executor", number, name.to_owned())
}

/// Lists the files below a folder. Links are not followed, and what cannot be listed has no files.
fn list(folder: &Path, below: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))?.flatten() {
        let path = below.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(folder, &path, files).unwrap_or_default(),
            Ok(kind) if kind.is_file() => files.push(path),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Reads a document of JSON; says why it cannot be, in words.
pub(super) fn document<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = text(path)?;
    serde_json::from_str(&text).map_err(|error| format!("it cannot be read: {error}"))
}

fn text(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        _ => format!("it cannot be read: {error}"), // Of the system, and non-exhaustive.
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a file of lines, each by itself: a run that was killed leaves half a line at its end.
fn told<T>(folder: &Path, file: &str, read: fn(&str) -> Result<T, String>) -> Told<T> {
    let mut told = Told { file: file.to_owned(), lines: Vec::new(), troubles: Vec::new() };
    let text = match text(&folder.join(file)) {
        Ok(text) => text,
        Err(reason) => {
            told.troubles.push(reason);
            return told;
        }
    };
    let mut broken = 0;
    for (number, one) in text.lines().enumerate() {
        match read(one) {
            Ok(line) => told.lines.push(line),
            Err(reason) => {
                broken += 1;
                if broken <= TROUBLES {
                    let shown: String = one.chars().take(LINE_SHOWN).collect();
                    told.troubles.push(format!("line {}: {reason}: {shown}", number + 1));
                }
            }
        }
    }
    if broken > TROUBLES {
        told.troubles.push(format!("and {} more lines", broken - TROUBLES));
    }
    told
}

fn line<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

/// Reads an event. One of a newer format may mean something else by the same words.
fn event(text: &str) -> Result<Record, String> {
    let value: serde_json::Value = line(text)?;
    match value["format"].as_u64() {
        Some(format) if format > u64::from(FORMAT) => {
            Err(format!("an event of format {format}; this program knows them up to {FORMAT}"))
        }
        Some(_) | None => serde_json::from_value(value).map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn calls_of_the_executor_are_in_their_order() {
        let mut files = ["again", "executor-10", "executor-of-another", "executor-2", "executor"]
            .map(|name| format!("{name}.events.jsonl"));
        files.sort_by_key(|file| in_order(file));
        let names = files.map(|file| file.split('.').next().unwrap().to_owned());
        assert_eq!(names, ["executor", "executor-2", "executor-10", "again", "executor-of-another"]);
    }

    #[rstest]
    #[case::half_a_line("{\"format\":4,\"seq", "line 1: EOF")]
    #[case::newer("{\"format\":99}", "line 1: an event of format 99; this program knows them up to")]
    #[case::something_else("7", "line 1: invalid type")]
    fn what_is_no_event_is_told(#[case] content: &str, #[case] says: &str) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("executor.events.jsonl"), content).unwrap();
        let recorded = Recorded::read(folder.path()).unwrap();
        let [call] = &recorded.calls[..] else { panic!("{recorded:?}") };
        assert!(call.lines.is_empty());
        assert!(call.troubles[0].starts_with(says), "{:?}", call.troubles);
        assert_eq!(recorded.report().unwrap_err(), "it is not there");
    }

    #[test]
    fn many_broken_lines_are_counted_and_the_others_read() {
        let folder = tempfile::tempdir().unwrap();
        let start = r#"{"kind":"start","t":1.0,"seed":7}"#;
        std::fs::write(folder.path().join("workload.jsonl"), format!("{}{start}\n", "no\n".repeat(5)))
            .unwrap();
        let recorded = Recorded::read(folder.path()).unwrap();
        let [workload] = &recorded.workloads[..] else { panic!("{recorded:?}") };
        assert_eq!(workload.lines, [Line::Start { t: 1.0, seed: 7 }]);
        assert_eq!(workload.troubles.len(), 4);
        assert_eq!(workload.troubles[3], "and 2 more lines");
    }
}
