//! Watches a pool while it is worked on: which bricks serve, on all servers side by side, again and again.

mod judge;
mod lookout;
mod sample;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch::Receiver;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use judge::{SetOutage, judge};
use lookout::Lookouts;
pub use sample::{Sample, Seen};

use super::{Expected, Judgement, Shell, Verdict};

/// How closely to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Time between two samples.
    pub interval: Duration,
    /// The longest time without a sample of a server that still lets the judge say what happened.
    ///
    /// Taking a server down and bringing it back takes longer than this, so that no outage fits into a gap.
    pub longest_gap: Duration,
}

impl Default for Watch {
    /// A server that is upgraded is out for several seconds, so that a look a second misses none; more looks
    /// would slow down the very pool that is watched.
    fn default() -> Self {
        Self { interval: Duration::from_millis(800), longest_gap: Duration::from_secs(4) }
    }
}

/// The servers that whoever drives the run knows to be down, since it took them down.
///
/// Their bricks count as out; without this a server that does not answer makes the judgement unknown.
#[derive(Debug, Clone, Default)]
pub struct KnownDown(Arc<Mutex<BTreeSet<String>>>);

impl KnownDown {
    /// Notes that a server is about to be taken down.
    pub fn down(&self, server: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(server.to_owned());
    }

    /// Notes that a server answers again.
    pub fn up(&self, server: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(server);
    }

    /// Returns whether a server was taken down.
    pub fn holds(&self, server: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(server)
    }
}

/// What the watch saw, and what it means.
#[derive(Debug, Clone, Serialize)]
pub struct Watched {
    /// Whether the promise was kept.
    pub judgement: Judgement,
    /// The worst moment of every set.
    pub sets: Vec<SetOutage>,
    /// All samples, for the artifacts.
    pub samples: Vec<Sample>,
}

/// A watch that is going on, until it is finished or dropped.
#[derive(Debug)]
pub struct Watching {
    task: JoinHandle<(Vec<Sample>, Duration)>,
    newest: Receiver<Option<Sample>>,
    stop: DropGuard,
    expected: Arc<Expected>,
    watch: Watch,
    begin: Instant,
}

/// Starts to watch: returns when every server was heard of, or is late.
pub async fn start(
    shell: Arc<dyn Shell>,
    expected: Arc<Expected>,
    watch: Watch,
    known_down: KnownDown,
) -> Watching {
    let lookouts = Lookouts::start(&shell, expected.releases.keys(), watch.interval);
    lookouts.all_heard(expected.releases.keys().filter(|server| !known_down.holds(server))).await;
    let begin = Instant::now();
    let stop = CancellationToken::new();
    let (task_expected, task_stop) = (expected.clone(), stop.clone());
    let (latest, newest) = tokio::sync::watch::channel(None);
    let task = tokio::spawn(async move {
        let mut samples = Vec::new();
        while !task_stop.is_cancelled() {
            tokio::select! {
                () = task_stop.cancelled() => {}
                () = tokio::time::sleep(watch.interval) => {}
            }
            let sample = sample::take(&lookouts, &task_expected, &known_down, begin);
            latest.send_replace(Some(sample.clone()));
            samples.push(sample);
        }
        let end = begin.elapsed();
        lookouts.end(task_expected.releases.keys()).await;
        (samples, end)
    });
    Watching { task, newest, stop: stop.drop_guard(), expected, watch, begin }
}

impl Watching {
    /// Returns the moment that the times of the samples count from.
    pub fn begin(&self) -> Instant {
        self.begin
    }

    /// Returns what was seen last.
    pub fn newest(&self) -> Option<Sample> {
        self.newest.borrow().clone()
    }

    /// Stops the watch and judges what it saw. A watch that crashed is unknown.
    pub async fn finish(self) -> Watched {
        let Self { task, newest: _, stop, expected, watch, begin: _ } = self;
        drop(stop);
        match task.await {
            Ok((samples, end)) => {
                let (judgement, sets) = judge(&samples, end, &expected, watch);
                Watched { judgement, sets, samples }
            }
            Err(error) => {
                let mut judge = super::verdict::Judge::new(judge::PHASE);
                let found = format!("the watch crashed: {error}");
                judge.assert(judge::NAME, "pool", Verdict::Unknown, "a watch to the end", found);
                Watched { judgement: judge.done(), sets: Vec::new(), samples: Vec::new() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, FakeShell};
    use super::*;

    async fn watch(shell: Arc<FakeShell>) -> Watching {
        let often = Watch { interval: Duration::from_millis(100), ..Watch::default() };
        start(shell, Arc::new(testing::expected()), often, KnownDown::default()).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_crashes_is_unknown() {
        let mut watching = watch(FakeShell::healthy().panics("g2", "")).await;
        while watching.newest.changed().await.is_ok() {}
        let watched = watching.finish().await;
        assert_eq!(watched.judgement.verdict(), Verdict::Unknown);
        assert!(watched.judgement.assertions[0].found.contains("crashed"), "{watched:?}");
    }

    /// A server that is restarted loses its lookout; the next one tells of it again.
    #[tokio::test(start_paused = true)]
    async fn a_lookout_that_ends_is_started_again() {
        let line = |port| {
            let brick = ["glusterfsd", "--brick-name", "/bricks/vol", "--brick-port", "60817"];
            serde_json::json!({"bricks": [brick], "open": [port]}).to_string()
        };
        let shell = FakeShell::healthy();
        for server in testing::SERVERS {
            shell.tells(server, [vec![Ok(line(60817)), Err("restarted".to_owned())], vec![Ok(line(1))]]);
        }
        let mut watching = watch(shell).await;
        let mut shown = BTreeSet::new();
        while shown.len() < 2 {
            watching.newest.changed().await.unwrap();
            for seen in watching.newest().unwrap().servers.into_values() {
                shown.insert(match seen {
                    Seen::Serving { bricks, age: _ } => format!("{} serve", bricks.len()),
                    Seen::Unreadable(reason) => reason,
                    Seen::KnownDown => panic!("nobody took it down"),
                });
            }
            assert!(watching.newest().unwrap().at < Duration::from_secs(10), "{shown:?}");
        }
        assert_eq!(shown, BTreeSet::from(["0 serve".to_owned(), "restarted".to_owned()]));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_listens_to_the_lookouts_of_a_watch_that_is_dropped() {
        let shell = FakeShell::healthy();
        drop(watch(shell.clone()).await);
        let lookouts = std::mem::take(&mut *shell.going_on.lock().unwrap());
        let hosts: Vec<&str> = lookouts.iter().map(|(host, _)| host.as_str()).collect();
        assert_eq!(hosts, testing::SERVERS);
        for (_, listener) in &lookouts {
            listener.closed().await;
        }
    }
}
