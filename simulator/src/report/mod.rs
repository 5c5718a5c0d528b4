//! The report of a run: data in, `report.json` and `report.txt` out.

mod kept;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::kept::{FAULTS, Samples, Strike};
use crate::oracle::{Judgement, Verdict};

/// The form of `report.json`. Raised with every change that a reader could stumble over.
///
/// 1: the first.
pub const FORMAT: u32 = 1;

/// Everything a run has to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The form of this file, [`FORMAT`].
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostVersions {
    /// The host.
    pub host: String,
    /// Before; why not, where it could not be read.
    pub before: Result<String, String>,
    /// After.
    pub after: Result<String, String>,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It could not be put into JSON.
    #[error("cannot put the report into JSON")]
    Json(#[source] serde_json::Error),
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
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

impl Report {
    /// Renders the report for a reader, on lines of about this width.
    pub fn render(&self, colour: Colour, width: u16) -> String {
        text::render(self, colour, width)
    }

    /// Writes `report.json` and `report.txt` into the folder of artifacts.
    ///
    /// # Errors
    /// A file that could not be written.
    pub fn write(&self) -> Result<(), ReportError> {
        let json = serde_json::to_string_pretty(self).map_err(ReportError::Json)?;
        for (name, content) in [("report.json", json + "\n"), ("report.txt", self.render(Colour::Off, 120))] {
            let path = self.artifacts.join(name);
            std::fs::write(&path, content).map_err(|source| ReportError::Write { path, source })?;
        }
        Ok(())
    }
}
