//! What waits to be healed, next to what is known as stale.

use std::collections::BTreeMap;
use std::sync::Arc;

use rstest::rstest;

use super::super::baseline::{Before, KnownEntries};
use super::super::finding::{Finding, Ground};
use super::super::pool::{HealEntries, Observed, PoolState, VolumeKind};
use super::super::sample::{before, change_volume, host, list, pool, replica_3, volume};
use super::*;

/// Lets a pool know the entries that its bricks list by now as stale.
fn know(state: &mut PoolState) {
    let mut known = KnownEntries::new();
    for (name, volume) in state.volumes.known().unwrap() {
        let lists = volume.heal_entries.known().unwrap().iter();
        let lists = lists.map(|(brick, listed)| (brick.clone(), listed.known().unwrap().clone()));
        known.insert(name.clone(), lists.collect());
    }
    let mut before = before(state);
    before.start.as_mut().unwrap().known_entries = known;
    state.before = Arc::new(before);
}

fn words(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn what_was_known_at_the_start_is_not_waited_for_and_what_is_new_is() {
    let mut state = replica_3();
    list(&mut state, "vol0", 3, &[("a1", "/old")]);
    assert_eq!(
        words(&Check::NothingToHeal.look(&state)),
        ["HEAL_PENDING vol0: 1 entries to heal on g3:/bricks/vol0"],
        "nobody waived it"
    );
    know(&mut state);
    assert_eq!(Check::NothingToHeal.look(&state), []);

    // The brick was started again and does not know the path by now: it is the same entry.
    list(&mut state, "vol0", 3, &[("a1", "<gfid:a1>")]);
    assert_eq!(Check::NothingToHeal.look(&state), []);

    let many: Vec<(String, String)> = (1..=7).map(|n| (format!("b{n}"), format!("/new{n}"))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(gfid, name)| (gfid.as_str(), name.as_str())).collect();
    list(&mut state, "vol0", 3, &[&[("a1", "/old")], &many[..]].concat());
    assert_eq!(
        words(&Check::NothingToHeal.look(&state)),
        ["HEAL_PENDING vol0: 7 entries to heal on g3:/bricks/vol0 besides those known as stale: \
          /new1, /new2, /new3, /new4, /new5, and 2 more"]
    );
}

#[test]
fn a_known_entry_that_another_brick_lists_by_now_is_a_new_one() {
    let mut state = replica_3();
    list(&mut state, "vol0", 3, &[("a1", "/old")]);
    know(&mut state);
    // g2 missed a write to this very file: both others list it.
    list(&mut state, "vol0", 1, &[("a1", "/old")]);
    assert_eq!(
        words(&Check::NothingToHeal.look(&state)),
        ["HEAL_PENDING vol0: 1 entries to heal on g1:/bricks/vol0 besides those known as stale: /old"]
    );
}

#[test]
fn a_known_entry_in_split_brain_is_one() {
    let mut state = replica_3();
    list(&mut state, "vol0", 3, &[("a1", "/old")]);
    know(&mut state);
    change_volume(&mut state, "vol0", |volume| {
        volume.split_brain = volume.split_brain.clone().map(|mut counts| {
            counts.insert("g3:/bricks/vol0".parse().unwrap(), Observed::Known(1));
            counts
        });
    });
    assert_eq!(Check::NothingToHeal.look(&state), []);
    let found = Check::NoSplitBrain { without: None }.look(&state);
    assert_eq!(words(&found), ["SPLIT_BRAIN vol0: 1 entries in split-brain on g3:/bricks/vol0"]);
}

#[rstest]
#[case::no_list(Observed::Unknown("no answer".into()))]
#[case::no_brick(Observed::Known(BTreeMap::new()))]
#[case::no_list_of_a_brick(Observed::Known(
    [1, 2, 3]
        .map(|n| {
            let listed = if n == 2 { Observed::Unknown("down".into()) } else { Observed::Known(HealEntries::new()) };
            (format!("g{n}:/bricks/vol0").parse().unwrap(), listed)
        })
        .into()
))]
fn what_cannot_be_told_apart_is_unknown(
    #[case] lists: Observed<BTreeMap<super::super::names::Brick, Observed<HealEntries>>>,
) {
    let mut state = replica_3();
    list(&mut state, "vol0", 3, &[("a1", "/old")]);
    know(&mut state);
    change_volume(&mut state, "vol0", |volume| volume.heal_entries = lists);
    for check in [Check::NothingToHeal, Check::GoodCopyElsewhere { host: host(3) }] {
        let found = check.look(&state);
        assert!(!found.is_empty() && found.iter().all(|one| one.ground == Ground::Unknown), "{found:?}");
    }
}

#[test]
fn a_server_that_alone_lists_an_entry_may_have_its_only_good_copy() {
    let mut state = replica_3();
    list(&mut state, "vol0", 2, &[("a1", "/old")]);
    list(&mut state, "vol0", 3, &[("a1", "/old"), ("b2", "/alone")]);
    know(&mut state);
    let look =
        |state: &PoolState, number| words(&Check::GoodCopyElsewhere { host: host(number) }.look(state));
    assert_eq!(look(&state, 1), [""; 0]);
    assert_eq!(look(&state, 2), [""; 0], "g3 has a good copy of it too");
    let alone = "HEAL_PENDING vol0: of the copies with data only the one on g3 lists /alone: \
                 if it is not stale, the good copy is there alone";
    assert_eq!(look(&state, 3), [alone]);
    // g2's copy was healed by that of g3, or the other way round.
    list(&mut state, "vol0", 2, &[]);
    assert!(look(&state, 3)[0].contains("lists /alone, /old: "), "{:?}", look(&state, 3));
    list(&mut state, "vol0", 3, &[]);
    assert_eq!(look(&state, 3), [""; 0]);
}

#[test]
fn an_arbiter_has_no_copy_to_lose() {
    let mut state =
        pool(3, "10.3", vec![volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3])], "11.1-6");
    list(&mut state, "vol0", 3, &[("a1", "/old")]);
    know(&mut state);
    assert_ne!(Check::GoodCopyElsewhere { host: host(3) }.look(&state), []);
    change_volume(&mut state, "vol0", |volume| volume.volume.bricks[2].arbiter = true);
    assert_eq!(Check::GoodCopyElsewhere { host: host(3) }.look(&state), []);
}

#[test]
fn without_a_start_nothing_is_known() {
    let mut state = replica_3();
    list(&mut state, "vol0", 3, &[("a1", "/old")]);
    state.before = Arc::new(Before::default());
    assert_ne!(Check::NothingToHeal.look(&state), []);
    assert_eq!(Check::GoodCopyElsewhere { host: host(3) }.look(&state), []);
}
