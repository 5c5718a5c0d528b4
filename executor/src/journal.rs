//! The journal: the events of a run on disk, one JSON record a line, synced before each act.
//!
//! One folder a run under the state folder, `runs/TIME-RELEASE/journal.jsonl`, and one lock a pool, held
//! for as long as the process lives. No journal, no act.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

use crate::core::claim::RunId;
use crate::core::event::{Event, FORMAT, Record};
use crate::core::names::Release;
use crate::core::resume::{self, Progress};

/// Name of the file in a run's folder.
const FILE_NAME: &str = "journal.jsonl";

/// The largest journal that is read, in bytes. A long run writes a few hundred kilobytes.
const SIZE_MAX: u64 = 256 << 20;

/// The largest first record that is read, in bytes: it holds the plan.
const FIRST_RECORD_MAX: u64 = 64 << 20;

/// Why a journal cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("failed to {act} {}", path.display())]
    File {
        /// What was tried.
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A line is no record.
    #[error("{}:{line}: not a journal record: {problem}\nhint: {hint}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        hint: &'static str,
    },
    /// A later program wrote it.
    #[error("{} has format {found}, this program reads up to {FORMAT}\nhint: use the program that wrote it, or a later one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Another process runs an upgrade of this pool from this state folder.
    #[error("another run of this pool is alive (it holds {})\nhint: `executor status` shows it; wait for it, or end it", lock.display())]
    Locked {
        /// The lock.
        lock: PathBuf,
    },
}

/// The hint of a damaged journal. The pool itself tells how it stands; the journal only what was meant.
const DAMAGED_HINT: &str = "keep a copy of the file; move its folder away, then run `executor plan`: \
                            it looks at the pool itself and plans what is left";

fn failed<'a>(act: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> JournalError + 'a {
    move |source| JournalError::File { act, path: path.to_owned(), source }
}

/// Holds off other runs of the same pool. Released with the process, however it ends.
#[derive(Debug)]
pub struct PoolLock(#[expect(dead_code, reason = "its being open is what locks")] File);

impl PoolLock {
    /// Takes the lock of a pool.
    ///
    /// # Errors
    /// [`JournalError::Locked`] where a live process holds it.
    pub fn take(state_folder: &Path, pool: &str) -> Result<Self, JournalError> {
        fs::create_dir_all(state_folder).map_err(failed("create", state_folder))?;
        let path = state_folder.join(format!("{pool}.lock"));
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(fs::TryLockError::WouldBlock) => Err(JournalError::Locked { lock: path }),
            Err(fs::TryLockError::Error(source)) => Err(JournalError::File { act: "lock", path, source }),
        }
    }
}

/// The open journal of a run.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    sequence: u64,
}

impl Journal {
    /// Begins a journal in a new folder of its own.
    ///
    /// # Errors
    /// When folder or file cannot be made and synced.
    pub fn create(state_folder: &Path, to: Release, now: Timestamp) -> Result<Self, JournalError> {
        let runs = state_folder.join("runs");
        fs::create_dir_all(&runs).map_err(failed("create", &runs))?;
        let name = format!("{}-{to}", now.strftime("%Y%m%dT%H%M%SZ"));
        let folder = (1..)
            .map(|count| runs.join(if count == 1 { name.clone() } else { format!("{name}-{count}") }))
            .find(|folder| !folder.exists())
            .unwrap_or_else(|| runs.join(&name));
        fs::create_dir(&folder).map_err(failed("create", &folder))?;
        let path = folder.join(FILE_NAME);
        let file =
            OpenOptions::new().create_new(true).append(true).open(&path).map_err(failed("create", &path))?;
        // The folders are synced too: a journal whose name is lost in a crash is no journal.
        for folder in [folder.as_path(), runs.as_path(), state_folder] {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync", folder))?;
        }
        Ok(Self { file, path, sequence: 0 })
    }

    /// Opens a journal to go on with it, and returns its records.
    ///
    /// # Errors
    /// When it cannot be read in whole.
    pub fn reopen(path: &Path) -> Result<(Self, Vec<Record>), JournalError> {
        let (records, whole_bytes) = read_whole(path)?;
        let file = OpenOptions::new().append(true).open(path).map_err(failed("open", path))?;
        // A torn last line was never acted upon: it is cut off, so that the next record begins a line.
        file.set_len(whole_bytes).map_err(failed("trim", path))?;
        let sequence = records.last().map_or(0, |record| record.sequence);
        Ok((Self { file, path: path.to_owned(), sequence }, records))
    }

    /// Appends an event and syncs it to disk before it returns.
    ///
    /// # Errors
    /// When it is not safely on disk; the caller must not act then.
    pub fn append(&mut self, event: Event) -> Result<Record, JournalError> {
        let record = Record { format: FORMAT, sequence: self.sequence + 1, at: Timestamp::now(), event };
        let mut line = serde_json::to_string(&record).map_err(|error| JournalError::File {
            act: "write a record to",
            path: self.path.clone(),
            source: error.into(),
        })?;
        line.push('\n');
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(failed("write", &self.path))?;
        self.sequence += 1;
        Ok(record)
    }

    /// Returns a journal whose disk is full from now on.
    #[cfg(test)]
    pub(crate) fn into_failing(self) -> Self {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        Self { file: full, ..self }
    }

    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a journal. A torn last line, which is what a crash leaves, is dropped.
///
/// # Errors
/// When any other line is no record, or the format is newer than this program.
pub fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
    read_whole(path).map(|(records, _)| records)
}

/// Reads a journal and returns its records and how many bytes they take.
fn read_whole(path: &Path) -> Result<(Vec<Record>, u64), JournalError> {
    let size = fs::metadata(path).map_err(failed("read", path))?.len();
    if size > SIZE_MAX {
        let problem = format!("the file has {size} bytes, more than any run writes");
        return Err(JournalError::Damaged { path: path.to_owned(), line: 1, problem, hint: DAMAGED_HINT });
    }
    let text = fs::read_to_string(path).map_err(failed("read", path))?;
    let mut records: Vec<Record> = Vec::new();
    let mut whole_bytes = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let damaged = |problem: String| JournalError::Damaged {
            path: path.to_owned(),
            line: at + 1,
            problem,
            hint: DAMAGED_HINT,
        };
        if !line.ends_with('\n') {
            tracing::warn!(path = %path.display(), line = at + 1, "dropped a torn last record");
            break;
        }
        let format = serde_json::from_str::<serde_json::Value>(line)
            .ok()
            .and_then(|value| value.get("format")?.as_u64())
            .ok_or_else(|| damaged("no format number".to_owned()))?;
        if format > u64::from(FORMAT) {
            let found = u32::try_from(format).unwrap_or(u32::MAX);
            return Err(JournalError::Newer { path: path.to_owned(), found });
        }
        let record: Record = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
        let expected = records.last().map_or(1, |last| last.sequence + 1);
        if record.sequence != expected {
            return Err(damaged(format!("record {} where {expected} was due", record.sequence)));
        }
        records.push(record);
        whole_bytes += line.len() as u64;
    }
    Ok((records, whole_bytes))
}

/// Returns the latest run that fits, and how far it came. Runs are named by their time.
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
    let mut folders: Vec<PathBuf> = fs::read_dir(&runs)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(failed("list", &runs))?;
    folders.sort();
    for path in folders.iter().rev().map(|folder| folder.join(FILE_NAME)).filter(|path| path.exists()) {
        if let Some(progress) = resume::progress(&read(&path)?).filter(&mut fits) {
            return Ok(Some((path, progress)));
        }
    }
    Ok(None)
}

/// Returns every run whose journal is in a state folder. One whose first record cannot be read is left out: what it
/// has claimed is nobody's that we know of.
pub fn runs(state_folder: &Path) -> BTreeSet<RunId> {
    let folders = fs::read_dir(state_folder.join("runs")).into_iter().flatten().filter_map(Result::ok);
    let run = |folder: fs::DirEntry| {
        let mut first = String::new();
        let file = File::open(folder.path().join(FILE_NAME)).ok()?;
        BufReader::new(file.take(FIRST_RECORD_MAX)).read_line(&mut first).ok()?;
        let record: Record = serde_json::from_str(&first).ok()?;
        Some(RunId { run: folder.file_name().into_string().ok()?, since: record.at })
    };
    folders.filter_map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(folder: &Path) -> Journal {
        Journal::create(folder, "11.1".parse().unwrap(), Timestamp::UNIX_EPOCH).unwrap()
    }

    fn with_records(folder: &Path) -> PathBuf {
        let mut journal = journal(folder);
        journal.append(Event::StepStarted { step: 1 }).unwrap();
        journal.append(Event::RunFinished).unwrap();
        journal.path().to_owned()
    }

    #[test]
    fn what_is_appended_is_read_back_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_records(folder.path());
        let (mut journal, records) = Journal::reopen(&path).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(journal.append(Event::RunFinished).unwrap().sequence, 3);
        assert_eq!(read(&path).unwrap().len(), 3);
    }

    #[test]
    fn the_runs_of_a_folder_are_told_by_name_and_start() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(runs(folder.path()), BTreeSet::new());
        let path = with_records(folder.path());
        let since = read(&path).unwrap()[0].at;
        let broken = with_records(folder.path());
        fs::write(broken, "{\"format\"").unwrap();
        assert_eq!(
            runs(folder.path()),
            BTreeSet::from([RunId { run: "19700101T000000Z-11.1".into(), since }])
        );
    }

    #[test]
    fn two_runs_in_one_second_have_folders_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        assert_ne!(journal(folder.path()).path(), journal(folder.path()).path());
    }

    #[test]
    fn a_torn_last_record_is_dropped_and_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_records(folder.path());
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], br#"{"format":1,"seq"#].concat()).unwrap();
        let (mut journal, records) = Journal::reopen(&path).unwrap();
        assert_eq!(records.len(), 2);
        journal.append(Event::RunFinished).unwrap();
        assert_eq!(read(&path).unwrap().len(), 3);
    }

    #[test]
    fn any_other_damage_is_an_error_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_records(folder.path());
        let text = fs::read_to_string(&path).unwrap();
        for (damage, line) in [
            (text.replacen("step_started", "step_sparted", 1), 1),
            (text.lines().skip(1).map(|line| format!("{line}\n")).collect(), 1),
            (format!("{text}\n"), 3),
        ] {
            fs::write(&path, damage).unwrap();
            let error = read(&path).unwrap_err();
            assert!(matches!(error, JournalError::Damaged { line: found, .. } if found == line), "{error}");
        }
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = with_records(folder.path());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"format\":", "\"format\":9")).unwrap();
        assert!(matches!(read(&path), Err(JournalError::Newer { found: 90.., .. })));
    }

    #[test]
    fn a_pool_has_one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = PoolLock::take(folder.path(), "p").unwrap();
        assert!(matches!(PoolLock::take(folder.path(), "p"), Err(JournalError::Locked { .. })));
        PoolLock::take(folder.path(), "q").unwrap();
        drop(held);
        PoolLock::take(folder.path(), "p").unwrap();
    }
}
