//! What runs on a host, process by process, with the code it runs.

use super::{LOOK, ServiceError, complete};
use crate::core::command::{Command, Effect, Output};
use crate::core::running::{Role, RunningProcess};

/// Returns the command that lists Gluster's processes with the release each one runs. Reads `/proc` only.
pub fn running() -> Command {
    Command::script(Effect::Reads, script!("running.sh"), [""], LOOK)
}

/// Reads what [`running`] printed.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_running(output: &Output) -> Result<Vec<RunningProcess>, ServiceError> {
    const ACT: &str = "listing what runs";
    let read = |line: &str| -> Option<RunningProcess> {
        let words: Vec<&str> = line.split(' ').collect();
        let [role, pid, release, state] = words[..] else { return None };
        let role = match role {
            "glusterd" => Role::Glusterd,
            "brick" => Role::Brick,
            "daemon" => Role::Daemon,
            "mount" => Role::Mount,
            _ => return None,
        };
        let release = match release {
            "-" => None,
            text => Some(text.parse().ok()?),
        };
        let replaced = match state {
            "replaced" => true,
            "current" => false,
            _ => return None,
        };
        Some(RunningProcess { role, pid: pid.parse().ok()?, release, replaced })
    };
    complete(ACT, output)?
        .into_iter()
        .map(|line| read(line).ok_or_else(|| ServiceError::Unreadable { act: ACT, line: line.to_owned() }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn printed(stdout: &str) -> Output {
        Output { stdout: stdout.to_owned(), ..Output::default() }
    }

    #[test]
    fn processes_are_read_with_their_code() {
        let found = parse_running(&printed(
            "glusterd 71 11.1 current\nbrick 120 10.3 replaced\ndaemon 140 - current\nmount 9 3.8.15 current\nend\n",
        ))
        .unwrap();
        let expected = [
            (Role::Glusterd, 71, Some("11.1"), false),
            (Role::Brick, 120, Some("10.3"), true),
            (Role::Daemon, 140, None, false),
            (Role::Mount, 9, Some("3.8.15"), false),
        ]
        .map(|(role, pid, release, replaced)| RunningProcess {
            role,
            pid,
            release: release.map(|text: &str| text.parse().unwrap()),
            replaced,
        });
        assert_eq!(found, expected);
        assert_eq!(parse_running(&printed("end\n")), Ok(Vec::new()));
    }

    #[rstest]
    #[case("")]
    #[case("glusterd 71 11.1 current\n")]
    #[case("glusterd 71 11.1\nend\n")]
    #[case("glusterd x 11.1 current\nend\n")]
    #[case("glusterd 71 11 current\nend\n")]
    #[case("somebody 71 11.1 current\nend\n")]
    #[case("glusterd 71 11.1 perhaps\nend\n")]
    fn what_is_not_whole_is_no_answer(#[case] stdout: &str) {
        assert!(parse_running(&printed(stdout)).is_err());
    }
}
