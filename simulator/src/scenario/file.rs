//! The file as it is written. Its schema is published, so what is said of a field here is what an editor shows.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use super::Which;
use super::file_orders::{Expect, Order};
use super::placed::Placed;
use crate::images::Init;
use crate::pool::GfapiProgram;

/// A rehearsal: which pool comes up, what the executor is asked for, and what is expected of it all.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Scenario")]
pub(super) struct File {
    /// A scenario that this one is the same as, but for what stands here; its path is relative to this file. Tables are
    /// merged key by key, however deep; anything else, lists too, takes the place of the base's.
    #[expect(dead_code, reason = "followed before the files are one; declared for the schema")]
    pub(super) extends: Option<String>,
    /// What it is and what must come of it, in a sentence.
    pub(super) about: String,
    /// Words for `--tag`.
    #[serde(default)]
    pub(super) tags: BTreeSet<String>,
    /// Makes one case of each value, to be run one after the other.
    pub(super) matrix: Option<Placed<Matrix>>,
    /// The pool that clients use.
    pub(super) pool: Placed<Pool>,
    /// A second pool, for geo-replication; of the same family and init.
    pub(super) secondary: Option<Secondary>,
    /// The volumes of both pools.
    pub(super) volumes: Vec<Volume>,
    /// Geo-replication, from a volume of the pool to one of the secondary.
    #[serde(default)]
    pub(super) sessions: Vec<Session>,
    /// The clients; the oracle reads back through the first.
    #[serde(default)]
    pub(super) clients: Vec<Client>,
    /// Mounts on servers.
    #[serde(default)]
    pub(super) mounts: Vec<HostMount>,
    /// Programs that use a volume through gfapi; the inventory declares how to stop and start them.
    #[serde(default)]
    pub(super) applications: Vec<Application>,
    /// Who writes all the while; left out for a pool at rest.
    pub(super) workload: Option<Workload>,
    /// What the executor is asked for, one after the other.
    pub(super) orders: Placed<Vec<Placed<Order>>>,
    /// What is expected of all of it.
    #[serde(default)]
    pub(super) expect: Expect,
}

/// The cases of a scenario: each pair of releases with each init. They are called NAME@9.2-10.3, NAME@systemd,
/// NAME@9.2-10.3-systemd.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Matrix {
    /// Pairs of the release that the pool starts with and the one that the only order to `run` upgrades it to. They take
    /// the place of `release` and `to`; an order to `rollback` comes back to the first one.
    #[schemars(with = "Option<Vec<[String; 2]>>", extend("minItems" = 1, "uniqueItems" = true))]
    pub(super) releases: Option<Placed<Vec<Pair>>>,
    /// What starts the daemons of the nodes: takes the place of the pool's `init`.
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    pub(super) init: Option<Placed<Vec<Placed<Init>>>>,
}

/// Two releases, from and to; that there are two of them is seen to later.
pub(super) type Pair = Placed<Vec<Placed<String>>>;

/// A pool.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    /// The family of images, of images/catalog.toml.
    pub(super) family: Placed<String>,
    /// What every node starts with; a matrix of releases takes its place.
    pub(super) release: Option<Placed<String>>,
    /// The names of the servers.
    pub(super) servers: Placed<Vec<Placed<String>>>,
    /// What starts the daemons of its nodes; the family's own where left out.
    pub(super) init: Option<Init>,
}

/// The pool that another one is geo-replicated to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Secondary {
    /// What its servers start with; that of the pool where left out.
    pub(super) release: Option<Placed<String>>,
    /// The names of its servers.
    pub(super) servers: Placed<Vec<Placed<String>>>,
}

/// A session of geo-replication.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    /// A volume of the pool.
    pub(super) primary: Placed<String>,
    /// A volume of the secondary.
    pub(super) secondary: Placed<String>,
}

/// A mount on a server, at /mnt/VOLUME.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HostMount {
    /// The server.
    pub(super) host: Placed<String>,
    /// The volume.
    pub(super) volume: Placed<String>,
}

/// A program that uses a volume through gfapi.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    /// A server or a client.
    pub(super) host: Placed<String>,
    /// The volume.
    pub(super) volume: Placed<String>,
    /// The program.
    pub(super) program: GfapiProgram,
}

/// A volume. Servers × `bricks_per_server` must fill whole sets.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Volume {
    /// Its name.
    pub(super) name: Placed<String>,
    /// The pool it is of.
    #[serde(default)]
    pub(super) pool: Which,
    /// How it spreads its data.
    pub(super) kind: Placed<Kind>,
    /// The bricks of a set; for kind replica.
    pub(super) replica: Option<usize>,
    /// The bricks of a set that hold data; for kind disperse.
    pub(super) data: Option<usize>,
    /// The bricks of a set that can be lost; for kind disperse.
    pub(super) redundancy: Option<usize>,
    /// How many bricks each server has of it.
    #[serde(default = "one")]
    pub(super) bricks_per_server: usize,
    /// Options to set before it is started.
    #[serde(default)]
    pub(super) options: BTreeMap<String, String>,
}

/// How a volume spreads its data. More bricks than one set needs make more sets, and files are distributed over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Each file on every brick of a set.
    Replica,
    /// Each file on two bricks of a set, its metadata on a third.
    Arbiter,
    /// Each file in pieces over a set, some of which can be lost.
    Disperse,
    /// Each file on one brick.
    Distribute,
}

/// A client.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    /// Its name.
    pub(super) name: Placed<String>,
    /// The volumes it mounts, each at /mnt/VOLUME.
    pub(super) mounts: Vec<Placed<String>>,
}

/// A client that writes all the while.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Workload {
    /// The client.
    pub(super) client: Placed<String>,
    /// The volume it writes to.
    pub(super) volume: Placed<String>,
    /// Further mounts of that client that it writes to at the same time.
    #[serde(default)]
    pub(super) also: Vec<Placed<String>>,
    /// At most so many operations a second; the faster, the longer the heals.
    #[schemars(range(min = 0.1, max = 1000.0))]
    pub(super) operations_per_second: Placed<f64>,
    /// It ends and unmounts before the executor starts, and goes on after: what an operator does for a downtime.
    #[serde(default)]
    pub(super) stops_for_downtime: bool,
}

impl File {
    /// Returns the servers of a pool.
    pub(super) fn servers(&self, which: Which) -> &[Placed<String>] {
        match which {
            Which::Pool => self.pool.get_ref().servers.get_ref(),
            Which::Secondary => self.secondary.as_ref().map_or(&[], |pool| pool.servers.get_ref()),
        }
    }

    /// Returns the names of a pool's servers.
    pub(super) fn server_names(&self, which: Which) -> Vec<&str> {
        self.servers(which).iter().map(|name| name.get_ref().as_str()).collect()
    }

    /// Returns the names of a pool's volumes.
    pub(super) fn volume_names(&self, which: Which) -> Vec<&str> {
        let volumes = self.volumes.iter().filter(|volume| volume.pool == which);
        volumes.map(|volume| volume.name.get_ref().as_str()).collect()
    }

    /// Returns the names of the clients.
    pub(super) fn client_names(&self) -> Vec<&str> {
        self.clients.iter().map(|client| client.name.get_ref().as_str()).collect()
    }
}

fn one() -> usize {
    1
}
