//! Pools for unit tests: healthy ones, to be broken one fact at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::baseline::{Baseline, Before, Configuration, KnownEntries, Noted, clients_of, units_of};
use super::georep::{
    OtherHost, OtherPeers, OtherPool, PoolRole, Session, SessionName, SyncTools, Worker, WorkerStatus,
};
use super::inventory::{Host, Inventory, SshSettings};
use super::names::{Brick, HostName, OpVersion, PeerUuid, Release, VolumeName};
use super::plan::Request;
use super::pool::*;
use super::system::*;
use super::usage::{Mount, MountState, PutAside, Usage};
use super::way::Way;

/// The address of the one FUSE client.
pub(crate) const CLIENT: &str = "192.0.2.100";

/// The identity of every volume here.
pub(crate) const VOLUME_ID: &str = "11111111-2222-3333-4444-555555555555";

pub(crate) fn host(number: usize) -> HostName {
    format!("g{number}").parse().unwrap()
}

pub(crate) fn uuid(number: usize) -> PeerUuid {
    format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
}

fn brick(number: usize, volume: &str) -> BrickOf {
    BrickOf {
        brick: format!("g{number}:/bricks/{volume}").parse::<Brick>().unwrap(),
        peer: uuid(number),
        arbiter: false,
    }
}

/// An inventory of so many servers and one client.
pub(crate) fn inventory(servers: usize) -> Inventory {
    let declared = |name: HostName| {
        let ssh = SshSettings { address: name.to_string(), ..SshSettings::default() };
        (
            name,
            Host { ssh, line: 1, way: Way::Ssh, install: None, install_back: None, applications: Vec::new() },
        )
    };
    Inventory {
        file: PathBuf::from("pool.toml"),
        servers: (1..=servers).map(|number| declared(host(number))).collect(),
        clients: BTreeMap::from([declared("c1".parse().unwrap())]),
        named_pools: Vec::new(),
        other_pools: Vec::new(),
    }
}

pub(crate) fn request(to: &str, waivers: &[&str]) -> Request {
    Request {
        to: to.parse().unwrap(),
        direction: super::plan::Direction::Up,
        only: BTreeSet::new(),
        procedure: super::plan::Procedure::Online,
        waivers: waivers.iter().map(|waiver| waiver.parse().unwrap()).collect(),
        clients_at_once: 1,
        keep_op_version: false,
    }
}

/// A healthy pool at a release, with the given volumes, and the target's packages on offer.
pub(crate) fn pool(servers: usize, release: &str, volumes: Vec<VolumeState>, offer: &str) -> PoolState {
    let release: Release = release.parse().unwrap();
    let stored = |volume: &VolumeState| {
        let lines = ["type=2", "status=1", "nfs.disable=on", "transport.address-family=inet"];
        let lines = lines.into_iter().filter(|line| release.line() != "11" || !line.starts_with("nfs."));
        let info = lines.map(str::to_owned).collect();
        (volume.volume.name.clone(), StoredVolume { info, quota_checksum: None })
    };
    let stored: BTreeMap<VolumeName, StoredVolume> = volumes.iter().map(stored).collect();
    let host_state = |number: usize| HostState {
        reach: Reach::Reached,
        release: Observed::Known(Some(release)),
        processes: Observed::Known(Processes {
            glusterd: 1,
            glusterfsd: 1,
            glusterfs: 1,
            fuse_mounts: vec![],
        }),
        glusterd_info: Observed::Known(GlusterdInfo {
            uuid: uuid(number),
            op_version: OpVersion(release.line_op_version().0),
        }),
        peers: Observed::Known(
            (1..=servers)
                .filter(|other| *other != number)
                .map(|other| Peer {
                    uuid: uuid(other),
                    names: vec![host(other)],
                    connected: true,
                    state: PeerState::InCluster,
                })
                .collect(),
        ),
        stored_volumes: Observed::Known(stored.clone()),
        sync_tools: Observed::Known(SyncTools { python3: Some("3.11.2".into()), ..SyncTools::default() }),
        connections: Observed::Known(Connections::default()),
        claim: Observed::Known(None),
        offer: Observed::Known(PackageOffer {
            version: Some(offer.to_owned()),
            moves: vec![PackageMove {
                package: "glusterfs-server".to_owned(),
                from: Some(format!("{release}-1")),
                to: Some(offer.to_owned()),
            }],
            ..PackageOffer::default()
        }),
        system: system(number, release, &volumes),
        usage: Observed::Known(usage(&format!("192.0.2.{number}"))),
    };
    let mut state = PoolState {
        before: Arc::default(),
        max_op_version: Observed::Known(Some(OpVersion(release.line_op_version().0))),
        hosts: (1..=servers).map(|number| (host(number), host_state(number))).collect(),
        volumes: Observed::Known(
            volumes.into_iter().map(|volume| (volume.volume.name.clone(), volume)).collect(),
        ),
        clients: BTreeMap::from([("c1".parse().unwrap(), client(release, offer))]),
        sessions: Observed::Known(Vec::new()),
        other_pools: Vec::new(),
    };
    state.before = Arc::new(before(&state));
    state
}

/// What looks are compared with in a pool that is left as it is.
pub(crate) fn before(state: &PoolState) -> Before {
    let noted = Noted::of(state);
    let op_version = state.hosts[&host(1)].glusterd_info.known().unwrap().op_version;
    let baseline = Baseline {
        op_version,
        clients: clients_of(state).unwrap(),
        configuration: Configuration::of(state).unwrap(),
        known_entries: KnownEntries::new(),
        units: units_of(state),
    };
    Before { start: Some(baseline), turn: Some(noted.clone()), last: Some(noted), ..Before::default() }
}

/// A client machine with one idle mount.
fn client(release: super::names::Release, offer: &str) -> ClientState {
    ClientState {
        reach: Reach::Reached,
        release: Observed::Known(Some(release)),
        offer: Observed::Known(PackageOffer {
            version: Some(offer.to_owned()),
            moves: vec![PackageMove {
                package: "glusterfs-client".to_owned(),
                from: Some(format!("{release}-1")),
                to: Some(offer.to_owned()),
            }],
            ..PackageOffer::default()
        }),
        usage: Observed::Known(Usage { mounts: vec![mount_state("/mnt/vol0")], ..usage(CLIENT) }),
        system: client_facts(release),
    }
}

/// A host that uses no volume.
pub(crate) fn usage(address: &str) -> Usage {
    Usage {
        mounts: Vec::new(),
        library_users: Observed::Known(Vec::new()),
        running: BTreeMap::new(),
        put_aside: PutAside::default(),
        addresses: BTreeSet::from([address.to_owned()]),
    }
}

/// A mount of vol0 that nobody uses at the moment.
pub(crate) fn mount_state(point: &str) -> MountState {
    let options = vec!["backup-volfile-servers=g2:g3".to_owned(), "log-level=WARNING".to_owned()];
    MountState {
        point: point.parse().unwrap(),
        source: "g1:/vol0".to_owned(),
        again: Observed::Known(Mount {
            source: "g1:/vol0".parse().unwrap(),
            point: point.parse().unwrap(),
            options,
        }),
        kept_by: Vec::new(),
        readable: true,
        users: Observed::Known(Vec::new()),
    }
}

/// A host that is well and has the bricks of its number.
fn system(number: usize, release: Release, volumes: &[VolumeState]) -> SystemFacts {
    let disk = |mount_point: &str| FileSystem {
        mount_point: mount_point.to_owned(),
        kind: "xfs".to_owned(),
        size_kib: 100 << 20,
        free_kib: 50 << 20,
        free_inodes: Some(1_000_000),
        read_only: false,
    };
    let bricks = volumes.iter().flat_map(|volume| &volume.volume.bricks);
    let bricks = bricks.filter(|brick| brick.peer == uuid(number)).map(|brick| {
        let volume_id = Observed::Known(Some(VOLUME_ID.to_owned()));
        (brick.brick.path.clone(), BrickDirectory { file_system: Some(disk("/bricks")), volume_id })
    });
    let daemon = |pid, role, subject: &str| Daemon {
        pid,
        role,
        subject: subject.to_owned(),
        replaced: Some(false),
        releases: BTreeSet::from([release]),
    };
    SystemFacts {
        platform: Observed::Known(Platform {
            os: "debian".to_owned(),
            os_version: "12".to_owned(),
            init: Init::Bare,
            units: BTreeMap::new(),
            python: Some("3.11.2".to_owned()),
            rsync: Some("3.2.7".to_owned()),
            openssl_dir: Some("/usr/lib/ssl".to_owned()),
            ipv6: true,
        }),
        packages: Observed::Known(InstalledPackages {
            manager: "apt".to_owned(),
            installed: BTreeMap::from([("glusterfs-server".to_owned(), format!("{release}-1"))]),
            ..InstalledPackages::default()
        }),
        directories: Observed::Known(
            ["/var/lib/glusterd", "/var/cache", "/usr"]
                .map(|path| (path.parse().unwrap(), disk("/")))
                .into_iter()
                .collect(),
        ),
        bricks: Observed::Known(bricks.collect()),
        daemons: Observed::Known(vec![
            daemon(11, Role::Glusterd, ""),
            daemon(12, Role::Brick, "/bricks/vol0"),
            daemon(13, Role::SelfHeal, ""),
        ]),
        clock: Observed::Known(Clock { ahead_at_least_ms: -20, ahead_at_most_ms: 20 }),
        network: Observed::Known(Network {
            base_port: 49152,
            max_port: 60999,
            transport_types: BTreeSet::from(["socket".to_owned()]),
            closed: Observed::Known(Vec::new()),
            names: (1..=3).map(|other| (host(other), BTreeSet::from([format!("192.0.2.{other}")]))).collect(),
        }),
        stored: Observed::Known(StoredFiles::default()),
    }
}

/// A client machine that is well.
fn client_facts(release: Release) -> ClientFacts {
    let SystemFacts { platform, directories, clock, .. } = system(0, release, &[]);
    let installed = BTreeMap::from([("glusterfs-client".to_owned(), format!("{release}-1"))]);
    let packages = InstalledPackages { manager: "apt".to_owned(), installed, ..InstalledPackages::default() };
    let mount = Daemon {
        pid: 21,
        role: Role::Mount,
        subject: "/mnt/vol0".to_owned(),
        replaced: Some(false),
        releases: BTreeSet::from([release]),
    };
    let daemons = Observed::Known(vec![mount]);
    ClientFacts { platform, packages: Observed::Known(packages), directories, daemons, clock }
}

/// A healthy volume with one brick on each of the servers.
pub(crate) fn volume(name: &str, kind: VolumeKind, servers: &[usize]) -> VolumeState {
    let bricks: Vec<BrickOf> = servers.iter().map(|number| brick(*number, name)).collect();
    let each = |value: u64| -> Observed<BTreeMap<Brick, Observed<u64>>> {
        Observed::Known(bricks.iter().map(|brick| (brick.brick.clone(), Observed::Known(value))).collect())
    };
    let addresses: BTreeSet<String> =
        servers.iter().map(|number| format!("192.0.2.{number}")).chain([CLIENT.to_owned()]).collect();
    VolumeState {
        bricks_online: Observed::Known(bricks.iter().map(|brick| (brick.brick.clone(), true)).collect()),
        self_heal_daemons: Observed::Known(servers.iter().map(|number| (uuid(*number), true)).collect()),
        heal_pending: each(0),
        split_brain: each(0),
        heal_entries: Observed::Known(
            bricks.iter().map(|brick| (brick.brick.clone(), Observed::Known(BTreeMap::new()))).collect(),
        ),
        clients: Observed::Known(
            bricks.iter().map(|brick| (brick.brick.clone(), addresses.clone())).collect(),
        ),
        tasks: Observed::Known(Vec::new()),
        client_op_versions: Observed::Known(
            addresses.iter().map(|address| (address.clone(), OpVersion(110_000))).collect(),
        ),
        volume: Volume {
            name: name.parse().unwrap(),
            id: VOLUME_ID.parse().unwrap(),
            transport: VolumeTransport::Tcp,
            snapshots: Some(0),
            kind,
            started: true,
            bricks,
            options: BTreeMap::new(),
        },
    }
}

/// Three servers at 10.3 with one replica-3 volume, on the way to 11.1.
pub(crate) fn replica_3() -> PoolState {
    pool(3, "10.3", vec![volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3])], "11.1-6")
}

/// Applies a change to one volume of the state.
pub(crate) fn change_volume(state: &mut PoolState, name: &str, change: impl FnOnce(&mut VolumeState)) {
    if let Observed::Known(volumes) = &mut state.volumes {
        change(volumes.get_mut(&name.parse::<VolumeName>().unwrap()).unwrap());
    }
}

/// Lets the brick of a server list these entries as to be healed: gfid and name of each.
pub(crate) fn list(state: &mut PoolState, name: &str, number: usize, entries: &[(&str, &str)]) {
    let listed: HealEntries =
        entries.iter().map(|(gfid, name)| ((*gfid).to_owned(), (*name).to_owned())).collect();
    change_volume(state, name, |volume| {
        let brick = brick(number, name).brick;
        if let (Observed::Known(counts), Observed::Known(lists)) =
            (&mut volume.heal_pending, &mut volume.heal_entries)
        {
            counts.insert(brick.clone(), Observed::Known(listed.len() as u64));
            lists.insert(brick, Observed::Known(listed));
        }
    });
}

/// Applies a change to one host of the state.
pub(crate) fn change_host(state: &mut PoolState, number: usize, change: impl FnOnce(&mut HostState)) {
    change(state.hosts.get_mut(&host(number)).unwrap());
}

/// Three servers at 10.3 whose volume is geo-replicated to a pool of two servers at this release.
pub(crate) fn replicated(secondary: &str) -> PoolState {
    let mut state = replica_3();
    let worker = |number: usize| Worker {
        node: format!("g{number}"),
        peer: Some(uuid(number)),
        brick: "/bricks/vol0".to_owned(),
        status: if number == 1 { WorkerStatus::Active } else { WorkerStatus::Passive },
        crawl: (number == 1).then(|| "Changelog Crawl".to_owned()),
    };
    state.sessions = Observed::Known(vec![Session {
        name: SessionName { primary: "vol0".parse().unwrap(), secondary: "l1::copy".parse().unwrap() },
        workers: (1..=3).map(worker).collect(),
        config: Observed::Known(BTreeMap::from([("sync_method".to_owned(), "rsync".to_owned())])),
    }]);
    let tools = || SyncTools {
        python3: Some("3.11.2".to_owned()),
        rsync: Some("3.2.7".to_owned()),
        ..SyncTools::default()
    };
    for number in 1..=3 {
        change_host(&mut state, number, |host| host.sync_tools = Observed::Known(tools()));
    }
    let other = |name: &str, peer: &str| {
        let host = OtherHost {
            address: format!("{name}.example.org"),
            reach: Reach::Reached,
            release: Observed::Known(Some(secondary.parse().unwrap())),
            peers: Observed::Known(OtherPeers { count: 1, names: vec![peer.parse().unwrap()] }),
            sync_tools: Observed::Known(tools()),
        };
        (name.parse().unwrap(), host)
    };
    state.other_pools = vec![OtherPool {
        inventory: PathBuf::from("dr.toml"),
        role: PoolRole::Secondary,
        hosts: BTreeMap::from([other("l1", "l2"), other("l2", "l1")]),
        sessions: Observed::Unknown("not asked".to_owned()),
    }];
    state
}

/// Lets a host have another release installed, and its processes run it.
pub(crate) fn at_release(host: &mut HostState, release: &str) {
    let release: Release = release.parse().unwrap();
    host.release = Observed::Known(Some(release));
    host.system.daemons = host.system.daemons.clone().map(|mut daemons| {
        daemons.iter_mut().for_each(|daemon| daemon.releases = BTreeSet::from([release]));
        daemons
    });
}
