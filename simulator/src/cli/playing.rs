//! Which pool, and which host of it, somebody means who plays by hand.

use super::{Exit, Failure};
use crate::engine::{HostFound, RunFound, Standing};
use crate::printable::printable;

/// Where the host is.
#[derive(Debug, clap::Args)]
pub(super) struct HostArgs {
    /// The host, by its name in the scenario, such as g1
    pub(super) host: String,
    /// The run whose pool it is of, as `simulator ps` shows it [default: the only one that has such a host; one that is
    /// kept before one that is not]
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
}

/// Returns the host that is meant, and its run.
///
/// # Errors
/// Where there is none, or more than one.
pub(super) fn host<'a>(
    runs: &'a [RunFound],
    wanted: &HostArgs,
) -> Result<(&'a RunFound, &'a HostFound), Failure> {
    let HostArgs { host: name, run } = wanted;
    let run = match run {
        Some(id) => by_id(runs, id)?,
        None => only(runs, |run| called(run, name).is_some(), &format!("a host called {name}"))?,
    };
    match called(run, name) {
        Some(host) => Ok((run, host)),
        None => {
            let names: Vec<&str> = run.hosts.iter().map(|host| host.name.as_str()).collect();
            let error = format!("{} has no host called {name}: expected one of {}", run.id, names.join(", "));
            Err(bad_input(error, "hosts are called as in the scenario"))
        }
    }
}

fn called<'a>(run: &'a RunFound, name: &str) -> Option<&'a HostFound> {
    run.hosts.iter().find(|host| host.name == name)
}

/// Returns a host that runs.
///
/// # Errors
/// As [`host`], and where it does not run.
pub(super) fn running<'a>(runs: &'a [RunFound], wanted: &HostArgs) -> Result<&'a HostFound, Failure> {
    let (_, host) = host(runs, wanted)?;
    if host.state == "running" {
        return Ok(host);
    }
    Err(Failure {
        exit: Exit::Unknown,
        error: format!("{} does not run: its container, {}, is {}", host.name, host.container, host.state)
            .into(),
        hint: Some("`docker start CONTAINER` gives it its power back; `simulator logs` reads what it left"),
    })
}

/// Returns the run whose pool is meant: one with an inventory.
///
/// # Errors
/// Where there is none, or more than one.
pub(super) fn pool<'a>(runs: &'a [RunFound], run: Option<&str>) -> Result<&'a RunFound, Failure> {
    match run {
        Some(id) => by_id(runs, id),
        None => only(runs, |run| run.folder.is_some() && !run.hosts.is_empty(), "a pool"),
    }
}

/// Returns the run of this id.
///
/// # Errors
/// Where there is none.
pub(super) fn by_id<'a>(runs: &'a [RunFound], id: &str) -> Result<&'a RunFound, Failure> {
    runs.iter().find(|run| run.id == id).ok_or_else(|| {
        bad_input(format!("no run {id} has anything on the engine; there are: {}", list(runs)), SEE_PS)
    })
}

const SEE_PS: &str = "`simulator ps` shows what is up, `simulator up FILE` brings up the pool of a scenario";

fn only<'a>(
    runs: &'a [RunFound],
    fits: impl Fn(&&'a RunFound) -> bool,
    what: &str,
) -> Result<&'a RunFound, Failure> {
    let fitting: Vec<&RunFound> = runs.iter().filter(fits).collect();
    // Whoever plays by hand means what is up for that, and not a rehearsal that goes on beside it.
    let kept: Vec<&RunFound> =
        fitting.iter().copied().filter(|run| run.standing() == Standing::Kept).collect();
    match if kept.is_empty() { &fitting[..] } else { &kept[..] } {
        [one] => Ok(one),
        [] => Err(bad_input(format!("no run has {what}; there are: {}", list(runs)), SEE_PS)),
        several => {
            let error = format!("several runs have {what}: {}", list(several.iter().copied()));
            Err(bad_input(error, "say which is meant with --run"))
        }
    }
}

fn list<'a>(runs: impl IntoIterator<Item = &'a RunFound>) -> String {
    let words: Vec<String> =
        runs.into_iter().map(|run| printable(&format!("{} ({})", run.id, run.scenario))).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn bad_input(error: String, hint: &'static str) -> Failure {
    Failure { exit: Exit::BadInput, error: error.into(), hint: Some(hint) }
}

#[cfg(test)]
pub(super) mod testing {
    //! Runs as the engine would tell of them.

    use std::path::PathBuf;

    use crate::engine::{HostFound, Kept, OwnerState, RunFound};

    /// A kept pool with these hosts, all of them running.
    pub(crate) fn kept(id: &str, hosts: &[&str]) -> RunFound {
        let host = |name: &&str| HostFound {
            name: (*name).to_owned(),
            container: format!("{id}-{name}"),
            state: "running".to_owned(),
        };
        RunFound {
            id: id.to_owned(),
            scenario: "online".to_owned(),
            owner: OwnerState::Gone,
            kept: Some(Kept::ByHand),
            folder: Some(PathBuf::from("/runs").join(id)),
            begun: None,
            hosts: hosts.iter().map(host).collect(),
            networks: 1,
            volumes: hosts.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::testing::kept;
    use super::*;
    use crate::engine::OwnerState;

    fn runs() -> Vec<RunFound> {
        let mut build = kept("gu-3", &[]);
        build.folder = None;
        vec![kept("gu-1", &["g1", "g2"]), kept("gu-2", &["g1", "s1"]), build]
    }

    #[rstest]
    #[case::the_only_one("s1", None, "gu-2-s1")]
    #[case::named("g1", Some("gu-1"), "gu-1-g1")]
    #[case::several("g1", None, "several runs have a host called g1: gu-1 (online), gu-2 (online)")]
    #[case::nowhere("g9", None, "no run has a host called g9; there are: gu-1")]
    #[case::not_there("s1", Some("gu-1"), "gu-1 has no host called s1: expected one of g1, g2")]
    #[case::no_run("g1", Some("gu-9"), "no run gu-9 has anything on the engine; there are: gu-1")]
    fn the_host_that_is_meant(#[case] name: &str, #[case] run: Option<&str>, #[case] expected: &str) {
        let wanted = HostArgs { host: name.to_owned(), run: run.map(str::to_owned) };
        let runs = runs();
        let found = host(&runs, &wanted).map(|(_, host)| host.container.clone());
        let found = found.unwrap_or_else(|failure| {
            assert_eq!(failure.exit, Exit::BadInput);
            failure.error.to_string()
        });
        assert!(found.starts_with(expected), "{found}");
    }

    #[rstest]
    #[case::several(None, "several runs have a pool: gu-1 (online), gu-2")]
    #[case::named(Some("gu-2"), "gu-2")]
    fn the_pool_that_is_meant(#[case] run: Option<&str>, #[case] expected: &str) {
        let runs = runs();
        let found = pool(&runs, run).map(|run| run.id.clone());
        let found = found.unwrap_or_else(|failure| failure.error.to_string());
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn the_only_pool_need_not_be_named_and_none_is_told() {
        let runs = runs();
        assert_eq!(pool(&runs[1..], None).unwrap().id, "gu-2");
        let none = pool(&runs[2..], None).unwrap_err().error.to_string();
        assert_eq!(none, "no run has a pool; there are: gu-3 (online)");
        assert!(pool(&[], None).unwrap_err().message().contains("there are: none"));
    }

    #[test]
    fn what_is_kept_goes_before_a_rehearsal_that_goes_on() {
        let mut runs = runs();
        runs[0].owner = OwnerState::Alive;
        let wanted = HostArgs { host: "g1".to_owned(), run: None };
        assert_eq!(host(&runs, &wanted).unwrap().0.id, "gu-2");
        assert_eq!(pool(&runs, None).unwrap().id, "gu-2");
        runs[1].owner = OwnerState::Alive;
        assert_eq!(host(&runs, &wanted).unwrap_err().exit, Exit::BadInput);
    }

    #[test]
    fn a_host_without_power_is_told_as_that() {
        let mut runs = runs();
        runs[1].hosts[1].state = "exited".to_owned();
        let wanted = HostArgs { host: "s1".to_owned(), run: None };
        let failure = running(&runs, &wanted).unwrap_err();
        assert_eq!(failure.exit, Exit::Unknown);
        assert!(failure.message().contains("s1 does not run: its container, gu-2-s1, is exited"));
    }
}
