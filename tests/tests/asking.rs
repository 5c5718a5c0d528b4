//! What the executor asks before it acts, and that only one acts at a time: on a pool of real Gluster.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::Path;
use std::process::Command;

use acceptance::asked::{Asked, OPERATOR, text};
use acceptance::engine::on_engine;
use acceptance::owned::is_ours_and_closed;
use acceptance::pool::{on_a_pool, three_replicas};
use acceptance::program::Program;
use simulator::images::Init;
use simulator::pool::{NodeSpec, Pool, PoolSpec};
use tokio::runtime::Handle;

#[test]
#[ignore = "minutes: `make regression`"]
fn it_shows_asks_and_acts_alone() {
    on_a_pool("asking", three_replicas, |pool| {
        // A pool is up: the moment to see whose it is, too.
        on_engine(is_ours_and_closed(pool));
        let asked = Asked::on(pool);
        check_and_plan_touch_nothing(&asked);
        whether_a_server_may_stop_is_told(&asked);
        inspect_prints_what_its_schema_says(&asked);
        without_an_answer_nothing_is_touched(&asked);
        another_answer_than_yes_touches_nothing(&asked);
        a_second_run_is_refused(&asked);
    });
}

fn check_and_plan_touch_nothing(asked: &Asked) {
    let check = asked.alone(&["check", "--to", "11.1", "--output", "json"]);
    assert_eq!(check.status.code(), Some(0), "{}{}", text(&check.stdout), text(&check.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(answer["findings"], serde_json::json!([]));
    assert_eq!(answer["answered_by_the_plan"][0]["code"], "NFS_OPTIONS_DROPPED");

    let plan = asked.alone(&["plan", "--to", "11.1"]);
    assert_eq!(plan.status.code(), Some(0), "{}", text(&plan.stderr));
    let shown = text(&plan.stdout);
    for expected in
        ["prepare, on the old release", "turn 3 of 3: g3", "raise op-version to 110000", "client: c1"]
    {
        assert!(shown.contains(expected), "no `{expected}` in:\n{shown}");
    }
    let plan = asked.alone(&["plan", "--to", "11.1", "--output", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(plan["plan"]["op_version_then"], 110_000);

    let status = asked.alone(&["status"]);
    assert_eq!(status.status.code(), Some(0), "{}", text(&status.stdout));
    assert!(text(&status.stdout).contains("the pool is well"), "{}", text(&status.stdout));
    assert!(!asked.state.exists(), "looking leaves no journal");
}

/// A server of three copies may; all that must hold of an upgraded pool does not hold of this one yet.
fn whether_a_server_may_stop_is_told(asked: &Asked) {
    let may = asked.alone(&["ok-to-stop", "g2"]);
    assert_eq!(may.status.code(), Some(0), "{}{}", text(&may.stdout), text(&may.stderr));
    let may = asked.alone(&["ok-to-stop", "g2", "--output", "json"]);
    let answer: serde_json::Value = serde_json::from_slice(&may.stdout).unwrap();
    assert_eq!(answer, serde_json::json!({ "host": "g2", "ok_to_stop": "yes", "findings": [] }));
    let nobody = asked.alone(&["ok-to-stop", "g9"]);
    assert_eq!(nobody.status.code(), Some(2), "{}", text(&nobody.stderr));

    let verified = asked.alone(&["verify", "--to", "10.3"]);
    assert_eq!(verified.status.code(), Some(0), "{}{}", text(&verified.stdout), text(&verified.stderr));
    let ahead = asked.alone(&["verify", "--to", "11.1"]);
    assert_eq!(ahead.status.code(), Some(10), "{}", text(&ahead.stdout));
}

/// By the schema that the program prints, which a test of its own compares with the published one.
fn inspect_prints_what_its_schema_says(asked: &Asked) {
    let schema = Command::new(Program::Executor.path()).args(["inspect", "--schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    let judge = jsonschema::validator_for(&schema).unwrap();
    let printed = Command::new(Program::Executor.path())
        .args(["inspect", "--to", "11.1", "--output", "json", "--inventory"])
        .arg(&asked.inventory)
        .output()
        .unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    let errors: Vec<String> =
        judge.iter_errors(&printed).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    let release = &printed["pool"]["hosts"]["g1"]["release"]["known"];
    assert_eq!(release, "10.3", "it is this pool that was seen");
}

fn without_an_answer_nothing_is_touched(asked: &Asked) {
    let run = asked.alone(&["run", "--to", "11.1"]);
    assert_eq!(run.status.code(), Some(2), "{}", text(&run.stderr));
    let said = text(&run.stderr);
    assert!(said.contains("turn 3 of 3: g3") && said.contains("--yes"), "{said}");
    assert!(!asked.state.exists(), "no journal was begun");
}

fn another_answer_than_yes_touches_nothing(asked: &Asked) {
    let run = asked.at_a_terminal("y\n");
    let said = text(&run.stdout);
    assert!(said.contains("Type yes") && said.contains("Nothing was touched"), "{said}");
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(!asked.state.exists(), "no journal was begun");
}

/// While somebody holds the pool's lock, as a run does for as long as it lives, no other one acts.
fn a_second_run_is_refused(asked: &Asked) {
    let lock = hold_the_lock(asked);
    let run = asked.alone(&["run", "--to", "11.1", "--yes"]);
    assert_eq!(run.status.code(), Some(13), "{}", text(&run.stderr));
    assert!(text(&run.stderr).contains("another run of this pool is alive"), "{}", text(&run.stderr));
    drop(lock);
}

/// Takes the lock that a run of this pool would take.
fn hold_the_lock(asked: &Asked) -> executor::journal::PoolLock {
    let identity = text(&asked.alone(&["status", "--output", "json"]).stdout);
    let status: serde_json::Value = serde_json::from_str(&identity).unwrap();
    let pool = status["identity"].as_str().unwrap();
    executor::journal::PoolLock::take(Path::new(&asked.state), pool).unwrap()
}

/// A server without a volume, whose upgrade is over within seconds.
fn one_server(image: String) -> PoolSpec {
    PoolSpec {
        image,
        init: Init::Bare,
        servers: vec![NodeSpec { name: "g1".to_owned(), release: "9.2".to_owned() }],
        volumes: Vec::new(),
        clients: Vec::new(),
    }
}

const CLAIM: &str = "/var/lib/gluster-upgrade/claim.json";

#[test]
#[ignore = "minutes: `make regression`"]
fn a_claimed_pool_is_refused_and_a_run_that_is_finished_has_none() {
    on_a_pool("claimed", one_server, |pool| {
        let asked = Asked::on(pool);
        let claim = r#"{"format":1,"by":"bob@ops2","run":"r","journal":"/j","to":"10.3",
            "since":"2025-11-23T09:00:00.5Z","version":"0"}"#;
        sh(pool, &format!("mkdir -p /var/lib/gluster-upgrade; echo '{claim}' >{CLAIM}"));

        let run = asked.alone(&["run", "--to", "10.3", "--yes"]);
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(10), "{said}");
        assert!(
            said.contains("UPGRADE_CLAIMED g1: claimed by bob@ops2 since 2025-11-23T09:00:00Z"),
            "{said}"
        );
        assert!(text(&asked.alone(&["status"]).stdout).contains("g1: claimed by bob@ops2"));
        assert!(sh(pool, &format!("cat {CLAIM}")).contains("bob@ops2"), "it was left alone");

        sh(pool, &format!("echo garbled >{CLAIM}"));
        let waived = ["run", "--to", "10.3", "--yes", "--waive", "UPGRADE_CLAIMED:g1"];
        let run = asked.alone(&waived);
        let said = text(&run.stderr);
        assert!(run.status.code() == Some(10) && said.contains("UPGRADE_CLAIMED g1: unknown: "), "{said}");
        assert_eq!(sh(pool, &format!("cat {CLAIM}")), "garbled\n");

        sh(pool, &format!("echo '{claim}' >{CLAIM}"));
        let run = asked.alone(&waived);
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
        assert_eq!(sh(pool, "ls -A /var/lib/gluster-upgrade"), "", "nothing is left");
        a_run_that_died_at_its_very_end_is_mentioned(&asked, pool);
    });
}

/// All is done, and the run does not know it: it was killed before it could take its claims away.
fn a_run_that_died_at_its_very_end_is_mentioned(asked: &Asked, pool: &Pool) {
    let runs = std::fs::read_dir(Path::new(&asked.state).join("runs")).unwrap();
    let journal = runs.map(|run| run.unwrap().path().join("journal.jsonl")).max().unwrap();
    let records = std::fs::read_to_string(&journal).unwrap();
    let end = records.lines().position(|line| line.contains("run_finished")).unwrap();
    let lines = records.split_inclusive('\n').take(end);
    std::fs::write(&journal, lines.collect::<String>()).unwrap();
    let claims_by = |by: &str, at: &str| {
        let claim = own_claim(&journal, by, at);
        sh(pool, &format!("mkdir -p /var/lib/gluster-upgrade; echo '{claim}' >{CLAIM}"));
    };
    let here = journal.display().to_string();
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let ours = format!("{OPERATOR}@{}", machine.trim());
    claims_by(&ours, "/elsewhere/journal.jsonl");
    let copy = asked.alone(&["resume", "--yes"]);
    let said = text(&copy.stderr);
    assert!(copy.status.code() == Some(2) && said.contains("journal there: /elsewhere/"), "{said}");
    assert!(said.contains("add --take-over") && sh(pool, &format!("cat {CLAIM}")).contains("/elsewhere/"));

    let notes = ["an earlier run did not end, though nothing is left to do", "still claims g1"];
    let again = |more: &[&str]| text(&asked.alone(&[&["run", "--to", "10.3"], more].concat()).stderr);
    claims_by("alice@ops1", &here);
    let refused = asked.alone(&["run", "--to", "10.3", "--yes"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(10), "a copy on another machine has it: {said}");
    assert!(said.contains("UPGRADE_CLAIMED g1: claimed by alice@ops1"), "{said}");
    let resumed = asked.alone(&["resume", "--yes", "--take-over"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", text(&resumed.stderr));
    assert_eq!(sh(pool, "ls -A /var/lib/gluster-upgrade"), "", "the claim was taken over, and away");

    // Once more as it was killed, and with its own claim.
    let lines = records.split_inclusive('\n').take(end);
    std::fs::write(&journal, lines.collect::<String>()).unwrap();
    claims_by(&ours, &here);
    let said = again(&[]);
    assert!(said.contains("Nothing to do") && notes.iter().all(|note| said.contains(note)), "{said}");
    let resumed = asked.alone(&["resume", "--yes"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", text(&resumed.stderr));
    assert_eq!(sh(pool, "ls -A /var/lib/gluster-upgrade"), "", "it has taken its claim away");
    let said = again(&[]);
    assert!(said.contains("Nothing to do") && !notes.iter().any(|note| said.contains(note)), "{said}");

    // Where resuming would halt for ever, the same command with --yes ends it; not one that asks for less.
    let lines = records.split_inclusive('\n').take(end);
    std::fs::write(&journal, lines.collect::<String>()).unwrap();
    claims_by(&ours, &here);
    let less = again(&["--clients-at-once", "3", "--yes"]);
    assert!(less.contains("Nothing to do") && notes.iter().all(|note| less.contains(note)), "{less}");
    let said = again(&["--yes"]);
    assert!(said.contains("Nothing to do") && said.contains("it ends here"), "{said}");
    assert_eq!(sh(pool, "ls -A /var/lib/gluster-upgrade"), "", "its claim is away");
    let said = again(&["--yes"]);
    assert!(!notes.iter().any(|note| said.contains(note)) && !said.contains("it ends here"), "{said}");
}

/// The claim that somebody has who works on the run of a journal at this place: by its name and the time of its first record.
fn own_claim(journal: &Path, by: &str, at: &str) -> String {
    let first = executor::journal::read(journal).unwrap().remove(0);
    let run = journal.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let id = executor::core::claim::RunId { run, since: first.at };
    let to = "10.3".parse().unwrap();
    let (user, machine) = by.split_once('@').unwrap();
    let keeper = executor::core::claim::Keeper { id, machine: machine.to_owned(), journal: at.to_owned() };
    let claim = executor::core::claim::Claim::new(keeper, user, to, "0".to_owned());
    serde_json::to_string(&claim).unwrap()
}

/// Runs a script on the server; it must succeed.
fn sh(pool: &Pool, script: &str) -> String {
    let argv = ["sh", "-euc", script];
    let run = pool.engine().exec_ok(&pool.servers()[0].container, &argv);
    Handle::current().block_on(run).unwrap().stdout
}
