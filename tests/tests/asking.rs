//! What the executor asks before it acts, and that only one acts at a time: on a pool of real Gluster.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::Path;

use acceptance::asked::{Asked, text};
use acceptance::pool::{on_a_pool, three_replicas};

#[test]
fn it_shows_asks_and_acts_alone() {
    on_a_pool("asking", three_replicas, |pool| {
        let asked = Asked::on(pool);
        check_and_plan_touch_nothing(&asked);
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
