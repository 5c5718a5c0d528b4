//! apt: which version brings a release, and a transaction that moves all of Gluster to it, and to it alone.
//!
//! The whole family moves by a pin on its *source* package (`src:glusterfs`, apt_preferences(5), apt 2.1 and
//! later; Debian 11 has 2.2), since the names of its packages differ by release. Up and down both work
//! (tried: 9.2, 10.3 and 11.1 on bookworm).
//!
//! On a host that serves nothing (no `glusterfs-server`), whatever of the family is there moves, and no more.

use std::time::Duration;

use super::PackageError;
use crate::core::command::{Command, Effect, Output};
use crate::core::names::Release;
use crate::core::script::succeeded;

/// Joins a script with what all of them share, under a first line by which messages call it.
macro_rules! script {
    ($file:literal) => {
        concat!(
            "# ",
            $file,
            "\n",
            include_str!("common.sh"),
            include_str!("../units.sh"),
            include_str!($file)
        )
    };
}

/// Reading apt's indexes and simulating a transaction.
const LOOK: Duration = Duration::from_secs(120);
/// Fetching and unpacking on a slow host, with a wait for another apt before it.
const INSTALL: Duration = Duration::from_secs(3600);
/// Fetching the indexes, with waits for another apt.
const REFRESH: Duration = Duration::from_secs(900);

/// Returns the command that tells what installing a release would do. It reads only, and fetches nothing:
/// what is on offer is what the host's indexes say.
pub(super) fn offer(release: Release) -> Command {
    Command::script(Effect::Reads, script!("offer.sh"), [release.to_string()], LOOK)
}

/// Returns the command that fetches the package indexes anew.
pub fn refresh() -> Command {
    const NONE: [String; 0] = [];
    Command::script(Effect::Changes, script!("refresh.sh"), NONE, REFRESH)
}

/// Reads what [`refresh`] printed.
///
/// # Errors
/// When any index could not be fetched, in apt's words.
pub fn parse_refresh(output: &Output) -> Result<(), PackageError> {
    succeeded("fetching the package indexes", output)?;
    Ok(())
}

/// Returns the command that downloads a version's packages and installs nothing, so that a mirror that
/// fails does so before Gluster is stopped.
pub(super) fn fetch(version: &str, release: Release) -> Command {
    installing(version, release, "fetch")
}

/// Returns the command that brings all Gluster packages of the host to a version, up or down.
///
/// - Gluster's services are neither stopped nor started by it; all others as ever.
/// - The operator's configuration files stay, and the packages' ones are named.
/// - It goes on when the connection is lost, and a second one beside it is refused.
/// - What dpkg was interrupted in earlier is finished first.
pub(super) fn install(version: &str, release: Release) -> Command {
    installing(version, release, "install")
}

fn installing(version: &str, release: Release, mode: &str) -> Command {
    let arguments = [version.to_owned(), release.to_string(), mode.to_owned()];
    Command::script(Effect::Changes, script!("install.sh"), arguments, INSTALL)
}

#[cfg(test)]
mod tests;
