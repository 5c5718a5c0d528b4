//! One upgrade of a fake pool, from the plan to the goal, through whatever strikes it: run, killed, resumed, halted,
//! repaired. What `run` and `resume` call is called here in the same order; only what is printed is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use executor::claims::{self, Heirs, Whose};
use executor::core::baseline::{Before, Clients};
use executor::core::check;
use executor::core::claim::{Claim, Keeper, RunId};
use executor::core::event::{Event, GateKind, Record};
use executor::core::finding::Finding;
use executor::core::inventory::Inventory;
use executor::core::plan::{Outcome, Plan};
use executor::core::resume::{self, Progress};
use executor::fake_pool::{Acted, FakePool, Repair, Shape, Strikes, Stuck};
use executor::journal::{self, Journal};
use executor::observe::{self, Scope};
use executor::render;
use executor::runner::{End, RunError, Runner};
use jiff::Timestamp;
use tokio::time::sleep;

use crate::upgrade::Upgrade;

/// No gate waits longer than this for what nobody mends, in seconds. The fake pool's own delays are far below it.
const PATIENCE_SECONDS: u64 = 90;

/// How often an operator tries before it counts as a failure.
const TRIES: usize = 40;

/// What is left of a record in whose writing the program was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Written {
    /// All of it: the program was killed just after.
    Whole,
    /// Nothing.
    Lost,
    /// A part of its line.
    Torn,
}

/// All that goes wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plot {
    /// What strikes commands, by their number.
    pub(crate) strikes: Strikes,
    /// At which records the program is killed, counted from 1 over all runs.
    pub(crate) kills: BTreeMap<usize, Written>,
    /// Which starts of bricks come to nothing.
    pub(crate) stuck: Stuck,
}

/// How it went.
#[derive(Debug, Clone, Default)]
pub(crate) struct Played {
    /// The commands that changed something.
    pub(crate) acted: Vec<Acted>,
    /// How many records were written.
    pub(crate) records: usize,
    /// How often a brick was started.
    pub(crate) starts: usize,
    /// How often it was resumed.
    pub(crate) resumed: usize,
    /// What was repaired in between.
    pub(crate) repaired: Vec<&'static str>,
    /// What a new plan was made for.
    pub(crate) anew: Vec<&'static str>,
    /// Reboots that were left out.
    pub(crate) spared: usize,
}

/// How a run ended.
#[derive(Debug)]
enum Ended {
    Finished,
    Halted(Vec<Finding>),
    Failed(String),
    Killed,
}

struct Stage<'a> {
    upgrade: &'a Upgrade,
    pool: FakePool,
    inventory: Inventory,
    folder: PathBuf,
    kills: BTreeMap<usize, Written>,
    played: Played,
}

/// Plays an upgrade to its goal.
pub(crate) async fn play(upgrade: &Upgrade, plot: &Plot, folder: &Path) -> Result<Played, String> {
    let pool = FakePool::new(&upgrade.shape, plot.strikes.clone()).with_stuck_bricks(plot.stuck.clone());
    let inventory = upgrade.shape.inventory();
    let (kills, folder, played) = (plot.kills.clone(), folder.to_owned(), Played::default());
    let mut stage = Stage { upgrade, pool, inventory, folder, kills, played };
    stage.play_out().await?;
    stage.verify().await;
    let clients = upgrade.clients_at_once > 0;
    let goal = Shape { to: upgrade.goal(), ..upgrade.shape.clone() };
    let short = stage.pool.short_of_goal(&goal, !upgrade.keep_op_version, clients);
    if !short.is_empty() {
        return Err(format!("it ended, and is not at the goal: {}", short.join("; ")));
    }
    let (acted, starts, spared) = (stage.pool.acted(), stage.pool.brick_starts(), stage.pool.spared());
    Ok(Played { acted, starts, spared, ..stage.played })
}

impl Stage<'_> {
    /// What an operator does: run, resume, mend what halts it. Where resuming changes nothing, and no volume is stopped
    /// for a downtime, plan anew.
    async fn play_out(&mut self) -> Result<(), String> {
        let mut ended = self.run().await?;
        let (mut before, mut times) = (BTreeSet::new(), 0);
        for _ in 0..TRIES {
            tell(|| format!("the run ended: {ended:?}"));
            let (mut anew, mut seconds) = (false, 5);
            match ended {
                Ended::Finished => return Ok(()),
                Ended::Killed | Ended::Failed(_) => {}
                Ended::Halted(findings) if findings.is_empty() => {
                    return Err("a halt names no finding".into());
                }
                Ended::Halted(findings) => {
                    let codes: BTreeSet<String> = findings.iter().map(|one| one.code.to_string()).collect();
                    times = if codes == before { times + 1 } else { 1 };
                    before = codes;
                    seconds = 20;
                    match self.pool.repair(&findings) {
                        Repair::Done(codes) => self.played.repaired.extend(codes),
                        Repair::PlanAnew(codes) if times >= 3 && !self.in_downtime() => {
                            self.played.anew.extend(codes);
                            anew = true;
                        }
                        Repair::PlanAnew(_) => {}
                    }
                }
            }
            sleep(Duration::from_secs(seconds)).await;
            self.pool.revive();
            ended = if anew { self.run().await? } else { self.resume().await? };
        }
        Err(match ended {
            Ended::Finished => return Ok(()),
            Ended::Killed => "it is killed for ever".to_owned(),
            Ended::Failed(error) => format!("it fails for ever: {error}"),
            Ended::Halted(findings) => {
                let findings: Vec<String> = findings.iter().map(Finding::to_string).collect();
                format!("it halts for ever: {}", findings.join("; "))
            }
        })
    }

    /// Looks at the pool a while after the end, as `executor verify` does. A server that went down after the last step, and
    /// starts nothing at boot, is the operator's.
    async fn verify(&mut self) {
        for _ in 0..3 {
            sleep(Duration::from_secs(30)).await;
            let well = check::well();
            let state = observe::look(&self.pool, &self.inventory, &Scope::of(&well)).await;
            if let Repair::Done(codes) = self.pool.repair(&check::look_all(&well, &state)) {
                self.played.repaired.extend(codes);
            }
        }
    }

    /// Looks, plans, and begins: what `executor run` does.
    async fn run(&mut self) -> Result<Ended, String> {
        let Some(plan) = self.plan().await? else {
            return self.end_unfinished().await;
        };
        let to = self.upgrade.goal();
        let mut journal = Journal::create(&self.folder, to, Timestamp::now()).map_err(|e| e.to_string())?;
        let version = "test".to_owned();
        let first = Event::RunStarted { version, pool: "pool".into(), plan: Box::new(plan) };
        if self.append(&mut journal, first)? {
            return Ok(Ended::Killed);
        }
        self.drive(journal).await
    }

    /// A run that did not end has its claims still: what `run --yes` does about it where nothing is left to do. Where it stopped
    /// volumes, it is for `resume` to end it.
    async fn end_unfinished(&mut self) -> Result<Ended, String> {
        let Some((path, progress)) = self.latest()?.filter(|(_, progress)| !progress.complete) else {
            return Ok(Ended::Finished);
        };
        if render::in_downtime(&progress) {
            return Box::pin(self.resume()).await;
        }
        let (mut journal, _) = Journal::reopen(&path).map_err(|error| error.to_string())?;
        for event in [Event::RunResumed { in_doubt: progress.in_doubt }, Event::RunFinished] {
            if self.append(&mut journal, event)? {
                return Ok(Ended::Killed);
            }
        }
        let (claim, _) = self.claim(&path, &progress)?;
        let releasing = claims::release(&self.pool, &self.inventory, &claim, Whose::ThisPlaces);
        Ok(match unless_killed(&self.pool, releasing).await {
            Some(_) => Ended::Finished,
            None => Ended::Killed,
        })
    }

    /// Decides; looks again for a while where something stands in the way, and mends it where that does not help.
    async fn plan(&mut self) -> Result<Option<Plan>, String> {
        let mut findings = Vec::new();
        for look in 1..=8 * TRIES {
            let mut state = observe::look(&self.pool, &self.inventory, &self.upgrade.scope()).await;
            let (own, unfinished) = (self.own(), self.unfinished()?);
            state.before = std::sync::Arc::new(Before { own, unfinished, ..Default::default() });
            findings = match self.upgrade.plan(&self.inventory, &state) {
                Outcome::Plan(plan) => return Ok(Some(shortened(*plan))),
                Outcome::NothingToDo => return Ok(None),
                Outcome::Refusal(refusal) => refusal.findings,
            };
            if look % 20 == 0
                && let Repair::Done(codes) = self.pool.repair(&findings)
            {
                self.played.repaired.extend(codes);
            }
            sleep(Duration::from_secs(1)).await;
        }
        let findings: Vec<String> = findings.iter().map(Finding::to_string).collect();
        Err(format!("no plan: {}", findings.join("; ")))
    }

    /// Goes on with the last run: what `executor resume` does.
    async fn resume(&mut self) -> Result<Ended, String> {
        self.played.resumed += 1;
        let Some((path, progress)) = self.latest()? else { return self.run().await };
        if progress.complete {
            let (claim, _) = self.claim(&path, &progress)?;
            let releasing = claims::release(&self.pool, &self.inventory, &claim, Whose::ThisPlaces);
            let Some(left) = unless_killed(&self.pool, releasing).await else { return Ok(Ended::Killed) };
            if !left.is_empty() {
                self.pool.remove_claims();
            }
            return Ok(Ended::Finished);
        }
        let (mut journal, records) = Journal::reopen(&path).map_err(|error| error.to_string())?;
        let progress = resume::progress(&records).ok_or("the journal lost its plan")?;
        if self.append(&mut journal, Event::RunResumed { in_doubt: progress.in_doubt })? {
            return Ok(Ended::Killed);
        }
        self.drive(journal).await
    }

    /// The last run of these servers.
    fn latest(&self) -> Result<Option<(PathBuf, Progress)>, String> {
        let servers: BTreeSet<_> = self.inventory.servers.keys().collect();
        let ours = |progress: &Progress| {
            progress.plan.servers.iter().map(|row| &row.host).collect::<BTreeSet<_>>() == servers
        };
        journal::latest(&self.folder, ours).map_err(|error| error.to_string())
    }

    /// The clients that the last run noted, where it did not end: what a new plan looks for.
    fn unfinished(&self) -> Result<Clients, String> {
        let last = self.latest()?.filter(|(_, progress)| !progress.complete);
        Ok(last.map(|(_, progress)| progress.plan.baseline.clients).unwrap_or_default())
    }

    /// Whether the last run has stopped volumes, and only it knows which: what a halt says, too.
    fn in_downtime(&self) -> bool {
        self.latest().is_ok_and(|run| run.is_some_and(|(_, progress)| render::in_downtime(&progress)))
    }

    /// Claims, runs what is left, releases.
    async fn drive(&mut self, journal: Journal) -> Result<Ended, String> {
        let path = journal.path().to_owned();
        let records = journal::read(&path).map_err(|error| error.to_string())?;
        let progress = resume::progress(&records).ok_or("the journal has no plan")?;
        let (claim, name) = self.claim(&path, &progress)?;
        let heirs = Heirs { own: self.own(), waivers: progress.plan.waivers.clone(), ..Heirs::default() };

        let (pool, inventory) = (self.pool.clone(), self.inventory.clone());
        let mut last: Option<(u64, Written)> = None;
        let (kills, count) = (&self.kills, &mut self.played.records);
        let mut listener = |record: &Record| {
            *count += 1;
            tell(|| format!("{count:4} {:?}", record.event).chars().take(300).collect());
            if let Some(written) = kills.get(count).filter(|_| last.is_none()) {
                last = Some((record.sequence, *written));
                pool.kill();
            }
        };
        let work = async {
            if let Err(findings) = claims::take(&pool, &inventory, &claim, &heirs).await {
                let mut journal = journal;
                let halted = Event::Halted {
                    step: 0,
                    gate: GateKind::Enter,
                    findings: findings.clone(),
                    waited_seconds: 0,
                };
                return journal.append(halted).map(|_| Ended::Halted(findings)).map_err(RunError::from);
            }
            let noted = progress.noted.clone();
            let (transport, inventory, listener) = (&pool, &inventory, &mut listener);
            let (run, held) = (name, Some(&claim));
            let mut runner = Runner { transport, inventory, journal, listener, run, claim: held, noted };
            let end = runner.run(&progress).await?;
            Ok(match end {
                End::Finished => {
                    if !claims::release(transport, inventory, &claim, Whose::ThisProcess).await.is_empty() {
                        pool.remove_claims();
                    }
                    Ended::Finished
                }
                End::Halted { findings, .. } => Ended::Halted(findings),
                End::Failed { error, .. } => Ended::Failed(error),
                End::Paused { step } => panic!("nobody asked it to pause before step {step}"),
            })
        };
        let ended =
            unless_killed(&pool, work).await.transpose().map_err(|error: RunError| error.to_string())?;
        if let Some((sequence, written)) = last {
            cut(&path, sequence, written);
        }
        Ok(ended.unwrap_or(Ended::Killed))
    }

    /// Who works on the runs of the folder.
    fn own(&self) -> BTreeSet<Keeper> {
        journal::runs(&self.folder).into_iter().map(|(id, journal)| keeper(id, &journal)).collect()
    }

    /// What a run claims servers with, and its name.
    fn claim(&self, path: &Path, progress: &Progress) -> Result<(Claim, String), String> {
        let records = journal::read(path).map_err(|error| error.to_string())?;
        let since = records.first().map(|first| first.at).ok_or("the journal is empty")?;
        let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let id = RunId { run: name.clone(), since };
        Ok((Claim::new(keeper(id, path), "tester", progress.plan.to, "test".into()), name))
    }

    /// Appends a record outside of the loop. `true`: the program is killed there.
    fn append(&mut self, journal: &mut Journal, event: Event) -> Result<bool, String> {
        let record = journal.append(event).map_err(|error| error.to_string())?;
        self.played.records += 1;
        let Some(written) = self.kills.get(&self.played.records) else { return Ok(false) };
        cut(journal.path(), record.sequence, *written);
        Ok(true)
    }
}

/// Waits for what a program does. None: it was killed meanwhile, and what it waits for never comes.
async fn unless_killed<T>(pool: &FakePool, work: impl Future<Output = T>) -> Option<T> {
    let killed = async {
        while !pool.killed() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let done = tokio::select! {
        biased;
        done = work => Some(done),
        () = killed => None,
    };
    done.filter(|_| !pool.killed())
}

/// Prints what happens where `EXECUTOR_TALK` is set, for one schedule that fails.
fn tell(what: impl FnOnce() -> String) {
    if std::env::var_os("EXECUTOR_TALK").is_some() {
        eprintln!("{}", what());
    }
}

/// Leaves of a journal what a program that was killed in writing this record leaves.
fn cut(path: &Path, sequence: u64, written: Written) {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let before = usize::try_from(sequence).unwrap() - 1;
    let line = lines[before];
    let rest = match written {
        Written::Whole => line,
        Written::Lost => "",
        Written::Torn => &line[..line.len() / 2],
    };
    std::fs::write(path, lines[..before].concat() + rest).unwrap();
}

/// Who works on each run here, as its claims say.
fn keeper(id: RunId, journal: &Path) -> Keeper {
    Keeper { id, machine: "here".to_owned(), journal: journal.display().to_string() }
}

/// Returns the plan with gates that wait no longer than they need to here.
fn shortened(mut plan: Plan) -> Plan {
    for step in plan.stages.iter_mut().flat_map(|stage| &mut stage.steps) {
        for gate in [&mut step.enter, &mut step.reenter, &mut step.leave] {
            gate.patience_seconds = gate.patience_seconds.min(PATIENCE_SECONDS);
        }
    }
    plan
}
