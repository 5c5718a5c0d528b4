//! Every server loses its power and comes back.

use futures_util::future::try_join_all;

use crate::pool::{Pool, PoolError};

/// Takes every server's power, without a word of warning, gives it back, and waits until the pool is together again.
///
/// None comes back before the last one is gone, since that is the harder test: every server reads what it has stored and shakes hands anew with
/// every other one. Returns the servers whose glusterd had to be started once more, since it had lost its self-heal daemon.
pub(super) async fn all_servers(pool: &Pool) -> Result<Vec<String>, PoolError> {
    let servers = pool.servers();
    try_join_all(servers.iter().map(|server| pool.power_off(server))).await?;
    try_join_all(servers.iter().map(|server| pool.power_on(server))).await?;
    try_join_all(servers.iter().map(|server| pool.start_glusterd(server))).await?;
    pool.wait_for_peers().await?;
    pool.wait_for_volumes().await
}
