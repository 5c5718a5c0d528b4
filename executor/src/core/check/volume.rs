//! Checks of volumes: bricks, heal, split-brain, clients. All about data; none can be waived but
//! a client that left on purpose.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{Brick, HostName, PeerUuid, VolumeName};
use super::super::pool::{BrickOf, Observed, PoolState, Volume, VolumeKind, VolumeState};
use super::super::usage::Usage;

/// Puts a question to every started volume. A stopped one serves nobody and cannot be asked.
pub(super) fn started(
    state: &PoolState,
    code: Code,
    mut question: impl FnMut(&VolumeState) -> Vec<Finding>,
) -> Vec<Finding> {
    match state.volumes.known() {
        Ok(volumes) => {
            volumes.values().filter(|volume| volume.volume.started).flat_map(&mut question).collect()
        }
        Err(reason) => vec![Finding::unknown(code, Subject::Pool, reason)],
    }
}

/// Returns whether a volume has copies that are healed from each other.
pub(super) fn heals(volume: &Volume) -> bool {
    match volume.kind {
        VolumeKind::Replicate { .. } | VolumeKind::Disperse { .. } => true,
        VolumeKind::Distribute | VolumeKind::Other(_) => false,
    }
}

/// Returns the bricks that are not on the server that is out.
pub(super) fn bricks_but<'a>(
    state: &'a PoolState,
    volume: &'a Volume,
    without: Option<&'a HostName>,
) -> impl Iterator<Item = &'a BrickOf> {
    let uuid = without.and_then(|host| state.uuid_of(host));
    let out = move |brick: &BrickOf| Some(&brick.peer) == uuid;
    volume.bricks.iter().filter(move |brick| !out(brick))
}

pub(super) fn bricks_online(state: &PoolState, without: Option<&HostName>) -> Vec<Finding> {
    started(state, Code::BrickOffline, |volume| {
        let subject = || Subject::Volume(volume.volume.name.clone());
        let online = match volume.bricks_online.known() {
            Ok(online) => online,
            Err(reason) => return vec![Finding::unknown(Code::BrickOffline, subject(), reason)],
        };
        bricks_but(state, &volume.volume, without)
            .filter_map(|BrickOf { brick, .. }| match online.get(brick) {
                Some(true) => None,
                Some(false) => {
                    Some(Finding::seen(Code::BrickOffline, subject(), format!("{brick} is not online")))
                }
                None => Some(Finding::unknown(
                    Code::BrickOffline,
                    subject(),
                    format!("the status has no row for {brick}; its glusterd may be down"),
                )),
            })
            .collect()
    })
}

pub(super) fn self_heal_daemons(state: &PoolState, without: Option<&HostName>) -> Vec<Finding> {
    started(state, Code::SelfHealDaemonDown, |volume| {
        if !heals(&volume.volume) {
            return Vec::new();
        }
        let subject = || Subject::Volume(volume.volume.name.clone());
        let online = match volume.self_heal_daemons.known() {
            Ok(online) => online,
            Err(reason) => return vec![Finding::unknown(Code::SelfHealDaemonDown, subject(), reason)],
        };
        let servers: BTreeSet<&PeerUuid> =
            bricks_but(state, &volume.volume, without).map(|brick| &brick.peer).collect();
        let called = |uuid: &PeerUuid| state.host_of(uuid).map_or(uuid.to_string(), ToString::to_string);
        servers
            .into_iter()
            .filter_map(|uuid| match online.get(uuid) {
                Some(true) => None,
                Some(false) => {
                    let what = format!("not online on {}", called(uuid));
                    Some(Finding::seen(Code::SelfHealDaemonDown, subject(), what))
                }
                None => {
                    let what = format!("the status has no row for it on {}", called(uuid));
                    Some(Finding::unknown(Code::SelfHealDaemonDown, subject(), what))
                }
            })
            .collect()
    })
}

/// Judges counts by brick, all of which must be known and zero.
pub(super) fn all_zero<'a>(
    code: Code,
    volume: &VolumeState,
    bricks: impl Iterator<Item = &'a BrickOf>,
    counts: &Observed<BTreeMap<Brick, Observed<u64>>>,
    words: &str,
) -> Vec<Finding> {
    let subject = || Subject::Volume(volume.volume.name.clone());
    let counts = match counts.known() {
        Ok(counts) => counts,
        Err(reason) => return vec![Finding::unknown(code, subject(), reason)],
    };
    bricks
        .filter_map(|BrickOf { brick, .. }| match counts.get(brick).map(Observed::known) {
            Some(Ok(0)) => None,
            Some(Ok(count)) => Some(Finding::seen(code, subject(), format!("{count} {words} on {brick}"))),
            Some(Err(reason)) => Some(Finding::unknown(code, subject(), format!("{brick}: {reason}"))),
            None => Some(Finding::unknown(code, subject(), format!("no answer for {brick}"))),
        })
        .collect()
}

pub(super) fn no_split_brain(state: &PoolState, without: Option<&HostName>) -> Vec<Finding> {
    started(state, Code::SplitBrain, |volume| match volume.volume.kind {
        VolumeKind::Replicate { .. } => {
            let bricks = bricks_but(state, &volume.volume, without);
            all_zero(Code::SplitBrain, volume, bricks, &volume.split_brain, "entries in split-brain")
        }
        // Coded and single copies cannot disagree with each other; heal info refuses the question
        // for them ("Volume … is not of type replicate", glfs-heal.c).
        VolumeKind::Disperse { .. } | VolumeKind::Distribute | VolumeKind::Other(_) => Vec::new(),
    })
}

pub(super) fn clients_on_every_brick(state: &PoolState, without: Option<&HostName>) -> Vec<Finding> {
    started(state, Code::ClientMissesBrick, |volume| {
        // Only where a copy elsewhere carries on does it matter which bricks a client has.
        if !heals(&volume.volume) {
            return Vec::new();
        }
        let subject = || Subject::Volume(volume.volume.name.clone());
        let clients = match volume.clients.known() {
            Ok(clients) => clients,
            Err(reason) => return vec![Finding::unknown(Code::ClientMissesBrick, subject(), reason)],
        };
        let asked: Vec<&Brick> =
            bricks_but(state, &volume.volume, without).map(|brick| &brick.brick).collect();
        // A client's graph has every brick of the volume, so what is on one must be on all.
        let anywhere: BTreeSet<&String> =
            asked.iter().filter_map(|brick| clients.get(brick)).flatten().collect();
        asked
            .into_iter()
            .flat_map(|brick| match clients.get(brick) {
                None => vec![Finding::unknown(
                    Code::ClientMissesBrick,
                    subject(),
                    format!("no list of clients for {brick}"),
                )],
                Some(here) => anywhere
                    .iter()
                    .filter(|address| !here.contains(**address))
                    .map(|address| {
                        let what = format!("{address} is not connected to {brick}");
                        Finding::seen(Code::ClientMissesBrick, subject(), what)
                    })
                    .collect(),
            })
            .collect()
    })
}

pub(super) fn clients_back(
    state: &PoolState,
    expected: &BTreeMap<VolumeName, BTreeSet<String>>,
) -> Vec<Finding> {
    clients_gone(state, expected, "at the start")
}

fn clients_gone(
    state: &PoolState,
    expected: &BTreeMap<VolumeName, BTreeSet<String>>,
    then: &str,
) -> Vec<Finding> {
    let volumes = match state.volumes.known() {
        Ok(volumes) => volumes,
        Err(reason) => return vec![Finding::unknown(Code::ClientGone, Subject::Pool, reason)],
    };
    let mut findings = Vec::new();
    for (name, addresses) in expected {
        let now = match volumes.get(name).map(|volume| volume.clients.known()) {
            Some(Ok(clients)) => clients.values().flatten().collect::<BTreeSet<_>>(),
            Some(Err(reason)) => {
                findings.push(Finding::unknown(Code::ClientGone, Subject::Volume(name.clone()), reason));
                continue;
            }
            None => {
                let what = "the volume is not there";
                findings.push(Finding::unknown(Code::ClientGone, Subject::Volume(name.clone()), what));
                continue;
            }
        };
        for address in addresses.iter().filter(|address| !now.contains(*address)) {
            let what = format!("was a client of {name} {then}, and is on no brick now");
            findings.push(Finding::seen(Code::ClientGone, Subject::Client(address.clone()), what));
        }
    }
    findings
}

/// Clients that the last run noted as it began, before it came to no end, and that are on no brick now: a new plan would take
/// it for granted that they are not there. Not told of those that an upgrade unmounted itself, whose mounts its notes on them
/// bring back, and of the servers, whose daemons other checks ask about.
pub(crate) fn lost_since_unfinished(state: &PoolState) -> Vec<Finding> {
    let put_aside = |usage: &&Usage| !usage.put_aside.mounts.is_empty();
    let clients = state.clients.values().filter_map(|client| client.usage.known().ok()).filter(put_aside);
    let servers = state.hosts.values().filter_map(|host| host.usage.known().ok());
    let theirs: BTreeSet<&String> = clients.chain(servers).flat_map(|usage| &usage.addresses).collect();
    // A volume that is stopped serves nobody.
    let stopped = |name: &VolumeName| {
        let volumes = state.volumes.known().ok();
        volumes.and_then(|volumes| volumes.get(name)).is_some_and(|volume| !volume.volume.started)
    };
    let noted = state.before.unfinished.iter().filter(|(volume, _)| !stopped(volume));
    let noted = noted.map(|(volume, addresses)| {
        let others = addresses.iter().filter(|address| !theirs.contains(address)).cloned();
        (volume.clone(), others.collect())
    });
    clients_gone(state, &noted.collect(), "when the last run began, which did not come to its end")
}

pub(super) fn no_tasks(state: &PoolState) -> Vec<Finding> {
    started(state, Code::TaskRunning, |volume| {
        let subject = || Subject::Volume(volume.volume.name.clone());
        match volume.tasks.known() {
            Ok(tasks) => tasks.iter().map(|task| Finding::seen(Code::TaskRunning, subject(), task)).collect(),
            Err(reason) => vec![Finding::unknown(Code::TaskRunning, subject(), reason)],
        }
    })
}
