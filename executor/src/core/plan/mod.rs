//! The plan: a pure function from inventory and pool state to ordered steps, or a refusal with all findings.
//!
//! The online procedure, for pools in which every volume is replicated:
//!
//! 1. *Preflight.* Every check is put to the pool; every finding is collected. What the plan itself mends
//!    (options that the target drops) is *answered*; what the operator waived is recorded; anything left
//!    is a refusal.
//! 2. *Stop geo-replication*, where there is a session, and *prepare*, where something must be mended before the
//!    first server changes.
//! 3. *One turn a server*: stop, install, start, heal, write and read a file. A server that is out already comes first, the
//!    others by name; those that the program speaks through come last. A server at the target gets no turn.
//! 4. *Start geo-replication*, and prove that a file arrives. *Clients*, where the inventory names some: what uses
//!    volumes is put aside, the packages change, all is brought back and proved.
//! 5. *Finish*: raise the op-version, once every server runs the target and all is well.
//!
//! The way back, until the op-version is raised, is the same with an older release, the clients first and no finish.
//!
//! Properties, each held for drawn pools by `property_tests`: a server has one turn at most; every step that takes
//! something out has the whole health of the pool as its enter gate, and gives it back at the end of its turn; the
//! op-version is the last step; a pool at its goal has no plan; the same input gives the same plan.

mod action;
mod builder;
mod canary;
#[cfg(test)]
mod canary_tests;
mod choose;
mod clients;
mod finish;
#[cfg(test)]
mod finish_tests;
mod georep;
#[cfg(test)]
mod georep_tests;
mod offline;
#[cfg(test)]
mod offline_tests;
mod online;
#[cfg(test)]
mod order_tests;
mod packages;
mod preflight;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod recorded;
mod rollback;
#[cfg(test)]
mod rollback_tests;
mod settle;
mod stale;
#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod thousand_tests;
mod usage;
#[cfg(test)]
mod usage_tests;
mod way_back;
#[cfg(test)]
mod way_back_tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use action::Action;
pub use choose::plan;
pub use finish::{FINALIZE_NEEDS, finalize, op_version as newest_op_version};
pub use rollback::{Direction, rollback};
pub use way_back::{WayBack, way_back};

use super::baseline::Baseline;
use super::check::Check;
use super::finding::{Finding, Waiver};
use super::names::{HostName, OpVersion, Release, VolumeName};
use super::packages::Transaction;
use super::pool::Observed;

/// Checks that must all pass, several looks in a row, and how long to wait for that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gate {
    /// What must pass. An empty gate stands open.
    pub checks: Vec<Check>,
    /// How long to wait, in seconds.
    pub patience_seconds: u64,
    /// How many looks in a row must pass. Heal counts flicker while files are being written.
    pub settle: u32,
}

/// An action with its gates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number in the plan, from 1.
    pub id: u32,
    /// What it does.
    pub action: Action,
    /// What must hold before it is begun.
    pub enter: Gate,
    /// What must hold before it is begun *again*, after a run that ended within it. A server half out
    /// would never pass `enter`, and would block its own way back.
    pub reenter: Gate,
    /// What must hold before the next step.
    pub leave: Gate,
}

/// What a group of steps is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// Packages are fetched on every host before the first one is touched.
    Packages,
    /// What must be mended first, on the old release.
    Prepare,
    /// Geo-replication is stopped, before the first server is touched.
    StopReplication,
    /// Geo-replication is started and proved, after the last server.
    StartReplication,
    /// From the first volume that is stopped to the last one that is started again: nothing is served.
    Downtime,
    /// The turn of one server.
    Turn(HostName),
    /// Client machines, one or several at once, after all servers.
    Clients(Vec<HostName>),
    /// The op-version: no way back after it.
    Finish,
}

/// A group of steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// What it is for.
    pub kind: StageKind,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// Why a server's turn comes after those of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Last {
    /// Other hosts are reached by way of it: were it to let nobody in any more, they would be out of reach too.
    LeadsToOthers,
    /// This program runs on it: its own turn is the one that could stop the program.
    RunsThis,
}

/// A server in the plan's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRow {
    /// The server.
    pub host: HostName,
    /// The release it runs.
    pub now: Release,
    /// The release it will run.
    pub then: Release,
    /// Whether Gluster is down on it already.
    pub out: bool,
    /// Why its turn comes last, where it does.
    #[serde(default)]
    pub last: Option<Last>,
}

/// A client machine in the plan's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRow {
    /// The client.
    pub host: HostName,
    /// The release it has.
    pub now: Release,
    /// The release it will have.
    pub then: Release,
}

/// How the servers are upgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Procedure {
    /// One server at a time, the others carrying its data. Only where every volume is replicated.
    #[default]
    Online,
    /// All servers together, within a downtime. For every kind of volume.
    Offline,
}

/// Everything that will be done, in order. What is not in here is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The target release.
    pub to: Release,
    /// Whether it leads to a later release or back to an older one. A journal without it is of an upgrade; a program that
    /// does not know it does the same steps of a way back, and calls it an upgrade.
    #[serde(default)]
    pub direction: Direction,
    /// The only hosts whose release changes, where not all are meant; empty: all.
    #[serde(default)]
    pub only: BTreeSet<HostName>,
    /// Whether the pool serves meanwhile.
    #[serde(default)]
    pub procedure: Procedure,
    /// The op-version the pool has.
    pub op_version_now: OpVersion,
    /// The op-version the pool will have.
    pub op_version_then: OpVersion,
    /// Whether the operator asked to leave it, so that going back stays possible.
    #[serde(default)]
    pub op_version_kept: bool,
    /// The servers.
    pub servers: Vec<ServerRow>,
    /// The client machines that are upgraded too.
    #[serde(default)]
    pub clients: Vec<ClientRow>,
    /// How many client machines are upgraded at once; 0 leaves them all to the operator.
    #[serde(default)]
    pub clients_at_once: usize,
    /// What installing moves on the hosts, as their package managers have simulated it.
    #[serde(default)]
    pub transactions: Vec<Transaction>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// Findings that steps of the plan answer.
    pub answered: Vec<Finding>,
    /// Findings that do not stand in the way, and are worth knowing.
    #[serde(default)]
    pub advice: Vec<Finding>,
    /// Findings that were waived, and stand.
    pub waived: Vec<Finding>,
    /// The waivers themselves, which hold at the gates as well.
    pub waivers: Vec<Waiver>,
    /// What was seen when the plan was made, which its gates compare with.
    pub baseline: Baseline,
    /// What is left to the operator after the plan.
    pub left_to_do: Vec<String>,
}

impl Plan {
    /// Returns all steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// Returns the volumes that are stopped by the plan, and started again.
    pub fn stopped_volumes(&self) -> Vec<&VolumeName> {
        self.steps().filter_map(|step| step.action.stops()).collect()
    }
}

/// No plan, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// All the findings in the way.
    pub findings: Vec<Finding>,
    /// Findings that were waived.
    pub waived: Vec<Finding>,
}

/// What planning comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// This is what to do.
    Plan(Box<Plan>),
    /// Every server runs the target, the op-version is raised, and the pool is well.
    NothingToDo,
    /// It cannot be done safely.
    Refusal(Refusal),
}

/// What the operator asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The target release.
    pub to: Release,
    /// Whether it is later than what runs, or older.
    pub direction: Direction,
    /// The only hosts whose release shall change; empty: all.
    pub only: BTreeSet<HostName>,
    /// How; the operator's choice, since only the operator can schedule a downtime.
    pub procedure: Procedure,
    /// Findings that shall not stand in the way.
    pub waivers: Vec<Waiver>,
    /// How many client machines are upgraded at once; 0 leaves them all to the operator.
    pub clients_at_once: usize,
    /// Whether the op-version shall be left as it is, to be raised by [`finalize`] another day.
    pub keep_op_version: bool,
}

impl Request {
    /// Returns whether a host's release is to change, by the one it has. One whose release is not known may have to.
    fn moves(&self, host: &HostName, release: &Observed<Option<Release>>) -> bool {
        let at_target = release.known().is_ok_and(|now| *now == Some(self.to));
        !at_target && (self.only.is_empty() || self.only.contains(host))
    }
}
