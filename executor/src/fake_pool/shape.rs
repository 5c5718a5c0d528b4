//! How a fake pool begins: so many servers, a release, volumes, clients. The same words describe a pool of containers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::faults::Stuck;
use super::georep::Replication;
use super::state::{BrickState, Layout, Machine, Packages, Server, State, Volume};
use crate::core::georep::{PoolRole, SessionName};
use crate::core::inventory::{self, Inventory};
use crate::core::names::{Brick, HostName, OpVersion, Release, VolumeName};
use crate::core::usage::Mount;

/// A pool as it is before anything is done: healthy, with every volume started and mounted by every client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// How many servers: `g1`, `g2` and so on.
    pub servers: usize,
    /// The release of servers and clients.
    pub from: Release,
    /// The release that is on offer: a later one, or the older one of the way back.
    pub to: Release,
    /// The volumes, by name.
    pub volumes: Vec<(String, Layout)>,
    /// How many client machines: `c1`, `c2` and so on.
    pub clients: usize,
    /// Whether machines start at boot what belongs to them: glusterd, the events daemon, mounts of clients.
    pub starts_at_boot: bool,
    /// How long a client takes to connect to a brick that is back, in seconds.
    pub reconnect_seconds: u64,
    /// At which end another pool is of a geo-replication session of the first volume, where there is one.
    pub other_pool: Option<PoolRole>,
}

impl Shape {
    /// Returns three servers at 10.3 with one volume of three copies and a client, on the way to 11.1.
    pub fn replica_3() -> Self {
        Self {
            servers: 3,
            from: release("10.3"),
            to: release("11.1"),
            volumes: vec![("vol0".to_owned(), Layout::Replica(3))],
            clients: 1,
            starts_at_boot: true,
            reconnect_seconds: 3,
            other_pool: None,
        }
    }

    /// Returns the op-version that it has at first. On the way back it was not raised: it is the older release's.
    pub(super) fn op_version_before(&self) -> OpVersion {
        self.from.min(self.to).line_op_version()
    }

    /// Returns the inventory that declares it.
    pub fn inventory(&self) -> Inventory {
        let servers = (1..=self.servers).map(|number| format!("[[servers]]\nname = \"g{number}\"\n"));
        let clients = (1..=self.clients).map(|number| format!("[[clients]]\nname = \"c{number}\"\n"));
        let text: String = servers.chain(clients).collect();
        let parse = |file: &str, text: &str| {
            inventory::parse(Path::new(file), text).unwrap_or_else(|error| panic!("{error}"))
        };
        let mut inventory = parse("pool.toml", &text);
        if let Some(role) = self.other_pool {
            let others = outside(role).into_iter().map(|host| format!("[[servers]]\nname = \"{host}\"\n"));
            let related = inventory.relate(role, parse("other.toml", &others.collect::<String>()));
            related.unwrap_or_else(|error| panic!("{error}"));
        }
        inventory
    }

    /// The session, copying: `vol0 to l1::copy`, or `sent to g1::vol0`.
    fn replication(&self, volumes: &BTreeMap<VolumeName, Volume>) -> Option<Replication> {
        let role = self.other_pool?;
        let name = |text: &str| text.parse().unwrap_or_else(|error| panic!("{error}"));
        let ours = self.volumes.first().map(|(name, _)| name.as_str()).unwrap_or_default();
        let (primary, end) = match role {
            PoolRole::Secondary => (name(ours), "l1::copy".to_owned()),
            PoolRole::Primary => (name("sent"), format!("g1::{ours}")),
        };
        let secondary = end.parse().unwrap_or_else(|error| panic!("{error}"));
        let servers: Vec<HostName> = match role {
            PoolRole::Secondary => volumes[&primary].bricks.iter().map(|(_, host)| host.clone()).collect(),
            PoolRole::Primary => outside(role),
        };
        let name = SessionName { primary, secondary };
        Some(Replication::copying(name, (role, outside(role)), servers, self.from))
    }

    /// Builds it.
    pub(super) fn state(&self) -> State {
        let volumes = self.volumes();
        let mut state = State {
            now: 60,
            machines: self.machines(),
            servers: (1..=self.servers)
                .map(|number| (server(number), self.server(number, &volumes)))
                .collect(),
            bricks: volumes
                .values()
                .flat_map(|volume| &volume.bricks)
                .map(|(brick, _)| (brick.clone(), BrickState::default()))
                .collect(),
            replication: self.replication(&volumes),
            volumes,
            offered: self.to,
            reconnect_seconds: self.reconnect_seconds,
            next_pid: 1000,
            starts: 0,
            stuck: Stuck::new(),
            locked: 0,
            going_on: Vec::new(),
        };
        for host in state.servers.keys().cloned().collect::<Vec<_>>() {
            state.start_glusterd(&host);
            let process = state.process(&host);
            state.server_mut(&host).events = Some(process);
        }
        for _ in 0..5 {
            state.tick();
        }
        state.starts = 0;
        for number in 1..=self.clients {
            for (name, _) in &self.volumes {
                state.mount(&client(number), &mount(name));
                if self.starts_at_boot {
                    state.machine_mut(&client(number)).fstab.push(mount(name));
                }
            }
        }
        state
    }

    fn machines(&self) -> BTreeMap<HostName, Machine> {
        let machine = |address: String| Machine {
            address,
            boots_until: None,
            packages: Packages::Whole(self.from),
            installing: false,
            mounts: BTreeMap::new(),
            fstab: Vec::new(),
            aside: BTreeMap::new(),
        };
        let servers = (1..=self.servers).map(|number| (server(number), machine(format!("192.0.2.{number}"))));
        let clients =
            (1..=self.clients).map(|number| (client(number), machine(format!("192.0.2.{}", 100 + number))));
        // A secondary is upgraded before its primary.
        let release = |role| match role {
            PoolRole::Secondary => self.to,
            PoolRole::Primary => self.from,
        };
        let others = self.other_pool.into_iter().flat_map(|role| {
            let there = outside(role).into_iter().zip(201..);
            there.map(move |(host, number)| (host, (number, release(role))))
        });
        let others = others.map(|(host, (number, release))| {
            let address = format!("192.0.2.{number}");
            (host, Machine { packages: Packages::Whole(release), ..machine(address) })
        });
        servers.chain(clients).chain(others).collect()
    }

    fn server(&self, number: usize, volumes: &BTreeMap<VolumeName, Volume>) -> Server {
        let uuid = format!("00000000-0000-0000-0000-{number:012}");
        Server {
            uuid: uuid.parse().unwrap_or_else(|error| panic!("{error}")),
            glusterd: None,
            began: 0,
            spawned: false,
            self_heal: None,
            events: None,
            events_due: true,
            events_noted: false,
            starts_at_boot: self.starts_at_boot,
            op_version: self.op_version_before(),
            stored: volumes.keys().map(|name| (name.clone(), self.stored())).collect(),
            rejects: BTreeSet::new(),
            claim: None,
        }
    }

    /// A release with gNFS stores that it is off.
    fn stored(&self) -> BTreeSet<String> {
        let lines = ["status=1", "version=2", "transport.address-family=inet", "nfs.disable=on"];
        let has_nfs = self.from.line_op_version().0 < 110_000;
        lines.into_iter().filter(|line| has_nfs || !line.starts_with("nfs.")).map(str::to_owned).collect()
    }

    /// The bricks of a set are on servers of their own, and each set begins where the one before ended.
    fn volumes(&self) -> BTreeMap<VolumeName, Volume> {
        let volume = |(at, (name, layout)): (usize, &(String, Layout))| {
            let set = layout.set();
            let sets = (self.servers / set).max(1);
            let host = |brick: usize| server(brick % self.servers + 1);
            let brick = |number: usize| {
                let host = host(number);
                let path = format!("/bricks/{name}/{}", number / self.servers + 1);
                let brick =
                    Brick { host: host.clone(), path: path.parse().unwrap_or_else(|e| panic!("{e}")) };
                (brick, host)
            };
            let volume = Volume {
                id: format!("11111111-2222-3333-4444-{at:012}"),
                layout: *layout,
                started: true,
                bricks: (0..sets * set).map(brick).collect(),
            };
            (name.parse().unwrap_or_else(|error| panic!("{error}")), volume)
        };
        self.volumes.iter().enumerate().map(volume).collect()
    }
}

/// Reads a release.
pub fn release(text: &str) -> Release {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The servers of the pool at the other end.
fn outside(role: PoolRole) -> Vec<HostName> {
    let names = match role {
        PoolRole::Secondary => ["l1", "l2"],
        PoolRole::Primary => ["m1", "m2"],
    };
    names.iter().map(|name| name.parse().unwrap_or_else(|error| panic!("{error}"))).collect()
}

fn server(number: usize) -> HostName {
    format!("g{number}").parse().unwrap_or_else(|error| panic!("{error}"))
}

fn client(number: usize) -> HostName {
    format!("c{number}").parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The mount of a volume on a client.
pub(super) fn mount(volume: &str) -> Mount {
    let mount = serde_json::json!({
        "source": format!("g1:/{volume}"), "point": format!("/mnt/{volume}"), "options": ["log-level=WARNING"],
    });
    serde_json::from_value(mount).unwrap_or_else(|error| panic!("{error}"))
}
