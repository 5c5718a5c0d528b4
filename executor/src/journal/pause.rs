//! How a live run is asked to pause: by a file in its folder, which the runner looks for between steps and while it waits.
//!
//! Whoever asks makes the same file, another terminal or the run's own Ctrl-C. Going on with the run takes it away.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{JournalError, PRIVATE_FILE, failed};

/// Name of the file in a run's folder.
const FILE_NAME: &str = "pause";

/// Whether a run is asked to pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// It is not.
    NotAsked,
    /// It is.
    Asked {
        /// Whether this look is the first one that finds it so.
        first: bool,
    },
}

/// Asks the run of a journal to pause. Returns whether it was asked already.
///
/// # Errors
/// When the file cannot be made: the run goes on.
pub fn ask_to_pause(journal: &Path) -> Result<bool, JournalError> {
    let path = beside(journal);
    match OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(&path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
        Err(error) => Err(failed("create", &path)(error)),
    }
}

/// Returns whether the run of a journal is asked to pause.
pub fn is_asked_to_pause(journal: &Path) -> bool {
    beside(journal).exists()
}

/// Takes the wish back, so that the run goes on.
pub(super) fn forget(journal: &Path) -> Result<(), JournalError> {
    let path = beside(journal);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn beside(journal: &Path) -> PathBuf {
    journal.with_file_name(FILE_NAME)
}
