//! `simulator report`: renders the reports of runs again, from what they left.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::run::Output;
use super::{Exit, Failure, say};
use crate::report::{Colour, Index, Recorded, Report};

/// Render the reports of runs again, from what they left
///
/// Nothing is judged anew: report.json has the verdict. Where a run left none, since it did not come to its end, its
/// page tells what there is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The runs: folders, or their names below `--runs` [default: latest]
    #[arg(value_name = "RUN")]
    named: Vec<PathBuf>,
    /// Where runs are kept
    #[arg(long, value_name = "FOLDER", default_value = "runs")]
    runs: PathBuf,
    /// Write report.html anew in each of their folders, and print where it is
    #[arg(long)]
    html: bool,
    /// Write index.html beside all runs, a line for each, the newest first, and print where it is
    #[arg(long, conflicts_with_all = ["named", "html"])]
    index: bool,
    /// Print the JSON schema of report.json
    #[arg(long, conflicts_with_all = ["named", "html", "index"])]
    schema: bool,
    /// How to print the reports on stdout
    #[arg(long, value_enum, default_value_t, conflicts_with_all = ["html", "index", "schema"])]
    output: Output,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.schema {
        print!("{}", Report::schema().map_err(no_json)?);
        return Ok(());
    }
    if args.index {
        let read = Index::read(&args.runs);
        let index = read.map_err(|error| Failure { exit: Exit::BadInput, ..Failure::from(error) })?;
        println!("{}", index.write()?.display());
        return Ok(());
    }
    let folders = folders(&args.named, &args.runs)?;
    let mut without = 0;
    for folder in &folders {
        let recorded = Recorded::read(folder)?;
        if args.html {
            println!("{}", recorded.write_page(folder)?.display());
            continue;
        }
        match recorded.report() {
            Ok(report) => print(report, args.output)?,
            Err(reason) => {
                say(&format!("{}: no report.json: {reason}", folder.display()));
                without += 1;
            }
        }
    }
    if without == 0 {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Unknown,
        error: format!("{without} of {} runs have no report", folders.len()).into(),
        hint: Some(
            "they did not come to their end; `simulator report --html RUN` makes a page of what they left",
        ),
    })
}

/// Returns the folders that are named, all that are none at once.
fn folders(named: &[PathBuf], runs: &Path) -> Result<Vec<PathBuf>, Failure> {
    let latest = [PathBuf::from("latest")];
    let named = if named.is_empty() { &latest } else { named };
    let mut strange = Vec::new();
    let mut folders = Vec::new();
    for name in named {
        let below = runs.join(name);
        match [name, &below].into_iter().find(|folder| folder.is_dir()) {
            Some(folder) => folders.push(folder.clone()),
            None => strange.push(name.display().to_string()),
        }
    }
    if strange.is_empty() {
        return Ok(folders);
    }
    Err(Failure {
        exit: Exit::BadInput,
        error: format!("no run {}: neither a folder nor one below {}", strange.join(", "), runs.display())
            .into(),
        hint: Some("name a folder of `runs`, or where runs are kept with --runs"),
    })
}

/// Prints a report on stdout.
pub(super) fn print(report: &Report, output: Output) -> Result<(), Failure> {
    match output {
        Output::Text => {
            let colour = Colour::for_terminal(std::io::stdout().is_terminal());
            super::print::data(&format!("{}\n", report.render(colour, 100)))
        }
        Output::Json => super::print::data(&format!("{}\n", serde_json::to_string(report).map_err(no_json)?)),
    }
}

fn no_json(error: serde_json::Error) -> Failure {
    Failure { exit: Exit::Unknown, error: error.into(), hint: None }
}
