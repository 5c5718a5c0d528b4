//! How often a gate looks before it is passed, where two of them stand back to back.

use super::super::check::Check;
use super::{Action, Gate, Stage, StageKind};

/// Leaves what ends a preparation or a turn after one look where the next step is entered after several: nothing happens
/// between the two, and what the second look is to see, one that comes and goes, those see too.
pub(super) fn look_once(stages: &mut [Stage]) {
    let enters: Vec<Gate> =
        stages.iter().flat_map(|stage| &stage.steps).map(|step| step.enter.clone()).collect();
    let steps = stages.iter_mut().flat_map(|stage| {
        let serves = matches!(stage.kind, StageKind::Prepare | StageKind::Turn(_));
        stage.steps.iter_mut().map(move |step| (serves, step))
    });
    for ((serves, step), next) in steps.zip(enters.into_iter().skip(1)) {
        let ends = matches!(step.action, Action::ProveVolumes { .. } | Action::StartGlusterd { .. });
        // Whether bricks are steady is seen by a second look alone, so the next gate has to ask it, too.
        let steady = |gate: &Gate| gate.checks.contains(&Check::BricksSteady);
        if serves && ends && next.settle >= step.leave.settle && (steady(&next) || !steady(&step.leave)) {
            step.leave.settle = 1;
        }
    }
}
