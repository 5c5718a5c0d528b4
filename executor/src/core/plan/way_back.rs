//! What the journals of a pool tell of the way back: to which release, how, and what was there before.

use std::collections::BTreeSet;

use super::super::baseline::Configuration;
use super::super::names::{Release, VolumeName};
use super::super::resume::Progress;
use super::{Direction, Procedure};

/// What the journals of a pool tell of the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// The pool.
    pub pool: String,
    /// The release that its servers had before.
    pub to: Release,
    /// How they were upgraded.
    pub procedure: Procedure,
    /// Volumes and peers, as they were defined before the first of them was.
    pub configuration: Configuration,
    /// The volumes that an unfinished run has stopped for its downtime.
    pub stopped: Vec<VolumeName>,
}

/// Reads the way back from the runs of a pool, the newest first.
pub fn way_back(runs: &[Progress]) -> Option<WayBack> {
    let last = runs.first()?;
    let is_back = |run: &&Progress| run.plan.direction == Direction::Back;
    let begun = runs.iter().take_while(is_back).map(|run| run.plan.to).next();
    let upgrades = runs.iter().skip_while(is_back);
    // An upgrade that was planned anew midway knows some servers at its target; one before it knows where they were.
    let target = upgrades.clone().next()?.plan.to;
    let of_it = |run: &&Progress| run.plan.direction == Direction::Up && run.plan.to == target;
    let upgrades: Vec<&Progress> = upgrades.take_while(of_it).collect();
    let before = upgrades.iter().flat_map(|run| &run.plan.servers).map(|row| row.now).min();
    let to = begun.or(before).filter(|to| *to < target)?;
    let oldest = upgrades.last()?;
    let offline = upgrades.iter().any(|run| run.plan.procedure == Procedure::Offline);
    Some(WayBack {
        pool: last.pool.clone(),
        to,
        procedure: if offline { Procedure::Offline } else { Procedure::Online },
        configuration: oldest.plan.baseline.configuration.clone(),
        stopped: if last.complete { Vec::new() } else { stopped_by(last) },
    })
}

/// Returns the volumes that a run has stopped, or may have, and not started again.
fn stopped_by(run: &Progress) -> Vec<VolumeName> {
    let finished = |id: &u32| run.finished.contains(id);
    let started: BTreeSet<&VolumeName> =
        run.plan.steps().filter(|step| finished(&step.id)).filter_map(|step| step.action.starts()).collect();
    let begun = run.plan.steps().filter(|step| finished(&step.id) || run.in_doubt == Some(step.id));
    begun.filter_map(|step| step.action.stops()).filter(|name| !started.contains(name)).cloned().collect()
}
