//! The release table: which jumps the official guides allow, and what a release brings or lacks.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::names::{OpVersion, Release};

/// The table as shipped; a test reads it, so that a run never meets a broken one.
const TABLE: &str = include_str!("../../releases.toml");

/// A release line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its name: `3.9`, `11`.
    pub line: String,
    /// The op-version of its first release, which is the one its guide says to set.
    pub op_version: u32,
    /// The lines its official guide upgrades from.
    pub from: Vec<String>,
    /// Features its default build no longer has.
    #[serde(default)]
    pub without: Vec<Feature>,
    /// Exact releases never to stop at, and why.
    #[serde(default)]
    pub broken: BTreeMap<String, String>,
}

/// A feature that a line may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    /// Gluster's own NFS server. From 11 on its options exist only where it is built
    /// (`nfs.*` in glusterd-volume-set.c, commit b6d87c35a1), and default builds lack it.
    Gnfs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    lines: Vec<Line>,
}

static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| {
    // The file is part of the program and read by this module's tests; an empty table refuses everything.
    toml::from_str::<Table>(TABLE).map(|table| table.lines).unwrap_or_default()
});

/// Returns every line of the table, oldest first.
pub fn lines() -> &'static [Line] {
    &LINES
}

/// Returns the line a release belongs to, where the table has it.
pub fn line_of(release: Release) -> Option<&'static Line> {
    lines().iter().find(|line| line.line == release.line())
}

/// Returns the op-version to raise the pool to once all servers run this release.
pub fn op_version_of(release: Release) -> OpVersion {
    line_of(release).map_or(release.line_op_version(), |line| OpVersion(line.op_version))
}

/// Returns whether an upgrade from `from` to `to` crosses into a line that lacks the feature.
pub fn loses(feature: Feature, from: Release, to: Release) -> bool {
    let lacks = |release| line_of(release).is_some_and(|line: &Line| line.without.contains(&feature));
    lacks(to) && !lacks(from)
}

/// Why an upgrade from one release to another is not one the guides allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jump {
    /// The guides allow it, or it stays within a line.
    Allowed,
    /// The target is older.
    Backward,
    /// The target is in no line that the table knows.
    UnknownLine,
    /// The target's guide does not start there; these lines it does start from.
    NoGuide(Vec<String>),
    /// The target itself is never to be stopped at, and why.
    Broken(String),
}

/// Judges an upgrade from one release to another by the table.
pub fn jump(from: Release, to: Release) -> Jump {
    let Some(line) = line_of(to) else { return Jump::UnknownLine };
    if let Some(why) = line.broken.get(&to.to_string()) {
        return Jump::Broken(why.clone());
    }
    if to < from {
        Jump::Backward
    } else if line.line == from.line() || line.from.contains(&from.line()) {
        Jump::Allowed
    } else {
        Jump::NoGuide(line.from.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn release(text: &str) -> Release {
        text.parse().unwrap()
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        let table: Table = toml::from_str(TABLE).unwrap();
        assert_eq!(table.lines.len(), 16);
        for pair in table.lines.windows(2) {
            assert!(pair[0].op_version < pair[1].op_version, "{} {}", pair[0].line, pair[1].line);
        }
        for line in &table.lines {
            for from in &line.from {
                let earlier = table.lines.iter().find(|other| other.line == *from).unwrap();
                assert!(earlier.op_version < line.op_version, "{} from {from}", line.line);
            }
            for broken in line.broken.keys() {
                assert_eq!(release(broken).line(), line.line);
            }
        }
    }

    #[rstest]
    #[case("3.7.20", "3.9.1", Jump::Allowed)]
    #[case("3.8.15", "3.9.0", Jump::Allowed)]
    #[case("10.3", "11.1", Jump::Allowed)]
    #[case("11.1", "11.2", Jump::Allowed)]
    #[case("11.1", "10.3", Jump::Backward)]
    #[case("9.6", "9.2", Jump::Backward)]
    #[case("3.8.15", "11.1", Jump::NoGuide(vec!["8".into(), "9".into(), "10".into()]))]
    #[case("10.3", "12.0", Jump::UnknownLine)]
    fn jumps(#[case] from: &str, #[case] to: &str, #[case] expected: Jump) {
        assert_eq!(jump(release(from), release(to)), expected);
    }

    #[rstest]
    #[case("5.4")]
    #[case("9.1")]
    #[case("10.0")]
    #[case("10.4")]
    #[case("11.0")]
    fn broken_releases_are_never_a_target(#[case] to: &str) {
        assert!(matches!(jump(release("4.1.10"), release(to)), Jump::Broken(_)));
    }

    #[test]
    fn the_seed_says_30900_for_3_9() {
        assert_eq!(op_version_of(release("3.9.1")), OpVersion(30_900));
        assert_eq!(op_version_of(release("11.1")), OpVersion(110_000));
    }

    #[test]
    fn only_the_crossing_into_11_loses_gnfs() {
        assert!(loses(Feature::Gnfs, release("10.3"), release("11.1")));
        assert!(!loses(Feature::Gnfs, release("11.1"), release("11.2")));
        assert!(!loses(Feature::Gnfs, release("9.2"), release("10.3")));
    }
}
