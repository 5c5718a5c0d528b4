//! Packages: downloaded and installed, once no other installation is under way.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::ActError;
use crate::core::command::{Command, Output};
use crate::core::names::{HostName, Release};
use crate::package::{self, PackageError, PackageManager, own};
use crate::transport::Transport;

/// How long another installation may take. The usual one is the run's own: its connection was cut, and it goes on.
const BUSY_PATIENCE: Duration = Duration::from_secs(20 * 60);

/// How long to wait between two tries.
const BUSY_INTERVAL: Duration = Duration::from_secs(2);

pub(super) async fn fetch(
    transport: &dyn Transport,
    host: &HostName,
    release: Release,
    version: &str,
) -> Result<String, ActError> {
    let command = package::fetch(package_manager(transport, host).await?, version, release);
    once_free(transport, host, &command, |output| package::parse_install(output, release)).await
}

pub(super) async fn install(
    transport: &dyn Transport,
    host: &HostName,
    release: Release,
    version: &str,
) -> Result<String, ActError> {
    let command = package::install(package_manager(transport, host).await?, version, release);
    let said = once_free(transport, host, &command, |output| package::parse_install(output, release)).await?;
    still_lets_us_in(transport, host).await?;
    Ok(said)
}

/// Installs by the operator's own command.
pub(super) async fn install_by(
    transport: &dyn Transport,
    host: &HostName,
    argv: &[String],
) -> Result<String, ActError> {
    let said = once_free(transport, host, &own::install(argv), own::parse_install).await?;
    still_lets_us_in(transport, host).await?;
    Ok(said)
}

/// Asks which package manager a host has; a version is in the words of the one that the plan was made with.
async fn package_manager(transport: &dyn Transport, host: &HostName) -> Result<PackageManager, ActError> {
    Ok(package::parse_detect(&transport.run(host, &package::detect()).await?)?)
}

/// Runs what installs, again while the host says that it is at another installation: nothing was begun then.
async fn once_free(
    transport: &dyn Transport,
    host: &HostName,
    command: &Command,
    read: impl Fn(&Output) -> Result<Vec<String>, PackageError>,
) -> Result<String, ActError> {
    let began = Instant::now();
    loop {
        match read(&transport.run(host, command).await?) {
            Ok(said) => return Ok(said.join("\n")),
            Err(PackageError::Busy) if began.elapsed() < BUSY_PATIENCE => {
                tracing::info!(%host, "packages are being installed by another command: waiting for its end");
                sleep(BUSY_INTERVAL).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Proves after an install that the host lets us in anew. The old connection is still open here, which is what
/// makes it mendable where it does not.
async fn still_lets_us_in(transport: &dyn Transport, host: &HostName) -> Result<(), ActError> {
    transport
        .prove_fresh_connection(host)
        .await
        .map_err(|source| ActError::LockedOut { host: host.clone(), source })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::core::plan::Action;
    use crate::transport::TransportError;

    /// A host that is at another installation for so many asks.
    struct Busy(Mutex<usize>);

    #[async_trait]
    impl Transport for Busy {
        async fn run(&self, _: &HostName, _: &Command) -> Result<Output, TransportError> {
            let mut left = self.0.lock().unwrap();
            if *left == 0 {
                return Ok(Output { stdout: "ended\n".to_owned(), ..Output::default() });
            }
            *left -= 1;
            let stdout = "busy: packages are being installed on this host by an earlier command\n".to_owned();
            Ok(Output { status: 75, stdout, ..Output::default() })
        }
    }

    async fn installed(busy: usize) -> (Result<String, ActError>, Duration) {
        let action = Action::InstallBy {
            host: "g1".parse().unwrap(),
            release: "11.1".parse().unwrap(),
            argv: vec!["own-way".to_owned()],
        };
        let began = Instant::now();
        let done = super::super::act(&Busy(Mutex::new(busy)), &action, "run").await;
        (done, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn another_installation_is_waited_for_as_long_as_one_may_take() {
        let (done, took) = installed(0).await;
        assert!(done.is_ok() && took == Duration::ZERO, "{done:?} after {took:?}");
        let (done, took) = installed(30).await;
        assert!(done.is_ok() && took == 30 * BUSY_INTERVAL, "{done:?} after {took:?}");
        let (done, took) = installed(usize::MAX).await;
        assert!(matches!(done, Err(ActError::Package(PackageError::Busy))), "{done:?}");
        assert!(took >= BUSY_PATIENCE && took < BUSY_PATIENCE + 2 * BUSY_INTERVAL, "{took:?}");
    }
}
