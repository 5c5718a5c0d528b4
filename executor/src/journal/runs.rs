//! The runs of a state folder: `runs/TIME-RELEASE[-COUNT]/journal.jsonl`, so that their names tell their order.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{FILE_NAME, JournalError, failed, read};
use crate::core::claim::RunId;
use crate::core::event::Record;
use crate::core::names::Release;
use crate::core::resume::{self, Progress};

/// The largest first record that is read, in bytes: it holds the plan.
const FIRST_RECORD_MAX: u64 = 64 << 20;

/// The time in a run's name, in UTC.
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// Returns the latest run that fits, and how far it came. Runs are ordered by their names.
///
/// # Errors
/// When a journal cannot be read: a damaged one might be the one that matters.
pub fn latest(
    state_folder: &Path,
    mut fits: impl FnMut(&Progress) -> bool,
) -> Result<Option<(PathBuf, Progress)>, JournalError> {
    let runs = state_folder.join("runs");
    if !runs.exists() {
        return Ok(None);
    }
    let folders: Vec<PathBuf> = fs::read_dir(&runs)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(failed("list", &runs))?;
    // A copy that somebody put aside has another name, and is no run to go on with.
    let folders: BTreeMap<_, PathBuf> =
        folders.into_iter().filter_map(|folder| Some((age(&folder)?, folder))).collect();
    for path in folders.values().rev().map(|folder| folder.join(FILE_NAME)).filter(|path| path.exists()) {
        if let Some(progress) = resume::progress(&read(&path)?).filter(&mut fits) {
            return Ok(Some((path, progress)));
        }
    }
    Ok(None)
}

/// Returns the name of a run that begins now: later than every other one, also where this machine's clock was set back
/// since. `resume` takes up the latest run, and nothing else tells which one that is.
pub(super) fn next_name(runs: &Path, to: Release, now: Timestamp) -> io::Result<String> {
    let folders: Vec<_> = fs::read_dir(runs)?.collect::<Result<_, _>>()?;
    let latest =
        folders.iter().filter_map(|folder| age(&folder.path())).map(|(time, count, _)| (time, count)).max();
    let now = now.strftime(TIME).to_string();
    Ok(match latest {
        Some((time, count)) if time >= now => format!("{time}-{to}-{}", count.saturating_add(1)),
        _ => format!("{now}-{to}"),
    })
}

/// Returns what runs are ordered by, by the name `TIME-RELEASE[-COUNT]`: the time, and the count of those that had the same
/// one. None: that is no name of a run.
fn age(folder: &Path) -> Option<(String, u64, Release)> {
    let name = folder.file_name()?.to_str()?;
    let mut parts = name.split('-');
    let (time, to) = (parts.next()?, parts.next()?.parse().ok()?);
    let count = parts.next().map_or(Ok(1), str::parse).ok()?;
    let ours = parts.next().is_none() && DateTime::strptime(TIME, time).is_ok();
    ours.then(|| (time.to_owned(), count, to))
}

/// Returns every run whose journal is in a state folder, with that journal. One whose first record cannot be read is left out: what it
/// has claimed is nobody's that we know of.
pub fn runs(state_folder: &Path) -> BTreeMap<RunId, PathBuf> {
    let folders = fs::read_dir(state_folder.join("runs")).into_iter().flatten().filter_map(Result::ok);
    let run = |folder: fs::DirEntry| {
        let mut first = String::new();
        let journal = folder.path().join(FILE_NAME);
        let file = File::open(&journal).ok()?;
        BufReader::new(file.take(FIRST_RECORD_MAX)).read_line(&mut first).ok()?;
        let record: Record = serde_json::from_str(&first).ok()?;
        Some((RunId { run: folder.file_name().into_string().ok()?, since: record.at }, journal))
    };
    folders.filter_map(run).collect()
}
