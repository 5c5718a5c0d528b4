//! What installing the target release means on a host: what would move, and what stands in the way of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{HostName, Release};
use super::way::Wrong;

/// What the package manager of a host would do to reach the target release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PackageOffer {
    /// The package version that brings the target release (`11.1-6`), `None` where none is on offer.
    pub version: Option<String>,
    /// What the transaction does with Gluster's own packages.
    #[serde(default)]
    pub moves: Vec<PackageMove>,
    /// Packages of other projects that the transaction would change (`openssh-server`, `libc6` …).
    pub also_changes: Vec<String>,
    /// Packages of other projects that the transaction would remove.
    pub removes: Vec<String>,
    /// Gluster packages that are on hold.
    pub held: Vec<String>,
    /// What is wrong with the packages of the host.
    #[serde(default)]
    pub troubles: Vec<PackageTrouble>,
    /// The operator's own command that installs, its placeholders filled in. Then no package manager is asked.
    #[serde(default)]
    pub command: Option<Vec<String>>,
}

/// One of Gluster's packages in a transaction. Both versions: replaced; one of them: new, or gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PackageMove {
    /// The package.
    pub package: String,
    /// The version that is installed.
    pub from: Option<String>,
    /// The version that will be.
    pub to: Option<String>,
}

/// What is wrong with the packages of a host, before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageTrouble {
    /// A repository cannot be used, in the package manager's words.
    Repository(String),
    /// Packages are half installed or not configured: an earlier transaction broke off.
    HalfInstalled(String),
    /// Something installs updates by itself, and may do so in the middle of the upgrade.
    Unattended(String),
}

/// What installing moves on hosts that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transaction {
    /// The hosts.
    pub hosts: Vec<HostName>,
    /// What it is.
    pub offer: PackageOffer,
    /// Configuration files of Gluster's packages that the operator has changed. They are kept.
    #[serde(default)]
    pub edited: Vec<String>,
}

/// Fills in the operator's own command: `{release}` and `{host}`, each a whole argument.
pub fn own_command(argv: &[String], host: &HostName, release: Release) -> Vec<String> {
    let fill = |word: &String| match word.as_str() {
        "{release}" => release.to_string(),
        "{host}" => host.to_string(),
        _ => word.clone(),
    };
    argv.iter().map(fill).collect()
}

/// Judges `install` of the inventory.
///
/// # Errors
/// What is wrong with it, and the remedy.
pub(super) fn check_own_command(argv: &[String]) -> Result<(), Wrong> {
    const HINT: &str = "such as install = [\"/usr/local/bin/upgrade-gluster\", \"{release}\"]: a program on the \
                        host by its whole path, and its arguments";
    let Some(program) = argv.first() else { return Err(("`install` is empty".to_owned(), HINT)) };
    if !program.starts_with('/') {
        let problem = format!("`install` begins with `{}`, no absolute path", program.escape_debug());
        return Err((problem, HINT));
    }
    let unfit = |word: &&String| {
        word.contains('\0') || (word.contains(['{', '}']) && !matches!(word.as_str(), "{release}" | "{host}"))
    };
    match argv.iter().find(unfit) {
        Some(word) => {
            let problem = format!(
                "`{}` in `install`: {{release}} and {{host}} are whole arguments",
                word.escape_debug()
            );
            Err((problem, HINT))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn words(argv: &[&str]) -> Vec<String> {
        argv.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn placeholders_are_whole_arguments() {
        let argv = words(&["/opt/up date", "{release}", "$(reboot)", "{host}", ""]);
        assert_eq!(check_own_command(&argv), Ok(()));
        let filled = own_command(&argv, &"g1".parse().unwrap(), "11.1".parse().unwrap());
        assert_eq!(filled, ["/opt/up date", "11.1", "$(reboot)", "g1", ""]);
    }

    #[rstest]
    #[case(&[], "is empty")]
    #[case(&["upgrade", "{release}"], "no absolute path")]
    #[case(&["-c"], "no absolute path")]
    #[case(&["/opt/up", "--to={release}"], "whole arguments")]
    #[case(&["/opt/up", "{version}"], "whole arguments")]
    #[case(&["/opt/up", "a\0b"], "whole arguments")]
    fn other_commands_are_refused(#[case] argv: &[&str], #[case] says: &str) {
        let (problem, _) = check_own_command(&words(argv)).unwrap_err();
        assert!(problem.contains(says), "{problem}");
    }
}
