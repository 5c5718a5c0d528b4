//! The lock of a pool: held by the process that acts on it, for as long as it lives.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::{JournalError, PRIVATE_FILE, failed, folder};

/// How often the lock is tried, and how long between: `status` holds it for a moment when it asks whether it is held.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// The longest text of a lock that is read, in bytes: a process's number.
const PID_LENGTH_MAX: u64 = 20;

/// Holds off other runs of the same pool. Released with the process, however it ends.
#[derive(Debug)]
pub struct PoolLock(#[expect(dead_code, reason = "its being open is what locks")] File);

/// A process that holds the lock of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Its number, where it has written it down.
    pub pid: Option<u32>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("a process"),
        }
    }
}

impl PoolLock {
    /// Takes the lock of a pool.
    ///
    /// # Errors
    /// [`JournalError::Locked`] where a live process holds it.
    pub fn take(state_folder: &Path, pool: &str) -> Result<Self, JournalError> {
        folder(state_folder)?;
        let path = lock_of(state_folder, pool);
        let mut options = OpenOptions::new();
        let open = options.create(true).truncate(false).read(true).write(true).mode(PRIVATE_FILE).open(&path);
        let mut file = open.map_err(failed("open", &path))?;
        for attempt in 1..=TRIES {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if attempt < TRIES => sleep(BETWEEN_TRIES),
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(JournalError::Locked { holder: said(&mut file), lock: path });
                }
                Err(fs::TryLockError::Error(source)) => {
                    return Err(JournalError::File { act: "lock", path, source });
                }
            }
        }
        // The number is for messages: that the lock is held says the lock itself.
        let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(failed("write", &path))?;
        Ok(Self(file))
    }

    /// Returns the live process that holds the lock of a pool, if there is one.
    ///
    /// # Errors
    /// When the lock cannot be looked at.
    pub fn holder(state_folder: &Path, pool: &str) -> Result<Option<Holder>, JournalError> {
        let path = lock_of(state_folder, pool);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(JournalError::File { act: "open", path, source }),
        };
        // Shared, so that two who ask at once do not take each other for a run.
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(fs::TryLockError::WouldBlock) => Ok(Some(said(&mut file))),
            Err(fs::TryLockError::Error(source)) => Err(JournalError::File { act: "lock", path, source }),
        }
    }
}

fn lock_of(state_folder: &Path, pool: &str) -> PathBuf {
    state_folder.join(format!("{pool}.lock"))
}

/// Reads who holds a lock.
fn said(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file.take(PID_LENGTH_MAX).read_to_string(&mut text);
    Holder { pid: read.ok().and_then(|_| text.trim().parse().ok()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_has_one_run_at_a_time_and_it_is_told_which() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(PoolLock::holder(folder.path(), "p").unwrap(), None, "there is no lock");
        let held = PoolLock::take(folder.path(), "p").unwrap();
        let me = Holder { pid: Some(std::process::id()) };
        assert_eq!(PoolLock::holder(folder.path(), "p").unwrap(), Some(me));
        let error = PoolLock::take(folder.path(), "p").unwrap_err();
        assert!(matches!(error, JournalError::Locked { holder, .. } if holder == me), "{error}");
        PoolLock::take(folder.path(), "q").unwrap();
        drop(held);
        assert_eq!(PoolLock::holder(folder.path(), "p").unwrap(), None, "its file stays, nobody holds it");
        PoolLock::take(folder.path(), "p").unwrap();
    }
}
