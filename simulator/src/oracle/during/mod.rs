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
use tokio_util::sync::CancellationToken;

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

/// A watch that is going on.
#[derive(Debug)]
pub struct Watching {
    task: JoinHandle<(Vec<Sample>, Duration)>,
    newest: Receiver<Option<Sample>>,
    stop: CancellationToken,
    expected: Arc<Expected>,
    watch: Watch,
    begin: Instant,
}

/// Starts to watch, until the token is cancelled: returns when every server was heard of, or is late.
pub async fn start(
    shell: Arc<dyn Shell>,
    expected: Arc<Expected>,
    watch: Watch,
    known_down: KnownDown,
    stop: CancellationToken,
) -> Watching {
    let lookouts = Lookouts::start(&shell, expected.releases.keys(), watch.interval);
    lookouts.all_heard(expected.releases.keys().filter(|server| !known_down.holds(server))).await;
    let begin = Instant::now();
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
    Watching { task, newest, stop, expected, watch, begin }
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
        stop.cancel();
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

    #[tokio::test]
    async fn a_watch_that_crashes_is_unknown() {
        let shell = FakeShell::healthy().panics("g2", "");
        let expected = Arc::new(testing::expected());
        let stop = CancellationToken::new();
        let watching = start(shell, expected, Watch::default(), KnownDown::default(), stop).await;
        while !watching.task.is_finished() {
            tokio::task::yield_now().await;
        }
        let watched = watching.finish().await;
        assert_eq!(watched.judgement.verdict(), Verdict::Unknown);
        assert!(watched.judgement.assertions[0].found.contains("crashed"), "{watched:?}");
    }
}
