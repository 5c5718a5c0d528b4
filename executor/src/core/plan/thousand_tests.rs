//! A plan for a thousand servers: it is made, it prints, and it grows with the pool and not with its square.
//!
//! `cargo test --release -p executor --lib a_thousand -- --nocapture` says how long it takes and what it needs.

use std::time::Instant;

use super::super::pool::VolumeKind;
use super::super::sample::{inventory, pool, request, volume};
use super::*;
use crate::render;

/// A pool of three volumes with a brick of one of them on each server.
fn pool_of(servers: usize) -> super::super::pool::PoolState {
    let third = servers / 9 * 3;
    let bricks = |from: usize, to: usize| (from..=to).collect::<Vec<usize>>();
    let kind = || VolumeKind::Replicate { replica: 3 };
    let volumes = vec![
        volume("images", kind(), &bricks(1, third)),
        volume("homes", kind(), &bricks(third + 1, 2 * third)),
        volume("logs", kind(), &bricks(2 * third + 1, servers / 3 * 3)),
    ];
    pool(servers, "10.3", volumes, "11.1-6")
}

fn planned(servers: usize) -> (Plan, String) {
    let state = pool_of(servers);
    let began = Instant::now();
    let Outcome::Plan(plan) = plan(&inventory(servers), &state, &request("11.1", &[])) else {
        panic!("no plan for {servers} servers")
    };
    let decided = began.elapsed();
    let text = render::plan(&plan, "executor run -i pool.toml --to 11.1");
    let printed = began.elapsed() - decided;
    let json = serde_json::to_string(&plan).unwrap();
    println!(
        "{servers} servers: planned in {} ms, printed in {} ms, {} steps, {} KiB of text, {} KiB of JSON",
        decided.as_millis(),
        printed.as_millis(),
        plan.steps().count(),
        text.len() / 1024,
        json.len() / 1024,
    );
    (*plan, text)
}

fn checks(plan: &Plan) -> usize {
    plan.steps()
        .map(|step| step.enter.checks.len() + step.reenter.checks.len() + step.leave.checks.len())
        .sum()
}

/// The most memory that this process has had, in MiB.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

#[test]
fn a_thousand_servers_have_a_plan_that_grows_with_the_pool() {
    let (small, _) = planned(99);
    let (large, text) = planned(1000);
    println!("peak memory, the observation included: {:?} MiB", peak_mib());
    assert_eq!(large.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Turn(_))).count(), 1000);
    assert!(text.contains("turn 1000 of 1000"));
    // Ten times the servers: about ten times the checks, and text and JSON likewise.
    assert!(checks(&large) < checks(&small) * 12, "{} {}", checks(&large), checks(&small));
    assert!(text.len() < 4 * 1024 * 1024, "{}", text.len());
}
