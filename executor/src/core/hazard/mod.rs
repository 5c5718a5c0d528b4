//! Hazards: known breaks by the pair of releases, as data, and which of them an observed pool is open to.

mod evidence;
mod range;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::finding::{Code, Finding};
use super::names::Release;
use super::pool::PoolState;
use super::release::path::Point;

pub use evidence::Evidence;
pub use range::Range;

/// The table as shipped; a test reads it, so that a run never meets a broken one.
const TABLE: &str = include_str!("../../../hazards.toml");

/// A known break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hazard {
    /// Its name; stable.
    pub id: String,
    /// What breaks, in a line.
    pub title: String,
    /// The releases an upgrade starts at.
    pub from: Range,
    /// The releases it ends at.
    pub to: Range,
    /// Whether it is there only where servers are upgraded one by one while volumes serve.
    #[serde(default)]
    pub only_online: bool,
    /// What is looked for.
    pub evidence: Evidence,
    /// How it shows as a finding, where something is looked for.
    pub code: Option<Code>,
    /// What is done about it.
    pub treatment: Treatment,
    /// What this program does, in words.
    pub tool: String,
    /// What the operator does.
    pub remedy: String,
    /// Where it is known from.
    pub source: String,
    /// The scenario that reproduces it, or why there is none.
    pub scenario: String,
}

/// What is done about a hazard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// The plan has a step for it.
    Prepared,
    /// There is no plan while it is there.
    Refused,
    /// A gate halts before harm is done.
    Gated,
    /// It is told.
    Advice,
}

impl std::fmt::Display for Treatment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Prepared => "prepared",
            Self::Refused => "refused",
            Self::Gated => "gated",
            Self::Advice => "advice",
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    hazards: Vec<Hazard>,
}

static HAZARDS: LazyLock<Vec<Hazard>> = LazyLock::new(|| {
    // The file is part of the program and read by this module's tests.
    toml::from_str::<Table>(TABLE).map(|table| table.hazards).unwrap_or_default()
});

/// Returns every hazard of the table, in its order.
pub fn hazards() -> &'static [Hazard] {
    &HAZARDS
}

/// Returns the hazards of an upgrade: of a line, every release may be meant.
pub fn between(from: &Point, to: Release) -> Vec<&'static Hazard> {
    let meets = |hazard: &&Hazard| {
        hazard.to.contains(to) && from.releases().iter().any(|from| hazard.from.contains(*from))
    };
    hazards().iter().filter(meets).collect()
}

/// What the evidence in a pool says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// What stands in the way.
    pub refused: Vec<Finding>,
    /// What is told: a gate catches it, or it is advice.
    pub noted: Vec<Finding>,
}

/// Looks for the evidence of every hazard between the releases that run and the target, by the online procedure
/// or by the one with a downtime.
pub fn look(state: &PoolState, to: Release, online: bool) -> Found {
    let starts: BTreeSet<Release> = state
        .hosts
        .values()
        .filter_map(|host| host.release.known().ok().copied().flatten())
        .filter(|now| *now != to)
        .collect();
    let mut found = Found::default();
    for hazard in hazards() {
        let starts: BTreeSet<Release> =
            starts.iter().copied().filter(|from| hazard.from.contains(*from)).collect();
        if starts.is_empty() || !hazard.to.contains(to) || (hazard.only_online && !online) {
            continue;
        }
        let findings = hazard.evidence.look(state, &starts, to);
        match hazard.treatment {
            Treatment::Prepared | Treatment::Refused => found.refused.extend(findings),
            Treatment::Gated | Treatment::Advice => found.noted.extend(findings),
        }
    }
    for findings in [&mut found.refused, &mut found.noted] {
        findings.sort();
        findings.dedup();
    }
    found
}
