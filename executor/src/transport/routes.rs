//! The way to all hosts of an inventory, each by its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{Exec, Local, Ssh, SshSetupError, Transport, TransportError, first_words};
use crate::core::command::{Command, Effect, Output};
use crate::core::inventory::Inventory;
use crate::core::names::HostName;
use crate::core::way::Way;

/// Runs commands on hosts, each by the way that the inventory gives for it.
#[derive(Debug)]
pub struct Routes {
    ssh: Ssh,
    local: Local,
    exec: Exec,
    ways: BTreeMap<HostName, Way>,
}

impl Routes {
    /// Returns the way to every server and client of an inventory. Nothing is connected yet.
    ///
    /// # Errors
    /// When settings cannot be given to ssh, or its files cannot be written.
    pub fn new(inventory: &Inventory) -> Result<Self, SshSetupError> {
        let (mut ssh, mut exec, mut ways) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (name, host) in inventory.hosts() {
            match &host.way {
                Way::Ssh => drop(ssh.insert(name.clone(), host.ssh.clone())),
                Way::Exec(prefix) => drop(exec.insert(name.clone(), prefix.clone())),
                Way::Local => {}
            }
            ways.insert(name.clone(), host.way.clone());
        }
        Ok(Self { ssh: Ssh::new(ssh)?, local: Local::default(), exec: Exec::new(exec), ways })
    }

    /// Ends all connections. A later command opens its own again.
    pub async fn close(&self) {
        self.ssh.close().await;
    }

    fn to(&self, host: &HostName) -> &dyn Transport {
        match self.ways.get(host) {
            Some(Way::Local) => &self.local,
            Some(Way::Exec(_)) => &self.exec,
            // One that is in no inventory is refused there.
            Some(Way::Ssh) | None => &self.ssh,
        }
    }
}

#[async_trait]
impl Transport for Routes {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let begun = Instant::now();
        let result = self.to(host).run(host, command).await;
        tell(host, command, begun.elapsed(), &result);
        result
    }

    async fn prove_fresh_connection(&self, host: &HostName) -> Result<(), TransportError> {
        self.to(host).prove_fresh_connection(host).await
    }
}

/// Tells of a command that ended: one that changes something to `-v`, one that reads to `-vv`.
fn tell(host: &HostName, command: &Command, took: Duration, result: &Result<Output, TransportError>) {
    let end = match result {
        Ok(output) => format!("exit {}", output.status),
        // In quotes: what ssh says may come from anywhere, and is for a terminal.
        Err(error) => format!("{:?}", error.to_string()),
    };
    let (words, seconds) = (first_words(command), took.as_secs_f64());
    match command.effect {
        Effect::Changes => tracing::info!("{host}: {words}: {end} after {seconds:.2} s"),
        Effect::Reads => tracing::debug!("{host}: {words}: {end} after {seconds:.2} s"),
    }
}
