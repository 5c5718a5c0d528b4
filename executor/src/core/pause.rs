//! Where a run may stop on request: before what takes something out, and never while something is out.
//!
//! Decided from the plan alone. A run that was asked to pause goes on while
//!
//! 1. it is within a stage: a server's turn, a downtime, clients; what was taken out there comes back there;
//! 2. something that an earlier stage took out is still away: clients that a downtime unmounted;
//! 3. the next stage takes nothing out and brings something back: geo-replication that was stopped, or a server that
//!    was out before the run began.
//!
//! So it stops between turns, before a downtime, before clients, and before the op-version is raised. Packages are only
//! downloaded: it may stop between any two.

use std::collections::BTreeSet;

use super::plan::{Action, Plan, Stage, StageKind};

/// Returns whether a run may stop before this step: nothing is out then because of it.
pub fn may_pause_before(plan: &Plan, step: u32) -> bool {
    let Some((at, stage)) =
        plan.stages.iter().enumerate().find(|(_, stage)| stage.steps.iter().any(|own| own.id == step))
    else {
        return false;
    };
    let first = stage.steps.first().is_some_and(|first| first.id == step);
    match &stage.kind {
        StageKind::Packages => true,
        StageKind::StartReplication => false,
        StageKind::Turn(host) => {
            let out = plan.servers.iter().any(|row| row.host == *host && row.out);
            first && !out && nothing_is_away(&plan.stages[..at])
        }
        StageKind::Prepare
        | StageKind::StopReplication
        | StageKind::Downtime
        | StageKind::Clients(_)
        | StageKind::Finish => first && nothing_is_away(&plan.stages[..at]),
    }
}

/// Returns the first step from this one on before which the run may stop; none where it goes on to its end.
pub fn next_pause(plan: &Plan, from: u32) -> Option<u32> {
    plan.steps().map(|step| step.id).filter(|id| *id >= from).find(|id| may_pause_before(plan, *id))
}

/// Whether all that these stages take out, they bring back. Geo-replication is not counted: it stays stopped from the
/// first turn to the last, and the secondary catches up.
fn nothing_is_away(stages: &[Stage]) -> bool {
    let mut away: BTreeSet<String> = BTreeSet::new();
    for step in stages.iter().flat_map(|stage| &stage.steps) {
        follow(&step.action, &mut away);
    }
    away.is_empty()
}

/// Notes what an action takes out, and strikes out what it brings back.
fn follow(action: &Action, away: &mut BTreeSet<String>) {
    match action {
        Action::StopGlusterd { host } => drop(away.insert(format!("glusterd {host}"))),
        Action::StartGlusterd { host } => drop(away.remove(&format!("glusterd {host}"))),
        Action::StopGluster { host } => drop(away.insert(format!("server {host}"))),
        Action::StartGluster { host } => drop(away.remove(&format!("server {host}"))),
        Action::StopVolume { volume, .. } => drop(away.insert(format!("volume {volume}"))),
        Action::StartVolume { volume, .. } => drop(away.remove(&format!("volume {volume}"))),
        Action::Unmount { host, mount, .. } => drop(away.insert(format!("mount {host} {}", mount.point))),
        Action::Mount { host, mount } => drop(away.remove(&format!("mount {host} {}", mount.point))),
        Action::StopApplication { host, application } => {
            away.insert(format!("application {host} {}", application.name));
        }
        Action::StartApplication { host, application } => {
            away.remove(&format!("application {host} {}", application.name));
        }
        Action::Together { actions } => actions.iter().for_each(|action| follow(action, away)),
        Action::DropNfsLines { .. }
        | Action::Fetch { .. }
        | Action::Install { .. }
        | Action::InstallBy { .. }
        | Action::Heal { .. }
        | Action::StopReplication { .. }
        | Action::ConvertChangelogs { .. }
        | Action::CloseChangelogs { .. }
        | Action::StartReplication { .. }
        | Action::ProveReplication { .. }
        | Action::ProveMount { .. }
        | Action::ProveVolumes { .. }
        | Action::RaiseOpVersion { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::plan::{self, Outcome, Procedure, Request};
    use super::super::pool::{Observed, PoolState, VolumeKind};
    use super::super::sample::{host, inventory, pool, replica_3, replicated, request, usage, volume};
    use super::*;

    /// The steps before which a run may stop, each with the stage it is in.
    fn pauses(plan: &Plan) -> Vec<String> {
        let mut found = Vec::new();
        for stage in &plan.stages {
            for (at, step) in stage.steps.iter().enumerate() {
                if may_pause_before(plan, step.id) {
                    found.push(match (&stage.kind, at) {
                        (StageKind::Turn(host), 0) => host.to_string(),
                        (StageKind::Clients(hosts), 0) => hosts[0].to_string(),
                        (kind, 0) => format!("{kind:?}"),
                        (StageKind::Packages, _) => continue,
                        (kind, at) => format!("{kind:?} at its step {at}"),
                    });
                }
            }
        }
        found
    }

    fn planned(state: &PoolState, procedure: Procedure) -> Plan {
        match plan::plan(&inventory(3), state, &Request { procedure, ..request("11.1", &[]) }) {
            Outcome::Plan(plan) => *plan,
            other => panic!("{other:?}"),
        }
    }

    /// A pool whose client has nothing mounted, so that nothing of it is taken away.
    fn without_a_mount(mut state: PoolState) -> PoolState {
        for client in state.clients.values_mut() {
            client.usage = Observed::Known(usage("192.0.2.100"));
        }
        state
    }

    #[test]
    fn an_online_run_stops_between_turns_and_before_clients_and_the_finish() {
        let plan = planned(&replica_3(), Procedure::Online);
        let expected = ["Packages", "Prepare", "g1", "g2", "g3", "c1", "Finish"];
        assert_eq!(pauses(&plan), expected);
        let within: Vec<u32> = plan.steps().map(|step| step.id).collect();
        let turn = plan.stages.iter().find(|stage| stage.kind == StageKind::Turn(host(1))).unwrap();
        let next = plan.stages.iter().find(|stage| stage.kind == StageKind::Turn(host(2))).unwrap();
        assert_eq!(next_pause(&plan, turn.steps[1].id), Some(next.steps[0].id), "the turn is finished first");
        assert_eq!(next_pause(&plan, *within.last().unwrap() + 1), None);
        assert!(!may_pause_before(&plan, 0));
    }

    #[test]
    fn a_server_that_was_out_already_is_brought_back_first() {
        let mut plan = planned(&replica_3(), Procedure::Online);
        plan.servers[1].out = true;
        assert!(!pauses(&plan).contains(&"g2".to_owned()));
        assert!(pauses(&plan).contains(&"g3".to_owned()));
    }

    #[rstest]
    #[case::clients_were_not_touched(false, &["Packages", "Downtime", "c1", "Finish"])]
    #[case::clients_are_unmounted_in_it(true, &["Packages", "Downtime", "Finish"])]
    fn an_offline_run_stops_before_the_downtime_and_not_within(
        #[case] mounted: bool,
        #[case] expected: &[&str],
    ) {
        let vol = volume("vol0", VolumeKind::Distribute, &[1, 2, 3]);
        let state = pool(3, "10.3", vec![vol], "11.1-6");
        let state = if mounted { state } else { without_a_mount(state) };
        let plan = planned(&state, Procedure::Offline);
        assert_eq!(pauses(&plan), expected);
    }

    #[test]
    fn geo_replication_that_was_stopped_is_started_again_before_a_pause() {
        let state = replicated("11.1");
        let plan = planned(&state, Procedure::Online);
        let found = pauses(&plan);
        assert!(
            found.contains(&"StopReplication".to_owned()) && found.contains(&"g2".to_owned()),
            "{found:?}"
        );
        assert!(!found.iter().any(|at| at.starts_with("StartReplication")), "{found:?}");
        let start = plan.stages.iter().find(|stage| stage.kind == StageKind::StartReplication).unwrap();
        let after = next_pause(&plan, start.steps[0].id).unwrap();
        assert!(after > start.steps.last().unwrap().id, "it is proved first");
    }
}
