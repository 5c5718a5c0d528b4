//! A pool with an entry on its heal list that nobody can heal: refused, and upgraded all the same once it is said in
//! the open that the entry is known. And its servers are claimed by the run that goes on.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use acceptance::asked::{Asked, text};
use acceptance::pool::{on_a_pool, with_arbiter};
use serde_json::Value;
use simulator::pool::Pool;
use tokio::runtime::Handle;

const GFID: &str = "aaaaaaaa-1111-4222-8333-444444444444";

/// An entry without a name that only the arbiter has, which accuses both copies with data: no heal finds a path to it,
/// and none finds it anywhere else.
const STALE: &str = "
cd /bricks/vol0/1/.glusterfs
file=aa/aa/aaaaaaaa-1111-4222-8333-444444444444
mkdir -p aa/aa
: >$file
setfattr -n trusted.gfid -v 0xaaaaaaaa111142228333444444444444 $file
setfattr -n trusted.afr.vol0-client-0 -v 0x000000010000000000000000 $file
setfattr -n trusted.afr.vol0-client-1 -v 0x000000010000000000000000 $file
ln indices/dirty/dirty-* indices/xattrop/${file##*/}
";

const WAIVED: &[&str] = &["--to", "10.3", "--clients-at-once", "0", "--waive", "HEAL_STALE:vol0"];

/// How long a turn may take.
const TURN: Duration = Duration::from_secs(300);

#[test]
#[ignore = "minutes: `make regression`"]
fn an_entry_that_never_goes_is_refused_until_it_is_known() {
    on_a_pool("stale", with_arbiter, |pool| {
        let asked = Asked::on(pool);
        sh(pool, "c1", "echo data >/mnt/vol0/file; sync");
        // A pool that could be upgraded, were it not for what follows.
        let first = plan(&asked, &["--to", "10.3", "--clients-at-once", "0"]);
        assert!(first["plan"].is_object(), "{first:#}");
        sh(pool, "g3", STALE);

        let refused = plan(&asked, &["--to", "10.3", "--clients-at-once", "0"]);
        assert_eq!(codes(&refused), ["HEAL_PENDING"], "{refused:#}");

        let planned = plan(&asked, WAIVED);
        let known = &planned["plan"]["baseline"]["known_entries"]["vol0"];
        let name = format!("<gfid:{GFID}>");
        assert_eq!(*known, serde_json::json!({ "g3:/bricks/vol0/1": { GFID: name } }), "{planned:#}");
        assert_eq!(planned["plan"]["waived"][0]["code"], "HEAL_STALE");

        // The same on a brick with data: its copy might be the good one.
        sh(pool, "g2", STALE);
        sh(pool, "g3", &format!("rm /bricks/vol0/1/.glusterfs/indices/xattrop/{GFID}"));
        let refused = plan(&asked, WAIVED);
        assert_eq!(codes(&refused), ["HEAL_PENDING"], "{refused:#}");
        assert!(refused.to_string().contains("only the one on g2"), "{refused:#}");
        sh(pool, "g2", &format!("rm /bricks/vol0/1/.glusterfs/indices/xattrop/{GFID}"));
        sh(pool, "g3", "cd /bricks/vol0/1/.glusterfs; rm aa/aa/aaaaaaaa-*");
        sh(pool, "g3", STALE);

        // What is shown of a run is a turn with all its gates; the other two are alike.
        first_turn(&asked, &planned["plan"]);
        stays_claimed(pool, &asked);
        let listed = sh(pool, "g1", "gluster volume heal vol0 info");
        assert!(listed.contains(GFID), "it was there to the end:\n{listed}");
    });
}

/// Runs until the first server is out, and closes the terminal then: the run brings the server back first, and stops
/// before the next one's turn.
fn first_turn(asked: &Asked, plan: &Value) {
    let turn_of = |host: &str| {
        let turn =
            plan["stages"].as_array().unwrap().iter().find(|stage| stage["kind"]["turn"] == host).unwrap();
        turn["steps"].as_array().unwrap().iter().map(|step| step["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let (first, second) = (turn_of("g1"), turn_of("g2"));
    let event = |kind: &str, step: u64| format!("\"kind\":\"{kind}\",\"step\":{step}");
    let out = event("step_started", first[0]);

    let events = asked.inventory.with_file_name("events");
    let seen = || std::fs::read_to_string(&events).unwrap_or_default();
    let asking = asked.command(&[&["run", "--yes"], WAIVED].concat());
    // Whatever runs these tests may have SIGHUP ignored, and its children inherit that.
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP").arg(asking.get_program()).args(asking.get_args());
    command.arg("--events").arg(&events).stdin(Stdio::null()).stderr(Stdio::piped());
    let (begun, mut run) = (Instant::now(), command.spawn().unwrap());
    let wait_until = |what: &str, run: &mut Child, so: &dyn Fn(&mut Child) -> bool| {
        while !so(run) {
            assert!(begun.elapsed() < TURN, "{what} takes too long:\n{}", seen());
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    wait_until("the way to the first server", &mut run, &|run| {
        assert!(run.try_wait().unwrap().is_none(), "it ended:\n{}", seen());
        seen().contains(&out)
    });
    drop(run.stderr.take());
    assert!(Command::new("kill").args(["-s", "HUP", &run.id().to_string()]).status().unwrap().success());
    wait_until("its turn", &mut run, &|run| run.try_wait().unwrap().is_some());
    let code = run.wait().unwrap().code();
    eprintln!("stale: a turn within {:.1} s", begun.elapsed().as_secs_f64());

    let seen = seen();
    assert_eq!(code, Some(11), "{seen}");
    assert!(
        seen.contains(&event("step_finished", *first.last().unwrap())),
        "the turn is not finished:\n{seen}"
    );
    assert!(seen.contains(&event("paused", second[0])), "it did not pause:\n{seen}");
    assert!(!seen.contains(&event("step_started", second[0])), "the next turn was begun:\n{seen}");
    let status = text(&asked.alone(&["status"]).stdout);
    assert!(status.contains("is PAUSED") && status.contains("next: executor resume"), "{status}");
}

/// A run that did not end holds its servers, for the operator whose it is.
fn stays_claimed(pool: &Pool, asked: &Asked) {
    for server in pool.servers() {
        let claim = sh(
            pool,
            &server.name,
            "cd /var/lib/gluster-upgrade; stat -c '%a %U' . claim.json; cat claim.json",
        );
        assert!(
            claim.starts_with("700 root\n600 root\n{") && claim.contains("-10.3/journal.jsonl"),
            "{claim}"
        );
    }
    let other = plan(&asked.by_another(), WAIVED);
    assert_eq!(codes(&other), ["UPGRADE_CLAIMED"], "{other:#}");
    let own = plan(asked, WAIVED);
    assert!(own["plan"].is_object(), "{own:#}");
}

/// Returns what `plan` says, for a script.
fn plan(asked: &Asked, arguments: &[&str]) -> Value {
    let output = asked.alone(&[&["plan", "--output", "json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

fn codes(planned: &Value) -> Vec<&str> {
    let findings = planned["refusal"]["findings"].as_array().unwrap();
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    codes.dedup();
    codes
}

/// Runs a script on a node; it must succeed.
fn sh(pool: &Pool, name: &str, script: &str) -> String {
    let argv = ["sh", "-euc", script];
    let run = pool.engine().exec_ok(&pool.node(name).unwrap().container, &argv);
    Handle::current().block_on(run).unwrap_or_else(|error| panic!("on {name}: {error:?}\n{script}")).stdout
}
