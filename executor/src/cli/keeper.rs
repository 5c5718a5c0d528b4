//! Where runs are worked on from here, and by whom: what their claims on the servers say.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use crate::core::claim::{Claim, Keeper, RunId};
use crate::core::names::Release;
use crate::journal;

/// Returns what this process claims the servers with, for a run with this journal.
pub(super) fn claim(id: RunId, journal: &Path, to: Release) -> Claim {
    let word = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(word);
    let user = readable(user.as_deref().unwrap_or("somebody"));
    let process = format!("{} since {}", std::process::id(), Timestamp::now());
    Claim::new(keeper(id, journal), &user, to, env!("CARGO_PKG_VERSION").to_owned()).of_process(process)
}

/// Returns where the runs of a state folder are worked on, as their claims say where they were made from here.
pub(super) fn own(state_folder: &Path) -> BTreeSet<Keeper> {
    journal::runs(state_folder).into_iter().map(|(id, journal)| keeper(id, &journal)).collect()
}

/// This machine, and the journal's place there.
fn keeper(id: RunId, journal: &Path) -> Keeper {
    // However its folder was called this time.
    let journal = std::fs::canonicalize(journal).or_else(|_| std::path::absolute(journal));
    let journal = journal.map(|path| path.display().to_string()).unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Keeper { id, machine: readable(machine.trim()), journal }
}

/// What others read has to be a word to them.
fn readable(word: &str) -> String {
    word.chars().filter(|char| !char.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::Event;
    use crate::journal::Journal;

    /// Through a link, by a path with a detour: the same place. A copy: another one.
    #[test]
    fn a_journal_is_known_by_whatever_path_and_its_copy_is_none_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (state, link, copy) =
            (folder.path().join("state"), folder.path().join("link"), folder.path().join("copy"));
        let to: Release = "11.1".parse().unwrap();
        let mut journal = Journal::create(&state, to, Timestamp::UNIX_EPOCH).unwrap();
        journal.append(Event::RunFinished).unwrap();
        std::os::unix::fs::symlink(&state, &link).unwrap();
        let (id, path) = journal::runs(&state).into_iter().next().unwrap();
        let made = claim(id, &path, to);
        for same in [&state, &link, &folder.path().join("state/../state")] {
            assert!(own(same).contains(&made.keeper()), "{}", same.display());
        }
        let run = path.parent().unwrap();
        let there = copy.join("runs").join(run.file_name().unwrap());
        std::fs::create_dir_all(&there).unwrap();
        std::fs::copy(&path, there.join(path.file_name().unwrap())).unwrap();
        assert!(own(&copy).len() == 1 && !own(&copy).contains(&made.keeper()));
    }
}
