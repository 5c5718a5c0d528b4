//! Scenario files: which pool, which upgrade, what is expected of it. Pure; `scenarios/README.md` is the manual.

mod check;
mod fault;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use executor::core::finding::{Code, Waiver};
use executor::core::names::Release;

pub use self::fault::{Cue, Deed, Fault, Step};

use crate::images::{Catalog, Init};
use crate::oracle::{Allowance, Out, Stored};
use crate::pool::{Application, ClientSpec, NodeSpec, Session, VolumeSpec};

/// A scenario that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name: the file's, without the ending.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What it is about, in a sentence.
    pub about: String,
    /// Words by which several scenarios are run together.
    pub tags: BTreeSet<String>,
    /// The family of images.
    pub family: String,
    /// What starts the daemons of its nodes.
    pub init: Init,
    /// The pool that clients use.
    pub pool: PoolPart,
    /// The pool that it is geo-replicated to, where there is one.
    pub secondary: Option<PoolPart>,
    /// Geo-replication between the two.
    pub sessions: Vec<Session>,
    /// The clients.
    pub clients: Vec<ClientSpec>,
    /// Mounts on servers, which are none of a client's.
    pub mounts: Vec<HostMount>,
    /// Programs that use volumes through gfapi.
    pub applications: Vec<Application>,
    /// Who writes all the while.
    pub workload: Option<Workload>,
    /// What is asked of the executor, one after the other.
    pub orders: Vec<Order>,
    /// What is expected of it all.
    pub expect: Expect,
}

/// One of the pools of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The pool that clients use; the primary one where there is geo-replication.
    #[default]
    Pool,
    /// The pool that it is geo-replicated to.
    Secondary,
}

impl Which {
    /// Returns its name, for files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Secondary => "secondary",
        }
    }
}

/// What a pool is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolPart {
    /// The servers, each with the release it starts with.
    pub servers: Vec<NodeSpec>,
    /// The volumes.
    pub volumes: Vec<VolumeSpec>,
}

/// A mount on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostMount {
    /// The server.
    pub host: String,
    /// The volume.
    pub volume: String,
}

/// A client that writes all the while.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The client.
    pub client: String,
    /// The volumes it writes to, each in a folder of its own.
    pub volumes: Vec<String>,
    /// At most so many operations a second.
    pub operations_per_second: f64,
    /// Whether it ends and unmounts before the executor is started, and goes on after that: what an operator does
    /// for a downtime.
    pub stops_for_downtime: bool,
}

/// One thing that is asked of the executor, and how it is to end.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The command.
    pub ask: Ask,
    /// The pool.
    pub on: Which,
    /// The target.
    pub to: Release,
    /// Whether all servers are upgraded together, within a downtime.
    pub offline: bool,
    /// Whether the op-version stays what it is.
    pub keep_op_version: bool,
    /// Findings that are waived.
    pub waive: Vec<Waiver>,
    /// How many clients are upgraded at once; 0 leaves them alone.
    pub clients_at_once: usize,
    /// What an operator does to the pool before it.
    pub before: Vec<Deed>,
    /// What is done to the pool meanwhile.
    pub faults: Vec<Fault>,
    /// Whether the executor is killed as soon as it tells an event for the first time, and resumed, until it ends.
    pub killed_at_every_event: bool,
    /// How the executor ends.
    pub outcome: Outcome,
    /// What it halts or refuses with, as CODE:SUBJECT: all of these, and nothing but what may be found besides.
    pub findings: BTreeSet<String>,
    /// Codes that may be found besides, of whatever subject: what depends on who of Gluster's is faster.
    pub may_find: BTreeSet<Code>,
    /// What its error has to say where it fails.
    pub says: Option<String>,
    /// The servers that serve nothing in the end.
    pub out: BTreeMap<String, Out>,
    /// The servers that are at the target in the end; all others of the pool are where they were.
    pub upgraded: BTreeSet<String>,
}

impl Order {
    /// Returns it in words.
    pub fn words(&self) -> String {
        let ask = match self.ask {
            Ask::Run => format!("run to {}", self.to),
            Ask::Resume => "resume".to_owned(),
            Ask::Finalize => "finalize".to_owned(),
            Ask::Rollback => format!("rollback to {}", self.to),
        };
        let killed = if self.killed_at_every_event { ", killed at every event" } else { "" };
        format!("{ask} on the {}{killed}, to be {}", self.on.name(), self.outcome.word())
    }
}

/// A command of the executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// `executor run`.
    #[default]
    Run,
    /// `executor resume`, of the last run.
    Resume,
    /// `executor finalize`: the op-version that was kept is raised.
    Finalize,
    /// `executor rollback`: the way back. It is not told to which release; the journal of the run before tells.
    Rollback,
}

/// Where a pool is to stand: at which releases, whose op-version it has, and what others have set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The release of each server.
    pub releases: BTreeMap<String, String>,
    /// The release whose op-version the pool has.
    pub op_version_of: String,
    /// Options that were set by deeds, by volume.
    pub set_since: BTreeMap<String, BTreeMap<String, String>>,
}

impl Standing {
    /// Takes a deed into account.
    fn after(&mut self, deed: &Deed) {
        match deed {
            Deed::SetOption { volume, option, value } => {
                self.set_since.entry(volume.clone()).or_default().insert(option.clone(), value.clone());
            }
            Deed::ResetOption { volume, option } => {
                self.set_since.entry(volume.clone()).or_default().remove(option);
            }
            Deed::ForceStart { .. }
            | Deed::PowerOff { .. }
            | Deed::PowerOn { .. }
            | Deed::StartGlusterd { .. }
            | Deed::CutSsh { .. }
            | Deed::Partition { .. }
            | Deed::Reconnect { .. }
            | Deed::SlowNetwork { .. }
            | Deed::UsualNetwork { .. }
            | Deed::Spoil { .. }
            | Deed::Mend { .. }
            | Deed::TakeBricks { .. }
            | Deed::GiveBricksBack { .. }
            | Deed::Fill { .. }
            | Deed::Free { .. }
            | Deed::StopProcesses { .. }
            | Deed::ContinueProcesses { .. }
            | Deed::SecondExecutor => {}
        }
    }
}

/// How the executor is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With exit code 0 and every server at the target, which is the older release after a way back.
    Upgraded,
    /// With exit code 11, halted at a gate, and the pool serving.
    Halted,
    /// With exit code 12, since a step failed, and the pool serving.
    Failed,
    /// With exit code 10, and the pool untouched.
    Refused,
}

impl Outcome {
    /// Returns the word for it, as [`crate::director::Performance::last_word`] has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Upgraded => "upgraded",
            Self::Halted => "halted",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    /// Returns the executor's exit code for it.
    pub fn exit_code(self) -> i32 {
        use executor::core::exit::Exit;
        match self {
            Self::Upgraded => Exit::Done as i32,
            Self::Halted => Exit::Halted as i32,
            Self::Failed => Exit::Failed as i32,
            Self::Refused => Exit::Refused as i32,
        }
    }
}

/// What is expected of all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// The longest a client's operation may take.
    pub longest_stall: Duration,
    /// How the servers have stored the volumes in the end.
    pub stored: Stored,
    /// Why the secondary pool may still have files by the names that they had before they were renamed; none where it
    /// may not.
    pub old_names: Option<String>,
    /// Options that may be lost, and why that is no change of what the operator wanted.
    pub lost_options: Vec<Allowance>,
}

/// What is wrong with a scenario: where, what, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {problem}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ScenarioError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, where the trouble has one.
    pub line: Option<usize>,
    /// What was found, and what was expected.
    pub problem: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl Scenario {
    /// Reads a scenario file and checks it against the catalog.
    ///
    /// # Errors
    /// What is wrong with it, with its line.
    pub fn load(path: &Path, catalog: &Catalog) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|error| ScenarioError {
            path: path.to_owned(),
            line: None,
            problem: format!("cannot be read: {error}"),
            hint: "scenarios are files such as scenarios/online-replicated.toml",
        })?;
        Self::parse(path, &text, catalog)
    }

    /// Reads a scenario's text and checks it against the catalog.
    ///
    /// # Errors
    /// What is wrong with it, with its line.
    pub fn parse(path: &Path, text: &str, catalog: &Catalog) -> Result<Self, ScenarioError> {
        check::scenario(path, text, catalog)
    }

    /// Returns the op-version of each release of the scenario's family that it uses.
    pub fn op_version(&self, catalog: &Catalog, release: &str) -> Option<u32> {
        let family = catalog.family(&self.family).ok()?;
        Some(family.release(release).ok()?.op_version)
    }

    /// Returns one of the pools, where the scenario has it.
    pub fn part(&self, which: Which) -> Option<&PoolPart> {
        match which {
            Which::Pool => Some(&self.pool),
            Which::Secondary => self.secondary.as_ref(),
        }
    }

    /// Returns the pools there are, with what they are made of.
    pub fn parts(&self) -> impl Iterator<Item = (Which, &PoolPart)> {
        let secondary = self.secondary.as_ref().map(|part| (Which::Secondary, part));
        std::iter::once((Which::Pool, &self.pool)).chain(secondary)
    }

    /// Returns where a pool is to stand after so many orders.
    pub fn standing(&self, which: Which, orders: usize) -> Standing {
        let servers = self.part(which).into_iter().flat_map(|part| &part.servers);
        let releases: BTreeMap<String, String> =
            servers.map(|server| (server.name.clone(), server.release.clone())).collect();
        let op_version_of = releases.values().next().cloned().unwrap_or_default();
        let mut standing = Standing { releases, op_version_of, set_since: BTreeMap::new() };
        for order in self.orders.iter().take(orders).filter(|order| order.on == which) {
            let faults = order.faults.iter().map(|fault| &fault.deed);
            order.before.iter().chain(faults).for_each(|deed| standing.after(deed));
            let Standing { releases, op_version_of, set_since: _ } = &mut standing;
            for (server, release) in releases {
                if order.upgraded.contains(server) {
                    *release = order.to.to_string();
                }
            }
            let raises = !order.keep_op_version && order.ask != Ask::Rollback;
            if order.outcome == Outcome::Upgraded && raises {
                *op_version_of = order.to.to_string();
            }
        }
        standing
    }

    /// Returns whether the client that writes has to be left out of the inventory: where clients are upgraded and it
    /// writes on, its mount cannot be taken away.
    pub fn left_to_itself(&self) -> Option<&str> {
        let workload = self.workload.as_ref().filter(|workload| !workload.stops_for_downtime)?;
        let clients_too = self.orders.iter().any(|order| order.clients_at_once > 0);
        clients_too.then_some(workload.client.as_str())
    }
}
