//! Replies recorded on real pools (see `replies/README.md`) and what each of them has to say.
//!
//! A release is a folder: add one and every test here runs on it as well.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "replies/georep.rs"]
mod georep;
#[path = "replies/states.rs"]
mod states;
#[path = "replies/stored.rs"]
mod stored;

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use executor::core::command::Output;
use executor::core::names::Release;
use executor::gluster::{ReplyError, replies};
use rstest::rstest;

/// Returns a recorded reply as the output it was.
fn reply(path: &Path) -> Output {
    let beside = |what: &str| fs::read_to_string(format!("{}.{what}", path.display())).unwrap_or_default();
    let status = beside("exit");
    Output {
        status: if status.is_empty() { 0 } else { status.trim().parse().unwrap() },
        stdout: fs::read_to_string(path).unwrap(),
        stderr: beside("err"),
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap()
}

fn state_of(path: &Path) -> &str {
    name_of(path.parent().unwrap())
}

fn release_of(path: &Path) -> Release {
    name_of(path.parent().unwrap().parent().unwrap()).parse().unwrap()
}

/// Reads a reply with the parser that its name asks for.
fn read(name: &str, output: &Output) -> Result<String, ReplyError> {
    fn shown<T: Debug>(answer: Result<T, ReplyError>) -> Result<String, ReplyError> {
        answer.map(|answer| format!("{answer:?}"))
    }
    let (stem, _) = name.rsplit_once('.').unwrap();
    match stem {
        "version" => shown(replies::version(output)),
        "glusterd" => shown(replies::glusterd_info(output)),
        "peer-status" => shown(replies::peers(output)),
        "max-op-version" => shown(replies::max_op_version(output)),
        _ if stem.starts_with("volume-info") => shown(replies::volumes(output)),
        _ if stem.starts_with("volume-status-tasks") => shown(replies::tasks(output)),
        _ if stem.ends_with("-clients") => shown(replies::clients(output)),
        _ if stem.starts_with("volume-status") => shown(replies::volume_status(output)),
        _ if stem.ends_with("-info") => shown(replies::heal_pending(output)),
        _ if stem.ends_with("-split-brain") => shown(replies::split_brain(output)),
        _ if stem.contains("-launch") => shown(replies::heal_launched(output)),
        _ if stem.starts_with("georep-status") => shown(replies::sessions(output)),
        _ if stem.starts_with("georep-config") => shown(replies::session_config(output)),
        _ if stem.starts_with("georep-changed") => shown(replies::session_changed(output)),
        _ if stem.starts_with("georep-none") => shown(replies::no_sessions(output)),
        _ if stem.starts_with("set-") => shown(replies::op_version_set(output)),
        _ => panic!("no parser reads {name}"),
    }
}

/// What a reply is: an answer, or which error.
fn outcome<T>(result: &Result<T, ReplyError>) -> &'static str {
    match result {
        Ok(_) => "answer",
        Err(ReplyError::GlusterdDown { .. }) => "glusterd down",
        Err(ReplyError::Busy { .. }) => "busy",
        Err(ReplyError::NotYet { .. }) => "not yet",
        Err(ReplyError::Silent { .. }) => "silent",
        Err(ReplyError::Refused { .. }) => "refused",
        Err(ReplyError::Unreadable { .. }) => "unreadable",
    }
}

/// What a reply has to be. Whatever is not in this list has to be an answer.
fn expected(release: Release, state: &str, name: &str) -> &'static str {
    let before = |text: &str| release < text.parse().unwrap();
    match (state, name) {
        ("glusterd-down", _) => "glusterd down",
        // 3.7.20 and 3.9.1 lost their words where 3.8.15 left the volumes out that it could not ask.
        ("node-down", "volume-status-all-clients.xml") if ["3.7", "3.9"].contains(&&release.line()[..]) => {
            "silent"
        }
        ("brick-killed", "heal-rep-launch.txt") => "not yet",
        (_, "heal-ec-split-brain.xml") => "refused",
        ("stopped", name) if name != "volume-status.xml" && name != "volume-info-ec.xml" => "refused",
        ("op-version", "set-unknown.txt" | "set-unknown.xml") => "refused",
        ("errors", _) | ("georep", "georep-status-none.xml") => "refused",
        ("busy", _) => "busy",
        (_, "max-op-version.txt") if before("3.10") => "refused",
        _ => "answer",
    }
}

#[rstest]
fn every_reply_is_an_answer_or_the_expected_error(
    #[files("tests/replies/*/*/*.*")]
    #[exclude(r"\.(err|exit)$")]
    path: PathBuf,
) {
    let result = read(name_of(&path), &reply(&path));
    assert_eq!(
        outcome(&result),
        expected(release_of(&path), state_of(&path), name_of(&path)),
        "{}: {result:?}",
        path.display()
    );
    if let Err(error) = result {
        let shown = error.to_string();
        assert!(!shown.contains('\n') && shown.chars().count() < 700, "{shown}");
    }
}

/// Cut anywhere, a reply says the same (white space was cut), or is an error: never less.
#[rstest]
fn no_piece_of_a_reply_passes_for_the_whole(
    #[files("tests/replies/*/*/*.*")]
    #[exclude(r"\.(err|exit)$")]
    path: PathBuf,
) {
    let (name, whole) = (name_of(&path), reply(&path));
    let answer = read(name, &whole);
    // Each byte near the end, where an answer is nearly whole, and some fifty in between.
    let length = whole.stdout.len();
    let step = (length / 50).max(1);
    let cuts = (0..length).filter(|at| at % step == 0 || *at + 30 > length);
    for at in cuts.filter(|at| whole.stdout.is_char_boundary(*at)) {
        let piece = Output { stdout: whole.stdout[..at].to_owned(), ..whole.clone() };
        match (read(name, &piece), &answer) {
            (Ok(less), Ok(all)) => assert_eq!(&less, all, "{} cut at {at}", path.display()),
            (Ok(less), Err(_)) => panic!("{} cut at {at} says {less}", path.display()),
            (Err(_), _) => {}
        }
    }
}

/// Some garbage in place of a character, at each of some fifty places: no panic.
#[rstest]
fn no_garbled_reply_panics(
    #[files("tests/replies/*/*/*.*")]
    #[exclude(r"\.(err|exit)$")]
    path: PathBuf,
) {
    let (name, whole) = (name_of(&path), reply(&path));
    let garbage = ["", "\0", "<", ">", "&", "-", "9", "\u{fffd}", "\n"].iter().cycle();
    let places: Vec<_> = whole.stdout.char_indices().collect();
    for ((at, was), garbage) in places.iter().step_by((places.len() / 50).max(1)).zip(garbage) {
        let mut stdout = whole.stdout.clone();
        stdout.replace_range(*at..at + was.len_utf8(), garbage);
        let _ = read(name, &Output { stdout, ..whole.clone() });
    }
}

#[test]
fn garbage_of_any_kind_is_an_error() {
    let megabyte = "x".repeat(1 << 20);
    let deep = format!("<cliOutput>{}", "<a>".repeat(100_000));
    let other = "<?xml version=\"1.0\"?><html><body>502</body></html>";
    for stdout in ["", " ", "\0", "\u{fffd}\u{fffd}", "<", "<?xml", "<cliOutput/>", other, &megabyte, &deep] {
        for name in [
            "version.txt",
            "glusterd.info",
            "peer-status.xml",
            "volume-info.xml",
            "volume-status.xml",
            "volume-status-tasks.xml",
            "volume-status-rep-clients.xml",
            "heal-rep-info.xml",
            "heal-rep-split-brain.xml",
            "heal-rep-launch.txt",
            "max-op-version.xml",
            "set-same.xml",
            "georep-status-active.xml",
            "georep-config-tarssh.xml",
            "georep-changed-stop.txt",
            "georep-none.txt",
        ] {
            for status in [0, 1, 124, -1] {
                let output = Output { status, stdout: stdout.to_owned(), stderr: String::new() };
                let shown = read(name, &output).unwrap_err().to_string();
                assert!(shown.chars().count() < 1000, "{name}: {shown}");
            }
        }
    }
}
