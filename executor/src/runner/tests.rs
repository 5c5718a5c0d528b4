//! The loop, against hosts that only know which processes run. Time is paused: waiting costs nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use async_trait::async_trait;
use rstest::rstest;

use super::*;
use crate::core::baseline::Baseline;
use crate::core::check::Check;
use crate::core::claim::{Claim, Keeper, RunId};
use crate::core::command::{Command, Effect, Output};
use crate::core::names::{HostName, OpVersion};
use crate::core::plan::{Action, Stage, StageKind};
use crate::core::resume;
use crate::core::sample;
use crate::journal;
use crate::service;
use crate::transport::{TransportError, Unreachable};

/// What the hosts do.
#[derive(Default)]
struct Hosts {
    /// Whether Gluster runs.
    running: bool,
    /// How many looks a stop takes to show.
    stop_takes_looks: u32,
    /// What `stop` says instead of stopping.
    stop_fails: Option<&'static str>,
    /// Whether nobody answers any more from the first change on.
    gone_then: bool,
    /// Changes that were made.
    changes: u32,
    /// Looks that were taken.
    looks: u32,
    /// The claim on every server.
    claim: Option<Claim>,
    /// After how many looks somebody asks the run of this journal to pause.
    pause: Option<(u32, PathBuf)>,
}

struct FakeHosts(Mutex<Hosts>);

#[async_trait]
impl Transport for FakeHosts {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let mut hosts = self.0.lock().unwrap();
        let answer = |stdout: &str| Ok(Output { stdout: stdout.to_owned(), ..Output::default() });
        match command.effect {
            Effect::Reads if hosts.gone_then && hosts.changes > 0 => Err(TransportError::NotReached {
                host: host.clone(),
                cause: Unreachable::TimedOut,
                reason: "no route to it".to_owned(),
            }),
            Effect::Reads if command.argv.get(2) == service::read_claim("").argv.get(2) => {
                let text = hosts.claim.as_ref().map(|claim| serde_json::to_string(claim).unwrap());
                answer(&text.map_or("none\nend\n".to_owned(), |text| format!("claim\n{text}\nend\n")))
            }
            Effect::Reads => {
                hosts.looks += 1;
                if let Some((_, journal)) = hosts.pause.clone().filter(|(at, _)| *at == hosts.looks) {
                    journal::ask_to_pause(&journal).unwrap();
                }
                if hosts.changes > 0 && hosts.stop_takes_looks > 0 {
                    hosts.stop_takes_looks -= 1;
                } else if hosts.changes > 0 {
                    hosts.running = false;
                }
                answer(if hosts.running { "glusterd 7\nend\n" } else { "end\n" })
            }
            Effect::Changes => {
                hosts.changes += 1;
                match hosts.stop_fails {
                    Some(reason) => {
                        Err(TransportError::Lost { host: host.clone(), reason: reason.to_owned() })
                    }
                    None => answer("started\n"),
                }
            }
        }
    }
}

/// A plan of one step: stop gluster on g1, which is left once nothing runs there.
fn stop_plan() -> Plan {
    let host = sample::host(1);
    let open = Gate { checks: vec![Check::Reached], patience_seconds: 5, settle: 1 };
    let down =
        Gate { checks: vec![Check::GlusterDown { host: host.clone() }], patience_seconds: 60, settle: 2 };
    let step = Step {
        id: 1,
        action: Action::StopGluster { host: host.clone() },
        enter: open.clone(),
        reenter: open,
        leave: down,
    };
    Plan {
        to: "11.1".parse().unwrap(),
        direction: Default::default(),
        only: Default::default(),
        procedure: Default::default(),
        op_version_now: OpVersion(100_000),
        op_version_then: OpVersion(110_000),
        op_version_kept: false,
        servers: Vec::new(),
        clients: Vec::new(),
        clients_at_once: 1,
        transactions: Vec::new(),
        stages: vec![Stage { kind: StageKind::Turn(host), steps: vec![step] }],
        answered: Vec::new(),
        advice: Vec::new(),
        waived: Vec::new(),
        waivers: Vec::new(),
        baseline: Baseline {
            op_version: OpVersion(100_000),
            clients: BTreeMap::new(),
            configuration: Default::default(),
            known_entries: Default::default(),
            units: Default::default(),
        },
        left_to_do: Vec::new(),
    }
}

/// A runner that has noted nothing yet.
fn runner<'a>(
    transport: &'a FakeHosts,
    inventory: &'a Inventory,
    journal: Journal,
    listener: &'a mut dyn FnMut(&Record),
) -> Runner<'a> {
    Runner { transport, inventory, journal, listener, run: "run".into(), claim: None, noted: None }
}

/// Runs the plan on such hosts and returns how it ended, the hosts, and the journal's file.
async fn run_on(hosts: Hosts, folder: &tempfile::TempDir) -> (End, Hosts, PathBuf) {
    let transport = FakeHosts(Mutex::new(hosts));
    let mut inventory = sample::inventory(1);
    inventory.clients = BTreeMap::new();
    let plan = stop_plan();
    let mut journal = Journal::create(folder.path(), plan.to, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let path = journal.path().to_owned();
    let started = Event::RunStarted { version: "0".into(), pool: "p".into(), plan: Box::new(plan) };
    journal.append(started).unwrap();
    let progress = resume::progress(&journal::read(&path).unwrap()).unwrap();
    let mut listener = |_: &Record| {};
    let mut runner = runner(&transport, &inventory, journal, &mut listener);
    let end = runner.run(&progress).await.unwrap();
    (end, transport.0.into_inner().unwrap(), path)
}

fn kinds(path: &std::path::Path) -> Vec<String> {
    let kind =
        |record: &Record| serde_json::to_value(&record.event).unwrap()["kind"].as_str().unwrap().to_owned();
    journal::read(path).unwrap().iter().map(kind).collect()
}

#[tokio::test(start_paused = true)]
async fn a_step_is_in_the_journal_before_the_host_is_touched_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let (end, hosts, path) = run_on(Hosts { running: true, ..Hosts::default() }, &folder).await;
    assert_eq!((end, hosts.changes), (End::Finished, 1));
    let expected = [
        "run_started",
        "gate_passed",
        "noted",
        "step_started",
        "step_acted",
        "gate_passed",
        "step_finished",
        "run_finished",
    ];
    assert_eq!(kinds(&path), expected);
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_effect_is_there_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (end, hosts, path) = run_on(Hosts::default(), &folder).await;
    assert_eq!((end, hosts.changes), (End::Finished, 0));
    assert!(!kinds(&path).contains(&"step_started".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_gate_waits_within_its_patience() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = Hosts { running: true, stop_takes_looks: 10, ..Hosts::default() };
    let (end, _, path) = run_on(hosts, &folder).await;
    assert_eq!(end, End::Finished);
    assert!(kinds(&path).contains(&"gate_waiting".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_does_not_open_halts_and_the_step_stays_in_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = Hosts { running: true, stop_takes_looks: u32::MAX, ..Hosts::default() };
    let (end, hosts, path) = run_on(hosts, &folder).await;
    let End::Halted { step, gate, findings, waited_seconds } = end else { panic!("{end:?}") };
    assert_eq!((step, gate, hosts.changes), (1, GateKind::Leave, 1));
    assert_eq!(findings[0].code.as_str(), "STILL_RUNNING");
    assert!((60..=62).contains(&waited_seconds), "{waited_seconds}");
    let progress = resume::progress(&journal::read(&path).unwrap()).unwrap();
    assert_eq!(progress.in_doubt, Some(1));
    assert!(matches!(progress.stopped, Some(Event::Halted { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_action_that_may_have_happened_fails_the_run_and_stays_in_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = Hosts { running: true, stop_fails: Some("broken pipe"), ..Hosts::default() };
    let (end, hosts, path) = run_on(hosts, &folder).await;
    assert!(matches!(&end, End::Failed { step: 1, error } if error.contains("broken pipe")), "{end:?}");
    assert_eq!(hosts.changes, 1, "it is not tried again blindly");
    assert_eq!(resume::progress(&journal::read(&path).unwrap()).unwrap().in_doubt, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_tells_which_hosts_are_away_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = Hosts { running: true, stop_fails: Some("broken pipe"), gone_then: true, ..Hosts::default() };
    let (end, _, _) = run_on(hosts, &folder).await;
    let End::Failed { error, .. } = end else { panic!("{end:?}") };
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("broken pipe"), "{error}");
    assert!(lines[1].starts_with("besides, HOST_UNREACHABLE g1: "), "{error}");
}

/// Two processes with copies of one journal: whoever was taken up last acts, the other one sees it before its next act.
#[rstest]
#[case::still_ours("alice@ops1", 1)]
#[case::taken_over("bob@ops2", 0)]
#[tokio::test(start_paused = true)]
async fn a_run_whose_servers_were_taken_over_touches_nothing_more(#[case] by: &str, #[case] changes: u32) {
    let claim = |by: &str| {
        let id = RunId { run: "run".into(), since: jiff::Timestamp::UNIX_EPOCH };
        let (user, machine) = by.split_once('@').unwrap();
        let keeper = Keeper { id, machine: machine.into(), journal: "/j".into() };
        Claim::new(keeper, user, "11.1".parse().unwrap(), "0".into())
    };
    let folder = tempfile::tempdir().unwrap();
    let hosts = Hosts { running: true, claim: Some(claim(by)), ..Hosts::default() };
    let transport = FakeHosts(Mutex::new(hosts));
    let inventory = Inventory { clients: BTreeMap::new(), ..sample::inventory(1) };
    let mut journal = Journal::create(folder.path(), stop_plan().to, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let started = Event::RunStarted { version: "0".into(), pool: "p".into(), plan: Box::new(stop_plan()) };
    journal.append(started).unwrap();
    let progress = resume::progress(&journal::read(journal.path()).unwrap()).unwrap();
    let (mut listener, ours) = (|_: &Record| {}, claim("alice@ops1"));
    let mut runner = Runner { claim: Some(&ours), ..runner(&transport, &inventory, journal, &mut listener) };
    let end = runner.run(&progress).await.unwrap();
    assert_eq!(transport.0.lock().unwrap().changes, changes);
    match end {
        End::Finished => assert_eq!(changes, 1),
        End::Halted { step: 1, gate: GateKind::Enter, findings, .. } => {
            assert!(
                findings[0].to_string().contains("UPGRADE_CLAIMED g1: claimed by bob@ops2"),
                "{findings:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

/// Runs a plan of two turns, g1 and g2, asked to pause by the time that so many looks were taken.
async fn paused_at_look(looks: u32, progress: impl Fn(&mut Progress)) -> (End, Hosts, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let inventory = Inventory { clients: BTreeMap::new(), ..sample::inventory(2) };
    let mut plan = stop_plan();
    let mut second = plan.stages[0].clone();
    second.kind = StageKind::Turn(sample::host(2));
    second.steps[0].id = 3;
    let mut start = second.steps[0].clone();
    start.id = 2;
    start.action = Action::StartGluster { host: sample::host(1) };
    start.enter.checks.clear();
    start.leave.checks.clear();
    plan.stages[0].steps.push(start);
    plan.stages.push(second);
    let mut journal = Journal::create(folder.path(), plan.to, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let path = journal.path().to_owned();
    let started = Event::RunStarted { version: "0".into(), pool: "p".into(), plan: Box::new(plan) };
    journal.append(started).unwrap();
    let mut so_far = resume::progress(&journal::read(&path).unwrap()).unwrap();
    progress(&mut so_far);
    let hosts = Hosts { running: true, pause: Some((looks, path.clone())), ..Hosts::default() };
    let transport = FakeHosts(Mutex::new(hosts));
    if looks == 0 {
        journal::ask_to_pause(&path).unwrap();
    }
    let mut listener = |_: &Record| {};
    let mut runner = runner(&transport, &inventory, journal, &mut listener);
    let end = runner.run(&so_far).await.unwrap();
    (end, transport.0.into_inner().unwrap(), kinds(&path))
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_to_pause_before_a_turn_touches_nothing() {
    let (end, hosts, kinds) = paused_at_look(0, |_| {}).await;
    assert_eq!((end, hosts.changes), (End::Paused { step: 1 }, 0));
    assert_eq!(kinds, ["run_started", "paused"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_asked_to_pause_within_a_turn_finishes_it_first() {
    // At the third look g1 is being stopped: its effect, its enter gate, its leave gate.
    let (end, hosts, kinds) = paused_at_look(6, |_| {}).await;
    assert_eq!((end, hosts.changes), (End::Paused { step: 3 }, 2), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| *kind == "pause_asked").count(), 1, "said once: {kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| *kind == "step_finished").count(), 2);
    assert_eq!(kinds.last().map(String::as_str), Some("paused"));
}

#[tokio::test(start_paused = true)]
async fn a_step_in_doubt_is_settled_before_a_pause() {
    let (end, hosts, kinds) = paused_at_look(0, |progress| progress.in_doubt = Some(1)).await;
    assert_eq!((end, hosts.changes), (End::Paused { step: 3 }, 2), "{kinds:?}");
}

/// Asked while the pool is looked at, which takes minutes where servers do not answer.
#[tokio::test(start_paused = true)]
async fn a_wish_to_pause_is_not_slept_over_and_disturbs_no_rest_twice() {
    let folder = tempfile::tempdir().unwrap();
    let transport = FakeHosts(Mutex::new(Hosts::default()));
    let inventory = sample::inventory(1);
    let journal = Journal::create(folder.path(), stop_plan().to, jiff::Timestamp::UNIX_EPOCH).unwrap();
    journal::ask_to_pause(journal.path()).unwrap();
    let mut listener = |_: &Record| {};
    let mut runner = runner(&transport, &inventory, journal, &mut listener);
    let (long, begun) = (Duration::from_secs(15), Instant::now());
    runner.rest(long).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(runner.journal.pause(), journal::Pause::Asked { first: true });
    runner.rest(long).await;
    assert_eq!(begun.elapsed(), long);
}

#[tokio::test(start_paused = true)]
async fn settling_takes_several_looks_in_a_row() {
    let folder = tempfile::tempdir().unwrap();
    let (_, one_look, _) = run_on(Hosts { running: true, ..Hosts::default() }, &folder).await;
    // Effect, enter, the note of what runs, and two looks of the leave gate. A note takes two commands.
    assert_eq!(one_look.looks, 6);
}

#[test]
fn the_journal_that_cannot_be_written_stops_the_act() {
    let folder = tempfile::tempdir().unwrap();
    let plan = stop_plan();
    let journal = Journal::create(folder.path(), plan.to, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let full = journal.into_failing();
    let transport = FakeHosts(Mutex::new(Hosts { running: true, ..Hosts::default() }));
    let inventory = sample::inventory(1);
    let mut listener = |_: &Record| {};
    let mut runner = Runner {
        transport: &transport,
        inventory: &inventory,
        journal: full,
        listener: &mut listener,
        run: "run".into(),
        claim: None,
        noted: None,
    };
    let progress = Progress {
        pool: "p".into(),
        plan,
        finished: Default::default(),
        noted: None,
        in_doubt: None,
        stopped: None,
        complete: false,
        trail: Default::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let end = runtime.block_on(runner.run(&progress));
    assert!(matches!(end, Err(RunError::Journal(_))), "{end:?}");
    assert_eq!(transport.0.lock().unwrap().changes, 0, "no journal, no act");
}

#[rstest]
#[case::at_first(0, 1)]
#[case::in_the_first_minute(20, 1)]
#[case::after_a_minute(60, 3)]
#[case::after_hours(14_400, 15)]
fn the_longer_a_gate_is_waited_for_the_rarer_it_is_looked_at(#[case] waited: u64, #[case] seconds: u64) {
    assert_eq!(interval(Duration::from_secs(waited)), Duration::from_secs(seconds));
}

#[tokio::test(start_paused = true)]
async fn a_look_is_put_next_to_the_start_of_the_run_and_of_the_turn() {
    let (folder, plan, inventory) = (tempfile::tempdir().unwrap(), stop_plan(), sample::inventory(1));
    let transport = FakeHosts(Mutex::default());
    let journal = Journal::create(folder.path(), plan.to, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let mut listener = |_: &Record| {};
    let runner =
        Runner { noted: Some(Noted::default()), ..runner(&transport, &inventory, journal, &mut listener) };
    let before = runner.look(&plan, &Scope::of([]), None).await.before;
    assert_eq!((&before.start, &before.turn), (&Some(plan.baseline), &Some(Noted::default())));
}
