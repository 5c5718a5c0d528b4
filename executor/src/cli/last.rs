//! The last run of a pool: which journal of the state folder is meant, and who holds it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::core::declared::{Difference, servers};
use crate::core::inventory::Inventory;
use crate::core::names::HostName;
use crate::core::plan::Plan;
use crate::core::resume::Progress;
use crate::journal::{self, JournalError, PoolLock};

/// Returns the last run of the servers of an inventory, and how far it came.
pub(super) fn last_run(
    state_folder: &Path,
    inventory: &Inventory,
) -> Result<Option<(PathBuf, Progress)>, JournalError> {
    let names: BTreeSet<&HostName> = inventory.servers.keys().collect();
    journal::latest(state_folder, |progress| names == servers_of(&progress.plan))
}

/// Returns the last unfinished run that has some servers in common with an inventory, and in what they differ.
pub(super) fn related_run(
    state_folder: &Path,
    inventory: &Inventory,
) -> Result<Option<(PathBuf, Vec<Difference>)>, JournalError> {
    let names: BTreeSet<&HostName> = inventory.servers.keys().collect();
    let related = |progress: &Progress| !progress.complete && !servers_of(&progress.plan).is_disjoint(&names);
    let found = journal::latest(state_folder, related)?;
    Ok(found.map(|(path, progress)| (path, servers(servers_of(&progress.plan), names))))
}

/// Returns the name of a run: its journal's folder.
pub(super) fn name_of(journal: &Path) -> String {
    let folder = journal.parent().and_then(Path::file_name);
    folder.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Returns the servers of a plan.
pub(super) fn servers_of(plan: &Plan) -> BTreeSet<&HostName> {
    plan.servers.iter().map(|row| &row.host).collect()
}

/// Returns who holds the lock of a pool, in words. Who cannot be asked might: that is told, and never "nobody".
pub(super) fn holder(state_folder: &Path, pool: &str) -> Option<String> {
    match PoolLock::holder(state_folder, pool) {
        Ok(holder) => holder.map(|holder| holder.to_string()),
        Err(error) => Some(format!("nobody knows whether a process ({error})")),
    }
}
