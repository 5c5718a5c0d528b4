//! Claims: a small file on every server that says which run works on the pool, so that a second operator sees it.
//!
//! The lock beside the journals holds off other runs on the same machine; a claim those from elsewhere. It stays
//! while a run is halted: half a pool at another release is nobody else's to go on with by accident.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::names::Release;

/// The version of the claim's form.
const FORMAT: u32 = 1;

/// The longest word of a claim that is believed to be one, in bytes.
const WORD_MAX: usize = 1000;

/// What tells a run from all others: its name is its time to the second, its first record has the rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// Its name, which is that of its journal's folder.
    pub run: String,
    /// When its first record was written.
    pub since: Timestamp,
}

/// Who works on a run, and where. A run whose journal was copied has two of them, and one of them is a stranger to the other:
/// no lock holds both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keeper {
    /// The run.
    pub id: RunId,
    /// The operator: user and machine.
    pub by: String,
    /// The run's journal, on the operator's machine.
    pub journal: String,
}

/// Who works on a server. No secrets are in it: everybody who may log in as root there reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// The version of this form.
    format: u32,
    /// The operator: user and machine.
    pub by: String,
    /// The name of the run.
    pub run: String,
    /// Its journal, on the operator's machine.
    pub journal: String,
    /// The release it upgrades to.
    pub to: Release,
    /// When it began.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// The version of the program.
    pub version: String,
}

/// A file that is there and is no claim as this program knows them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("/var/lib/gluster-upgrade/claim.json is no claim that can be read: {0}")]
pub struct InvalidClaim(String);

impl Claim {
    /// Returns the claim of a run.
    pub fn new(keeper: Keeper, to: Release, version: String) -> Self {
        let Keeper { id: RunId { run, since }, by, journal } = keeper;
        Self { format: FORMAT, by, run, journal, to, since, version }
    }

    /// Reads the text of a claim.
    ///
    /// # Errors
    /// When it is none, or of a later program.
    pub fn read(text: &str) -> Result<Self, InvalidClaim> {
        let claim: Self = serde_json::from_str(text).map_err(|error| InvalidClaim(error.to_string()))?;
        if claim.format > FORMAT {
            return Err(InvalidClaim(format!("it has format {}, this program reads {FORMAT}", claim.format)));
        }
        let Self { format: _, by, run, journal, to: _, since: _, version } = &claim;
        let odd = |word: &&&String| word.len() > WORD_MAX || word.chars().any(char::is_control);
        match [by, run, journal, version].iter().find(odd) {
            Some(word) => {
                Err(InvalidClaim(format!("`{}`", word.escape_debug().take(80).collect::<String>())))
            }
            None => Ok(claim),
        }
    }

    /// Returns who made it, and where.
    pub fn keeper(&self) -> Keeper {
        Keeper { id: self.id(), by: self.by.clone(), journal: self.journal.clone() }
    }

    /// Returns the run that made it.
    pub fn id(&self) -> RunId {
        RunId { run: self.run.clone(), since: self.since }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format: _, by, run, journal, to, since, version: _ } = self;
        write!(f, "claimed by {by} since {since:.0} for the run {run} to {to} (journal there: {journal})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn claim() -> Claim {
        let id = RunId {
            run: "20251124T141200Z-11.1".into(),
            since: "2025-11-24T14:12:00.123456Z".parse().unwrap(),
        };
        let journal = "/srv/upgrades/runs/20251124T141200Z-11.1/journal.jsonl".into();
        let keeper = Keeper { id, by: "alice@ops1".into(), journal };
        Claim::new(keeper, "11.1".parse().unwrap(), "0.1.0".into())
    }

    #[test]
    fn a_claim_is_one_line_and_read_back() {
        let text = serde_json::to_string(&claim()).unwrap();
        assert!(!text.contains('\n'));
        assert_eq!(Claim::read(&text), Ok(claim()));
        assert_eq!(
            claim().to_string(),
            "claimed by alice@ops1 since 2025-11-24T14:12:00Z for the run 20251124T141200Z-11.1 to 11.1 (journal \
             there: /srv/upgrades/runs/20251124T141200Z-11.1/journal.jsonl)"
        );
    }

    #[rstest]
    #[case::empty("", "EOF")]
    #[case::cut("{\"format\":1,\"by\":\"al", "EOF")]
    #[case::other("{}", "missing field")]
    #[case::newer(&serde_json::to_string(&Claim { format: 2, ..claim() }).unwrap(), "format 2")]
    #[case::control(&serde_json::to_string(&Claim { by: "a\u{1b}[2J".into(), ..claim() }).unwrap(), "u{1b}")]
    #[case::long(&serde_json::to_string(&Claim { by: "a".repeat(1001), ..claim() }).unwrap(), "aaa")]
    fn what_is_no_claim_is_told(#[case] text: &str, #[case] says: &str) {
        let error = Claim::read(text).unwrap_err().to_string();
        assert!(error.contains(says) && error.len() < 300, "{error}");
    }
}
