//! What is installed of Gluster.

use super::{ScriptError, complete, unreadable};
use crate::core::command::{Command, Effect, Output};
use crate::core::system::InstalledPackages;
use std::time::Duration;

const ACT: &str = "looking at the packages";

/// `rpm -V` reads every file of the packages.
const VERIFY: Duration = Duration::from_secs(120);

/// Returns the command that tells what is installed of Gluster.
pub fn packages() -> Command {
    const NONE: [String; 0] = [];
    Command::script(Effect::Reads, include_str!("files/packages.sh"), NONE, VERIFY)
}

/// Reads what [`packages`] printed.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_packages(output: &Output) -> Result<InstalledPackages, ScriptError> {
    let mut packages = InstalledPackages::default();
    for line in complete(ACT, output)? {
        let (key, value) = line.split_once(' ').ok_or_else(|| unreadable(ACT, line))?;
        let pair = || value.split_once(' ').map(|(name, word)| (name.to_owned(), word.to_owned()));
        match key {
            "manager" => packages.manager = value.to_owned(),
            "package" => packages.installed.extend([pair().ok_or_else(|| unreadable(ACT, line))?]),
            "broken" => packages.broken.extend([pair().ok_or_else(|| unreadable(ACT, line))?]),
            "edited" => packages.edited.extend([value.to_owned()]),
            "busy" => packages.busy = Some(value.to_owned()),
            _ => return Err(unreadable(ACT, line)),
        }
    }
    if packages.manager.is_empty() { Err(ScriptError::CutShort { act: ACT }) } else { Ok(packages) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::printed;
    use super::*;

    #[test]
    fn packages_are_read_whole() {
        let lines = "manager apt\npackage glusterfs-server 10.3-5\npackage glusterfs-cli 10.3-5\n\
                     broken glusterfs-cli half-configured\nedited /etc/glusterfs/glusterd.vol\n\
                     busy apt-get (pid 7) holds /var/lib/dpkg/lock\n";
        let packages = parse_packages(&printed(lines)).unwrap();
        assert_eq!(packages.installed.len(), 2);
        assert_eq!(packages.broken["glusterfs-cli"], "half-configured");
        assert!(packages.edited.contains("/etc/glusterfs/glusterd.vol"));
        assert_eq!(packages.busy.as_deref(), Some("apt-get (pid 7) holds /var/lib/dpkg/lock"));
        assert!(parse_packages(&printed("package glusterfs-server\n")).is_err());
        assert!(parse_packages(&printed("package glusterfs-server 10.3-5\n")).is_err(), "no manager");
        assert!(parse_packages(&printed("manager apt\nnovelty x\n")).is_err());
    }
}
