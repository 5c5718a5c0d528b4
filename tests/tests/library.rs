//! The simulator as a library: tests of one's own on a disposable pool of real Gluster. An example to copy.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::path::Path;

use acceptance::engine::engine_leftovers;
use rstest::{fixture, rstest};
use simulator::fixture::{TestPool, node};
use simulator::images::Init;
use simulator::oracle::{Judgement, Verdict};
use simulator::pool::{ClientSpec, PoolSpec, VolumeKind, VolumeSpec};

/// Three servers of 10.3, a volume with a replica on each, and a client that mounts it at /mnt/vol0.
#[fixture]
fn pool() -> TestPool {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
    TestPool::up("library", &images, "debian-bookworm", |image| PoolSpec {
        image,
        init: Init::Bare,
        servers: ["g1", "g2", "g3"].map(|name| node(name, "10.3")).to_vec(),
        volumes: vec![VolumeSpec {
            name: "vol0".to_owned(),
            kind: VolumeKind::Replica { count: 3 },
            bricks_per_server: 1,
            options: Vec::new(),
        }],
        clients: vec![ClientSpec { node: node("c1", "10.3"), mounts: vec!["vol0".to_owned()] }],
    })
    .unwrap()
}

#[rstest]
#[ignore = "a minute: `make regression`"]
fn a_volume_is_served_without_one_of_its_servers(mut pool: TestPool) {
    let run = pool.pool().run().id.clone();
    pool.run("c1", &["sh", "-c", "echo hello >/mnt/vol0/greeting"]).unwrap();

    pool.power_off("g2").unwrap();
    assert_eq!(pool.run("c1", &["cat", "/mnt/vol0/greeting"]).unwrap(), "hello\n");
    pool.run("c1", &["sh", "-c", "echo again >>/mnt/vol0/greeting"]).unwrap();
    // A fault of the fixture's own is expected: the others carry the volume.
    passes(&pool.judge());

    pool.power_on("g2").unwrap();
    passes(&pool.judge());

    // Another value than at the start is seen; and one that was meant is none.
    pool.run("g1", &["gluster", "volume", "set", "vol0", "performance.cache-size", "64MB"]).unwrap();
    assert_eq!(pool.judge().verdict(), Verdict::Fail);
    let set = [("performance.cache-size".to_owned(), "64MB".to_owned())];
    pool.expected.set_since.insert("vol0".to_owned(), set.into());
    passes(&pool.judge());

    drop(pool);
    assert_eq!(engine_leftovers(&run), Vec::<String>::new());
}

fn passes(judgement: &Judgement) {
    assert_eq!(judgement.verdict(), Verdict::Pass, "{:#?}", judgement.not_passed().collect::<Vec<_>>());
}

/// Whoever brings a pool up wants to see what a mistake is called.
#[rstest]
#[case::family("debian-potato", "no family")]
fn mistakes_are_told_before_anything_is_started(#[case] family: &str, #[case] says: &str) {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
    let never = |_| unreachable!("no image");
    let error = TestPool::up("library", &images, family, never).unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
}
