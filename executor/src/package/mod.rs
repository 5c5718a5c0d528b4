//! Package managers: what is on offer, and installing exactly one Gluster release.

mod answers;
pub mod apt;
pub mod own;
mod rpm;

pub use answers::{parse_install, parse_offer};

use std::time::Duration;

use thiserror::Error;

use crate::core::command::{Command, Effect, Output};
use crate::core::names::Release;
use crate::core::script::{ScriptError, succeeded};

use self::rpm::Rpm;

/// A package manager that is known how to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageManager {
    /// Debian's and Ubuntu's.
    Apt,
    /// Fedora's and Enterprise Linux's from 8 on: dnf 4.
    Dnf,
    /// Enterprise Linux's up to 7: yum 3.
    Yum,
    /// SUSE's.
    Zypper,
}

/// Returns the command that tells what installing a release would do. It reads only, and fetches nothing:
/// what is on offer is what the host's indexes say.
pub fn offer(manager: PackageManager, release: Release) -> Command {
    match manager {
        PackageManager::Apt => apt::offer(release),
        PackageManager::Dnf => rpm::offer(Rpm::Dnf, release),
        PackageManager::Yum => rpm::offer(Rpm::Yum, release),
        PackageManager::Zypper => rpm::offer(Rpm::Zypper, release),
    }
}

/// Returns the command that downloads a version's packages and installs nothing, so that a mirror that
/// fails does so before Gluster is stopped.
pub fn fetch(manager: PackageManager, version: &str, release: Release) -> Command {
    match manager {
        PackageManager::Apt => apt::fetch(version, release),
        PackageManager::Dnf => rpm::fetch(Rpm::Dnf, version, release),
        PackageManager::Yum => rpm::fetch(Rpm::Yum, version, release),
        PackageManager::Zypper => rpm::fetch(Rpm::Zypper, version, release),
    }
}

/// Returns the command that brings all Gluster packages of the host to a version.
///
/// - Gluster's services are neither stopped nor started by it; all others as ever.
/// - The operator's configuration files stay, and the packages' ones are named.
/// - Units that start at boot are those that did before.
/// - It goes on when the connection is lost, and a second one beside it is refused.
pub fn install(manager: PackageManager, version: &str, release: Release) -> Command {
    match manager {
        PackageManager::Apt => apt::install(version, release),
        PackageManager::Dnf => rpm::install(Rpm::Dnf, version, release),
        PackageManager::Yum => rpm::install(Rpm::Yum, version, release),
        PackageManager::Zypper => rpm::install(Rpm::Zypper, version, release),
    }
}

/// What went wrong with packages.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PackageError {
    /// The host has a package manager that is not known how to use.
    #[error("packages of this host are not supported: {found} (supported: apt, dnf, yum, zypper)")]
    Unsupported {
        /// What it has.
        found: String,
    },
    /// An earlier command still installs packages on the host. It can be waited for.
    #[error("an earlier command still installs packages on this host")]
    Busy,
    /// The installation ended well and another release came of it.
    #[error("asked for {wanted}, but gluster --version says {}", got.as_deref().unwrap_or("nothing"))]
    WrongRelease {
        /// The release that was asked for.
        wanted: Release,
        /// What is installed.
        got: Option<String>,
    },
    /// A script failed, or its answer is none.
    #[error(transparent)]
    Script(#[from] ScriptError),
}

/// Returns the command that tells the host's package manager.
pub fn detect() -> Command {
    const NONE: [String; 0] = [];
    Command::script(Effect::Reads, include_str!("detect.sh"), NONE, Duration::from_secs(30))
}

/// Reads what [`detect`] printed.
///
/// # Errors
/// With the name of a package manager that is not supported.
pub fn parse_detect(output: &Output) -> Result<PackageManager, PackageError> {
    match succeeded("finding the package manager", output)?.first() {
        Some(&"apt") => Ok(PackageManager::Apt),
        Some(&"dnf") => Ok(PackageManager::Dnf),
        Some(&"yum") => Ok(PackageManager::Yum),
        Some(&"zypper") => Ok(PackageManager::Zypper),
        Some(found) => Err(PackageError::Unsupported { found: (*found).to_owned() }),
        None => Err(ScriptError::CutShort { act: "finding the package manager" }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("apt\n", Some(PackageManager::Apt))]
    #[case("dnf\n", Some(PackageManager::Dnf))]
    #[case("yum\n", Some(PackageManager::Yum))]
    #[case("zypper\n", Some(PackageManager::Zypper))]
    #[case("dnf5\n", None)]
    #[case("apt-get; reboot\n", None)]
    #[case("none on alpine\n", None)]
    #[case("", None)]
    fn only_what_is_known_is_supported(#[case] stdout: &str, #[case] known: Option<PackageManager>) {
        let output = Output { status: 0, stdout: stdout.to_owned(), stderr: String::new() };
        assert_eq!(parse_detect(&output).ok(), known);
    }

    #[test]
    fn another_package_manager_is_named() {
        let output = Output { status: 0, stdout: "none on alpine\n".to_owned(), stderr: String::new() };
        let error = parse_detect(&output).unwrap_err();
        assert_eq!(
            error.to_string(),
            "packages of this host are not supported: none on alpine (supported: apt, dnf, yum, zypper)"
        );
    }
}
