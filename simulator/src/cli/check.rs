//! `simulator check`: whether scenarios make sense.

use std::path::PathBuf;

use serde::Serialize;

use super::catalogs::Catalogs;
use super::selection::files;
use super::{Exit, Failure, Output, print};
use crate::images::Catalog;
use crate::scenario::{Scenario, ScenarioError, schema};

/// Check scenario files: everything that is wrong with any of them, at once
///
/// A file is read with what it extends, each case of its matrix is checked against the catalog of images, and nothing is
/// started: no engine is asked. Of a file that makes sense one line says so, `FILE: well`. Of any other each line is
/// `FILE:LINE:COLUMN: what was found, and what was expected`, with a remedy below it; FILE is the one where that value
/// stands, which may be a base. Where a file is no TOML, or has keys or types of another shape, that is told first, and
/// what the values mean is looked at once it is mended.
///
/// Exit status: 0 where all are well, 2 where one is not.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  simulator check
  simulator check scenarios/faults/*.toml
  simulator check --schema > scenario.schema.json")]
pub(super) struct Args {
    /// The scenario files [default: all below --scenarios]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where scenarios are looked for that are not named, in folders of it, too; files that end in .base.toml are none
    #[arg(long, value_name = "FOLDER", default_value = "scenarios")]
    scenarios: PathBuf,
    #[command(flatten)]
    catalogs: Catalogs,
    /// Print the JSON schema of scenario files, for editors, and check nothing
    #[arg(long, conflicts_with_all = ["files", "scenarios", "images", "catalog", "output"])]
    schema: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What came of a file, as `--output json` has it.
#[derive(Debug, Serialize)]
struct Checked {
    file: PathBuf,
    /// The names of its cases, where it is well.
    cases: Vec<String>,
    /// What is wrong with it, by its place.
    errors: Vec<ScenarioError>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.schema {
        return print::data(&schema().map_err(print::unknown)?);
    }
    let catalog = args.catalogs.read()?;
    let files = files(&args.files, &args.scenarios)?;
    let checked: Vec<Checked> = files.into_iter().map(|file| check(file, &catalog)).collect();
    match args.output {
        Output::Text => print::text(&checked.iter().map(lines).collect::<String>())?,
        Output::Json => print::json(&checked)?,
    }
    let bad = checked.iter().filter(|checked| !checked.errors.is_empty()).count();
    if bad == 0 {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::BadInput,
        error: format!("{bad} of {} scenario files are not well", checked.len()).into(),
        hint: Some("each line above says where, what, and what to do"),
    })
}

fn check(file: PathBuf, catalog: &Catalog) -> Checked {
    match Scenario::cases(&file, catalog) {
        Ok(cases) => {
            let cases = cases.into_iter().map(|scenario| scenario.name).collect();
            Checked { file, cases, errors: Vec::new() }
        }
        Err(errors) => Checked { file, cases: Vec::new(), errors: errors.0 },
    }
}

fn lines(checked: &Checked) -> String {
    let Checked { file, cases: _, errors } = checked;
    if errors.is_empty() {
        return format!("{}: well\n", file.display());
    }
    errors.iter().map(|error| format!("{error}\n  hint: {}\n", error.hint)).collect()
}
