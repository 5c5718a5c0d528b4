//! The release table: which upgrades the official guides allow, and what each release line brings or takes away.

pub mod path;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::names::{OpVersion, Release};

/// The table as shipped; a test reads it, so that a run never meets a broken one.
const TABLE: &str = include_str!("../../../releases.toml");

/// A release line of the table: what shares its first number, or its first two up to 4.1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its name: `3.9`, `11`.
    pub line: String,
    /// The op-version that its guide says to set.
    pub op_version: u32,
    /// The lines its official guide upgrades from.
    pub from: Vec<String>,
    /// Where `from` and the op-versions were read.
    pub source: String,
    /// Every point release, under the highest op-version it can be set to, as a text.
    op_versions: BTreeMap<String, Vec<Release>>,
    /// Features that volumes can no longer use from this line on.
    #[serde(default)]
    pub removed: Option<Removed>,
    /// Options that are gone from this line on.
    #[serde(default)]
    pub reset: Option<Reset>,
    /// What else is done before an upgrade into this line.
    #[serde(default)]
    pub before: Vec<Extra>,
    /// What else is done after it.
    #[serde(default)]
    pub after: Vec<Extra>,
    /// Exact releases never to stop at.
    #[serde(default)]
    pub never: Vec<Never>,
}

/// Features that a line no longer has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// The features.
    pub features: Vec<Feature>,
    /// Where that is known from.
    pub source: String,
}

/// Options that a line no longer knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Their names.
    pub options: BTreeSet<String>,
    /// Where that is known from.
    pub source: String,
}

/// Something to do besides the procedure itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// What, as a sentence.
    pub what: String,
    /// Where that is known from.
    pub source: String,
}

/// Releases never to stop at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// The exact releases.
    pub releases: Vec<Release>,
    /// Why, as a fragment fit to follow the release.
    pub why: String,
    /// Where that is known from.
    pub source: String,
}

/// A feature that a line may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// Gluster's own NFS server. From 11 on its options exist only where it is built
    /// (`nfs.*` in glusterd-volume-set.c, commit b6d87c35a1), and default builds lack it.
    Gnfs,
    /// Files cut into stripes over bricks.
    Stripe,
    /// A fast tier in front of a slow one.
    Tier,
    /// Block devices as bricks.
    Bd,
    /// Translators in Python.
    Glupy,
    /// Encryption in the client.
    Crypt,
    /// The cache of symbolic links.
    SymlinkCache,
    /// The server's part of compound operations.
    Decompounder,
    /// The RDMA transport.
    Rdma,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Gnfs => "gNFS",
            Self::Stripe => "stripe",
            Self::Tier => "tier",
            Self::Bd => "bd (block devices)",
            Self::Glupy => "glupy",
            Self::Crypt => "crypt",
            Self::SymlinkCache => "symlink-cache",
            Self::Decompounder => "decompounder",
            Self::Rdma => "RDMA",
        })
    }
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

impl Line {
    /// Returns every point release with the highest op-version it can be set to, oldest first.
    pub fn releases(&self) -> BTreeMap<Release, OpVersion> {
        let each = |(op_version, releases): (&String, &Vec<Release>)| {
            // What is no number fails the table's test.
            let op_version = OpVersion(op_version.parse().unwrap_or_default());
            releases.iter().map(move |release| (*release, op_version)).collect::<Vec<_>>()
        };
        self.op_versions.iter().flat_map(each).collect()
    }

    /// Returns why one of its releases is never to be stopped at, where it is not.
    pub fn never(&self, release: Release) -> Option<&Never> {
        self.never.iter().find(|never| never.releases.contains(&release))
    }

    /// Returns the release of this line to stop at: the last one that may be stopped at.
    pub fn best(&self) -> Option<Release> {
        self.releases().into_keys().rfind(|release| self.never(*release).is_none())
    }
}

/// Returns whether a release tells the op-versions of clients, and the newest that servers know: from 3.10 on.
pub fn tells_op_versions(release: Release) -> bool {
    release.line_op_version() >= OpVersion(31_000)
}

/// Returns the op-version to raise the pool to once all servers run this release: the newest that it knows, as its
/// servers are going to report it. Before 3.10 they report none, and it is the one that the line's guide names.
pub fn op_version_of(release: Release) -> OpVersion {
    let Some(line) = line_of(release) else { return release.line_op_version() };
    let releases = line.releases();
    // One that the table does not have yet knows at least what the one before it did.
    let newest = releases.range(..=release).next_back().map(|(_, op_version)| *op_version);
    newest.filter(|_| tells_op_versions(release)).unwrap_or(OpVersion(line.op_version))
}

/// Returns the highest op-version this exact release can be set to, where the table knows the release.
pub fn max_op_version_of(release: Release) -> Option<OpVersion> {
    line_of(release)?.releases().get(&release).copied()
}

/// Returns the lines an upgrade crosses, the one of its target included: what they say, it meets.
pub fn crossed(from: Release, to: Release) -> Vec<&'static Line> {
    let place = |release: Release| lines().iter().position(|line| line.line == release.line());
    match (place(from), place(to)) {
        (Some(from), Some(to)) if from < to => lines()[from + 1..=to].iter().collect(),
        // Older than the table: everything up to the target is crossed.
        (None, Some(to)) if from < lines()[0].best().unwrap_or(from) => lines()[..=to].iter().collect(),
        (_, _) => Vec::new(),
    }
}

/// Returns whether an upgrade from `from` to `to` crosses into a line that lacks the feature.
pub fn loses(feature: Feature, from: Release, to: Release) -> bool {
    let lacks = |line: &&Line| line.removed.as_ref().is_some_and(|gone| gone.features.contains(&feature));
    crossed(from, to).iter().any(lacks)
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
    if let Some(never) = line.never(to) {
        let instead = line.best().map_or(String::new(), |best| format!("; {best} is the one to stop at"));
        return Jump::Broken(format!("{} ({}){instead}", never.why, never.source));
    }
    if to < from {
        Jump::Backward
    } else if line.line == from.line() || line.from.contains(&from.line()) {
        Jump::Allowed
    } else {
        Jump::NoGuide(line.from.clone())
    }
}
