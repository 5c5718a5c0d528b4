//! Tests of releases that are asked for in place of a file's.

use rstest::rstest;

use super::super::{Hop, Scenario};
use super::tests::{GOOD, read_hop};

const MATRIX: &str = "[matrix]\nreleases = [[\"10.3\", \"11.1\"]]\ninit = [\"bare\", \"systemd\"]\n";

fn hop(from: Option<&str>, to: Option<&str>) -> Hop {
    Hop { from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

fn ends(scenario: &Scenario) -> [String; 3] {
    let servers = &scenario.pool.servers;
    [servers[0].release.clone(), scenario.clients[0].node.release.clone(), scenario.orders[0].to.to_string()]
}

#[rstest]
#[case::both(Some("9.2"), Some("10.3"), ["9.2", "9.2", "10.3"], "x@9.2-10.3")]
#[case::from_alone(Some("9.2"), None, ["9.2", "9.2", "11.1"], "x@9.2-11.1")]
#[case::to_alone(None, Some("10.3"), ["10.3", "10.3", "10.3"], "x@10.3-10.3")]
fn they_take_the_place_of_the_file_s(
    #[case] from: Option<&str>,
    #[case] to: Option<&str>,
    #[case] expected: [&str; 3],
    #[case] name: &str,
) {
    let cases = read_hop(GOOD, &hop(from, to)).unwrap();
    let [scenario] = &cases[..] else { panic!("{} cases", cases.len()) };
    assert_eq!(ends(scenario), expected.map(str::to_owned));
    assert_eq!(scenario.name, name);
}

#[test]
fn a_matrix_keeps_its_inits_and_the_command_repeats_the_case() {
    let hop = hop(Some("9.2"), Some("10.3"));
    let cases = read_hop(&format!("{GOOD}{MATRIX}"), &hop).unwrap();
    let names: Vec<&str> = cases.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(names, ["x@9.2-10.3-bare", "x@9.2-10.3-systemd"]);
    let command = "simulator run scenarios/x.toml --from 9.2 --to 10.3 --case 9.2-10.3-bare";
    assert_eq!(cases[0].command(), command);
}

#[rstest]
#[case::unknown(GOOD, Some("9.9"), Some("12.0"), &["no release `12.0`, which is asked for", "no release `9.9`"])]
#[case::one_end_of_two(
    &GOOD.replace("release = \"10.3\"\n", ""),
    None,
    Some("10.3"),
    &["the file has none for the other end"]
)]
#[case::two_upgrades(
    &format!("{GOOD}[[orders]]\nto = \"11.1\"\noutcome = \"upgraded\"\n"),
    Some("9.2"),
    Some("10.3"),
    &["for one order to run, found 2"]
)]
fn what_cannot_be_asked_for(
    #[case] text: &str,
    #[case] from: Option<&str>,
    #[case] to: Option<&str>,
    #[case] problems: &[&str],
) {
    let errors = read_hop(text, &hop(from, to)).unwrap_err();
    assert_eq!(errors.len(), problems.len(), "{errors:?}");
    for (error, problem) in errors.iter().zip(problems) {
        assert!(error.problem.contains(problem), "{error}");
        assert!(error.line.is_some());
    }
}
