//! The canary in a plan: after each server's turn, and after a downtime, volumes are written and read.

use std::collections::BTreeSet;

use super::super::check::{self, Check};
use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, VolumeName};
use super::super::pool::{HostState, PoolState};
use super::builder::{Builder, Facts, RETURN_PATIENCE_SECONDS, gate};
use super::preflight::Preflight;
use super::{Action, Gate, Request, Stage, StageKind, Step};

/// Finds the volumes that cannot be proved, where a plan would prove any.
pub(super) fn preflight(state: &PoolState, request: &Request, found: &Preflight) -> Vec<Finding> {
    let installed = |host: &HostState| host.release.known().is_ok_and(Option::is_some);
    let behind = state.hosts.iter().any(|(name, host)| installed(host) && request.moves(name, &host.release));
    let finishes = found.half_done && !request.keep_op_version;
    if behind || found.out.is_some() || finishes { check::unprovable(state) } else { Vec::new() }
}

/// The finding by which a volume is left out, whatever the reason.
fn unproven(volume: &VolumeName) -> Finding {
    let what = "no file is written to it to see that it can be used";
    Finding::seen(Code::CanaryUnproven, Subject::Volume(volume.clone()), what)
}

fn is_waived(request: &Request, volume: &VolumeName) -> bool {
    let finding = unproven(volume);
    request.waivers.iter().any(|waiver| waiver.covers(&finding))
}

/// Returns the started volumes that are to be proved: all but those that the operator waived, and copies of another
/// pool's.
pub(super) fn provable(state: &PoolState, started: &[VolumeName], request: &Request) -> Vec<VolumeName> {
    let left_out = |volume: &VolumeName| is_waived(request, volume) || check::is_copy(state, volume);
    started.iter().filter(|volume| !left_out(volume)).cloned().collect()
}

/// Returns the findings that were waived and are not among those of preflight.
pub(super) fn left_out(facts: &Facts<'_>, request: &Request, waived: &[Finding]) -> Vec<Finding> {
    let said: BTreeSet<&Subject> = waived
        .iter()
        .filter(|finding| finding.code == Code::CanaryUnproven)
        .map(|finding| &finding.subject)
        .collect();
    let left_out = facts.started.iter().filter(|volume| is_waived(request, volume)).map(unproven);
    left_out.filter(|finding| !said.contains(&finding.subject)).collect()
}

/// Puts the proof before the op-version is raised, where no other step of the plan has it: after a run that ended at
/// that very step, every server is at the target, and none has a turn any more.
pub(super) fn before_finish(stages: &mut [Stage], builder: &mut Builder<'_>) {
    let proves = |step: &Step| matches!(step.action, Action::ProveVolumes { .. });
    if stages.iter().flat_map(|stage| &stage.steps).any(proves) {
        return;
    }
    let finish = stages.iter_mut().find(|stage| stage.kind == StageKind::Finish);
    let via = builder.facts.servers.first().map(|(host, ..)| host.clone());
    if let (Some(finish), Some(via)) = (finish, via) {
        let leave = gate(vec![Check::BricksOnline { without: None }], RETURN_PATIENCE_SECONDS, 1);
        let steps = builder.prove(&via, leave);
        finish.steps.splice(0..0, steps);
    }
}

impl Builder<'_> {
    /// Proves on a server that the volumes can be used. None where there is nothing to prove.
    pub(super) fn prove(&mut self, host: &HostName, leave: Gate) -> Option<Step> {
        let volumes = self.facts.provable.clone();
        if volumes.is_empty() {
            return None;
        }
        let up = vec![Check::GlusterdUp { host: host.clone() }, Check::BricksOnline { without: None }];
        let enter = gate(up, RETURN_PATIENCE_SECONDS, 1);
        Some(self.step(Action::ProveVolumes { host: host.clone(), volumes }, enter.clone(), enter, leave))
    }
}
