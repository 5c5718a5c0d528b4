//! `simulator clean`: removes what runs left on the engine.

use super::{Exit, Failure};
use crate::engine::{Engine, Removed, Scope};

/// Remove what runs left on the engine.
///
/// A run removes everything at its end, whatever the end; only a SIGKILL or a crash of the machine gets past that.
/// This removes the containers, networks and volumes of such runs, and names each on stdout. Runs whose process
/// still lives, or lives on another machine, are left alone, and so are pools that were kept on purpose (`simulator ps`
/// shows them). What this project did not make is never touched.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Remove the things of live runs too: they will fail
    #[arg(long)]
    all: bool,
    /// Remove the pools too that were kept on purpose: by `simulator up`, and by `simulator run --keep`
    #[arg(long)]
    kept: bool,
    /// Remove the images as well; the next rehearsal builds its own anew
    #[arg(long)]
    images: bool,
}

pub(super) async fn run(args: Args) -> Result<(), Failure> {
    let Args { all, kept, images } = args;
    let engine = Engine::connect().await?;
    let mut removed = engine.remove(Scope::Leftovers { kept, live: all }).await?;
    if images {
        removed.extend(engine.remove_images().await?);
    }
    report(&removed)
}

/// Names what is gone on stdout, and what is not on stderr.
pub(super) fn report(removed: &[Removed]) -> Result<(), Failure> {
    let mut left = 0;
    for Removed { kind, name, run: _, error } in removed {
        match error {
            None => super::print::data(&format!("{kind} {name}\n"))?,
            Some(error) => {
                left += 1;
                super::say(&format!("still there: {kind} {name}: {error}"));
            }
        }
    }
    if left == 0 {
        super::say(&format!("removed {}", removed.len()));
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Failed,
        error: format!("{left} of {} could not be removed", removed.len()).into(),
        hint: Some("something may still use them: `docker ps -a` shows what"),
    })
}
