//! `pause`: asks a live run to stop where nothing is out, from another terminal.

use clap::Args;

use super::PoolArgs;
use super::last::{last_run, name_of};
use super::look::{read_inventory, usage};
use super::run::journal_trouble;
use super::say::{say, sayln};
use crate::core::exit::Exit;
use crate::journal::{PoolLock, ask_to_pause};
use crate::render;

#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    pool: PoolArgs,
}

pub(super) async fn pause(args: PauseArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let folder = args.pool.state_folder();
    let (path, progress) = match last_run(&folder, &inventory) {
        Ok(Some(found)) => found,
        Ok(None) => {
            sayln!("error: there is no run of these servers in {}: nothing to pause", folder.display());
            sayln!(
                "hint: give the --state-dir of the run, if it has one; `executor status` looks at the pool"
            );
            return Ok(Exit::Usage);
        }
        Err(error) => return Ok(journal_trouble(&error)),
    };
    let commands = args.pool.commands(progress.plan.to);
    if progress.complete {
        sayln!("Nothing to pause: the last run ({}) is finished.", name_of(&path));
        return Ok(Exit::Done);
    }
    let holder = match PoolLock::holder(&folder, &progress.pool) {
        Ok(holder) => holder,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    let Some(holder) = holder else {
        sayln!(
            "error: the run {} is not alive, so there is nothing to pause: no process holds it",
            name_of(&path)
        );
        sayln!("hint: {} says how it stands; {} goes on with it", commands.status, commands.resume);
        return Ok(Exit::Usage);
    };
    match ask_to_pause(&path) {
        Ok(already) => {
            let word = if already { "was asked already" } else { "is asked" };
            sayln!("The run {} ({holder}) {word} to pause.", name_of(&path));
            say!("{}", render::pausing(&progress));
            sayln!("It ends with exit code 11 then. next: {}", commands.status);
            Ok(Exit::Done)
        }
        Err(error) => Ok(journal_trouble(&error)),
    }
}
