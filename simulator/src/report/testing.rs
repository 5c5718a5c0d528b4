//! Reports and a whole recorded run for tests, made of the real types.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use executor::core::event::{Event, FORMAT, GateKind, How, Record};
use executor::core::finding::{Code, Finding, Subject};
use executor::core::plan::Plan;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::kept::{FAULTS, Samples, Strike};
use super::{Counts, HostVersions, Report};
use crate::oracle::during::{Sample, Seen};
use crate::oracle::{Assertion, Judgement, Tally, Verdict};
use crate::scenario::Deed;
use crate::workload::Line;

/// What nobody should be able to do to a reader.
pub(super) const HOSTILE: &str = "</title></style></svg><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' \
     &lt; ]]> --> {{x}} \u{1b}[2J\u{0}\u{7}\u{9b}31m\u{202e}gnp\u{feff}\u{ffff}";

/// The folder of the recorded run that is kept with the tests.
pub(super) fn recorded_run() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs/20260102T030405Z-online-replicated")
}

/// When the run began.
fn began() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// A moment of the run: so many seconds from its begin.
fn at(seconds: f64) -> Timestamp {
    began() + SignedDuration::from_millis((seconds * 1000.0) as i64)
}

fn assertion(phase: &str, name: &str, subject: &str, verdict: Verdict, sides: [&str; 2]) -> Assertion {
    let [phase, name, subject, expected, found] =
        [phase, name, subject, sides[0], sides[1]].map(str::to_owned);
    Assertion { phase, name, subject, verdict, expected, found }
}

/// A report of a run that failed.
pub(super) fn report() -> Report {
    let after = "after the upgrade";
    let assertions = vec![
        assertion(
            "faults",
            "the fault strikes",
            "while start_gluster on g2 waits for HEAL_PENDING",
            Verdict::Pass,
            ["PowerOff { host: \"g3\" }", "it has no power"],
        ),
        assertion(
            "during",
            "no write failed",
            "workload",
            Verdict::Pass,
            ["at most 1", "1: fsync of d01/f000045"],
        ),
        assertion(after, "op-version", "g1", Verdict::Pass, ["110000", "110000"]),
        assertion(after, "op-version", "g2", Verdict::Fail, ["110000", "100000"]),
        assertion(after, "peers", "g3", Verdict::Unknown, ["g1, g2", "g3 not reached"]),
    ];
    let judgement = Judgement { assertions, tally: Tally::default() };
    let host = |host: &str, before: &str, after: Result<&str, &str>| HostVersions {
        host: host.to_owned(),
        before: Ok(before.to_owned()),
        after: after.map(str::to_owned).map_err(str::to_owned),
    };
    Report {
        format: super::FORMAT,
        verdict: judgement.verdict(),
        scenario: "online-replicated".into(),
        description: "Three servers, upgraded one after the other while a client writes.".into(),
        seed: Some(7),
        started: began(),
        duration: Duration::from_millis(81_240),
        executor: "0, upgraded".into(),
        versions: vec![
            host("g1", "10.3", Ok("11.1")),
            host("g2", "10.3", Ok("11.1")),
            host("g3", "11.1", Err("no route")),
        ],
        longest_stall: Some(Duration::from_millis(4200)),
        counts: Counts { acknowledged: 58, lost: 0, too_many_out: 0, faults: 1 },
        judgement,
        notes: vec!["after the last restart glusterd was started once more on g1".into()],
        artifacts: "runs/20260102T030405Z-online-replicated".into(),
        repeat: "simulator run scenarios/online-replicated.toml --seed 7".into(),
    }
}

/// The same with every text from outside a hostile one.
pub(super) fn hostile() -> Report {
    let mut report = report();
    let spoil = |text: &mut String| text.push_str(HOSTILE);
    for assertion in &mut report.judgement.assertions {
        let Assertion { phase, name, subject, verdict: _, expected, found } = assertion;
        [phase, name, subject, expected, found].into_iter().for_each(spoil);
    }
    for HostVersions { host, before, after } in &mut report.versions {
        spoil(host);
        [before, after].into_iter().for_each(|release| release.as_mut().map_or_else(spoil, spoil));
    }
    report.notes.iter_mut().for_each(spoil);
    let Report { scenario, description, executor, repeat, .. } = &mut report;
    [scenario, description, executor, repeat].into_iter().for_each(spoil);
    report
}

/// Writes the files of a whole run, with this text put behind each that comes from outside.
pub(super) fn write_run(folder: &Path, report: &Report, tail: &str) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("report.json", &(serde_json::to_string_pretty(report).unwrap() + "\n"));
    write("executor.events.jsonl", &lines(&events(tail)));
    write("workload.jsonl", &lines(&workload(tail)));
    write("samples.json", &serde_json::to_string(&samples()).unwrap());
    write(FAULTS, &lines(&strikes(tail)));
    for log in ["executor.log", "hosts/g1/state.txt", "hosts/g1/log/glusterfs/glusterd.log"] {
        write(log, &format!("{log}\n"));
    }
}

fn lines<T: Serialize>(values: &[T]) -> String {
    values.iter().map(|value| serde_json::to_string(value).unwrap() + "\n").collect()
}

/// A plan that fetches, takes g1 and g2 in turn, and raises the op-version.
fn plan() -> Plan {
    let gate = json!({ "checks": [], "patience_seconds": 120, "settle": 1 });
    let step = |id: u32, action: serde_json::Value| json!({ "id": id, "action": action, "enter": gate, "reenter": gate, "leave": gate });
    let on = |name: &str, host: &str| json!({ name: { "host": host } });
    let package =
        |name: &str, host: &str| json!({ name: { "host": host, "release": "11.1", "version": "11.1-6" } });
    let turn = |first: u32, host: &str| {
        let steps = [
            step(first, on("stop_gluster", host)),
            step(first + 1, package("install", host)),
            step(first + 2, on("start_gluster", host)),
        ];
        json!({ "kind": { "turn": host }, "steps": steps })
    };
    let fetches = [step(1, package("fetch", "g1")), step(2, package("fetch", "g2"))];
    let finish = [step(9, json!({ "raise_op_version": { "via": "g1", "to": 110_000 } }))];
    let stages = [
        json!({ "kind": "packages", "steps": fetches }),
        turn(3, "g1"),
        turn(6, "g2"),
        json!({ "kind": "finish", "steps": finish }),
    ];
    let baseline = json!({
        "op_version": 100_000, "clients": {}, "configuration": { "volumes": {}, "peers": [] },
    });
    serde_json::from_value(json!({
        "to": "11.1", "op_version_now": 100_000, "op_version_then": 110_000, "servers": [], "stages": stages,
        "answered": [], "waived": [], "waivers": [], "baseline": baseline, "left_to_do": [],
    }))
    .unwrap()
}

/// The events of a run of that plan: g2's heal waits while g3 has no power, and the last step finds its effect there.
pub(super) fn events(tail: &str) -> Vec<Record> {
    let mut events =
        vec![(12.0, Event::RunStarted { version: "0.1.0".into(), pool: "p".into(), plan: Box::new(plan()) })];
    let mut step = |step: u32, enter: f64, acted: f64, to: f64, wait: Option<(f64, Finding)>| {
        events.push((enter, Event::GatePassed { step, gate: GateKind::Enter }));
        events.push((enter, Event::StepStarted { step }));
        events.push((acted, Event::StepActed { step, said: format!("done{tail}") }));
        if let Some((at, finding)) = wait {
            let (gate, findings) = (GateKind::Leave, vec![finding]);
            events.push((at, Event::GateWaiting { step, gate, findings, patience_seconds: 600 }));
        }
        events.push((to, Event::GatePassed { step, gate: GateKind::Leave }));
        events.push((to, Event::StepFinished { step, how: How::Acted }));
    };
    let pending = Finding::seen(
        Code::HealPending,
        Subject::Volume("vol0".parse().unwrap()),
        format!("7 entries{tail}"),
    );
    step(1, 12.1, 12.4, 12.5, None);
    step(2, 12.6, 12.9, 13.0, None);
    step(3, 17.0, 17.3, 17.5, None);
    step(4, 17.6, 22.0, 22.2, None);
    step(5, 22.3, 24.0, 30.0, None);
    step(6, 33.0, 33.3, 33.5, None);
    step(7, 33.6, 38.1, 38.3, None);
    step(8, 38.4, 40.2, 62.0, Some((41.0, pending)));
    events.push((62.5, Event::StepFinished { step: 9, how: How::AlreadySo }));
    events.push((62.6, Event::RunFinished));
    let record = |(number, (seconds, event)): (usize, (f64, Event))| Record {
        format: FORMAT,
        sequence: number as u64 + 1,
        at: at(seconds),
        event,
    };
    events.into_iter().enumerate().map(record).collect()
}

/// An operation a second, of which one stalls for 4.2 s and one fails.
fn workload(tail: &str) -> Vec<Line> {
    let seconds = |from: f64| at(from).as_millisecond() as f64 / 1000.0;
    let mut lines = vec![Line::Start { t: seconds(8.0), seed: 7 }];
    let (mut from, mut n, mut errors) = (9.0, 0, 0);
    while from < 75.0 {
        n += 1;
        let intent = json!({
            "kind": "intent", "n": n, "t": seconds(from), "op": "create", "path": format!("d01/f{n:06}{tail}"),
            "to": null, "size": 4096, "sha256": "00",
        });
        lines.push(serde_json::from_value(intent).unwrap());
        let ms = match n {
            38 => 4200.0,
            45 => 310.0,
            n => 6.0 + (n % 7) as f64,
        };
        let t = seconds(from + ms / 1000.0);
        lines.push(match n {
            45 => {
                errors += 1;
                let (step, error) = (format!("fsync{tail}"), format!("ENOTCONN{tail}"));
                Line::Error { n, t, ms, step, errno: 107, error }
            }
            n => Line::Ack { n, t, ms },
        });
        from += (ms / 1000.0).max(1.0);
    }
    lines.push(Line::Done { t: seconds(75.0), operations: n, acks: n - errors, errors });
    lines
}

/// A look every two seconds; each server has one brick.
fn samples() -> Samples {
    let brick = BTreeSet::from(["/bricks/vol0".to_owned()]);
    let seen = |out: std::ops::Range<u64>, second: u64, otherwise: Seen| {
        let serving = |bricks| Seen::Serving { bricks, age: Duration::from_millis(300) };
        if out.contains(&second) { otherwise } else { serving(brick.clone()) }
    };
    let none = || Seen::Serving { bricks: BTreeSet::new(), age: Duration::ZERO };
    let sample = |second: u64| {
        let servers = [
            ("g1", seen(17..25, second, none())),
            ("g2", seen(33..41, second, none())),
            (
                "g3",
                seen(
                    45..53,
                    second,
                    if second < 47 { Seen::Unreadable("silent".into()) } else { Seen::KnownDown },
                ),
            ),
        ];
        let servers: BTreeMap<String, Seen> =
            servers.into_iter().map(|(server, seen)| (server.to_owned(), seen)).collect();
        Sample { at: Duration::from_secs(second - 11), servers }
    };
    Samples { begin: at(11.0), samples: (11..=65).step_by(2).map(sample).collect() }
}

fn strikes(tail: &str) -> Vec<Strike> {
    let strike = |began: f64, done: f64, deed: Deed, found: &str| Strike {
        phase: "faults".into(),
        cue: format!("while start_gluster on g2 waits for HEAL_PENDING{tail}"),
        deed,
        began: at(began),
        done: at(done),
        verdict: Verdict::Pass,
        found: format!("{found}{tail}"),
    };
    vec![
        strike(44.5, 45.3, Deed::PowerOff { host: format!("g3{tail}") }, "it has no power"),
        strike(49.0, 52.8, Deed::PowerOn { host: format!("g3{tail}") }, "it is back"),
    ]
}

#[test]
fn the_recorded_run_is_what_todays_types_write() {
    let folder = tempfile::tempdir().unwrap();
    // Accepted like a golden text, to be read in the diff.
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        write_run(&recorded_run(), &report(), "");
        return;
    }
    write_run(folder.path(), &report(), "");
    for file in super::Recorded::read(&recorded_run()).unwrap().files {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(&file)).unwrap();
        assert!(
            read(folder.path()) == read(&recorded_run()),
            "{} differs; INSTA_UPDATE=always writes it anew; read the difference",
            file.display()
        );
    }
}
