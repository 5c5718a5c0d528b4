//! `simulator doctor`: looks whether this host can carry a pool. The same looks stand before each run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::catalogs::Catalogs;
use super::selection::named;
use super::{Exit, Failure, Output, print, say};
use crate::doctor::{self, Grade, Look, Need};
use crate::engine::{Engine, EngineError};
use crate::printable::printable;
use crate::scenario::Hop;

/// Look whether this host can carry a pool: engine, privileges, memory, disk, networks, what earlier runs left
///
/// Each look is ok, a warning, a failure, or unknown: what could not be seen is never fine. What is not ok comes with a
/// remedy. Nothing is started and nothing is changed. `simulator run` looks at the same before each scenario, does not
/// begin where there is a failure, and tells the rest once. Exit status: 0, or 3 where there is a failure.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scenarios whose pools are to be carried, one after the other [default: a pool of three servers and a client]
    #[arg(value_name = "SCENARIO")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    catalogs: Catalogs,
    /// How to print the looks on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// The looks, as `--output json` has them.
#[derive(Debug, Serialize)]
struct Document {
    /// The worst of all.
    grade: Grade,
    /// The nodes that the looks were judged for.
    nodes: u64,
    looks: Vec<Look>,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { files, catalogs, output } = args;
    let need = need(&files, &catalogs)?;
    let engine = match Engine::connect().await {
        Err(error @ EngineError::Ranges { .. }) => return Err(error.into()),
        connected => connected,
    };
    let looks = doctor::examine(&doctor::gather(engine.as_ref()).await, need);
    let failed = failures(&looks);
    match output {
        Output::Text => print::text(&(doctor::render(&looks) + "\n"))?,
        Output::Json => {
            let document = Document { grade: doctor::worst(&looks), nodes: need.nodes, looks };
            print::json(&document)?;
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Unknown,
        error: format!("no pool can be carried here; see {}", failed.join(", ")).into(),
        hint: Some("each look above has its remedy"),
    })
}

/// Returns what the pools of these scenarios need; of none, what is usual.
fn need(files: &[PathBuf], catalogs: &Catalogs) -> Result<Need, Failure> {
    if files.is_empty() {
        return Ok(Need::USUAL);
    }
    let catalog = catalogs.read()?;
    let mut need = Need { nodes: 0, systemd: false };
    for scenario in named(files, &catalog, &Hop::default())? {
        need = need.most(Need::of(&scenario));
    }
    Ok(need)
}

fn failures(looks: &[Look]) -> Vec<&'static str> {
    looks.iter().filter(|look| look.grade == Grade::Failure).map(|look| look.name).collect()
}

/// The looks before each run: they stop it where there is a failure, and tell everything else once.
#[derive(Debug, Default)]
pub(super) struct Precheck {
    told: BTreeSet<&'static str>,
}

impl Precheck {
    /// Looks, for a pool that is about to come up.
    ///
    /// # Errors
    /// What no pool can be carried with, and the remedies.
    pub(super) async fn look(&mut self, engine: &Engine, need: Need) -> Result<(), Failure> {
        let looks = doctor::examine(&doctor::gather(Ok(engine)).await, need);
        for line in self.news(&looks) {
            say(&line);
        }
        unfit(&looks).map_or(Ok(()), Err)
    }

    /// Returns what is neither ok nor a failure, and was not told yet.
    fn news(&mut self, looks: &[Look]) -> Vec<String> {
        let mut fresh = |grade: Grade| -> Vec<&Look> {
            looks.iter().filter(|look| look.grade == grade && self.told.insert(look.name)).collect()
        };
        let mut lines: Vec<String> =
            fresh(Grade::Warning).into_iter().map(|look| format!("host: {}", words(look))).collect();
        let unseen: Vec<&str> = fresh(Grade::Unknown).into_iter().map(|look| look.name).collect();
        if !unseen.is_empty() {
            lines.push(format!(
                "host: not known to be fine: {}; `simulator doctor` says why",
                unseen.join(", ")
            ));
        }
        lines
    }
}

/// Returns the failure of a run that is not begun, where a look failed.
fn unfit(looks: &[Look]) -> Option<Failure> {
    let failed: Vec<String> = looks
        .iter()
        .filter(|look| look.grade == Grade::Failure)
        .map(|look| format!("\n  {}", words(look)))
        .collect();
    (!failed.is_empty()).then(|| Failure {
        exit: Exit::Unknown,
        error: format!("this host cannot carry the pool:{}", failed.concat()).into(),
        hint: Some("`simulator doctor` shows all looks"),
    })
}

fn words(look: &Look) -> String {
    let Look { name, grade: _, found, remedy } = look;
    let remedy = remedy.as_ref().map(|remedy| format!("; remedy: {remedy}")).unwrap_or_default();
    printable(&format!("{name}: {found}{remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(name: &'static str, grade: Grade) -> Look {
        let remedy = (grade != Grade::Ok).then(|| format!("mend {name}"));
        Look { name, grade, found: format!("as {name} is"), remedy }
    }

    #[test]
    fn what_is_no_failure_is_told_once_and_what_is_fine_never() {
        let mut precheck = Precheck::default();
        let mut looks = vec![
            look("engine", Grade::Ok),
            look("cores", Grade::Warning),
            look("disk", Grade::Unknown),
            look("files", Grade::Unknown),
        ];
        assert_eq!(
            precheck.news(&looks),
            [
                "host: cores: as cores is; remedy: mend cores",
                "host: not known to be fine: disk, files; `simulator doctor` says why"
            ]
        );
        looks.push(look("leftovers", Grade::Warning));
        assert_eq!(precheck.news(&looks), ["host: leftovers: as leftovers is; remedy: mend leftovers"]);
        assert_eq!(precheck.news(&looks), [""; 0]);
    }

    #[test]
    fn a_failure_stops_a_run_with_every_remedy_and_nothing_else_does() {
        let fine = [look("cores", Grade::Warning), look("disk", Grade::Unknown)];
        assert!(unfit(&fine).is_none());
        let failure = unfit(&[look("fuse", Grade::Failure), look("memory", Grade::Failure)]).unwrap();
        assert_eq!(failure.exit, Exit::Unknown);
        let text = failure.message();
        assert!(text.contains("fuse: as fuse is; remedy: mend fuse\n  memory: "), "{text}");
    }
}
