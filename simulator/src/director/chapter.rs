//! A chapter of the rehearsal: one order to the executor, what goes on meanwhile, and the verdict on it.

use std::sync::Arc;
use std::time::Duration;

use executor::core::finding::Waiver;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::cast::{Cast, Player};
use super::deeds::Hands;
use super::expected::{
    expected, expected_users, verdict_on_executor, verdict_on_kills, verdict_on_second_order,
};
use super::faults::{self, Ear};
use super::known::{Known, KnownPool};
use super::lives::perform_lives;
use super::load::{Load, Truths};
use super::performance::{Call, Then, perform};
use super::{DirectorError, Performance, Stage, keep_json, restart, waivers};
use crate::causes::with_causes;
use crate::oracle::after::{self, Settle};
use crate::oracle::during::{self, Watch};
use crate::oracle::{Baseline, Expected, Judge, Judgement, Stored, Verdict};
use crate::report::Samples;
use crate::scenario::{Order, Outcome, Which};

/// How long a pool may take to come to rest after every server lost its power.
const AFTER_RESTART: Settle =
    Settle { looks: 3, interval: Duration::from_secs(1), patience: Duration::from_secs(90) };

/// How long files may take to arrive at the secondary pool: gsyncd reads changelogs, which are closed every 15 s, and
/// workers that come back crawl first.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(300);

/// How often it is looked whether they have.
const ARRIVAL_INTERVAL: Duration = Duration::from_secs(5);

/// An order and its place.
pub(super) struct Chapter<'a> {
    stage: &'a Stage<'a>,
    cast: &'a Cast,
    order: &'a Order,
    /// From 1.
    number: usize,
}

/// What a chapter came to.
pub(super) struct Told {
    /// How the executor ended.
    pub(super) performance: Performance,
    /// The verdict.
    pub(super) judgement: Judgement,
}

impl<'a> Chapter<'a> {
    /// The chapter of this number, from 1.
    pub(super) fn new(stage: &'a Stage<'a>, cast: &'a Cast, number: usize, order: &'a Order) -> Self {
        Self { stage, cast, order, number }
    }

    /// Plays it: the client writes, the executor is called, the oracle watches; then all of it is judged.
    ///
    /// # Errors
    /// When it could not be judged at all.
    pub(super) async fn play(&self, load: &mut Load) -> Result<Told, DirectorError> {
        let Self { stage, cast, order, .. } = self;
        let say = stage.say;
        let player = cast.player(order.on);
        let waive = waivers::as_given(&cast.pool.pool, &order.waive).await?;
        let call = self.call(player, order, &waive);
        let hands = Hands { pool: &player.pool, known_down: &cast.known_down, call: &call };
        let prepared = faults::beforehand(&order.before, &hands, &self.phase("beforehand"), say).await;
        // Side by side: nothing that is looked at here is changed by a client that writes.
        let (before, writes) =
            tokio::join!(self.captured(self.number - 1), load.write(stage, &cast.pool.pool));
        let before = before?;
        writes?;
        let workload = stage.scenario.workload.as_ref();
        let pauses = order.offline && workload.is_some_and(|load| load.stops_for_downtime);
        if pauses {
            load.pause(stage, &cast.pool.pool, &*cast.shell).await?;
            say("the client has written, ended and unmounted; the executor is started");
        } else if load.writes() {
            say("a client writes; the executor is started");
        }
        let (performance, watched) = self.perform(&call, &hands).await?;
        if pauses && performance.last_word() == "upgraded" {
            say("the client mounts again, and goes on");
            load.go_on(stage, &cast.pool.pool).await?;
        }
        load.finish(&cast.shell, &performance, pauses).await;
        let mut judgement = verdict_on_executor(order, &self.phase("the executor"), &performance);
        judgement.extend(prepared);
        judgement.extend(watched);
        judgement.extend(load.judge(stage.scenario.expect.longest_stall));
        let truths = load.truths();
        let judging = self.judge_end(&before, &truths);
        judgement.extend(tokio::select! {
            judged = judging => judged?,
            () = stage.cancelled.cancelled() => return Err(DirectorError::Interrupted),
        });
        Ok(Told { performance, judgement })
    }

    /// Calls the executor, with the faults striking and the oracle watching.
    async fn perform(
        &self,
        call: &Call<'_>,
        hands: &Hands<'_>,
    ) -> Result<(Performance, Judgement), DirectorError> {
        let Self { stage, cast, order, .. } = self;
        let mut watching = Vec::new();
        for player in cast.players() {
            let expected = Arc::new(self.expected(player.which, self.number - 1, &Truths::new())?);
            let watch =
                during::start(cast.shell.clone(), expected, Watch::default(), cast.known_down.clone()).await;
            watching.push((player.which, Timestamp::now(), watch));
        }
        let (mut ear, dues) = Ear::new(&order.faults);
        let phase = self.phase("faults");
        let performing = async {
            let done = perform_lives(call, &self.file("executor"), &mut |record| ear.hear(record)).await;
            drop(ear);
            done
        };
        let striking = faults::strike(&order.faults, hands, dues, &phase, stage.say);
        let (lives, mut judgement) = tokio::join!(performing, striking);
        for (which, begin, watch) in watching {
            let watched = watch.finish().await;
            let name = match which {
                Which::Pool => "samples",
                Which::Secondary => "samples-secondary",
            };
            let samples = Samples { begin, samples: watched.samples };
            keep_json(stage.artifacts, &format!("{}.json", self.file(name)), &samples)?;
            // In a downtime nobody is served, and that is no fault; a refusal leaves no downtime behind.
            if !(order.offline && which == order.on) || order.outcome == Outcome::Refused {
                judgement.extend(watched.judgement);
            }
        }
        let lives = lives?;
        if order.killed_at_every_event {
            judgement.extend(verdict_on_kills(&phase, &lives));
        }
        Ok((lives.performance, judgement))
    }

    /// Returns how the executor is called for an order.
    fn call<'b>(&'b self, player: &'b Player, order: &'b Order, waive: &'b [Waiver]) -> Call<'b> {
        let Stage { executor, artifacts, cancelled, say, .. } = self.stage;
        Call {
            program: executor,
            inventory: &player.inventory,
            order,
            waive,
            artifacts,
            state: "state",
            cancelled,
            say: *say,
        }
    }

    /// Looks at every pool, to tell afterwards that nothing happened to it.
    async fn captured(&self, orders: usize) -> Result<Vec<(Which, Baseline)>, DirectorError> {
        let mut captured = Vec::new();
        for player in self.cast.players() {
            let expected = self.expected(player.which, orders, &Truths::new())?;
            captured.push((player.which, Baseline::capture(&*self.cast.shell, &expected).await));
        }
        Ok(captured)
    }

    /// Judges every pool after the executor has ended.
    async fn judge_end(
        &self,
        before: &[(Which, Baseline)],
        truths: &Truths,
    ) -> Result<Judgement, DirectorError> {
        let Self { stage, cast, order, .. } = self;
        (stage.say)("the oracle judges the pool");
        let phase = self.phase(match order.outcome {
            Outcome::Upgraded => "after the upgrade",
            Outcome::Halted => "at the halt",
            Outcome::Failed => "at the failure",
            Outcome::Refused => "after the refusal",
        });
        let mut judgement = Judgement::default();
        let mut known = Vec::new();
        for (which, before) in before {
            let in_the_end = self.in_the_end(*which, truths)?;
            let baseline = (*cast.player(*which).baseline).clone();
            known.push(KnownPool { which: *which, expected: in_the_end.clone(), baseline });
            if order.outcome == Outcome::Refused {
                judgement.extend(before.unchanged(cast.shell.clone(), &in_the_end, &phase).await);
            } else if *which != order.on {
                let shell = cast.shell.clone();
                judgement.extend(before.unchanged_but_for_sessions(shell, &in_the_end, &phase).await);
            }
            judgement.extend(self.judge(cast.player(*which), in_the_end, &phase, Settle::default()).await);
        }
        Known::of(known).keep(stage.artifacts)?;
        judgement.extend(self.judge_sessions(&phase).await?);
        // At a halt, what was taken away for an upgrade may be away still.
        if !matches!(order.outcome, Outcome::Halted | Outcome::Failed) {
            let users = expected_users(stage.scenario, self.number);
            judgement.extend(cast.users.judge(&*cast.shell, &users, &phase).await);
        }
        Ok(judgement)
    }

    /// Judges a pool once. A secondary is judged until the last file has arrived, or patience ends.
    async fn judge(&self, player: &Player, expected: Expected, phase: &str, settle: Settle) -> Judgement {
        let expected = Arc::new(expected);
        let began = Instant::now();
        loop {
            let baseline = player.baseline.clone();
            let judgement =
                after::judge(self.cast.shell.clone(), expected.clone(), baseline, phase, settle).await;
            let waits = match player.which {
                Which::Pool => false,
                Which::Secondary => began.elapsed() < ARRIVAL_LIMIT,
            };
            if judgement.verdict() == Verdict::Pass || !waits {
                return judgement;
            }
            sleep(ARRIVAL_INTERVAL).await;
        }
    }

    /// Judges geo-replication: every worker Active or Passive, and caught up.
    async fn judge_sessions(&self, phase: &str) -> Result<Judgement, DirectorError> {
        let mut judge = Judge::new(phase);
        if let Some(far) = &self.cast.secondary {
            for session in &self.stage.scenario.sessions {
                let began = Instant::now();
                let found = loop {
                    match self.cast.pool.pool.session(session, &far.pool).await? {
                        Err(_) if began.elapsed() < ARRIVAL_LIMIT => sleep(ARRIVAL_INTERVAL).await,
                        found => break found,
                    }
                };
                let verdict = if found.is_ok() { Verdict::Pass } else { Verdict::Fail };
                let found = found.unwrap_or_else(|wrong| wrong);
                let subject = format!("{} to {}", session.primary, session.secondary);
                let expected = "one Active worker a set, all others Passive, caught up";
                judge.assert("geo-replication runs", subject, verdict, expected, found);
            }
        }
        Ok(judge.done())
    }

    /// Every server of every pool loses its power once more, and the pools are judged again. Notes what was done to
    /// them meanwhile.
    ///
    /// # Errors
    /// When it could not be judged at all.
    pub(super) async fn judge_restarted(
        &self,
        truths: &Truths,
        notes: &mut Vec<String>,
    ) -> Result<Judgement, DirectorError> {
        let say = self.stage.say;
        say("every server loses its power once more, and is judged again");
        let mut judgement = Judgement::default();
        // The other end of geo-replication first: a monitor that starts while it is away ends for good (monitor.py, seen
        // with 11.1), which is nothing that an upgrade could have changed.
        for player in self.cast.players().rev() {
            match restart::all_servers(&player.pool).await {
                Ok(anew) if anew.is_empty() => {}
                Ok(anew) => notes.push(format!(
                    "after the last restart glusterd was started once more on {}: it had lost its self-heal daemon, as \
                     it may at any start",
                    anew.join(", ")
                )),
                // What did not come back is for the judge to find; it looks for itself.
                Err(error) => say(&format!("not everything came back by itself: {}", with_causes(&error))),
            }
        }
        for player in self.cast.players() {
            let in_the_end = self.in_the_end(player.which, truths)?;
            judgement.extend(self.judge(player, in_the_end, "after the last restart", AFTER_RESTART).await);
        }
        judgement.extend(self.judge_sessions("after the last restart").await?);
        Ok(judgement)
    }

    /// Asks for the same once more: there must be nothing to do, and nothing may be touched.
    ///
    /// # Errors
    /// When it could not be judged at all.
    pub(super) async fn ask_again(&self) -> Result<Judgement, DirectorError> {
        let Self { stage, cast, order, .. } = self;
        (stage.say)("the executor is asked for the same once more");
        let player = cast.player(order.on);
        let before = self.captured(self.number).await?;
        let (before_it, faults) = (Vec::new(), Vec::new());
        let again = Order { before: before_it, faults, killed_at_every_event: false, ..(*order).clone() };
        let waive = waivers::as_given(&cast.pool.pool, &order.waive).await?;
        let call = self.call(player, &again, &waive);
        let performance = perform(&call, "again", &mut |_| Then::GoesOn).await?;
        let mut judgement = verdict_on_second_order(&performance);
        for (which, before) in &before {
            let expected = self.expected(*which, self.number, &Truths::new())?;
            judgement.extend(before.unchanged(cast.shell.clone(), &expected, "asked again").await);
        }
        Ok(judgement)
    }

    fn expected(&self, which: Which, orders: usize, truths: &Truths) -> Result<Expected, DirectorError> {
        let Stage { scenario, catalog, .. } = self.stage;
        expected(scenario, catalog, which, scenario.standing(which, orders), truths)
    }

    fn in_the_end(&self, which: Which, truths: &Truths) -> Result<Expected, DirectorError> {
        let mut expected = self.expected(which, self.number, truths)?;
        if which == self.order.on {
            expected.out.clone_from(&self.order.out);
        }
        expected.stored = match self.order.outcome {
            Outcome::Halted | Outcome::Failed => self.stage.scenario.expect.stored,
            Outcome::Upgraded | Outcome::Refused => Stored::Alike,
        };
        Ok(expected)
    }

    /// Returns the name of a phase, with the order's number where there are several.
    fn phase(&self, name: &str) -> String {
        let Self { stage, number, .. } = self;
        if stage.scenario.orders.len() == 1 { name.to_owned() } else { format!("order {number}: {name}") }
    }

    /// Returns the name of a file of this chapter: the first has the plain one.
    fn file(&self, name: &str) -> String {
        if self.number == 1 { name.to_owned() } else { format!("{name}-{}", self.number) }
    }
}
