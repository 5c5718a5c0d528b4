//! Entries on the heal list that are known not to go: which ones a waiver takes out of what gates wait for.

use std::collections::{BTreeMap, BTreeSet};

use super::super::baseline::KnownEntries;
use super::super::check;
use super::super::finding::{Code, Finding, Subject, Waiver};
use super::super::names::{Brick, HostName};
use super::super::pool::{HealEntries, Observed, PoolState, VolumeKind, VolumeState};

/// How many entries of a volume may be called stale. More of them are a backlog.
const ENTRIES_MAX: usize = 100;

/// What the waivers of stale entries come to.
#[derive(Debug, Default)]
pub(super) struct Stale {
    /// The entries that no gate waits for.
    pub(super) known: KnownEntries,
    /// Why others are none, and the findings that are waived.
    pub(super) findings: Vec<Finding>,
}

/// Finds the entries that are known as stale by the operator's word: every one that waits now on a volume of which
/// `HEAL_STALE` is waived, and waited in all looks before.
///
/// `taken_out`: the servers that are going to be out one at a time. While a server is out the others collect what it
/// misses; an entry must be one of which that can be told apart.
pub(super) fn stale(state: &PoolState, waivers: &[Waiver], taken_out: &[&HostName]) -> Stale {
    let mut stale = Stale::default();
    let Ok(volumes) = state.volumes.known() else { return stale };
    let waived = |volume: &VolumeState| {
        let name = volume.volume.name.as_str();
        waivers.iter().any(|waiver| waiver.code == Code::HealStale && waiver.subject == name)
    };
    for volume in volumes.values().filter(|volume| volume.volume.started && waived(volume)) {
        let Some(mut listed) = listed(volume) else { continue };
        let name = &volume.volume.name;
        let subject = || Subject::Volume(name.clone());
        let count = listed.values().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>().len();
        if count > ENTRIES_MAX {
            let what =
                format!("{count} entries are a backlog: no more than {ENTRIES_MAX} can be waived as stale");
            stale.findings.push(Finding::seen(Code::HealPending, subject(), what));
            continue;
        }
        if !taken_out.is_empty() {
            for entry in everywhere(volume, &mut listed) {
                let what = format!(
                    "every brick of its set lists {entry}, like a file that is being written: not stale"
                );
                stale.findings.push(Finding::seen(Code::HealPending, subject(), what));
            }
        }
        if let Some(before) = &state.before.stale {
            let before = before.get(name);
            for (brick, entries) in &mut listed {
                let before = before.and_then(|bricks| bricks.get(brick));
                entries.retain(|gfid, _| before.is_some_and(|before| before.contains_key(gfid)));
            }
        }
        listed.retain(|_, entries| !entries.is_empty());
        if !listed.is_empty() {
            stale.known.insert(name.clone(), listed);
        }
    }
    for host in taken_out {
        stale.findings.extend(check::only_here(state, &stale.known, host));
    }
    stale.findings.extend(check::known_as_stale(&stale.known));
    stale
}

/// Returns what every brick of a volume lists. `None`: a brick's list is not known, which is a finding of its own.
fn listed(volume: &VolumeState) -> Option<BTreeMap<Brick, HealEntries>> {
    let lists = volume.heal_entries.known().ok()?;
    let list = |brick: &Brick| lists.get(brick).map(Observed::known)?.ok().cloned();
    volume.volume.bricks.iter().map(|of| Some((of.brick.clone(), list(&of.brick)?))).collect()
}

/// Takes away the entries that every brick of a replica set lists, and returns their names. A brick marks a file as
/// dirty while it is written, so that all of them list one that is open for writing; and with all of them known
/// already, what a server missed later would be no new entry anywhere.
fn everywhere(volume: &VolumeState, listed: &mut BTreeMap<Brick, HealEntries>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if !matches!(volume.volume.kind, VolumeKind::Replicate { .. }) {
        return names;
    }
    for set in volume.volume.sets() {
        let lists: Vec<&HealEntries> = set.iter().filter_map(|of| listed.get(&of.brick)).collect();
        let Some((first, rest)) = lists.split_first() else { continue };
        let all = first.iter().filter(|(gfid, _)| rest.iter().all(|list| list.contains_key(*gfid)));
        let all: BTreeMap<String, String> = all.map(|(gfid, name)| (gfid.clone(), name.clone())).collect();
        for of in set {
            if let Some(entries) = listed.get_mut(&of.brick) {
                entries.retain(|gfid, _| !all.contains_key(gfid));
            }
        }
        names.extend(all.into_values());
    }
    names
}
