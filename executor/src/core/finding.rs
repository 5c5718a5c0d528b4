//! Findings: why a check did not pass, with a stable code, a subject and a hint. And waivers of them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use super::code::Code;
use super::names::{HostName, VolumeName};
use super::pool::{NO_SERVER_REACHED, NOT_REACHED};

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The pool as a whole.
    Pool,
    /// A server or a client machine, by its name in the inventory.
    Host(HostName),
    /// A volume.
    Volume(VolumeName),
    /// A client of a volume, by the address its connections come from.
    Client(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool => f.pad("pool"),
            Self::Host(host) => f.pad(host.as_str()),
            Self::Volume(volume) => f.pad(volume.as_str()),
            Self::Client(address) => f.pad(address),
        }
    }
}

/// How a check failed: by what was seen, or by what could not be seen. Neither opens a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// It was seen that it is not well.
    Seen,
    /// It could not be seen whether it is well.
    Unknown,
}

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of trouble it is; stable, to be searched for and waived by.
    pub code: Code,
    /// What it is about.
    pub subject: Subject,
    /// Whether it was seen, or could not be seen.
    pub ground: Ground,
    /// What was found, as a fragment.
    pub what: String,
}

impl Finding {
    /// Returns a finding of something that was seen.
    pub fn seen(code: Code, subject: Subject, what: impl Into<String>) -> Self {
        Self { code, subject, ground: Ground::Seen, what: what.into() }
    }

    /// Returns a finding that something could not be seen.
    pub fn unknown(code: Code, subject: Subject, what: impl Into<String>) -> Self {
        Self { code, subject, ground: Ground::Unknown, what: what.into() }
    }

    /// Returns whether it is that a server was not reached.
    fn says_unreached(&self) -> bool {
        let ways = matches!(
            self.code,
            Code::HostUnreachable
                | Code::HostKeyUnknown
                | Code::HostKeyChanged
                | Code::PermissionDenied
                | Code::SudoRefused
        );
        ways && self.ground == Ground::Seen
    }

    /// Returns whether it is about this host, and could not be seen for no other reason than that it was not reached.
    pub(crate) fn is_for_want_of(&self, host: &Subject) -> bool {
        self.ground == Ground::Unknown && self.what == NOT_REACHED && self.subject == *host
    }

    /// Returns whether it could not be seen for no other reason than that no server was reached.
    pub(crate) fn is_for_want_of_servers(&self) -> bool {
        self.ground == Ground::Unknown && self.what == NO_SERVER_REACHED
    }

    /// Returns whether no waiting will mend it. What could not be seen may be seen at the next look.
    pub fn is_hopeless(&self) -> bool {
        match self.ground {
            Ground::Seen => !self.code.waiting_may_mend(),
            Ground::Unknown => false,
        }
    }

    /// Returns whether it often is there for a moment only: by its kind, or a process that was just being started
    /// or was just ending when it was looked at.
    pub fn often_passes(&self) -> bool {
        self.code.often_passes() || (self.code == Code::RunsOldCode && self.ground == Ground::Unknown)
    }
}

/// Returns findings each once, sorted, without what could not be seen for no other reason than that a server was not
/// reached, where a finding says that of it.
pub fn told_once(findings: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let findings: BTreeSet<Finding> = findings.into_iter().collect();
    let away: BTreeSet<Subject> =
        findings.iter().filter(|one| one.says_unreached()).map(|one| one.subject.clone()).collect();
    let repeats = |one: &Finding| {
        away.iter().any(|host| one.is_for_want_of(host)) || one.is_for_want_of_servers() && !away.is_empty()
    };
    findings.into_iter().filter(|one| !repeats(one)).collect()
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, subject, ground, what } = self;
        match ground {
            Ground::Seen => write!(f, "{code} {subject}: {what}"),
            Ground::Unknown => write!(f, "{code} {subject}: unknown: {what}"),
        }
    }
}

/// A text that names no finding.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidWaiver {
    /// It is not of the form `CODE:SUBJECT`.
    #[error("`{0}` is not CODE:SUBJECT, such as NFS_OPTIONS_DROPPED:vol0")]
    Form(String),
    /// There is no such code.
    #[error("there is no finding with the code `{0}`; `executor explain` lists them")]
    NoSuchCode(String),
    /// The finding is about data.
    #[error("{0} cannot be waived: it stands between the upgrade and your data ({hint})", hint = .0.hint())]
    NotWaivable(Code),
}

/// The operator's word that a finding about a subject shall not stand in the way. Recorded in the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Waiver {
    /// The finding's code.
    pub code: Code,
    /// The finding's subject, as it is displayed.
    pub subject: String,
}

impl Waiver {
    /// Returns whether this waives that finding. What could not be seen cannot be waived either:
    /// nobody knows what it is.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.code == finding.code
            && self.code.waivable()
            && finding.ground == Ground::Seen
            && self.subject == finding.subject.to_string()
    }
}

impl FromStr for Waiver {
    type Err = InvalidWaiver;
    fn from_str(text: &str) -> Result<Self, InvalidWaiver> {
        let (code, subject) = text.split_once(':').ok_or_else(|| InvalidWaiver::Form(text.to_owned()))?;
        let code: Code = code.parse().map_err(|()| InvalidWaiver::NoSuchCode(code.to_owned()))?;
        if subject.is_empty() {
            return Err(InvalidWaiver::Form(text.to_owned()));
        }
        if !code.waivable() {
            return Err(InvalidWaiver::NotWaivable(code));
        }
        Ok(Self { code, subject: subject.to_owned() })
    }
}

impl fmt::Display for Waiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, subject } = self;
        write!(f, "{code}:{subject}")
    }
}

/// How long a gate waits for what somebody has to mend, in seconds ([`Code::waits_for_a_hand`]): a server that boots is
/// there again by then, and nobody sleeps through hours in which nothing happens.
pub const HAND_PATIENCE_SECONDS: u64 = 15 * 60;

impl Code {
    /// Returns whether it often is there for a moment and gone by itself: an entry listed as to be healed while
    /// it is being written, a client that has just mounted, a pool that is busy with another command.
    pub fn often_passes(self) -> bool {
        matches!(
            self,
            Self::HealPending
                | Self::SplitBrain
                | Self::ClientMissesBrick
                | Self::PeerDisconnected
                | Self::BrickOffline
                | Self::SelfHealDaemonDown
                | Self::PackageManagerBusy
                | Self::SnapshotRunning
        )
    }

    /// Returns whether it stays until somebody mends it, unless it is just on its way back: a server that boots, a brick
    /// whose disk is being checked. Heals, clients and tasks come to their end by themselves, be it after hours.
    pub fn waits_for_a_hand(self) -> bool {
        matches!(
            self,
            Self::HostUnreachable
                | Self::PeerDisconnected
                | Self::GlusterdDown
                | Self::BrickOffline
                | Self::SelfHealDaemonDown
        )
    }

    /// Returns whether waiting may mend it. Where it cannot, a gate halts soon rather than after hours.
    pub fn waiting_may_mend(self) -> bool {
        !matches!(
            self,
            Self::StoredVolumesDiffer
                | Self::PeerRejected
                | Self::SplitBrain
                | Self::NotAtRelease
                | Self::HostKeyChanged
                | Self::HostKeyUnknown
                | Self::GeorepConfigChanged
                | Self::ConfigChanged
                | Self::OpVersionChanged
                | Self::GlusterdRestarted
                | Self::RunsOldCode
                | Self::OpVersionUnsupported
                | Self::ClientTooOld
                | Self::UnitEnablement
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("NFS_OPTIONS_DROPPED:rep", Ok("NFS_OPTIONS_DROPPED:rep"))]
    #[case("NFS_OPTIONS_DROPPED", Err("is not CODE:SUBJECT"))]
    #[case("NFS_OPTIONS_DROPPED:", Err("is not CODE:SUBJECT"))]
    #[case("NONSENSE:rep", Err("no finding with the code"))]
    #[case("SPLIT_BRAIN:rep", Err("cannot be waived"))]
    fn waivers_are_read_strictly(#[case] text: &str, #[case] expected: Result<&str, &str>) {
        match (text.parse::<Waiver>(), expected) {
            (Ok(waiver), Ok(display)) => assert_eq!(waiver.to_string(), display),
            (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[rstest]
    #[case::seen(Finding::seen, true, false)]
    #[case::may_be_seen_next_time(Finding::unknown, false, true)]
    fn a_process_that_cannot_be_read_may_be_gone_at_the_next_look(
        #[case] finding: fn(Code, Subject, &'static str) -> Finding,
        #[case] hopeless: bool,
        #[case] passes: bool,
    ) {
        let found = finding(Code::RunsOldCode, Subject::Pool, "a brick (7)");
        assert_eq!((found.is_hopeless(), found.often_passes()), (hopeless, passes));
    }

    #[test]
    fn a_server_that_was_not_reached_is_one_finding_and_hides_no_other() {
        let host = |name: &str| Subject::Host(name.parse().unwrap());
        let away = Finding::seen(Code::HostUnreachable, host("g1"), "Connection refused");
        let kept = [
            away.clone(),
            Finding::seen(Code::GlusterdDown, host("g1"), NOT_REACHED),
            Finding::unknown(Code::NotAtRelease, host("g1"), "no answer"),
            Finding::unknown(Code::NotAtRelease, host("g2"), NOT_REACHED),
            Finding::unknown(Code::BrickOffline, Subject::Pool, "no answer"),
        ];
        let repeats = [
            Finding::unknown(Code::NotAtRelease, host("g1"), NOT_REACHED),
            Finding::unknown(Code::BrickOffline, Subject::Pool, NO_SERVER_REACHED),
        ];
        let told = told_once(kept.iter().chain(&repeats).cloned());
        assert_eq!(told, BTreeSet::from(kept).into_iter().collect::<Vec<_>>());
        assert_eq!(told_once(repeats.clone()).len(), 2, "nothing else says it");
    }

    #[test]
    fn a_waiver_covers_its_own_subject_and_never_the_unknown() {
        let waiver: Waiver = "CLIENT_GONE:192.0.2.9".parse().unwrap();
        let gone = |ip: &str| Finding::seen(Code::ClientGone, Subject::Client(ip.into()), "gone");
        assert!(waiver.covers(&gone("192.0.2.9")));
        assert!(!waiver.covers(&gone("192.0.2.8")));
        let unknown = Finding::unknown(Code::ClientGone, Subject::Client("192.0.2.9".into()), "no answer");
        assert!(!waiver.covers(&unknown));
    }
}
