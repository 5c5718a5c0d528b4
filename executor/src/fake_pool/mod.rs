//! A pool in memory behind [`Transport`]: it replaces the machines and nothing else. What it answers is read by the same
//! parsers, judged by the same checks and acted on by the same runner as a real pool's.
//!
//! * It is as unforgiving as Gluster: the same op-version twice is an error, the pool's lock is sometimes somebody
//!   else's, clients connect late, heal takes its time (all of it in tokio's time, which tests pause).
//! * A command is a row of strokes (`strokes`); it can be cut between any two of them, go on by itself, or be ended by a
//!   reboot ([`Fault`]).
//! * The safety rule is within it (`safety`): it panics when a brick is taken out while another one of its set is
//!   away or not healed, and when a client's write fails or would be lost. Clients write every second. It panics as well
//!   when a server is touched whose geo-replication was not stopped before (`georep`).
//!
//! Anything that it does not know panics with the command's first words.

mod cli;
mod deeds;
mod faults;
mod georep;
mod georep_cli;
mod life;
mod reads;
mod recognise;
mod repair;
mod safety;
mod shape;
mod state;
mod strokes;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

pub use faults::{Acted, Fault, Strike, Strikes, Stuck};
pub use repair::Repair;
pub use shape::{Shape, release};
pub use state::Layout;

use crate::core::command::{Command, Effect, Output};
use crate::core::names::HostName;
use crate::core::pool::Unreachable;
use crate::transport::{Transport, TransportError, first_words};
use deeds::Deed;
use recognise::{Sent, recognise, unknown};
use state::State;
use strokes::{Rest, Stroke};

/// The pool. Clones are the same pool.
#[derive(Clone)]
pub struct FakePool {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    state: State,
    /// When the test began, and what the pool's own clock said then: it is older.
    origin: (Instant, u64),
    strikes: Strikes,
    /// Whether the program that uses this transport was killed: nothing is answered any more.
    killed: bool,
    acted: Vec<Acted>,
    /// Reboots that would have broken the safety rule by themselves, and were left out.
    spared: usize,
}

impl FakePool {
    /// Builds a pool whose clock is tokio's.
    pub fn new(shape: &Shape, strikes: Strikes) -> Self {
        let state = shape.state();
        let origin = (Instant::now(), state.now);
        let inner = Inner { origin, strikes, killed: false, acted: Vec::new(), spared: 0, state };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Has these starts of bricks come to nothing.
    #[must_use]
    pub fn with_stuck_bricks(self, stuck: Stuck) -> Self {
        self.lock().state.stuck = stuck;
        self
    }

    /// Returns how often a brick was started, or was to be.
    pub fn brick_starts(&self) -> usize {
        self.lock().state.starts
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the time pass that passed.
    fn caught_up(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.lock();
        inner.catch_up();
        inner
    }

    /// Returns the commands that changed something, or were to, in order.
    pub fn acted(&self) -> Vec<Acted> {
        self.lock().acted.clone()
    }

    /// Returns how many reboots were left out, since they alone would have taken two of a set.
    pub fn spared(&self) -> usize {
        self.lock().spared
    }

    /// Kills the program that uses the pool: none of its commands is sent or answered any more.
    pub fn kill(&self) {
        self.lock().killed = true;
    }

    /// Returns whether the program that uses the pool was killed.
    pub fn killed(&self) -> bool {
        self.lock().killed
    }

    /// Lets another program use the pool.
    pub fn revive(&self) {
        self.lock().killed = false;
    }

    /// Does the strokes of a command, one after the other, and what a fault makes of it.
    async fn act(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let (Deed { strokes, says }, strike) = {
            let mut inner = self.caught_up();
            inner.begin(host, command)
        };
        let stop = strike.map(|strike| match strike.fault {
            Fault::Cut(at) | Fault::Late(at) | Fault::Reboot(at) => at.min(strokes.len()),
        });
        let installs =
            strokes.iter().any(|stroke| matches!(stroke, Stroke::Unpack { .. } | Stroke::Configure));
        for (at, stroke) in strokes.iter().enumerate() {
            if stop == Some(at) {
                break;
            }
            self.caught_up().stroke(host, stroke, installs)?;
            sleep(Duration::from_secs(stroke.seconds())).await;
            if self.killed() {
                // Whoever waits is gone; the command goes on.
                let rest = strokes[at + 1..].iter().cloned().collect();
                self.caught_up().go_on(host, rest);
                std::future::pending::<()>().await;
            }
        }
        let mut inner = self.caught_up();
        let Some((strike, stop)) = strike.zip(stop) else {
            inner.state.machine_mut(host).installing = false;
            inner.here(host)?;
            return Ok(says);
        };
        inner.strike(host, strike, strokes[stop..].iter().cloned().collect());
        let reason = "Connection reset by peer".to_owned();
        Err(TransportError::Lost { host: host.clone(), reason })
    }
}

#[async_trait]
impl Transport for FakePool {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        if self.killed() {
            std::future::pending::<()>().await;
        }
        self.caught_up().here(host)?;
        match command.effect {
            Effect::Reads => self.caught_up().read(host, command),
            Effect::Changes => {
                let output = self.act(host, command).await;
                if self.killed() {
                    std::future::pending::<()>().await;
                }
                output
            }
        }
    }
}

impl Inner {
    fn catch_up(&mut self) {
        let (began, then) = self.origin;
        while self.state.now < then + began.elapsed().as_secs() {
            self.state.tick();
        }
    }

    /// Whether a host can be reached.
    fn here(&self, host: &HostName) -> Result<(), TransportError> {
        if self.state.is_up(host) {
            return Ok(());
        }
        let reason = format!("connect to host {host} port 22: Connection timed out");
        Err(TransportError::NotReached { host: host.clone(), cause: Unreachable::TimedOut, reason })
    }

    fn read(&mut self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        let state = &mut self.state;
        Ok(match recognise(command) {
            Sent::Script(script, arguments) => state.read(host, script, arguments),
            Sent::Gluster(words) => state.ask(host, &words).unwrap_or_else(|| unknown(command)),
            Sent::Version => state.version(host),
            Sent::Info => state.glusterd_info(host),
            Sent::Date => {
                // The clocks of the hosts are right, and ours is not tokio's.
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                reads::said(format!("{}.{:09}\n", now.as_secs(), now.subsec_nanos()))
            }
        })
    }

    /// Begins a command, and tells the fault that strikes it.
    fn begin(&mut self, host: &HostName, command: &Command) -> (Deed, Option<Strike>) {
        let deed = self.state.begin(host, &recognise(command)).unwrap_or_else(|| unknown(command));
        let strike = self.strikes.get(&self.acted.len()).copied();
        let (words, strokes) = (first_words(command), deed.strokes.len());
        self.acted.push(Acted { host: host.to_string(), words, strokes });
        (deed, strike)
    }

    /// Does one stroke of a command that somebody waits for.
    fn stroke(&mut self, host: &HostName, stroke: &Stroke, installs: bool) -> Result<(), TransportError> {
        if !self.state.is_up(host) {
            let reason = "the host went down".to_owned();
            return Err(TransportError::Lost { host: host.clone(), reason });
        }
        self.state.machine_mut(host).installing |= installs;
        self.state.apply(host, stroke);
        Ok(())
    }

    /// Lets a command go on that nobody waits for any more.
    fn go_on(&mut self, host: &HostName, strokes: VecDeque<Stroke>) {
        if strokes.is_empty() {
            self.state.machine_mut(host).installing = false;
        } else {
            let at = self.state.now + 1;
            self.state.going_on.push((at, Rest { host: host.clone(), strokes }));
        }
    }

    fn strike(&mut self, host: &HostName, strike: Strike, rest: VecDeque<Stroke>) {
        match strike.fault {
            Fault::Cut(_) => self.state.machine_mut(host).installing = false,
            Fault::Late(_) => self.go_on(host, rest),
            Fault::Reboot(_) => {
                if self.state.could_go(host) {
                    self.state.reboot(host);
                } else {
                    self.spared += 1;
                    self.state.machine_mut(host).installing = false;
                }
            }
        }
        self.killed |= strike.killed;
    }
}
