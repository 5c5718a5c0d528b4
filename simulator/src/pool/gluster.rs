//! Making Gluster out of nodes: glusterd, peers, volumes, mounts, each waited for by its condition.

use std::time::Duration;

use futures_util::future::try_join_all;

use super::node::Node;
use super::spec::{NodeSpec, VolumeSpec};
use super::wait::{Look, until};
use super::{Pool, PoolError};
use crate::engine::{EngineError, ExecOutput};

/// What glusterd may take to answer, a peer to connect, a brick to come online. Seconds are usual.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
/// What a command may take: the CLI itself gives up after 120 s, and geo-replication asks every host for its keys first.
const CLI_DEADLINE: Duration = Duration::from_secs(180);
/// Under systemd it is also enabled, as an operator would have it: a server that comes back starts it by itself.
const START_GLUSTERD: &str =
    "if [ -d /run/systemd/system ]; then systemctl enable --now glusterd; else glusterd; fi";
/// What `peer status` says of a peer that is well; anything else is not, `Peer Rejected (Connected)` least of all.
const PEER_WELL: &str = "State: Peer in Cluster (Connected)";
/// Answers of glusterd that mean "not now".
const BUSY: [&str; 3] =
    ["Another transaction is in progress", "Another transaction could be in progress", "Locking failed"];

impl Pool {
    /// Runs `gluster` on a server, never asking anything.
    ///
    /// # Errors
    ///
    /// The engine's troubles; a command that fails is no error here.
    pub async fn gluster(&self, server: &Node, words: &[&str]) -> Result<ExecOutput, EngineError> {
        let mut argv = vec!["gluster", "--mode=script"];
        argv.extend_from_slice(words);
        self.engine.exec_within(&server.container, &argv, CLI_DEADLINE).await
    }

    /// Starts glusterd on a server and waits until it answers. One that runs already is fine.
    ///
    /// # Errors
    ///
    /// [`PoolError`] where it does not start, or does not answer in time.
    pub async fn start_glusterd(&self, server: &Node) -> Result<(), PoolError> {
        let running = self.engine.exec(&server.container, &["pgrep", "-x", "glusterd"]).await?;
        if !running.success() {
            self.engine.exec_ok(&server.container, &["sh", "-c", START_GLUSTERD]).await?;
        }
        until(format!("glusterd on {} to answer", server.name), LIMIT, async || {
            let answer = self.gluster(server, &["pool", "list"]).await?;
            Ok(if answer.success() { Look::Ready(()) } else { Look::NotYet(answer.last_words().to_owned()) })
        })
        .await
    }

    /// Waits until every server sees every other one as a connected member of the pool.
    ///
    /// # Errors
    ///
    /// [`PoolError::NotReady`] with the first server that does not, and what it says.
    pub async fn wait_for_peers(&self) -> Result<(), PoolError> {
        let others = self.servers.len() - 1;
        try_join_all(self.servers.iter().map(|server| {
            until(format!("{} to see {others} peers connected", server.name), LIMIT, async || {
                let answer = self.gluster(server, &["peer", "status"]).await?;
                let well = answer.stdout.lines().filter(|line| line.trim() == PEER_WELL).count();
                Ok(if answer.success() && well == others {
                    Look::Ready(())
                } else {
                    let states = answer.stdout.lines().filter(|line| line.starts_with("State:"));
                    let states: Vec<&str> = states.collect();
                    Look::NotYet(format!("{} {}", states.join(", "), answer.stderr.trim()))
                })
            })
        }))
        .await?;
        Ok(())
    }

    /// Waits until every brick and every self-heal daemon of a volume is online.
    ///
    /// # Errors
    ///
    /// [`PoolError::NotReady`] with what is not.
    pub async fn wait_for_bricks(&self, volume: &VolumeSpec) -> Result<(), PoolError> {
        until(format!("all of volume {} to be online", volume.name), LIMIT, async || {
            self.look_at_bricks(volume).await
        })
        .await
    }

    /// Looks whether every brick and every self-heal daemon of a volume is online.
    pub(super) async fn look_at_bricks(&self, volume: &VolumeSpec) -> Result<Look<()>, PoolError> {
        let mut expected = volume.bricks_per_server * self.servers.len();
        if volume.kind.heals() {
            expected += self.servers.len();
        }
        let words = ["volume", "status", &volume.name, "--xml"];
        let answer = self.gluster(&self.servers[0], &words).await?;
        Ok(match online(&answer.stdout) {
            Ok((online, offline)) if offline.is_empty() && online == expected => Look::Ready(()),
            Ok((online, offline)) => {
                Look::NotYet(format!("{online} of {expected} online, offline: {}", offline.join(", ")))
            }
            Err(reason) => Look::NotYet(reason),
        })
    }

    /// Mounts a volume on a client at `/mnt/<volume>`.
    ///
    /// # Errors
    ///
    /// [`PoolError`] where it cannot be mounted.
    pub async fn mount(&self, client: &Node, volume: &str) -> Result<(), PoolError> {
        let target = format!("/mnt/{volume}");
        let names: Vec<&str> = self.servers.iter().map(|server| server.name.as_str()).collect();
        let source = format!("{}:/{volume}", names[0]);
        self.engine.exec_ok(&client.container, &["mkdir", "-p", &target]).await?;
        let mut argv = vec!["mount", "-t", "glusterfs"];
        // A client that only knows one server loses its way to the volume's description with it.
        let others = format!("backup-volfile-servers={}", names[1..].join(":"));
        if names.len() > 1 {
            argv.extend(["-o", others.as_str()]);
        }
        argv.extend([source.as_str(), target.as_str()]);
        self.engine.exec_ok(&client.container, &argv).await?;
        until(format!("{} to see {target}", client.name), LIMIT, async || {
            let mounted = self.engine.exec(&client.container, &["mountpoint", "-q", &target]).await?;
            Ok(if mounted.success() { Look::Ready(()) } else { Look::NotYet("no mount".to_owned()) })
        })
        .await
    }

    /// Starts glusterd everywhere and makes one pool of it.
    pub(super) async fn join_peers(&self) -> Result<(), PoolError> {
        try_join_all(self.servers.iter().map(|server| self.start_glusterd(server))).await?;
        let Some((first, others)) = self.servers.split_first() else {
            return Ok(());
        };
        // The others know the first by what the address that probes them resolves to. The engine's own answer would
        // be the container's name; a pool in production has the host's.
        for_all(others, |other| self.name_address(other, &first.name)).await?;
        for other in others {
            self.change(first, &["peer", "probe", &other.name]).await?;
        }
        self.wait_for_peers().await?;
        // Addresses change when a node comes back after a power cut, so they are not left in a file.
        for_all(others, |other| self.forget_addresses(other)).await
    }

    /// Lets a node resolve the address of another one to its host name.
    async fn name_address(&self, node: &Node, name: &str) -> Result<(), PoolError> {
        const SCRIPT: &str = "cp /etc/hosts /run/hosts.before && getent hosts \"$1\" >>/etc/hosts";
        self.engine.exec_ok(&node.container, &["sh", "-c", SCRIPT, "name-address", name]).await?;
        Ok(())
    }

    /// Takes that back. The file is the engine's: it can be written and not replaced.
    async fn forget_addresses(&self, node: &Node) -> Result<(), PoolError> {
        const SCRIPT: &str = "cat /run/hosts.before >/etc/hosts";
        self.engine.exec_ok(&node.container, &["sh", "-c", SCRIPT]).await?;
        Ok(())
    }

    /// Creates a volume, sets its options, starts it and waits for its bricks.
    pub(super) async fn create_volume(
        &self,
        volume: &VolumeSpec,
        servers: &[NodeSpec],
    ) -> Result<(), PoolError> {
        let bricks = volume.bricks(servers);
        let folders = self.servers.iter().map(|server| async {
            let mut argv = vec!["mkdir", "-p"];
            argv.extend(server.bricks.iter().map(|brick| brick.path.as_str()));
            self.engine.exec_ok(&server.container, &argv).await
        });
        try_join_all(folders).await?;
        let first = &self.servers[0];
        let mut words = vec!["volume".to_owned(), "create".to_owned(), volume.name.clone()];
        words.extend(volume.kind.words());
        words.extend(["transport", "tcp"].map(str::to_owned));
        words.extend(bricks.iter().map(|brick| format!("{}:{}", brick.server, brick.path)));
        // Without it Gluster refuses two bricks of a set on one server, which some rehearsals want.
        words.push("force".to_owned());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.change(first, &words).await?;
        for (key, value) in &volume.options {
            self.change(first, &["volume", "set", &volume.name, key, value]).await?;
        }
        self.change(first, &["volume", "start", &volume.name]).await?;
        self.wait_for_bricks(volume).await
    }

    pub(super) async fn mount_all(&self, client: &Node, volumes: &[String]) -> Result<(), PoolError> {
        for volume in volumes {
            self.mount(client, volume).await?;
        }
        Ok(())
    }

    /// Runs a `gluster` that changes the pool; tries again while glusterd is busy with something else.
    ///
    /// # Errors
    ///
    /// The engine's troubles, a change that is refused, and [`PoolError::NotReady`] where glusterd stays busy.
    pub async fn change(&self, server: &Node, words: &[&str]) -> Result<(), PoolError> {
        let what = format!("`gluster {}` on {}", words.join(" "), server.name);
        until(what, LIMIT, async || {
            let output = self.gluster(server, words).await?;
            if output.success() {
                return Ok(Look::Ready(()));
            }
            let said = format!("{}{}", output.stdout, output.stderr);
            if BUSY.iter().any(|busy| said.contains(busy)) {
                return Ok(Look::NotYet(said.trim().to_owned()));
            }
            let failed = EngineError::Failed {
                container: server.name.clone(),
                argv: words.iter().map(|word| (*word).to_owned()).collect(),
                output: Box::new(output),
            };
            Err(failed.into())
        })
        .await
    }
}

/// Does something on all of these nodes at once.
async fn for_all<'a, F>(nodes: &'a [Node], act: impl Fn(&'a Node) -> F) -> Result<(), PoolError>
where
    F: Future<Output = Result<(), PoolError>>,
{
    try_join_all(nodes.iter().map(act)).await?;
    Ok(())
}

/// Counts the processes of a volume that are online, and names those that are not.
fn online(status: &str) -> Result<(usize, Vec<String>), String> {
    let document = roxmltree::Document::parse(status).map_err(|error| error.to_string())?;
    let text = |node: roxmltree::Node<'_, '_>, name: &str| -> String {
        let mut children = node.children();
        let child = children.find(|child| child.has_tag_name(name));
        child.and_then(|child| child.text()).unwrap_or_default().to_owned()
    };
    let processes = document.descendants().filter(|node| {
        // Tasks of a volume have nodes too; a process is one with a name, a path and a status.
        node.has_tag_name("node") && node.children().any(|child| child.has_tag_name("hostname"))
    });
    let (online, offline): (Vec<_>, Vec<_>) = processes.partition(|process| text(*process, "status") == "1");
    let names =
        offline.into_iter().map(|process| format!("{}:{}", text(process, "hostname"), text(process, "path")));
    Ok((online.len(), names.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "<?xml version=\"1.0\"?><cliOutput><volStatus><volumes><volume>
        <node><hostname>g1</hostname><path>/bricks/v/1</path><status>1</status></node>
        <node><hostname>g2</hostname><path>/bricks/v/1</path><status>0</status></node>
        <node><hostname>Self-heal Daemon</hostname><path>localhost</path><status>1</status></node>
        <tasks/></volume></volumes></volStatus></cliOutput>";

    #[test]
    fn processes_are_counted() {
        assert_eq!(online(STATUS), Ok((2, vec!["g2:/bricks/v/1".to_owned()])));
        assert!(online("Volume v is not started").is_err());
    }
}
