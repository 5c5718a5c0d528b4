//! `simulator upgrade`: the executor, on a pool that is up.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Exit, Failure, playing, program};
use crate::engine::{Engine, RunFound};

/// What the executor is asked where no word of its says.
const USUAL: &str = "run";

/// The command of a pool that knows no journals.
const NO_JOURNAL: &str = "inspect";

/// Ask the executor on a pool that is up: `simulator upgrade run --to 11.1`, or `check`, `plan`, `status`, `resume` …
///
/// The executor is called with the inventory of the pool and a folder for its journals beside that, and takes this
/// program's place: it asks on the terminal, and its exit status is this one's. Everything that is not of the options here is
/// passed on; where that begins with an option, as in `simulator upgrade --to 11.1`, it is asked to `run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run whose pool it is, as `simulator ps` shows it [default: the only one]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// The secondary pool, where there are two
    #[arg(long)]
    secondary: bool,
    /// The executor's program [default: `executor` beside this program]
    #[arg(long, value_name = "PROGRAM")]
    executor: Option<PathBuf>,
    /// The executor's command and its arguments
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    arguments: Vec<OsString>,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { run, secondary, executor, arguments } = args;
    let program = program::executor(executor.as_deref())?;
    let runs = Engine::connect().await?.runs().await?;
    let folder = folder(playing::pool(&runs, run.as_deref())?)?;
    let inventory = folder.join(if secondary { "secondary.toml" } else { "pool.toml" });
    if !inventory.is_file() {
        return Err(Failure {
            exit: Exit::BadInput,
            error: format!("there is no {}", inventory.display()).into(),
            hint: Some("the folder of the run was removed or moved, or its pool is not up yet"),
        });
    }
    // It takes the place of this process, and so has its terminal, its signals and its exit status.
    let error = Command::new(&program).args(words(&arguments, &inventory, folder)).exec();
    Err(Failure {
        exit: Exit::BadInput,
        error: format!("cannot run {}: {error}", program.display()).into(),
        hint: None,
    })
}

/// Returns the folder of a run.
fn folder(run: &RunFound) -> Result<&Path, Failure> {
    run.folder.as_deref().ok_or_else(|| Failure {
        exit: Exit::BadInput,
        error: format!("{} has no inventory that outlives its process", run.id).into(),
        hint: Some("`simulator up` and `simulator run --keep` leave one"),
    })
}

/// Returns the executor's arguments: its command first, then which pool.
fn words(arguments: &[OsString], inventory: &Path, folder: &Path) -> Vec<OsString> {
    let begins_with_option = arguments.first().is_none_or(|first| first.to_string_lossy().starts_with('-'));
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) if !begins_with_option => (command.clone(), rest),
        Some(_) | None => (USUAL.into(), arguments),
    };
    let keeps_no_journal = command == NO_JOURNAL;
    let mut words = vec![command, "--inventory".into(), inventory.into()];
    if !keeps_no_journal {
        words.extend(["--state-dir".into(), folder.join("state").into()]);
    }
    words.extend_from_slice(rest);
    words
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["check", "--to", "11.1"], "check --inventory /r/pool.toml --state-dir /r/state --to 11.1")]
    #[case(&["--to", "11.1", "--offline"], "run --inventory /r/pool.toml --state-dir /r/state --to 11.1 --offline")]
    #[case(&["inspect", "--output", "json"], "inspect --inventory /r/pool.toml --output json")]
    #[case(&["resume"], "resume --inventory /r/pool.toml --state-dir /r/state")]
    fn the_executor_is_told_which_pool(#[case] arguments: &[&str], #[case] expected: &str) {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let words = words(&arguments, Path::new("/r/pool.toml"), Path::new("/r"));
        let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(words.join(" "), expected);
    }
}
