//! Commands over one kept connection: side by side, refused sessions, and looking only. All else is in the contract.

use std::sync::Arc;
use std::time::Duration;

use executor::core::command::Command;
use executor::transport::{ReadOnly, Transport, TransportError};

use crate::{g1, reached, reads, run, script};

#[tokio::test]
async fn one_connection_serves_many_commands_side_by_side() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    let transport = Arc::new(transport);
    let mut runs = tokio::task::JoinSet::new();
    // Each ends only once eight have begun.
    let meeting = "# Meets.\nmkdir -p /tmp/met\n: >/tmp/met/$1\n\
                   until [ \"$(ls /tmp/met | wc -l)\" -ge 8 ]; do sleep 0.1; done";
    for number in 0..24 {
        let transport = Arc::clone(&transport);
        runs.spawn(async move { run(&transport, &script(meeting, &[&number.to_string()], 60)).await });
    }
    for result in runs.join_all().await {
        assert_eq!(result?.status, 0);
    }
    assert_eq!(host.exec_ok("ls /tmp/met | wc -l").await?, "24");
    assert_eq!(host.logins().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_session_that_sshd_refuses_is_asked_for_again() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    // As on a host that is slow to clean up after sessions that have ended: they count as well.
    host.stop_listening().await?;
    host.exec_ok("/usr/sbin/sshd -E /var/log/sshd.log -o MaxSessions=1").await?;
    let (one, other) = (reads(&["sleep", "1"], 60), reads(&["echo", "ran"], 60));
    let (one, other) = tokio::join!(run(&transport, &one), run(&transport, &other));
    assert_eq!((one?.status, other?.stdout.as_str()), (0, "ran\n"));
    assert_eq!(host.logins().await?, 1, "by the same connection");
    Ok(())
}

#[tokio::test]
async fn looking_only_never_changes_anything() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    let transport = ReadOnly(transport);
    let change = Command::changes(["touch", "/changed"], Duration::from_secs(10));
    let refused = transport.run(&g1(), &change).await;
    assert!(matches!(&refused, Err(TransportError::ReadOnly { command, .. }) if command == "touch /changed"));
    assert_eq!(host.logins().await?, 0, "a refusal needs no connection");

    let look = transport.run(&g1(), &reads(&["ls", "/"], 10)).await?;
    assert!(look.stdout.lines().any(|name| name == "etc") && !look.stdout.contains("changed"), "{look:?}");
    assert_eq!(host.exec(&["test", "-e", "/changed"]).await?.status, 1);

    // The same command does it where changes are allowed.
    assert_eq!(transport.0.run(&g1(), &change).await?.status, 0);
    assert_eq!(host.exec(&["test", "-e", "/changed"]).await?.status, 0);
    Ok(())
}
