//! Upgrades of a pool in memory that are cut, killed and rebooted everywhere: each of them comes to its goal in the end,
//! and the safety rule of the fake pool is never broken.
//!
//! `make crashes` plays the whole matrix and `make explore` the many random schedules; an ordinary test run plays every
//! command of one plan in one way of each kind, cuts every command of the others, and plays some schedules. `make test`
//! plays two thousand more beside the tests on containers.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

mod explore;
mod matrix;
mod play;
mod rules;
mod upgrade;

use executor::core::georep::PoolRole;
use executor::core::plan::Procedure;
use executor::fake_pool::{Layout, Shape, release};

use matrix::{Extent, Tally, many, once, pairs, singles};
use play::Plot;
use upgrade::Upgrade;

/// Without its clients an upgrade leaves the op-version as it is, which they could not speak.
fn upgrade(name: &str, shape: Shape, procedure: Procedure, clients_at_once: usize) -> Upgrade {
    let keep_op_version = clients_at_once == 0 && shape.clients > 0;
    Upgrade { name: name.to_owned(), shape, procedure, clients_at_once, keep_op_version, finish: false }
}

/// A pool with a geo-replication session, by the end at which the other pool is.
fn replicated(other: PoolRole) -> Shape {
    Shape { other_pool: Some(other), ..Shape::replica_3() }
}

/// One upgrade for each kind of plan. A kind that is new gets its line here.
fn kinds() -> Vec<Upgrade> {
    let disperse = Layout::Disperse { bricks: 3, redundancy: 1 };
    let coded = vec![("coded".to_owned(), disperse)];
    let mixed = [vec![("copies".to_owned(), Layout::Replica(3))], coded.clone()].concat();
    let older_op_version = Shape { from: release("11.1"), to: release("10.3"), ..Shape::replica_3() };
    let by_hand = Shape { starts_at_boot: false, ..Shape::replica_3() };
    vec![
        upgrade("online, with a client", Shape::replica_3(), Procedure::Online, 1),
        upgrade("online, servers alone", Shape::replica_3(), Procedure::Online, 0),
        upgrade("online, nothing starts at boot", by_hand, Procedure::Online, 1),
        upgrade(
            "online, with two clients at once",
            Shape { clients: 2, ..Shape::replica_3() },
            Procedure::Online,
            2,
        ),
        Upgrade {
            keep_op_version: true,
            ..upgrade("back, with a client", older_op_version.clone(), Procedure::Online, 1)
        },
        Upgrade {
            finish: true,
            keep_op_version: false,
            ..upgrade("the op-version alone", older_op_version, Procedure::Online, 0)
        },
        upgrade("offline", Shape { volumes: mixed, ..Shape::replica_3() }, Procedure::Offline, 1),
        upgrade(
            "offline, two clients one after the other",
            Shape { clients: 2, volumes: coded, ..Shape::replica_3() },
            Procedure::Offline,
            1,
        ),
        upgrade("online, with geo-replication", replicated(PoolRole::Secondary), Procedure::Online, 1),
        upgrade("online, as a secondary", replicated(PoolRole::Primary), Procedure::Online, 1),
        upgrade("offline, with geo-replication", replicated(PoolRole::Secondary), Procedure::Offline, 1),
    ]
}

/// Plays the singles of an upgrade.
fn play_singles(upgrade: &Upgrade, extent: Extent) -> Tally {
    let smooth = once(upgrade, &Plot::default()).unwrap_or_else(|error| panic!("{}: {error}", upgrade.name));
    many(upgrade, &singles(&smooth, extent))
}

#[test]
fn an_upgrade_without_trouble_needs_no_help() {
    let began = std::time::Instant::now();
    for upgrade in kinds() {
        let played =
            once(&upgrade, &Plot::default()).unwrap_or_else(|error| panic!("{}: {error}", upgrade.name));
        assert_eq!((played.resumed, played.repaired.len()), (0, 0), "{}: {played:?}", upgrade.name);
        let acted = played.acted.len();
        println!("{}: {acted} commands, {} records, {:?}", upgrade.name, played.records, began.elapsed());
    }
}

#[test]
fn every_command_may_be_struck_once() {
    // One kind in every way, so that it stays a matter of seconds; the others are cut.
    let well = kinds().iter().enumerate().fold(true, |well, (at, upgrade)| {
        let extent = if at == 0 { Extent::Reduced } else { Extent::Cuts };
        play_singles(upgrade, extent).print(&upgrade.name) && well
    });
    assert!(well, "some did not come to the goal");
}

#[test]
#[ignore = "minutes: `make crashes`"]
fn everything_may_be_struck_twice() {
    let (mut all, mut well) = (Tally::default(), true);
    // `EXECUTOR_KIND=offline` plays the kinds whose names begin so.
    let wished = std::env::var("EXECUTOR_KIND").unwrap_or_default();
    for upgrade in kinds().into_iter().filter(|upgrade| upgrade.name.starts_with(&wished)) {
        let tally = play_singles(&upgrade, Extent::Whole);
        well &= tally.print(&upgrade.name);
        all.join(tally);
        let smooth = once(&upgrade, &Plot::default()).unwrap();
        let tally = many(&upgrade, &pairs(&upgrade, &smooth));
        well &= tally.print(&format!("{}, twice", upgrade.name));
        all.join(tally);
    }
    all.print_sum();
    assert!(well, "some did not come to the goal");
}

/// The seed is `EXECUTOR_SEED`, which plays that one schedule alone; or the first of a fixed row.
fn seed() -> Option<u64> {
    std::env::var("EXECUTOR_SEED").ok().map(|text| text.parse().unwrap())
}

#[test]
fn some_random_schedules_come_to_the_goal() {
    let well = match seed() {
        Some(seed) => explore::explore(seed, 1),
        None => explore::explore(0, 30),
    };
    assert!(well, "the seed is printed above");
}

#[test]
#[ignore = "minutes: `make test` plays them beside the tests on containers"]
fn thousands_of_random_schedules_come_to_the_goal() {
    assert!(explore::explore(1_000_000, 2_000), "the seed is printed above");
}

#[test]
#[ignore = "many minutes: `make explore`"]
fn many_random_schedules_come_to_the_goal() {
    let wished = std::env::var("EXECUTOR_SCHEDULES").ok().map(|text| text.parse().unwrap());
    let count = wished.unwrap_or(if seed().is_some() { 1 } else { 100_000 });
    let first = seed().unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_secs() << 20
    });
    println!("the first seed is {first}");
    assert!(explore::explore(first, count), "the seed is printed above");
}
