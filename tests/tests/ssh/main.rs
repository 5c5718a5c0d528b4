//! The executor over a real SSH host: the transport, what scripts do on the host, and what `check` says of it.
//!
//! Each test has a container of its own, which is up within a second or two and gone with the test.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

mod check;
mod commands;
mod connections;
mod contract;
mod fixture;
mod login;
#[path = "../../../executor/tests/contract/mod.rs"]
mod transports;
mod upgrade;
mod ways;

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::ssh_host::SshHost;
use executor::core::command::{Command, Effect, Output};
use executor::core::inventory::SshSettings;
use executor::core::names::HostName;
use executor::transport::{Ssh, Transport, TransportError, Unreachable};

/// Returns the host's name in these tests.
fn g1() -> HostName {
    "g1".parse().unwrap()
}

/// Returns a transport to one host.
fn transport(settings: SshSettings) -> Ssh {
    Ssh::new(BTreeMap::from([(g1(), settings)])).unwrap()
}

/// Returns a host, and a transport to it.
async fn reached() -> anyhow::Result<(SshHost, Ssh)> {
    let host = SshHost::start("g1").await?;
    let transport = transport(host.settings());
    Ok((host, transport))
}

/// Returns a command that reads, with its deadline.
fn reads(argv: &[&str], seconds: u64) -> Command {
    Command::reads(argv.iter().copied(), Duration::from_secs(seconds))
}

/// Returns a script that reads, with its deadline.
fn script(text: &'static str, arguments: &[&str], seconds: u64) -> Command {
    Command::script(Effect::Reads, text, arguments.iter().copied(), Duration::from_secs(seconds))
}

/// Returns the shortest command there is.
fn nothing() -> Command {
    reads(&["true"], 10)
}

/// Runs a command on the host.
async fn run(transport: &Ssh, command: &Command) -> Result<Output, TransportError> {
    transport.run(&g1(), command).await
}

/// Returns why a host was not reached.
fn cause(result: Result<impl std::fmt::Debug, TransportError>) -> (Unreachable, String) {
    match result {
        Err(TransportError::NotReached { cause, reason, .. }) => (cause, reason),
        other => panic!("expected NotReached, got {other:?}"),
    }
}
