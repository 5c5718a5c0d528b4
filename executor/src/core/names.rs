//! Names of things, validated once where they enter, so that no later code has to doubt them.
//!
//! Everything here may end up in an argument of a remote command or in a message, which is why each type
//! refuses what its kind of name can never be (control characters above all).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is not the name it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is not {expected}", text.escape_debug())]
pub struct InvalidName {
    /// What was given.
    pub text: String,
    /// What it should have been, as the end of a sentence.
    pub expected: &'static str,
}

/// Declares a validated text: parsing, display, and serde through the same check.
macro_rules! validated_text {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

validated_text!(
    /// A host as the inventory names it, or as Gluster's peers call it: a DNS name or an IP address.
    HostName,
    "a host name or an IP address (letters, digits, `-`, `_`, `.`; or an address as `10.0.0.7`, `fd00::7`)",
    |text| {
        let dns = !text.is_empty()
            && text.len() <= 253
            && !text.starts_with(['-', '.'])
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        dns || text.parse::<IpAddr>().is_ok()
    }
);

validated_text!(
    /// A volume's name. Gluster allows letters, digits, `-` and `_` (cli-cmd-parser.c, all releases).
    VolumeName,
    "a volume name (letters, digits, `-` and `_`)",
    |text| {
        !text.is_empty()
            && text.len() <= 255
            && !text.starts_with('-')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    }
);

validated_text!(
    /// The UUID by which glusterd knows a peer (`UUID=` in `/var/lib/glusterd/glusterd.info`).
    PeerUuid,
    "a UUID such as `a9d5e646-0c61-4470-9460-aaaecb4f6811`",
    is_uuid
);

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .char_indices()
            .all(|(at, c)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() })
}

validated_text!(
    /// The UUID of a volume (`id` in `volume info --xml`, `trusted.glusterfs.volume-id` of its bricks).
    VolumeId,
    "a UUID such as `a9d5e646-0c61-4470-9460-aaaecb4f6811`",
    is_uuid
);

validated_text!(
    /// An absolute path without control characters: a brick, a mount point, a key file.
    AbsolutePath,
    "an absolute path without control characters",
    |text| text.starts_with('/') && !text.chars().any(char::is_control)
);

validated_text!(
    /// What is mounted: servers and a volume, `g1:/vol0`, `g1,g2:/vol0/folder` (mount.glusterfs(8)). It never holds
    /// a blank, which the mount helper cannot pass on.
    MountSource,
    "a source of a mount such as `g1:/vol0`",
    |text| {
        text.split_once(':').is_some_and(|(servers, volume)| !servers.is_empty() && !volume.is_empty())
            && !text.starts_with('-')
            && !text.chars().any(|c| c.is_control() || c.is_whitespace())
    }
);

validated_text!(
    /// What the operator calls an application.
    ApplicationName,
    "a name of an application (letters, digits, `-`, `_`, `.` and `@`)",
    |text| {
        !text.is_empty()
            && text.len() <= 100
            && !text.starts_with(['-', '.'])
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
    }
);

validated_text!(
    /// The name of a program, without its folder.
    ProgramName,
    "a program's name without its folder, such as `qemu-system-x86_64`",
    |text| {
        !text.is_empty()
            && text.len() <= 255
            && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/')
    }
);

validated_text!(
    /// A service of systemd (systemd.unit(5)).
    UnitName,
    "a service of systemd, such as `smbd.service`",
    |text| {
        text.len() > ".service".len()
            && text.len() <= 255
            && text.ends_with(".service")
            && !text.starts_with('-')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | ':' | '\\'))
    }
);

/// A brick: a directory on a server. Displayed the way Gluster prints it, `g1:/bricks/v`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")] // so that it can be a key of a JSON map
pub struct Brick {
    /// The server, as Gluster's volume calls it (not necessarily as the inventory does).
    pub host: HostName,
    /// The directory.
    pub path: AbsolutePath,
}

impl FromStr for Brick {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName { text: text.to_owned(), expected: "a brick such as `host:/path`" };
        // The path begins at the first `:/`, since an IPv6 host holds colons of its own.
        let at = text.find(":/").ok_or_else(invalid)?;
        Ok(Self {
            host: text[..at].parse().map_err(|_| invalid())?,
            path: text[at + 1..].parse().map_err(|_| invalid())?,
        })
    }
}

impl TryFrom<String> for Brick {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Brick> for String {
    fn from(brick: Brick) -> String {
        brick.to_string()
    }
}

impl fmt::Display for Brick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, path } = self;
        write!(f, "{host}:{path}")
    }
}

/// A Gluster release as its version says: `3.7.20`, `9.2`, `11.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Release {
    major: u32,
    minor: u32,
    /// Only the 3.x and 4.x lines have a third number.
    patch: Option<u32>,
}

impl Release {
    /// Returns the line the release belongs to, in the words of the release table: `3.8`, `4.1`, `9`, `11`.
    ///
    /// Lines were numbered by two numbers up to 4.1 and by one from 5 on (glusterfs release notes).
    pub fn line(self) -> String {
        if self.major < 5 { format!("{}.{}", self.major, self.minor) } else { self.major.to_string() }
    }

    /// Returns the op-version of the line's first release: 30900 for 3.9, 110000 for 11
    /// (`GD_OP_VERSION_*` in libglusterfs `globals.h`).
    pub fn line_op_version(self) -> OpVersion {
        if self.major < 5 {
            OpVersion(self.major * 10_000 + self.minor * 100)
        } else {
            OpVersion(self.major * 10_000)
        }
    }
}

impl FromStr for Release {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName {
            text: text.to_owned(),
            expected: "a Gluster release such as `3.8.15`, `9.2` or `11.1`",
        };
        let numbers: Vec<u32> = text
            .split('.')
            .map(|part| {
                let digits = part.bytes().all(|b| b.is_ascii_digit());
                part.parse().ok().filter(|_| digits).ok_or_else(invalid)
            })
            .collect::<Result<_, _>>()?;
        let release = match numbers[..] {
            [major, minor] => Self { major, minor, patch: None },
            [major, minor, patch] => Self { major, minor, patch: Some(patch) },
            _ => return Err(invalid()),
        };
        // Small bounds keep the op-version arithmetic far from overflow.
        if release.major > 999 || release.minor > 99 { Err(invalid()) } else { Ok(release) }
    }
}

impl TryFrom<String> for Release {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Release> for String {
    fn from(release: Release) -> String {
        release.to_string()
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        f.pad(&match patch {
            Some(patch) => format!("{major}.{minor}.{patch}"),
            None => format!("{major}.{minor}"),
        })
    }
}

/// An op-version: what all servers of the pool have agreed to speak. It can be raised, never lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct OpVersion(pub u32);

impl fmt::Display for OpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = self;
        write!(f, "{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("3.7.20", "3.7", 30_700)]
    #[case("3.9.1", "3.9", 30_900)]
    #[case("4.1.10", "4.1", 40_100)]
    #[case("9.2", "9", 90_000)]
    #[case("11.1", "11", 110_000)]
    fn releases_know_their_line_and_op_version(#[case] text: &str, #[case] line: &str, #[case] op: u32) {
        let release: Release = text.parse().unwrap();
        assert_eq!(release.to_string(), text);
        assert_eq!(release.line(), line);
        assert_eq!(release.line_op_version(), OpVersion(op));
    }

    #[rstest]
    #[case("")]
    #[case("11")]
    #[case("11.1-6")]
    #[case("+9.2")]
    #[case("1.2.3.4")]
    #[case("9.2\n")]
    fn other_texts_are_no_release(#[case] text: &str) {
        assert!(text.parse::<Release>().is_err());
    }

    #[test]
    fn releases_are_ordered_by_number_not_by_text() {
        assert!("10.3".parse::<Release>().unwrap() > "9.2".parse().unwrap());
        assert!("3.8.15".parse::<Release>().unwrap() < "3.9.1".parse().unwrap());
    }

    #[rstest]
    #[case("g1", true)]
    #[case("storage-1.example.org", true)]
    #[case("192.0.2.7", true)]
    #[case("fd00::7", true)]
    #[case("", false)]
    #[case("-oProxyCommand=x", false)]
    #[case("g1;reboot", false)]
    #[case("g 1", false)]
    fn host_names(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(text.parse::<HostName>().is_ok(), valid);
    }

    #[rstest]
    #[case("g1:/bricks/v", "g1", "/bricks/v")]
    #[case("fd00::7:/b", "fd00::7", "/b")]
    fn bricks_split_at_the_path(#[case] text: &str, #[case] host: &str, #[case] path: &str) {
        let brick: Brick = text.parse().unwrap();
        assert_eq!((brick.host.as_str(), brick.path.as_str()), (host, path));
        assert_eq!(brick.to_string(), text);
    }

    #[test]
    fn a_brick_without_an_absolute_path_is_refused() {
        assert!("g1:bricks".parse::<Brick>().is_err());
        assert!("g1:/a\nb".parse::<Brick>().is_err());
    }
}
