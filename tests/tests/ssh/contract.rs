//! The contract of transports, put to those that lead to another host.

use std::fs;

use acceptance::ssh_host::SshHost;
use async_trait::async_trait;
use executor::transport::{Exec, Transport};
use std::collections::BTreeMap;

use crate::transports::Bench;
use crate::{g1, transport, transports};

/// A host in a container, and what cuts the way to it.
struct Container<T> {
    host: SshHost,
    transport: T,
    cut_by: Cut,
}

enum Cut {
    /// The connections end on the host.
    Connections,
    /// The program that leads to it is killed here.
    Program,
}

#[async_trait(?Send)]
impl<T: Transport> Bench for Container<T> {
    fn transport(&self) -> &dyn Transport {
        &self.transport
    }

    async fn runs(&self, words: &[&str]) -> bool {
        self.host.exec(&["pgrep", "-fx", &words.join(" ")]).await.unwrap().status == 0
    }

    async fn has(&self, path: &str) -> bool {
        self.host.exec(&["test", "-e", path]).await.unwrap().status == 0
    }

    async fn cut(&self, word: &str) {
        match self.cut_by {
            Cut::Connections => self.host.cut_connections().await.unwrap(),
            Cut::Program => kill_program(word),
        }
    }
}

/// Kills the program of this machine that has this word among its arguments and was started by us.
fn kill_program(word: &str) {
    let has_word = |process: &fs::DirEntry| {
        fs::read(process.path().join("cmdline")).is_ok_and(|line| {
            let mut words = line.split(|byte| *byte == 0);
            words.next().is_some_and(|program| program.ends_with(b"docker"))
                && words.any(|found| found == word.as_bytes())
        })
    };
    let found = fs::read_dir("/proc").unwrap().filter_map(Result::ok).find(has_word).unwrap();
    let pid = found.file_name().into_string().unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
}

#[tokio::test]
async fn the_contract_holds_by_ssh() -> anyhow::Result<()> {
    let host = SshHost::start("g1").await?;
    let transport = transport(host.settings());
    transports::holds(&Container { host, transport, cut_by: Cut::Connections }).await;
    Ok(())
}

#[tokio::test]
async fn the_contract_holds_by_ssh_for_a_user_with_sudo_behind_a_jump_host() -> anyhow::Result<()> {
    let (host, gate) = tokio::try_join!(SshHost::start("g1"), SshHost::start("gate"))?;
    host.add_user("ops").await?;
    host.exec_ok("echo 'ops ALL=(root) NOPASSWD: /usr/bin/sh' >/etc/sudoers.d/gluster-upgrade").await?;
    let transport = transport(host.settings_behind(&gate, "ops").await?);
    // The gate goes last: it is the way.
    transports::holds(&Container { host, transport, cut_by: Cut::Connections }).await;
    drop(gate);
    Ok(())
}

#[tokio::test]
async fn the_contract_holds_behind_docker_exec() -> anyhow::Result<()> {
    let host = SshHost::start("g1").await?;
    let prefix = ["docker", "exec", "-i", host.id()].map(str::to_owned).to_vec();
    let transport = Exec::new(BTreeMap::from([(g1(), prefix)]));
    transports::holds(&Container { host, transport, cut_by: Cut::Program }).await;
    Ok(())
}
