//! Scenario files: which pool, which upgrade, what is expected of it. Pure; `scenarios/README.md` is the manual.

mod check;
mod error;
mod fault;
mod file;
mod file_orders;
mod order;
mod placed;
pub mod plan;
mod schema;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::error::{ScenarioError, ScenarioErrors};
pub use self::fault::{Cue, Deed, Fault, Step};
pub use self::order::{Ask, Order, Outcome};
pub use self::schema::schema;

use crate::images::{Catalog, Init};
use crate::oracle::{Allowance, Stored};
use crate::pool::{Application, ClientSpec, NodeSpec, Session, VolumeSpec};

/// A scenario that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name: the file's, without the ending; of a case of a matrix, with the case's behind an `@`.
    pub name: String,
    /// The case's own name, such as "9.2-10.3", where the file has a matrix.
    pub case: Option<String>,
    /// The releases that were asked for in place of the file's.
    pub asked: Hop,
    /// The file.
    pub path: PathBuf,
    /// A catalog of the operator's own that it was read with.
    pub catalog: Option<PathBuf>,
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

/// Releases that are asked for in place of those that a file has, and in place of its matrix'.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hop {
    /// The one that the pool starts with; the file's own where there is none.
    pub from: Option<String>,
    /// The one that its only order to run goes to; the file's own where there is none.
    pub to: Option<String>,
}

impl Hop {
    /// Returns whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// One of the pools of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
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

impl Scenario {
    /// Reads a scenario file, with what it extends, and checks it against the catalog; returns the cases of its matrix, or
    /// the one scenario that it is.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place and what to do.
    pub fn cases(path: &Path, catalog: &Catalog) -> Result<Vec<Self>, ScenarioErrors> {
        Self::cases_of(path, catalog, &Hop::default())
    }

    /// As [`Scenario::cases`], with other releases than the file has.
    ///
    /// # Errors
    /// As [`Scenario::cases`]; and where the family has no such release, or several orders ask to run.
    pub fn cases_of(path: &Path, catalog: &Catalog, hop: &Hop) -> Result<Vec<Self>, ScenarioErrors> {
        let text = std::fs::read_to_string(path).map_err(|error| ScenarioError {
            file: path.to_owned(),
            line: None,
            column: None,
            problem: format!("cannot be read: {error}"),
            hint: "scenarios are files such as scenarios/online-replicated.toml",
        })?;
        check::scenarios(path, &text, catalog, hop)
    }

    /// Reads the text of a scenario file, which is read as if it stood at this path.
    ///
    /// # Errors
    /// As [`Scenario::cases`].
    pub fn parse(path: &Path, text: &str, catalog: &Catalog) -> Result<Vec<Self>, ScenarioErrors> {
        check::scenarios(path, text, catalog, &Hop::default())
    }

    /// Reads a scenario file that has no more than one case.
    ///
    /// # Errors
    /// As [`Scenario::cases`]; and where there are several to choose from.
    pub fn load(path: &Path, catalog: &Catalog) -> Result<Self, ScenarioErrors> {
        let mut cases = Self::cases(path, catalog)?;
        match (cases.pop(), cases.is_empty()) {
            (Some(only), true) => Ok(only),
            (_, _) => Err(ScenarioErrors::from(ScenarioError {
                file: path.to_owned(),
                line: None,
                column: None,
                problem: "expected one case, and its matrix makes several".to_owned(),
                hint: "choose one of them",
            })),
        }
    }

    /// Returns whether this is the case of that name: its whole name, or what stands behind the `@`.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.case.as_deref() == Some(name)
    }

    /// Returns the releases that its image needs: those that hosts begin with, and those that orders go to.
    pub fn releases(&self) -> BTreeSet<String> {
        let servers = self.parts().flat_map(|(_, part)| &part.servers);
        let nodes = servers.chain(self.clients.iter().map(|client| &client.node));
        let orders = self.orders.iter().map(|order| order.to.to_string());
        nodes.map(|node| node.release.clone()).chain(orders).collect()
    }

    /// Returns the command that rehearses just this case.
    pub fn command(&self) -> String {
        let Hop { from, to } = &self.asked;
        let catalog = self.catalog.as_ref().map(|path| path.display().to_string());
        let options = [("--from", from), ("--to", to), ("--case", &self.case), ("--catalog", &catalog)];
        let options =
            options.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", value.as_ref()?)));
        format!("simulator run {}{}", self.path.display(), options.collect::<String>())
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

    /// Returns where a client is to stand after so many orders: at the target of the last one that upgraded clients, or
    /// where it began; so does one that the inventory leaves out.
    pub fn client_release(&self, client: &ClientSpec, orders: usize) -> String {
        let moved = self.orders.iter().take(orders).rev().find(|order| {
            order.clients_at_once > 0 && order.outcome == Outcome::Upgraded && order.on == Which::Pool
        });
        let stays = self.left_to_itself() == Some(client.node.name.as_str());
        moved.filter(|_| !stays).map_or_else(|| client.node.release.clone(), |order| order.to.to_string())
    }

    /// Returns whether the client that writes has to be left out of the inventory: where clients are upgraded and it
    /// writes on, its mount cannot be taken away.
    pub fn left_to_itself(&self) -> Option<&str> {
        let workload = self.workload.as_ref().filter(|workload| !workload.stops_for_downtime)?;
        let clients_too = self.orders.iter().any(|order| order.clients_at_once > 0);
        clients_too.then_some(workload.client.as_str())
    }
}
