//! How often a gate looks before it is passed, where two of them stand back to back.

use super::{Action, Stage, StageKind};

/// Leaves what ends a preparation or a turn after one look where the next step is entered after several: nothing happens
/// between the two, and what the second look is to see, one that comes and goes, those see too.
pub(super) fn look_once(stages: &mut [Stage]) {
    let enters: Vec<u32> =
        stages.iter().flat_map(|stage| &stage.steps).map(|step| step.enter.settle).collect();
    let steps = stages.iter_mut().flat_map(|stage| {
        let serves = matches!(stage.kind, StageKind::Prepare | StageKind::Turn(_));
        stage.steps.iter_mut().map(move |step| (serves, step))
    });
    for ((serves, step), next) in steps.zip(enters.into_iter().skip(1)) {
        let ends = matches!(step.action, Action::ProveVolumes { .. } | Action::StartGlusterd { .. });
        if serves && ends && next >= step.leave.settle {
            step.leave.settle = 1;
        }
    }
}
