//! Bricks that go down while the oracle watches. Three servers, a brick of one set on each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use simulator::oracle::Verdict;
use simulator::oracle::during::{self, KnownDown, Sample, Seen, Watch, Watched, Watching};
use simulator::pool::{Look, until};

use self::State::{Down, Out, Serving, Silent};
use crate::bench::{Bench, Named, VOLUME, names, say, seen};

/// Closer than in a rehearsal: the test waits for samples.
const WATCH: Watch = Watch { interval: Duration::from_millis(100), longest_gap: Duration::from_secs(4) };
/// What a sample may take that shows what a test did, on a machine with a lot to do.
const SAMPLE_LIMIT: Duration = Duration::from_secs(30);

/// What a sample shows of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Serving,
    Out,
    Down,
    Silent,
}

impl State {
    fn of(seen: &Seen) -> Self {
        match seen {
            Seen::Serving { bricks, .. } if bricks.is_empty() => Out,
            Seen::Serving { .. } => Serving,
            Seen::KnownDown => Down,
            Seen::Unreadable(_) => Silent,
        }
    }
}

/// A watch that goes on.
struct Case<'a> {
    bench: &'a Bench,
    name: &'a str,
    begun: Instant,
    known_down: KnownDown,
    watching: Watching,
}

impl<'a> Case<'a> {
    async fn begin(bench: &'a Bench, name: &'a str) -> anyhow::Result<Self> {
        let (expected, known_down) = (Arc::new(bench.expected.clone()), KnownDown::default());
        let watching = during::start(bench.shell.clone(), expected, WATCH, known_down.clone()).await;
        let case = Self { bench, name, begun: Instant::now(), known_down, watching };
        case.shows(&[Serving, Serving, Serving]).await?;
        Ok(case)
    }

    /// Waits until the newest sample shows the servers so.
    async fn shows(&self, states: &[State; 3]) -> anyhow::Result<()> {
        until(format!("a sample with {states:?}"), SAMPLE_LIMIT, async || {
            let Some(Sample { servers, .. }) = self.watching.newest() else {
                return Ok(Look::NotYet("no sample".to_owned()));
            };
            let found: Vec<State> = servers.values().map(State::of).collect();
            Ok(if found == *states { Look::Ready(()) } else { Look::NotYet(format!("{servers:?}")) })
        })
        .await?;
        Ok(())
    }

    /// Ends the watch, and fails unless it saw so many bricks out at once and says so.
    async fn end(self, verdict: Verdict, most_out: usize, named: &[Named]) -> anyhow::Result<()> {
        let Watched { judgement, sets, samples } = self.watching.finish().await;
        let (found, took) = (judgement.verdict(), self.begun.elapsed().as_secs_f64());
        let line = format!(
            "{}: {found} after {took:.1} s, {} samples; {}",
            self.name,
            samples.len(),
            names(&judgement)
        );
        say(&self.bench.test, &line);
        seen(self.name, &judgement, verdict, named)?;
        ensure!(sets.len() == 1 && sets[0].most_out == most_out, "{}: {sets:?}", self.name);
        Ok(())
    }
}

/// Takes bricks down in every way that the watch has to tell apart.
pub(crate) async fn all(bench: &Bench) -> anyhow::Result<()> {
    let set: Named = ("never more bricks of a set out at once than it can spare", format!("{VOLUME} set 0"));
    let [first, second, third] = [1, 2, 3].map(|place| bench.server(place));
    let engine = bench.pool.engine();

    let case = Case::begin(bench, "nothing happens").await?;
    case.end(Verdict::Pass, 0, &[]).await?;

    let case = Case::begin(bench, "one brick killed, and back").await?;
    bench.kill(second, "glusterfsd").await?;
    case.shows(&[Serving, Out, Serving]).await?;
    bench.all_online().await?;
    case.shows(&[Serving, Serving, Serving]).await?;
    case.end(Verdict::Pass, 1, &[]).await?;

    let case = Case::begin(bench, "two bricks killed at once").await?;
    tokio::try_join!(bench.kill(first, "glusterfsd"), bench.kill(second, "glusterfsd"))?;
    case.shows(&[Out, Out, Serving]).await?;
    bench.all_online().await?;
    case.end(Verdict::Fail, 2, std::slice::from_ref(&set)).await?;

    // It may serve, or not: nobody can tell.
    let case = Case::begin(bench, "a silent server beside a killed brick").await?;
    bench.kill(first, "glusterfsd").await?;
    engine.pause(&third.container).await?;
    case.shows(&[Out, Serving, Silent]).await?;
    engine.unpause(&third.container).await?;
    case.end(Verdict::Unknown, 1, std::slice::from_ref(&set)).await?;
    bench.all_online().await?;

    let case = Case::begin(bench, "a server taken down beside a killed brick").await?;
    bench.kill(first, "glusterfsd").await?;
    case.known_down.down(&third.name);
    engine.pause(&third.container).await?;
    case.shows(&[Out, Serving, Down]).await?;
    engine.unpause(&third.container).await?;
    case.known_down.up(&third.name);
    case.end(Verdict::Fail, 2, std::slice::from_ref(&set)).await
}
