//! `simulator down`: removes what was brought up by hand, or kept.

use super::{Exit, Failure, clean, playing};
use crate::engine::{Engine, RunFound, Scope, Standing};

/// Remove pools that were brought up by hand or kept; what of them is on disk stays
///
/// Names each thing that is gone on stdout, as `simulator clean` does. A run whose process lives removes its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The runs, as `simulator ps` shows them
    #[arg(value_name = "RUN", required_unless_present = "all", conflicts_with = "all")]
    runs: Vec<String>,
    /// All pools that were brought up by hand on this machine, or kept
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { runs: wanted, all } = args;
    let engine = Engine::connect().await?;
    let runs = engine.runs().await?;
    let chosen = if all { kept(&runs) } else { named(&runs, &wanted)? };
    let mut removed = Vec::new();
    for run in chosen {
        removed.extend(engine.remove(Scope::Run(&run.id)).await?);
    }
    clean::report(&removed)
}

fn kept(runs: &[RunFound]) -> Vec<&RunFound> {
    runs.iter().filter(|run| run.standing() == Standing::Kept).collect()
}

/// Returns the runs of these names: all of them, or none.
fn named<'a>(runs: &'a [RunFound], wanted: &[String]) -> Result<Vec<&'a RunFound>, Failure> {
    let found: Vec<&RunFound> =
        wanted.iter().map(|id| playing::by_id(runs, id)).collect::<Result<_, Failure>>()?;
    match found.iter().find(|run| run.standing() == Standing::Live) {
        Some(live) => Err(Failure {
            exit: Exit::BadInput,
            error: format!("{} is going on: its process lives", live.id).into(),
            hint: Some(
                "it removes everything itself at its end, also where it is interrupted (Ctrl-C, SIGTERM)",
            ),
        }),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::playing::testing::kept as pool;
    use super::*;
    use crate::engine::OwnerState;

    fn ids(runs: &[&RunFound]) -> Vec<String> {
        runs.iter().map(|run| run.id.clone()).collect()
    }

    fn runs() -> Vec<RunFound> {
        let live = RunFound { owner: OwnerState::Alive, ..pool("gu-2", &["g1"]) };
        let left = RunFound { kept: None, ..pool("gu-3", &["g1"]) };
        let elsewhere = RunFound { owner: OwnerState::Unknown, ..pool("gu-4", &["g1"]) };
        vec![pool("gu-1", &["g1"]), live, left, elsewhere, pool("gu-5", &["g1"])]
    }

    #[test]
    fn all_are_those_that_were_kept_here() {
        assert_eq!(ids(&kept(&runs())), ["gu-1", "gu-5"]);
    }

    #[test]
    fn whatever_is_named_goes_unless_its_process_lives() {
        let runs = runs();
        let named = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|id| (*id).to_owned()).collect();
            named(&runs, &wanted).map(|found| ids(&found)).map_err(|failure| failure.error.to_string())
        };
        assert_eq!(named(&["gu-3", "gu-4", "gu-1"]).unwrap(), ["gu-3", "gu-4", "gu-1"]);
        assert_eq!(named(&["gu-1", "gu-2"]).unwrap_err(), "gu-2 is going on: its process lives");
        assert!(named(&["gu-1", "gu-9"]).unwrap_err().starts_with("no run gu-9"));
    }
}
