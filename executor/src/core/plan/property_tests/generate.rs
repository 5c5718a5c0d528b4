//! Pools that nobody wrote: drawn by a number, the same pool from the same number on every machine.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::super::georep::WorkerStatus;
use super::super::super::inventory::Inventory;
use super::super::super::pool::{Observed, PackageOffer, PoolState, VolumeKind};
use super::super::super::release;
use super::super::super::sample;
use super::super::super::way::Way;
use super::super::tests::{drop_nfs, take_out};
use super::super::{HostName, Procedure, Request};
use super::trouble::Trouble;

/// Numbers drawn by a seed.
pub(super) struct Draw(fastrand::Rng);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Draws a number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }

    /// Draws yes, once in so many times.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// Draws so many of the numbers from 1 to `of`, in any order.
    fn some_of(&mut self, count: usize, of: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (1..=of).collect();
        self.0.shuffle(&mut all);
        all.truncate(count);
        all
    }
}

/// The jumps that pools are drawn for, with what the package manager offers.
const JUMPS: &[(&str, &str, &str)] = &[
    ("10.3", "11.1", "11.1-6"),
    ("10.3", "11.1", "11.1-6"),
    ("9.2", "11.1", "11.1-6"),
    ("9.2", "10.3", "10.3-1"),
    ("3.8.15", "3.9.1", "3.9.1-1.el7"),
];

/// A volume.
#[derive(Debug, Clone)]
pub(super) struct VolumeShape {
    pub(super) kind: VolumeKind,
    /// The servers of its bricks.
    pub(super) on: Vec<usize>,
    pub(super) started: bool,
    /// Whether the last brick of each set is an arbiter.
    arbiter: bool,
    /// Whether `cluster.quorum-type` is `auto`.
    pub(super) quorum: bool,
}

/// A client machine.
#[derive(Debug, Clone)]
pub(super) struct ClientShape {
    /// What it runs; none: Gluster is not installed.
    pub(super) release: Option<&'static str>,
    mounts: bool,
}

/// A session of geo-replication from the first volume to another pool.
#[derive(Debug, Clone)]
pub(super) struct SessionShape {
    /// What the other pool runs.
    pub(super) secondary: &'static str,
    pub(super) stopped: bool,
}

/// A pool and what is asked for, in few words.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) servers: usize,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    offer: &'static str,
    pub(super) volumes: Vec<VolumeShape>,
    pub(super) clients: Vec<ClientShape>,
    /// Servers at the target already.
    pub(super) upgraded: BTreeSet<usize>,
    /// The server that an earlier run left down.
    pub(super) out: Option<usize>,
    /// Whether the stored `nfs.` lines are gone everywhere.
    pub(super) prepared: bool,
    /// Whether the op-version is that of the target.
    pub(super) raised: bool,
    pub(super) session: Option<SessionShape>,
    /// Servers that mount a volume themselves.
    mounted: BTreeSet<usize>,
    /// Servers whose release the operator's own command installs.
    commands: BTreeSet<usize>,
    /// The server that the others are reached through.
    jump: Option<usize>,
    /// The server that the program runs on.
    here: Option<usize>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) procedure: Procedure,
    pub(super) clients_at_once: usize,
    pub(super) keep_op_version: bool,
}

/// A pool with its inventory, and what is asked for.
pub(super) struct Case {
    pub(super) shape: Shape,
    pub(super) inventory: Inventory,
    pub(super) state: PoolState,
    pub(super) request: Request,
}

fn volume(draw: &mut Draw, servers: usize, online: bool) -> Option<VolumeShape> {
    let replicated = [(VolumeKind::Replicate { replica: 3 }, 3), (VolumeKind::Replicate { replica: 2 }, 2)];
    let others = [
        (VolumeKind::Distribute, 1),
        (VolumeKind::Disperse { disperse: 3, redundancy: 1 }, 3),
        (VolumeKind::Other("Stripe".to_owned()), 2),
    ];
    // Most pools that are upgraded online can be.
    let (kind, size) = if online && !draw.one_in(12) || draw.one_in(3) {
        draw.one_of(&replicated)
    } else {
        draw.one_of(&others)
    };
    let sets = 1 + draw.below(servers / size);
    let on = draw.some_of(sets * size, servers);
    let (started, arbiter, quorum) = (!draw.one_in(6), size == 3 && draw.one_in(3), draw.one_in(5));
    (on.len() == sets * size).then_some(VolumeShape { kind, on, started, arbiter, quorum })
}

impl Shape {
    /// Draws a pool.
    pub(super) fn draw(draw: &mut Draw) -> Self {
        let servers = draw.one_of(&[1, 2, 3, 3, 3, 4, 5, 6]);
        let (from, to, offer) = draw.one_of(JUMPS);
        let procedure = draw.one_of(&[Procedure::Online, Procedure::Online, Procedure::Offline]);
        let count = draw.below(4);
        let volumes: Vec<VolumeShape> =
            (0..count).filter_map(|_| volume(draw, servers, procedure == Procedure::Online)).collect();
        let client = |draw: &mut Draw| {
            let release = draw.one_of(&[Some(from), Some(from), Some(to), None]);
            ClientShape { release, mounts: release.is_some() && draw.one_in(2) }
        };
        let clients = (0..draw.below(4)).map(|_| client(draw)).collect();
        let mut upgraded = BTreeSet::new();
        if draw.one_in(3) {
            let count = 1 + draw.below(servers);
            upgraded.extend(draw.some_of(count, servers));
        }
        let all = upgraded.len() == servers;
        let raised = all && draw.one_in(2);
        let out = (draw.one_in(8) && !raised).then(|| 1 + draw.below(servers));
        let replicates = volumes
            .first()
            .is_some_and(|first| first.started && matches!(first.kind, VolumeKind::Replicate { .. }));
        let half_done = !upgraded.is_empty() && !raised || out.is_some();
        let session = (replicates && from != "3.8.15" && draw.one_in(4)).then(|| SessionShape {
            secondary: draw.one_of(&[to, to, "11.1", from]),
            stopped: half_done && draw.one_in(2),
        });
        let mut shape = Self {
            servers,
            from,
            to,
            offer,
            volumes,
            clients,
            upgraded,
            out,
            prepared: draw.one_in(2),
            raised,
            session,
            mounted: (1..=servers).filter(|_| draw.one_in(8)).collect(),
            commands: (1..=servers).filter(|_| draw.one_in(10)).collect(),
            jump: draw.one_in(5).then(|| 1 + draw.below(servers)),
            here: draw.one_in(5).then(|| 1 + draw.below(servers)),
            troubles: Vec::new(),
            procedure,
            clients_at_once: draw.below(4),
            keep_op_version: draw.one_in(4),
        };
        if draw.one_in(4) {
            shape.troubles.push(Trouble::draw(draw, &shape));
        }
        shape
    }

    /// Returns the servers that are not at the target.
    pub(super) fn behind(&self) -> BTreeSet<HostName> {
        (1..=self.servers).filter(|number| !self.upgraded.contains(number)).map(sample::host).collect()
    }

    /// Returns the client machines that are not at the target, and are asked for.
    pub(super) fn clients_behind(&self) -> BTreeSet<HostName> {
        let behind = |client: &ClientShape| client.release == Some(self.from) && self.clients_at_once > 0;
        let numbered = (1..).zip(&self.clients).filter(|(_, client)| behind(client));
        numbered.map(|(number, _)| client_name(number)).collect()
    }

    /// Returns the pool as it is once a plan for it is done.
    pub(super) fn done(&self) -> Self {
        let clients = self.clients.iter().map(|client| ClientShape {
            release: client
                .release
                .filter(|_| self.clients_at_once == 0)
                .or(client.release.and(Some(self.to))),
            ..client.clone()
        });
        let session = self.session.as_ref();
        Self {
            clients: clients.collect(),
            upgraded: (1..=self.servers).collect(),
            out: None,
            prepared: true,
            raised: self.raised || !self.keep_op_version,
            session: session.map(|session| SessionShape { stopped: false, ..session.clone() }),
            troubles: Vec::new(),
            ..self.clone()
        }
    }

    /// Builds the pool.
    pub(super) fn case(self) -> Case {
        let volumes = self.volumes.iter().enumerate().map(|(at, shape)| {
            let mut volume = sample::volume(&format!("vol{at}"), shape.kind.clone(), &shape.on);
            volume.volume.started = shape.started;
            volume
                .volume
                .bricks
                .iter_mut()
                .skip(2)
                .step_by(3)
                .for_each(|brick| brick.arbiter = shape.arbiter);
            if shape.quorum {
                volume.volume.options.insert("cluster.quorum-type".to_owned(), "auto".to_owned());
            }
            volume
        });
        let mut state = sample::pool(self.servers, self.from, volumes.collect(), self.offer);
        self.servers_of(&mut state);
        self.clients_of(&mut state);
        self.session_of(&mut state);
        state.before = Arc::new(sample::before(&state));
        if let Some(out) = self.out {
            take_out(&mut state, out);
        }
        self.troubles.iter().for_each(|trouble| trouble.strike(&mut state));
        let request = Request {
            procedure: self.procedure,
            clients_at_once: self.clients_at_once,
            keep_op_version: self.keep_op_version,
            ..sample::request(self.to, &[])
        };
        Case { inventory: self.inventory(), state, request, shape: self }
    }

    fn servers_of(&self, state: &mut PoolState) {
        let target = release::op_version_of(self.to.parse().unwrap());
        for number in 1..=self.servers {
            if self.prepared || self.upgraded.contains(&number) && self.to == "11.1" {
                drop_nfs(state, number);
            }
            sample::change_host(state, number, |host| {
                if self.upgraded.contains(&number) {
                    sample::at_release(host, self.to);
                }
                if self.raised {
                    host.glusterd_info = host.glusterd_info.clone().map(|mut info| {
                        info.op_version = target;
                        info
                    });
                }
                if self.mounted.contains(&number) {
                    host.usage = host.usage.clone().map(|mut usage| {
                        usage.mounts.push(sample::mount_state("/mnt/own"));
                        usage
                    });
                }
                if self.commands.contains(&number) {
                    let command = Some(vec!["/opt/upgrade".to_owned(), self.to.to_owned()]);
                    host.offer = Observed::Known(PackageOffer { command, ..PackageOffer::default() });
                }
            });
        }
        if self.upgraded.len() == self.servers {
            state.max_op_version = Observed::Known(Some(target));
        }
    }

    fn clients_of(&self, state: &mut PoolState) {
        let (_, model) = state.clients.pop_first().unwrap();
        for (number, shape) in (1..).zip(&self.clients) {
            let mut client = model.clone();
            client.release = Observed::Known(shape.release.map(|release| release.parse().unwrap()));
            if !shape.mounts {
                client.usage = Observed::Known(sample::usage(sample::CLIENT));
            }
            state.clients.insert(client_name(number), client);
        }
    }

    fn session_of(&self, state: &mut PoolState) {
        let Some(shape) = &self.session else { return };
        let model = sample::replicated(shape.secondary);
        let mut session = model.sessions.known().unwrap()[0].clone();
        let worker = session.workers[0].clone();
        let of_volume = state.volumes.known().unwrap()[&session.name.primary].volume.clone();
        session.workers.clear();
        for set in of_volume.sets() {
            for (at, brick) in set.iter().enumerate() {
                let mut worker = worker.clone();
                worker.node = brick.brick.host.to_string();
                worker.peer = Some(brick.peer.clone());
                worker.brick = brick.brick.path.as_str().to_owned();
                worker.status = match (shape.stopped, at) {
                    (true, _) => WorkerStatus::Stopped,
                    (false, 0) => WorkerStatus::Active,
                    (false, _) => WorkerStatus::Passive,
                };
                worker.crawl = worker.crawl.filter(|_| worker.status == WorkerStatus::Active);
                session.workers.push(worker);
            }
        }
        state.sessions = Observed::Known(vec![session]);
        state.other_pools = model.other_pools;
        let tools = model.hosts[&sample::host(1)].sync_tools.clone();
        state.hosts.values_mut().for_each(|host| host.sync_tools = tools.clone());
    }

    fn inventory(&self) -> Inventory {
        let mut inventory = sample::inventory(self.servers);
        let (_, model) = inventory.clients.pop_first().unwrap();
        inventory.clients =
            (1..=self.clients.len()).map(|number| (client_name(number), model.clone())).collect();
        for declared in inventory.servers.values_mut() {
            declared.ssh.jump = self.jump.map(|jump| format!("g{jump}"));
        }
        if let Some(here) = self.here {
            inventory.servers.get_mut(&sample::host(here)).unwrap().way = Way::Local;
        }
        inventory
    }
}

fn client_name(number: usize) -> HostName {
    format!("c{number}").parse().unwrap()
}
