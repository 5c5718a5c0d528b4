//! The baseline: what was seen at the start, and what a run must find unchanged.
//!
//! A plan carries one, so that a gate compares with the start without every gate holding a copy of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::claim::Keeper;
use super::names::{Brick, HostName, OpVersion, VolumeName};
use super::pool::{HealEntries, Observed, PoolState, Reach, Volume, VolumeKind};
use super::system::{Init, Role};

/// The clients that are connected, by volume.
pub type Clients = BTreeMap<VolumeName, BTreeSet<String>>;

/// Entries that waited to be healed at the start and are known not to go, by volume and by the brick that lists them.
pub type KnownEntries = BTreeMap<VolumeName, BTreeMap<Brick, HealEntries>>;

/// What a plan was made from, as far as it must stay so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The op-version that every server has stored until the plan itself raises it.
    pub op_version: OpVersion,
    /// Addresses of the clients of each volume.
    pub clients: Clients,
    /// Volumes and peers, as they were defined.
    pub configuration: Configuration,
    /// Entries that no gate waits for, since the operator waived them as stale.
    #[serde(default)]
    pub known_entries: KnownEntries,
    /// What systemd said of each unit of Gluster's on each server it runs (`systemctl is-enabled`).
    #[serde(default)]
    pub units: Units,
}

/// `systemctl is-enabled` by server and unit, the latter without `.service`.
pub type Units = BTreeMap<HostName, BTreeMap<String, String>>;

/// Returns what systemd says of Gluster's units on the servers it runs, as far as it is known.
pub fn units_of(state: &PoolState) -> Units {
    let of = |(host, state): (&HostName, &super::pool::HostState)| {
        let platform = state.system.platform.known().ok()?;
        let units = platform.units.iter().map(|(name, unit)| (name.clone(), unit.enabled.clone()));
        (platform.init == Init::Systemd).then(|| (host.clone(), units.collect()))
    };
    state.hosts.iter().filter_map(of).collect()
}

/// What an earlier look left behind for this one to be compared with. Put into a [`PoolState`] by whoever
/// knows it; a check that needs it and does not find it answers that it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// The plan's baseline.
    pub start: Option<Baseline>,
    /// What was noted when the turn of a server began.
    pub turn: Option<Noted>,
    /// What the look just before this one saw, in the same wait.
    pub last: Option<Noted>,
    /// Entries that every look before this one took for stale, while a plan is being made.
    pub stale: Option<KnownEntries>,
    /// Those who work on the runs whose journals are here, so that their claims are ours.
    pub own: BTreeSet<Keeper>,
    /// The clients that the last run of these servers noted as it began, where it did not come to its end.
    pub unfinished: Clients,
}

/// The processes that a turn of one server must leave alone on the others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Noted {
    /// The pid of each server's glusterd, where exactly one ran.
    pub glusterd: BTreeMap<HostName, u32>,
    /// The pids of each server's brick processes.
    pub bricks: BTreeMap<HostName, BTreeSet<u32>>,
}

/// The definition of volumes and peers, line by line, so that a change can be shown as one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Configuration {
    /// The lines of each volume's definition: kind, bricks, options.
    pub volumes: BTreeMap<VolumeName, BTreeSet<String>>,
    /// A line for each member of the pool, by UUID.
    pub peers: BTreeSet<String>,
}

/// A line that was added to the configuration or is gone from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    /// The volume it belongs to; `None`: the peers.
    pub volume: Option<VolumeName>,
    /// The line with a sign before it, as in a diff: `+` is there now and was not, `-` was there and is not.
    pub line: String,
}

impl Configuration {
    /// Returns the configuration of a pool.
    ///
    /// # Errors
    /// The reason why it is not known.
    pub fn of(state: &PoolState) -> Result<Self, String> {
        let volumes = state.volumes.known().map_err(str::to_owned)?;
        let volumes =
            volumes.values().map(|state| (state.volume.name.clone(), lines(&state.volume))).collect();
        Ok(Self { volumes, peers: members(state)? })
    }

    /// Returns in what `now` differs from this one, but for options a plan drops itself.
    pub fn changed(&self, now: &Self) -> Vec<Changed> {
        let none = BTreeSet::new();
        let names: BTreeSet<&VolumeName> = self.volumes.keys().chain(now.volumes.keys()).collect();
        let mut changed = Vec::new();
        for name in names {
            let before = self.volumes.get(name).unwrap_or(&none);
            let after = now.volumes.get(name).unwrap_or(&none);
            changed.extend(differing(Some(name), before, after));
        }
        changed.extend(differing(None, &self.peers, &now.peers));
        changed
    }
}

fn differing(
    volume: Option<&VolumeName>,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
) -> Vec<Changed> {
    let gone = before.difference(after).map(|line| format!("- {line}"));
    let new = after.difference(before).map(|line| format!("+ {line}"));
    gone.chain(new).map(|line| Changed { volume: volume.cloned(), line }).collect()
}

/// Options that upgrades change by themselves: a plan drops the first two kinds beforehand where a target
/// lacks them, and a raised op-version stores a default for `nfs.disable` and `transport.address-family`
/// where none was set (`glusterd_update_volumes_dict` in glusterd-utils.c, 3.8 to 11).
fn changes_by_upgrades(option: &str) -> bool {
    option.starts_with("nfs.")
        || matches!(option, "features.lock-heal" | "features.grace-timeout" | "transport.address-family")
}

fn lines(volume: &Volume) -> BTreeSet<String> {
    let kind = match &volume.kind {
        VolumeKind::Distribute => "distribute".to_owned(),
        VolumeKind::Replicate { replica } => format!("replica {replica}"),
        VolumeKind::Disperse { disperse, redundancy } => {
            format!("disperse {disperse} redundancy {redundancy}")
        }
        VolumeKind::Other(words) => words.clone(),
    };
    let bricks = volume.bricks.iter().enumerate().map(|(at, brick)| {
        format!("brick {}: {}{}", at + 1, brick.brick, if brick.arbiter { " (arbiter)" } else { "" })
    });
    let options = volume
        .options
        .iter()
        .filter(|(name, _)| !changes_by_upgrades(name))
        .map(|(name, value)| format!("option {name}: {value}"));
    [format!("type: {kind}"), format!("started: {}", if volume.started { "yes" } else { "no" })]
        .into_iter()
        .chain(bricks)
        .chain(options)
        .collect()
}

/// The pool's members, from whatever server answers. One that is out cannot be asked, and the others know it.
fn members(state: &PoolState) -> Result<BTreeSet<String>, String> {
    let mut members = BTreeSet::new();
    let mut reason = "no server was looked at".to_owned();
    let mut any = false;
    for host in state.hosts.values().filter(|host| host.reach == Reach::Reached) {
        let (info, peers) = match (host.glusterd_info.known(), host.peers.known()) {
            (Ok(info), Ok(peers)) => (info, peers),
            (Err(why), _) | (_, Err(why)) => {
                why.clone_into(&mut reason);
                continue;
            }
        };
        any = true;
        members.insert(format!("peer {}", info.uuid));
        members.extend(peers.iter().map(|peer| format!("peer {}", peer.uuid)));
    }
    if any { Ok(members) } else { Err(reason) }
}

impl Noted {
    /// Returns what is to be noted of a pool. Servers that were not seen are not in it.
    pub fn of(state: &PoolState) -> Self {
        let mut noted = Self::default();
        for (host, host_state) in &state.hosts {
            let Ok(daemons) = host_state.system.daemons.known() else { continue };
            let pids = |role| daemons.iter().filter(move |daemon| daemon.role == role).map(|found| found.pid);
            let glusterd: Vec<u32> = pids(Role::Glusterd).collect();
            if let [pid] = glusterd[..] {
                noted.glusterd.insert(host.clone(), pid);
            }
            noted.bricks.insert(host.clone(), pids(Role::Brick).collect());
        }
        noted
    }
}

/// Returns the addresses of the clients on each started volume's bricks.
pub fn clients_of(state: &PoolState) -> Option<Clients> {
    let volumes = state.volumes.known().ok()?;
    let on_bricks = |clients: &Observed<BTreeMap<_, BTreeSet<String>>>| match clients {
        Observed::Known(clients) => clients.values().flatten().cloned().collect(),
        Observed::Unknown(_) => BTreeSet::new(),
    };
    Some(
        volumes
            .values()
            .filter(|volume| volume.volume.started)
            .map(|volume| (volume.volume.name.clone(), on_bricks(&volume.clients)))
            .collect(),
    )
}
