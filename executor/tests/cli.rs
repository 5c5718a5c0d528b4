//! The program as it is called: exit codes, what goes to which stream, with an environment of its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

#[path = "cli/runs.rs"]
mod runs;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rstest::rstest;
use tempfile::TempDir;

/// A place with an empty home, so that nobody's ssh configuration plays along.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(inventory: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pool.toml"), inventory).unwrap();
        Self { folder }
    }

    fn executor(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_executor"));
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        command.current_dir(self.folder.path());
        command
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join(".local/state/gluster-upgrade")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const CHECK: &[&str] = &["check", "-i", "pool.toml", "--to", "11.1"];

#[rstest]
#[case::no_subcommand(&[], "Usage")]
#[case::no_release(&["check", "-i", "pool.toml"], "--to")]
#[case::no_such_release(&["check", "-i", "pool.toml", "--to", "eleven"], "is not a Gluster release")]
#[case::check_to_no_line(&["check", "-i", "pool.toml", "--to", "12.0"], "a release line from 3.7 to 11")]
#[case::plan_to_no_line(&["plan", "-i", "pool.toml", "--to", "12.0"], "a release line from 3.7 to 11")]
#[case::run_to_no_line(&["run", "-i", "pool.toml", "--to", "12.0", "--yes"], "a release line from 3.7 to 11")]
#[case::verify_no_line(&["verify", "-i", "pool.toml", "--to", "12.0"], "a release line from 3.7 to 11")]
#[case::status_of_no_line(&["status", "-i", "pool.toml", "--to", "12.0"], "a release line from 3.7 to 11")]
#[case::path_to_no_line(&["path", "--from", "10.3", "--to", "12.0"], "a release line from 3.7 to 11")]
#[case::no_such_waiver(&["plan", "-i", "pool.toml", "--to", "11.1", "--waive", "NONSENSE:x"], "no finding with the code")]
#[case::waiving_data(&["run", "-i", "pool.toml", "--to", "11.1", "--waive", "HEAL_PENDING:v"], "cannot be waived")]
#[case::no_such_code(&["explain", "SPLIT_BRIAN"], "did you mean SPLIT_BRAIN?")]
#[case::nonsense(&["explain", "zzzzzzzz"], "`executor explain` lists all codes")]
#[case::no_such_line(&["path", "--from", "3.4", "--to", "11"], "a release line from 3.7 to 11")]
#[case::events_nowhere(&["run", "-i", "pool.toml", "--to", "11.1", "--events", "nowhere/events"], "it cannot be written: No such file")]
#[case::events_of_resume(&["resume", "-i", "pool.toml", "--events", "nowhere/events"], "it cannot be written: No such file")]
#[case::no_inventory(&["check", "-i", "nowhere.toml", "--to", "11.1"], "nowhere.toml: cannot be read")]
fn wrong_usage_ends_with_2(#[case] arguments: &[&str], #[case] says: &str) {
    let place = Place::new("[[servers]]\nname = \"g1\"\n");
    let output = place.executor(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "", "stdout is for data");
}

#[rstest]
#[case::unknown_key("[[servers]]\nname = \"g1\"\nprot = 22\n", "pool.toml:3: unknown field `prot`")]
#[case::duplicate(
    "[[servers]]\nname = \"g1\"\n[[servers]]\nname = \"g1\"\n",
    "pool.toml:4: `g1` is named already"
)]
#[case::bad_jump(
    "[[servers]]\nname = \"g1\"\naddress = \"127.0.0.1\"\njump = \"a b\"\n",
    "pool.toml:4: jump `a b`"
)]
#[case::bad_port("[[servers]]\nname = \"g1\"\naddress = \"127.0.0.1\"\nport = 0\n", "pool.toml:4: port `0`")]
#[case::no_address(
    "[[servers]]\nname = \"g1\"\naddress = \"no-such-host.invalid\"\n",
    "pool.toml:3: `g1`: the name `no-such-host.invalid` has no address"
)]
#[case::jump_of_no_address(
    "[[servers]]\nname = \"g1\"\naddress = \"127.0.0.1\"\njump = \"root@no-such-host.invalid:22,g9\"\n",
    "pool.toml:3: `g1`: its jump host `no-such-host.invalid` has no address"
)]
#[case::user_with_a_blank(
    "[[servers]]\nname = \"g1\"\naddress = \"127.0.0.1\"\nuser = \"a b\"\n[[servers]]\nname = \"g2\"\nuser = \"-x\"\n",
    "pool.toml:3: `g1`: user `a b` has a space or a control character\n  line 6: `g2`: user `-x` begins with `-`"
)]
#[case::identity_that_ssh_cannot_hold(
    "[[servers]]\nname = \"g1\"\naddress = \"127.0.0.1\"\nidentity = 'a\"b'\n",
    "pool.toml:3: `g1`: identity `"
)]
fn a_wrong_inventory_is_named_with_its_line(#[case] inventory: &str, #[case] says: &str) {
    let output = Place::new(inventory).executor(CHECK);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(says) && stderr.contains("hint: "), "{stderr}");
}

/// As in `executor explain | head -1`; and where an answer is lost for another reason, that is told.
#[test]
fn a_reader_that_goes_away_is_no_trouble_and_a_full_disk_is() {
    let place = Place::new("");
    let mut child =
        place.command(&["explain"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));

    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = place.command(&["explain"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("could not be written to standard output"),
        "{}",
        text(&output.stderr)
    );
}

/// Two servers where nobody listens: port 1 of the loopback addresses.
const NOBODY: &str = "[[servers]]\nname = \"g1\"\naddress = \"127.0.0.1\"\nport = 1\n\
                      [[servers]]\nname = \"g2\"\naddress = \"127.0.0.2\"\nport = 1\n";

#[test]
fn unreachable_servers_refuse_with_10_all_named_and_nothing_begun() {
    let place = Place::new(NOBODY);
    let output = place.executor(CHECK);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("HOST_UNREACHABLE g1") && stdout.contains("HOST_UNREACHABLE g2"), "{stdout}");
    assert!(stdout.contains("Nothing was touched"), "{stdout}");

    let output = place.executor(&["run", "-i", "pool.toml", "--to", "11.1", "--yes"]);
    assert_eq!(output.status.code(), Some(10));
    assert!(!place.state().exists(), "a refusal leaves no journal");
}

#[test]
fn every_command_is_told_to_whoever_asks_for_it_twice() {
    let place = Place::new("[[servers]]\nname = \"g1\"\naddress = \"127.0.0.1\"\nport = 1\n");
    let said = |verbose: &[&str]| text(&place.executor(&[CHECK, verbose].concat()).stderr);
    let line = "g1: processes.sh: \"g1 was not reached: ";
    assert!(said(&["-vv"]).contains(line), "{}", said(&["-vv"]));
    assert!(!said(&["-v"]).contains(line) && !said(&[]).contains(line));
}

/// Behind a jump host names are its own to resolve, those of further jump hosts too.
#[test]
fn only_the_first_jump_host_is_this_machines_to_resolve() {
    let inventory = "[[servers]]\nname = \"g1\"\naddress = \"no-such-host.invalid\"\n\
                     jump = \"127.0.0.1:1,no-such-hop.invalid\"\n";
    let output = Place::new(inventory).executor(CHECK);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("HOST_UNREACHABLE g1"), "{}", text(&output.stdout));
}

/// What a table says of point releases ends with the day it was written.
#[test]
fn a_release_that_came_after_the_table_is_no_wrong_usage() {
    let output = Place::new(NOBODY).executor(&["check", "-i", "pool.toml", "--to", "11.9"]);
    assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
}

/// Who reached nobody knows nothing about the pool, and says so in one finding a server.
#[test]
fn what_nobody_saw_is_told_as_unknown_and_once() {
    let place = Place::new(NOBODY);
    let found = text(&place.executor(CHECK).stdout);
    assert!(found.starts_with("REFUSED: 2 findings") && !found.contains("glusterd runs on no"), "{found}");
    let verified = text(&place.executor(&["verify", "-i", "pool.toml", "--to", "11.1"]).stdout);
    assert!(verified.contains("unknown  the inventory's servers are the pool's"), "{verified}");
    let told = verified.lines().filter(|line| line.starts_with("  - ")).count();
    assert_eq!(told, 2, "{verified}");
}

#[test]
fn findings_are_json_for_scripts() {
    let output = Place::new(NOBODY).executor(&[CHECK, &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(10));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&str> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert!(codes.iter().filter(|code| **code == "HOST_UNREACHABLE").count() == 2, "{answer:#}");
}

#[test]
fn resuming_without_a_run_says_what_to_type() {
    let output = Place::new(NOBODY).executor(&["resume", "-i", "pool.toml", "--yes"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("executor plan"), "{}", text(&output.stderr));
}

#[rstest]
#[case::no_journal(&["rollback", "-i", "pool.toml", "--yes"], "--to RELEASE")]
#[case::stranger(&["rollback", "-i", "pool.toml", "--to", "10.3", "g9"], "`g9` is no server and no client")]
#[case::one_of_a_downtime(&["rollback", "-i", "pool.toml", "--to", "10.3", "--offline", "g1"], "all servers go back together")]
fn a_way_back_that_makes_no_sense_asks_no_host(#[case] arguments: &[&str], #[case] says: &str) {
    let output = Place::new(NOBODY).executor(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(says) && stderr.contains("hint: "), "{stderr}");
}

#[test]
fn a_way_back_that_is_refused_or_only_shown_leaves_no_journal() {
    let place = Place::new(NOBODY);
    for (how, refused_on) in [("--yes", "stderr"), ("--show", "stdout")] {
        let output = place.executor(&["rollback", "-i", "pool.toml", "--to", "10.3", how]);
        assert_eq!(output.status.code(), Some(10), "{}", text(&output.stderr));
        let said = if refused_on == "stdout" { text(&output.stdout) } else { text(&output.stderr) };
        assert!(said.contains("HOST_UNREACHABLE g1"), "{said}");
        assert!(said.contains("executor rollback -i pool.toml --to 10.3\n"), "{said}");
        assert!(!place.state().exists());
    }
}

#[test]
fn a_damaged_journal_ends_with_13() {
    let place = Place::new(NOBODY);
    let run = place.state().join("runs/20260101T000000Z-11.1");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(run.join("journal.jsonl"), "{\"format\":1}\n").unwrap();
    let output = place.executor(&["resume", "-i", "pool.toml", "--yes"]);
    assert_eq!(output.status.code(), Some(13), "{}", text(&output.stderr));
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("journal.jsonl:1: the journal is damaged at byte 0") && stderr.contains("hint: "),
        "{stderr}"
    );
}

#[test]
fn the_manual_names_every_exit_code() {
    let help = text(&Place::new(NOBODY).executor(&["--help"]).stdout);
    for code in ["0 ", "1 ", "2 ", "10 ", "11 ", "12 ", "13 "] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(code)), "{code}: {help}");
    }
}

#[test]
fn the_manual_tells_of_both_procedures_all_sections_the_environment_and_the_files() {
    let help = text(&Place::new(NOBODY).executor(&["--help"]).stdout);
    for part in [
        "--offline",
        "transport = ",
        "[ssh]",
        "[packages]",
        "[[servers]]",
        "[[clients]]",
        "[[clients.applications]]",
        "[[secondaries]]",
        "[[primaries]]",
        "GLUSTER_UPGRADE_STATE_DIR",
        "XDG_STATE_HOME",
        "RUST_LOG",
        "NO_COLOR",
        "journal.jsonl",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
}

/// What the manual shows can be typed: its inventory is read, whole.
#[test]
fn the_inventory_of_the_manual_is_one() {
    let help = text(&Place::new(NOBODY).executor(&["--help"]).stdout);
    let lines = help.lines().skip_while(|line| !line.starts_with("The inventory (TOML)")).skip(1);
    let shown = lines.take_while(|line| !line.starts_with("A first upgrade"));
    let inventory: Vec<&str> = shown.map(str::trim_start).collect();
    let parsed = executor::core::inventory::parse("pool.toml".as_ref(), &inventory.join("\n")).unwrap();
    assert_eq!((parsed.servers.len(), parsed.clients.len(), parsed.named_pools.len()), (1, 1, 1));
    assert!(parsed.servers.values().all(|host| host.install.is_some() && host.install_back.is_some()));
    assert!(parsed.clients.values().all(|host| host.applications.len() == 1));
}

#[test]
fn explain_tells_of_one_code_or_lists_all_and_needs_no_pool() {
    let place = Place::new("");
    let one = place.executor(&["explain", "heal_pending"]);
    assert_eq!(one.status.code(), Some(0));
    for part in ["HEAL_PENDING", "why", "remedy", "this tool", "can be waived  no", "source"] {
        assert!(text(&one.stdout).contains(part), "{part}: {}", text(&one.stdout));
    }
    let all = place.executor(&["explain"]);
    assert!(text(&all.stdout).contains("NOT_OBSERVED"));
    let json = place.executor(&["explain", "CLIENT_GONE", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["waivable"], true);
    assert!(json["why"].as_str().unwrap().len() > 20);
    let list = place.executor(&["explain", "--output", "json"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert!(list.as_array().unwrap().iter().all(|code| !code["why"].is_null()));
}

#[rstest]
#[case::allowed(&["path", "--from", "3.7", "--to", "11"], 0, "3.7 → 3.10.12 → 5.13 → 8.6 → 11.1")]
#[case::within(&["path", "--from", "9.2", "--to", "9"], 0, "stays within 9")]
#[case::there(&["path", "--from", "11.1", "--to", "11"], 0, "Nothing to do")]
#[case::backward(&["path", "--from", "11.1", "--to", "10.3"], 10, "RELEASE_BACKWARD")]
#[case::broken(&["path", "--from", "9.2", "--to", "10.4"], 10, "10.5 is the one to stop at")]
fn path_prints_the_way_or_refuses(#[case] arguments: &[&str], #[case] code: i32, #[case] says: &str) {
    let place = Place::new("");
    let output = place.executor(arguments);
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(says), "{}", text(&output.stdout));
    let json = place.executor(&[arguments, &["--output", "json"]].concat());
    assert_eq!(json.status.code(), Some(code));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json.get("refusal").is_some(), code == 10, "{json:#}");
}

#[test]
fn hazards_lists_what_is_known_of_every_hop() {
    let place = Place::new("");
    let output = place.executor(&["hazards", "--from", "7.9", "--to", "11"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for part in ["7.9 → 10.5", "10.5 → 11.1", "nfs-options-dropped  (prepared, NFS_OPTIONS_DROPPED)"] {
        assert!(text(&output.stdout).contains(part), "{part}: {}", text(&output.stdout));
    }
    let json = place.executor(&["hazards", "--from", "10.3", "--to", "11.1", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let hazards = json["hops"][0]["hazards"].as_array().unwrap();
    let ids: Vec<&str> = hazards.iter().map(|hazard| hazard["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"nfs-options-dropped") && !ids.contains(&"rdma-transport"), "{ids:?}");
    assert_eq!(place.executor(&["hazards", "--from", "11.1", "--to", "9.6"]).status.code(), Some(10));
}
