//! Scenario files: which pool, which upgrade, what is expected of it. Pure; `scenarios/README.md` is the manual.

mod check;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use executor::core::finding::Waiver;
use executor::core::names::Release;

use crate::images::{Catalog, Init};
use crate::oracle::{Allowance, Stored};
use crate::pool::{ClientSpec, NodeSpec, VolumeSpec};

/// A scenario that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name: the file's, without the ending.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What it is about, in a sentence.
    pub about: String,
    /// The family of images.
    pub family: String,
    /// What starts the daemons of its nodes.
    pub init: Init,
    /// The servers, each with the release it starts with.
    pub servers: Vec<NodeSpec>,
    /// The volumes.
    pub volumes: Vec<VolumeSpec>,
    /// The clients.
    pub clients: Vec<ClientSpec>,
    /// Who writes all the while.
    pub workload: Option<Workload>,
    /// What is asked of the executor.
    pub upgrade: Upgrade,
    /// What is expected of it all.
    pub expect: Expect,
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

/// What is asked of the executor.
#[derive(Debug, Clone, PartialEq)]
pub struct Upgrade {
    /// The target.
    pub to: Release,
    /// Whether all servers are upgraded together, within a downtime.
    pub offline: bool,
    /// Findings that are waived.
    pub waive: Vec<Waiver>,
    /// How many clients are upgraded at once; 0 leaves them alone.
    pub clients_at_once: usize,
}

/// How the executor is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With exit code 0 and every server at the target.
    Upgraded,
    /// With exit code 11, halted at a gate, and the pool serving.
    Halted,
    /// With exit code 10, and the pool untouched.
    Refused,
}

impl Outcome {
    /// Returns the executor's exit code for it.
    pub fn exit_code(self) -> i32 {
        use executor::core::exit::Exit;
        match self {
            Self::Upgraded => Exit::Done as i32,
            Self::Halted => Exit::Halted as i32,
            Self::Refused => Exit::Refused as i32,
        }
    }
}

/// What is expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// How the executor ends.
    pub outcome: Outcome,
    /// What it halts or refuses with, as CODE:SUBJECT: exactly these.
    pub findings: BTreeSet<String>,
    /// The servers that are at the target in the end; all others are where they began.
    pub upgraded: BTreeSet<String>,
    /// The longest a client's operation may take.
    pub longest_stall: Duration,
    /// How the servers have stored the volumes in the end.
    pub stored: Stored,
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

    /// Returns the releases the servers are expected to be at in the end.
    pub fn releases_in_the_end(&self) -> BTreeMap<String, String> {
        let in_the_end = |server: &NodeSpec| {
            let upgraded = self.expect.upgraded.contains(&server.name);
            let release = if upgraded { self.upgrade.to.to_string() } else { server.release.clone() };
            (server.name.clone(), release)
        };
        self.servers.iter().map(in_the_end).collect()
    }
}
