//! What a command is given, what comes back, and what ends it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use executor::core::command::Command;
use executor::transport::{ReadOnly, Transport, TransportError};

use crate::{g1, reached, reads, run, script};

#[tokio::test]
async fn arguments_arrive_unchanged() -> anyhow::Result<()> {
    let (_host, transport) = reached().await?;
    let awkward = [
        "two words",
        "",
        "it's",
        "\"quoted\"",
        "$HOME `id` $(id)",
        "a;b|c&d>e<f",
        "line\nbreak\ttab",
        "back\\slash\\",
        "!history !!",
        "*?[a]{b,c}~",
        "-n",
        "--",
        "ünïcode ☃",
        "#comment",
    ];
    let mut argv = vec!["printf", "%s\\0"];
    argv.extend(awkward);
    let output = run(&transport, &reads(&argv, 10)).await?;
    assert_eq!(output.status, 0);
    let arrived: Vec<&str> = output.stdout.trim_end_matches('\0').split('\0').collect();
    assert_eq!(arrived, awkward);

    let echo = script("# Echoes.\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done", &awkward, 10);
    assert_eq!(run(&transport, &echo).await?.stdout, output.stdout);
    transport.close().await;
    Ok(())
}

#[tokio::test]
async fn status_and_streams_of_a_command_are_its_own() -> anyhow::Result<()> {
    let (_host, transport) = reached().await?;
    for status in [0, 1, 2, 124, 126, 137, 254, 255] {
        let text = status.to_string();
        let output = run(&transport, &script("# Exits.\nexit $1", &[&text], 10)).await?;
        assert_eq!(output.status, status);
    }
    let missing = run(&transport, &reads(&["no-such-program"], 10)).await?;
    assert_eq!(missing.status, 127);
    assert!(missing.stderr.contains("no-such-program"), "{missing:?}");
    let killed = run(&transport, &script("# Dies.\nkill -TERM $$", &[], 10)).await?;
    assert_eq!(killed.status, 128 + 15);

    // Standard error apart, standard input empty.
    let both = script("# Prints.\ncat; echo out; echo err >&2; exit 3", &[], 10);
    let output = run(&transport, &both).await?;
    assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (3, "out\n", "err\n"));
    Ok(())
}

#[tokio::test]
async fn a_command_is_ended_on_the_host_at_its_deadline() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    run(&transport, &crate::nothing()).await?;
    let begun = Instant::now();
    let result = run(&transport, &reads(&["sleep", "4321"], 1)).await;
    assert!(matches!(result, Err(TransportError::Deadline { seconds: 1, .. })), "{result:?}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(host.exec(&["pgrep", "-fx", "sleep 4321"]).await?.said, "", "the command still runs");
    Ok(())
}

#[tokio::test]
async fn output_without_end_is_refused_but_read() -> anyhow::Result<()> {
    let (_host, transport) = reached().await?;
    let flood = reads(&["head", "-c", "40000000", "/dev/zero"], 60);
    let result = run(&transport, &flood).await;
    assert!(matches!(result, Err(TransportError::TooMuchOutput { .. })), "{result:?}");
    Ok(())
}

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
