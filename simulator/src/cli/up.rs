//! `simulator up`: the pool of a scenario, up and left, to be played with by hand.

use std::path::PathBuf;

use jiff::Timestamp;

use super::catalogs::Catalogs;
use super::doctor::Precheck;
use super::selection::{Releases, named, picked};
use super::{Context, Exit, Failure, images, print, say};
use crate::artifacts::Artifacts;
use crate::director::{DirectorError, Ground, Known, Pools, containers};
use crate::doctor::Need;
use crate::engine::{Engine, Kept, Run, with_run_unless};
use crate::oracle::EngineShell;
use crate::pool::Pool;
use crate::scenario::{Ask, Scenario, Which};

/// Bring up the pool of a scenario and leave it, to be played with by hand
///
/// Nothing of the scenario is played: there are its pools, volumes, geo-replication, clients, mounts and applications,
/// and nobody writes. What is up is found with `simulator ps`, and goes with `simulator down`; `simulator clean` leaves it
/// alone. The path of the executor's inventory is printed on stdout, that of a secondary pool on a second line.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario file
    #[arg(value_name = "SCENARIO")]
    file: PathBuf,
    #[command(flatten)]
    releases: Releases,
    /// Which case of its matrix, such as 9.2-10.3
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    #[command(flatten)]
    catalogs: Catalogs,
    /// Where runs are kept: inventory and keys are in a folder below
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    runs: PathBuf,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let Args { file, releases, case, catalogs, runs } = args;
    let catalog = catalogs.read()?;
    let scenario = only(picked(named(&[file], &catalog, &releases.hop())?, case.as_deref())?)?;
    let engine = Engine::connect().await?;
    Precheck::default().look(&engine, Need::of(&scenario)).await?;
    let image = images::ensured(&engine, catalog.family(&scenario.family)?, context).await?;
    images::hold(&image, &scenario)?;
    let artifacts = Artifacts::create(&runs, &scenario.name, Timestamp::now())?;
    let run = Run::new(&scenario.name).kept(Kept::ByHand, artifacts.folder());
    say(&format!("run {}: {}", run.id, scenario.about));
    let ground = Ground {
        engine: &engine,
        run: &run,
        scenario: &scenario,
        image: &image.tag,
        artifacts: &artifacts,
        say: &say,
    };
    // Half a pool is nothing to play with.
    let stays = |ended: &Result<Pools, _>| ended.is_ok();
    let up = async {
        let pools = Pools::up(&ground).await?;
        let containers = std::iter::once(&pools.pool).chain(&pools.secondary).flat_map(containers).collect();
        Known::begun(&scenario, &catalog, &EngineShell::new(engine.clone(), containers))
            .await?
            .keep(&artifacts)?;
        Ok::<_, DirectorError>(pools)
    };
    let pools = with_run_unless(&engine, &run, &context.cancelled, stays, up).await?;
    for which in scenario.parts().map(|(which, _)| which) {
        print::text(&format!("{}\n", pools.inventories.of(which).display()))?;
    }
    let inventory = pools.inventories.of(Which::Pool);
    next(&run.id, &scenario, &hosts(&pools), &inventory.display().to_string())
        .iter()
        .for_each(|line| say(line));
    Ok(())
}

/// Returns the only case there is.
fn only(mut cases: Vec<Scenario>) -> Result<Scenario, Failure> {
    match (cases.pop(), cases.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            let names: Vec<String> = cases.into_iter().chain(last).map(|scenario| scenario.name).collect();
            Err(Failure {
                exit: Exit::BadInput,
                error: format!("its matrix makes several cases: {}", names.join(", ")).into(),
                hint: Some("name one of them with --case"),
            })
        }
    }
}

/// Returns the names of all hosts.
fn hosts(pools: &Pools) -> Vec<String> {
    let all = std::iter::once(&pools.pool).chain(&pools.secondary).flat_map(Pool::nodes);
    all.map(|node| node.name.clone()).collect()
}

/// Returns what there is now, and what to type next.
fn next(id: &str, scenario: &Scenario, hosts: &[String], inventory: &str) -> Vec<String> {
    let first = hosts.first().map_or("g1", String::as_str);
    let upgrade = scenario.orders.iter().find(|order| order.ask == Ask::Run);
    let mut words = upgrade.map(|order| format!("--to {}", order.to)).unwrap_or_default();
    if upgrade.is_some_and(|order| order.offline) {
        words.push_str(" --offline");
    }
    let at = upgrade.map(|order| format!(" --at {}", order.to)).unwrap_or_default();
    let mut lines = vec![format!("up: {}; next:", hosts.join(", "))];
    lines.extend([
        format!("  simulator shell {first} --run {id}"),
        format!("  simulator exec {first} --run {id} -- gluster volume info"),
        format!("  simulator logs {first} --run {id}"),
        format!("  simulator upgrade --run {id} check {words}"),
        format!("  simulator upgrade --run {id} run {words}"),
        format!("  simulator judge --run {id}{at}"),
        format!("  simulator down {id}"),
        format!("or the executor itself: executor check -i {inventory} {words}"),
    ]);
    lines
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Cli;
    use super::*;
    use crate::images::Catalog;

    #[test]
    fn one_case_of_several_is_brought_up() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let catalog = Catalog::load(&root.join("images")).unwrap();
        let scenario = Scenario::load(&root.join("scenarios/online-replicated.toml"), &catalog).unwrap();
        assert_eq!(only(vec![scenario.clone()]).unwrap().name, "online-replicated");
        let other = Scenario { name: "other".to_owned(), ..scenario.clone() };
        let failure = only(vec![scenario, other]).unwrap_err();
        assert_eq!(failure.exit, Exit::BadInput);
        assert!(
            failure.message().contains("online-replicated, other\nhint: name one"),
            "{}",
            failure.message()
        );
    }

    #[test]
    fn what_to_type_next_can_be_typed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let catalog = Catalog::load(&root.join("images")).unwrap();
        for (file, words) in
            [("online-replicated.toml", "--to 11.1"), ("offline-dispersed.toml", "--to 11.1 --offline")]
        {
            let scenario = Scenario::load(&root.join("scenarios").join(file), &catalog).unwrap();
            let lines = next("gu-1-2-0", &scenario, &["g1".to_owned()], "/runs/x/pool.toml");
            let typed: Vec<&String> = lines.iter().filter(|line| line.contains("simulator ")).collect();
            assert!(typed.len() > 4, "{lines:?}");
            for line in typed {
                assert_eq!(Cli::fault(line.split_whitespace()), None, "{line}");
            }
            assert!(lines.iter().any(|line| line.ends_with(&format!("run {words}"))), "{lines:?}");
        }
    }
}
