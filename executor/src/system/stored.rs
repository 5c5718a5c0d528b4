//! What is stored below `/var/lib/glusterd`.

use super::{LOOK, ScriptError, complete, unreadable};
use crate::core::command::{Command, Effect, Output};
use crate::core::system::StoredFiles;

const ACT: &str = "looking at glusterd's files";

/// Returns the command that looks at glusterd's files.
pub fn stored() -> Command {
    Command::script(Effect::Reads, include_str!("files/stored.sh"), [""], LOOK)
}

/// Reads what [`stored`] printed.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_stored(output: &Output) -> Result<StoredFiles, ScriptError> {
    let mut stored = StoredFiles::default();
    for line in complete(ACT, output)? {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("secure-access", "") => stored.secure_access = true,
            (_, "") => return Err(unreadable(ACT, line)),
            ("empty", file) => stored.empty.extend([file.to_owned()]),
            ("incomplete", directory) => stored.incomplete.extend([directory.to_owned()]),
            ("certificates", directory) => stored.certificates.extend([directory.to_owned()]),
            ("snapshot", pair) => {
                let (name, status) = pair.rsplit_once(' ').ok_or_else(|| unreadable(ACT, line))?;
                let status = status.parse().map_err(|_| unreadable(ACT, line))?;
                stored.snapshots.insert(name.to_owned(), status);
            }
            ("translator", kind) => stored.translators.extend([kind.to_owned()]),
            _ => return Err(unreadable(ACT, line)),
        }
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::super::testing::printed;
    use super::*;
    use std::fs;

    #[test]
    fn only_known_lines_are_read() {
        let stored = parse_stored(&printed("empty /var/lib/glusterd/peers/x\nsecure-access\n")).unwrap();
        assert!(stored.empty.contains("/var/lib/glusterd/peers/x") && stored.secure_access);
        assert!(parse_stored(&printed("novelty x\n")).is_err());
        assert!(parse_stored(&printed("empty\n")).is_err());
        assert!(parse_stored(&Output::default()).is_err());
    }

    fn looked_at(root: &std::path::Path) -> StoredFiles {
        let mut argv = stored().argv;
        *argv.last_mut().unwrap() = root.display().to_string();
        let said = std::process::Command::new(&argv[0]).args(&argv[1..]).output().unwrap();
        parse_stored(&Output { stdout: String::from_utf8(said.stdout).unwrap(), ..Output::default() })
            .unwrap()
    }

    /// A certificate without its key, or without who signed it, is none.
    #[test]
    fn certificates_are_there_where_all_three_files_are() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("var/lib/glusterd")).unwrap();
        fs::create_dir_all(root.path().join("etc/ssl")).unwrap();
        fs::create_dir_all(root.path().join("usr/lib/ssl")).unwrap();
        for file in ["pem", "key"] {
            fs::write(root.path().join(format!("etc/ssl/glusterfs.{file}")), "").unwrap();
            fs::write(root.path().join(format!("usr/lib/ssl/glusterfs.{file}")), "").unwrap();
        }
        assert!(looked_at(root.path()).certificates.is_empty());
        fs::write(root.path().join("etc/ssl/glusterfs.ca"), "").unwrap();
        assert_eq!(looked_at(root.path()).certificates.into_iter().collect::<Vec<_>>(), ["/etc/ssl"]);
    }

    #[test]
    fn what_keeps_glusterd_from_starting_is_found() {
        let root = tempfile::tempdir().unwrap();
        let state = root.path().join("var/lib/glusterd");
        for directory in ["peers", "vols/good/bricks", "vols/half", "snaps/none", "snaps/whole"] {
            fs::create_dir_all(state.join(directory)).unwrap();
        }
        fs::write(state.join("glusterd.info"), "UUID=x\n").unwrap();
        fs::write(state.join("peers/a"), "").unwrap();
        fs::write(state.join("peers/b"), "hostname1=g2\n").unwrap();
        fs::write(state.join("peers/c"), "uuid=x\nhostname1=g2\n").unwrap();
        fs::write(state.join("vols/good/info"), "type=2\n").unwrap();
        fs::write(state.join("vols/good/x.vol"), "volume a\n    type features/shard\nend-volume\n").unwrap();
        fs::write(state.join("snaps/whole/info"), "x=1\nstatus=1\n").unwrap();
        fs::write(state.join("snaps/missed_snaps_list"), "").unwrap();

        let found = looked_at(root.path());
        assert_eq!(found.empty.iter().collect::<Vec<_>>(), ["/var/lib/glusterd/peers/a"]);
        let expected = ["peers/b", "snaps/none", "vols/half"].map(|path| format!("/var/lib/glusterd/{path}"));
        assert_eq!(found.incomplete.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(found.translators.into_iter().collect::<Vec<_>>(), ["features/shard"]);
        assert_eq!(found.snapshots["whole"], 1);
        assert!(!found.secure_access);
    }
}
