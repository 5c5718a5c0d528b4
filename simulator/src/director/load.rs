//! The load of a rehearsal: who writes where, whether it pauses for a downtime, and what it was promised.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::writer::Writer;
use super::{DirectorError, Performance, Stage};
use crate::oracle::{Judgement, Shell, Truth};
use crate::pool::{Look, Pool, until};
use crate::workload::{self, FOLDER, Limits, Record, Settings};

/// What must be found in each volume.
pub(super) type Truths = BTreeMap<String, Truth>;

/// How long an unmount may take.
const UNMOUNT_LIMIT: Duration = Duration::from_secs(60);

/// All writers of a rehearsal.
pub(super) struct Load {
    /// Those that write now, by volume.
    writers: Vec<(String, Writer)>,
    /// The records of those that have ended, by volume, each with the time in which it must have written.
    ended: Vec<(String, Record, Window)>,
    /// When those that write now were started.
    since: SystemTime,
    /// How often writers were started.
    rounds: usize,
    /// How many of the records were judged.
    judged: usize,
}

/// A time and what it is called.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: SystemTime,
    to: SystemTime,
    when: &'static str,
}

impl Load {
    /// A load that nobody makes yet.
    pub(super) fn new() -> Self {
        Self { writers: Vec::new(), ended: Vec::new(), since: SystemTime::now(), rounds: 0, judged: 0 }
    }

    /// Starts a writer on each volume of the scenario's workload and waits until it has something to lose. Every round
    /// of writing has a folder of its own, beside what was written before.
    pub(super) async fn write(&mut self, stage: &Stage<'_>, pool: &Pool) -> Result<(), DirectorError> {
        self.rounds += 1;
        let (folder, suffix) = match self.rounds {
            1 => (FOLDER.to_owned(), String::new()),
            round => (format!("{FOLDER}/round-{round}"), format!("-{round}")),
        };
        self.since = SystemTime::now();
        let Some(load) = &stage.scenario.workload else { return Ok(()) };
        let Some(client) = pool.node(&load.client) else { return Ok(()) };
        for (place, volume) in load.volumes.iter().enumerate() {
            let mut settings = Settings::new(&format!("/mnt/{volume}"), stage.seed);
            settings.operations_per_second = load.operations_per_second;
            settings.folder.clone_from(&folder);
            settings.stop_file = format!("/run/workload{suffix}.{volume}.stop");
            let other = if place == 0 { String::new() } else { format!("-{volume}") };
            let kept = stage.artifacts.path(&format!("workload{other}{suffix}.jsonl"));
            let writer =
                Writer::start(stage.engine, client, settings, &kept).map_err(DirectorError::Writer)?;
            self.writers.push((volume.clone(), writer));
        }
        for (_, writer) in &self.writers {
            writer.warm_up().await?;
        }
        Ok(())
    }

    /// Returns whether anybody writes.
    pub(super) fn writes(&self) -> bool {
        !self.writers.is_empty()
    }

    /// Ends the writers and unmounts every volume on every client, as an operator does before a downtime.
    pub(super) async fn pause(
        &mut self,
        stage: &Stage<'_>,
        pool: &Pool,
        shell: &dyn Shell,
    ) -> Result<(), DirectorError> {
        self.end(shell, self.since, SystemTime::now(), "before the downtime").await;
        for (client, spec) in pool.clients().iter().zip(&stage.scenario.clients) {
            for volume in &spec.mounts {
                let target = format!("/mnt/{volume}");
                until(format!("{} to unmount {target}", client.name), UNMOUNT_LIMIT, async || {
                    let done = stage.engine.exec(&client.container, &["umount", &target]).await?;
                    let there = stage.engine.exec(&client.container, &["mountpoint", "-q", &target]).await?;
                    Ok(if there.success() {
                        Look::NotYet(done.last_words().to_owned())
                    } else {
                        Look::Ready(())
                    })
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Mounts what was unmounted, and writes again.
    pub(super) async fn go_on(&mut self, stage: &Stage<'_>, pool: &Pool) -> Result<(), DirectorError> {
        for (client, spec) in pool.clients().iter().zip(&stage.scenario.clients) {
            for volume in &spec.mounts {
                pool.mount(client, volume).await?;
            }
        }
        self.write(stage, pool).await
    }

    /// Ends all writers after the executor has ended.
    pub(super) async fn finish(&mut self, shell: &Arc<dyn Shell>, performance: &Performance, paused: bool) {
        if paused {
            self.end(&**shell, self.since, SystemTime::now(), "after the downtime").await;
        } else {
            self.end(&**shell, performance.from, performance.to, "during the run").await;
        }
    }

    async fn end(&mut self, shell: &dyn Shell, from: SystemTime, to: SystemTime, when: &'static str) {
        for (volume, writer) in std::mem::take(&mut self.writers) {
            let record = writer.end(shell).await;
            self.ended.push((volume, record, Window { from, to, when }));
        }
    }

    /// Judges what the clients went through since the last time.
    pub(super) fn judge(&mut self, longest_stall: Duration) -> Judgement {
        let mut judgement = Judgement::default();
        for (_, record, Window { from, to, when }) in &self.ended[self.judged..] {
            let limits = Limits { longest_stall, failures: 0, from: *from, to: *to, when };
            judgement.extend(workload::judge(record, &limits));
        }
        self.judged = self.ended.len();
        judgement
    }

    /// Returns what must be found in each volume.
    pub(super) fn truths(&self) -> Truths {
        let mut truths = Truths::new();
        for (volume, record, _) in &self.ended {
            let found = record.truth();
            let truth = truths
                .entry(volume.clone())
                .or_insert_with(|| Truth { folder: FOLDER.to_owned(), ..Truth::default() });
            truth.files.extend(found.files);
            truth.in_doubt.extend(found.in_doubt);
            truth.gone.extend(found.gone);
        }
        truths
    }

    /// Returns how many operations were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.ended.iter().map(|(_, record, _)| record.acknowledged()).sum()
    }

    /// Returns the longest that an operation took.
    pub(super) fn longest_stall(&self) -> Option<Duration> {
        self.ended.iter().filter_map(|(_, record, _)| record.longest()).map(|stall| stall.took).max()
    }
}
