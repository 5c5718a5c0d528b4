//! A healthy pool of three servers in canned replies, to be broken by tests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::look::{Look, Package, Part, Process, StoredVolume};
use super::{Brick, Expected, ExpectedVolume, Ran, Shell, Truth, VolumeKind};

pub(crate) const SERVERS: [&str; 3] = ["g1", "g2", "g3"];

pub(crate) fn stored_volume() -> StoredVolume {
    let info = "type=2\ncount=3\nstatus=1\nsub_count=3\nreplica_count=3\ndisperse_count=0\nredundancy_count=0\n\
        version=2\ntransport-type=0\nvolume-id=bd0217e6-bfb3-419d-b135-3a39045d9776\nop-version=40000\n\
        cluster.granular-entry-heal=on\nnfs.disable=on\nperformance.client-io-threads=off\n\
        brick-0=g1:-bricks-vol\nbrick-1=g2:-bricks-vol\nbrick-2=g3:-bricks-vol\n";
    StoredVolume { info: info.to_owned(), cksum: "info=2466824381\n".to_owned() }
}

fn process(pid: u32, cmdline: &str, ports: &[u16]) -> Process {
    Process {
        pid,
        state: "S".to_owned(),
        start: u64::from(pid) * 100,
        exe: "/usr/sbin/glusterfsd".to_owned(),
        cmdline: cmdline.split_whitespace().map(str::to_owned).collect(),
        deleted: Vec::new(),
        ports: ports.to_vec(),
    }
}

fn state(server: &str) -> String {
    let mut text = "[Global]\nop-version: 110000\n\n[Peers]\n".to_owned();
    for (place, peer) in SERVERS.iter().filter(|peer| **peer != server).enumerate() {
        let number = place + 1;
        text += &format!("Peer{number}.primary_hostname: {peer}\nPeer{number}.uuid: uuid-{peer}\n");
        text += &format!("Peer{number}.state: Peer in Cluster\nPeer{number}.connected: Connected\n");
    }
    text += "\n[Volumes]\nVolume1.name: vol\nVolume1.status: Started\n";
    for (place, brick) in SERVERS.iter().enumerate() {
        text += &format!("Volume1.Brick{}.path: {brick}:/bricks/vol\n", place + 1);
        if *brick == server {
            text += &format!("Volume1.Brick{}.status: Started\n", place + 1);
        }
    }
    text + "Volume1.rebalance.status: not_started\nVolume1.shd_svc.online_status: Online\n"
}

/// A look at a healthy server.
pub(crate) fn look(server: &str) -> Look {
    let brick = format!(
        "/usr/sbin/glusterfsd -s {server} --volfile-id vol.{server}.bricks-vol --brick-name /bricks/vol"
    );
    let package = |name: &str| Package {
        name: name.to_owned(),
        version: "11.1-6".to_owned(),
        status: "installed".to_owned(),
    };
    Look {
        version: Part::Ok("glusterfs 11.1\nRepository revision".to_owned()),
        packages: Part::Ok(vec![package("glusterfs-client"), package("glusterfs-server")]),
        glusterd_info: Part::Ok(format!("UUID=uuid-{server}\noperating-version=110000\n")),
        processes: Part::Ok(vec![
            process(17, "/usr/sbin/glusterd -p /run/glusterd.pid", &[24007]),
            process(64, &brick, &[50337]),
            process(81, "/usr/sbin/glusterfs -s localhost --volfile-id shd/vol", &[]),
        ]),
        volumes: Part::Ok(BTreeMap::from([("vol".to_owned(), stored_volume())])),
        indices: BTreeMap::from([("/bricks/vol".to_owned(), Part::Ok(Vec::new()))]),
        state: Part::Ok(state(server)),
    }
}

/// What must hold of the healthy pool.
pub(crate) fn expected() -> Expected {
    let brick = |host: &str| Brick { host: host.to_owned(), path: "/bricks/vol".to_owned() };
    let files = [("work/a", "sha-a"), ("work/b c", "sha-b")];
    Expected {
        releases: SERVERS.iter().map(|server| ((*server).to_owned(), "11.1".to_owned())).collect(),
        op_version: 110_000,
        out: BTreeMap::new(),
        volumes: vec![ExpectedVolume {
            name: "vol".to_owned(),
            kind: VolumeKind::Replicate { replica: 3, arbiter: 0 },
            bricks: SERVERS.map(brick).to_vec(),
            truth: Some(Truth {
                folder: "work".to_owned(),
                files: files.iter().map(|(path, sha)| ((*path).to_owned(), (*sha).to_owned())).collect(),
                in_doubt: std::collections::BTreeSet::from(["work/doubt".to_owned()]),
                gone: std::collections::BTreeSet::new(),
                busy: std::collections::BTreeSet::new(),
            }),
        }],
        client: Some("client".to_owned()),
        stored: crate::oracle::Stored::Alike,
        set_since: BTreeMap::new(),
        allowances: Vec::new(),
    }
}

pub(crate) const FILES: &str =
    r#"{"work/a": [3, "sha-a"], "work/b c": [5, "sha-b"], "work/doubt": [1, "sha-d"]}"#;

/// Returns what the script prints for the given files; the caller may close their object and add "errors".
pub(crate) fn listing(files: &str) -> String {
    let errors = if files.contains("\"errors\"") { "" } else { r#", "errors": {}"# };
    format!(r#"{{"files": {files}{errors}}}"#)
}

pub(crate) const STATUS: &str = "\
Status of volume: vol
Gluster process                             TCP Port  RDMA Port  Online  Pid
------------------------------------------------------------------------------
Brick g1:/bricks/vol                        60817     0          Y       64
Brick g2:/bricks/vol                        51652     0          Y       64
Brick g3:/bricks/vol                        50337     0          Y       64
Self-heal Daemon on localhost               N/A       N/A        Y       81
Self-heal Daemon on g3                      N/A       N/A        Y       81
Self-heal Daemon on g2                      N/A       N/A        Y       81
 
Task Status of Volume vol
------------------------------------------------------------------------------
There are no active volume tasks
";

fn heal(what: &str) -> String {
    let brick =
        |server: &&str| format!("Brick {server}:/bricks/vol\nStatus: Connected\nNumber of {what}: 0\n\n");
    SERVERS.iter().map(brick).collect()
}

/// An answer that is none.
const PANIC: &str = "panic";

/// A host, a word of a command line, and the answer.
type Reply = (String, String, Result<Ran, String>);

/// Answers as a healthy pool does, but for what a test put in its place.
#[derive(Default)]
pub(crate) struct FakeShell {
    /// Replies by host and a word of the command line; the first that matches counts.
    pub(crate) replies: Mutex<Vec<Reply>>,
    /// What a host's next commands tell, one command after the other.
    tellings: Mutex<BTreeMap<String, VecDeque<Telling>>>,
    /// The commands that go on, by host.
    pub(crate) going_on: Mutex<Vec<(String, Sender<Word>)>>,
}

/// A line of a command, or its end.
type Word = Result<String, String>;

/// What a command tells; one that has no end goes on.
type Telling = Vec<Word>;

impl FakeShell {
    pub(crate) fn healthy() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Makes a host answer every command that holds the word in this way.
    pub(crate) fn breaks(self: Arc<Self>, host: &str, word: &str, reply: Result<&str, &str>) -> Arc<Self> {
        let reply = reply.map(ran).map_err(str::to_owned);
        self.replies.lock().unwrap().push((host.to_owned(), word.to_owned(), reply));
        self
    }

    /// Makes whoever sends a host such a command panic: a judge with a defect.
    pub(crate) fn panics(self: Arc<Self>, host: &str, word: &str) -> Arc<Self> {
        self.breaks(host, word, Err(PANIC))
    }

    /// Makes a host tell this line by line, one command after the other; after the last a command says nothing.
    pub(crate) fn tells(&self, host: &str, tellings: impl IntoIterator<Item = Telling>) {
        self.tellings.lock().unwrap().entry(host.to_owned()).or_default().extend(tellings);
    }

    /// Makes a host look different.
    pub(crate) fn looks(self: Arc<Self>, server: &str, look: &Look) -> Arc<Self> {
        let text = serde_json::to_string(look).unwrap();
        self.breaks(server, "get-state", Ok(&text))
    }
}

fn ran(stdout: &str) -> Ran {
    Ran { status: 0, stdout: stdout.to_owned(), stderr: String::new() }
}

#[async_trait]
impl Shell for FakeShell {
    async fn run(&self, host: &str, argv: &[&str]) -> Result<Ran, String> {
        let line = argv.join(" ");
        let matches = |(on, word, _): &&Reply| on == host && line.contains(word.as_str());
        // The lock is let go before anybody panics, or every later question would panic as well.
        let broken = self.replies.lock().unwrap().iter().find(matches).map(|(_, _, reply)| reply.clone());
        if let Some(reply) = broken {
            assert_ne!(reply, Err(PANIC.to_owned()), "as the test wants it");
            return reply;
        }
        Ok(ran(&match &line {
            line if line.contains("get-state") => serde_json::to_string(&look(host)).unwrap(),
            line if line.contains("through_mount") => listing(FILES),
            line if line.contains("volume status") => STATUS.to_owned(),
            line if line.contains("split-brain") => heal("entries in split-brain"),
            line if line.contains("heal vol info") => heal("entries"),
            line => return Err(format!("the fake does not know: {line}")),
        }))
    }

    fn lines(&self, host: &str, argv: &[&str]) -> Receiver<Result<String, String>> {
        let line = argv.join(" ");
        let panics = |(on, word, reply): &Reply| {
            on == host && line.contains(word.as_str()) && *reply == Err(PANIC.to_owned())
        };
        let is_to_panic = self.replies.lock().unwrap().iter().any(panics);
        assert!(!is_to_panic, "as the test wants it");
        let telling = self.tellings.lock().unwrap().get_mut(host).and_then(VecDeque::pop_front);
        let telling = telling.unwrap_or_default();
        let is_over = telling.last().is_some_and(Result::is_err);
        let (sender, lines) = mpsc::channel(telling.len().max(1));
        for line in telling {
            sender.try_send(line).unwrap();
        }
        if !is_over {
            self.going_on.lock().unwrap().push((host.to_owned(), sender));
        }
        lines
    }
}
