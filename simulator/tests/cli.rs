//! The program as it is called, where nothing is started: bad input, and no engine.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rstest::rstest;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the simulator with no engine within reach: what needs one before it looks at its input shows.
fn simulator(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(arguments)
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes a scenario that is the online one with one text replaced, and runs it.
fn run_changed(right: &str, wrong: &str) -> Output {
    let scenario = std::fs::read_to_string(root().join("scenarios/online-replicated.toml")).unwrap();
    assert!(scenario.contains(right));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.toml");
    std::fs::write(&path, scenario.replacen(right, wrong, 1)).unwrap();
    simulator(&["run", path.to_str().unwrap(), "--executor", env!("CARGO_BIN_EXE_simulator")])
}

#[rstest]
#[case::unknown_key("outcome", "outcme", "changed.toml:26: unknown field `outcme`")]
#[case::unknown_release(
    "\"10.3\"",
    "\"10.9\"",
    "changed.toml:5: no release `10.9`: expected one of 9.2, 10.3, 11.1"
)]
#[case::unknown_family("\"debian-bookworm\"", "\"suse\"", "changed.toml:4: no family `suse`")]
#[case::no_toml("[pool]", "[pool", "changed.toml:3: ")]
fn a_bad_scenario_ends_with_2_before_any_engine_is_asked(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] says: &str,
) {
    let output = run_changed(right, wrong);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(says) && stderr.contains("hint: "), "{stderr}");
    assert_eq!(text(&output.stdout), "", "stdout is for data");
}

#[rstest]
#[case(&["run"], "required")]
#[case(&["run", "--tag", "nope"], "no scenario below scenarios has the tag `nope`")]
#[case(&["run", "nowhere.toml", "--tag", "faults"], "cannot be used with")]
#[case(&["run", "nowhere.toml"], "nowhere.toml: cannot be read")]
#[case(&["run", "scenarios/online-replicated.toml", "--executor", "/nonexistent"], "the executor's program is not there")]
#[case(&["images", "--images", "/nonexistent", "list"], "cannot read /nonexistent/catalog.toml")]
fn bad_input_ends_with_2(#[case] arguments: &[&str], #[case] says: &str) {
    let output = simulator(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
}

#[rstest]
#[case(&["clean"])]
#[case(&["images", "list"])]
#[case(&["run", "scenarios/online-replicated.toml", "--executor", env!("CARGO_BIN_EXE_simulator")])]
fn without_an_engine_nobody_can_tell(#[case] arguments: &[&str]) {
    let output = simulator(arguments);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("hint: "), "{}", text(&output.stderr));
}

#[test]
fn the_manual_names_every_exit_status_and_what_a_verdict_means() {
    let output = simulator(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    let statuses = help.lines().skip_while(|line| !line.starts_with("Exit status:")).skip(1);
    let told: Vec<&str> =
        statuses.take_while(|line| !line.is_empty()).filter_map(|line| line.get(2..4)).collect();
    let numbered: Vec<&str> = told.into_iter().filter(|number| *number != "  ").collect();
    assert_eq!(numbered, ["0 ", "1 ", "2 ", "3 "], "{help}");
    for part in
        ["\"pass\"", "\"unknown\"", "a judge crashed", "DOCKER_HOST", "NO_COLOR", "RUST_LOG", "runs/latest"]
    {
        assert!(help.contains(part), "{part}: {help}");
    }
}
