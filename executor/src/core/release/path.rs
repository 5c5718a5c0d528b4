//! The way from one release to another: the chain of upgrades that the guides allow, fewest first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::super::names::{InvalidName, Release};
use super::{Extra, Feature, Line, crossed, line_of, lines};

/// An end of a way: a release, or a line of which any release may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// Exactly this release.
    Exact(Release),
    /// This line.
    Line(&'static Line),
}

impl FromStr for Point {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let expected =
            "a release such as `3.8.15` or `11.1`, or a release line from 3.7 to 11, such as `3.8` or `11`";
        let invalid = || InvalidName { text: text.to_owned(), expected };
        if let Some(line) = lines().iter().find(|line| line.line == text) {
            return Ok(Self::Line(line));
        }
        let release: Release = text.parse().map_err(|_| invalid())?;
        line_of(release).map(|_| Self::Exact(release)).ok_or_else(invalid)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(release) => release.fmt(f),
            Self::Line(line) => f.pad(&line.line),
        }
    }
}

impl Point {
    /// Returns the releases that may be meant.
    pub fn releases(&self) -> Vec<Release> {
        match self {
            Self::Exact(release) => vec![*release],
            Self::Line(line) => line.releases().into_keys().collect(),
        }
    }

    fn line(&self) -> Option<&'static Line> {
        match self {
            Self::Exact(release) => line_of(*release),
            Self::Line(line) => Some(line),
        }
    }
}

/// One upgrade on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Where it starts: a release, or the line that was named.
    pub from: String,
    /// The release it stops at.
    pub to: Release,
    /// Why there.
    pub reason: String,
    /// The highest op-version of the stop, where the table has it.
    pub op_version: Option<u32>,
    /// What volumes can no longer use after it.
    pub removed: BTreeSet<Feature>,
    /// Options to reset before it, where they are set.
    pub reset: BTreeSet<String>,
    /// What else is done before it.
    pub before: Vec<Extra>,
    /// What else is done after it.
    pub after: Vec<Extra>,
    /// Where the way was read.
    pub source: String,
}

/// Why there is no way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPath {
    /// The target is older.
    Backward,
    /// The target is never to be stopped at: why, and what to choose instead.
    Broken {
        /// Why, with its source.
        why: String,
        /// The release to stop at instead.
        instead: Option<Release>,
    },
    /// No chain of guides leads there.
    NoChain,
}

/// Returns the upgrades that lead from one point to another, fewest first; where several ways are equally
/// short, the one over the newest releases. None: it is there already.
///
/// # Errors
/// Why there is no way.
pub fn path(from: &Point, to: &Point) -> Result<Vec<Hop>, NoPath> {
    let (Some(first), Some(last)) = (from.line(), to.line()) else { return Err(NoPath::NoChain) };
    let goal = match to {
        Point::Exact(release) => *release,
        Point::Line(line) => line.best().ok_or(NoPath::NoChain)?,
    };
    if let Some(never) = last.never(goal) {
        let why = format!("{} ({})", never.why, never.source);
        return Err(NoPath::Broken { why, instead: last.best() });
    }
    match from {
        Point::Exact(release) if *release == goal => return Ok(Vec::new()),
        Point::Exact(release) if *release > goal => return Err(NoPath::Backward),
        Point::Line(line) if to == &Point::Line(line) => return Ok(Vec::new()),
        Point::Exact(_) | Point::Line(_) => {}
    }
    if first.op_version > last.op_version {
        return Err(NoPath::Backward);
    }
    if first.line == last.line {
        let reason = format!("stays within {}", last.line);
        return Ok(vec![hop(from.to_string(), from, goal, reason)]);
    }
    let chain = chain(first, last).ok_or(NoPath::NoChain)?;
    let mut hops: Vec<Hop> = Vec::new();
    let mut here = from.clone();
    for (at, line) in chain.iter().enumerate() {
        let next = chain.get(at + 1);
        let stop = if next.is_some() { line.best().ok_or(NoPath::NoChain)? } else { goal };
        let reason = reason(line, next.copied(), stop);
        hops.push(hop(here.to_string(), &here, stop, reason));
        here = Point::Exact(stop);
    }
    Ok(hops)
}

/// Returns the lines to stop at after the first one, the last one included.
fn chain(first: &'static Line, last: &'static Line) -> Option<Vec<&'static Line>> {
    let mut distance: BTreeMap<&str, usize> = BTreeMap::from([(first.line.as_str(), 0)]);
    let mut queue = VecDeque::from([first]);
    while let Some(line) = queue.pop_front() {
        let next = distance.get(line.line.as_str())? + 1;
        for other in lines().iter().filter(|other| other.from.contains(&line.line)) {
            if !distance.contains_key(other.line.as_str()) {
                distance.insert(&other.line, next);
                queue.push_back(other);
            }
        }
    }
    let mut chain = vec![last];
    let mut line = last;
    while line.line != first.line {
        let before = distance.get(line.line.as_str())?.checked_sub(1)?;
        let reached = |other: &&Line| {
            line.from.contains(&other.line) && distance.get(other.line.as_str()) == Some(&before)
        };
        line = lines().iter().rfind(reached)?;
        chain.push(line);
    }
    chain.pop();
    chain.reverse();
    Some(chain)
}

/// Returns why a stop is made at a release of a line.
fn reason(line: &Line, next: Option<&Line>, stop: Release) -> String {
    let never: Vec<String> =
        line.never.iter().flat_map(|never| &never.releases).map(Release::to_string).collect();
    let never = if never.is_empty() { String::new() } else { format!(", never {}", never.join(", ")) };
    match next {
        None => format!("the goal; its guide starts from {}{never}", words(&line.from)),
        Some(next) => format!(
            "the guide to {} starts from {}, of which {} is the nearest; {stop} is its last release{never}",
            next.line,
            words(&next.from),
            line.line
        ),
    }
}

/// Returns words as one reads them: `8, 9 or 10`.
pub(crate) fn words(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

fn hop(named: String, from: &Point, to: Release, reason: String) -> Hop {
    // Of a line, every release crosses the same lines.
    let crossed = from.releases().first().map(|from| crossed(*from, to)).unwrap_or_default();
    let line = line_of(to);
    Hop {
        from: named,
        to,
        reason,
        op_version: super::max_op_version_of(to).map(|op_version| op_version.0),
        removed: crossed
            .iter()
            .filter_map(|line| line.removed.as_ref())
            .flat_map(|gone| gone.features.clone())
            .collect(),
        reset: crossed
            .iter()
            .filter_map(|line| line.reset.as_ref())
            .flat_map(|gone| gone.options.clone())
            .collect(),
        before: crossed.iter().flat_map(|line| line.before.clone()).collect(),
        after: crossed.iter().flat_map(|line| line.after.clone()).collect(),
        source: line.map(|line| line.source.clone()).unwrap_or_default(),
    }
}
