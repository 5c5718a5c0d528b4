//! The files of a recording: written beside their place, and put there when all of them are complete.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use super::states::State;
use crate::engine::ExecOutput;

/// A recording of a release that is being made. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Recording {
    release: String,
    into: PathBuf,
    /// Beside its place, so that it can be renamed into it.
    unfinished: TempDir,
}

/// Why a file of a recording cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError + '_ {
    move |source| WriteError { path: path.to_owned(), source }
}

impl Recording {
    /// Begins the recording of a release, to be `into`/RELEASE in the end.
    ///
    /// # Errors
    /// The folder that cannot be made.
    pub fn begin(into: &Path, release: &str) -> Result<Self, WriteError> {
        std::fs::create_dir_all(into).map_err(at(into))?;
        let unfinished = tempfile::Builder::new().prefix(".recording-").tempdir_in(into).map_err(at(into))?;
        Ok(Self { release: release.to_owned(), into: into.to_owned(), unfinished })
    }

    fn folder(&self) -> PathBuf {
        self.unfinished.path().join(&self.release)
    }

    /// Writes what was answered: standard output, and beside it what is not as usual.
    pub(super) fn keep(&self, state: &str, file: &str, answer: &ExecOutput) -> Result<(), WriteError> {
        let ExecOutput { status, stdout, stderr } = answer;
        let path = self.folder().join(state).join(file);
        write(&path, stdout)?;
        let beside = |what: &str| PathBuf::from(format!("{}.{what}", path.display()));
        if *status != 0 {
            write(&beside("exit"), &format!("{status}\n"))?;
        }
        if !stderr.is_empty() {
            write(&beside("err"), stderr)?;
        }
        Ok(())
    }

    /// Puts the recording into its place, instead of an earlier one, and returns that.
    ///
    /// # Errors
    /// What cannot be written, or replaced.
    pub fn finish(self, family: &str, now: Timestamp) -> Result<PathBuf, WriteError> {
        let folder = self.folder();
        write(&folder.join("README"), &about(&self.release, family, now))?;
        let place = self.into.join(&self.release);
        keep_what_is_by_hand(&place, &folder).map_err(at(&place))?;
        match std::fs::remove_dir_all(&place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&place)(error)),
            Ok(()) | Err(_) => {}
        }
        std::fs::rename(&folder, &place).map_err(at(&place))?;
        Ok(place)
    }
}

/// Moves what lies in an earlier recording, and no recording makes, into the new one: somebody recorded it by hand.
fn keep_what_is_by_hand(earlier: &Path, new: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(earlier) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        let is_ours = name == "README" || super::states().any(|state| name == *state.name);
        if !is_ours {
            std::fs::rename(earlier.join(&name), new.join(&name))?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(at(folder))?;
    }
    std::fs::write(path, text).map_err(at(path))
}

/// Returns the text that says where a recording comes from.
fn about(release: &str, family: &str, now: Timestamp) -> String {
    let date = now.strftime("%Y-%m-%d");
    let rows = super::states().map(|State { name, about, .. }| format!("{name:13}  {about}\n"));
    format!(
        "Recorded on {date} by `simulator record --release {release}`, from pools of the image family {family}.\n\n\
         Process ids, ports, byte counts, UUIDs, addresses and times are those of pools long gone: they differ at every\n\
         recording. Words, elements and their order are the release's. Passwords were masked before they left their\n\
         server.\n\n{}",
        rows.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: i64, stdout: &str, stderr: &str) -> ExecOutput {
        ExecOutput { status, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
    }

    #[test]
    fn an_earlier_recording_is_replaced_by_a_finished_one_alone() {
        let into = tempfile::tempdir().unwrap();
        let names = |folder: &Path| -> Vec<String> {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        let first = Recording::begin(into.path(), "9.2").unwrap();
        first.keep("healthy", "old.xml", &answer(0, "x", "")).unwrap();
        first.finish("f", Timestamp::UNIX_EPOCH).unwrap();

        let broken = Recording::begin(into.path(), "9.2").unwrap();
        broken.keep("healthy", "broken.xml", &answer(0, "x", "")).unwrap();
        drop(broken);
        assert_eq!(names(into.path()), ["9.2"]);
        assert_eq!(names(&into.path().join("9.2/healthy")), ["old.xml"]);

        // What no state of ours is called was recorded by hand, and stays.
        std::fs::create_dir(into.path().join("9.2/by-hand")).unwrap();
        std::fs::write(into.path().join("9.2/by-hand/status.xml"), "x").unwrap();

        let second = Recording::begin(into.path(), "9.2").unwrap();
        second.keep("healthy", "vols/rep/info", &answer(0, "x", "")).unwrap();
        second.keep("healthy", "b.xml", &answer(1, "", "no\n")).unwrap();
        let place = second.finish("f", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(names(into.path()), ["9.2"]);
        assert_eq!(names(&place), ["README", "by-hand", "healthy"]);
        assert_eq!(names(&place.join("by-hand")), ["status.xml"]);
        assert_eq!(names(&place.join("healthy")), ["b.xml", "b.xml.err", "b.xml.exit", "vols"]);
        assert_eq!(std::fs::read_to_string(place.join("healthy/b.xml.exit")).unwrap(), "1\n");
        assert!(std::fs::read_to_string(place.join("README")).unwrap().starts_with("Recorded on 1970-01-01"));
    }
}
