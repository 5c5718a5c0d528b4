//! RPM hosts: dnf 4, yum 3 and zypper behind the same scripts.
//!
//! The family is told by its source package, as `rpm -q` knows it, since the names of its packages differ by
//! release. What each manager is asked and how it answers is in a file of its own (`dnf.sh`, `yum.sh`,
//! `zypper.sh`); all else is shared.
//!
//! Tried with dnf 4.14 and zypper 1.14.42 (Debian's packages of them) on a repository of small packages named
//! like Gluster's: offers, fetches and installs, held packages, broken and unfetched repositories. Not tried on a
//! real host of theirs with a real Gluster. yum 3 was not tried: its file is written from its source and manual
//! (yum 3.4.3: output.py, `listTransaction`; cli.py, `--assumeno`).
//!
//! Scriptlets of the server package restart a glusterd that runs and leave one that does not
//! (glusterfs.spec.in, `%post server`); ours are stopped by then, and that nothing came up is looked at after.

use std::time::Duration;

use crate::core::command::{Command, Effect};
use crate::core::names::Release;

/// A package manager of RPM hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rpm {
    Dnf,
    Yum,
    Zypper,
}

/// Joins a script with what all of them share and with what is the manager's, under a first line by which
/// messages call it.
macro_rules! script {
    ($manager:expr, $file:literal) => {
        match $manager {
            Rpm::Dnf => script!(@ "dnf.sh", $file),
            Rpm::Yum => script!(@ "yum.sh", $file),
            Rpm::Zypper => script!(@ "zypper.sh", $file),
        }
    };
    (@ $manager:literal, $file:literal) => {
        concat!(
            "# ", $file, " with ", $manager, "\n",
            include_str!("common.sh"), include_str!("../units.sh"), include_str!($manager), include_str!($file)
        )
    };
}

/// Reading indexes and simulating a transaction.
const LOOK: Duration = Duration::from_secs(300);
/// Fetching and unpacking on a slow host.
const INSTALL: Duration = Duration::from_secs(3600);

/// See [`offer`](super::offer).
pub(super) fn offer(manager: Rpm, release: Release) -> Command {
    Command::script(Effect::Reads, script!(manager, "offer.sh"), [release.to_string()], LOOK)
}

/// See [`fetch`](super::fetch).
pub(super) fn fetch(manager: Rpm, version: &str, release: Release) -> Command {
    installing(manager, version, release, "fetch")
}

/// See [`install`](super::install).
pub(super) fn install(manager: Rpm, version: &str, release: Release) -> Command {
    installing(manager, version, release, "install")
}

fn installing(manager: Rpm, version: &str, release: Release, mode: &str) -> Command {
    let arguments = [version.to_owned(), release.to_string(), mode.to_owned()];
    Command::script(Effect::Changes, script!(manager, "install.sh"), arguments, INSTALL)
}

#[cfg(test)]
mod tests;
