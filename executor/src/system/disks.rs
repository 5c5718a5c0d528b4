//! File systems and bricks.

use std::collections::BTreeMap;

use super::{LOOK, ScriptError, complete, unreadable};
use crate::core::command::{Command, Effect, Output};
use crate::core::names::AbsolutePath;
use crate::core::pool::Observed;
use crate::core::system::{BrickDirectory, FileSystem};

const ACT: &str = "looking at the file systems";

/// What an upgrade writes to: Gluster's state and logs, the package manager's store, the programs.
pub const DIRECTORIES: [&str; 4] = ["/var/lib/glusterd", "/var/log", "/var/cache", "/usr"];

/// The same on a client machine, which has no state of Gluster's.
pub const CLIENT_DIRECTORIES: [&str; 3] = ["/var/log", "/var/cache", "/usr"];

/// Returns the command that tells the file systems of directories, and whose brick each of them is.
pub fn disks<'a>(directories: impl IntoIterator<Item = &'a str>) -> Command {
    Command::script(Effect::Reads, include_str!("files/disks.sh"), directories, LOOK)
}

/// Reads what [`disks`] printed of bricks' directories, which it was asked about in this order.
///
/// # Errors
/// When the script failed, printed something else, or left one out.
pub fn parse_bricks(
    output: &Output,
    bricks: &[AbsolutePath],
) -> Result<BTreeMap<AbsolutePath, BrickDirectory>, ScriptError> {
    let found = read(output)?;
    let one = |(number, path): (usize, &AbsolutePath)| {
        let found = found.get(&(number + 1)).ok_or(ScriptError::CutShort { act: ACT })?;
        Ok((path.clone(), found.clone()))
    };
    bricks.iter().enumerate().map(one).collect()
}

/// Reads what [`disks`] printed of directories, without those that the host does not have.
///
/// # Errors
/// As [`parse_bricks`].
pub fn parse_directories(
    output: &Output,
    directories: &[AbsolutePath],
) -> Result<BTreeMap<AbsolutePath, FileSystem>, ScriptError> {
    let there = |(path, found): (AbsolutePath, BrickDirectory)| Some((path, found.file_system?));
    Ok(parse_bricks(output, directories)?.into_iter().filter_map(there).collect())
}

fn read(output: &Output) -> Result<BTreeMap<usize, BrickDirectory>, ScriptError> {
    let mut found = BTreeMap::new();
    for line in complete(ACT, output)? {
        let bad = || unreadable(ACT, line);
        let (number, rest) = line.split_once(' ').ok_or_else(bad)?;
        let number: usize = number.parse().map_err(|_| bad())?;
        let nothing = BrickDirectory { file_system: None, volume_id: Observed::Known(None) };
        let directory = found.entry(number).or_insert(nothing);
        if let Some(words) = rest.strip_prefix("fs ") {
            directory.file_system = Some(file_system(words).ok_or_else(bad)?);
        } else if let Some(id) = rest.strip_prefix("volume-id ") {
            directory.volume_id = match id {
                "none" => Observed::Known(None),
                "unreadable" => Observed::Unknown("the attribute of the brick cannot be read".to_owned()),
                hex => Observed::Known(Some(uuid(hex).ok_or_else(bad)?)),
            };
        } else if rest != "missing" {
            return Err(bad());
        }
    }
    Ok(found)
}

/// Reads `KIND SIZE FREE INODES|- rw|ro|error MOUNT-POINT`. One that only answers with errors is as good as
/// read-only: nothing can be written there.
fn file_system(words: &str) -> Option<FileSystem> {
    let words: Vec<&str> = words.splitn(6, ' ').collect();
    let [kind, size, free, inodes, how, mount_point] = words[..] else { return None };
    Some(FileSystem {
        mount_point: mount_point.to_owned(),
        kind: kind.to_owned(),
        size_kib: size.parse().ok()?,
        free_kib: free.parse().ok()?,
        free_inodes: if inodes == "-" { None } else { Some(inodes.parse().ok()?) },
        read_only: match how {
            "rw" => false,
            "ro" | "error" => true,
            _ => return None,
        },
    })
}

/// Returns 32 hexadecimal digits as a UUID.
fn uuid(hex: &str) -> Option<String> {
    let digits = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| {
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-").to_ascii_lowercase()
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::printed;
    use super::*;
    use rstest::rstest;

    fn paths(paths: &[&str]) -> Vec<AbsolutePath> {
        paths.iter().map(|path| path.parse().unwrap()).collect()
    }

    #[test]
    fn bricks_are_read_by_their_place() {
        let lines = "1 fs xfs 1000 500 77 rw /bricks/one of them\n\
                     1 volume-id dc9cfd90e35146c2ba1bdeaad893d480\n2 missing\n\
                     3 fs btrfs 10 0 - ro /\n3 volume-id unreadable\n";
        let bricks = parse_bricks(&printed(lines), &paths(&["/b/1", "/b/2", "/b/3"])).unwrap();
        let of = |path: &str| &bricks[&path.parse::<AbsolutePath>().unwrap()];
        let first = of("/b/1").file_system.as_ref().unwrap();
        assert_eq!((first.mount_point.as_str(), first.free_inodes), ("/bricks/one of them", Some(77)));
        let id = "dc9cfd90-e351-46c2-ba1b-deaad893d480".to_owned();
        assert_eq!(of("/b/1").volume_id, Observed::Known(Some(id)));
        assert_eq!(of("/b/2").file_system, None);
        assert!(of("/b/3").file_system.as_ref().unwrap().read_only && of("/b/3").volume_id.known().is_err());
    }

    #[rstest]
    #[case::left_out("1 missing\n")]
    #[case::novelty("1 missing\n2 novelty\n")]
    #[case::no_number("x missing\n2 missing\n")]
    #[case::bad_size("1 missing\n2 fs xfs big 1 1 rw /\n")]
    #[case::bad_state("1 missing\n2 fs xfs 1 1 1 maybe /\n")]
    #[case::bad_id("1 missing\n2 fs xfs 1 1 1 rw /\n2 volume-id 0x\n")]
    fn what_is_not_known_makes_all_unknown(#[case] lines: &str) {
        assert!(parse_bricks(&printed(lines), &paths(&["/b/1", "/b/2"])).is_err());
    }

    #[test]
    fn the_script_runs_here_and_hostile_names_are_only_names() {
        let folder = tempfile::tempdir().unwrap();
        let evil = folder.path().join("a $(touch pwned) 'b' -n");
        std::fs::create_dir(&evil).unwrap();
        let asked = paths(&["/", evil.to_str().unwrap(), "/there is none", "/usr"]);
        let argv = disks(asked.iter().map(AbsolutePath::as_str)).argv;
        let mut command = std::process::Command::new(&argv[0]);
        let said = command.args(&argv[1..]).current_dir(folder.path()).output().unwrap();
        let output = Output { stdout: String::from_utf8(said.stdout).unwrap(), ..Output::default() };
        let found = parse_directories(&output, &asked).unwrap();
        assert_eq!(found.len(), 3, "{output:?}");
        assert!(found.values().all(|one| one.size_kib > 0 && one.mount_point.starts_with('/')), "{found:?}");
        assert_eq!(found[&"/".parse::<AbsolutePath>().unwrap()].mount_point, "/");
        assert!(!folder.path().join("pwned").exists());
    }
}
