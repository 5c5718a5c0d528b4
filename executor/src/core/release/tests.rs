//! The release table holds together, agrees with what was read elsewhere, and gives the ways the guides give.

use rstest::rstest;

use super::path::{NoPath, Point, path};
use super::*;

fn release(text: &str) -> Release {
    text.parse().unwrap()
}

fn table() -> Vec<Line> {
    toml::from_str::<Table>(TABLE).unwrap().lines
}

#[test]
fn the_table_is_whole_and_in_order() {
    let lines = table();
    assert_eq!(lines.len(), 16);
    for pair in lines.windows(2) {
        assert!(pair[0].op_version < pair[1].op_version, "{} {}", pair[0].line, pair[1].line);
    }
    for (at, line) in lines.iter().enumerate() {
        let earlier: Vec<&str> = lines[..at].iter().map(|line| line.line.as_str()).collect();
        for from in &line.from {
            assert!(at == 0 || earlier.contains(&from.as_str()), "{} from {from}", line.line);
        }
        for release in line.never.iter().flat_map(|never| &never.releases) {
            assert!(line.releases().contains_key(release), "{release} is no release of {}", line.line);
        }
        assert!(line.best().is_some(), "{} has no release to stop at", line.line);
    }
}

#[test]
fn each_release_is_listed_once_and_op_versions_only_grow_within_a_line() {
    let mut seen = BTreeSet::new();
    for line in table() {
        let mut last = OpVersion(0);
        for (op_version, releases) in &line.op_versions {
            assert!(op_version.parse::<u32>().unwrap() >= 30_700);
            for release in releases {
                assert_eq!(release.line(), line.line);
                assert!(seen.insert(*release), "{release} is listed twice");
            }
        }
        let releases = line.releases();
        for (release, op_version) in &releases {
            assert!(*op_version >= last, "{release} has a lower op-version than the one before");
            last = *op_version;
        }
        // No point release is left out between the first and the last.
        let first = releases.keys().next().unwrap();
        let patches =
            |release: &Release| release.to_string().rsplit('.').next().unwrap().parse::<usize>().unwrap();
        assert_eq!(patches(first), 0, "{}", line.line);
        assert_eq!(releases.len(), patches(releases.keys().last().unwrap()) + 1, "{}", line.line);
    }
    assert_eq!(seen.len(), 146);
}

#[test]
fn every_row_says_where_it_is_from() {
    for line in table() {
        let mut sources = vec![&line.source];
        sources.extend(line.removed.iter().map(|row| &row.source));
        sources.extend(line.reset.iter().map(|row| &row.source));
        sources.extend(line.before.iter().chain(&line.after).map(|row| &row.source));
        sources.extend(line.never.iter().map(|row| &row.source));
        for source in sources {
            assert!(source.len() > 20, "{}: `{source}` is no source", line.line);
        }
    }
}

/// Read from the guides and the defines of op-versions by somebody else, as a second reading: line, op-version
/// of its first release, highest op-version of the line, lines its guide starts from. For 3.11 that reading had
/// 31101, which is a define that no release of the line is set to: GD_OP_VERSION_MAX is 31100 in all four tags.
const SECOND_READING: &[(&str, u32, u32, &str)] = &[
    ("3.7", 30_700, 30_712, "3.4 3.5 3.6"),
    ("3.8", 30_800, 30_800, "3.7"),
    ("3.9", 30_900, 30_901, "3.7 3.8"),
    ("3.10", 31_000, 31_004, "3.7 3.8 3.9"),
    ("3.11", 31_100, 31_100, "3.8 3.10"),
    ("3.12", 31_200, 31_202, "3.8 3.10 3.11"),
    ("3.13", 31_300, 31_302, "3.10 3.12"),
    ("4.0", 40_000, 40_000, "3.10 3.12 3.13"),
    ("4.1", 40_100, 40_100, "3.10 3.12 4.0"),
    ("5", 50_000, 50_400, "3.10 3.12 4.0 4.1"),
    ("6", 60_000, 60_000, "3.12 4.1 5"),
    ("7", 70_000, 70_200, "3.12 4.1 5 6"),
    ("8", 80_000, 80_000, "5 6 7"),
    ("9", 90_000, 90_000, "6 7 8"),
    ("10", 100_000, 100_000, "7 8 9"),
    ("11", 110_000, 110_000, "8 9 10"),
];

#[test]
fn the_table_agrees_with_a_second_reading() {
    for (line, (name, first, last, from)) in table().iter().zip(SECOND_READING) {
        assert_eq!(line.line, *name);
        let op_versions = line.releases();
        assert_eq!(line.op_version, *first, "{name}");
        // 11.0 says 100000, which is why it is never to be stopped at.
        let lowest = if *name == "11" { 100_000 } else { *first };
        assert_eq!(op_versions.values().min(), Some(&OpVersion(lowest)), "{name}");
        assert_eq!(op_versions.values().max(), Some(&OpVersion(*last)), "{name}");
        assert_eq!(line.from, from.split(' ').collect::<Vec<_>>(), "{name}");
    }
}

#[rstest]
#[case("3.7.20", "3.9.1", Jump::Allowed)]
#[case("3.8.15", "3.9.0", Jump::Allowed)]
#[case("7.9", "8.6", Jump::Allowed)]
#[case("10.3", "11.1", Jump::Allowed)]
#[case("11.1", "11.2", Jump::Allowed)]
#[case("11.1", "10.3", Jump::Backward)]
#[case("9.6", "9.2", Jump::Backward)]
#[case("3.8.15", "11.1", Jump::NoGuide(vec!["8".into(), "9".into(), "10".into()]))]
#[case("10.3", "12.0", Jump::UnknownLine)]
fn jumps(#[case] from: &str, #[case] to: &str, #[case] expected: Jump) {
    assert_eq!(jump(release(from), release(to)), expected);
}

#[test]
fn exactly_these_releases_are_never_a_target() {
    let never: Vec<String> = table()
        .iter()
        .flat_map(|line| &line.never)
        .flat_map(|never| &never.releases)
        .map(|release| {
            assert!(matches!(jump(super::tests::release("4.1.10"), *release), Jump::Broken(_)));
            release.to_string()
        })
        .collect();
    assert_eq!(never.join(" "), "5.0 5.1 5.2 5.3 5.4 9.0 9.1 10.0 10.4 11.0");
}

/// What servers of that very release say of themselves: anything else would halt the run at its last step.
#[rstest]
#[case("3.7.20", 30_700)]
#[case("3.10.3", 31_000)]
#[case("3.10.12", 31_004)]
#[case("3.12.15", 31_202)]
#[case("3.13.2", 31_302)]
#[case("5.13", 50_400)]
#[case("6.10", 60_000)]
#[case("7.9", 70_200)]
#[case("10.3", 100_000)]
#[case::not_in_the_table_yet("11.9", 110_000)]
fn the_op_version_is_the_newest_that_the_release_knows(#[case] text: &str, #[case] expected: u32) {
    assert_eq!(op_version_of(release(text)), OpVersion(expected));
}

#[test]
fn the_seed_says_30900_for_3_9() {
    assert_eq!(op_version_of(release("3.9.1")), OpVersion(30_900));
    assert_eq!(max_op_version_of(release("3.9.1")), Some(OpVersion(30_901)));
    assert_eq!(op_version_of(release("11.1")), OpVersion(110_000));
    assert_eq!(max_op_version_of(release("11.9")), None);
}

#[test]
fn what_is_gone_is_lost_by_whoever_crosses_into_it() {
    assert!(loses(Feature::Gnfs, release("10.3"), release("11.1")));
    assert!(!loses(Feature::Gnfs, release("11.1"), release("11.2")));
    assert!(!loses(Feature::Gnfs, release("9.2"), release("10.3")));
    assert!(loses(Feature::Stripe, release("5.13"), release("8.6")));
    assert!(loses(Feature::Rdma, release("5.13"), release("8.6")));
    assert!(!loses(Feature::Rdma, release("8.0"), release("9.2")));
}

fn chain(from: &str, to: &str) -> Result<String, NoPath> {
    let hops = path(&from.parse::<Point>().unwrap(), &to.parse::<Point>().unwrap())?;
    Ok(hops.iter().map(|hop| hop.to.to_string()).collect::<Vec<_>>().join(" "))
}

#[rstest]
#[case("3.7", "11", "3.10.12 5.13 8.6 11.1")]
#[case("3.7.20", "3.9.1", "3.9.1")]
#[case("3.8.15", "3.9", "3.9.1")]
#[case("7", "8", "8.6")]
#[case("9.2", "10.3", "10.3")]
#[case("9.2", "11", "11.1")]
#[case("5.4", "5", "5.13")]
#[case("6", "11", "9.6 11.1")]
#[case("3.13.2", "6", "4.0.2 5.13 6.10")]
#[case("11", "11", "")]
#[case("11.1", "11", "")]
fn ways(#[case] from: &str, #[case] to: &str, #[case] stops: &str) {
    assert_eq!(chain(from, to), Ok(stops.to_owned()));
}

#[rstest]
#[case("11.1", "10.3", NoPath::Backward)]
#[case("11", "10", NoPath::Backward)]
#[case("9.6", "9.2", NoPath::Backward)]
fn no_way_leads_back(#[case] from: &str, #[case] to: &str, #[case] expected: NoPath) {
    assert_eq!(chain(from, to), Err(expected));
}

#[test]
fn a_way_never_ends_at_a_release_never_to_stop_at() {
    let Err(NoPath::Broken { instead, .. }) = chain("9.2", "11.0") else { panic!() };
    assert_eq!(instead, Some(release("11.1")));
}

#[test]
fn no_way_between_any_two_lines_stops_at_a_bad_release_or_jumps() {
    for from in lines() {
        for to in lines() {
            let Ok(hops) = path(&Point::Line(from), &Point::Line(to)) else { continue };
            let mut here = from.best().unwrap();
            for hop in hops {
                assert_eq!(
                    jump(here, hop.to),
                    Jump::Allowed,
                    "{} to {}: {here} {}",
                    from.line,
                    to.line,
                    hop.to
                );
                here = hop.to;
            }
        }
    }
}

#[rstest]
#[case("")]
#[case("12")]
#[case("3.4")]
#[case("3.6.9")]
#[case("eleven")]
fn other_texts_are_no_end_of_a_way(#[case] text: &str) {
    assert!(text.parse::<Point>().is_err());
}
