//! What to run about geo-replication sessions. Always on a server of the primary pool, which keeps them.

use std::time::Duration;

use super::commands::{LOCAL_DEADLINE, REQUEST_DEADLINE, REQUESTS_DEADLINE};
use crate::core::command::{Command, Effect};
use crate::core::georep::SessionName;
use crate::core::names::AbsolutePath;

/// How long the first file may take to arrive at the other end. Workers look for changes every 15 s or so
/// (`rollover-time` of the changelog translator, 3.7 to 11).
pub const FIRST_PATIENCE: Duration = Duration::from_secs(180);

/// How long another one may take, after the session was started anew: a link may be slow.
pub const SECOND_PATIENCE: Duration = Duration::from_secs(900);

/// What else the script of the canary does: two mounts and their ends.
const CANARY_MORE: Duration = Duration::from_secs(180);

/// Writes a file on the primary, waits for its content on the secondary, takes it away again.
const CANARY: &str = include_str!("georep_canary.sh");

/// Moves a brick's changelogs into the layout of 8 and later.
const CONVERT: &str = include_str!("georep_convert.sh");

/// Notes the changelogs that bricks left open in their index.
const CLOSE: &str = include_str!("georep_close.py");

/// Prints the versions of what workers are run with, and how many processes receive for another pool.
const TOOLS: &str = include_str!("georep_tools.sh");

/// How long the changelogs of a brick may take to be moved: one small file after the other.
const CONVERT_DEADLINE: Duration = Duration::from_secs(3600);

fn words<'a>(session: &'a SessionName, far_end: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["gluster", "--mode=script", "volume", "geo-replication"];
    words.extend([session.primary.as_str(), far_end]);
    words.extend(rest);
    words
}

/// Asks for all sessions of a pool. Every server is asked in turn and starts Python for it: seconds.
pub fn status() -> Command {
    let words = ["gluster", "--mode=script", "volume", "geo-replication", "status", "--xml"];
    Command::reads(words, REQUESTS_DEADLINE)
}

/// The same as text, which says by words that there is no session: `--xml` then says nothing (recorded on 10.3).
pub fn status_as_text() -> Command {
    let words = ["gluster", "--mode=script", "volume", "geo-replication", "status"];
    Command::reads(words, REQUESTS_DEADLINE)
}

/// Asks for the configuration of a session.
pub fn config(session: &SessionName) -> Command {
    let far_end = session.secondary.to_string();
    Command::reads(words(session, &far_end, &["config", "--xml"]), REQUEST_DEADLINE)
}

/// Stops a session: its workers on every server of the primary.
pub fn stop(session: &SessionName) -> Command {
    let far_end = session.secondary.to_string();
    Command::changes(words(session, &far_end, &["stop"]), REQUESTS_DEADLINE)
}

/// Starts a session.
pub fn start(session: &SessionName) -> Command {
    let far_end = session.secondary.to_string();
    Command::changes(words(session, &far_end, &["start"]), REQUESTS_DEADLINE)
}

/// Proves on a server of the primary that a file arrives with its content. Both volumes are mounted there for as
/// long as it takes, the secondary read-only; `create push-pem` mounts it from there too (gverify.sh, 3.7 to 11).
pub fn canary(session: &SessionName, run: &str, patience: Duration) -> Command {
    let seconds = patience.as_secs().to_string();
    let arguments = [
        session.primary.as_str(),
        session.secondary.host.as_str(),
        session.secondary.volume.as_str(),
        run,
        &seconds,
    ];
    Command::script(Effect::Changes, CANARY, arguments, patience + CANARY_MORE)
}

/// Converts the changelogs of a brick with Gluster's script, where they are not converted yet
/// (upgrade-to-8.md; extras/glusterfs-georep-upgrade.py, which no package brings).
pub fn convert(brick: &AbsolutePath) -> Command {
    Command::script(Effect::Changes, CONVERT, [brick.as_str()], CONVERT_DEADLINE)
}

/// Closes the changelogs that bricks left open when they were stopped. A brick of 8 or later that starts again renames
/// such a changelog and does not note it in its index, so that what was written in the last seconds before the stop never
/// reaches the secondary (`changelog_rollover_changelog` at v8.0 to v11.1, which looks at an older errno; seen on 10.3 to
/// 11.1). In Python, which gsyncd needs too: there is no other program on every host that sets attributes.
pub fn close(bricks: &[AbsolutePath]) -> Command {
    let words = ["python3", "-c", CLOSE].into_iter().chain(bricks.iter().map(AbsolutePath::as_str));
    Command::changes(words, LOCAL_DEADLINE)
}

/// Asks a server for what workers are run with.
pub fn tools() -> Command {
    Command::script(Effect::Reads, TOOLS, [] as [&str; 0], LOCAL_DEADLINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_the_ones_that_were_recorded() {
        let session =
            SessionName { primary: "vol0".parse().unwrap(), secondary: "geo@l1::copy".parse().unwrap() };
        let words = |command: &Command| command.argv.join(" ");
        assert_eq!(words(&status()), "gluster --mode=script volume geo-replication status --xml");
        let config = config(&session);
        let begin = "gluster --mode=script volume geo-replication vol0 geo@l1::copy";
        assert_eq!(words(&config), format!("{begin} config --xml"));
        assert_eq!(words(&stop(&session)), format!("{begin} stop"));
        assert_eq!(words(&start(&session)), format!("{begin} start"));
        assert_eq!((config.effect, stop(&session).effect), (Effect::Reads, Effect::Changes));
        assert_eq!(canary(&session, "r", FIRST_PATIENCE).effect, Effect::Changes);
    }

    /// Attributes kept in files beside what they belong to: real ones of this kind are root's alone.
    const ATTRIBUTES: &str = "
import os
def _beside(path, name): return path + '@' + name.split('.')[-1]
def _get(path, name):
    try: return open(_beside(path, name), 'rb').read()
    except IOError: raise OSError(61, 'No data available')
def _set(path, name, value, flags): open(_beside(path, name), 'wb').write(value)
os.getxattr, os.setxattr, os.XATTR_REPLACE = _get, _set, 2
";

    const HEAD: &str = "GlusterFS Changelog | version: v1.2 | encoding : 2\n";

    /// A brick that was stopped while a changelog with this text was open.
    fn brick(open: Option<&str>) -> tempfile::TempDir {
        let brick = tempfile::tempdir().unwrap();
        let changelogs = brick.path().join(".glusterfs/changelogs");
        std::fs::create_dir_all(changelogs.join("htime")).unwrap();
        std::fs::write(changelogs.join("htime@current_htime"), "HTIME.1000").unwrap();
        std::fs::write(changelogs.join("htime/HTIME.1000"), "/b/.glusterfs/changelogs/CHANGELOG.1015\0")
            .unwrap();
        std::fs::write(changelogs.join("htime/HTIME.1000@htime"), "1015:1").unwrap();
        if let Some(text) = open {
            std::fs::write(changelogs.join("CHANGELOG"), text).unwrap();
        }
        brick
    }

    fn run(brick: &std::path::Path) -> (bool, String) {
        let command = close(&[brick.to_str().unwrap().parse().unwrap()]);
        assert_eq!(&command.argv[..2], ["python3", "-c"]);
        let script = format!("{ATTRIBUTES}{}", command.argv[2]);
        let ran =
            std::process::Command::new("python3").arg("-c").arg(script).args(&command.argv[3..]).output();
        let ran = ran.unwrap();
        (ran.status.success(), String::from_utf8(ran.stdout).unwrap())
    }

    #[test]
    fn an_open_changelog_is_named_and_noted_in_the_index_once() {
        let brick = brick(Some(&format!("{HEAD}Dgfid\0")));
        let (good, said) = run(brick.path());
        assert!(good && said.starts_with("closed CHANGELOG."), "{said}");
        let name = said.split([' ', ':']).nth(1).unwrap();
        let changelogs = brick.path().join(".glusterfs/changelogs");
        let index = std::fs::read_to_string(changelogs.join("htime/HTIME.1000")).unwrap();
        let noted: Vec<&str> = index.split_terminator('\0').collect();
        assert_eq!(noted.len(), 2, "{index}");
        assert!(noted[1].ends_with(name) && std::path::Path::new(noted[1]).is_file(), "{index}");
        let seconds = name.trim_start_matches("CHANGELOG.");
        let count = std::fs::read_to_string(changelogs.join("htime/HTIME.1000@htime")).unwrap();
        assert_eq!(count, format!("{seconds}:2"));
        assert!(!changelogs.join("CHANGELOG").exists());
        assert_eq!(run(brick.path()), (true, format!("nothing open: {}\n", brick.path().display())));
    }

    #[rstest::rstest]
    #[case::none(None)]
    #[case::no_record(Some(HEAD))]
    fn where_nothing_was_written_nothing_is_touched(#[case] open: Option<&str>) {
        let brick = brick(open);
        assert_eq!(run(brick.path()), (true, format!("nothing open: {}\n", brick.path().display())));
        assert_eq!(brick.path().join(".glusterfs/changelogs/CHANGELOG").exists(), open.is_some());
    }

    #[test]
    fn a_clock_that_is_behind_loses_nothing() {
        let brick = brick(Some(&format!("{HEAD}Dgfid\0")));
        let changelogs = brick.path().join(".glusterfs/changelogs");
        std::fs::write(changelogs.join("htime/HTIME.1000@htime"), "99999999999:1").unwrap();
        let (good, said) = run(brick.path());
        assert!(!good && said.contains("the clock is behind"), "{said}");
        assert!(changelogs.join("CHANGELOG").exists());
    }
}
