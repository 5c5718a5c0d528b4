//! Tests of faults as they are written, by their lines.

use std::collections::BTreeMap;

use rstest::rstest;

use super::super::{Cue, Deed, Outcome, Step, Which};
use super::tests::{GOOD, read};
use crate::oracle::Out;

fn step() -> Step {
    Step { action: "install".to_owned(), host: "g1".to_owned() }
}

/// Returns the good scenario with this fault.
fn with(fault: &str) -> String {
    format!("{GOOD}[[orders.faults]]\n{fault}\n")
}

#[test]
fn cues_and_deeds_are_read() {
    let text = with(
        "after = { step = \"install\", host = \"g1\" }\ndeed = { power_off = { host = \"g1\" } }\n\
         [[orders.faults]]\nduring = { step = \"install\", host = \"g1\", runs = \"dpkg\" }\n\
         deed = { partition = { host = \"g1\", from = [\"c1\"] } }\n\
         [[orders.faults]]\nwaiting = { step = \"install\", host = \"g1\", finding = \"BRICK_OFFLINE\" }\n\
         deed = \"second_executor\"\n\
         [[orders.faults]]\nwaiting = { finding = \"HEAL_PENDING\" }\n\
         deed = { continue_processes = { host = \"g1\", program = \"glusterfs\", with = \"glustershd\" } }",
    );
    let faults = read(&text).unwrap().orders[0].faults.clone();
    let finding = "BRICK_OFFLINE".parse().unwrap();
    assert_eq!(faults[0].cue, Cue::After(step()));
    assert_eq!(faults[1].cue, Cue::During { step: step(), runs: Some("dpkg".to_owned()) });
    assert_eq!(faults[2].cue, Cue::Waiting { step: Some(step()), finding });
    assert_eq!(faults[2].cue.words(), "while install on g1 waits for BRICK_OFFLINE");
    assert_eq!(faults[0].deed, Deed::PowerOff { host: "g1".to_owned() });
    assert_eq!(faults[1].deed.hosts(), ["g1", "c1"]);
    assert_eq!(faults[2].deed, Deed::SecondExecutor);
    let finding = "HEAL_PENDING".parse().unwrap();
    assert_eq!(faults[3].cue, Cue::Waiting { step: None, finding });
    assert!(faults[3].deed.mends());
}

#[test]
fn a_halt_and_a_failure_leave_servers_out() {
    let text = GOOD.replace(
        "outcome = \"upgraded\"",
        "outcome = \"failed\"\nsays = \"No space\"\nout = [\"g1\"]\ndown = [\"g2\"]\nupgraded = [\"g3\"]",
    );
    let scenario = read(&text).unwrap();
    let order = &scenario.orders[0];
    assert_eq!((order.outcome, order.outcome.exit_code()), (Outcome::Failed, 12));
    assert_eq!(order.says.as_deref(), Some("No space"));
    let out = [("g1", Out::NotServing), ("g2", Out::Down)].map(|(host, how)| (host.to_owned(), how));
    assert_eq!(order.out, BTreeMap::from(out));
    assert_eq!(scenario.standing(Which::Pool, 1).op_version_of, "10.3");
}

#[test]
fn tags_are_read() {
    let scenario = read(&format!("tags = [\"faults\"]\n{GOOD}")).unwrap();
    assert!(scenario.tags.contains("faults"));
    assert!(read(GOOD).unwrap().tags.is_empty());
}

#[rstest]
#[case::unknown_host_in_a_cue(
    "after = { step = \"install\", host = \"g9\" }\ndeed = \"second_executor\"",
    21,
    "no host `g9`: expected one of g1, g2, g3, c1"
)]
#[case::unknown_host_in_a_deed(
    "after = { step = \"install\", host = \"g1\" }\ndeed = { cut_ssh = { host = \"g9\" } }",
    22,
    "no host `g9`"
)]
#[case::unknown_other_host(
    "after = { step = \"install\", host = \"g1\" }\ndeed = { partition = { host = \"g1\", from = [\"g9\"] } }",
    22,
    "no host `g9`"
)]
#[case::unknown_volume(
    "after = { step = \"install\", host = \"g1\" }\ndeed = { take_bricks = { host = \"g1\", volume = \"vol1\" } }",
    22,
    "no volume `vol1`"
)]
#[case::unknown_deed(
    "after = { step = \"install\", host = \"g1\" }\ndeed = { explode = { host = \"g1\" } }",
    22,
    "unknown variant `explode`"
)]
#[case::unknown_key(
    "after = { step = \"install\", host = \"g1\", runs = \"dpkg\" }\ndeed = \"second_executor\"",
    21,
    "unknown field `runs`"
)]
#[case::no_cue("deed = \"second_executor\"", 20, "a fault has one cue")]
#[case::two_cues(
    "after = { step = \"install\", host = \"g1\" }\nduring = { step = \"install\", host = \"g1\" }\n\
     deed = \"second_executor\"",
    20,
    "a fault has one cue"
)]
#[case::half_a_step(
    "waiting = { step = \"install\", finding = \"HEAL_PENDING\" }\ndeed = \"second_executor\"",
    20,
    "a gate is of a step and its host"
)]
#[case::no_such_finding(
    "waiting = { step = \"install\", host = \"g1\", finding = \"NOPE\" }\ndeed = \"second_executor\"",
    21,
    "there is no finding `NOPE`"
)]
fn what_is_wrong_with_a_fault_is_said_with_its_line(
    #[case] fault: &str,
    #[case] line: usize,
    #[case] says: &str,
) {
    let error = read(&with(fault)).unwrap_err();
    assert_eq!(error.line, Some(line), "{error}");
    assert!(error.problem.contains(says), "{error}");
}

#[rstest]
#[case::says_without_a_failure("outcome = \"upgraded\"\nsays = \"x\"", 20, "for a step that fails")]
#[case::failure_without_words("outcome = \"failed\"", 19, "a step that fails has an error")]
#[case::failure_with_findings(
    "outcome = \"failed\"\nsays = \"x\"\nfindings = [\"BRICK_OFFLINE:v\"]",
    19,
    "has no `findings`"
)]
#[case::down_and_upgraded("outcome = \"upgraded\"\ndown = [\"g1\"]", 20, "only a halt and a failure")]
#[case::out_that_is_no_server(
    "outcome = \"halted\"\nfindings = [\"BRICK_OFFLINE:v\"]\nout = [\"c1\"]",
    21,
    "no server `c1`"
)]
fn what_is_wrong_with_an_outcome_is_said_with_its_line(
    #[case] outcome: &str,
    #[case] line: usize,
    #[case] says: &str,
) {
    let error = read(&GOOD.replace("outcome = \"upgraded\"", outcome)).unwrap_err();
    assert_eq!(error.line, Some(line), "{error}");
    assert!(error.problem.contains(says), "{error}");
}

#[test]
fn a_run_that_is_taken_up_again_has_no_faults() {
    let fault =
        "[[orders.faults]]\nduring = { step = \"install\", host = \"g1\" }\ndeed = \"second_executor\"\n";
    let text = format!("{GOOD}[[orders]]\nask = \"resume\"\noutcome = \"upgraded\"\n{fault}");
    let error = read(&text).unwrap_err();
    assert_eq!(error.line, Some(23), "{error}");
    assert!(error.problem.contains("tells no plan"), "{error}");
}
