//! Real pools, broken one way after another: a plan is refused for that very reason, and nothing of the pool is
//! touched by having looked.
//!
//! One pool for all of it: three servers of 10.3, a replica 3 volume on them, a client. A round breaks a few
//! things at once, since all findings are told at once; then it is mended, and the pool has to be fit again.

mod bench;
mod breaks;

use acceptance::pool::{on_a_pool, three_replicas};

use bench::Bench;
use breaks::Break;

#[test]
#[ignore = "minutes: `make regression`"]
fn what_is_wrong_is_refused_and_left_as_it_was() {
    on_a_pool("refusals", three_replicas, |pool| {
        let bench = Bench::on(pool);
        bench.fit("as it came up");
        bench.inspected();
        bench.refused_target("9.2", "RELEASE_BACKWARD", "g1");
        bench.refused_target("11.0", "RELEASE_BROKEN", "pool");
        bench.refused_target("11.9", "PACKAGE_MISSING", "g1");
        bench.refused_without("g3", "PEER_NOT_IN_INVENTORY");
        for round in ROUNDS {
            bench.round(round);
        }
        bench.refused_when_detached("c1");
    });
}

/// What is broken together, and mended in the reverse order: a program can be started anew only where names resolve.
const ROUNDS: &[&[Break]] = &[
    &[
        Break::PackageHeld,
        Break::Claimed,
        Break::ForeignPackage,
        Break::EmptyPeerFile,
        Break::PackagesLocked,
        Break::FirewallNarrow,
    ],
    &[Break::ProgramReplaced, Break::StoredLine, Break::OpVersion, Break::NamesLost],
    &[Break::QuorumOfAll, Break::ReserveOfAll, Break::CopiesOnOneServer, Break::Rebalance],
    &[Break::BrickKilled, Break::SelfHealKilled, Break::VolumeIdGone],
    &[Break::SplitBrain],
    &[Break::TwoGlusterdsDown, Break::NobodyLetIn],
];
