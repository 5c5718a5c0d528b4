//! Who is let in, and why not: each cause told apart, and no key ever taken on trust.

use std::fs;
use std::net::TcpListener;

use acceptance::ssh_host::SshHost;
use executor::core::inventory::SshSettings;
use executor::transport::{Transport, Unreachable};

use crate::{cause, g1, nothing, reached, run, transport};

#[tokio::test]
async fn a_host_key_is_never_taken_on_trust() -> anyhow::Result<()> {
    let (host, _) = reached().await?;
    fs::write(host.path("known"), "")?;
    let (unknown, reason) = cause(run(&transport(host.settings()), &nothing()).await);
    assert_eq!(unknown, Unreachable::HostKeyUnknown, "{reason}");
    assert_eq!(fs::read_to_string(host.path("known"))?, "", "the key was not added");

    host.know("other.pub")?;
    let (changed, reason) = cause(run(&transport(host.settings()), &nothing()).await);
    assert_eq!(changed, Unreachable::HostKeyChanged, "{reason}");
    assert_eq!(host.logins().await?, 0);

    host.know("host.pub")?;
    assert_eq!(run(&transport(host.settings()), &nothing()).await?.status, 0);
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_not_authorized_is_told_apart() -> anyhow::Result<()> {
    let (host, _) = reached().await?;
    let settings = SshSettings { identity: Some(host.path("other")), ..host.settings() };
    let (cause, reason) = cause(run(&transport(settings), &nothing()).await);
    assert_eq!(cause, Unreachable::PermissionDenied, "{reason}");
    Ok(())
}

#[tokio::test]
async fn a_login_that_cannot_act_as_root_is_no_login() -> anyhow::Result<()> {
    let (host, _) = reached().await?;
    host.exec_ok(
        "useradd --create-home plain && install -d -o plain -m 700 ~plain/.ssh && \
         install -o plain -m 600 ~/.ssh/authorized_keys ~plain/.ssh/authorized_keys",
    )
    .await?;
    let settings = SshSettings { user: Some("plain".to_owned()), ..host.settings() };
    let (denied, reason) = cause(run(&transport(settings), &nothing()).await);
    assert_eq!(denied, Unreachable::SudoRefused, "{reason}");
    assert!(reason.contains("`plain ALL=(root) NOPASSWD: /usr/bin/sh`"), "{reason}");

    // A key that is good for one command of the host's own.
    host.exec_ok("sed -i 's/^/command=\"echo welcome\" /' ~/.ssh/authorized_keys").await?;
    let (forced, reason) = cause(run(&transport(host.settings()), &nothing()).await);
    assert_eq!(forced, Unreachable::PermissionDenied, "{reason}");
    assert!(reason.contains("welcome"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn nobody_listening_and_no_such_name_are_told_apart() -> anyhow::Result<()> {
    let (host, _) = reached().await?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let settings = SshSettings { port: Some(free), ..host.settings() };
    let (refused, reason) = cause(run(&transport(settings), &nothing()).await);
    assert_eq!(refused, Unreachable::Refused, "{reason}");

    let settings = SshSettings { address: "no-such-host.invalid".to_owned(), ..host.settings() };
    let (unresolved, reason) = cause(run(&transport(settings), &nothing()).await);
    assert_eq!(unresolved, Unreachable::NameNotResolved, "{reason}");
    Ok(())
}

#[tokio::test]
async fn a_jump_host_is_checked_as_strictly() -> anyhow::Result<()> {
    let (host, gate) = tokio::try_join!(SshHost::start("g1"), SshHost::start("gate"))?;
    // Our key is authorized at the gate, and the host has its inner address there.
    let key = fs::read_to_string(host.path("id.pub"))?;
    gate.exec_ok(&format!("echo '{}' >>~/.ssh/authorized_keys", key.trim())).await?;
    let inside = host.inner_address().await?;
    let known_inside = format!("{inside} {}\n", fs::read_to_string(host.path("host.pub"))?.trim());
    let settings = SshSettings {
        address: inside,
        port: Some(22),
        jump: Some(format!("root@127.0.0.1:{}", gate.port())),
        ..host.settings()
    };

    fs::write(host.path("known"), &known_inside)?;
    let (unknown, reason) = cause(run(&transport(settings.clone()), &nothing()).await);
    assert_eq!(unknown, Unreachable::HostKeyUnknown, "{reason}");
    fs::write(host.path("known"), format!("{known_inside}{}", gate.known_line("other.pub")?))?;
    let (changed, reason) = cause(run(&transport(settings.clone()), &nothing()).await);
    assert_eq!(changed, Unreachable::HostKeyChanged, "{reason}");
    assert_eq!(gate.logins().await?, 0);

    fs::write(host.path("known"), format!("{known_inside}{}", gate.known_line("host.pub")?))?;
    let through = transport(settings);
    assert_eq!(run(&through, &nothing()).await?.status, 0);
    assert_eq!((gate.logins().await?, host.logins().await?), (1, 1));
    through.prove_fresh_connection(&g1()).await?;
    assert_eq!((gate.logins().await?, host.logins().await?), (2, 2));
    Ok(())
}
