//! Every server loses its power and comes back.

use futures_util::future::try_join_all;

use crate::pool::{Pool, PoolError};

/// Restarts every server at once, without a word of warning, and waits until the pool is together again.
///
/// At once, since that is the harder test: every server reads what it has stored and shakes hands anew with
/// every other one.
pub(super) async fn all_servers(pool: &Pool) -> Result<(), PoolError> {
    let servers = pool.servers();
    try_join_all(servers.iter().map(|server| pool.engine().restart(&server.container))).await?;
    try_join_all(servers.iter().map(|server| pool.start_glusterd(server))).await?;
    pool.wait_for_peers().await?;
    for volume in pool.volumes() {
        pool.wait_for_bricks(volume).await?;
    }
    Ok(())
}
