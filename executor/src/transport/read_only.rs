//! A transport that only looks: what `check`, `plan` and `status` are given.

use async_trait::async_trait;

use super::{Transport, TransportError, first_words};
use crate::core::command::{Command, Effect, Output};
use crate::core::names::HostName;

/// Passes commands that read on to another transport and refuses all that change something.
#[derive(Debug)]
pub struct ReadOnly<T>(pub T);

#[async_trait]
impl<T: Transport> Transport for ReadOnly<T> {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        match command.effect {
            Effect::Reads => self.0.run(host, command).await,
            Effect::Changes => {
                Err(TransportError::ReadOnly { host: host.clone(), command: first_words(command) })
            }
        }
    }

    async fn prove_fresh_connection(&self, host: &HostName) -> Result<(), TransportError> {
        self.0.prove_fresh_connection(host).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Duration;

    /// Remembers what reached it.
    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    #[async_trait]
    impl Transport for Recorder {
        async fn run(&self, _: &HostName, command: &Command) -> Result<Output, TransportError> {
            self.0.lock().unwrap().push(first_words(command));
            Ok(Output::default())
        }
    }

    #[tokio::test]
    async fn reads_pass_and_changes_never_arrive() {
        let transport = ReadOnly(Recorder::default());
        let host: HostName = "g1".parse().unwrap();
        let look = Command::reads(["gluster", "peer", "status"], Duration::from_secs(1));
        let change = Command::changes(["reboot"], Duration::from_secs(1));
        assert!(transport.run(&host, &look).await.is_ok());
        assert_eq!(
            transport.run(&host, &change).await,
            Err(TransportError::ReadOnly { host, command: "reboot".to_owned() })
        );
        assert_eq!(*transport.0.0.lock().unwrap(), ["gluster peer status"]);
    }
}
