//! `simulator plan`: what scenarios would do.

mod text;

use super::selection::{self, Releases, Selection, picked};
use super::{Failure, Output, print};

/// Show what scenarios would do: who is on the stage, and what happens in which order
///
/// First the topology: hosts with the releases they start with, volumes with their bricks, set by set, sessions of
/// geo-replication, applications. Then what would happen: what is done before each call of the executor, the call itself, what
/// strikes meanwhile and on which cue, and what is expected of it. Nothing is started, and no engine is asked. How the
/// executor itself would go about it, step by step, only its own `executor plan` can tell, from a pool that is up.
///
/// Where a file makes no sense, the others are shown all the same; what is wrong is told on stderr, and the exit status
/// is 2.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  simulator plan scenarios/online-replicated.toml
  simulator plan --tag faults
  simulator plan scenarios/online-replicated.toml --from 9.2 --to 10.3
  simulator plan scenarios/online-replicated.toml --output json | jq '.[0].orders'")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    releases: Releases,
    /// Only this case of a matrix, such as 9.2-10.3
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let catalog = args.selection.catalog()?;
    let (scenarios, errors) = args.selection.read(&catalog, &args.releases.hop())?;
    if scenarios.is_empty() {
        return selection::close(errors);
    }
    let scenarios = picked(scenarios, args.case.as_deref())?;
    let plans: Vec<_> = scenarios.iter().map(|scenario| scenario.plan(&catalog)).collect();
    match args.output {
        Output::Text => {
            let texts: Vec<String> = plans.iter().map(text::render).collect();
            print::text(&texts.join("\n\n"))?;
        }
        Output::Json => print::json(&plans)?,
    }
    selection::close(errors)
}
