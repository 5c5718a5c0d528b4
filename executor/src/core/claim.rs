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

/// Where a run is worked on. A run whose journal was copied has two of them, and one of them is a stranger to the other: no
/// lock holds both. Two users of one machine who work on one journal are held off by its lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keeper {
    /// The run.
    pub id: RunId,
    /// The operator's machine.
    pub machine: String,
    /// The run's journal there.
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
    /// Which process has it. A machine that is a clone of another, with its journals, makes claims that differ by nothing
    /// else.
    #[serde(default)]
    pub process: String,
}

/// A file that is there and is no claim as this program knows them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("/var/lib/gluster-upgrade/claim.json is no claim that can be read: {0}")]
pub struct InvalidClaim(String);

impl Claim {
    /// Returns the claim of a run by a user.
    pub fn new(keeper: Keeper, user: &str, to: Release, version: String) -> Self {
        let Keeper { id: RunId { run, since }, machine, journal } = keeper;
        let by = format!("{user}@{machine}");
        Self { format: FORMAT, by, run, journal, to, since, version, process: String::new() }
    }

    /// Returns the claim as that of a process.
    #[must_use]
    pub fn of_process(self, process: String) -> Self {
        Self { process, ..self }
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
        let Self { format: _, by, run, journal, to: _, since: _, version, process } = &claim;
        let odd = |word: &&&String| word.len() > WORD_MAX || word.chars().any(char::is_control);
        match [by, run, journal, version, process].iter().find(odd) {
            Some(word) => {
                Err(InvalidClaim(format!("`{}`", word.escape_debug().take(80).collect::<String>())))
            }
            None => Ok(claim),
        }
    }

    /// Returns where its run is worked on.
    pub fn keeper(&self) -> Keeper {
        let machine = self.by.rsplit_once('@').map_or(self.by.as_str(), |(_, machine)| machine);
        Keeper { id: self.id(), machine: machine.to_owned(), journal: self.journal.clone() }
    }

    /// Returns whether it is of the same run, at the same place, by the same process.
    pub fn is_of_the_same_process(&self, other: &Self) -> bool {
        self.keeper() == other.keeper() && self.process == other.process
    }

    /// Returns the run that made it.
    pub fn id(&self) -> RunId {
        RunId { run: self.run.clone(), since: self.since }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format: _, by, run, journal, to, since, version: _, process: _ } = self;
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
        let keeper = Keeper { id, machine: "ops1".into(), journal };
        Claim::new(keeper, "alice", "11.1".parse().unwrap(), "0.1.0".into())
    }

    #[test]
    fn users_of_one_machine_share_a_journal_and_processes_do_not() {
        let (alice, bob) = (claim(), Claim { by: "bob@ops1".into(), ..claim() });
        assert!(alice.keeper() == bob.keeper() && alice.is_of_the_same_process(&bob));
        let other = bob.clone().of_process("7".into());
        assert!(alice.keeper() == other.keeper() && !alice.is_of_the_same_process(&other));
        for stranger in
            [Claim { by: "alice@ops2".into(), ..claim() }, Claim { journal: "/copy".into(), ..claim() }]
        {
            assert_ne!(alice.keeper(), stranger.keeper());
        }
        // One that was written before processes were told.
        let text = serde_json::to_string(&alice).unwrap().replace(",\"process\":\"\"", "");
        assert!(!text.contains("process"), "{text}");
        assert_eq!(Claim::read(&text), Ok(alice));
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
