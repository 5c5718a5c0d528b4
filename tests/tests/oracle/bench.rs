//! A pool to break: brought up, written to, judged, and removed whatever happens.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use simulator::director::{Writer, containers, expected_volumes};
use simulator::engine::{Engine, Run, RunError, with_run};
use simulator::images::{self, Catalog, Family, NodeImage};
use simulator::oracle::after::{self, Settle};
use simulator::oracle::{Baseline, EngineShell, Expected, Judgement, Shell, Truth, Verdict};
use simulator::pool::{ClientSpec, Look, Node, NodeSpec, Pool, PoolSpec, VolumeKind, VolumeSpec, until};
use simulator::workload::Settings;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The image of all nodes.
const FAMILY: &str = "debian-bookworm";
/// The volume that all of it is about.
pub(crate) const VOLUME: &str = "vol0";
/// An option of the volume, as an operator would have set it.
pub(crate) const OPTION: (&str, &str) = ("performance.cache-size", "64MB");
/// A break does not go away by waiting; a few looks show that.
const BROKEN: Settle =
    Settle { looks: 2, interval: Duration::from_millis(500), patience: Duration::from_secs(2) };
/// A mended pool has some healing and connecting to do: to be waited for, within limits.
const MENDED: Settle =
    Settle { looks: 2, interval: Duration::from_millis(500), patience: Duration::from_secs(60) };
/// What a process may take to end, once it is killed.
const END_LIMIT: Duration = Duration::from_secs(10);
/// Operations to be acknowledged: most of them make a file, the others write one anew or rename it.
const OPERATIONS: usize = 60;
/// Files there must be to verify.
const FILES: usize = 30;
/// No test here takes this long, but for the building of an image; one that hangs ends, and leaves nothing.
const TEST_LIMIT: Duration = Duration::from_secs(600);

/// What an assertion is called, and what it is about.
pub(crate) type Named = (&'static str, String);

/// The pool that a test wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    /// What the test is called.
    pub(crate) name: &'a str,
    /// The servers by name and release; the volume has as many replicas.
    pub(crate) servers: &'a [(&'a str, &'a str)],
    /// The client by name and release; without one nothing is written.
    pub(crate) client: Option<(&'a str, &'a str)>,
}

/// A pool that is well, and what the oracle knows of it.
pub(crate) struct Bench {
    pub(crate) pool: Pool,
    pub(crate) shell: Arc<dyn Shell>,
    /// What holds of the pool as it came up.
    pub(crate) expected: Expected,
    baseline: Arc<Baseline>,
    pub(crate) test: String,
}

/// Brings a pool up, breaks and judges it as `body` says, and removes it whatever happened.
pub(crate) async fn on_pool(
    shape: Shape<'_>,
    body: impl AsyncFnOnce(&Bench) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let engine = Engine::connect().await?;
    let run = Run::new(shape.name);
    let begun = Instant::now();
    let result = with_run(&engine, &run, &interrupted()?, async {
        let catalog = Catalog::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../images"))?;
        let family = catalog.family(FAMILY)?;
        let image = image(&engine, &run, family).await?;
        let folder = tempfile::tempdir()?;
        let whole =
            async { body(&Bench::up(&engine, &run, shape, family, image, folder.path()).await?).await };
        tokio::time::timeout(TEST_LIMIT, whole).await.context("the test hangs")?
    })
    .await;
    say(shape.name, &format!("the whole test: {:.1} s", begun.elapsed().as_secs_f64()));
    match result {
        Ok(()) => {}
        Err(RunError::Body(error)) => return Err(error),
        Err(RunError::Panicked { message }) => bail!("the test panicked: {message}"),
        Err(RunError::Interrupted) => bail!("interrupted"),
        Err(RunError::Teardown(error)) => return Err(error).context("removing the pool"),
        Err(left @ RunError::LeftOver { .. }) => bail!("{left}"),
    }
    let left = engine.remove_run(&run.id).await?;
    ensure!(left == 0, "{left} things were left after the removal");
    Ok(())
}

/// Returns a token that SIGINT and SIGTERM cancel, so that an interrupted test removes its pool, too.
fn interrupted() -> anyhow::Result<CancellationToken> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        cancelled.cancel();
    });
    Ok(token)
}

/// Says how far a test is, past the capture of its output: these tests take minutes.
pub(crate) fn say(test: &str, line: &str) {
    // A closed stderr is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{test}: {line}");
}

/// Returns the image of all nodes; one test builds it where it is missing, the others wait.
async fn image(engine: &Engine, run: &Run, family: &Family) -> anyhow::Result<NodeImage> {
    static BUILDING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _alone = BUILDING.lock().await;
    Ok(images::ensure(engine, run, family, &|line| say("image", line)).await?)
}

impl Bench {
    async fn up(
        engine: &Engine,
        run: &Run,
        shape: Shape<'_>,
        family: &Family,
        image: NodeImage,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let spec = shape.spec(image.tag);
        let pool = Pool::up(engine, run, &spec, folder, &|line| say(shape.name, line)).await?;
        let shell: Arc<dyn Shell> = Arc::new(EngineShell::new(engine.clone(), containers(&pool)));
        let releases: BTreeMap<String, String> =
            shape.servers.iter().map(|(name, release)| ((*name).to_owned(), (*release).to_owned())).collect();
        let op_versions: Vec<u32> = releases
            .values()
            .map(|release| Ok(family.release(release)?.op_version))
            .collect::<anyhow::Result<_>>()?;
        let mut expected = Expected {
            releases,
            // A pool is at the op-version of its oldest server.
            op_version: op_versions.into_iter().min().context("a server")?,
            out: BTreeMap::new(),
            volumes: expected_volumes(&spec.volumes, &spec.servers),
            client: shape.client.map(|(name, _)| name.to_owned()),
            stored: simulator::oracle::Stored::Alike,
            set_since: BTreeMap::new(),
            allowances: Vec::new(),
        };
        let baseline = Arc::new(Baseline::capture(&*shell, &expected).await);
        ensure!(baseline.troubles().is_empty(), "the pool cannot be read: {:?}", baseline.troubles());
        if let Some(client) = pool.clients().first() {
            expected.volumes[0].truth = Some(written(&pool, &*shell, client, folder).await?);
        }
        Ok(Self { pool, shell, expected, baseline, test: shape.name.to_owned() })
    }

    /// Returns a server by its place, from 1 on.
    pub(crate) fn server(&self, place: usize) -> &Node {
        &self.pool.servers()[place - 1]
    }

    /// Returns the only brick of a server, as assertions name it: `vol0 g1:/bricks/vol0/1`.
    pub(crate) fn brick(&self, place: usize) -> String {
        let server = self.server(place);
        format!("{VOLUME} {}:{}", server.name, server.bricks[0].path)
    }

    /// Returns an acknowledged file that is not empty, by its path from the volume's root.
    pub(crate) fn victim(&self) -> anyhow::Result<&str> {
        const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let truth = self.expected.volumes[0].truth.as_ref().context("something was written")?;
        let mut files = truth.files.iter().filter(|(_, digest)| *digest != EMPTY);
        files.next().map(|(path, _)| path.as_str()).context("a file with bytes in it")
    }

    /// Runs a command that must succeed on a node.
    pub(crate) async fn run(&self, node: &Node, argv: &[&str]) -> anyhow::Result<()> {
        self.pool.engine().exec_ok(&node.container, argv).await?;
        Ok(())
    }

    /// Runs a `gluster` that must succeed on the first server.
    pub(crate) async fn gluster(&self, words: &[&str]) -> anyhow::Result<()> {
        Ok(self.pool.change(self.server(1), words).await?)
    }

    /// Kills a program on a server, and returns once it is gone.
    pub(crate) async fn kill(&self, server: &Node, program: &str) -> anyhow::Result<()> {
        self.run(server, &["pkill", "-KILL", "-x", program]).await?;
        let engine = self.pool.engine();
        until(format!("{program} on {} to be gone", server.name), END_LIMIT, async || {
            let found = engine.exec(&server.container, &["pgrep", "-x", program]).await?;
            Ok(if found.success() { Look::NotYet("it is there".to_owned()) } else { Look::Ready(()) })
        })
        .await?;
        Ok(())
    }

    /// Starts what is down, and waits until the whole pool is online.
    pub(crate) async fn all_online(&self) -> anyhow::Result<()> {
        self.pool.wait_for_peers().await?;
        self.gluster(&["volume", "start", VOLUME, "force"]).await?;
        for volume in self.pool.volumes() {
            self.pool.wait_for_bricks(volume).await?;
        }
        Ok(())
    }

    /// Fails unless the pool is judged to be well.
    pub(crate) async fn well(&self, name: &str, expected: &Expected) -> anyhow::Result<()> {
        let begun = Instant::now();
        let judgement = self.judge(expected, MENDED).await;
        say(
            &self.test,
            &format!("{name}: {} after {:.1} s", judgement.verdict(), begun.elapsed().as_secs_f64()),
        );
        ensure!(judgement.verdict() == Verdict::Pass, "{name}: {}", told(&judgement));
        ensure!(judgement.assertions.len() > 20, "{name}: {} assertions", judgement.assertions.len());
        Ok(())
    }

    /// Fails unless the verdict is this one, and each of these assertions is among those that did not pass.
    pub(crate) async fn broken(
        &self,
        name: &str,
        expected: &Expected,
        verdict: Verdict,
        named: &[Named],
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        let judgement = self.judge(expected, BROKEN).await;
        let took = begun.elapsed().as_secs_f64();
        say(&self.test, &format!("{name}: {} after {took:.1} s; {}", judgement.verdict(), names(&judgement)));
        seen(name, &judgement, verdict, named)
    }

    async fn judge(&self, expected: &Expected, settle: Settle) -> Judgement {
        let (shell, baseline) = (self.shell.clone(), self.baseline.clone());
        after::judge(shell, Arc::new(expected.clone()), baseline, "test", settle).await
    }
}

impl Shape<'_> {
    fn spec(&self, image: String) -> PoolSpec {
        let node =
            |(name, release): (&str, &str)| NodeSpec { name: name.to_owned(), release: release.to_owned() };
        let client = |named| ClientSpec { node: node(named), mounts: vec![VOLUME.to_owned()] };
        PoolSpec {
            image,
            init: simulator::images::Init::Bare,
            servers: self.servers.iter().copied().map(node).collect(),
            volumes: vec![VolumeSpec {
                name: VOLUME.to_owned(),
                kind: VolumeKind::Replica { count: self.servers.len() },
                bricks_per_server: 1,
                options: vec![(OPTION.0.to_owned(), OPTION.1.to_owned())],
            }],
            clients: self.client.map(client).into_iter().collect(),
        }
    }
}

/// Lets the client write for a moment; returns what it was promised.
async fn written(pool: &Pool, shell: &dyn Shell, client: &Node, folder: &Path) -> anyhow::Result<Truth> {
    let mut settings = Settings::new(&format!("/mnt/{VOLUME}"), 1);
    settings.operations_per_second = 200.0;
    let writer = Writer::start(pool.engine(), client, settings, &folder.join("workload.jsonl"))?;
    writer.wait_for(OPERATIONS).await?;
    let record = writer.end(shell).await;
    ensure!(record.failures().is_empty(), "the pool refused writes: {:?}", record.failures());
    let truth = record.truth();
    ensure!(truth.files.len() >= FILES, "only {} files to verify", truth.files.len());
    Ok(truth)
}

/// Fails unless a judgement has this verdict, and each of these assertions is among those that did not pass.
pub(crate) fn seen(
    name: &str,
    judgement: &Judgement,
    verdict: Verdict,
    named: &[Named],
) -> anyhow::Result<()> {
    ensure!(judgement.verdict() == verdict, "{name}: expected {verdict}, {}", told(judgement));
    for (assertion, subject) in named {
        let mut wrong = judgement.not_passed();
        ensure!(
            wrong.any(|one| one.name == *assertion && one.subject == *subject && one.verdict == verdict),
            "{name}: `{assertion}` of {subject} is not {verdict}: {}",
            told(judgement)
        );
    }
    Ok(())
}

/// Returns the verdict, and what did not pass, a line each.
fn told(judgement: &Judgement) -> String {
    let wrong = judgement.not_passed().map(|one| {
        format!(
            "\n  {}: {} of {}: expected {}, found {}",
            one.verdict, one.name, one.subject, one.expected, one.found
        )
    });
    format!("the verdict is {}{}", judgement.verdict(), wrong.collect::<String>())
}

/// Returns the names of what did not pass, each with the number of its subjects.
pub(crate) fn names(judgement: &Judgement) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in judgement.not_passed() {
        *counts.entry(&one.name).or_default() += 1;
    }
    counts.iter().map(|(name, count)| format!("{name} ({count})")).collect::<Vec<_>>().join(", ")
}
