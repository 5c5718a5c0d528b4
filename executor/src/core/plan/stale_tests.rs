//! Plans of pools with entries on the heal list that never go.

use std::sync::Arc;

use rstest::rstest;

use super::super::baseline::Before;
use super::super::check::look_all;
use super::super::finding::Ground;
use super::super::pool::{Observed, PoolState, VolumeKind};
use super::super::sample::{at_release, change_host, change_volume, inventory, list, pool, request, volume};
use super::*;
use crate::render;

const WAIVER: &str = "HEAL_STALE:vol0";

/// Three servers at 10.3 whose volume has an arbiter on g3, which lists a file that nobody can heal.
fn with_arbiter() -> PoolState {
    let mut vol0 = volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3]);
    vol0.volume.bricks[2].arbiter = true;
    let mut state = pool(3, "10.3", vec![vol0], "11.1-6");
    list(&mut state, "vol0", 3, &[("a1", "/old"), ("b2", "<gfid:b2>")]);
    state
}

fn asked(state: &PoolState, waivers: &[&str]) -> Outcome {
    plan(&inventory(3), state, &request("11.1", waivers))
}

fn refusal(state: &PoolState, waivers: &[&str]) -> Vec<String> {
    match asked(state, waivers) {
        Outcome::Refusal(refusal) => refusal.findings.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn planned(state: &PoolState) -> Plan {
    match asked(state, &[WAIVER]) {
        Outcome::Plan(plan) => *plan,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_waiver_every_entry_is_in_the_way() {
    let expected = ["HEAL_PENDING vol0: 2 entries to heal on g3:/bricks/vol0"];
    assert_eq!(refusal(&with_arbiter(), &[]), expected);
    assert_eq!(refusal(&with_arbiter(), &["HEAL_STALE:vol1"]), expected, "it names another volume");
}

#[test]
fn waived_entries_are_shown_and_kept_brick_by_brick() {
    let plan = planned(&with_arbiter());
    let known = &plan.baseline.known_entries[&"vol0".parse().unwrap()];
    assert_eq!(known.keys().map(ToString::to_string).collect::<Vec<_>>(), ["g3:/bricks/vol0"]);
    assert_eq!(known.values().flat_map(|entries| entries.keys()).collect::<Vec<_>>(), ["a1", "b2"]);
    insta::assert_snapshot!(
        "arbiter-with-stale-entries",
        render::plan(&plan, "executor run -i pool.toml --to 11.1 --waive HEAL_STALE:vol0")
    );
    // What a journal keeps of it is all there is.
    let kept: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(kept, plan);
}

/// Every gate that asks for heals passes with the known entries, and does not with another one.
#[test]
fn every_heal_gate_tells_new_entries_from_known_ones() {
    for procedure in [Procedure::Online, Procedure::Offline] {
        let mut state = with_arbiter();
        let wish = Request { procedure, ..request("11.1", &[WAIVER]) };
        let Outcome::Plan(plan) = plan(&inventory(3), &state, &wish) else { panic!("{procedure:?}") };
        let gates = plan.steps().flat_map(|step| [&step.enter, &step.reenter, &step.leave]);
        assert!(gates.filter(|gate| gate.checks.contains(&Check::NothingToHeal)).count() > 2);
        state.before = Arc::new(Before { start: Some(plan.baseline.clone()), ..Before::default() });
        assert_eq!(Check::NothingToHeal.look(&state), []);
        list(&mut state, "vol0", 1, &[("c3", "/new")]);
        assert_eq!(Check::NothingToHeal.look(&state).len(), 1);
    }
}

#[test]
fn a_server_with_the_only_good_copy_is_not_taken() {
    let mut state = with_arbiter();
    list(&mut state, "vol0", 2, &[("c3", "/precious")]);
    let alone = "HEAL_PENDING vol0: of the copies with data only the one on g2 lists /precious: \
                 if it is not stale, the good copy is there alone";
    assert_eq!(refusal(&state, &[WAIVER]), [alone]);
    // One that has no turn any more stays where it is.
    change_host(&mut state, 2, |host| at_release(host, "11.1"));
    let told = refusal_or_none(&state);
    assert!(!told.iter().any(|finding| finding.contains("only the one on g2")), "{told:?}");
    // In a downtime nobody is served from the others meanwhile.
    change_host(&mut state, 2, |host| at_release(host, "10.3"));
    let wish = Request { procedure: Procedure::Offline, ..request("11.1", &[WAIVER]) };
    assert!(matches!(plan(&inventory(3), &state, &wish), Outcome::Plan(_)));
}

fn refusal_or_none(state: &PoolState) -> Vec<String> {
    match asked(state, &[WAIVER]) {
        Outcome::Refusal(refusal) => refusal.findings.iter().map(ToString::to_string).collect(),
        Outcome::Plan(_) | Outcome::NothingToDo => Vec::new(),
    }
}

#[test]
fn before_a_server_stops_the_gate_asks_for_the_good_copy_again() {
    let plan = planned(&with_arbiter());
    for step in plan.steps().filter(|step| matches!(step.action, Action::StopGluster { .. })) {
        let host = step.action.hosts()[0].clone();
        assert!(step.enter.checks.contains(&Check::GoodCopyElsewhere { host }), "{}", step.action);
        // A server that is half out could not answer it.
        assert!(!step.reenter.checks.iter().any(|check| matches!(check, Check::GoodCopyElsewhere { .. })));
    }
}

#[test]
fn what_every_brick_lists_is_being_written_and_not_stale() {
    let mut state = with_arbiter();
    for number in 1..=3 {
        list(&mut state, "vol0", number, &[("d4", "/busy")]);
    }
    let told = refusal(&state, &[WAIVER]);
    assert!(told.iter().any(|finding| finding.contains("every brick of its set lists /busy")), "{told:?}");
    assert!(told.iter().all(|finding| finding.starts_with("HEAL_PENDING vol0: ")), "{told:?}");
}

#[test]
fn many_entries_are_a_backlog() {
    let entries: Vec<(String, String)> = (0..101).map(|n| (format!("e{n}"), format!("/f{n}"))).collect();
    let entries: Vec<(&str, &str)> =
        entries.iter().map(|(gfid, name)| (gfid.as_str(), name.as_str())).collect();
    let mut state = with_arbiter();
    list(&mut state, "vol0", 3, &entries);
    assert_eq!(
        refusal(&state, &[WAIVER]),
        [
            "HEAL_PENDING vol0: 101 entries are a backlog: no more than 100 can be waived as stale",
            "HEAL_PENDING vol0: 101 entries to heal on g3:/bricks/vol0",
        ]
    );
    list(&mut state, "vol0", 3, &entries[1..]);
    assert!(matches!(asked(&state, &[WAIVER]), Outcome::Plan(_)));
}

#[test]
fn what_one_look_did_not_show_is_not_stale() {
    let mut state = with_arbiter();
    let known = planned(&state).baseline.known_entries;
    state.before = Arc::new(Before { stale: Some(known), ..Before::default() });
    assert_eq!(planned(&state).baseline.known_entries.values().flat_map(|v| v.values().flatten()).count(), 2);
    list(&mut state, "vol0", 3, &[("b2", "/found"), ("c3", "/written")]);
    assert_eq!(
        refusal(&state, &[WAIVER]),
        ["HEAL_PENDING vol0: 1 entries to heal on g3:/bricks/vol0 besides those known as stale: /written"]
    );
}

#[test]
fn a_list_that_cannot_be_read_is_unknown() {
    let mut state = with_arbiter();
    fn unknown<T>() -> Observed<T> {
        Observed::Unknown("no answer".to_owned())
    }
    change_volume(&mut state, "vol0", |volume| {
        volume.heal_entries = unknown();
        volume.heal_pending = unknown();
    });
    let Outcome::Refusal(refusal) = asked(&state, &[WAIVER]) else { panic!() };
    assert!(refusal.findings.iter().all(|finding| finding.ground == Ground::Unknown), "{refusal:?}");
    assert_eq!(refusal.findings[0].code.as_str(), "HEAL_PENDING");
}

#[rstest]
#[case::waived(&[WAIVER], true)]
#[case::not_waived(&[], false)]
fn the_op_version_alone_is_raised_with_stale_entries_that_are_waived(
    #[case] waivers: &[&str],
    #[case] expected: bool,
) {
    let mut state = with_arbiter();
    for number in 1..=3 {
        change_host(&mut state, number, |host| at_release(host, "11.1"));
    }
    state.max_op_version = Observed::Known(Some(OpVersion(110_000)));
    let waivers: Vec<Waiver> = waivers.iter().map(|waiver| waiver.parse().unwrap()).collect();
    match finalize(&state, &waivers) {
        Outcome::Plan(plan) => {
            assert!(expected);
            state.before = Arc::new(Before { start: Some(plan.baseline.clone()), ..Before::default() });
            let enter = &plan.stages[0].steps[0].enter.checks;
            assert_eq!(look_all(enter.iter().filter(|check| **check == Check::NothingToHeal), &state), []);
        }
        Outcome::Refusal(refusal) => {
            assert!(!expected, "{refusal:?}");
            assert!(refusal.findings.iter().all(|finding| finding.code.as_str() == "HEAL_PENDING"));
        }
        Outcome::NothingToDo => panic!("the op-version is the old one"),
    }
}
