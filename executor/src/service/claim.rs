//! The file by which a run claims a server.

use super::LOOK;
use crate::core::claim::Claim;
use crate::core::command::{Command, Effect, Output};
use crate::core::script::{ScriptError, complete};

/// What became of a wish to claim a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is ours.
    Taken,
    /// Somebody else's claim is there, of this text.
    Other(String),
}

/// Returns the command that reads the claim on a host. `root` is empty but for tests.
pub fn read_claim(root: &str) -> Command {
    Command::script(Effect::Reads, include_str!("files/claim_read.sh"), [root], LOOK)
}

/// Reads what [`read_claim`] printed: the text of a claim, where there is one.
///
/// # Errors
/// When the script failed or was cut short.
pub fn parse_claim_text(output: &Output) -> Result<Option<String>, ScriptError> {
    const ACT: &str = "reading the claim";
    match complete(ACT, output)?.split_first() {
        Some((&"none", [])) => Ok(None),
        Some((&"claim", lines)) => Ok(Some(lines.join("\n"))),
        Some((line, _)) => Err(ScriptError::Unreadable { act: ACT, line: (*line).to_owned() }),
        None => Err(ScriptError::CutShort { act: ACT }),
    }
}

/// Reads what [`read_claim`] printed.
///
/// # Errors
/// When the script failed, or the file is no claim: whose it is is not known then.
pub fn parse_claim(output: &Output) -> Result<Option<Claim>, String> {
    let text = parse_claim_text(output).map_err(|error| error.to_string())?;
    text.map(|text| Claim::read(&text)).transpose().map_err(|error| error.to_string())
}

/// Returns the command that claims a host by a text of one line, in the place of nothing but the claim of the text
/// `over`. Of several that try at once one succeeds.
pub fn take_claim(root: &str, text: &str, over: Option<&str>) -> Command {
    const TAKE: &str = include_str!("files/claim_take.sh");
    Command::script(Effect::Changes, TAKE, [root, text, over.unwrap_or_default()], LOOK)
}

/// Reads what [`take_claim`] printed.
///
/// # Errors
/// When the script failed: whether the host is claimed is not known then.
pub fn parse_taken(output: &Output) -> Result<Taken, ScriptError> {
    const ACT: &str = "claiming the host";
    match complete(ACT, output)?.split_first() {
        Some((&"taken", [])) => Ok(Taken::Taken),
        Some((&"other", lines)) => Ok(Taken::Other(lines.join("\n"))),
        Some((line, _)) => Err(ScriptError::Unreadable { act: ACT, line: (*line).to_owned() }),
        None => Err(ScriptError::CutShort { act: ACT }),
    }
}

/// Returns the command that takes the claim of this text away, and no other one.
pub fn release_claim(root: &str, text: &str) -> Command {
    Command::script(Effect::Changes, include_str!("files/claim_release.sh"), [root, text], LOOK)
}

/// Reads what [`release_claim`] printed: whether there was such a claim.
///
/// # Errors
/// When the script failed.
pub fn parse_released(output: &Output) -> Result<bool, ScriptError> {
    const ACT: &str = "releasing the claim";
    match complete(ACT, output)?[..] {
        ["released"] => Ok(true),
        ["none"] => Ok(false),
        [line, ..] => Err(ScriptError::Unreadable { act: ACT, line: line.to_owned() }),
        [] => Err(ScriptError::CutShort { act: ACT }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn run(command: &Command) -> Output {
        let output = std::process::Command::new(&command.argv[0]).args(&command.argv[1..]).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Output {
            status: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    fn take(root: &str, text: &str, over: Option<&str>) -> Taken {
        parse_taken(&run(&take_claim(root, text, over))).unwrap()
    }

    fn there(root: &str) -> Option<String> {
        parse_claim_text(&run(&read_claim(root))).unwrap()
    }

    fn folder_of(root: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(root.join("var/lib/gluster-upgrade")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_host_is_claimed_once_and_released_by_its_claim_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        assert_eq!(there(root), None);
        assert_eq!(take(root, "{\"by\": \"$(reboot) 'a'\"}", None), Taken::Taken);
        assert_eq!(there(root).as_deref(), Some("{\"by\": \"$(reboot) 'a'\"}"));
        let mode =
            |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("var/lib/gluster-upgrade"), 0o700);
        assert_eq!(mode("var/lib/gluster-upgrade/claim.json"), 0o600);

        let first = "{\"by\": \"$(reboot) 'a'\"}";
        assert_eq!(take(root, "b", None), Taken::Other(first.into()));
        assert_eq!(take(root, "b", Some("c")), Taken::Other(first.into()), "it is not what was seen");
        assert_eq!(parse_released(&run(&release_claim(root, "b"))), Ok(false));
        assert_eq!(there(root).as_deref(), Some(first));
        assert_eq!(take(root, "b", Some(first)), Taken::Taken);
        assert_eq!(there(root).as_deref(), Some("b"));
        assert_eq!(parse_released(&run(&release_claim(root, "b"))), Ok(true));
        assert_eq!(there(root), None);
        assert_eq!(parse_released(&run(&release_claim(root, "b"))), Ok(false));
        assert_eq!(folder_of(folder.path()), [""; 0], "nothing is left");
    }

    /// Many at once, on a host that is free and on one whose claim all of them may replace.
    #[test]
    fn of_many_one_wins() {
        for over in [None, Some("dead")] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().to_str().unwrap();
            if let Some(dead) = over {
                assert_eq!(take(root, dead, None), Taken::Taken);
            }
            let won: Vec<usize> = std::thread::scope(|scope| {
                let each = (0..12).map(|n| scope.spawn(move || (n, take(root, &n.to_string(), over))));
                let each: Vec<_> = each.collect();
                let each = each.into_iter().map(|one| one.join().unwrap());
                each.filter(|(_, taken)| *taken == Taken::Taken).map(|(n, _)| n).collect()
            });
            assert_eq!(won.len(), 1, "{won:?}");
            assert_eq!(there(root), Some(won[0].to_string()));
            assert_eq!(folder_of(folder.path()), ["claim.json"]);
        }
    }

    #[test]
    fn what_cannot_be_read_or_taken_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        std::fs::create_dir_all(folder.path().join("var/lib/gluster-upgrade/claim.json")).unwrap();
        assert!(parse_claim_text(&run(&read_claim(root))).is_err());
        assert!(parse_taken(&run(&take_claim(root, "a", None))).is_err());
        let cut = Output { stdout: "claim\n{}\n".into(), ..Output::default() };
        assert!(matches!(parse_claim_text(&cut), Err(ScriptError::CutShort { .. })));
        let garbled = Output { stdout: "claim\n{}\nend\n".into(), ..Output::default() };
        assert!(parse_claim(&garbled).unwrap_err().contains("no claim that can be read"));
    }
}
