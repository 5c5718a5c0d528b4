//! Freezing a container in which commands are being started, which is what hung a container engine for good.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use acceptance::pool::on_a_pool;
use simulator::pool::{NodeSpec, PoolSpec};
use tokio::runtime::Handle;

/// Without the lock between the two it hung at the second time.
const TIMES: usize = 15;
/// Commands that are started all the while, side by side.
const SIDE_BY_SIDE: usize = 3;
/// What a freeze or a thaw takes at most: it hangs, or it takes far less than a second.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_container_is_frozen_and_thawed_while_commands_start_in_it() {
    let spec = |image| PoolSpec {
        image,
        init: simulator::images::Init::Bare,
        servers: vec![NodeSpec { name: "g1".to_owned(), release: "10.3".to_owned() }],
        volumes: Vec::new(),
        clients: Vec::new(),
    };
    on_a_pool("freezing", spec, |pool| {
        let (engine, container) = (pool.engine(), &pool.servers()[0].container);
        let (over, ran) = (AtomicBool::new(false), AtomicUsize::new(0));
        let commands = async || {
            while !over.load(Ordering::Relaxed) {
                // In a frozen container it is refused, which is fine.
                if engine.exec(container, &["true"]).await.is_ok_and(|output| output.success()) {
                    ran.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let freezes = async {
            for time in 1..=TIMES {
                let frozen = tokio::time::timeout(LIMIT, engine.pause(container)).await;
                frozen.unwrap_or_else(|_| panic!("freezing hangs, time {time}")).unwrap();
                let thawed = tokio::time::timeout(LIMIT, engine.unpause(container)).await;
                thawed.unwrap_or_else(|_| panic!("thawing hangs, time {time}")).unwrap();
            }
            over.store(true, Ordering::Relaxed);
        };
        let all_commands = futures_util::future::join_all((0..SIDE_BY_SIDE).map(|_| commands()));
        Handle::current().block_on(async { tokio::join!(freezes, all_commands) });
        assert!(ran.load(Ordering::Relaxed) > TIMES, "no command ran between the freezes");
    });
}
