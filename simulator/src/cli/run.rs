//! `simulator run`: rehearses scenarios.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::catalogs::Catalogs;
use super::doctor::Precheck;
use super::failure::by_verdict;
use super::keep::{Keep, say_how_to_reach};
use super::report::print;
use super::selection::{Releases, named, picked, tagged};
use super::totals::Totals;
use super::{Context, Exit, Failure, images, program, say};
use crate::artifacts::{ArtifactError, Artifacts};
use crate::director::{self, DirectorError, Stage};
use crate::doctor::Need;
use crate::engine::{Engine, Run, with_run_unless};
use crate::images::Catalog;
use crate::oracle::Verdict;
use crate::report::{Junit, Report, ReportError};
use crate::scenario::Scenario;

/// Rehearse scenarios: bring up a pool of real Gluster, let the executor upgrade it, judge, and remove it
///
/// Several are run one after the other, and closed with a line of numbers; so are the cases of a matrix, as if each were a
/// file of its own. Each scenario has a pool of its own. What it leaves is in a folder below `runs`, the latest one linked
/// as `runs/latest`: report.html, report.txt, report.json and junit.xml, the executor's words, events and journal, the
/// client's record, and the logs and state of every host.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario files
    #[arg(value_name = "SCENARIO", required_unless_present = "tag", conflicts_with = "tag")]
    files: Vec<PathBuf>,
    /// Every scenario with this tag, in place of files
    #[arg(long)]
    tag: Option<String>,
    #[command(flatten)]
    releases: Releases,
    /// Only this case of a matrix, such as 9.2-10.3
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Where scenarios with a tag are looked for, in folders of it, too
    #[arg(long, value_name = "FOLDER", default_value = "scenarios", requires = "tag")]
    scenarios: PathBuf,
    #[command(flatten)]
    catalogs: Catalogs,
    /// Where runs are kept
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    runs: PathBuf,
    /// The executor's program [default: `executor` beside this program]
    #[arg(long, value_name = "PROGRAM")]
    executor: Option<PathBuf>,
    /// Decides what the client writes; a report names it [default: by the time]
    #[arg(long)]
    seed: Option<u64>,
    /// Write what came of all scenarios as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Which pools stay up when their scenario has ended, for `simulator shell` and the like; `simulator down` removes them
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    keep: Keep,
    /// How many times all of it is run
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Run no more once a scenario did not pass
    #[arg(long)]
    fail_fast: bool,
    /// How to print the reports on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON document a scenario, one a line
    Json,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let catalog = args.catalogs.read()?;
    let hop = args.releases.hop();
    // All of them are read before the first is run: a mistake in the last one is known at once.
    let scenarios = match &args.tag {
        Some(tag) => tagged(&args.scenarios, tag, &catalog, &hop)?,
        None => named(&args.files, &catalog, &hop)?,
    };
    let scenarios = picked(scenarios, args.case.as_deref())?;
    let executor = program::executor(args.executor.as_deref())?;
    let begun = args.junit.as_deref().map(Junit::begin).transpose();
    let mut junit = begun.map_err(|error| Failure { exit: Exit::BadInput, ..Failure::from(error) })?;
    let engine = Engine::connect().await?;
    let mut totals = Totals::default();
    let mut precheck = Precheck::default();
    let several = scenarios.len() > 1 || args.repeat > 1;
    for scenario in (0..args.repeat).flat_map(|_| &scenarios) {
        let rehearsed = async {
            precheck.look(&engine, Need::of(scenario)).await?;
            rehearse(&args, context, &catalog, &engine, scenario, &executor).await
        }
        .await;
        if let Some(junit) = &mut junit {
            match &rehearsed {
                Ok(report) => junit.add(report)?,
                Err(failure) => junit.add_unjudged(&scenario.name, &failure.message())?,
            }
        }
        match rehearsed {
            Ok(report) => {
                totals.add(&report);
                print(&report, args.output)?;
            }
            // The others are no less worth running, unless the operator wants none.
            Err(failure) if several && !context.cancelled.is_cancelled() => {
                say(&format!("scenario {}: {}", scenario.name, failure.message()));
                totals.add_unjudged();
            }
            Err(failure) => return Err(failure),
        }
        if args.fail_fast && totals.worst() != Verdict::Pass {
            break;
        }
    }
    if several || args.tag.is_some() {
        close(&totals, args.output)?;
    }
    by_verdict(totals.worst(), Some("the report above says why, and where the logs are"))
}

/// Says the numbers of all scenarios. With JSON, stdout is for reports alone.
fn close(totals: &Totals, output: Output) -> Result<(), Failure> {
    match output {
        Output::Text => super::print::data(&format!("{}\n", totals.line())),
        Output::Json => {
            say(&totals.line());
            Ok(())
        }
    }
}

async fn rehearse(
    args: &Args,
    context: &Context,
    catalog: &Catalog,
    engine: &Engine,
    scenario: &Scenario,
    executor: &Path,
) -> Result<Report, Failure> {
    say(&format!("scenario {}: {}", scenario.name, scenario.about));
    let artifacts = Artifacts::create(&args.runs, &scenario.name, Timestamp::now())?;
    let run = args.keep.label(Run::new(&scenario.name), artifacts.folder());
    say(&format!("run {}; everything is kept in {}", run.id, artifacts.folder().display()));
    let image = images::ensured(engine, catalog.family(&scenario.family)?, context).await?;
    images::hold(&image, scenario)?;
    // The body ends by itself when the operator interrupts, so that the executor can end in order.
    let never = CancellationToken::new();
    let mut stays = false;
    let decide = |ended: &Result<Report, _>| {
        let verdict = ended.as_ref().ok().map(|report| report.verdict);
        stays = args.keep.stays(verdict, context.cancelled.is_cancelled());
        stays
    };
    let stage = Stage {
        engine,
        scenario,
        catalog,
        image: &image,
        executor: executor.to_owned(),
        artifacts: &artifacts,
        run: &run,
        seed: args.seed.unwrap_or_else(|| Timestamp::now().as_second().unsigned_abs()),
        cancelled: &context.cancelled,
        say: &say,
    };
    let rehearsal = async {
        let report = director::rehearse(&stage).await?;
        // Before the pool goes: a removal that fails takes no verdict along.
        if let Err(error) = report.write() {
            say(&format!("note: {error}"));
        }
        Ok::<_, DirectorError>(report)
    };
    let ended = with_run_unless(engine, &run, &never, decide, rehearsal).await;
    if stays {
        say_how_to_reach(&run, artifacts.folder());
    }
    let mut report = ended?;
    if stays {
        report.notes.push(format!("the pool is still up: `simulator down {}` removes it", run.id));
    }
    report.write()?;
    Ok(report)
}

impl From<ArtifactError> for Failure {
    fn from(error: ArtifactError) -> Self {
        Self {
            exit: Exit::Unknown,
            error: error.into(),
            hint: Some("is the disk full? is the folder ours to write?"),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let hint = match &error {
            ReportError::Json(_) | ReportError::Xml(_) => None,
            ReportError::Write { .. } => Some("is the disk full? is the folder there, and ours to write?"),
            ReportError::Read { .. } => Some("is the folder there, and ours to read?"),
        };
        Self { exit: Exit::Unknown, error: error.into(), hint }
    }
}

impl From<DirectorError> for Failure {
    fn from(error: DirectorError) -> Self {
        let hint = match &error {
            DirectorError::Pool(error) => error.hint(),
            DirectorError::Baseline(_) => {
                Some("the pool came up, but not as the judge can read it; see its logs")
            }
            DirectorError::Interrupted => Some("everything that was started is removed"),
            DirectorError::Executor(_)
            | DirectorError::Artifacts(_)
            | DirectorError::OpVersion(_)
            | DirectorError::Writer(_) => None,
        };
        Self { exit: Exit::Unknown, error: error.into(), hint }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::pass(Verdict::Pass, None)]
    #[case::fail(Verdict::Fail, Some((Exit::Failed, "the verdict is: fail")))]
    #[case::unknown(Verdict::Unknown, Some((Exit::Unknown, "the verdict is: unknown")))]
    fn how_it_ends(#[case] worst: Verdict, #[case] expected: Option<(Exit, &str)>) {
        let found = by_verdict(worst, None).err().map(|failure| (failure.exit, failure.error.to_string()));
        assert_eq!(found, expected.map(|(exit, words)| (exit, words.to_owned())));
    }
}
