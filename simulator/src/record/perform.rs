//! Doing the steps of a state on a pool.

use std::time::Duration;

use tokio::task::JoinSet;

use super::look;
use super::questions::Question;
use super::recording::Recording;
use super::states::{ASKED, CLIENT, State, Step, Until};
use super::{Numbers, RecordError};
use crate::engine::{EXEC_DEADLINE, EngineError, ExecOutput};
use crate::pool::{Look, Node, Pool, PoolError, until};

/// What an answer may take. The CLI itself gives up after 120 s, and its words then are an answer, too.
const ANSWER_LIMIT: Duration = Duration::from_secs(150);
/// What is waited for may depend on a timeout of Gluster's: 42 s for a server that is gone without a word.
const LIMIT: Duration = Duration::from_secs(180);
/// What a look for a busy pool may take. One that is answered at once was refused the lock; one that is not has got it,
/// and holds it against the next look for as long as the server is frozen that it waits for.
const BUSY_LIMIT: Duration = Duration::from_secs(10);
/// Writes small files, each synced, with names that were not there before.
const WRITE: &str = r#"for volume; do
    for count in 1 2 3 4 5 6 7 8; do
        file=$(mktemp "/mnt/$volume/XXXXXXXXXX") || exit 1
        head -c 20000 /dev/urandom >"$file" && sync "$file" || exit 1
    done
done"#;
/// What a glusterd says that is held up by another command.
const BUSY: &str = "Another transaction is in progress";

/// A pool that is taken through states, and where its answers go.
pub(super) struct Performer<'a> {
    pub(super) pool: &'a Pool,
    pub(super) numbers: Numbers,
    pub(super) recording: &'a Recording,
    /// Commands that were begun and have not been waited for.
    begun: JoinSet<Result<ExecOutput, EngineError>>,
}

impl<'a> Performer<'a> {
    pub(super) fn new(pool: &'a Pool, numbers: Numbers, recording: &'a Recording) -> Self {
        Self { pool, numbers, recording, begun: JoinSet::new() }
    }

    /// Takes the pool through a state.
    pub(super) async fn perform(&mut self, state: &State) -> Result<(), RecordError> {
        for step in state.steps {
            self.step(state, step).await.map_err(|error| match error {
                RecordError::Pool { source, .. } => RecordError::Pool { state: state.name, source },
                other => other,
            })?;
        }
        Ok(())
    }

    async fn step(&mut self, state: &State, step: &Step) -> Result<(), RecordError> {
        let engine = self.pool.engine();
        match *step {
            Step::Ask(server, questions) => {
                for Question { file, command } in questions {
                    let answer = self.ask(server, command).await?;
                    self.recording.keep(state.name, file, &answer)?;
                }
            }
            Step::Do(name, command) => {
                let words = self.words(command);
                engine.exec_ok(&self.node(name)?.container, &borrowed(&words)).await?;
            }
            Step::Shell(name, line) => {
                engine.exec_ok(&self.node(name)?.container, &["sh", "-c", line]).await?;
            }
            Step::Begin(name, command) => {
                let (engine, words) = (engine.clone(), self.words(command));
                let container = self.node(name)?.container.clone();
                self.begun.spawn(async move {
                    engine.exec_within(&container, &borrowed(&words), ANSWER_LIMIT).await
                });
            }
            Step::Finish => {
                while let Some(ended) = self.begun.join_next().await {
                    tracing::debug!(?ended, "what was begun has ended");
                }
            }
            Step::Write(volumes) => {
                let mut argv = vec!["sh", "-c", WRITE, "write"];
                argv.extend(volumes);
                engine.exec_within(&self.node(CLIENT)?.container, &argv, LIMIT).await.and_then(ended_well)?;
            }
            Step::PowerOff(name) => engine.kill(&self.node(name)?.container, "SIGKILL").await?,
            Step::PowerOn(name) => self.power_on(self.node(name)?).await?,
            Step::StopGlusterd(name) => self.stop_glusterd(self.node(name)?).await?,
            Step::StartGlusterd(name) => self.pool.start_glusterd(self.node(name)?).await?,
            Step::Wait(what) => self.wait(what).await?,
        }
        Ok(())
    }

    fn node(&self, name: &str) -> Result<&'a Node, RecordError> {
        let fault =
            || PoolError::Spec { fault: format!("a state names {name}, which is no node of the pool") };
        self.pool.node(name).ok_or_else(|| fault().into())
    }

    fn words(&self, command: &str) -> Vec<String> {
        self.numbers.fill(command).split(' ').map(str::to_owned).collect()
    }

    async fn ask(&self, server: &str, command: &str) -> Result<ExecOutput, RecordError> {
        let words = self.words(command);
        let container = &self.node(server)?.container;
        Ok(self.pool.engine().exec_within(container, &borrowed(&words), ANSWER_LIMIT).await?)
    }

    async fn power_on(&self, server: &Node) -> Result<(), RecordError> {
        let engine = self.pool.engine();
        engine.start(&server.container).await?;
        until(format!("{} to start", server.name), LIMIT, async || {
            let mark = engine.exec(&server.container, &["test", "-e", "/run/node-ready"]).await?;
            Ok(if mark.success() { Look::Ready(()) } else { Look::NotYet("no mark".to_owned()) })
        })
        .await?;
        Ok(self.pool.start_glusterd(server).await?)
    }

    async fn stop_glusterd(&self, server: &Node) -> Result<(), RecordError> {
        let engine = self.pool.engine();
        engine.exec_ok(&server.container, &["pkill", "-TERM", "-x", "glusterd"]).await?;
        until(format!("glusterd on {} to end", server.name), LIMIT, async || {
            let running = engine.exec(&server.container, &["pgrep", "-x", "glusterd"]).await?;
            Ok(if running.success() { Look::NotYet("it runs".to_owned()) } else { Look::Ready(()) })
        })
        .await?;
        Ok(())
    }

    async fn wait(&self, what: Until) -> Result<(), RecordError> {
        let peers = "gluster --mode=script peer status --xml";
        match what {
            Until::AllOnline => {
                self.pool.wait_for_peers().await?;
                for volume in self.pool.volumes() {
                    self.pool.wait_for_bricks(volume).await?;
                }
                Ok(())
            }
            Until::Rows(volume, rows) => {
                let command = format!("gluster --mode=script volume status {volume} --xml");
                self.look(&command, what, |xml| look::rows_online(xml, rows)).await
            }
            Until::SameClients => {
                for volume in self.pool.volumes() {
                    let command =
                        format!("gluster --mode=script volume status {} clients --xml", volume.name);
                    self.look(&command, what, look::same_clients).await?;
                }
                Ok(())
            }
            Until::PeerGone(server) => {
                self.look(peers, what, |xml| look::peer(xml, server, "Peer in Cluster", false)).await
            }
            Until::PeerRejected(server) => {
                self.look(peers, what, |xml| look::peer(xml, server, "Peer Rejected", true)).await
            }
            Until::BrickOffline(volume, server) => {
                let command = format!("gluster --mode=script volume status {volume} --xml");
                self.look(&command, what, |xml| look::brick_offline(xml, server)).await
            }
            Until::Healed(volumes) => self.look_at_heals(volumes, what, look::healed).await,
            Until::Pending(volumes) => self.look_at_heals(volumes, what, look::pending).await,
            Until::Task(volume, status) => {
                let command = "gluster --mode=script volume status all tasks --xml";
                self.look(command, what, |xml| look::task(xml, volume, status)).await
            }
            Until::Busy(command) => {
                let busy = |text: &str| text.contains(BUSY).then_some(()).ok_or_else(|| text.to_owned());
                self.look_within(command, what, BUSY_LIMIT, busy).await
            }
        }
    }

    async fn look_at_heals(
        &self,
        volumes: &[&str],
        what: Until,
        judge: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), RecordError> {
        for volume in volumes {
            let command = format!("gluster --mode=script volume heal {volume} info --xml");
            self.look(&command, what, &judge).await?;
        }
        Ok(())
    }

    /// Asks until the answer is as waited for.
    async fn look(
        &self,
        command: &str,
        what: Until,
        judge: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), RecordError> {
        self.look_within(command, what, EXEC_DEADLINE, judge).await
    }

    async fn look_within(
        &self,
        command: &str,
        what: Until,
        limit: Duration,
        judge: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), RecordError> {
        let words = self.words(command);
        let asked = self.node(ASKED)?;
        until(format!("{what:?} in `{command}`"), LIMIT, async || {
            let answer = self.pool.engine().exec_within(&asked.container, &borrowed(&words), limit).await;
            let answer = match answer {
                Err(EngineError::Deadline { .. }) => return Ok(Look::NotYet("no answer".to_owned())),
                answer => answer?,
            };
            Ok(match judge(&answer.stdout) {
                Ok(()) => Look::Ready(()),
                Err(found) => Look::NotYet(format!("{found} {}", answer.stderr.trim())),
            })
        })
        .await?;
        Ok(())
    }
}

fn ended_well(output: ExecOutput) -> Result<(), EngineError> {
    if output.success() {
        return Ok(());
    }
    Err(EngineError::Failed {
        container: CLIENT.to_owned(),
        argv: vec!["write".to_owned()],
        output: Box::new(output),
    })
}

fn borrowed(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}
