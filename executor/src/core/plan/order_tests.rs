//! In which order servers have their turns.

use rstest::rstest;

use super::super::sample::{host, inventory, replica_3, request};
use super::super::way::Way;
use super::tests::{NEXT, drop_nfs, take_out};
use super::*;
use crate::render;

/// The order of turns, and what the table says of those that come last.
#[rstest]
#[case::nobody_in_between(&[], None, None, &["g1", "g2", "g3"])]
#[case::a_jump_host(&["g2"], None, None, &["g1", "g3", "g2"])]
#[case::several_keep_their_order(&["g2", "g1"], None, None, &["g3", "g1", "g2"])]
#[case::the_program_itself_after_it(&["g2"], Some(1), None, &["g3", "g2", "g1"])]
#[case::what_is_out_comes_first(&["g2"], None, Some(2), &["g2", "g1", "g3"])]
fn whom_the_program_speaks_through_comes_last(
    #[case] jumps: &[&str],
    #[case] here: Option<usize>,
    #[case] out: Option<usize>,
    #[case] order: &[&str],
) {
    let mut state = replica_3();
    // What must be prepared is another matter.
    (1..=3).for_each(|number| drop_nfs(&mut state, number));
    out.into_iter().for_each(|number| take_out(&mut state, number));
    let mut inventory = inventory(3);
    for declared in inventory.servers.values_mut() {
        declared.ssh.jump = (!jumps.is_empty()).then(|| jumps.join(","));
    }
    if let Some(number) = here {
        inventory.servers.get_mut(&host(number)).unwrap().way = Way::Local;
    }
    let Outcome::Plan(plan) = plan(&inventory, &state, &request("11.1", &[])) else { panic!() };
    let turns: Vec<&str> = plan
        .stages
        .iter()
        .filter_map(|stage| if let StageKind::Turn(host) = &stage.kind { Some(host.as_str()) } else { None })
        .collect();
    assert_eq!(turns, order);
    let shown = render::plan(&plan, NEXT);
    let noted = |words: &str| shown.lines().filter(|line| line.contains(words)).count();
    let waiting = jumps.iter().filter(|jump| here.is_none_or(|at| **jump != format!("g{at}"))).count();
    assert_eq!(
        noted("others are reached through it: its turn comes last"),
        waiting - out.map_or(0, |_| 1),
        "{shown}"
    );
    assert_eq!(noted("this program runs here: its turn comes last"), usize::from(here.is_some()), "{shown}");
}
