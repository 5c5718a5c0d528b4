//! `simulator list`: which scenarios there are.

use std::path::PathBuf;

use serde::Serialize;

use super::selection::{self, Selection};
use super::{Failure, Output, print};
use crate::scenario::{Hop, Scenario};

/// List scenarios, one a line: name, file, tags, what it is about
///
/// Each case of a matrix has a line of its own, with the name that `simulator run FILE --case NAME` takes. Nothing is
/// started, and no engine is asked. Where a file makes no sense, the others are listed all the same; what is wrong is told
/// on stderr, and the exit status is 2.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  simulator list
  simulator list --tag faults
  simulator list --output json | jq -r '.[].file'")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// A line, as `--output json` has it.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    file: PathBuf,
    /// The case of a matrix; null where the file has none.
    case: Option<String>,
    tags: Vec<String>,
    about: String,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let catalog = args.selection.catalog()?;
    let (scenarios, errors) = args.selection.read(&catalog, &Hop::default())?;
    let rows: Vec<Row> = scenarios.into_iter().map(row).collect();
    match args.output {
        Output::Text => print::text(&lines(&rows))?,
        Output::Json => print::json(&rows)?,
    }
    selection::close(errors)
}

fn row(scenario: Scenario) -> Row {
    let Scenario { name, case, path, about, tags, .. } = scenario;
    Row { name, file: path, case, tags: tags.into_iter().collect(), about }
}

fn lines(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        let Row { name, file, case: _, tags, about } = row;
        let tags = if tags.is_empty() { "-".to_owned() } else { tags.join(",") };
        // A sentence over several lines is one here.
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        vec![name.clone(), file.display().to_string(), tags, about]
    });
    print::columns(&cells.collect::<Vec<_>>())
}
