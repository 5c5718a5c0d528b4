//! `simulator report`, on a run that is kept with the tests: nothing is started, and no engine is asked.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rstest::rstest;
use tempfile::TempDir;

const NAME: &str = "20260102T030405Z-online-replicated";

/// A folder of runs: a copy of the recorded one, linked as the latest, and one that died before its report.
fn runs() -> TempDir {
    let runs = tempfile::tempdir().unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs").join(NAME);
    let copy = runs.path().join(NAME);
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&kept).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
    }
    let died = runs.path().join("20260103T030405Z-died");
    std::fs::create_dir(&died).unwrap();
    std::fs::copy(kept.join("executor.events.jsonl"), died.join("executor.events.jsonl")).unwrap();
    std::os::unix::fs::symlink(NAME, runs.path().join("latest")).unwrap();
    runs
}

fn simulator(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(arguments)
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Calls `simulator report`, which has to end with this status; returns what it printed and said.
fn report(runs: &TempDir, arguments: &[&str], status: i32) -> (String, String) {
    let folder = runs.path().to_str().unwrap();
    let output = simulator(runs.path(), &[&["report", "--runs", folder], arguments].concat());
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    (stdout, stderr)
}

#[test]
fn the_latest_run_is_told_again_where_none_is_named() {
    let runs = runs();
    let (latest, _) = report(&runs, &[], 0);
    assert!(latest.starts_with("FAIL     online-replicated\n"), "{latest}");
    assert_eq!(latest, report(&runs, &[NAME], 0).0, "by its name");
    assert_eq!(latest, report(&runs, &[runs.path().join(NAME).to_str().unwrap()], 0).0, "by its folder");
}

#[test]
fn json_is_the_report_as_it_was_written() {
    let runs = runs();
    let (printed, _) = report(&runs, &["--output", "json", NAME, "latest"], 0);
    let written = std::fs::read_to_string(runs.path().join(NAME).join("report.json")).unwrap();
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let lines: Vec<serde_json::Value> = printed.lines().map(value).collect();
    assert_eq!(lines, [value(&written), value(&written)]);
}

#[test]
fn pages_are_written_anew_also_of_a_run_that_died() {
    let runs = runs();
    let (printed, _) = report(&runs, &["--html", NAME, "20260103T030405Z-died"], 0);
    let read = |line: &str| std::fs::read_to_string(runs.path().join(line)).unwrap();
    let pages: Vec<String> = printed.lines().map(read).collect();
    assert_eq!(pages.len(), 2, "{printed}");
    assert!(pages[0].contains("<svg") && pages[0].contains("class=\"latency\""));
    assert!(pages[1].contains("no report.json: it is not there") && pages[1].contains("turn of g2"));
}

#[test]
fn the_index_is_written_beside_the_runs() {
    let runs = runs();
    let (printed, _) = report(&runs, &["--index"], 0);
    let written = PathBuf::from(printed.trim_end());
    assert_eq!(written, runs.path().join("index.html"));
    let page = std::fs::read_to_string(written).unwrap();
    assert!(page.contains("2 runs, the newest first: 0 passed, 1 failed, 1 unknown"), "{page}");
}

#[test]
fn the_schema_is_the_published_one() {
    let runs = runs();
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/report.schema.json");
    assert_eq!(report(&runs, &["--schema"], 0).0, std::fs::read_to_string(published).unwrap());
}

#[test]
fn a_run_without_a_report_is_named_and_the_others_are_told() {
    let runs = runs();
    let (printed, said) = report(&runs, &["20260103T030405Z-died", NAME], 3);
    assert!(printed.starts_with("FAIL     online-replicated\n"), "{printed}");
    assert!(said.contains("20260103T030405Z-died: no report.json: it is not there"), "{said}");
    assert!(said.contains("error: 1 of 2 runs have no report\nhint: "), "{said}");
}

#[rstest]
#[case::names(&["nope", NAME, "neither"], "no run nope, neither: neither a folder nor one below ")]
#[case::runs(&["--runs", "nowhere", "--index"], "cannot read nowhere")]
#[case::both(&["--index", NAME], "cannot be used with")]
fn bad_input_ends_with_2_and_prints_nothing(#[case] arguments: &[&str], #[case] says: &str) {
    let runs = runs();
    // The last `--runs` would not be taken beside the first.
    let folder = runs.path().to_str().unwrap();
    let words = if arguments.contains(&"--runs") { vec!["report"] } else { vec!["report", "--runs", folder] };
    let output = simulator(runs.path(), &[&words, arguments].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(says), "{said}");
    assert!(output.stdout.is_empty());
}

/// Before any engine is asked: half an hour later would be late.
#[test]
fn a_place_for_junit_that_cannot_be_written_ends_with_2() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let words = ["run", "scenarios/online-replicated.toml", "--junit", "/nonexistent/all.xml", "--executor"];
    let output = simulator(&root, &[&words[..], &[env!("CARGO_BIN_EXE_simulator")]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write /nonexistent/all.xml") && said.contains("hint: "), "{said}");
}
