//! The executor itself, as it upgrades one real server: by a user with sudo behind a jump host, on the server
//! itself, and behind `docker exec` with the operator's own command. And what it refuses about packages.

use std::collections::BTreeMap;

use acceptance::program::{Ended, Place, Program};
use acceptance::ssh_host::SshHost;
use executor::service;

use crate::{run, transport};

const TO: &[&str] = &["-i", "pool.toml", "--to", "11.1"];
/// The file that the operator has edited, as a comment that changes nothing.
const EDITED: &str = "/etc/glusterfs/glusterd.vol";

/// Returns a server that runs Gluster 10.3 as a pool of its own, with an edited file.
async fn server(name: &str) -> anyhow::Result<SshHost> {
    let host = SshHost::start(name).await?;
    let transport = transport(host.settings());
    service::parse_started(&run(&transport, &service::start_glusterd()).await?)?;
    transport.close().await;
    host.exec_ok(&format!("echo '# ours' >>{EDITED}")).await?;
    Ok(host)
}

/// Returns the inventory of one server behind `docker exec`.
fn behind_docker(host: &SshHost, more: &str) -> String {
    format!(
        "transport = {{ exec = [\"docker\", \"exec\", \"-i\", \"{{address}}\"] }}\n{more}[[servers]]\nname = \"g1\"\n\
         address = \"{}\"\n",
        host.id()
    )
}

/// Sees that the server was upgraded wholly, and that the operator's file is as it was.
async fn upgraded(host: &SshHost, ended: &Ended) -> anyhow::Result<()> {
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(host.exec_ok("gluster --version | head -n 1").await?, "glusterfs 11.1");
    let info = host.exec_ok("cat /var/lib/glusterd/glusterd.info").await?;
    assert!(info.contains("operating-version=110000"), "{info}");
    assert_eq!(host.exec_ok(&format!("tail -n 1 {EDITED}")).await?, "# ours");
    Ok(())
}

/// Returns the findings of a check that is refused: what was found, by code.
async fn findings(inventory: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let ended = Place::new(inventory)?.executor(&[&["check"], TO, &["--output", "json"]].concat()).await?;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    let answer: serde_json::Value = serde_json::from_str(&ended.stdout)?;
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let found = answer["findings"].as_array().unwrap().iter();
    Ok(found.map(|finding| (text(finding, "code"), text(finding, "what"))).collect())
}

#[tokio::test]
#[ignore = "minutes: `make regression`"]
async fn a_user_with_sudo_behind_a_jump_host_upgrades_a_server() -> anyhow::Result<()> {
    let (host, gate) = tokio::try_join!(server("g1"), SshHost::start("gate"))?;
    host.add_user("ops").await?;
    let settings = host.settings_behind(&gate, "ops").await?;
    let quoted = |path: Option<std::path::PathBuf>| format!("{:?}", path.unwrap().display().to_string());
    let inventory = format!(
        "[ssh]\nuser = \"ops\"\nidentity = {}\nknown_hosts = {}\njump = {:?}\n[[servers]]\nname = \"g1\"\n\
         address = {:?}\n",
        quoted(settings.identity.clone()),
        quoted(settings.known_hosts.clone()),
        settings.jump.clone().unwrap(),
        settings.address,
    );

    // Without the right to become root it is refused, and the line that is missing is named: it is the right one.
    let found = findings(&inventory).await?;
    let line = found["SUDO_REFUSED"].split('`').nth(1).unwrap();
    let file = "/etc/sudoers.d/gluster-upgrade";
    host.exec_ok(&format!("echo '{line}' >{file} && chmod 440 {file} && visudo -c -q")).await?;

    let place = Place::new(&inventory)?;
    let ended = place.executor(&[&["run"], TO, &["--yes", "--events", "events"]].concat()).await?;
    upgraded(&host, &ended).await?;
    // The file is named in the plan. Both releases bring the same one, so that none is left beside it.
    let events = std::fs::read_to_string(place.path("events"))?;
    assert!(events.contains(&format!("\"edited\":[\"{EDITED}\"]")), "{events}");
    assert!(ended.stderr.contains("what installing moves on g1"), "{}", ended.stderr);
    Ok(())
}

/// ssh looks for it where the operator's account has its home, whatever `HOME` says: so the operator is in a container.
#[tokio::test]
#[ignore = "minutes: `make regression`"]
async fn an_alias_of_the_operators_ssh_configuration_leads_to_a_server() -> anyhow::Result<()> {
    let (host, desk) = tokio::try_join!(server("g1"), SshHost::start("desk"))?;
    let address = host.inner_address().await?;
    // A door of its own, so that the port counts; and a key that no agent and no default would find.
    host.exec_ok("/usr/sbin/sshd -p 2222 -E /var/log/second.log").await?;
    let key =
        desk.exec_ok("ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/gluster && cat ~/.ssh/gluster.pub").await?;
    host.exec_ok(&format!("echo '{key}' >>~/.ssh/authorized_keys")).await?;
    let host_key = host.exec_ok("cat /etc/ssh/ssh_host_ed25519_key.pub").await?;
    desk.exec_ok(&format!("echo '[{address}]:2222 {host_key}' >~/.ssh/known_hosts")).await?;
    desk.exec_ok(&format!(
        "printf 'Host storage\\n HostName {address}\\n Port 2222\\n IdentityFile ~/.ssh/gluster\\n' >~/.ssh/config"
    ))
    .await?;
    desk.upload(&Program::Executor.path(), "/opt/executor").await?;
    let inventory = "[[servers]]\nname = \"g1\"\naddress = \"storage\"\n";
    desk.exec_ok(&format!("printf '%s' '{inventory}' >/opt/pool.toml")).await?;
    let check = ["sh", "-c", "cd /opt && ./executor check -i pool.toml --to 11.1 2>&1"];

    let first_door = host.logins().await?;
    let ended = desk.exec(&check).await?;
    assert_eq!(ended.status, 0, "{}", ended.said);
    assert_ne!(host.exec_ok("grep -c 'Accepted publickey' /var/log/second.log").await?, "0");
    assert_eq!(host.logins().await?, first_door, "nobody came by the other door");

    // Nothing else than the alias led there.
    desk.exec_ok("rm ~/.ssh/config").await?;
    let ended = desk.exec(&check).await?;
    assert_eq!(ended.status, 2, "{}", ended.said);
    assert!(ended.said.contains("storage") && ended.said.contains("~/.ssh/config"), "{}", ended.said);
    Ok(())
}

#[tokio::test]
#[ignore = "minutes: `make regression`"]
async fn the_executor_upgrades_the_server_that_it_runs_on() -> anyhow::Result<()> {
    let host = server("g1").await?;
    host.upload(&Program::Executor.path(), "/opt/executor").await?;
    let inventory = "transport = \"local\"\n[[servers]]\nname = \"g1\"\n";
    host.exec_ok(&format!("mkdir /opt/run && printf '%s' '{inventory}' >/opt/run/pool.toml")).await?;
    let run = "cd /opt/run && HOME=/opt/run /opt/executor run -i pool.toml --to 11.1 --yes 2>&1";
    let ended = host.exec(&["sh", "-c", run]).await?;
    let code = i32::try_from(ended.status).ok();
    upgraded(&host, &Ended { code, stdout: ended.said, stderr: String::new() }).await?;

    // Another machine is not this one, whatever the inventory says.
    let ended = Place::new("[[servers]]\nname = \"g1\"\naddress = \"192.0.2.7\"\ntransport = \"local\"\n")?
        .executor(&[&["check"], TO].concat())
        .await?;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("pool.toml:3: `g1` is `local`, but `192.0.2.7`"), "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
#[ignore = "minutes: `make regression`"]
async fn the_operators_own_command_installs_behind_docker_exec() -> anyhow::Result<()> {
    let host = server("g1").await?;
    // Their way: no package manager is asked, its hold stands in nobody's way until theirs takes it off.
    host.exec_ok(
        "printf '#!/bin/sh\\nset -e\\necho \"$# $1\" >/run/own\\nuse-release \"$1\"\\necho moved\\n' \
         >/usr/local/bin/upgrade-gluster && chmod 755 /usr/local/bin/upgrade-gluster",
    )
    .await?;
    let own = "[packages]\ninstall = [\"/usr/local/bin/upgrade-gluster\", \"{release}\"]\n";
    let place = Place::new(&behind_docker(&host, own))?;
    let ended = place.executor(&[&["run"], TO, &["--yes"]].concat()).await?;
    upgraded(&host, &ended).await?;
    assert_eq!(host.exec_ok("cat /run/own").await?, "1 11.1");
    assert!(
        ended.stderr.contains("by your command: /usr/local/bin/upgrade-gluster 11.1"),
        "{}",
        ended.stderr
    );

    // One that fails, or brings another release, is found out. Nothing of the pool was lost: it is taken up again.
    let failing = server("g2").await?;
    let own = "[packages]\ninstall = [\"/bin/false\"]\n";
    let place = Place::new(&behind_docker(&failing, own))?;
    let ended = place.executor(&[&["run"], TO, &["--yes"]].concat()).await?;
    assert_eq!(ended.code, Some(12), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("your install command failed"), "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
#[ignore = "minutes: `make regression`"]
async fn what_is_wrong_with_packages_is_refused_before_anything_is_done() -> anyhow::Result<()> {
    let host = server("g1").await?;
    let inventory = behind_docker(&host, "");
    let before = host.exec_ok("cat /var/lib/dpkg/status /var/lib/glusterd/glusterd.info | md5sum").await?;

    host.exec_ok("apt-mark hold glusterfs-server").await?;
    let held = findings(&inventory).await?;
    assert_eq!(held.keys().collect::<Vec<_>>(), ["PACKAGE_HELD"], "{held:?}");
    assert!(held["PACKAGE_HELD"].contains("glusterfs-server"), "{held:?}");
    host.exec_ok("apt-mark unhold glusterfs-server").await?;

    // A source that apt cannot read, one that was never fetched, and none at all.
    host.exec_ok("echo 'deb nonsense' >/etc/apt/sources.list.d/bad.list").await?;
    let bad = findings(&inventory).await?;
    assert!(bad.contains_key("PACKAGE_REPOSITORY_BROKEN"), "{bad:?}");
    host.exec_ok("echo 'deb http://mirror.invalid/debian sid main' >/etc/apt/sources.list.d/bad.list")
        .await?;
    let unfetched = findings(&inventory).await?;
    assert_eq!(unfetched.keys().collect::<Vec<_>>(), ["PACKAGE_REPOSITORY_BROKEN"], "{unfetched:?}");
    assert!(unfetched["PACKAGE_REPOSITORY_BROKEN"].contains("mirror.invalid"), "{unfetched:?}");
    host.exec_ok("rm /etc/apt/sources.list.d/bad.list").await?;

    // dpkg that was interrupted.
    let states = "/^Package: glusterfs-cli$/,/^$/ s/^Status: .*/Status: install ok";
    host.exec_ok(&format!("sed -i '{states} half-configured/' /var/lib/dpkg/status")).await?;
    let half = findings(&inventory).await?;
    assert!(
        half.get("PACKAGES_HALF_INSTALLED").is_some_and(|what| what.contains("glusterfs-cli")),
        "{half:?}"
    );
    host.exec_ok(&format!("sed -i '{states} installed/' /var/lib/dpkg/status")).await?;

    // Packages that the lists name and the mirror no longer has: found out while all serve, nothing is stopped.
    host.exec_ok("mkdir /away && mv /opt/gluster/repo/*11.1* /away").await?;
    let place = Place::new(&inventory)?;
    let ended = place.executor(&[&["run"], TO, &["--yes"]].concat()).await?;
    assert_eq!(ended.code, Some(12), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("the packages could not be fetched"), "{}", ended.stderr);
    assert!(ended.stderr.contains("no server was touched"), "{}", ended.stderr);
    host.exec_ok("pidof glusterd").await?;

    let after = host.exec_ok("cat /var/lib/dpkg/status /var/lib/glusterd/glusterd.info | md5sum").await?;
    assert_eq!(after, before, "the server is as it was");
    Ok(())
}
