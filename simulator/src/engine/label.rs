//! Labels: how we know what is ours on an engine that others use too, and whether its owner still lives.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;

/// The label that every container, network and volume of a run carries.
pub const PROJECT_LABEL: &str = "gluster-upgrade.project";
/// The label that every image carries. Another one: containers inherit the labels of their image, and one that
/// somebody started from an image of ours is not ours.
pub const IMAGE_LABEL: &str = "gluster-upgrade.image";
/// The value of both.
pub const PROJECT: &str = "gluster-upgrade-simulator";
/// The label with the run's id.
pub const RUN_LABEL: &str = "gluster-upgrade.run";
/// The label of what may outlive its process, and the reason. The engine lets nobody change a label, so it is put on
/// at once; a run that is not to be kept after all removes everything at its end, as ever.
pub const KEPT_LABEL: &str = "gluster-upgrade.kept";
/// The label with the scenario's name.
pub(super) const SCENARIO_LABEL: &str = "gluster-upgrade.scenario";
/// The label with the process that owns the run.
const OWNER_LABEL: &str = "gluster-upgrade.owner";
/// The label with the folder of a run that may be kept, on its owner's machine: inventory, keys, journal.
pub(super) const FOLDER_LABEL: &str = "gluster-upgrade.folder";

/// One run: whose a container, network or volume is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The id, unique on this engine; a prefix of the names of all its containers.
    pub id: String,
    /// The scenario, or what else the run is for.
    pub scenario: String,
    /// The process that answers for it.
    pub owner: Owner,
    /// Why it may stay when that has ended; `None` for a run whose things are left over then.
    pub kept: Option<Kept>,
    /// Where its inventory and keys are, for whoever finds it kept.
    pub folder: Option<PathBuf>,
}

/// Why a run's things may outlive its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// It was brought up to be played with: `simulator up`.
    ByHand,
    /// `simulator run --keep on-failure`.
    OnFailure,
    /// `simulator run --keep always`.
    Always,
}

impl Kept {
    const ALL: [Kept; 3] = [Kept::ByHand, Kept::OnFailure, Kept::Always];

    /// Reads the reason in these labels. One that a later version wrote is a reason all the same, the most careful one.
    pub(super) fn in_labels(labels: &HashMap<String, String>) -> Option<Kept> {
        let word = labels.get(KEPT_LABEL)?;
        Some(Kept::ALL.into_iter().find(|kept| kept.as_str() == word).unwrap_or(Kept::Always))
    }

    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kept::ByHand => "by-hand",
            Kept::OnFailure => "on-failure",
            Kept::Always => "always",
        }
    }
}

impl Run {
    /// Starts a run of this very process, with a fresh id.
    #[must_use]
    pub fn new(scenario: &str) -> Run {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let owner = Owner::this_process();
        // The time keeps runs of different boots apart, the process id runs of one moment, the count runs of one process.
        let id = format!(
            "gu-{:x}-{:x}-{}",
            Timestamp::now().as_second(),
            owner.pid,
            STARTED.fetch_add(1, Ordering::Relaxed)
        );
        Run { id, scenario: scenario.to_owned(), owner, kept: None, folder: None }
    }

    /// Lets what it makes from now on outlive this process; its inventory and keys are in `folder`.
    #[must_use]
    pub fn kept(self, why: Kept, folder: &Path) -> Run {
        Run { kept: Some(why), folder: Some(folder.to_owned()), ..self }
    }

    /// Returns when a run of this id began; nothing where that is no id of ours.
    #[must_use]
    pub fn begun(id: &str) -> Option<Timestamp> {
        let mut words = id.strip_prefix("gu-")?.split('-');
        Timestamp::from_second(i64::from_str_radix(words.next()?, 16).ok()?).ok()
    }

    /// Returns the labels that everything of this run carries.
    #[must_use]
    pub fn labels(&self) -> HashMap<String, String> {
        let Run { id, scenario, owner, kept, folder } = self;
        let mut labels = HashMap::from([
            (PROJECT_LABEL.to_owned(), PROJECT.to_owned()),
            (RUN_LABEL.to_owned(), id.clone()),
            (SCENARIO_LABEL.to_owned(), scenario.clone()),
            (OWNER_LABEL.to_owned(), owner.to_string()),
        ]);
        labels.extend(kept.map(|kept| (KEPT_LABEL.to_owned(), kept.as_str().to_owned())));
        labels.extend(folder.iter().map(|folder| (FOLDER_LABEL.to_owned(), folder.display().to_string())));
        labels
    }
}

/// A process, told apart from a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The machine's name: an engine can be shared over the network.
    pub host: String,
    /// The boot it lives in; no process outlives it.
    pub boot: String,
    /// The process id.
    pub pid: u32,
    /// When it started, in the kernel's ticks since the boot.
    pub started: u64,
}

/// What is known about the owner of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerState {
    /// It runs: hands off.
    Alive,
    /// It is gone, and what it left is left over.
    Gone,
    /// It lives on another machine, or its label cannot be read: we cannot look.
    Unknown,
}

impl Owner {
    /// Returns the process that runs this code.
    #[must_use]
    pub fn this_process() -> Owner {
        let pid = std::process::id();
        Owner {
            host: read_word("/proc/sys/kernel/hostname"),
            boot: read_word("/proc/sys/kernel/random/boot_id"),
            pid,
            started: started(pid).unwrap_or(0),
        }
    }

    /// Looks whether the owner in these labels still lives.
    #[must_use]
    pub fn state_in(labels: &HashMap<String, String>) -> OwnerState {
        match labels.get(OWNER_LABEL).and_then(|text| Owner::parse(text)) {
            Some(owner) => owner.state(&Owner::this_process(), started(owner.pid)),
            None => OwnerState::Unknown,
        }
    }

    /// Judges an owner from where `here` stands; `started_now` is what the process table says of its id.
    fn state(&self, here: &Owner, started_now: Option<u64>) -> OwnerState {
        if self.host != here.host {
            OwnerState::Unknown
        } else if self.boot == here.boot && started_now == Some(self.started) {
            OwnerState::Alive
        } else {
            OwnerState::Gone
        }
    }

    fn parse(text: &str) -> Option<Owner> {
        let mut words = text.split('/');
        let owner = Owner {
            host: words.next()?.to_owned(),
            boot: words.next()?.to_owned(),
            pid: words.next()?.parse().ok()?,
            started: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(owner)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Owner { host, boot, pid, started } = self;
        write!(f, "{host}/{boot}/{pid}/{started}")
    }
}

/// Reads a one-word file of the kernel; an unreadable one gives the empty word, which equals itself.
fn read_word(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Returns when a process started, or nothing where there is no such process.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets and may hold spaces and brackets itself.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn owner(host: &str, boot: &str) -> Owner {
        Owner { host: host.to_owned(), boot: boot.to_owned(), pid: 7, started: 100 }
    }

    #[rstest]
    #[case::alive("here", "now", Some(100), OwnerState::Alive)]
    #[case::ended("here", "now", None, OwnerState::Gone)]
    #[case::id_used_again("here", "now", Some(101), OwnerState::Gone)]
    #[case::booted_since("here", "before", Some(100), OwnerState::Gone)]
    #[case::other_machine("there", "now", Some(100), OwnerState::Unknown)]
    fn owner_state(
        #[case] host: &str,
        #[case] boot: &str,
        #[case] started_now: Option<u64>,
        #[case] expected: OwnerState,
    ) {
        let state = owner(host, boot).state(&owner("here", "now"), started_now);
        assert_eq!(state, expected);
    }

    #[test]
    fn this_process_is_alive() {
        let run = Run::new("test");
        assert_eq!(Owner::state_in(&run.labels()), OwnerState::Alive);
    }

    #[test]
    fn a_run_is_kept_where_its_labels_say_so() {
        let run = Run::new("test");
        assert_eq!(Kept::in_labels(&run.labels()), None);
        for why in Kept::ALL {
            let labels = run.clone().kept(why, Path::new("/runs/one")).labels();
            assert_eq!(Kept::in_labels(&labels), Some(why));
            assert_eq!(labels.get(FOLDER_LABEL).map(String::as_str), Some("/runs/one"));
        }
        let later = HashMap::from([(KEPT_LABEL.to_owned(), "for-a-friend".to_owned())]);
        assert_eq!(Kept::in_labels(&later), Some(Kept::Always));
    }

    #[rstest]
    #[case("gu-6b0c1a65-15cc-0", Some("2026-11-29T12:28:21Z"))]
    #[case("gu-x-1-0", None)]
    #[case("somebody-elses", None)]
    fn an_id_tells_when_its_run_began(#[case] id: &str, #[case] expected: Option<&str>) {
        assert_eq!(Run::begun(id).map(|at| at.to_string()).as_deref(), expected);
    }

    #[test]
    fn a_run_begins_now() {
        let begun = Run::begun(&Run::new("test").id).unwrap();
        assert!(Timestamp::now().duration_since(begun).as_secs() < 60);
    }

    #[rstest]
    #[case::missing(None)]
    #[case::too_short(Some("a/b/1"))]
    #[case::too_long(Some("a/b/1/2/3"))]
    #[case::no_number(Some("a/b/x/2"))]
    fn unreadable_owner_is_unknown(#[case] label: Option<&str>) {
        let labels = label.map(|text| (OWNER_LABEL.to_owned(), text.to_owned())).into_iter().collect();
        assert_eq!(Owner::state_in(&labels), OwnerState::Unknown);
    }

    #[test]
    fn owner_survives_its_label() {
        let owner = owner("here", "now");
        assert_eq!(Owner::parse(&owner.to_string()), Some(owner));
    }
}
