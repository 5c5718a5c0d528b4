//! Power: a node that loses it, and one that comes back.

use super::node::wait_ready;
use super::{Node, Pool, PoolError};
use crate::engine::ContainerState;

impl Pool {
    /// Takes a node's power away: all its processes end at once, and it stays down. Returns what the engine says of it then.
    ///
    /// # Errors
    /// The engine's troubles.
    pub async fn power_off(&self, node: &Node) -> Result<ContainerState, PoolError> {
        self.engine.kill(&node.container, "SIGKILL").await?;
        loop {
            match self.engine.container_state(&node.container).await? {
                ContainerState::Running => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                state @ (ContainerState::Paused
                | ContainerState::Created
                | ContainerState::Ended(_)
                | ContainerState::Other(_)) => return Ok(state),
            }
        }
    }

    /// Gives a node its power back and waits until its door is open. What runs under systemd starts by itself; otherwise
    /// nothing of Gluster's does.
    ///
    /// # Errors
    /// [`PoolError`] where it does not come up.
    pub async fn power_on(&self, node: &Node) -> Result<(), PoolError> {
        self.engine.start(&node.container).await?;
        wait_ready(&self.engine, &node.name, &node.container).await
    }
}
