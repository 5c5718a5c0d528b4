//! What an upgrade can leave undone: a server on the old release, old programs in memory, the op-version not raised.
//! Two servers, the first one release behind.

use std::time::Duration;

use simulator::oracle::{Expected, Verdict};

use crate::bench::{Bench, Named};

/// What installing another release on a node may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(120);
/// The release that all of it is to be at, and its op-version.
const TARGET: (&str, u32) = ("10.3", 100_000);

/// Brings the old server to the target step by step, and judges at each.
pub(crate) async fn stages(bench: &Bench) -> anyhow::Result<()> {
    let at_target = Expected {
        releases: bench.expected.releases.keys().map(|name| (name.clone(), TARGET.0.to_owned())).collect(),
        ..bench.expected.clone()
    };
    let raised = Expected { op_version: TARGET.1, ..at_target.clone() };
    let first = |name: &'static str| -> Named { (name, "g1".to_owned()) };
    let (old, engine) = (bench.server(1), bench.pool.engine());

    bench.well("with two releases, as it is meant", &bench.expected).await?;
    let named = [first("release of the program"), first("release of the packages")];
    bench.broken("one host left on the old version", &at_target, Verdict::Fail, &named).await?;

    let installed = engine.exec_within(&old.container, &["use-release", TARGET.0], INSTALL_LIMIT).await?;
    anyhow::ensure!(installed.success(), "use-release: {}", installed.last_words());
    let named = [first("no replaced program still runs")];
    bench.broken("one host with the old programs in memory", &at_target, Verdict::Fail, &named).await?;

    for program in ["glusterd", "glusterfsd", "glusterfs"] {
        bench.kill(old, program).await?;
    }
    bench.pool.start_glusterd(old).await?;
    bench.all_online().await?;
    bench.well("one host upgraded, the op-version as it was", &at_target).await?;

    let named = ["g1", "g2"].map(|name| ("op-version", name.to_owned()));
    bench.broken("op-version not raised", &raised, Verdict::Fail, &named).await?;
    bench.gluster(&["volume", "set", "all", "cluster.op-version", &TARGET.1.to_string()]).await?;
    bench.well("op-version raised", &raised).await
}
