//! The host pre-check: can this engine, on this machine, carry a pool? Trouble of the host is never to look like trouble of
//! Gluster.
//!
//! Facts are gathered once ([`gather()`]) and judged without another look ([`examine()`]), so that each judgement is a function
//! of what was seen. What could not be seen is unknown, and never counts as fine.

mod engine;
mod facts;
mod gather;
mod machine;
mod need;
mod room;
mod text;

use serde::Serialize;

pub use self::facts::{Disk, EngineFacts, Facts, MachineFacts, Seen};
pub use self::gather::gather;
pub use self::need::Need;
pub use self::text::{age, render, row};

/// How a look came out; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It could not be seen.
    Unknown,
    /// A pool comes up, and something may go wrong or be slow.
    Warning,
    /// No pool can be carried; a run is not begun.
    Failure,
}

impl Grade {
    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Ok => "ok",
            Grade::Unknown => "unknown",
            Grade::Warning => "warning",
            Grade::Failure => "failure",
        }
    }
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// What was looked at, in a word.
    pub name: &'static str,
    /// How it came out.
    pub grade: Grade,
    /// What was found.
    pub found: String,
    /// What to do about it; nothing where it is as it should be.
    pub remedy: Option<String>,
}

impl Look {
    fn ok(name: &'static str, found: impl Into<String>) -> Look {
        Look { name, grade: Grade::Ok, found: found.into(), remedy: None }
    }

    fn bad(grade: Grade, name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Look {
        Look { name, grade, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn unknown(name: &'static str, found: impl Into<String>) -> Look {
        Look { name, grade: Grade::Unknown, found: found.into(), remedy: None }
    }
}

/// A judgement on an engine that was reached.
type Judge = fn(&EngineFacts, &MachineFacts, Need) -> Look;

/// The looks behind the first one, in the order in which they are told.
const JUDGES: [(&str, Judge); 12] = [
    ("place", engine::place),
    ("storage", engine::storage),
    ("cgroups", engine::cgroups),
    ("privileges", engine::privileges),
    ("fuse", machine::fuse),
    ("memory", machine::memory),
    ("cores", machine::cores),
    ("disk", machine::disk),
    ("inotify", machine::inotify),
    ("files", machine::files),
    ("networks", room::networks),
    ("leftovers", room::leftovers),
];

/// Judges everything, against what a pool needs.
#[must_use]
pub fn examine(facts: &Facts, need: Need) -> Vec<Look> {
    let mut looks = vec![engine::reached(facts)];
    looks.extend(JUDGES.iter().map(|(name, judge)| match &facts.engine {
        Ok(engine) => judge(engine, &facts.machine, need),
        Err(_) => Look::unknown(name, "the engine was not reached"),
    }));
    looks
}

/// Returns how the worst look came out.
#[must_use]
pub fn worst(looks: &[Look]) -> Grade {
    looks.iter().map(|look| look.grade).max().unwrap_or(Grade::Unknown)
}

#[cfg(test)]
mod tests {
    use super::facts::testing::{facts, no_engine};
    use super::*;

    #[test]
    fn a_fit_host_has_nothing_to_remedy_and_each_look_is_called_by_its_name() {
        let looks = examine(&facts(), Need::USUAL);
        assert_eq!(worst(&looks), Grade::Ok, "{looks:?}");
        assert!(looks.iter().all(|look| look.remedy.is_none()), "{looks:?}");
        let names: Vec<&str> = looks.iter().map(|look| look.name).collect();
        let listed: Vec<&str> =
            std::iter::once("engine").chain(JUDGES.iter().map(|(name, _)| *name)).collect();
        assert_eq!(names, listed);
    }

    #[test]
    fn without_an_engine_nothing_behind_it_is_fine() {
        let looks = examine(&no_engine(), Need::USUAL);
        assert_eq!(worst(&looks), Grade::Failure);
        assert!(looks.iter().skip(1).all(|look| look.grade == Grade::Unknown), "{looks:?}");
    }

    #[test]
    fn nothing_looked_at_is_not_fine() {
        assert_eq!(worst(&[]), Grade::Unknown);
    }
}
