//! Checks of what waits to be healed, and of what is known to be on that list for ever.
//!
//! A brick that lists an entry is one whose own copy is good as far as it knows: it took part in a write that
//! another brick missed, and accuses that one. A write that a server misses is listed by every other brick of the
//! set, so an entry is told from a known one by the brick that lists it too.

use std::collections::{BTreeMap, BTreeSet};

use super::super::baseline::KnownEntries;
use super::super::finding::{Code, Finding, Subject};
use super::super::names::{Brick, HostName, PeerUuid, VolumeName};
use super::super::pool::{BrickOf, HealEntries, Observed, PoolState, VolumeState};
use super::volume::{all_zero, heals, started};

const CODE: Code = Code::HealPending;

/// How many entries a finding names before it only counts them.
const NAMED: usize = 5;

pub(super) fn nothing_to_heal(state: &PoolState) -> Vec<Finding> {
    pending(state, known(state))
}

/// Returns what is known as stale since the start; nothing where nobody knows of a start.
fn known(state: &PoolState) -> &KnownEntries {
    static NONE: KnownEntries = KnownEntries::new();
    state.before.start.as_ref().map_or(&NONE, |start| &start.known_entries)
}

/// Judges what waits to be healed, but for entries that are known on the same brick.
pub(crate) fn pending(state: &PoolState, known: &KnownEntries) -> Vec<Finding> {
    started(state, CODE, |volume| {
        if !heals(&volume.volume) {
            return Vec::new();
        }
        match known.get(&volume.volume.name) {
            Some(known) => besides(volume, known),
            None => {
                let bricks = volume.volume.bricks.iter();
                all_zero(CODE, volume, bricks, &volume.heal_pending, "entries to heal")
            }
        }
    })
}

/// Judges the entries of a volume one by one. Where they cannot be told apart, nobody knows.
fn besides(volume: &VolumeState, known: &BTreeMap<Brick, HealEntries>) -> Vec<Finding> {
    let subject = || Subject::Volume(volume.volume.name.clone());
    let lists = match lists(volume) {
        Ok(lists) => lists,
        Err(unknown) => return unknown,
    };
    let new = |(brick, listed): (&Brick, &HealEntries)| {
        let is_known = |gfid: &String| known.get(brick).is_some_and(|known| known.contains_key(gfid));
        let new: Vec<&str> =
            listed.iter().filter(|(gfid, _)| !is_known(gfid)).map(|(_, name)| name.as_str()).collect();
        (!new.is_empty()).then(|| {
            let count = new.len();
            let what =
                format!("{count} entries to heal on {brick} besides those known as stale: {}", some(&new));
            Finding::seen(CODE, subject(), what)
        })
    };
    lists.into_iter().filter_map(new).collect()
}

/// Returns what each brick of a volume lists.
///
/// # Errors
/// A finding for each brick whose list is not known.
fn lists(volume: &VolumeState) -> Result<BTreeMap<&Brick, &HealEntries>, Vec<Finding>> {
    let unknown =
        |what: &str| Finding::unknown(CODE, Subject::Volume(volume.volume.name.clone()), what.to_owned());
    let by_brick = volume.heal_entries.known().map_err(|reason| vec![unknown(reason)])?;
    let (mut lists, mut missing) = (BTreeMap::new(), Vec::new());
    for BrickOf { brick, .. } in &volume.volume.bricks {
        match by_brick.get(brick).map(Observed::known) {
            Some(Ok(listed)) => drop(lists.insert(brick, listed)),
            Some(Err(reason)) => missing.push(unknown(&format!("{brick}: {reason}"))),
            None => missing.push(unknown(&format!("no answer for {brick}"))),
        }
    }
    if missing.is_empty() { Ok(lists) } else { Err(missing) }
}

/// Returns the finding that is waived for each volume with entries known as stale.
pub(crate) fn known_as_stale(known: &KnownEntries) -> Vec<Finding> {
    let finding = |(volume, bricks): (&VolumeName, &BTreeMap<Brick, HealEntries>)| {
        let mut on: BTreeMap<&String, (&str, Vec<String>)> = BTreeMap::new();
        for (brick, entries) in bricks {
            for (gfid, name) in entries {
                on.entry(gfid).or_insert_with(|| (name, Vec::new())).1.push(brick.to_string());
            }
        }
        let each: Vec<String> =
            on.values().map(|(name, bricks)| format!("{name} (listed by {})", bricks.join(", "))).collect();
        let what =
            format!("{} entries wait to be healed, and are not waited for: {}", each.len(), some(&each));
        Finding::seen(Code::HealStale, Subject::Volume(volume.clone()), what)
    };
    known.iter().map(finding).collect()
}

pub(super) fn good_copy_elsewhere(state: &PoolState, host: &HostName) -> Vec<Finding> {
    only_here(state, known(state), host)
}

/// Finds known entries that, of the bricks with data, only those on this server list: if they are not stale after
/// all, the good copy goes with the server. One that nothing but an arbiter lists has no data behind it there, and a
/// write that only an arbiter took was never acknowledged.
pub(crate) fn only_here(state: &PoolState, known: &KnownEntries, host: &HostName) -> Vec<Finding> {
    if known.is_empty() {
        return Vec::new();
    }
    let Some(uuid) = state.uuid_of(host) else {
        let what = "which bricks are here is not known";
        return vec![Finding::unknown(CODE, Subject::Host(host.clone()), what)];
    };
    started(state, CODE, |volume| match known.get(&volume.volume.name) {
        Some(known) => only_on(volume, known, uuid, host),
        None => Vec::new(),
    })
}

fn only_on(
    volume: &VolumeState,
    known: &BTreeMap<Brick, HealEntries>,
    uuid: &PeerUuid,
    host: &HostName,
) -> Vec<Finding> {
    let lists = match lists(volume) {
        Ok(lists) => lists,
        Err(unknown) => return unknown,
    };
    let lists_it = |brick: &BrickOf, gfid: &String| {
        lists.get(&brick.brick).is_some_and(|listed| listed.contains_key(gfid))
    };
    let mut only: BTreeSet<&str> = BTreeSet::new();
    for set in volume.volume.sets() {
        let (here, elsewhere): (Vec<&BrickOf>, Vec<&BrickOf>) =
            set.iter().filter(|brick| !brick.arbiter).partition(|brick| brick.peer == *uuid);
        let known = here.iter().filter_map(|brick| Some((*brick, known.get(&brick.brick)?)));
        for (brick, entries) in known {
            let alone = entries.iter().filter(|(gfid, _)| {
                lists_it(brick, gfid) && !elsewhere.iter().any(|other| lists_it(other, gfid))
            });
            only.extend(alone.map(|(_, name)| name.as_str()));
        }
    }
    if only.is_empty() {
        return Vec::new();
    }
    let only: Vec<&str> = only.into_iter().collect();
    let what = format!(
        "of the copies with data only the one on {host} lists {}: if it is not stale, the good copy is there alone",
        some(&only)
    );
    vec![Finding::seen(CODE, Subject::Volume(volume.volume.name.clone()), what)]
}

/// Returns a few of them, and how many more there are.
fn some(names: &[impl AsRef<str>]) -> String {
    let mut named: Vec<String> = names.iter().take(NAMED).map(|name| name.as_ref().to_owned()).collect();
    if names.len() > NAMED {
        named.push(format!("and {} more", names.len() - NAMED));
    }
    named.join(", ")
}
