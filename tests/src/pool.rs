//! A pool of real Gluster for a test.

use simulator::engine::{Engine, Run, RunError, with_run};
use simulator::pool::{ClientSpec, NodeSpec, Pool, PoolSpec, VolumeKind, VolumeSpec};
use tokio_util::sync::CancellationToken;

use crate::image::node_image;

/// Brings a pool up, does something with it on a thread of its own, and removes it, whatever happened.
///
/// # Panics
/// Where the pool cannot be brought up or removed, and with what `act` panicked with.
pub fn on_a_pool(
    name: &str,
    spec: impl FnOnce(String) -> PoolSpec,
    act: impl FnOnce(&Pool) + Send + 'static,
) {
    let outcome = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            let engine = Engine::connect().await?;
            let run = Run::new(name);
            let folder = tempfile::tempdir()?;
            let say = |line: &str| eprintln!("{line}");
            let acted = with_run(&engine, &run, &CancellationToken::new(), async {
                let image = node_image(&engine).await?;
                let pool = Pool::up(&engine, &run, &spec(image), folder.path(), &say).await?;
                // What panics there is carried past the removal, and panics again after it.
                anyhow::Ok(tokio::task::spawn_blocking(move || act(&pool)).await)
            })
            .await;
            acted.map_err(|error| match error {
                RunError::Body(error) => error,
                other @ (RunError::Panicked { .. }
                | RunError::Interrupted
                | RunError::Teardown(_)
                | RunError::LeftOver { .. }) => {
                    anyhow::anyhow!("{other}")
                }
            })
        })
    });
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
        Err(error) => panic!("no pool: {error:#}"),
    }
}

/// Three servers of 10.3, a volume with a replica on each, and a client that mounts it.
pub fn three_replicas(image: String) -> PoolSpec {
    three_servers(image, "10.3", VolumeKind::Replica { count: 3 })
}

/// Three servers of 9.2, a volume whose arbiter is on the last one, and a client that mounts it.
pub fn with_arbiter(image: String) -> PoolSpec {
    three_servers(image, "9.2", VolumeKind::Arbiter)
}

/// Three servers of a release with a volume on them, and a client that mounts it.
pub fn three_servers(image: String, release: &str, kind: VolumeKind) -> PoolSpec {
    let node = |name: &str| NodeSpec { name: name.to_owned(), release: release.to_owned() };
    PoolSpec {
        image,
        init: simulator::images::Init::Bare,
        servers: ["g1", "g2", "g3"].map(node).to_vec(),
        volumes: vec![VolumeSpec {
            name: "vol0".to_owned(),
            kind,
            bricks_per_server: 1,
            options: Vec::new(),
        }],
        clients: vec![ClientSpec { node: node("c1"), mounts: vec!["vol0".to_owned()] }],
    }
}
