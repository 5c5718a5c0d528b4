//! Runs that are dead, alive, copied, or of other servers: what `pause`, `status` and `resume` say of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use executor::journal::PoolLock;

use super::{Place, text};

/// A run of g1, g2 and g3 that failed, as a program wrote it that knew no checksums yet.
const JOURNAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journal/format-3.jsonl");

/// The pool that it is of.
const POOL: &str = "5d3c0b3a8f0e1c42";

/// So many servers where nobody listens.
fn nobody(servers: usize) -> String {
    let one = |n: usize| format!("[[servers]]\nname = \"g{n}\"\naddress = \"127.0.0.{n}\"\nport = 1\n");
    (1..=servers).map(one).collect()
}

/// A place whose state folder has that run.
fn with_run(servers: usize) -> (Place, PathBuf) {
    let place = Place::new(&nobody(servers));
    let run = place.state().join("runs/20251124T141200Z-11.1");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::copy(JOURNAL, run.join("journal.jsonl")).unwrap();
    (place, run)
}

fn ends(output: &Output, code: i32, says: &[&str]) {
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for words in says {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn there_is_nothing_to_pause_where_there_is_no_run_or_none_is_alive() {
    let none = Place::new(&nobody(3)).executor(&["pause", "-i", "pool.toml"]);
    ends(&none, 2, &["there is no run of these servers", "nothing to pause"]);
    let (place, run) = with_run(3);
    let dead = place.executor(&["pause", "-i", "pool.toml"]);
    ends(&dead, 2, &["20251124T141200Z-11.1 is not alive", "executor resume -i pool.toml goes on with it"]);
    assert!(!run.join("pause").exists(), "what is refused leaves nothing");
}

/// While this process holds the pool's lock, as a run does for as long as it lives.
#[test]
fn a_live_run_is_asked_to_pause_and_not_gone_on_with() {
    let (place, run) = with_run(3);
    let _alive = PoolLock::take(&place.state(), POOL).unwrap();
    let me = format!("process {}", std::process::id());
    let asked = place.executor(&["pause", "-i", "pool.toml"]);
    ends(&asked, 0, &[&me, "is asked to pause", "Finishing g1's turn first, then stopping before step"]);
    assert!(run.join("pause").exists());
    ends(&place.executor(&["pause", "-i", "pool.toml"]), 0, &["was asked already"]);
    ends(&place.executor(&["resume", "-i", "pool.toml", "--yes"]), 13, &["is alive", &me]);
    let status = place.executor(&["status", "-i", "pool.toml"]);
    ends(&status, 10, &["is RUNNING", &me, "it is asked to pause"]);
}

#[test]
fn the_status_of_a_dead_run_says_how_it_stands_what_is_in_doubt_and_what_to_type() {
    let (place, _) = with_run(3);
    let says = [
        "FAILED at",
        "step 6, install glusterfs 11.1 on g1",
        "no process holds",
        "in doubt: step",
        "next: executor resume -i pool.toml",
    ];
    ends(&place.executor(&["status", "-i", "pool.toml"]), 10, &says);
}

#[test]
fn a_run_of_other_servers_is_not_gone_on_with_and_it_is_said_in_what_they_differ() {
    let fewer = with_run(2).0.executor(&["resume", "-i", "pool.toml", "--yes"]);
    ends(&fewer, 13, &["g3: a server of this run, which is not named any more", "Nothing was touched"]);
    let more = with_run(4).0.executor(&["resume", "-i", "pool.toml", "--yes"]);
    ends(&more, 13, &["g4: a server that this run does not have"]);
}

/// From another state folder it comes as far as the same one: to the servers, which do not answer here.
#[test]
fn a_copied_run_is_found_in_its_new_place() {
    let (place, run) = with_run(3);
    let there = place.folder.path().join("copy/runs/20251124T141200Z-11.1");
    std::fs::create_dir_all(&there).unwrap();
    std::fs::copy(run.join("journal.jsonl"), there.join("journal.jsonl")).unwrap();
    let resumed = place.executor(&["resume", "-i", "pool.toml", "--state-dir", "copy", "--yes"]);
    ends(&resumed, 10, &["HOST_UNREACHABLE g1"]);
}

#[test]
fn a_damaged_journal_is_told_with_its_byte_and_the_way_out_works() {
    let (place, run) = with_run(3);
    let file = run.join("journal.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    let damaged = whole.replacen("\"kind\":\"step_started\"", "\"kind\":\"step\u{1b}[2J\"", 1);
    std::fs::write(&file, damaged).unwrap();
    let output = place.executor(&["resume", "-i", "pool.toml", "--yes"]);
    ends(&output, 13, &["journal.jsonl:3: the journal is damaged at byte", "hint: ", "truncate -s"]);
    assert!(!text(&output.stderr).contains('\u{1b}'), "the terminal is not to obey it");
    let said = text(&output.stderr);
    let cut = said.split("truncate -s ").nth(1).unwrap().split(' ').next().unwrap();
    let cut = Command::new("truncate").args(["-s", cut]).arg(&file).status().unwrap();
    assert!(cut.success());
    ends(&place.executor(&["resume", "-i", "pool.toml", "--yes"]), 10, &["HOST_UNREACHABLE g1"]);
}

/// Whatever is said most loudly: no key, no environment, no file of ours that others may read.
#[test]
fn nothing_secret_is_said_or_kept() {
    const SECRET: &str = "hunter2-canary";
    // The words of a way to a host may hold one, too; this way leads nowhere, which is told.
    let way = format!(
        "\n[[clients]]\nname = \"c1\"\ntransport = {{ exec = [\"no-such-program\", \"-p\", \"{SECRET}\", \"{{host}}\"] }}\n"
    );
    let inventory = format!("[ssh]\nidentity = \"key\"\n{}{way}", nobody(3));
    let (place, _) = with_run(3);
    let folder = place.folder.path();
    std::fs::write(folder.join("pool.toml"), inventory).unwrap();
    std::fs::write(folder.join("key"), format!("-----BEGIN {SECRET}-----\n")).unwrap();
    for arguments in [
        &["inspect", "-i", "pool.toml", "-vv"][..],
        &["check", "-i", "pool.toml", "--to", "11.1", "-vv"],
        &["run", "-i", "pool.toml", "--to", "11.1", "--yes", "--events", "events", "-vv"],
        &["status", "-i", "pool.toml", "-vv"],
        &["resume", "-i", "pool.toml", "--yes", "-vv"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_executor"))
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", folder)
            .env("DATABASE_PASSWORD", SECRET)
            .env("SSH_ASKPASS", SECRET)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains(SECRET), "{arguments:?}: {said}");
        if arguments[0] == "inspect" {
            assert!(said.contains("no-such-program cannot be run"), "{said}");
        }
    }
    std::fs::remove_file(folder.join("key")).unwrap();
    std::fs::remove_file(folder.join("pool.toml")).unwrap();
    let mut files = Vec::new();
    collect(folder, &mut files);
    assert!(files.iter().any(|file| file.ends_with("events")), "{files:?}");
    for file in files {
        let kept = std::fs::read(&file).unwrap();
        let found = kept.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
        assert!(!found, "{}", file.display());
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(folder.join("events")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "events name every host");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
