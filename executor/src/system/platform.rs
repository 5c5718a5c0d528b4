//! The operating system and the programs that Gluster leans on.

use std::collections::BTreeMap;

use super::{LOOK, ScriptError, complete, unreadable};
use crate::core::command::{Command, Effect, Output};
use crate::core::system::{Init, Platform, Unit};

const ACT: &str = "looking at the system";

/// Returns the command that tells the platform.
pub fn platform() -> Command {
    Command::script(Effect::Reads, include_str!("files/platform.sh"), [""], LOOK)
}

/// Reads what [`platform`] printed.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_platform(output: &Output) -> Result<Platform, ScriptError> {
    let mut init = None;
    let mut ipv6 = None;
    let mut platform = Platform {
        os: String::new(),
        os_version: String::new(),
        init: Init::Bare,
        units: BTreeMap::new(),
        python: None,
        rsync: None,
        openssl_dir: None,
        ipv6: false,
    };
    for line in complete(ACT, output)? {
        let (key, value) = line.split_once(' ').ok_or_else(|| unreadable(ACT, line))?;
        match (key, value) {
            ("os", _) => platform.os = value.to_owned(),
            ("os-version", _) => platform.os_version = value.to_owned(),
            ("init", "systemd") => init = Some(Init::Systemd),
            ("init", "bare") => init = Some(Init::Bare),
            ("unit", _) => {
                let words: Vec<&str> = value.split(' ').collect();
                let [name, enabled, active] = words[..] else { return Err(unreadable(ACT, line)) };
                let unit = Unit { enabled: enabled.to_owned(), active: active.to_owned() };
                platform.units.insert(name.to_owned(), unit);
            }
            ("python3", _) => platform.python = Some(value.to_owned()),
            ("rsync", _) => platform.rsync = Some(value.to_owned()),
            ("openssl-dir", _) => platform.openssl_dir = Some(value.to_owned()).filter(|dir| !dir.is_empty()),
            ("ipv6", "on") => ipv6 = Some(true),
            ("ipv6", "off") => ipv6 = Some(false),
            _ => return Err(unreadable(ACT, line)),
        }
    }
    platform.init = init.ok_or(ScriptError::CutShort { act: ACT })?;
    platform.ipv6 = ipv6.ok_or(ScriptError::CutShort { act: ACT })?;
    Ok(platform)
}

#[cfg(test)]
mod tests {
    use super::super::testing::printed;
    use super::*;

    #[test]
    fn a_platform_is_read_whole() {
        let lines = "os debian\nos-version 12\ninit systemd\nunit glusterd enabled active\npython3 3.11.2\n\
                     rsync 3.2.7\nopenssl-dir /usr/lib/ssl\nipv6 on\n";
        let platform = parse_platform(&printed(lines)).unwrap();
        assert_eq!((platform.os.as_str(), platform.os_version.as_str()), ("debian", "12"));
        assert_eq!((platform.init, platform.units["glusterd"].active.as_str()), (Init::Systemd, "active"));
        assert_eq!((platform.python.as_deref(), platform.ipv6), (Some("3.11.2"), true));
        assert!(parse_platform(&printed(&lines.replace("init systemd\n", ""))).is_err());
        assert!(parse_platform(&printed(&lines.replace("ipv6 on\n", ""))).is_err());
        assert!(parse_platform(&printed(&lines.replace("rsync", "novelty"))).is_err());
        assert!(parse_platform(&Output { stdout: lines.to_owned(), ..Output::default() }).is_err(), "no end");
    }

    #[test]
    fn the_script_runs_here() {
        let argv = platform().argv;
        let said = std::process::Command::new(&argv[0]).args(&argv[1..]).output().unwrap();
        let output = Output { stdout: String::from_utf8(said.stdout).unwrap(), ..Output::default() };
        let platform = parse_platform(&output).unwrap();
        assert!(!platform.os.is_empty() && !platform.os.contains(' '), "{platform:?}");
    }
}
