//! Every server loses its power and comes back.

use futures_util::future::try_join_all;

use crate::pool::{Pool, PoolError};

/// Restarts every server at once, without a word of warning, and waits until the pool is together again.
///
/// At once, since that is the harder test: every server reads what it has stored and shakes hands anew with
/// every other one. Returns the servers whose glusterd had to be started once more, since it had lost its self-heal daemon.
pub(super) async fn all_servers(pool: &Pool) -> Result<Vec<String>, PoolError> {
    let servers = pool.servers();
    try_join_all(servers.iter().map(|server| pool.power_cycle(server))).await?;
    try_join_all(servers.iter().map(|server| pool.start_glusterd(server))).await?;
    pool.wait_for_peers().await?;
    pool.wait_for_volumes().await
}
