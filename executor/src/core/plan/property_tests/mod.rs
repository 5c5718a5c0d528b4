//! Properties of plans, for pools that nobody wrote.
//!
//! A failure prints the pool in few words and the number that repeats it alone: `EXECUTOR_SEED=N cargo test -p executor
//! --lib any_pool`.

mod gates;
mod generate;
mod rules;
mod trouble;

use std::collections::BTreeMap;

use generate::{Case, Draw, Shape, VolumeShape};

use super::super::finding::{Code, Subject};
use super::super::pool::VolumeKind;
use super::*;

/// How many pools the ordinary test run draws.
const POOLS: u64 = 3000;

/// Says which pool a failure is about.
struct Named<'a> {
    seed: u64,
    shape: &'a Shape,
}

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("EXECUTOR_SEED={} repeats it: {:#?}", self.seed, self.shape);
        }
    }
}

#[test]
fn a_plan_for_any_pool_has_its_properties() {
    let wished = std::env::var("EXECUTOR_SEED").ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = wished.map_or(0..POOLS, |seed| seed..seed + 1);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in seeds {
        let shape = Shape::draw(&mut Draw::new(seed));
        let _named = Named { seed, shape: &shape };
        for word in of_one(shape.clone()) {
            *seen.entry(word).or_default() += 1;
        }
    }
    println!("{seen:?}");
    if wished.is_none() {
        // A property of nothing would hold as well.
        for word in
            ["online", "offline", "refused", "nothing to do", "out", "prepared", "sessions", "clients"]
        {
            let times = seen.get(word).copied().unwrap_or_default();
            assert!(times >= 40, "only {times} pools: {word}; {seen:?}");
        }
    }
}

/// Judges what comes of one pool; returns what it was, in words.
fn of_one(shape: Shape) -> Vec<&'static str> {
    let case = shape.case();
    let outcome = plan(&case.inventory, &case.state, &case.request);
    let again = plan(&case.inventory, &case.state.clone(), &case.request.clone());
    assert_eq!(again, outcome, "the same pool, planned twice");
    let must_refuse = must_refuse(&case.shape);
    match &outcome {
        Outcome::Refusal(refusal) => {
            assert_ne!(must_refuse, Some(false), "nothing is wrong: {refusal:#?}");
            refusal_says_why(&case, refusal);
            vec!["refused"]
        }
        Outcome::NothingToDo => {
            assert_ne!(must_refuse, Some(true), "something is wrong: {:?}", case.shape.troubles);
            let behind: Vec<HostName> =
                case.shape.behind().into_iter().chain(case.shape.clients_behind()).collect();
            assert!(behind.is_empty() && case.shape.out.is_none(), "{behind:?} is left out");
            assert!(case.shape.raised || case.request.keep_op_version, "the op-version is left out");
            vec!["nothing to do"]
        }
        Outcome::Plan(found) => {
            assert_ne!(must_refuse, Some(true), "something is wrong: {:?}", case.shape.troubles);
            let text = serde_json::to_string(found).unwrap();
            let read: Plan = serde_json::from_str(&text).unwrap();
            assert_eq!(read, **found, "a plan is not the same once it was written and read");
            rules::judge(&case, found);
            nothing_is_left(&case);
            words(&case, found)
        }
    }
}

/// What a plan was about.
fn words(case: &Case, plan: &Plan) -> Vec<&'static str> {
    let of = |word, holds: bool| holds.then_some(word);
    let has = |kind: &StageKind| plan.stages.iter().any(|stage| stage.kind == *kind);
    [
        of("online", plan.procedure == Procedure::Online),
        of("offline", plan.procedure == Procedure::Offline),
        of("out", case.shape.out.is_some()),
        of("prepared", has(&StageKind::Prepare)),
        of("sessions", has(&StageKind::StartReplication)),
        of("clients", !case.shape.clients_behind().is_empty()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns whether a pool must be refused, or must not be; none where that hangs on more than these rules know.
fn must_refuse(shape: &Shape) -> Option<bool> {
    let struck: Vec<Option<bool>> = shape.troubles.iter().map(|trouble| trouble.refuses(shape)).collect();
    let behind = !shape.behind().is_empty();
    let secondary: Release =
        shape.session.as_ref().map_or(shape.to, |session| session.secondary).parse().unwrap();
    let cannot_go_online = shape.procedure == Procedure::Online
        && shape.volumes.iter().any(|volume| !matches!(volume.kind, VolumeKind::Replicate { .. }));
    let late = behind && secondary < shape.to.parse::<Release>().unwrap();
    let down = shape.out.is_some() && (shape.procedure == Procedure::Offline || shape.servers == 1);
    if struck.contains(&Some(true)) || cannot_go_online || late || down || loses_quorum(shape) {
        return Some(true);
    }
    // Nobody can be prepared while one server is down.
    let unprepared = shape.out.is_some() && !shape.prepared;
    (!struck.contains(&None) && !unprepared).then_some(false)
}

/// Whether a server has to go that holds the first of two bricks of which one is a quorum only with it.
fn loses_quorum(shape: &Shape) -> bool {
    let moves = |server: &usize| !shape.upgraded.contains(server);
    let loses = |volume: &VolumeShape| {
        volume.started
            && volume.quorum
            && volume.kind == VolumeKind::Replicate { replica: 2 }
            && volume.on.chunks(2).any(|set| moves(&set[0]))
    };
    shape.procedure == Procedure::Online && shape.volumes.iter().any(loses)
}

/// A refusal has a finding in the way, and each of them says what it is, by a known code, about something there is.
fn refusal_says_why(case: &Case, refusal: &Refusal) {
    assert!(!refusal.findings.is_empty(), "a refusal without a reason");
    let volumes = case.state.volumes.known().unwrap();
    for finding in &refusal.findings {
        assert_eq!(finding.code.as_str().parse(), Ok(finding.code), "{finding}");
        assert!(Code::ALL.contains(&finding.code) && !finding.what.is_empty(), "{finding:?}");
        assert!(!case.request.waivers.iter().any(|waiver| waiver.covers(finding)), "{finding} is waived");
        let is_there = match &finding.subject {
            Subject::Host(host) => {
                case.state.hosts.contains_key(host)
                    || case.state.clients.contains_key(host)
                    || case.state.other_pools.iter().any(|pool| pool.hosts.contains_key(host))
            }
            Subject::Volume(volume) => volumes.contains_key(volume) || volume.as_str() == "odd",
            Subject::Pool | Subject::Client(_) => true,
        };
        assert!(is_there, "{finding} is about nothing of this pool");
    }
}

/// A pool for which a plan was done has none any more.
fn nothing_is_left(case: &Case) {
    let done = case.shape.done().case();
    let outcome = plan(&done.inventory, &done.state, &done.request);
    assert_eq!(outcome, Outcome::NothingToDo, "of a pool that is upgraded");
}
