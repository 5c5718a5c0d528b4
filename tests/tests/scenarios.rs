//! The scenarios that are no long ones, on real Gluster in containers, through the programs as an operator calls them.
//!
//! `make test` runs those that no upgrade may do without: the rehearsal that the README begins with, the trap of its very
//! releases when nothing is prepared, and a refusal that leaves a pool untouched. `make regression` runs the others.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use acceptance::engine::engine_leftovers;
use acceptance::program::Program;
use rstest::rstest;
use simulator::images::Catalog;
use simulator::scenario::{Outcome, Scenario};

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

/// A refusal that comes as it must, of whom another finding is expected: nothing is wrong with the pool.
const EXPECTS_ANOTHER_FINDING: &str = r#"
about = "A distributed volume cannot be upgraded while it serves; this expects another reason."

[pool]
family = "debian-bookworm"
release = "10.3"
servers = ["g1"]

[[volumes]]
name = "single"
kind = "distribute"

[[orders]]
to = "11.1"
outcome = "refused"
findings = ["HEAL_PENDING:single"]
"#;

#[test]
fn what_does_not_come_as_expected_ends_with_1() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("expects-another-finding.toml");
    std::fs::write(&path, EXPECTS_ANOTHER_FINDING).unwrap();
    let output = simulator_run(&path, &folder.path().join("runs"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: the verdict is: fail\n"), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "fail");
    let assertions = report["judgement"]["assertions"].as_array().unwrap().iter();
    let failed: Vec<_> = assertions.filter(|assertion| assertion["verdict"] == "fail").collect();
    assert!(failed.len() == 1 && failed[0]["found"] == "VOLUME_NOT_REPLICATED:single", "{failed:#?}");
    nothing_is_left(&said);
}

/// A pool with an option that Gluster takes for none of its values.
const NO_POOL: &str = r#"
about = "A volume that cannot be set up."

[pool]
family = "debian-bookworm"
release = "10.3"
servers = ["g1"]

[[volumes]]
name = "vol0"
kind = "distribute"
options = { "network.ping-timeout" = "soon" }

[[orders]]
to = "11.1"
outcome = "refused"
findings = ["VOLUME_NOT_REPLICATED:vol0"]
"#;

#[test]
#[ignore = "with those that take longer: `make regression`"]
fn a_pool_that_does_not_come_up_leaves_its_logs_and_a_report() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-pool.toml");
    std::fs::write(&path, NO_POOL).unwrap();
    let runs = folder.path().join("runs");
    let output = simulator_run(&path, &runs);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("ping-timeout"), "{said}");
    let kept = runs.join("latest");
    let report = std::fs::read_to_string(kept.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["verdict"], "unknown");
    assert_eq!(report["judgement"]["assertions"].as_array().unwrap().len(), 1, "{report}");
    assert!(kept.join("hosts/g1/log/glusterfs/glusterd.log").is_file(), "{said}");
    assert!(std::fs::read_to_string(kept.join("hosts/g1/state.txt")).unwrap().contains("vol0"));
    nothing_is_left(&said);
}

/// Runs a scenario as an operator would.
fn simulator_run(scenario: &Path, runs: &Path) -> Output {
    Command::new(Program::Simulator.path())
        .arg("run")
        .arg(scenario)
        .args(["--output", "json", "--runs"])
        .arg(runs)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap()
}

/// Sees that nothing is left on the engine of the run that this was said by.
fn nothing_is_left(said: &str) {
    let run = said.lines().find_map(|line| line.strip_prefix("run ")?.split(';').next()).unwrap();
    assert_eq!(engine_leftovers(run), Vec::<String>::new());
}

/// Runs a scenario, which must pass, keep its artifacts and leave nothing on the engine.
fn rehearse(path: &Path) {
    // A scenario that failed has said so; the next one is no less worth running.
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let runs = root.join("runs");
    let output = simulator_run(path, &runs);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{}", what_failed(&said, &runs));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "pass");
    let assertions = report["judgement"]["assertions"].as_array().unwrap();
    assert!(assertions.len() > 30, "only {} assertions", assertions.len());
    let scenario = Scenario::load(path, &Catalog::load(&root.join("images")).unwrap()).unwrap();
    let last = scenario.orders.last().unwrap();
    // A pool that was upgraded lost all its power once more, and was judged after that as before.
    let in_the_end = assertions.iter().filter(|assertion| assertion["phase"] == "after the last restart");
    let (judged, upgraded) = (in_the_end.count(), last.outcome == Outcome::Upgraded);
    assert!(if upgraded { judged > 20 } else { judged == 0 }, "{judged} assertions after the last restart");
    is_kept(&scenario, &PathBuf::from(report["artifacts"].as_str().unwrap()));
    nothing_is_left(&said);
}

/// Sees that all that a run is to leave is in its folder.
fn is_kept(scenario: &Scenario, folder: &Path) {
    let has = |name: &str| assert!(folder.join(name).is_file(), "{name} is not in {}", folder.display());
    for name in ["report.txt", "report.json", "report.html", "junit.xml"] {
        has(name);
    }
    for name in ["executor.log", "executor.events.jsonl", "samples.json"] {
        has(name);
    }
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(!page.contains("samples.json: it cannot be read"), "{page}");
    if scenario.workload.is_some() {
        has("workload.jsonl");
        assert!(page.contains("class=\"chart\"") && page.contains("class=\"latency\""), "{page}");
    }
    if scenario.orders.iter().any(|order| !order.before.is_empty() || !order.faults.is_empty()) {
        has("faults.jsonl");
    }
    let pools = std::iter::once(&scenario.pool).chain(&scenario.secondary);
    let servers: Vec<&str> = pools.flat_map(|pool| &pool.servers).map(|node| node.name.as_str()).collect();
    for server in &servers {
        has(&format!("hosts/{server}/log/glusterfs/glusterd.log"));
        has(&format!("hosts/{server}/glusterd/glusterd.info"));
    }
    let clients = scenario.clients.iter().map(|client| client.node.name.as_str());
    for host in servers.into_iter().chain(clients) {
        assert!(folder.join(format!("hosts/{host}/log")).is_dir(), "the logs of {host} are not saved");
        let state = std::fs::read_to_string(folder.join(format!("hosts/{host}/state.txt"))).unwrap();
        assert!(state.starts_with("$ gluster --version\nglusterfs "), "{host} said:\n{state}");
    }
    // What is refused is not begun, and leaves no journal.
    let journals: Vec<PathBuf> = match std::fs::read_dir(folder.join("state/runs")) {
        Ok(runs) => runs.map(|run| run.unwrap().path().join("journal.jsonl")).collect(),
        Err(_) => Vec::new(),
    };
    let begun = scenario.orders.iter().any(|order| order.outcome != Outcome::Refused);
    assert_eq!(!journals.is_empty(), begun, "{journals:?}");
    assert!(journals.iter().all(|journal| journal.is_file()), "{journals:?}");
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
