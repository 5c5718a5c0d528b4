//! What a scenario would do, worked out without doing any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Serialize;

use super::{Ask, Deed, Order, Outcome, Scenario, Which};
use crate::images::Catalog;
use crate::oracle::{Allowance, Out, Stored};
use crate::pool::VolumeKind;

/// A scenario as it would be played: who is on the stage, and what happens in which order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Its name, with the case's where it is one of several.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// What it is about, in a sentence.
    pub about: String,
    /// Words by which several scenarios are run together.
    pub tags: BTreeSet<String>,
    /// The command that plays it.
    pub command: String,
    /// The family of images.
    pub family: String,
    /// What starts the daemons of its nodes.
    pub init: String,
    /// All nodes, servers first.
    pub hosts: Vec<PlannedHost>,
    /// The volumes.
    pub volumes: Vec<PlannedVolume>,
    /// Geo-replication between volumes.
    pub sessions: Vec<PlannedSession>,
    /// Programs that use volumes through gfapi.
    pub applications: Vec<PlannedApplication>,
    /// Who writes, and where; nobody, where there is none.
    pub workload: Option<PlannedWorkload>,
    /// What is asked of the executor, one after the other. What follows one that does not end as expected is not played.
    pub orders: Vec<PlannedOrder>,
    /// Whether all servers lose their power at once in the end, and everything is judged again.
    pub restarted: bool,
    /// Whether the executor is then asked for the same once more, to find nothing to do.
    pub asked_again: bool,
    /// The longest that an operation of the client may take.
    pub longest_stall_seconds: u64,
    /// How the servers have stored the volumes at a halt or a failure.
    pub stored: Stored,
    /// Why a renamed file may still be on the secondary by its old name; none where it may not.
    pub old_names: Option<String>,
    /// Options that may be gone in the end.
    pub lost_options: Vec<Allowance>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedHost {
    /// Its name.
    pub name: String,
    /// Of which pool it is a server; none for a client.
    pub server_of: Option<Which>,
    /// What it starts with.
    pub release: String,
    /// The volumes it mounts, each at `/mnt/VOLUME`.
    pub mounts: Vec<String>,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedVolume {
    /// Its name.
    pub name: String,
    /// The pool.
    pub pool: Which,
    /// How it spreads its data: "replica 3".
    pub kind: String,
    /// Its bricks, set by set.
    pub sets: Vec<Vec<PlannedBrick>>,
    /// Options that are set before it is started.
    pub options: BTreeMap<String, String>,
}

/// A brick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedBrick {
    /// Its server.
    pub server: String,
    /// Its folder there.
    pub path: String,
    /// Whether it has metadata only.
    pub arbiter: bool,
}

/// A session of geo-replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedSession {
    /// A volume of the pool.
    pub primary: String,
    /// A volume of the secondary.
    pub secondary: String,
}

/// A program that uses a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedApplication {
    /// Its host.
    pub host: String,
    /// The volume.
    pub volume: String,
    /// The name of its process.
    pub program: String,
}

/// A client that writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedWorkload {
    /// The client.
    pub client: String,
    /// The volumes it writes to.
    pub volumes: Vec<String>,
    /// At most so many operations a second.
    pub operations_per_second: f64,
    /// Whether it ends and unmounts for a downtime.
    pub stops_for_downtime: bool,
}

/// A call of the executor, what is done around it, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedOrder {
    /// The command.
    pub ask: Ask,
    /// The pool.
    pub on: Which,
    /// What the executor is given besides the command, and besides where its files are. A client's name stands for its
    /// address.
    pub arguments: Vec<String>,
    /// What is done before it, in words.
    pub before: Vec<String>,
    /// What is done meanwhile.
    pub faults: Vec<PlannedFault>,
    /// Whether the executor is killed at every event, and resumed.
    pub killed_at_every_event: bool,
    /// How it ends.
    pub outcome: Outcome,
    /// With which exit code.
    pub exit_code: i32,
    /// What it halts or refuses with: all of these, and nothing but what may be found besides.
    pub findings: BTreeSet<String>,
    /// Codes that may be found besides, of whatever subject.
    pub may_find: BTreeSet<String>,
    /// What its error says where it fails.
    pub says: Option<String>,
    /// The release of each server of the pool after it.
    pub releases: BTreeMap<String, String>,
    /// The release of each client after it, where the pool is theirs.
    pub clients: BTreeMap<String, String>,
    /// The pool's op-version after it.
    pub op_version: Option<u32>,
    /// The servers that serve nothing after it, and why.
    pub out: BTreeMap<String, Out>,
}

/// Something that is done while the executor works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedFault {
    /// When, in words.
    pub cue: String,
    /// What, in words.
    pub deed: String,
}

impl Scenario {
    /// Returns what it would do.
    pub fn plan(&self, catalog: &Catalog) -> Plan {
        let last = self.orders.last().filter(|order| order.outcome == Outcome::Upgraded);
        let sessions = self.sessions.iter().map(|session| PlannedSession {
            primary: session.primary.clone(),
            secondary: session.secondary.clone(),
        });
        let applications = self.applications.iter().map(|application| PlannedApplication {
            host: application.host.clone(),
            volume: application.volume.clone(),
            program: application.program.process().to_owned(),
        });
        let orders = self.orders.iter().enumerate();
        Plan {
            name: self.name.clone(),
            file: self.path.clone(),
            about: self.about.clone(),
            tags: self.tags.clone(),
            command: self.command(),
            family: self.family.clone(),
            init: self.init.to_string(),
            hosts: self.planned_hosts(),
            volumes: self.planned_volumes(),
            sessions: sessions.collect(),
            applications: applications.collect(),
            workload: self.workload.as_ref().map(|load| PlannedWorkload {
                client: load.client.clone(),
                volumes: load.volumes.clone(),
                operations_per_second: load.operations_per_second,
                stops_for_downtime: load.stops_for_downtime,
            }),
            orders: orders.map(|(place, order)| self.planned_order(catalog, place + 1, order)).collect(),
            restarted: last.is_some(),
            asked_again: last.is_some_and(Order::can_be_asked_again),
            longest_stall_seconds: self.expect.longest_stall.as_secs(),
            stored: self.expect.stored,
            old_names: self.expect.old_names.clone(),
            lost_options: self.expect.lost_options.clone(),
        }
    }

    fn planned_hosts(&self) -> Vec<PlannedHost> {
        let own = |name: &str| {
            let mounts = self.mounts.iter().filter(|mount| mount.host == name);
            mounts.map(|mount| mount.volume.clone()).collect()
        };
        let servers = self.parts().flat_map(|(which, part)| {
            part.servers.iter().map(move |server| PlannedHost {
                name: server.name.clone(),
                server_of: Some(which),
                release: server.release.clone(),
                mounts: own(&server.name),
            })
        });
        let clients = self.clients.iter().map(|client| PlannedHost {
            name: client.node.name.clone(),
            server_of: None,
            release: client.node.release.clone(),
            mounts: client.mounts.clone(),
        });
        servers.chain(clients).collect()
    }

    fn planned_volumes(&self) -> Vec<PlannedVolume> {
        let of = |(which, part): (Which, &super::PoolPart)| {
            let volumes = part.volumes.iter().map(|volume| {
                let size = volume.kind.set_size().max(1);
                let bricks = volume.bricks(&part.servers).into_iter().enumerate();
                let bricks: Vec<PlannedBrick> = bricks
                    .map(|(place, brick)| PlannedBrick {
                        server: brick.server,
                        path: brick.path,
                        arbiter: volume.kind == VolumeKind::Arbiter && place % size == size - 1,
                    })
                    .collect();
                PlannedVolume {
                    name: volume.name.clone(),
                    pool: which,
                    kind: kind(volume.kind),
                    sets: bricks.chunks(size).map(<[PlannedBrick]>::to_vec).collect(),
                    options: volume.options.iter().cloned().collect(),
                }
            });
            volumes.collect::<Vec<_>>()
        };
        self.parts().flat_map(of).collect()
    }

    fn planned_order(&self, catalog: &Catalog, number: usize, order: &Order) -> PlannedOrder {
        let standing = self.standing(order.on, number);
        let clients = self.clients.iter().filter(|_| order.on == Which::Pool);
        let clients = clients.map(|client| (client.node.name.clone(), self.client_release(client, number)));
        let faults = order
            .faults
            .iter()
            .map(|fault| PlannedFault { cue: fault.cue.words(), deed: fault.deed.words() });
        PlannedOrder {
            ask: order.ask,
            on: order.on,
            arguments: order.arguments(&order.waive),
            before: order.before.iter().map(Deed::words).collect(),
            faults: faults.collect(),
            killed_at_every_event: order.killed_at_every_event,
            outcome: order.outcome,
            exit_code: order.outcome.exit_code(),
            findings: order.findings.clone(),
            may_find: order.may_find.iter().map(ToString::to_string).collect(),
            says: order.says.clone(),
            op_version: self.op_version(catalog, &standing.op_version_of),
            releases: standing.releases,
            clients: clients.collect(),
            out: order.out.clone(),
        }
    }
}

/// Returns how a volume spreads its data, in words.
fn kind(kind: VolumeKind) -> String {
    match kind {
        VolumeKind::Replica { count } => format!("replica {count}"),
        VolumeKind::Arbiter => "arbiter 2+1".to_owned(),
        VolumeKind::Disperse { data, redundancy } => format!("disperse {data}+{redundancy}"),
        VolumeKind::Distribute => "distribute".to_owned(),
    }
}
