//! Connections: kept, cut, proven anew, ended.

use std::fs;

use executor::transport::{Transport, TransportError, Unreachable};

use crate::{cause, g1, nothing, reached, reads, run};

#[tokio::test]
async fn a_connection_cut_midway_is_lost_and_the_next_command_opens_another() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    run(&transport, &nothing()).await?;
    let long = reads(&["sleep", "4321"], 60);
    let (result, cut) = tokio::join!(run(&transport, &long), async {
        host.until("the command to run", async || {
            Ok(host.exec(&["pgrep", "-fx", "sleep 4321"]).await?.status == 0)
        })
        .await?;
        host.cut_connections().await
    });
    cut?;
    assert!(matches!(result, Err(TransportError::Lost { .. })), "{result:?}");
    assert_eq!(run(&transport, &nothing()).await?.status, 0);
    assert_eq!(host.logins().await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_connection_cut_between_commands_is_replaced_unseen() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    run(&transport, &nothing()).await?;
    host.cut_connections().await?;
    // The local end notices, and its process goes.
    host.until("the cut to be noticed", async || Ok(masters(host.port()) == 0)).await?;
    assert_eq!(run(&transport, &nothing()).await?.status, 0);
    assert_eq!(host.logins().await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_fresh_connection_is_not_the_kept_one() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    run(&transport, &nothing()).await?;
    transport.prove_fresh_connection(&g1()).await?;
    assert_eq!(host.logins().await?, 2);
    // The listener goes; the kept connection goes on, and only a fresh one tells.
    host.stop_listening().await?;
    assert_eq!(run(&transport, &nothing()).await?.status, 0);
    let (cause, reason) = cause(transport.prove_fresh_connection(&g1()).await);
    // An engine that publishes by a proxy accepts for the container, and then has nobody to hand it to.
    assert!(matches!(cause, Unreachable::Refused | Unreachable::Reset), "{cause:?}: {reason}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_behind() -> anyhow::Result<()> {
    let (host, first) = reached().await?;
    let second = crate::transport(host.settings());
    for (transport, ended) in [(first, "closed"), (second, "dropped")] {
        run(&transport, &nothing()).await?;
        assert_eq!(masters(host.port()), 1);
        if ended == "closed" {
            transport.close().await;
        }
        drop(transport);
        let what = format!("the master of a {ended} transport to end");
        host.until(&what, async || Ok(masters(host.port()) == 0)).await?;
    }
    Ok(())
}

/// Returns how many ssh masters of this machine go to a port.
fn masters(port: u16) -> usize {
    let port = port.to_string();
    let is_master = |command_line: &[u8]| {
        let words: Vec<&[u8]> = command_line.split(|byte| *byte == 0).collect();
        words.first().is_some_and(|program| program.ends_with(b"ssh"))
            && words.contains(&b"-M".as_slice())
            && words.windows(2).any(|pair| pair[0] == b"-p" && pair[1] == port.as_bytes())
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    // A process that is gone by now has no command line, and a zombie an empty one.
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .filter(|line| is_master(line))
        .count()
}
