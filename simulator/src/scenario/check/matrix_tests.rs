//! Tests of matrices: the cases that they make, and what is wrong with them by its lines.

use rstest::rstest;

use super::super::{Scenario, Which};
use super::tests::{GOOD, read_all};
use crate::images::Init;

const PAIRS: &str = "[matrix]\nreleases = [[\"9.2\", \"10.3\"], [\"10.3\", \"11.1\"]]\n";

fn names(scenarios: &[Scenario]) -> Vec<&str> {
    scenarios.iter().map(|scenario| scenario.name.as_str()).collect()
}

#[test]
fn each_pair_of_releases_is_a_case() {
    // Neither the start nor the target has to stand where the matrix puts them.
    let text = GOOD.replace("release = \"10.3\"\n", "").replace("to = \"11.1\"\n", "");
    for text in [GOOD, &text] {
        let cases = read_all(&format!("{text}{PAIRS}")).unwrap();
        assert_eq!(names(&cases), ["x@9.2-10.3", "x@10.3-11.1"]);
        let first = &cases[0];
        assert_eq!(first.case.as_deref(), Some("9.2-10.3"));
        assert_eq!(first.pool.servers[2].release, "9.2");
        assert_eq!(first.clients[0].node.release, "9.2");
        assert_eq!(first.orders[0].to.to_string(), "10.3");
        assert_eq!(first.standing(Which::Pool, 1).op_version_of, "10.3");
        assert_eq!(cases[1].orders[0].to.to_string(), "11.1");
        assert_eq!(cases[1].command(), "simulator run scenarios/x.toml --case 10.3-11.1");
    }
}

#[test]
fn each_pair_is_combined_with_each_init() {
    let cases = read_all(&format!("{GOOD}{PAIRS}init = [\"bare\", \"systemd\"]\n")).unwrap();
    let expected = ["x@9.2-10.3-bare", "x@9.2-10.3-systemd", "x@10.3-11.1-bare", "x@10.3-11.1-systemd"];
    assert_eq!(names(&cases), expected);
    let inits: Vec<Init> = cases.iter().map(|scenario| scenario.init).collect();
    assert_eq!(inits, [Init::Bare, Init::Systemd, Init::Bare, Init::Systemd]);
}

#[test]
fn init_alone_leaves_the_releases_as_they_stand() {
    let cases = read_all(&format!("{GOOD}[matrix]\ninit = [\"systemd\"]\n")).unwrap();
    assert_eq!(names(&cases), ["x@systemd"]);
    assert_eq!((cases[0].init, cases[0].pool.servers[0].release.as_str()), (Init::Systemd, "10.3"));
}

#[test]
fn a_way_back_leads_to_where_the_case_began() {
    let kept = GOOD.replace("outcome", "keep_op_version = true\noutcome");
    let back = "[[orders]]\nask = \"rollback\"\noutcome = \"upgraded\"\n";
    let cases = read_all(&format!("{kept}{back}{PAIRS}")).unwrap();
    assert_eq!(cases[0].orders[1].to.to_string(), "9.2");
    assert_eq!(cases[1].orders[1].to.to_string(), "10.3");
}

#[test]
fn a_scenario_without_a_matrix_is_called_as_its_file() {
    let cases = read_all(GOOD).unwrap();
    assert_eq!((names(&cases), cases[0].case.as_deref()), (vec!["x"], None));
    assert_eq!(cases[0].command(), "simulator run scenarios/x.toml");
}

#[rstest]
#[case::of_nothing("", 20, "expected `releases` or `init`", "take it out")]
#[case::no_pair("releases = []", 21, "no case: `releases` is empty", "name one")]
#[case::no_init("init = []", 21, "no case: `init` is empty", "name one")]
#[case::half_a_pair(
    "releases = [[\"9.2\"]]",
    21,
    "expected two releases, from and to, found 1",
    "write a pair"
)]
#[case::too_much(
    "releases = [[\"9.2\", \"10.3\", \"11.1\"]]",
    21,
    "expected two releases, from and to, found 3",
    "write a pair"
)]
#[case::pair_twice(
    "releases = [\n[\"9.2\", \"10.3\"],\n[\"9.2\", \"10.3\"]]",
    23,
    "9.2 to 10.3 is there twice",
    "remove one"
)]
#[case::init_twice("init = [\"bare\", \"bare\"]", 21, "`bare` is there twice", "remove one")]
#[case::unknown_start(
    "releases = [\n[\"9.9\", \"10.3\"]]",
    22,
    "no release `9.9`: expected one of 9.2",
    "use a name"
)]
#[case::unknown_target("releases = [\n[\"9.2\",\n\"10.9\"]]", 23, "no release `10.9`", "use a name")]
#[case::unknown_init("init = [\"runit\"]", 21, "unknown variant `runit`", "use one of these words")]
#[case::unknown_key("release = [[\"9.2\", \"10.3\"]]", 21, "unknown field `release`", "correct it")]
#[case::no_list("releases = \"9.2\"", 21, "invalid type", "write it as")]
fn what_is_wrong_with_a_matrix_is_said_with_its_line(
    #[case] matrix: &str,
    #[case] line: usize,
    #[case] says: &str,
    #[case] hint: &str,
) {
    let errors = read_all(&format!("{GOOD}[matrix]\n{matrix}\n")).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_eq!(errors[0].line, Some(line), "{errors:#?}");
    assert!(errors[0].problem.contains(says) && errors[0].hint.contains(hint), "{errors:#?}");
}

#[test]
fn a_matrix_of_more_cases_than_anybody_waits_for_is_refused() {
    let matrix = |count: usize| {
        let pairs: Vec<String> = (0..count).map(|at| format!("[\"9.2\", \"10.{at}\"]")).collect();
        format!("{GOOD}[matrix]\nreleases = [{}]\ninit = [\"bare\", \"systemd\"]\n", pairs.join(", "))
    };
    let errors = read_all(&matrix(33)).unwrap_err();
    assert_eq!((errors.len(), errors[0].line), (1, Some(20)), "{errors:#?}");
    assert!(errors[0].problem.contains("66 cases, expected 64 at most"), "{errors:#?}");
    assert!(read_all(&matrix(32)).unwrap_err().len() > 1, "there are no such releases");
}

#[test]
fn releases_are_for_a_single_order_to_run() {
    let second = "[[orders]]\nto = \"11.1\"\noutcome = \"upgraded\"\n";
    let errors = read_all(&format!("{GOOD}{second}{PAIRS}")).unwrap_err();
    assert_eq!((errors.len(), errors[0].line), (1, Some(20)), "{errors:#?}");
    assert!(errors[0].problem.contains("for one order to run, found 2"), "{errors:#?}");
    // An order that only starts from there is no matter: `init` moves no target.
    assert_eq!(read_all(&format!("{GOOD}{second}[matrix]\ninit = [\"bare\"]\n")).unwrap().len(), 1);
}

#[test]
fn what_is_wrong_with_every_case_is_said_once() {
    let text = GOOD.replace("client = \"c1\"", "client = \"c2\"");
    let errors = read_all(&format!("{text}{PAIRS}")).unwrap_err();
    assert_eq!((errors.len(), errors[0].line), (1, Some(14)), "{errors:#?}");
}

#[test]
fn without_a_matrix_the_release_is_missing() {
    let errors = read_all(&GOOD.replace("release = \"10.3\"\n", "")).unwrap_err();
    assert_eq!((errors.len(), errors[0].line), (1, Some(2)), "{errors:#?}");
    assert!(errors[0].problem.contains("missing field `release`"), "{errors:#?}");
}
