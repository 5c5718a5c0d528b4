//! Who works on runs from here: what their claims on the servers say.

use std::collections::BTreeSet;
use std::path::Path;

use crate::core::claim::{Keeper, RunId};
use crate::journal;

/// Returns who works on a run with this journal: this operator, on this machine.
pub(super) fn keeper(id: RunId, journal: &Path) -> Keeper {
    // However its folder was called this time.
    let journal = std::fs::canonicalize(journal).or_else(|_| std::path::absolute(journal));
    let journal = journal.map(|path| path.display().to_string()).unwrap_or_default();
    Keeper { id, by: operator(), journal }
}

/// Returns who works on the runs of a state folder, as their claims say where they were made from here.
pub(super) fn own(state_folder: &Path) -> BTreeSet<Keeper> {
    journal::runs(state_folder).into_iter().map(|(id, journal)| keeper(id, &journal)).collect()
}

/// Returns the operator: user and machine.
fn operator() -> String {
    let word = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(word);
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let by = format!("{}@{}", user.as_deref().unwrap_or("somebody"), machine.trim());
    // What others read has to be a word to them.
    by.chars().filter(|char| !char.is_control()).take(100).collect()
}
