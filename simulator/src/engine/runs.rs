//! The runs that have something on the engine, as the labels of their things tell.

use std::path::PathBuf;

use jiff::Timestamp;

use super::found::Found;
use super::label::{FOLDER_LABEL, Kept, Owner, OwnerState, RUN_LABEL, Run, SCENARIO_LABEL};
use super::remove::Kind;
use super::{Engine, EngineError};

/// A run that has something on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFound {
    /// Its id.
    pub id: String,
    /// The scenario, or what else the run is for.
    pub scenario: String,
    /// Whether its process lives.
    pub owner: OwnerState,
    /// Why its things may outlive its process, where they may.
    pub kept: Option<Kept>,
    /// Where its inventory and keys are, on its owner's machine.
    pub folder: Option<PathBuf>,
    /// When it began.
    pub begun: Option<Timestamp>,
    /// Its containers.
    pub hosts: Vec<HostFound>,
    /// How many networks it has.
    pub networks: usize,
    /// How many volumes it has.
    pub volumes: usize,
}

/// A container of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFound {
    /// Its host name.
    pub name: String,
    /// Its name on the engine.
    pub container: String,
    /// What it is doing, in the engine's word: `running`, `exited` …
    pub state: String,
}

/// What is to become of a run's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its process lives, and removes them at its end.
    Live,
    /// They were left on purpose.
    Kept,
    /// Nobody answers for them any more.
    LeftOver,
    /// Their process is, or was, on another machine.
    Elsewhere,
}

impl RunFound {
    /// Returns what is to become of its things.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.owner, self.kept) {
            (OwnerState::Alive, _) => Standing::Live,
            (OwnerState::Gone, Some(_)) => Standing::Kept,
            (OwnerState::Gone, None) => Standing::LeftOver,
            (OwnerState::Unknown, _) => Standing::Elsewhere,
        }
    }
}

impl Engine {
    /// Returns the runs that have something on the engine, the oldest first.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn runs(&self) -> Result<Vec<RunFound>, EngineError> {
        Ok(by_run(&self.find_all().await?))
    }
}

/// Groups things by their run.
fn by_run(things: &[Found]) -> Vec<RunFound> {
    let mut runs: Vec<RunFound> = Vec::new();
    for thing in things {
        let word = |label: &str| thing.labels.get(label).cloned();
        let id = word(RUN_LABEL).unwrap_or_default();
        let at = runs.iter().position(|run| run.id == id).unwrap_or_else(|| {
            runs.push(RunFound {
                begun: Run::begun(&id),
                id: id.clone(),
                scenario: word(SCENARIO_LABEL).unwrap_or_default(),
                owner: Owner::state_in(&thing.labels),
                kept: Kept::in_labels(&thing.labels),
                folder: word(FOLDER_LABEL).map(PathBuf::from),
                hosts: Vec::new(),
                networks: 0,
                volumes: 0,
            });
            runs.len() - 1
        });
        let run = &mut runs[at];
        match thing.kind {
            Kind::Container => run.hosts.push(HostFound {
                // A node is called after its run, so that no two are called alike on the engine.
                name: thing.name.strip_prefix(&format!("{id}-")).unwrap_or(&thing.name).to_owned(),
                container: thing.name.clone(),
                state: thing.state.clone(),
            }),
            Kind::Network => run.networks += 1,
            Kind::Volume => run.volumes += 1,
            Kind::Image => {}
        }
    }
    for run in &mut runs {
        run.hosts.sort_by(|one, other| one.name.cmp(&other.name));
    }
    runs.sort_by(|one, other| (one.begun, &one.id).cmp(&(other.begun, &other.id)));
    runs
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::*;

    fn thing(run: &Run, kind: Kind, name: &str) -> Found {
        let state = if kind == Kind::Container { "running" } else { "" };
        Found {
            kind,
            id: name.to_owned(),
            name: format!("{}{name}", run.id),
            state: state.to_owned(),
            labels: run.labels(),
        }
    }

    #[test]
    fn things_are_grouped_by_run_with_their_hosts_in_order() {
        let old = Run { id: "gu-1-2-0".to_owned(), ..Run::new("old") };
        let new = Run::new("new").kept(Kept::ByHand, Path::new("/runs/new"));
        let things = [
            thing(&new, Kind::Container, "-g2"),
            thing(&new, Kind::Container, "-g1"),
            thing(&old, Kind::Volume, "-g1"),
            thing(&new, Kind::Network, ""),
        ];
        let runs = by_run(&things);
        let [first, second] = &runs[..] else { panic!("{runs:?}") };
        assert_eq!((first.id.as_str(), first.volumes, first.hosts.len()), ("gu-1-2-0", 1, 0));
        assert_eq!(first.begun.map(Timestamp::as_second), Some(1));
        let names: Vec<&str> = second.hosts.iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["g1", "g2"]);
        assert_eq!(second.hosts[0].container, format!("{}-g1", new.id));
        assert_eq!((second.networks, second.folder.as_deref()), (1, Some(Path::new("/runs/new"))));
        assert_eq!(second.standing(), Standing::Live, "this very process is its owner");
    }

    #[rstest]
    #[case(OwnerState::Alive, None, Standing::Live)]
    #[case(OwnerState::Alive, Some(Kept::Always), Standing::Live)]
    #[case(OwnerState::Gone, None, Standing::LeftOver)]
    #[case(OwnerState::Gone, Some(Kept::ByHand), Standing::Kept)]
    #[case(OwnerState::Unknown, None, Standing::Elsewhere)]
    #[case(OwnerState::Unknown, Some(Kept::ByHand), Standing::Elsewhere)]
    fn standings(#[case] owner: OwnerState, #[case] kept: Option<Kept>, #[case] expected: Standing) {
        let mut run = by_run(&[thing(&Run::new("x"), Kind::Network, "")]).remove(0);
        (run.owner, run.kept) = (owner, kept);
        assert_eq!(run.standing(), expected);
    }
}
