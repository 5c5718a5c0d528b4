//! Pools that are played with by hand, or kept: they outlive their process and `clean`, and go with `down`.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::collections::BTreeSet;
use std::process::Stdio;

use acceptance::asked::text;
use acceptance::engine::engine_leftovers;
use acceptance::play::{Play, command, simulator};

/// One server, whose volume is no replica: an upgrade is refused within seconds.
const SCENARIO: &str = r#"
about = "A pool to play with."

[pool]
family = "debian-bookworm"
release = "10.3"
servers = ["solo"]

[[volumes]]
name = "vol0"
kind = "distribute"

[[clients]]
name = "c1"
mounts = ["vol0"]

[workload]
client = "c1"
volume = "vol0"
operations_per_second = 15

[[orders]]
to = "11.1"
outcome = "upgraded"
"#;

/// Returns what `ps` says of the run.
fn listed(play: &Play) -> serde_json::Value {
    let listed: serde_json::Value =
        serde_json::from_slice(&simulator(&["ps", "--output", "json"]).stdout).unwrap();
    listed.as_array().unwrap().iter().find(|run| run["run"] == play.run.as_str()).cloned().unwrap_or_default()
}

/// Sees that `clean` leaves the pool alone, and `down` does not.
fn outlives_clean_and_goes_with_down(play: &Play) {
    assert_eq!(simulator(&["clean"]).status.code(), Some(0));
    let before = engine_leftovers(&play.run);
    assert_eq!(before.len(), 4, "two containers, a network and a volume outlive `clean`: {before:?}");
    let down = play.down();
    assert_eq!(text(&down.stdout).lines().count(), before.len());
    assert_eq!(engine_leftovers(&play.run), Vec::<String>::new());
}

/// Returns how `judge` ends, and the verdicts of its assertions.
fn judged(play: &Play, words: &[&str]) -> (Option<i32>, BTreeSet<String>) {
    let of_it = ["judge", "--run", &play.run, "--output", "json"];
    let said = simulator(&[&of_it, words].concat());
    let judgement: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap_or_default();
    let assertions = judgement["assertions"].as_array().into_iter().flatten();
    let verdicts = assertions.map(|assertion| assertion["verdict"].as_str().unwrap_or_default().to_owned());
    (said.status.code(), verdicts.collect())
}

#[test]
fn a_pool_that_was_brought_up_by_hand_is_played_with_until_it_is_taken_down() {
    let mut play = Play::of(SCENARIO);
    let inventory = play.up();
    let listed = listed(&play);
    assert_eq!((&listed["standing"], &listed["kept"]), (&"kept".into(), &"by-hand".into()), "{listed}");
    assert_eq!(listed["inventory"], inventory.trim());
    assert_eq!(listed["hosts"][0]["state"], "running");
    assert!(listed["age_seconds"].as_i64().unwrap() < 600, "{listed}");

    let of_it = ["--run", play.run.as_str()];
    let on_it = |words: &[&str], rest: &[&str]| simulator(&[words, &of_it, rest].concat());
    let said = on_it(&["exec", "solo"], &["--", "gluster", "volume", "info", "vol0"]);
    assert!(text(&said.stdout).contains("Status: Started"), "{}", text(&said.stderr));
    let said = on_it(&["exec", "solo"], &["--", "sh", "-c", "echo out; echo aside >&2; exit 7"]);
    assert_eq!((said.status.code(), text(&said.stdout).as_str()), (Some(7), "out\n"));
    assert!(text(&said.stderr).contains("aside"));
    for _ in 0..2 {
        let said = on_it(&["mount", "solo", "vol0"], &[]);
        assert_eq!(text(&said.stdout), "/mnt/vol0\n", "{}", text(&said.stderr));
    }
    let said =
        on_it(&["exec", "solo"], &["--", "sh", "-c", "echo here >/mnt/vol0/file && cat /bricks/vol0/1/file"]);
    assert_eq!(text(&said.stdout), "here\n", "{}", text(&said.stderr));
    let said = on_it(&["mount", "solo", "vol9"], &[]);
    assert_eq!(said.status.code(), Some(2), "{}", text(&said.stderr));
    let said = on_it(&["logs", "solo"], &[]);
    assert!(text(&said.stdout).contains("==> solo: glusterfs/glusterd.log <=="), "{}", text(&said.stdout));
    let refused = on_it(&["upgrade"], &["check", "--to", "11.1"]);
    assert_eq!(refused.status.code(), Some(10), "{}", text(&refused.stderr));
    assert!(text(&refused.stdout).contains("VOLUME_NOT_REPLICATED"), "{}", text(&refused.stdout));

    assert_eq!(judged(&play, &[]), (Some(0), BTreeSet::from(["pass".to_owned()])), "as it came up");
    let set = ["--", "gluster", "volume", "set", "vol0", "performance.cache-size", "64MB"];
    let said = on_it(&["exec", "solo"], &set);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    // Of all that is wrong by now, what is asked for; and that bricks are online is not.
    let asked = ["--at", "11.1", "--assertion", "options unchanged", "--assertion", "brick online"];
    let both = BTreeSet::from(["fail", "pass"].map(str::to_owned));
    assert_eq!(judged(&play, &asked), (Some(1), both));

    let mut shell = command(&[&["shell", "solo"], &of_it[..]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut shell.stdin.take().unwrap(), b"hostname\n").unwrap();
    assert_eq!(text(&shell.wait_with_output().unwrap().stdout), "solo\n");

    outlives_clean_and_goes_with_down(&play);
}

#[test]
fn a_pool_is_kept_when_its_scenario_did_not_pass() {
    let mut play = Play::of(SCENARIO);
    let (scenario, runs) = (play.scenario(), play.runs());
    let arguments =
        ["run", scenario.to_str().unwrap(), "--keep", "on-failure", "--runs", runs.to_str().unwrap()];
    let ran = simulator(&arguments);
    play.note(&ran);
    let said = text(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("simulator down {}", play.run)), "{said}");
    let listed = listed(&play);
    assert_eq!((&listed["standing"], &listed["kept"]), (&"kept".into(), &"on-failure".into()), "{listed}");
    let status = simulator(&["upgrade", "--run", &play.run, "status"]);
    assert_eq!(status.status.code(), Some(0), "{}{}", text(&status.stdout), text(&status.stderr));
    outlives_clean_and_goes_with_down(&play);
}

#[test]
fn a_pool_is_not_kept_when_its_scenario_passed_after_all() {
    let mut play = Play::of(SCENARIO);
    let refused = SCENARIO.replace(
        "outcome = \"upgraded\"",
        "outcome = \"refused\"\nfindings = [\"VOLUME_NOT_REPLICATED:vol0\"]",
    );
    std::fs::write(play.scenario(), refused).unwrap();
    let (scenario, runs) = (play.scenario(), play.runs());
    let arguments =
        ["run", scenario.to_str().unwrap(), "--keep", "on-failure", "--runs", runs.to_str().unwrap()];
    let ran = simulator(&arguments);
    play.note(&ran);
    assert_eq!(ran.status.code(), Some(0), "{}{}", text(&ran.stdout), text(&ran.stderr));
    assert_eq!(engine_leftovers(&play.run), Vec::<String>::new());
}
