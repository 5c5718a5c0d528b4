//! Bricks that go down while the oracle watches. Three servers, a brick of one set on each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;
use async_trait::async_trait;
use simulator::oracle::during::{self, KnownDown, Watch, Watched, Watching};
use simulator::oracle::{Ran, Shell, Verdict};
use simulator::pool::{Look, until};
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, Named, VOLUME, names, say, seen};

/// Closer than in a rehearsal: the test waits for samples.
const WATCH: Watch = Watch { interval: Duration::from_millis(100), longest_gap: Duration::from_secs(4) };
/// What two samples may take, on a machine with a lot to do.
const SAMPLE_LIMIT: Duration = Duration::from_secs(30);

/// Counts how often each host was asked, so that a test knows when the watch has seen something.
struct Counted {
    shell: Arc<dyn Shell>,
    asked: Mutex<BTreeMap<String, usize>>,
}

#[async_trait]
impl Shell for Counted {
    async fn run(&self, host: &str, argv: &[&str]) -> Result<Ran, String> {
        let answer = self.shell.run(host, argv).await;
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner).entry(host.to_owned()).or_default() += 1;
        answer
    }
}

impl Counted {
    /// Waits until a sample was taken that began after this call: the second to end from now on, on every host.
    async fn next_sample(&self, hosts: &[&str]) -> anyhow::Result<()> {
        let counts = || {
            let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.iter().map(|host| asked.get(*host).copied().unwrap_or(0)).collect::<Vec<_>>()
        };
        let before = counts();
        until("two more samples", SAMPLE_LIMIT, async || {
            let now = counts();
            let is_there = now.iter().zip(&before).all(|(now, before)| *now >= before + 2);
            Ok(if is_there { Look::Ready(()) } else { Look::NotYet(format!("{before:?}, then {now:?}")) })
        })
        .await?;
        Ok(())
    }
}

/// A watch that goes on.
struct Case<'a> {
    bench: &'a Bench,
    name: &'a str,
    begun: Instant,
    shell: Arc<Counted>,
    known_down: KnownDown,
    watching: Watching,
}

impl<'a> Case<'a> {
    async fn begin(bench: &'a Bench, name: &'a str) -> anyhow::Result<Self> {
        let shell = Arc::new(Counted { shell: bench.shell.clone(), asked: Mutex::default() });
        let (expected, known_down) = (Arc::new(bench.expected.clone()), KnownDown::default());
        let stop = CancellationToken::new();
        let watching = during::start(shell.clone(), expected, WATCH, known_down.clone(), stop);
        let case = Self { bench, name, begun: Instant::now(), shell, known_down, watching };
        case.sample().await?;
        Ok(case)
    }

    async fn sample(&self) -> anyhow::Result<()> {
        self.shell.next_sample(&["g1", "g2", "g3"]).await
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
    case.sample().await?;
    bench.all_online().await?;
    case.sample().await?;
    case.end(Verdict::Pass, 1, &[]).await?;

    let case = Case::begin(bench, "two bricks killed at once").await?;
    tokio::try_join!(bench.kill(first, "glusterfsd"), bench.kill(second, "glusterfsd"))?;
    case.sample().await?;
    bench.all_online().await?;
    case.end(Verdict::Fail, 2, std::slice::from_ref(&set)).await?;

    // It may serve, or not: nobody can tell.
    let case = Case::begin(bench, "a silent server beside a killed brick").await?;
    bench.kill(first, "glusterfsd").await?;
    engine.pause(&third.container).await?;
    case.sample().await?;
    engine.unpause(&third.container).await?;
    case.end(Verdict::Unknown, 1, std::slice::from_ref(&set)).await?;

    let case = Case::begin(bench, "a server taken down beside a killed brick").await?;
    case.known_down.down(&third.name);
    engine.pause(&third.container).await?;
    case.sample().await?;
    engine.unpause(&third.container).await?;
    case.known_down.up(&third.name);
    case.end(Verdict::Fail, 2, std::slice::from_ref(&set)).await
}
