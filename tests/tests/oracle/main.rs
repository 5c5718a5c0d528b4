//! The oracle against real pools that were broken on purpose: what is broken must never pass.
//!
//! A judge that passes everything passes every good pool, too. So each pool here is first judged to be well, then
//! broken in one way, judged again, mended, and judged to be well once more. Each break names the assertions that
//! must see it: one that turns the verdict for another reason is a defect of the oracle, or of the test.

mod bench;
mod breaks;
mod upgrade;
mod watch;

use bench::{Shape, on_pool};

/// Breaks a pool in every way that leaves a trace after a run, and mends it after each.
///
/// The first by its name, since it takes longest: the others run beside it.
#[tokio::test(flavor = "multi_thread")]
async fn all_breaks_are_seen() -> anyhow::Result<()> {
    let servers = [("g1", "11.1"), ("g2", "11.1"), ("g3", "11.1")];
    on_pool(Shape { name: "oracle-breaks", servers: &servers, client: Some(("c1", "11.1")) }, breaks::all)
        .await
}

/// Judges a pool at each stage of an upgrade that is not finished.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: `make regression`"]
async fn an_unfinished_upgrade_is_seen() -> anyhow::Result<()> {
    // From 9.2 to 10.3, since these two store a volume alike: nothing but what the test wants is wrong with the pool.
    let servers = [("g1", "9.2"), ("g2", "10.3")];
    on_pool(
        Shape { name: "oracle-upgrade", servers: &servers, client: Some(("c1", "10.3")) },
        upgrade::stages,
    )
    .await
}

/// Takes bricks down while the oracle watches.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: `make regression`"]
async fn bricks_out_at_once_are_seen() -> anyhow::Result<()> {
    let servers = [("g1", "10.3"), ("g2", "10.3"), ("g3", "10.3")];
    on_pool(Shape { name: "oracle-watch", servers: &servers, client: None }, watch::all).await
}
