//! What the journals tell of the way back.

use super::super::event::GateKind;
use super::super::names::VolumeName;
use super::super::packages::PackageOffer;
use super::super::pool::{PoolState, VolumeState};
use super::super::resume::Progress;
use super::super::sample::{change_volume, host, inventory, replica_3, request};
use super::rollback_tests::{back, codes, planned, three, wish};
use super::*;
use crate::render;

/// A run that was planned on such a state, with so many of its steps finished.
fn run(plan: Plan, finished: u32, complete: bool) -> Progress {
    Progress {
        pool: "p".into(),
        plan,
        finished: (1..=finished).collect(),
        in_doubt: None,
        noted: None,
        stopped: None,
        complete,
        trail: Default::default(),
    }
}

fn upgrade(state: &PoolState, procedure: Procedure) -> Plan {
    let mut state = state.clone();
    state.hosts.values_mut().for_each(|host| {
        host.offer = host.offer.clone().map(|offer| PackageOffer { version: Some("11.1-6".into()), ..offer });
    });
    match plan(&inventory(state.hosts.len()), &state, &Request { procedure, ..request("11.1", &[]) }) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:#?}"),
    }
}

#[test]
fn the_journals_tell_the_release_from_before_the_upgrade() {
    let to = |runs: &[Progress]| way_back(runs).map(|way| way.to.to_string());
    let first = run(upgrade(&replica_3(), Procedure::Online), 3, false);
    assert_eq!(to(&[]), None);
    assert_eq!(to(std::slice::from_ref(&first)).as_deref(), Some("10.3"));
    // Planned anew midway, it knows g1 at its target.
    let anew = run(upgrade(&three(1), Procedure::Online), 0, false);
    assert_eq!(to(&[anew.clone(), first.clone()]).as_deref(), Some("10.3"));
    // A finish alone moves no server; only what was before it tells.
    let mut finish = upgrade(&three(3), Procedure::Online);
    finish.servers.iter_mut().for_each(|row| row.now = row.then);
    assert_eq!(to(&[run(finish.clone(), 0, false)]), None);
    assert_eq!(to(&[run(finish, 0, false), first.clone()]).as_deref(), Some("10.3"));
    // An earlier hop is another upgrade.
    let mut hop = first.clone();
    hop.plan.to = "10.3".parse().unwrap();
    hop.plan.servers.iter_mut().for_each(|row| row.now = "9.2".parse().unwrap());
    assert_eq!(to(&[first.clone(), hop]).as_deref(), Some("10.3"));
    // A way back that was begun leads where it led.
    let mut begun = run(planned(&three(2), &wish(&[])), 1, false);
    begun.plan.servers.iter_mut().for_each(|row| row.now = "10.3".parse().unwrap());
    assert_eq!(to(&[begun.clone(), anew, first.clone()]).as_deref(), Some("10.3"));
    assert_eq!(way_back(&[first]).unwrap().procedure, Procedure::Online);
    assert_eq!(to(&[begun]), None, "without the upgrade nobody knows");
}

#[test]
fn an_upgrade_within_a_downtime_goes_back_within_one_and_is_ended_first() {
    let plan = upgrade(&replica_3(), Procedure::Offline);
    let stop = plan.steps().find(|step| step.action.stops().is_some()).unwrap().id;
    let way = way_back(&[run(plan.clone(), stop, false)]).unwrap();
    assert_eq!((way.procedure, way.stopped.len()), (Procedure::Offline, 1));
    let ended = way_back(&[run(plan, stop, true)]).unwrap();
    assert_eq!(ended.stopped, [] as [VolumeName; 0]);

    let mut state = three(3);
    change_volume(&mut state, "vol0", |volume| volume.volume.started = false);
    let offline = Request { procedure: Procedure::Offline, ..wish(&[]) };
    assert_eq!(codes(back(&state, &offline, Some(&way))), ["DOWNTIME_UNFINISHED:vol0"]);
    assert!(matches!(back(&state, &offline, Some(&ended)), Outcome::Plan(_)));
}

#[test]
fn options_and_volumes_of_since_the_upgrade_are_found_by_the_journal() {
    let way = way_back(&[run(upgrade(&replica_3(), Procedure::Online), 3, false)]).unwrap();
    let mut state = three(3);
    assert!(matches!(back(&state, &wish(&[]), Some(&way)), Outcome::Plan(_)));
    let set = |volume: &mut VolumeState| {
        volume.volume.options.insert("cluster.use-anonymous-inode".into(), "yes".into());
        // What upgrades change by themselves is nobody's wish.
        volume.volume.options.insert("transport.address-family".into(), "inet".into());
    };
    change_volume(&mut state, "vol0", set);
    assert_eq!(codes(back(&state, &wish(&[]), Some(&way))), ["OPTION_SET_SINCE:vol0"]);
    let waived = wish(&["OPTION_SET_SINCE:vol0"]);
    assert!(matches!(back(&state, &waived, Some(&way)), Outcome::Plan(_)));
    // The journal of another pool's volumes knows none of these.
    let other = WayBack { configuration: Default::default(), ..way };
    assert_eq!(codes(back(&state, &wish(&[]), Some(&other))), ["OPTION_SET_SINCE:vol0"]);
}

#[test]
fn a_plan_without_a_direction_is_of_an_upgrade() {
    let mut value = serde_json::to_value(upgrade(&replica_3(), Procedure::Online)).unwrap();
    let fields = value.as_object_mut().unwrap();
    assert!(fields.remove("direction").is_some() && fields.remove("only").is_some());
    let plan: Plan = serde_json::from_value(value).unwrap();
    assert_eq!((plan.direction, plan.only.len()), (Direction::Up, 0));
    let back = planned(&three(1), &wish(&[]));
    let again: Plan = serde_json::from_str(&serde_json::to_string(&back).unwrap()).unwrap();
    assert_eq!(again, back);
}

#[test]
fn a_way_back_is_called_one_wherever_it_is_told_of() {
    let whole = planned(&three(3), &wish(&[]));
    assert!(render::finished(&whole).contains("the pool went back: every server runs glusterfs 10.3"));
    let of_one = planned(&three(3), &Request { only: BTreeSet::from([host(2)]), ..wish(&[]) });
    let said = render::finished(&of_one);
    assert!(said.contains("g2 went back to glusterfs 10.3") && said.contains("runs two releases"), "{said}");
    assert!(said.contains("servers that stay above 10.3: g1 (11.1), g3 (11.1)"), "{said}");

    let commands =
        render::Commands { status: "s".into(), resume: "r".into(), plan: "p".into(), pause: "s".into() };
    let start = whole.steps().find(|step| matches!(step.action, Action::StartGluster { .. })).unwrap().id;
    let run = run(whole, start - 1, false);
    let halted = render::halt(&run, start, GateKind::Leave, &[], 0, &commands);
    assert!(halted.contains("g1 has the old release again and was started"), "{halted}");
    assert!(!halted.contains("upgraded"), "{halted}");
    let last =
        render::LastRun { name: "it", progress: &run, held_by: None, asked_to_pause: false, torn: None };
    let status = render::status(&three(3), &[], Some(&last), None, None);
    assert!(status.contains("the last run, it, back to glusterfs 10.3, "), "{status}");
}
