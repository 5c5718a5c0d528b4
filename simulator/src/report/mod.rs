//! The report of a run: data in; out come `report.json`, `report.txt`, `junit.xml` and `report.html`, and an index of many
//! runs. What else the page shows is read from the run's folder, so that all of it can be rendered again.

mod axis;
mod index;
mod junit;
mod kept;
#[cfg(test)]
mod model_tests;
mod page;
mod plot;
mod recorded;
mod steps;
#[cfg(test)]
mod testing;
mod text;
mod timeline;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};

pub use self::index::Index;
pub use self::junit::Junit;
pub use self::kept::{FAULTS, Samples, Strike};
pub use self::recorded::Recorded;
use crate::oracle::{Assertion, Judgement, Verdict};
use crate::printable::printable;

/// The form of `report.json`. Raised with every change that a reader could stumble over.
///
/// 1: the first.
pub const FORMAT: u32 = 1;

/// Everything a run has to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The form of this file. It is raised with every change that a reader could stumble over.
    pub format: u32,
    /// The worst verdict of all assertions.
    pub verdict: Verdict,
    /// The scenario's name.
    pub scenario: String,
    /// What it is about, in a sentence.
    pub description: String,
    /// The seed, where the run had one.
    pub seed: Option<u64>,
    /// When it began.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// How long it took in all.
    pub duration: Duration,
    /// How the executor ended, in words, with its exit code: "0, upgraded" …
    pub executor: String,
    /// Each host's release before and after.
    pub versions: Vec<HostVersions>,
    /// The longest operation of the client, where one wrote.
    pub longest_stall: Option<Duration>,
    /// What was counted.
    #[serde(default)]
    pub counts: Counts,
    /// Everything that was judged, in order.
    pub judgement: Judgement,
    /// What else a reader should know: allowances, parts that were left out.
    pub notes: Vec<String>,
    /// Where logs, events and records of this run are.
    pub artifacts: PathBuf,
    /// The command that repeats the run.
    pub repeat: String,
}

/// What was counted in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Those of them that were not to be found again, or with other bytes.
    pub lost: usize,
    /// Looks at the bricks that found more of a set out than it can spare: two of a replica set.
    pub too_many_out: usize,
    /// Faults that struck.
    pub faults: usize,
}

/// One host's release before and after the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostVersions {
    /// The host.
    pub host: String,
    /// Before; why not, where it could not be read.
    pub before: Result<String, String>,
    /// After.
    pub after: Result<String, String>,
}

/// Why a report could not be written, or a run not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It could not be put into JSON.
    #[error("cannot put the report into JSON")]
    Json(#[source] serde_json::Error),
    /// It could not be put into XML.
    #[error("cannot put the report into XML")]
    Xml(#[source] quick_junit::SerializeError),
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// Whether a rendered report has colour. Nothing is said by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Verdicts are coloured.
    On,
    /// Plain text.
    Off,
}

impl Colour {
    /// Returns `On` for a terminal, unless `NO_COLOR` is set and not empty (<https://no-color.org>).
    pub fn for_terminal(is_terminal: bool) -> Self {
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if is_terminal && !is_refused { Self::On } else { Self::Off }
    }
}

/// Renders a judgement alone, as a report has it.
pub fn render_judgement(judgement: &Judgement, colour: Colour, width: u16) -> String {
    text::assertions(&safe(judgement).assertions, colour, width)
}

/// Returns a judgement with everything from outside made safe to show.
fn safe(judgement: &Judgement) -> Judgement {
    let assertions = judgement.assertions.iter().map(|assertion| Assertion {
        phase: printable(&assertion.phase),
        name: printable(&assertion.name),
        subject: printable(&assertion.subject),
        verdict: assertion.verdict,
        expected: printable(&assertion.expected),
        found: printable(&assertion.found),
    });
    Judgement { assertions: assertions.collect(), tally: judgement.tally }
}

impl Report {
    /// Renders the report for a reader, on lines of about this width.
    pub fn render(&self, colour: Colour, width: u16) -> String {
        text::render(&self.printable(), colour, width)
    }

    /// Returns the published schema of `report.json`, as it is kept in docs/report.schema.json.
    ///
    /// # Errors
    /// Never, unless the schema itself is no JSON.
    pub fn schema() -> serde_json::Result<String> {
        serde_json::to_string_pretty(&schema_for!(Self)).map(|text| text + "\n")
    }

    /// Writes `report.json`, `report.txt`, `junit.xml` and `report.html` into the folder of artifacts.
    ///
    /// # Errors
    /// A file that could not be written.
    pub fn write(&self) -> Result<(), ReportError> {
        let json = serde_json::to_string_pretty(self).map_err(ReportError::Json)?;
        let xml = junit::render(self).map_err(ReportError::Xml)?;
        let files =
            [("report.json", json + "\n"), ("report.txt", self.render(Colour::Off, 120)), ("junit.xml", xml)];
        for (name, content) in files {
            write(&self.artifacts.join(name), &content)?;
        }
        Recorded::read(&self.artifacts)?.write_page(&self.artifacts).map(drop)
    }

    /// Returns the report with everything from outside made safe to show.
    fn printable(&self) -> Self {
        let shown = |text: &String| printable(text);
        let release = |release: &Result<String, String>| release.as_ref().map(shown).map_err(shown);
        let versions = self.versions.iter().map(|HostVersions { host, before, after }| HostVersions {
            host: shown(host),
            before: release(before),
            after: release(after),
        });
        // Named one by one, so that none with a text is forgotten.
        Self {
            format: self.format,
            verdict: self.verdict,
            scenario: shown(&self.scenario),
            description: shown(&self.description),
            seed: self.seed,
            started: self.started,
            duration: self.duration,
            executor: shown(&self.executor),
            versions: versions.collect(),
            longest_stall: self.longest_stall,
            counts: self.counts,
            judgement: safe(&self.judgement),
            notes: self.notes.iter().map(shown).collect(),
            artifacts: printable(&self.artifacts.to_string_lossy()).into(),
            repeat: shown(&self.repeat),
        }
    }
}

fn write(path: &Path, content: &str) -> Result<(), ReportError> {
    std::fs::write(path, content).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::Value;

    use super::testing::{hostile, report};
    use super::*;

    const PUBLISHED: &str = include_str!("../../../docs/report.schema.json");

    #[test]
    fn the_published_schema_is_todays() {
        let today = Report::schema().unwrap();
        // Accepted like a golden text, to be read in the diff.
        if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json"), &today)
                .unwrap();
            return;
        }
        assert!(
            today == PUBLISHED,
            "INSTA_UPDATE=always writes docs/report.schema.json anew; read the difference"
        );
    }

    fn published() -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(PUBLISHED).unwrap()).unwrap()
    }

    #[rstest]
    #[case::of_a_run(report())]
    #[case::of_a_hostile_one(hostile())]
    #[case::of_one_that_nobody_wrote_in(Report { seed: None, longest_stall: None, versions: Vec::new(), ..report() })]
    fn a_report_is_valid_by_the_published_schema(#[case] report: Report) {
        let written = serde_json::to_value(report).unwrap();
        let errors: Vec<String> = published()
            .iter_errors(&written)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }

    #[rstest]
    #[case::another_verdict(|report: &mut Value| report["verdict"] = "perhaps".into())]
    #[case::no_assertions(|report: &mut Value| report["judgement"] = serde_json::json!({}))]
    #[case::a_bare_release(|report: &mut Value| report["versions"][0]["before"] = "10.3".into())]
    #[case::a_bare_duration(|report: &mut Value| report["duration"] = 7.into())]
    fn what_is_broken_is_not(#[case] break_it: fn(&mut Value)) {
        let mut written = serde_json::to_value(report()).unwrap();
        break_it(&mut written);
        assert!(!published().is_valid(&written));
    }

    #[test]
    fn a_report_is_written_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let report = Report { artifacts: folder.path().into(), ..report() };
        report.write().unwrap();
        let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&read("report.json")).unwrap(), report);
        assert_eq!(Recorded::read(folder.path()).unwrap().report(), Ok(&report));
        for (name, part) in
            [("report.txt", "FAIL"), ("junit.xml", "<testsuite "), ("report.html", "<!DOCTYPE html>")]
        {
            assert!(read(name).contains(part), "{name}: {}", read(name));
        }
    }

    #[test]
    fn no_terminal_obeys_a_text_from_outside() {
        for text in [hostile().render(Colour::Off, 100), hostile().render(Colour::On, 100)] {
            let plain = ["31", "32", "33", "0"]
                .iter()
                .fold(text, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
            assert!(plain.chars().all(|char| char == '\n' || !char.is_control()), "{plain:?}");
            assert!(plain.contains("\\u{1b}[2J"), "{plain}");
        }
    }
}
