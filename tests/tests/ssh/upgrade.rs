//! The scripts for packages and services on a real host: what is on offer, and a release replaced in place.

use acceptance::ssh_host::SshHost;
use executor::core::names::Release;
use executor::core::pool::{PackageOffer, Processes};
use executor::gluster::{commands, replies};
use executor::package::{self, PackageError, PackageManager};
use executor::service::{self, Started};
use executor::transport::{Ssh, Transport, TransportError};

use crate::{g1, reached, run};

/// Where an install keeps its files, from when it has the host to itself until it ends (`install.sh`).
const SCRATCH: &str = "/run/gluster-upgrade-packages";

fn release(text: &str) -> Release {
    text.parse().unwrap()
}

async fn installed(transport: &Ssh) -> anyhow::Result<Option<Release>> {
    Ok(replies::version(&run(transport, &commands::version()).await?)?)
}

async fn processes(transport: &Ssh) -> anyhow::Result<Processes> {
    Ok(service::parse_processes(&run(transport, &service::processes()).await?)?)
}

async fn offer(transport: &Ssh, of: &str) -> anyhow::Result<PackageOffer> {
    Ok(package::parse_offer(&run(transport, &package::offer(PackageManager::Apt, release(of))).await?)?)
}

async fn start(transport: &Ssh) -> anyhow::Result<Started> {
    Ok(service::parse_started(&run(transport, &service::start_glusterd()).await?)?)
}

async fn stop(transport: &Ssh) -> anyhow::Result<()> {
    Ok(service::parse_stopped(&run(transport, &service::stop_gluster()).await?)?)
}

/// Returns the version that brings 11.1, fetched.
async fn fetched(transport: &Ssh) -> anyhow::Result<String> {
    let version = offer(transport, "11.1").await?.version.unwrap();
    let output = run(transport, &package::fetch(PackageManager::Apt, &version, release("11.1"))).await?;
    package::parse_install(&output, release("11.1"))?;
    Ok(version)
}

/// Waits until an install goes on on the host, or has ended.
async fn until_installing(host: &SshHost, installing: bool) -> anyhow::Result<()> {
    let what = if installing { "the install to begin" } else { "the install to end" };
    host.until(what, async || Ok((host.exec(&["test", "-d", SCRATCH]).await?.status == 0) == installing))
        .await
}

#[tokio::test]
async fn an_offer_moves_gluster_and_nothing_else() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    let manager = package::parse_detect(&run(&transport, &package::detect()).await?)?;
    assert_eq!(manager, PackageManager::Apt);
    assert_eq!(installed(&transport).await?, Some(release("10.3")));

    let newer = offer(&transport, "11.1").await?;
    assert!(newer.version.as_ref().is_some_and(|version| version.starts_with("11.1-")), "{newer:?}");
    let (version, moves) = (newer.version.clone(), newer.moves.clone());
    let server = moves.iter().find(|moved| moved.package == "glusterfs-server").unwrap();
    assert!(server.from.as_ref().is_some_and(|from| from.starts_with("10.3-")), "{server:?}");
    assert_eq!(server.to, version);
    // 11 needs nothing that the image does not have. It has no libglusterd0; the old one may go or stay behind.
    assert_eq!(newer, PackageOffer { version, moves, ..PackageOffer::default() });
    let same = offer(&transport, "10.3").await?;
    assert!(same.version.as_ref().is_some_and(|version| version.starts_with("10.3-")));
    assert_eq!(same, PackageOffer { version: same.version.clone(), ..PackageOffer::default() });
    assert_eq!(offer(&transport, "11.99").await?, PackageOffer::default());

    host.exec_ok("apt-mark hold glusterfs-server").await?;
    assert_eq!(offer(&transport, "11.1").await?.held, ["glusterfs-server"]);
    assert_eq!(installed(&transport).await?, Some(release("10.3")), "an offer installs nothing");
    Ok(())
}

#[tokio::test]
async fn a_release_is_replaced_in_place() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    assert!(processes(&transport).await?.none());
    assert_eq!(start(&transport).await?, Started::Now);
    assert_eq!(start(&transport).await?, Started::Already);
    assert_eq!(processes(&transport).await?, Processes { glusterd: 1, ..Processes::default() });
    let identity = host.exec_ok("grep UUID /var/lib/glusterd/glusterd.info").await?;

    let version = fetched(&transport).await?;
    assert_eq!(installed(&transport).await?, Some(release("10.3")), "fetching installs nothing");
    assert_eq!(processes(&transport).await?.glusterd, 1, "fetching stops nothing");

    stop(&transport).await?;
    stop(&transport).await?;
    assert!(processes(&transport).await?.none());

    // The image keeps its packages from starting anything; a real host does not.
    host.exec_ok("rm /usr/sbin/policy-rc.d").await?;
    // While it goes on, a second one beside it is refused and does no harm.
    let install = package::install(PackageManager::Apt, &version, release("11.1"));
    let (first, second) = tokio::join!(run(&transport, &install), async {
        until_installing(&host, true).await?;
        anyhow::Ok(run(&transport, &install).await?)
    });
    assert_eq!(package::parse_install(&second?, release("11.1")), Err(PackageError::Busy));
    package::parse_install(&first?, release("11.1"))?;
    assert_eq!(installed(&transport).await?, Some(release("11.1")));
    assert!(processes(&transport).await?.none(), "installing starts nothing of Gluster");
    let ours = host.exec(&["sh", "-c", "grep 'by an upgrade of Gluster' /usr/sbin/policy-rc.d*"]).await?;
    assert_ne!(ours.status, 0, "what it puts there for a moment is gone: {}", ours.said);
    transport.prove_fresh_connection(&g1()).await?;

    assert_eq!(start(&transport).await?, Started::Now);
    assert_eq!(processes(&transport).await?.glusterd, 1);
    assert_eq!(host.exec_ok("grep UUID /var/lib/glusterd/glusterd.info").await?, identity);
    // Once more is the same as once.
    package::parse_install(&run(&transport, &install).await?, release("11.1"))?;
    assert_eq!(processes(&transport).await?.glusterd, 1);
    Ok(())
}

#[tokio::test]
#[ignore = "minutes: `make regression`"]
async fn an_install_goes_on_when_its_connection_is_lost() -> anyhow::Result<()> {
    let (host, transport) = reached().await?;
    let version = fetched(&transport).await?;
    let install = package::install(PackageManager::Apt, &version, release("11.1"));
    let (result, cut) = tokio::join!(run(&transport, &install), async {
        until_installing(&host, true).await?;
        host.cut_connections().await
    });
    cut?;
    assert!(matches!(result, Err(TransportError::Lost { .. })), "{result:?}");
    until_installing(&host, false).await?;
    assert_eq!(installed(&transport).await?, Some(release("11.1")));
    assert_eq!(host.exec_ok("dpkg --audit").await?, "");
    Ok(())
}

#[tokio::test]
#[ignore = "minutes: `make regression`"]
async fn another_release_than_the_one_asked_for_is_told() -> anyhow::Result<()> {
    let (_host, transport) = reached().await?;
    // The version of 10.3, asked for as if it were 11.1.
    let version = offer(&transport, "10.3").await?.version.unwrap();
    let output = run(&transport, &package::install(PackageManager::Apt, &version, release("11.1"))).await?;
    let expected = PackageError::WrongRelease { wanted: release("11.1"), got: Some("10.3".to_owned()) };
    assert_eq!(package::parse_install(&output, release("11.1")), Err(expected));
    Ok(())
}
