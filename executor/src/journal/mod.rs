//! The journal: the events of a run on disk, one JSON record a line, synced before each act.
//!
//! One folder a run under the state folder, `runs/TIME-RELEASE/journal.jsonl`, and one lock a pool, held
//! for as long as the process lives. No journal, no act. Only its owner may read it.

mod line;
mod lock;
mod pause;
mod read;
mod runs;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use thiserror::Error;

use crate::core::event::{Event, FORMAT, Record};
use crate::core::names::Release;

pub use lock::{Holder, PoolLock};
pub use pause::{Pause, ask_to_pause, is_asked_to_pause};
pub use read::{Contents, Torn, contents, parse, read};
use runs::next_name;
pub use runs::{latest, runs};

/// Name of the file in a run's folder.
const FILE_NAME: &str = "journal.jsonl";

/// The rights to our files and folders: a plan names every host, its ways and its clients.
const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

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
    #[error("{}:{line}: the journal is damaged at byte {offset}: {problem}\n{}", path.display(), way_out(path, *offset))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Where it begins in the file, in bytes. What is before it is whole.
        offset: u64,
        /// What is wrong with it.
        problem: String,
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
    #[error("another run of this pool is alive ({holder} holds {})\nhint: `executor status` shows it; wait for it, or `executor pause` it", lock.display())]
    Locked {
        /// The lock.
        lock: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
}

/// What to do about a damaged journal. The pool itself tells how it stands; the journal only what was meant.
fn way_out(path: &Path, offset: u64) -> String {
    let plan_anew = "move its folder out of `runs`, then `executor plan`: it looks at the pool itself and plans what \
                     is left. It starts no volume that is stopped by then: see `gluster volume info` first";
    let first = "hint: nothing was touched. Keep a copy of the file, whichever way you take";
    if offset == 0 {
        return format!("{first}:\n  - {plan_anew}");
    }
    format!(
        "{first}:\n  - cut it there, `truncate -s {offset} {}`, then `executor resume`: what is before that byte is \
         whole, and no step is done without a look at the pool\n  - or {plan_anew}",
        path.display()
    )
}

fn failed<'a>(act: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> JournalError + 'a {
    move |source| JournalError::File { act, path: path.to_owned(), source }
}

/// Makes a folder that only its owner may look into, where there is none. One that is there is the operator's.
fn folder(path: &Path) -> Result<(), JournalError> {
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path).map_err(failed("create", path))
}

/// The open journal of a run.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    sequence: u64,
    torn: Option<Torn>,
    pause_seen: bool,
}

impl Journal {
    /// Begins a journal in a new folder of its own.
    ///
    /// # Errors
    /// When folder or file cannot be made and synced.
    pub fn create(state_folder: &Path, to: Release, now: Timestamp) -> Result<Self, JournalError> {
        let runs = state_folder.join("runs");
        folder(&runs)?;
        // Earlier programs made it for all to read.
        fs::set_permissions(&runs, Permissions::from_mode(PRIVATE_FOLDER)).map_err(failed("close", &runs))?;
        let own = runs.join(next_name(&runs, to, now).map_err(failed("list", &runs))?);
        DirBuilder::new().mode(PRIVATE_FOLDER).create(&own).map_err(failed("create", &own))?;
        let path = own.join(FILE_NAME);
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .mode(PRIVATE_FILE)
            .open(&path)
            .map_err(failed("create", &path))?;
        // The folders are synced too: a journal whose name is lost in a crash is no journal.
        for folder in [own.as_path(), runs.as_path(), state_folder] {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync", folder))?;
        }
        Ok(Self { file, path, sequence: 0, torn: None, pause_seen: false })
    }

    /// Opens a journal to go on with it, and returns its records. A wish to pause is forgotten.
    ///
    /// # Errors
    /// When it cannot be read in whole.
    pub fn reopen(path: &Path) -> Result<(Self, Vec<Record>), JournalError> {
        let Contents { records, whole_bytes, torn } = contents(path)?;
        let file = OpenOptions::new().append(true).open(path).map_err(failed("open", path))?;
        // A torn last line was never acted upon: it is cut off, so that the next record begins a line.
        file.set_len(whole_bytes).and_then(|()| file.sync_all()).map_err(failed("trim", path))?;
        pause::forget(path)?;
        let sequence = records.last().map_or(0, |record| record.sequence);
        Ok((Self { file, path: path.to_owned(), sequence, torn, pause_seen: false }, records))
    }

    /// Appends an event and syncs it to disk before it returns.
    ///
    /// # Errors
    /// When it is not safely on disk; the caller must not act then.
    pub fn append(&mut self, event: Event) -> Result<Record, JournalError> {
        let record = Record { format: FORMAT, sequence: self.sequence + 1, at: Timestamp::now(), event };
        let mut line = line::sealed(&record).map_err(|error| JournalError::File {
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

    /// Returns whether the run is asked to pause and no look has found it so yet.
    pub fn has_a_new_wish_to_pause(&self) -> bool {
        !self.pause_seen && is_asked_to_pause(&self.path)
    }

    /// Looks whether the run is asked to pause.
    pub fn pause(&mut self) -> Pause {
        if !is_asked_to_pause(&self.path) {
            return Pause::NotAsked;
        }
        Pause::Asked { first: !std::mem::replace(&mut self.pause_seen, true) }
    }

    /// Returns what was cut off its end when it was opened again.
    pub fn torn(&self) -> Option<Torn> {
        self.torn
    }
}
