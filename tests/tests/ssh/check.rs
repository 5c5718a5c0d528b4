//! `executor check` on hosts that cannot be upgraded: it ends with 10 and names everything at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use acceptance::program::Place;
use acceptance::ssh_host::SshHost;
use executor::service;

use crate::{run, transport};

const CHECK: &[&str] = &["check", "-i", "pool.toml", "--to", "11.1"];

/// Returns an inventory's section for a host, with this file as its key.
fn section(name: &str, host: &SshHost, identity: &str) -> String {
    let quoted = |path: &Path| format!("{:?}", path.display().to_string());
    format!(
        "[[servers]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\nport = {}\nuser = \"root\"\n\
         identity = {}\nknown_hosts = {}\n",
        host.port(),
        quoted(&host.path(identity)),
        quoted(&host.path("known")),
    )
}

/// Checks, and returns the codes of the findings, each with what it is about.
async fn findings(inventory: &str) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let ended = Place::new(inventory)?.executor(&[CHECK, &["--output", "json"]].concat()).await?;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    let answer: serde_json::Value = serde_json::from_str(&ended.stdout)?;
    let mut findings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in answer["findings"].as_array().unwrap() {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        findings.entry(text("subject")).or_default().push(text("code"));
    }
    Ok(findings)
}

async fn start_glusterd(host: &SshHost) -> anyhow::Result<()> {
    let transport = transport(host.settings());
    service::parse_started(&run(&transport, &service::start_glusterd()).await?)?;
    Ok(())
}

#[tokio::test]
async fn every_host_that_cannot_be_used_is_named_with_its_reason() -> anyhow::Result<()> {
    let (unknown, changed, closed, bare) = tokio::try_join!(
        SshHost::start("unknown"),
        SshHost::start("changed"),
        SshHost::start("closed"),
        SshHost::start("bare")
    )?;
    fs::write(unknown.path("known"), "")?;
    changed.know("other.pub")?;
    bare.exec_ok("mkdir /away && mv /usr/sbin/gluster* /away").await?;
    let inventory = [
        section("unknown", &unknown, "id"),
        section("changed", &changed, "id"),
        section("closed", &closed, "other"),
        section("bare", &bare, "id"),
    ]
    .concat();

    let found = findings(&inventory).await?;
    let of = |subject: &str| found.get(subject).map(Vec::as_slice).unwrap_or_default();
    // A host that was not reached is one finding, not twenty.
    assert_eq!(of("unknown"), ["HOST_KEY_UNKNOWN"], "{found:?}");
    assert_eq!(of("changed"), ["HOST_KEY_CHANGED"], "{found:?}");
    assert_eq!(of("closed"), ["PERMISSION_DENIED"], "{found:?}");
    assert!(of("bare").iter().any(|code| code == "GLUSTER_NOT_INSTALLED"), "{found:?}");
    assert_eq!((unknown.logins().await?, changed.logins().await?, closed.logins().await?), (0, 0, 0));

    let told = Place::new(&inventory)?.executor(CHECK).await?;
    assert_eq!(told.code, Some(10), "{told:?}");
    for words in [
        "HOST_KEY_UNKNOWN unknown",
        "HOST_KEY_CHANGED changed",
        "PERMISSION_DENIED closed",
        "GLUSTER_NOT_INSTALLED bare",
        "Nothing was touched",
    ] {
        assert!(told.stdout.contains(words), "no `{words}`: {}", told.stdout);
    }
    Ok(())
}

#[tokio::test]
async fn servers_of_different_pools_are_told_from_a_pool() -> anyhow::Result<()> {
    let (g1, g2) = tokio::try_join!(SshHost::start("g1"), SshHost::start("g2"))?;
    tokio::try_join!(start_glusterd(&g1), start_glusterd(&g2))?;

    // Each is a pool of its own.
    let both = [section("g1", &g1, "id"), section("g2", &g2, "id")].concat();
    let found = findings(&both).await?;
    let expected = ["g1", "g2"].map(|name| (name.to_owned(), vec!["HOST_NOT_IN_POOL".to_owned()]));
    assert_eq!(found, BTreeMap::from(expected), "each once");

    // Joined, and the inventory names one of them only.
    g1.exec_ok(&format!("gluster --mode=script peer probe {}", g2.inner_address().await?)).await?;
    g1.until("the peers to be connected", async || {
        Ok(g1.exec_ok("gluster --mode=script peer status").await?.contains("Peer in Cluster (Connected)"))
    })
    .await?;
    let found = findings(&section("g1", &g1, "id")).await?;
    assert_eq!(
        found.get("pool").map(Vec::as_slice),
        Some(&["PEER_NOT_IN_INVENTORY".to_owned()][..]),
        "{found:?}"
    );

    // Both named, and there is nothing to be found any more.
    let ended = Place::new(&both)?.executor(CHECK).await?;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    Ok(())
}
