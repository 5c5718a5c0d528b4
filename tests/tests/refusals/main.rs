//! Real pools, broken one way after another: a plan is refused for that very reason, and nothing of the pool is
//! touched by having looked.
//!
//! One pool for all of it: four servers of 10.3, a replica 3 volume on three of them, a client. A round breaks a few
//! things at once, since all findings are told at once; then it is mended, and the pool has to be fit again.

mod bench;
mod breaks;

use acceptance::pool::on_a_pool;
use simulator::pool::{ClientSpec, NodeSpec, PoolSpec, VolumeKind, VolumeSpec};

use bench::Bench;
use breaks::Break;

fn spec(image: String) -> PoolSpec {
    let node = |name: &str| NodeSpec { name: name.to_owned(), release: "10.3".to_owned() };
    PoolSpec {
        image,
        servers: ["g1", "g2", "g3"].map(node).to_vec(),
        volumes: vec![VolumeSpec {
            name: "vol0".to_owned(),
            kind: VolumeKind::Replica { count: 3 },
            bricks_per_server: 1,
            options: Vec::new(),
        }],
        clients: vec![ClientSpec { node: node("c1"), mounts: vec!["vol0".to_owned()] }],
    }
}

#[test]
fn what_is_wrong_is_refused_and_left_as_it_was() {
    on_a_pool("refusals", spec, |pool| {
        let bench = Bench::on(pool);
        bench.fit("as it came up");
        bench.refused_target("9.2", "RELEASE_BACKWARD", "g1");
        bench.refused_target("11.0", "RELEASE_BROKEN", "pool");
        bench.refused_target("11.9", "PACKAGE_MISSING", "g1");
        bench.refused_without("g3", "PEER_NOT_IN_INVENTORY");
        for round in ROUNDS {
            bench.round(round);
        }
        bench.unreachable("g3");
    });
}

/// What is broken together. What Gluster mends by itself after a moment stands beside something that does not pass, so
/// that nobody waits for it.
const ROUNDS: &[&[Break]] = &[
    &[
        Break::PackageHeld,
        Break::ForeignPackage,
        Break::EmptyPeerFile,
        Break::PackagesLocked,
        Break::FirewallNarrow,
    ],
    &[Break::StoredLine, Break::OpVersion, Break::NamesLost, Break::ProgramReplaced],
    &[Break::QuorumOfAll, Break::ReserveOfAll, Break::CopiesOnOneServer],
    &[Break::Rebalance],
    &[Break::BrickKilled, Break::SelfHealKilled, Break::VolumeIdGone],
    &[Break::HealPending, Break::PackageHeld],
    &[Break::SplitBrain, Break::PackageHeld],
    &[Break::TwoGlusterdsDown],
];
