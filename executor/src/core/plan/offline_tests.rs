//! Golden plans with a downtime, and what is true of every one of them.

use std::collections::BTreeMap;

use rstest::rstest;

use super::super::check::look_all;
use super::super::pool::{Observed, PoolState, Processes, VolumeKind, VolumeState};
use super::super::sample::{change_host, change_volume, host, inventory, pool, request, volume};
use super::*;
use crate::render;

fn asked(state: &PoolState, to: &str, procedure: Procedure) -> Outcome {
    plan(&inventory(state.hosts.len()), state, &Request { procedure, ..request(to, &[]) })
}

fn planned(state: &PoolState, to: &str) -> Plan {
    match asked(state, to, Procedure::Offline) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

fn codes(outcome: &Outcome) -> Vec<&'static str> {
    let Outcome::Refusal(refusal) = outcome else { panic!("{outcome:?}") };
    let mut codes: Vec<&str> = refusal.findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    codes
}

const CODED: VolumeKind = VolumeKind::Disperse { disperse: 6, redundancy: 2 };
const SIX: &[usize] = &[1, 2, 3, 4, 5, 6];

fn mixed() -> Vec<VolumeState> {
    vec![
        volume("coded", VolumeKind::Disperse { disperse: 3, redundancy: 1 }, SIX),
        volume("copies", VolumeKind::Replicate { replica: 3 }, SIX),
        volume("single", VolumeKind::Distribute, SIX),
    ]
}

#[rstest]
#[case("offline-disperse-4-2", vec![volume("coded", CODED, SIX)])]
#[case("offline-distribute", vec![volume("single", VolumeKind::Distribute, &[1, 2, 3])])]
#[case("offline-mixed", mixed())]
fn golden(#[case] name: &str, #[case] volumes: Vec<VolumeState>) {
    let servers = volumes[0].volume.bricks.len();
    for (from, to, offer) in [("10.3", "11.1", "11.1-6"), ("3.8.15", "3.9.1", "3.9.1-1.el7")] {
        let plan = planned(&pool(servers, from, volumes.clone(), offer), to);
        let next = format!("executor run -i pool.toml --to {to} --offline");
        insta::assert_snapshot!(format!("{name}-{from}-to-{to}"), render::plan(&plan, &next));
    }
}

#[test]
fn without_the_operators_word_a_pool_that_cannot_go_online_is_refused() {
    let state = pool(6, "10.3", mixed(), "11.1-6");
    assert_eq!(codes(&asked(&state, "11.1", Procedure::Online)), ["VOLUME_NOT_REPLICATED"]);
}

#[test]
fn what_depends_on_others_serving_is_no_obstacle() {
    let kind = VolumeKind::Replicate { replica: 2 };
    let mut state = pool(2, "10.3", vec![volume("vol0", kind, &[1, 1])], "11.1-6");
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert("cluster.server-quorum-type".into(), "server".into());
    });
    assert!(!codes(&asked(&state, "11.1", Procedure::Online)).is_empty());
    planned(&state, "11.1");
}

#[test]
fn data_must_be_well_before_a_downtime_too() {
    let mut state = pool(6, "10.3", mixed(), "11.1-6");
    change_volume(&mut state, "single", |volume| {
        volume.bricks_online = Observed::Known(BTreeMap::new());
    });
    assert_eq!(codes(&asked(&state, "11.1", Procedure::Offline)), ["BRICK_OFFLINE"]);
}

#[test]
fn what_clients_left_to_heal_is_healed_before_anything_is_stopped() {
    let mut state = pool(6, "10.3", mixed(), "11.1-6");
    change_volume(&mut state, "coded", |volume| {
        volume.heal_pending = volume.heal_pending.clone().map(|mut counts| {
            counts.values_mut().for_each(|count| *count = Observed::Known(12));
            counts
        });
    });
    let plan = planned(&state, "11.1");
    assert!(plan.answered.iter().any(|finding| finding.code.as_str() == "HEAL_PENDING"));
    let is_heal = |step: &&Step| matches!(step.action, Action::Heal { .. });
    let heal = plan.stages[1].steps.iter().find(is_heal).unwrap();
    let Action::Heal { volumes, .. } = &heal.action else { panic!("{}", heal.action) };
    assert_eq!(volumes.iter().map(|volume| volume.as_str()).collect::<Vec<_>>(), ["coded", "copies"]);
    assert!(heal.enter.checks.contains(&Check::NoClients));
    assert_eq!(heal.leave.checks, [Check::NothingToHeal]);
    // What could not be counted is not healed by a step.
    change_volume(&mut state, "coded", |volume| volume.heal_pending = Observed::Unknown("no answer".into()));
    assert_eq!(codes(&asked(&state, "11.1", Procedure::Offline)), ["HEAL_PENDING"]);
}

#[test]
fn a_downtime_begins_with_every_server_in_service() {
    let mut state = pool(6, "10.3", mixed(), "11.1-6");
    change_host(&mut state, 4, |host| host.processes = Observed::Known(Default::default()));
    assert!(codes(&asked(&state, "11.1", Procedure::Offline)).contains(&"GLUSTERD_DOWN"));
}

#[test]
fn a_volume_that_was_stopped_stays_stopped() {
    let mut state = pool(6, "10.3", mixed(), "11.1-6");
    change_volume(&mut state, "copies", |volume| volume.volume.started = false);
    let plan = planned(&state, "11.1");
    let names: Vec<&str> = plan.stopped_volumes().iter().map(|volume| volume.as_str()).collect();
    assert_eq!(names, ["coded", "single"]);
    let started: Vec<&VolumeName> = plan.steps().filter_map(|step| step.action.starts()).collect();
    assert_eq!(started, plan.stopped_volumes());
}

#[test]
fn servers_at_the_target_are_stopped_and_started_but_not_installed() {
    let mut state = pool(6, "10.3", mixed(), "11.1-6");
    change_host(&mut state, 2, |host| crate::core::sample::at_release(host, "11.1"));
    for number in 1..=6 {
        change_host(&mut state, number, |host| {
            host.stored_volumes = host.stored_volumes.clone().map(|mut volumes| {
                volumes.values_mut().for_each(|volume| volume.info.retain(|line| !line.starts_with("nfs.")));
                volumes
            });
        });
    }
    let plan = planned(&state, "11.1");
    for step in plan.steps() {
        let Action::Together { actions } = &step.action else { continue };
        let without_g2 = matches!(actions[0], Action::Install { .. });
        assert_eq!(actions.len(), if without_g2 { 5 } else { 6 }, "{}", step.action);
    }
}

#[rstest]
#[case::mixed(mixed())]
#[case::replicated(vec![volume("copies", VolumeKind::Replicate { replica: 3 }, SIX)])]
fn properties(#[case] volumes: Vec<VolumeState>) {
    let state = pool(6, "10.3", volumes, "11.1-6");
    let plan = planned(&state, "11.1");
    assert_eq!(plan, planned(&state, "11.1"), "the same input gives the same plan");
    let kinds: Vec<&StageKind> = plan.stages.iter().map(|stage| &stage.kind).collect();
    let clients = StageKind::Clients(vec!["c1".parse().unwrap()]);
    assert_eq!(kinds, [&StageKind::Packages, &StageKind::Downtime, &clients, &StageKind::Finish]);
    let ids: Vec<u32> = plan.steps().map(|step| step.id).collect();
    assert_eq!(ids, (1..=ids.len() as u32).collect::<Vec<_>>());

    let downtime = &plan.stages[1].steps;
    for step in downtime.iter().filter(|step| step.action.stops().is_some()) {
        for wanted in [
            Check::NoClients,
            Check::NothingToHeal,
            Check::NoSplitBrain { without: None },
            Check::BricksOnline { without: None },
            Check::NoTasks,
        ] {
            assert!(step.enter.checks.contains(&wanted), "a volume is stopped without `{wanted}`");
        }
        assert_eq!(look_all(&step.enter.checks, &state), [], "a healthy pool passes");
    }
    // Everything is down before anything is replaced, and everything replaced before anything is started.
    let position = |matches: fn(&Action) -> bool| {
        let first =
            |step: &Step| matches!(&step.action, Action::Together { actions } if matches(&actions[0]));
        downtime.iter().position(first).unwrap()
    };
    let stop = position(|action| matches!(action, Action::StopGluster { .. }));
    let drop = position(|action| matches!(action, Action::DropNfsLines { .. }));
    let install = position(|action| matches!(action, Action::Install { .. }));
    let start = position(|action| matches!(action, Action::StartGluster { .. }));
    assert!(stop < drop && drop < install && install < start);
    for step in [drop, install] {
        assert!(
            downtime[step].enter.checks.contains(&Check::GlusterDownEverywhere),
            "{}",
            downtime[step].action
        );
    }
    for wanted in [Check::PeersConnected { without: None }, Check::StoredVolumesAgree { ignoring_nfs: false }]
    {
        assert!(downtime[start].leave.checks.contains(&wanted), "volumes are started without `{wanted}`");
    }
    let last = &downtime.last().unwrap().leave.checks;
    for wanted in [Check::NothingToHeal, Check::BricksOnline { without: None }] {
        assert!(last.contains(&wanted), "the downtime ends without `{wanted}`");
    }
    assert!(last.contains(&Check::ConfigurationUnchanged), "that the volumes are started is part of it");
    for step in plan.steps() {
        assert!(step.enter.patience_seconds > 0 && step.leave.patience_seconds > 0, "every wait has an end");
        assert!(!step.leave.checks.is_empty(), "step {} is left without a look", step.id);
    }
}

#[test]
fn of_several_actions_only_those_are_left_that_are_not_done() {
    let state = pool(6, "10.3", mixed(), "11.1-6");
    let mut now = state.clone();
    for number in [2, 5] {
        change_host(&mut now, number, |host| host.processes = Observed::Known(Processes::default()));
    }
    let plan = planned(&state, "11.1");
    let of = |wanted: fn(&Action) -> bool| {
        let together =
            |action: &&Action| matches!(action, Action::Together { actions } if wanted(&actions[0]));
        plan.steps().map(|step| &step.action).find(together).unwrap()
    };
    let left = |action: &Action| {
        let left = action.left(|effect| look_all(effect, &now).is_empty());
        left.hosts().into_iter().map(|host| host.to_string()).collect::<Vec<_>>()
    };
    let stop = of(|action| matches!(action, Action::StopGluster { .. }));
    assert_eq!(left(stop), ["g1", "g3", "g4", "g6"]);
    // Programs of the release are there before an installation is done: it is finished everywhere.
    let install = of(|action| matches!(action, Action::Install { .. }));
    assert_eq!(left(install), ["g1", "g2", "g3", "g4", "g5", "g6"]);
}

#[test]
fn a_part_of_which_nothing_shows_is_not_done_because_the_others_are() {
    let stop = Action::StopGluster { host: host(1) };
    let start = Action::StartGluster { host: host(2) };
    let both = Action::Together { actions: vec![stop.clone(), start] };
    assert_eq!(both.effect(), []);
    assert_eq!(both.effects(), stop.effect(), "what shows of the parts is looked at all the same");
}
