//! A real SSH host: one container of the project's own image, with keys of its own, gone when it is dropped.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use executor::core::inventory::SshSettings;
use simulator::engine::{Engine, Run};
use simulator::pool::known_hosts_line;
use tempfile::TempDir;
use testcontainers::bollard::models::{HostConfig, PortBinding};
use testcontainers::core::{CmdWaitFor, ExecCommand, IntoContainerPort};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, CopyTargetOptions, GenericImage, ImageExt};

use crate::image::node_image;

/// The port of sshd in the container.
const SSH: u16 = 22;
/// What the image's start script leaves when sshd is up.
const READY_MARK: &str = "/run/node-ready";
/// How long a host may take to start: a second, on a machine that is not busy.
const START_LIMIT: Duration = Duration::from_secs(120);
/// The time between two looks at a condition.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A host that is reached over SSH on a port of loopback, as root, by the key `id`.
///
/// It carries the labels of a run of the simulator, so that what a killed test leaves is found by
/// `simulator clean`. Dropped, also by a panic, it is gone before the test ends.
pub struct SshHost {
    container: ContainerAsync<GenericImage>,
    /// Its keys. The name has a space in it: paths that ssh is given have to be quoted.
    folder: TempDir,
    port: u16,
}

/// How a command in the container ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: i64,
    /// What it printed, without the blanks around it.
    pub said: String,
}

impl SshHost {
    /// Starts a host of this name, on the release that the image has installed. Gluster does not run yet.
    ///
    /// # Errors
    /// Without a container engine, an image, or ssh's own tools, with the reason. There is no skipping.
    pub async fn start(name: &str) -> anyhow::Result<Self> {
        let engine =
            Engine::connect().await.context("these tests need a container engine; see `make setup`")?;
        let image = node_image(&engine).await?;
        let folder = tempfile::Builder::new().prefix("ssh host ").tempdir()?;
        for key in ["id", "other"] {
            keygen(&folder.path().join(key)).await?;
        }
        let run = Run::new("ssh");
        let public = std::fs::read(folder.path().join("id.pub"))?;
        let container = match request(&run, &image, name, public)?.start().await {
            Ok(container) => container,
            Err(error) => {
                // One that was made and did not start is nobody's.
                engine.remove_run(&run.id).await?;
                return Err(error).with_context(|| format!("starting {name}"));
            }
        };
        let port = container.get_host_port_ipv4(SSH.tcp()).await?;
        let host = Self { container, folder, port };
        host.until("sshd to be up", async || Ok(host.exec(&["test", "-e", READY_MARK]).await?.status == 0))
            .await?;
        std::fs::write(host.path("host.pub"), host.exec_ok("cat /etc/ssh/ssh_host_ed25519_key.pub").await?)?;
        host.know("host.pub")?;
        Ok(host)
    }

    /// Returns what the engine calls its container.
    #[must_use]
    pub fn id(&self) -> &str {
        self.container.id()
    }

    /// Returns where a file of its keys is: `id` and `other` with their `.pub`, `host.pub`, `known`.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the port of loopback that leads to its sshd.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns a line of a known hosts file: this public key for an address.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn known_line(&self, public_key: &str) -> anyhow::Result<String> {
        let public = std::fs::read_to_string(self.path(public_key))?;
        Ok(known_hosts_line((Ipv4Addr::LOCALHOST, self.port).into(), &public)? + "\n")
    }

    /// Writes the known hosts file with this public key for the host.
    ///
    /// # Errors
    /// When the key cannot be read, or the file not be written.
    pub fn know(&self, public_key: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.path("known"), self.known_line(public_key)?)?)
    }

    /// Returns how the executor reaches it.
    #[must_use]
    pub fn settings(&self) -> SshSettings {
        SshSettings {
            address: Ipv4Addr::LOCALHOST.to_string(),
            user: Some("root".to_owned()),
            port: Some(self.port),
            identity: Some(self.path("id")),
            known_hosts: Some(self.path("known")),
            jump: None,
        }
    }

    /// Adds a user whom the key `id` lets in, and who may nothing else.
    ///
    /// # Errors
    /// The engine's troubles.
    pub async fn add_user(&self, name: &str) -> anyhow::Result<()> {
        let line = format!(
            "useradd --create-home --shell /bin/bash {name} && install -d -o {name} -m 700 ~{name}/.ssh && \
             install -o {name} -m 600 ~/.ssh/authorized_keys ~{name}/.ssh/authorized_keys"
        );
        self.exec_ok(&line).await.map(drop)
    }

    /// Returns how the executor reaches it as a user, by way of another host that lets the same key in.
    ///
    /// # Errors
    /// The engine's troubles, and when a key cannot be read.
    pub async fn settings_behind(&self, gate: &Self, user: &str) -> anyhow::Result<SshSettings> {
        let key = std::fs::read_to_string(self.path("id.pub"))?;
        gate.exec_ok(&format!("echo '{}' >>~/.ssh/authorized_keys", key.trim())).await?;
        let address = self.inner_address().await?;
        let host_key = std::fs::read_to_string(self.path("host.pub"))?;
        let known = format!("{address} {}\n{}", host_key.trim(), gate.known_line("host.pub")?);
        std::fs::write(self.path("known"), known)?;
        Ok(SshSettings {
            address,
            port: None,
            user: Some(user.to_owned()),
            jump: Some(format!("root@127.0.0.1:{}", gate.port())),
            ..self.settings()
        })
    }

    /// Puts a program of this machine into the container.
    ///
    /// # Errors
    /// When the engine's own program cannot be run, or says no.
    pub async fn upload(&self, file: &Path, to: &str) -> anyhow::Result<()> {
        let target = format!("{}:{to}", self.id());
        let output = tokio::process::Command::new("docker").arg("cp").arg(file).arg(target).output().await?;
        ensure!(output.status.success(), "docker cp: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Returns its address among the containers.
    ///
    /// # Errors
    /// The engine's troubles.
    pub async fn inner_address(&self) -> anyhow::Result<String> {
        let addresses = self.exec_ok("hostname -i").await?;
        Ok(addresses.split_whitespace().next().context("a host has an address")?.to_owned())
    }

    /// Runs a command in the container, past SSH.
    ///
    /// # Errors
    /// The engine's troubles; never the command's own status.
    pub async fn exec(&self, argv: &[&str]) -> anyhow::Result<Ended> {
        let command = ExecCommand::new(argv.iter().copied()).with_cmd_ready_condition(CmdWaitFor::exit());
        let mut result = self.container.exec(command).await?;
        let mut said = result.stdout_to_vec().await?;
        said.extend(result.stderr_to_vec().await?);
        let status = result.exit_code().await?.context("it has ended")?;
        Ok(Ended { status, said: String::from_utf8_lossy(&said).trim().to_owned() })
    }

    /// Runs a line of shell in the container, past SSH, and returns what it printed.
    ///
    /// # Errors
    /// When it fails.
    pub async fn exec_ok(&self, line: &str) -> anyhow::Result<String> {
        let Ended { status, said } = self.exec(&["sh", "-c", line]).await?;
        ensure!(status == 0, "`{line}` in the container ended with {status}: {said}");
        Ok(said)
    }

    /// Looks until a condition holds.
    ///
    /// # Errors
    /// When it does not in time, and whatever a look ends with.
    pub async fn until(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !look().await? {
            if !self.container.is_running().await? {
                let words = self.container.stderr_to_vec().await?;
                bail!("waiting for {what}, but the container ended: {}", String::from_utf8_lossy(&words));
            }
            ensure!(begun.elapsed() < START_LIMIT, "waited {} s for {what}", START_LIMIT.as_secs());
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// Kills the processes that serve connections, as a host that goes down would. sshd itself goes on.
    ///
    /// # Errors
    /// The engine's troubles, and when there is no connection.
    pub async fn cut_connections(&self) -> anyhow::Result<()> {
        // From OpenSSH 9.8 on a program of its own serves a connection.
        self.exec_ok("pkill -KILL -f '^sshd(-session)?: [a-z]'").await.map(drop)
    }

    /// Kills the sshd that listens. Connections that stand go on.
    ///
    /// # Errors
    /// The engine's troubles, and when none listens.
    pub async fn stop_listening(&self) -> anyhow::Result<()> {
        self.exec_ok("pkill -KILL -f '^sshd: /usr/sbin/sshd'").await.map(drop)
    }

    /// Returns how many logins sshd has accepted.
    ///
    /// # Errors
    /// The engine's troubles.
    pub async fn logins(&self) -> anyhow::Result<usize> {
        let log = self.exec_ok("cat /var/log/sshd.log").await?;
        Ok(log.matches("Accepted publickey").count())
    }
}

fn request(
    run: &Run,
    image: &str,
    name: &str,
    authorized_keys: Vec<u8>,
) -> anyhow::Result<ContainerRequest<GenericImage>> {
    let (repository, tag) = image.rsplit_once(':').context("an image has a name and a tag")?;
    let keys = CopyTargetOptions::new("/root/.ssh/authorized_keys").with_mode(0o600);
    Ok(GenericImage::new(repository, tag)
        .with_exposed_port(SSH.tcp())
        .with_container_name(format!("{}-{name}", run.id))
        .with_hostname(name)
        .with_labels(run.labels())
        .with_startup_timeout(START_LIMIT)
        .with_copy_to(keys, authorized_keys)
        .with_host_config_modifier(like_a_node))
}

/// Makes a container what a node of a pool is, as far as a host without bricks and mounts has to be.
fn like_a_node(config: &mut HostConfig) {
    // Reaps: a daemon that has ended would stay as a zombie.
    config.init = Some(true);
    // On a real machine root may read what other users' processes use.
    config.cap_add = Some(vec!["SYS_PTRACE".to_owned()]);
    // Empty after every start, as on a real machine.
    config.tmpfs = Some([("/run".to_owned(), "mode=755".to_owned())].into());
    // Loopback alone, so that no host is ever open to the machine's network.
    let binding = PortBinding { host_ip: Some(Ipv4Addr::LOCALHOST.to_string()), host_port: None };
    config.publish_all_ports = Some(false);
    config.port_bindings = Some([(format!("{SSH}/tcp"), Some(vec![binding]))].into());
}

async fn keygen(path: &Path) -> anyhow::Result<()> {
    let output = tokio::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .output()
        .await
        .context("ssh-keygen cannot be run; see `make setup`")?;
    ensure!(output.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&output.stderr));
    let mode = std::fs::metadata(path)?.permissions().mode();
    ensure!(mode & 0o077 == 0, "ssh refuses a key that others may read: {mode:o}");
    Ok(())
}
