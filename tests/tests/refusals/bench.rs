//! The pool under test, what it is digested to, and the executor that looks at it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use acceptance::program::Program;
use simulator::artifacts::Artifacts;
use simulator::pool::{Node, Pool};
use tokio::runtime::Handle;

use crate::breaks::Break;

/// Everything of Gluster's on a node that having looked must not change: its stored state but for pid files, its
/// processes, packages and holds, the firewall.
const DIGEST: &str = "
cd /var/lib/glusterd 2>/dev/null &&
    find . -type f ! -name '*.pid' -print0 | sort -z | xargs -0 sha256sum
for name in glusterd glusterfsd glusterfs; do echo \"$name\" $(pgrep -x \"$name\" | sort -n); done
dpkg-query -W -f '${Package} ${Version} ${Status}\\n' | sha256sum
apt-mark showhold
nft -s list ruleset 2>/dev/null | sha256sum
sha256sum /etc/glusterfs/* 2>/dev/null
";

/// How long a mended pool may take to be well: heals and reconnects.
const MENDED: Duration = Duration::from_secs(180);

/// A pool, and the executor's way to it.
pub(crate) struct Bench<'a> {
    pub(crate) pool: &'a Pool,
    inventory: PathBuf,
    folder: tempfile::TempDir,
}

/// What a plan came to.
struct Planned {
    exit: Option<i32>,
    /// Codes and subjects of all findings that were seen; what could not be seen is none.
    findings: Vec<(String, String)>,
    said: String,
}

impl<'a> Bench<'a> {
    pub(crate) fn on(pool: &'a Pool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let artifacts =
            Artifacts::create(folder.path(), "refusals", jiff::Timestamp::now()).expect("artifacts");
        let inventory = artifacts.write_inventory(pool).expect("an inventory");
        Self { pool, inventory, folder }
    }

    /// Returns a server by its name, or the client.
    pub(crate) fn node(&self, name: &str) -> &Node {
        self.pool.node(name).expect("a node of that name")
    }

    /// Runs a script of a test on a node; it must succeed.
    pub(crate) fn sh(&self, name: &str, script: &str) -> String {
        let node = self.node(name);
        let argv = ["sh", "-euc", script];
        let run = self.pool.engine().exec_ok(&node.container, &argv);
        Handle::current()
            .block_on(run)
            .unwrap_or_else(|error| panic!("on {name}: {error:?}\n{script}"))
            .stdout
    }

    /// Runs a script again and again until it succeeds.
    pub(crate) fn until(&self, what: &str, name: &str, script: &str) {
        let begun = Instant::now();
        loop {
            let node = self.node(name);
            let argv = ["sh", "-euc", script];
            let run = self.pool.engine().exec(&node.container, &argv);
            let output = Handle::current().block_on(run).expect("a command that can be run");
            if output.success() {
                return;
            }
            assert!(begun.elapsed() < MENDED, "waited for {what} on {name}: {}", output.last_words());
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Starts every brick and daemon that is down, and waits until glusterd says that they are online.
    pub(crate) fn all_online(&self) {
        let volumes = self.pool.volumes();
        Handle::current()
            .block_on(async {
                self.pool.wait_for_peers().await?;
                for volume in volumes {
                    self.pool
                        .change(&self.pool.servers()[0], &["volume", "start", &volume.name, "force"])
                        .await?;
                    self.pool.wait_for_bricks(volume).await?;
                }
                Ok::<(), simulator::pool::PoolError>(())
            })
            .expect("a pool that comes online");
    }

    fn digest(&self) -> Vec<String> {
        let nodes = self.pool.nodes().map(|node| self.sh(&node.name, DIGEST));
        let info = self.sh("g1", "gluster --mode=script volume info --xml 2>&1 || true");
        nodes.chain([info]).collect()
    }

    fn plan_with(&self, inventory: &Path, to: &str) -> Planned {
        let mut command = Command::new(Program::Executor.path());
        command.args(["plan", "--to", to, "--output", "json", "--inventory"]).arg(inventory);
        command.arg("--state-dir").arg(self.folder.path().join("state")).stdin(Stdio::null());
        let output = command.output().expect("the executor");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let answer: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_default();
        let findings = answer["refusal"]["findings"].as_array().into_iter().flatten();
        let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let findings = findings.filter(|finding| finding["ground"] == "seen");
        let findings = findings.map(|finding| (word(&finding["code"]), word(&finding["subject"]))).collect();
        let said = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Planned { exit: output.status.code(), findings, said }
    }

    /// Fails unless the pool could be upgraded; looks again while it heals and reconnects.
    pub(crate) fn fit(&self, when: &str) {
        let begun = Instant::now();
        loop {
            let planned = self.plan_with(&self.inventory, "11.1");
            if planned.exit == Some(0) {
                eprintln!("refusals: {when}: fit after {:.1} s", begun.elapsed().as_secs_f64());
                return;
            }
            eprintln!("refusals: {when}: not yet: {:?}", planned.findings);
            assert!(begun.elapsed() < MENDED, "{when}: {:?}\n{}", planned.exit, planned.said);
        }
    }

    /// Fails unless the plan is refused with these findings, and the pool is as it was.
    fn refused(&self, when: &str, inventory: &Path, to: &str, expected: &[(&str, &str)]) {
        let begun = Instant::now();
        let before = self.digest();
        let planned = self.plan_with(inventory, to);
        let after = self.digest();
        assert_eq!(planned.exit, Some(10), "{when}: {}", planned.said);
        for (code, subject) in expected {
            let found = planned.findings.iter().any(|(c, s)| c == code && s == subject);
            assert!(found, "{when}: no {code} of {subject}: {:?}", planned.findings);
        }
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after, "{when}: the pool was touched");
        }
        assert!(!self.folder.path().join("state").exists(), "{when}: looking leaves no journal");
        let codes: Vec<&str> = planned.findings.iter().map(|(code, _)| code.as_str()).collect();
        eprintln!("refusals: {when}: {codes:?} after {:.1} s", begun.elapsed().as_secs_f64());
    }

    pub(crate) fn refused_target(&self, to: &str, code: &str, subject: &str) {
        self.refused(&format!("to {to}"), &self.inventory, to, &[(code, subject)]);
    }

    /// A server that the inventory forgot.
    pub(crate) fn refused_without(&self, server: &str, code: &str) {
        let text = std::fs::read_to_string(&self.inventory).expect("the inventory");
        let sections = text.split_inclusive("\n\n");
        let kept: String =
            sections.filter(|section| !section.contains(&format!("name = \"{server}\""))).collect();
        assert!(kept.len() < text.len(), "{text}");
        // Beside the first one, since its key is named relative to it.
        let shorter = self.inventory.with_file_name("shorter.toml");
        std::fs::write(&shorter, kept).expect("an inventory");
        self.refused(&format!("without {server}"), &shorter, "11.1", &[(code, "pool")]);
    }

    /// A server that was taken out of the pool, and that the inventory still names: the client's machine, which has
    /// Gluster's server installed and no brick to keep it in.
    pub(crate) fn refused_when_detached(&self, machine: &str) {
        let glusterd = self.pool.start_glusterd(self.node(machine));
        Handle::current().block_on(glusterd).expect("glusterd starts");
        let peers = |count: usize| format!("test $(gluster pool list | grep -c Connected) = {count}");
        self.until("the peer to be taken in", "g1", &format!("gluster peer probe {machine}"));
        self.until("all to be connected", "g1", &peers(4));
        self.until("all to be known", machine, &peers(4));
        self.until("the peer to be let go", "g1", &format!("gluster --mode=script peer detach {machine}"));
        self.until("it to know", machine, &peers(1));
        let text = std::fs::read_to_string(&self.inventory).expect("the inventory");
        let section = format!("[[clients]]\nname = \"{machine}\"");
        assert!(text.contains(&section), "{text}");
        let longer = self.inventory.with_file_name("longer.toml");
        std::fs::write(&longer, text.replace(&section, &section.replace("clients", "servers")))
            .expect("an inventory");
        self.refused("detached", &longer, "11.1", &[("HOST_NOT_IN_POOL", machine)]);
        self.until("its glusterd to be gone", machine, "pkill -x glusterd || true; ! pgrep -x glusterd");
    }

    /// Breaks, looks, mends, and looks again.
    pub(crate) fn round(&self, round: &[Break]) {
        let when = format!("{round:?}");
        for one in round {
            one.apply(self);
        }
        let expected: Vec<(&str, &str)> = round.iter().flat_map(|one| one.findings()).copied().collect();
        self.refused(&when, &self.inventory, "11.1", &expected);
        for one in round.iter().rev() {
            one.mend(self);
        }
        self.all_online();
        self.until("a heal to be launched", "g1", "gluster volume heal vol0");
        self.fit(&format!("{when}, mended"));
    }

    /// What `inspect` prints for a script names every server and every volume.
    pub(crate) fn inspected(&self) {
        let mut command = Command::new(Program::Executor.path());
        command.args(["inspect", "--output", "json", "--inventory"]).arg(&self.inventory);
        let output = command.stdin(Stdio::null()).output().expect("the executor");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{talk}");
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        for server in self.pool.servers() {
            assert_eq!(printed["pool"]["hosts"][&server.name]["reach"], "reached", "{printed:#}");
        }
        for volume in self.pool.volumes() {
            assert!(printed["pool"]["volumes"]["known"][&volume.name].is_object(), "{printed:#}");
        }
    }
}
