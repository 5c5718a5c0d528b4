//! Who comes to a network and who leaves it: one container after the other.
//!
//! Docker up to 20.10 locks itself up for good where one container leaves a network while another one does: one side
//! holds the network and wants the list of networks, the other the list and wants the network (`getSvcRecords` and
//! `processEndpointDelete` in libnetwork; moby/moby#42545, mended there and not in Debian's package; the same for those
//! who come, moby/moby#42569). From then on the engine answers no question about that network or its containers, and
//! only its restart helps. So starts and ends of containers take their turn here; each waits until the engine is done.

use std::sync::Arc;

use bollard::errors::Error;
use bollard::query_parameters::KillContainerOptionsBuilder;
use tokio::sync::Mutex;

use super::{Engine, to_its_end};

/// The turn of those who come and go.
#[derive(Debug, Clone, Default)]
pub(super) struct Membership {
    turn: Arc<Mutex<()>>,
}

impl Engine {
    /// Starts a container, alone.
    pub(super) async fn come(&self, container: &str) -> Result<(), Error> {
        let (docker, id) = (self.docker.clone(), container.to_owned());
        self.in_turn(async move { docker.start_container(&id, None).await }).await
    }

    /// Sends a signal to a container's main process, alone. One that ended by it has left its network at the end.
    pub(super) async fn go(&self, container: &str, signal: &str) -> Result<(), Error> {
        let (docker, id) = (self.docker.clone(), container.to_owned());
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        self.in_turn(async move {
            docker.kill_container(&id, Some(options)).await?;
            // The engine calls a container ended before it releases its network, and answers this after that
            // (20.10, `daemon/monitor.go`: one lock is held for both). What it answers is no matter.
            drop(docker.inspect_container(&id, None).await);
            Ok(())
        })
        .await
    }

    /// Carries a request out when nobody else comes or goes; to its end, also where its caller is dropped meanwhile.
    async fn in_turn(
        &self,
        request: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Result<(), Error> {
        to_its_end(Arc::clone(&self.membership.turn).lock_owned().await, request).await
    }
}
