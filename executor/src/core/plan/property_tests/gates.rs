//! Gates of plans for drawn pools: what is asked before something is taken away, and when it is back.

use super::super::super::names::HostName;
use super::super::super::sample;
use super::super::{Action, Check, Step};
use super::rules::Walk;

impl Walk<'_> {
    /// The whole health of the pool is asked before anything is taken from it.
    pub(super) fn takes_nothing_out_without_its_gate(&self) {
        for (host, steps) in self.turns() {
            let Some(first) = steps.iter().find(|step| takes_out(&step.action)) else { continue };
            let stop = steps.iter().find(|step| matches!(step.action, Action::StopGluster { .. }));
            let is_out = self.shape().out.is_some_and(|out| sample::host(out) == *host);
            let without = is_out.then(|| host.clone());
            let mut asked = well(without.as_ref());
            asked.extend([Check::ConfigurationUnchanged, Check::OpVersionStill]);
            if !is_out {
                asked.extend([Check::NothingToHeal, Check::NoTasks]);
            }
            asked.push(Check::OthersCanCarry { host: host.clone() });
            if self.shape().servers > 1 || !is_out {
                for step in [Some(first), stop].into_iter().flatten() {
                    holds(&step.enter.checks, &asked, step, "enter");
                    assert!(is_out || step.enter.settle > 1, "one look is not enough: {}", step.action);
                }
            }
        }
        let first = self.plan.steps().find(|step| matches!(step.action, Action::StopGlusterd { .. }));
        if let Some(step) = first {
            let asked = [Check::BricksOnline { without: None }, Check::NothingToHeal, Check::OpVersionStill];
            holds(&step.enter.checks, &asked, step, "enter");
        }
        for (at, step) in self.plan.steps().enumerate() {
            let before = self.plan.steps().nth(at.wrapping_sub(1)).map(|step| &step.leave.checks);
            if let (Action::Install { host, .. } | Action::InstallBy { host, .. }, true) =
                (&step.action, self.online())
                && self.case.state.hosts.contains_key(host)
            {
                let down = [Check::GlusterDown { host: host.clone() }];
                holds(&step.enter.checks, &down, step, "enter");
                holds(before.unwrap(), &down, step, "the leave gate before");
            }
        }
    }

    /// A turn ends with a gate that has the server back, and all of the pool well.
    pub(super) fn gives_all_back_before_the_next(&self) {
        for (host, steps) in self.turns() {
            let start = steps.iter().position(|step| matches!(step.action, Action::StartGluster { .. }));
            let (Some(start), Some(last)) = (start, steps.last()) else { panic!("{host} is not started") };
            let back = [Check::GlusterdUp { host: host.clone() }];
            holds(&steps[start].leave.checks, &back, &steps[start], "leave");
            let mut asked = vec![
                Check::AtRelease { host: host.clone(), release: self.to() },
                Check::RunsRelease { host: host.clone(), release: self.to() },
            ];
            asked.extend(well(None));
            asked.extend([Check::ClientsBack, Check::NothingToHeal, Check::OpVersionStill]);
            // Where nobody is served, nothing is healed and no client comes back.
            let served = |check: &Check| {
                !matches!(
                    check,
                    Check::Reached
                        | Check::NoSplitBrain { .. }
                        | Check::ClientsOnEveryBrick { .. }
                        | Check::ClientsBack
                        | Check::NothingToHeal
                        | Check::OpVersionStill
                )
            };
            asked.retain(|check| self.serves() || served(check));
            let whole: Vec<Check> =
                steps[start..].iter().flat_map(|step| step.leave.checks.clone()).collect();
            let left = if self.serves() { &last.leave.checks } else { &whole };
            holds(left, &asked, last, "leave");
            let mut all = self.plan.stages.iter().flat_map(|stage| &stage.steps);
            let next = all.find(|step| step.id > last.id);
            let looks = last.leave.settle.max(next.map_or(0, |next| next.enter.settle));
            assert!(!self.serves() || looks > 1, "one look is not enough: {}", last.action);
        }
    }
}

/// What every gate asks that wants the pool well, but for a server that is out.
pub(super) fn well(without: Option<&HostName>) -> Vec<Check> {
    let without = without.cloned();
    vec![
        Check::Reached,
        Check::PeersConnected { without: without.clone() },
        Check::StoredVolumesAgree { ignoring_nfs: false },
        Check::BricksOnline { without: without.clone() },
        Check::SelfHealDaemonsOnline { without: without.clone() },
        Check::NoSplitBrain { without: without.clone() },
        Check::ClientsOnEveryBrick { without },
    ]
}

/// Whether an action takes something from those who use the pool.
pub(super) fn takes_out(action: &Action) -> bool {
    if let Action::Together { actions } = action {
        return actions.iter().any(takes_out);
    }
    matches!(
        action,
        Action::StopGluster { .. }
            | Action::StopVolume { .. }
            | Action::StopGlusterd { .. }
            | Action::Unmount { .. }
            | Action::StopApplication { .. }
    )
}

/// Panics where a gate lacks a check.
pub(super) fn holds(gate: &[Check], asked: &[Check], step: &Step, which: &str) {
    for check in asked {
        assert!(gate.contains(check), "step {} ({}), {which}: no {check:?}", step.id, step.action);
    }
}
