//! `simulator import`: the pool of an inspection as a scenario.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::catalogs::Catalogs;
use super::{Exit, Failure, print, say};
use crate::import::{self, Wish};
use crate::printable::printable;
use crate::scenario::Scenario;

/// Make a scenario of a real pool, from what `executor inspect` saw of it
///
/// The rehearsal has as many servers, volumes of the same kinds with as many bricks and the same options, the clients of the
/// inventory with their mounts, mounts on servers, and programs on gfapi (fio, qemu); besides, a client that writes all the
/// while. It goes the way that the pool would go: online where all volumes are replicated, else within a downtime. In what it
/// differs from the pool is said on stderr, and stands at the head of the file.
///
/// Nothing is started and no pool is asked; the scenario goes to stdout, or to a file that must not be there yet.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  executor inspect -i production.toml --output json > pool.json
  simulator import pool.json --to 11.1 --output-file my-pool.toml
  simulator run my-pool.toml")]
pub(super) struct Args {
    /// What `executor inspect --output json` printed; - for stdin
    #[arg(value_name = "STATE")]
    state: PathBuf,
    /// The release that the upgrade goes to
    #[arg(long, value_name = "RELEASE")]
    to: String,
    /// The release that it starts with [default: that of the pool]
    #[arg(long, value_name = "RELEASE")]
    from: Option<String>,
    /// The family of images [default: the first one that has both releases]
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
    /// How many of the pool's servers the rehearsal has [default: all]
    #[arg(long, value_name = "N")]
    servers: Option<usize>,
    /// Call hosts and volumes by number, and leave out options that might tell whose pool it is
    #[arg(long)]
    anonymise: bool,
    /// Where to write the scenario [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    #[command(flatten)]
    catalogs: Catalogs,
}

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let Args { state, to, from, family, servers, anonymise, output_file, catalogs } = args;
    let catalog = catalogs.read()?;
    let wish = Wish { to, from, family, servers, anonymise };
    let text = read(&state)?;
    let imported = import::inspection(&text).and_then(|pool| import::import(&pool, &wish, &catalog));
    let imported = imported.map_err(|error| of_file(&state, error))?;
    // Whoever gets the file is to find no mistake in it: the same look as `simulator check`.
    let path = output_file.as_deref().unwrap_or(Path::new("my-pool.toml"));
    Scenario::parse(path, &imported.text, &catalog)?;
    for note in &imported.notes {
        say(&printable(&format!("note: {note}")));
    }
    let Some(file) = output_file else { return print::data(&imported.text) };
    write_new(&file, &imported.text)?;
    say(&format!("{} is written; `simulator run {}` rehearses it", file.display(), file.display()));
    Ok(())
}

fn read(state: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if state == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(state)
    };
    read.map_err(|error| Failure {
        exit: Exit::BadInput,
        error: format!("{}: cannot be read: {error}", state.display()).into(),
        hint: Some("`executor inspect -i INVENTORY --output json` prints what is read here"),
    })
}

fn of_file(state: &Path, error: import::ImportError) -> Failure {
    Failure {
        exit: Exit::BadInput,
        hint: Some(error.hint()),
        error: format!("{}: {error}", state.display()).into(),
    }
}

/// Writes a file that is not there yet: nobody's scenario is overwritten.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    let written =
        options.write(true).create_new(true).open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure {
        exit: Exit::BadInput,
        error: format!("{}: cannot be written: {error}", file.display()).into(),
        hint: Some("name a file that is not there yet"),
    })
}
