//! The scenarios that are no long ones, on real Gluster in containers, through the programs as an operator calls them.
//!
//! `make test` runs those that no upgrade may do without: the rehearsal that the README begins with, the trap of its very
//! releases when nothing is prepared, and a refusal that leaves a pool untouched. `make regression` runs the others.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::engine::engine_leftovers;
use acceptance::program::Program;
use rstest::rstest;

/// One scenario at a time: two pools side by side would slow each other down to stalls that are not Gluster's.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[rstest]
fn passes(
    #[files("../scenarios/online-replicated.toml")]
    #[files("../scenarios/offline-refused-online.toml")]
    #[files("../scenarios/hazards/peer-rejected.toml")]
    #[base_dir = "${CARGO_MANIFEST_DIR}"]
    scenario: PathBuf,
) {
    rehearse(&scenario);
}

#[rstest]
#[ignore = "minutes: `make regression`"]
fn passes_too(
    #[files("../scenarios/*.toml")]
    #[files("../scenarios/hazards/*.toml")]
    #[exclude("/online-replicated|/offline-refused-online|/peer-rejected")]
    #[base_dir = "${CARGO_MANIFEST_DIR}"]
    scenario: PathBuf,
) {
    rehearse(&scenario);
}

/// Runs a scenario, which must pass, keep its artifacts and leave nothing on the engine.
fn rehearse(scenario: &Path) {
    // A scenario that failed has said so; the next one is no less worth running.
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let runs = root.join("runs");
    let output = Command::new(Program::Simulator.path())
        .arg("run")
        .arg(scenario)
        .args(["--output", "json", "--runs"])
        .arg(&runs)
        .current_dir(&root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{}", what_failed(&said, &runs));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "pass");
    let assertions = report["judgement"]["assertions"].as_array().unwrap();
    assert!(assertions.len() > 30, "only {} assertions", assertions.len());
    let folder = PathBuf::from(report["artifacts"].as_str().unwrap());
    for kept in ["report.txt", "report.json", "executor.log", "executor.events.jsonl", "workload.jsonl"] {
        assert!(folder.join(kept).is_file(), "{kept} is not in {}", folder.display());
    }
    assert!(folder.join("hosts/g1/glusterd").is_dir(), "the logs of g1 are not saved");
    let run = said.lines().find_map(|line| line.strip_prefix("run ")?.split(';').next()).unwrap();
    assert_eq!(engine_leftovers(run), Vec::<String>::new());
}

/// How many lines of a failed run's talk are shown: all of it is kept with its artifacts, which the first ones name.
const SHOWN: usize = 30;

/// Returns what did not pass, then the first and the last that was said: a plan of many pages would bury it.
fn what_failed(said: &str, runs: &Path) -> String {
    let mut message: Vec<String> =
        failed_assertions(runs).unwrap_or_else(|error| vec![format!("no report: {error}")]);
    let lines: Vec<&str> = said.lines().collect();
    let (first, rest) = lines.split_at(lines.len().min(SHOWN));
    let last = &rest[rest.len().saturating_sub(SHOWN)..];
    message.extend(first.iter().chain(&["[…]"]).chain(last).map(|&line| line.to_owned()));
    message.join("\n")
}

fn failed_assertions(runs: &Path) -> anyhow::Result<Vec<String>> {
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(runs.join("latest/report.json"))?)?;
    let all = report["judgement"]["assertions"].as_array().into_iter().flatten();
    let failed = all.filter(|assertion| assertion["verdict"] != "pass");
    Ok(failed.map(serde_json::Value::to_string).collect())
}
