//! A lookout on every server: one process that tells again and again which bricks serve.
//!
//! One that stays, since starting a command in a container takes seconds on a busy machine, and a busy machine is no outage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::{Shell, shell};

const SCRIPT: &str = include_str!("../scripts/watch.py");

/// How long before a lookout that ended is started again. Its server may be down for minutes.
const AGAIN: Duration = Duration::from_millis(500);

/// What a server may take until it is heard of first: a command is started in its container, on a machine with a lot to do.
const FIRST_LIMIT: Duration = Duration::from_secs(30);

/// How often it is looked whether it was.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What a server may take to end its lookout.
const END_LIMIT: Duration = Duration::from_secs(5);

/// What was heard from a server last: since when, and the paths of the bricks that serve, or why that is not known.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) at: Instant,
    pub(super) serving: Result<BTreeSet<String>, String>,
}

/// The lookouts of one watch. Dropped, nobody listens to them any more.
pub(super) struct Lookouts {
    shell: Arc<dyn Shell>,
    heard: Arc<Mutex<BTreeMap<String, Heard>>>,
    tasks: BTreeMap<String, JoinHandle<()>>,
    stop: DropGuard,
    word: String,
}

impl Lookouts {
    /// Starts one on every server, each to tell at such intervals.
    pub(super) fn start<'a>(
        shell: &Arc<dyn Shell>,
        servers: impl Iterator<Item = &'a String>,
        interval: Duration,
    ) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let word = format!("watch-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let stop = CancellationToken::new();
        let mut lookouts = Self {
            shell: shell.clone(),
            heard: Arc::default(),
            tasks: BTreeMap::new(),
            stop: stop.clone().drop_guard(),
            word,
        };
        for server in servers {
            let post = Post {
                shell: shell.clone(),
                server: server.clone(),
                interval: format!("{:.3}", interval.as_secs_f64()),
                word: lookouts.word.clone(),
                heard: lookouts.heard.clone(),
            };
            let stop = stop.clone();
            let task = tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = post.hold() => {}
                }
            });
            lookouts.tasks.insert(server.clone(), task);
        }
        lookouts
    }

    /// Waits until every one of these servers was heard of, a while at most: one that is late is seen in the samples.
    pub(super) async fn all_heard<'a>(&self, servers: impl Iterator<Item = &'a String>) {
        let servers: Vec<&String> = servers.collect();
        let is_heard = |server: &&String| self.lock().contains_key(*server);
        let all = async {
            while !servers.iter().all(is_heard) && !self.tasks.values().any(JoinHandle::is_finished) {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        if tokio::time::timeout(FIRST_LIMIT, all).await.is_err() {
            tracing::warn!(?servers, "not every server was heard of when the watch began");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was heard from a server last, if anything was. A lookout that crashed takes the watch along.
    pub(super) fn heard(&self, server: &str) -> Option<Heard> {
        let is_over = self.tasks.get(server).is_none_or(JoinHandle::is_finished);
        assert!(!is_over, "the lookout on {server} crashed");
        self.lock().get(server).cloned()
    }

    /// Ends them all. What does not answer has no lookout any more, or loses it with its container.
    pub(super) async fn end<'a>(self, servers: impl Iterator<Item = &'a String>) {
        let Self { shell, heard: _, tasks, stop, word } = self;
        drop(stop);
        futures_util::future::join_all(tasks.into_values()).await;
        // In brackets, so that the pattern does not find the command that holds it.
        let pattern = format!("[{}]{}", &word[..1], &word[1..]);
        let ends = servers.map(async |server| {
            let argv = ["pkill", "-f", &pattern];
            if let Err(reason) = shell::run(&*shell, server, &argv, END_LIMIT).await {
                tracing::debug!(%server, %reason, "the lookout could not be ended");
            }
        });
        futures_util::future::join_all(ends).await;
    }
}

/// The place of one lookout.
struct Post {
    shell: Arc<dyn Shell>,
    server: String,
    interval: String,
    word: String,
    heard: Arc<Mutex<BTreeMap<String, Heard>>>,
}

impl Post {
    /// Listens to the lookout, and starts it again whenever it ends: a server that is restarted loses it.
    async fn hold(self) {
        let argv = ["sh", "-c", shell::PYTHON, "oracle", SCRIPT, &self.interval, &self.word];
        loop {
            let mut lines = self.shell.lines(&self.server, &argv);
            while let Some(line) = lines.recv().await {
                self.note(line.and_then(|line| parse(&line)));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn note(&self, serving: Result<BTreeSet<String>, String>) {
        let heard = Heard { at: Instant::now(), serving };
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(self.server.clone(), heard);
    }
}

/// What a lookout tells: the arguments of every brick's process, and the TCP ports that are open.
#[derive(Debug, Deserialize)]
struct Line {
    bricks: Vec<Vec<String>>,
    open: BTreeSet<u16>,
}

/// Reads the paths of bricks whose process lives and whose port is open.
///
/// `--brick-name` and `--brick-port` are on every brick's command line (glusterd-utils.c, `glusterd_volume_start_glusterfs`).
/// The port counts since a process that has only just started, or is about to end, serves nobody.
fn parse(line: &str) -> Result<BTreeSet<String>, String> {
    let Line { bricks, open } =
        serde_json::from_str(line).map_err(|error| format!("a lookout said `{line}`: {error}"))?;
    let serving = bricks.iter().filter_map(|arguments| {
        let after = |name: &str| {
            let place = arguments.iter().position(|argument| argument == name)?;
            arguments.get(place + 1)
        };
        let port = after("--brick-port")?.parse().ok()?;
        open.contains(&port).then(|| after("--brick-name").cloned()).flatten()
    });
    Ok(serving.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(port: &str) -> String {
        let brick = ["/usr/sbin/glusterfsd", "-s", "g1", "--brick-name", "/bricks/vol", "--brick-port", port];
        serde_json::json!({"bricks": [brick], "open": [22, 60817]}).to_string()
    }

    #[test]
    fn a_brick_serves_when_its_port_is_open() {
        assert_eq!(parse(&line("60817")).unwrap(), BTreeSet::from(["/bricks/vol".to_owned()]));
        assert_eq!(parse(&line("60818")).unwrap(), BTreeSet::new());
        assert_eq!(parse(r#"{"bricks": [], "open": []}"#).unwrap(), BTreeSet::new());
    }

    #[test]
    fn half_a_line_is_none() {
        assert!(parse("").is_err());
        assert!(parse(r#"{"bricks": []}"#).is_err());
        let error = parse(line("60817").trim_end_matches('}')).unwrap_err();
        assert!(error.starts_with("a lookout said"), "{error}");
    }
}
