//! `resume`: goes on with the last run, once it is sure that it is this pool's, and that nobody else does.

use std::path::Path;

use super::drive::{drive, release_finished};
use super::keeper::own;
use super::last::{last_run, name_of, related_run};
use super::look::{read_inventory, transport, usage};
use super::run::{journal_trouble, pool_identity, unconfirmed, uuids};
use super::say::{say, sayln};
use super::{PoolArgs, ResumeArgs};
use crate::core::check::{Check, Fact, look_all};
use crate::core::claim::Claim;
use crate::core::declared::{Declared, Difference};
use crate::core::event::Event;
use crate::core::exit::Exit;
use crate::core::inventory::Inventory;
use crate::core::plan::Refusal;
use crate::core::pool::PoolState;
use crate::core::resume::{self, Progress};
use crate::journal::{Journal, JournalError, PoolLock, contents};
use crate::observe::{self, Scope};
use crate::render::{self, printable};
use crate::transport::Transport;

pub(super) async fn resume(args: ResumeArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let (path, progress) = match chosen(&args.pool, &inventory) {
        Ok(chosen) => chosen,
        Err(exit) => return Ok(exit),
    };
    if progress.complete {
        sayln!("Nothing to do: the last run ({}) is finished.", path.display());
        release_finished(&inventory, &path, &progress.plan).await?;
        return Ok(Exit::Done);
    }
    let ssh = transport(&inventory)?;
    let scope = Scope::of(&[Check::Reached, Check::Members]).and(Fact::Claims);
    let state = observe::look(&ssh as &dyn Transport, &inventory, &scope).await;
    ssh.close().await;
    let declared = Declared::of(&inventory, uuids(&state));
    if let Some(exit) = not_this_pool(&args.pool, &path, &progress, (&state, &declared)) {
        return Ok(exit);
    }
    sayln!("Going on with {}:\n", path.display());
    say!("{}", render::progress(&progress));
    match contents(&path) {
        Ok(contents) => {
            if let Some(torn) = contents.torn {
                sayln!("\nnote: {} is torn at its end: {torn}.", path.display());
                sayln!("      Nothing was done by it; it is dropped.");
            }
        }
        Err(error) => return Ok(journal_trouble(&error)),
    }
    let elsewhere = claimed_from_elsewhere(&args.pool, &state, &path);
    say!("{}", printable(told_of(&elsewhere)));
    // Whoever says yes to everything has not looked whether two would work on the pool.
    if !elsewhere.is_empty() && args.act.yes && !args.take_over {
        sayln!("error: --yes does not say that nobody works on it there any more; nothing was touched");
        sayln!("hint: where that is sure, add --take-over");
        return Ok(Exit::Usage);
    }
    if let Some(exit) = unconfirmed(&args.act)? {
        return Ok(exit);
    }
    let reopened = PoolLock::take(&args.pool.state_folder(), &progress.pool)
        .and_then(|lock| Journal::reopen(&path).map(|(journal, records)| (lock, journal, records)));
    let (_lock, mut journal, records) = match reopened {
        Ok(reopened) => reopened,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    // Read again under the lock: while the question stood, another run may have gone on, ended, or begun.
    let Some(progress) = resume::progress(&records) else { anyhow::bail!("the journal lost its plan") };
    if let Some(exit) = not_the_last(&args.pool, &inventory, &path, &progress) {
        return Ok(exit);
    }
    let taken_up = journal.append(Event::RunResumed { in_doubt: progress.in_doubt }).and_then(|first| {
        if progress.trail.declared.as_ref() != Some(&declared) {
            journal.append(Event::InventoryNoted { declared })?;
        }
        Ok(first)
    });
    let first = match taken_up {
        Ok(first) => first,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    let copies = elsewhere.iter().map(Claim::keeper).collect();
    drive(&args.pool, &args.act, &inventory, &progress.plan, journal, first, copies).await
}

/// Says that another run of these servers has begun, or that this one ended, since it was chosen.
fn not_the_last(pool: &PoolArgs, inventory: &Inventory, path: &Path, progress: &Progress) -> Option<Exit> {
    match last_run(&pool.state_folder(), inventory) {
        Ok(Some((latest, _))) if latest == path && !progress.complete => None,
        Ok(_) => {
            sayln!("error: another run of these servers has begun or ended meanwhile; nothing was touched");
            sayln!("hint: `executor status` shows it");
            Some(Exit::Journal)
        }
        Err(error) => Some(journal_trouble(&error)),
    }
}

/// Chooses the run to go on with, or says why there is none.
fn chosen(pool: &PoolArgs, inventory: &Inventory) -> Result<(std::path::PathBuf, Progress), Exit> {
    let folder = pool.state_folder();
    let trouble = |error: JournalError| journal_trouble(&error);
    let Some((path, progress)) = last_run(&folder, inventory).map_err(trouble)? else {
        let Some((path, differences)) = related_run(&folder, inventory).map_err(trouble)? else {
            sayln!("error: there is no run of these servers in {}", folder.display());
            sayln!("hint: `executor plan` looks at the pool and plans what is left");
            return Err(Exit::Usage);
        };
        return Err(other_servers(&path, &differences));
    };
    if let Some(holder) = PoolLock::holder(&folder, &progress.pool).map_err(trouble)? {
        sayln!("error: {} is alive: {holder} holds it; nothing was touched", name_of(&path));
        sayln!("hint: `executor status` shows it; wait for it, or `executor pause` it");
        return Err(Exit::Journal);
    }
    Ok((path, progress))
}

fn other_servers(path: &Path, differences: &[Difference]) -> Exit {
    sayln!("error: the inventory names other servers than the run {}:", path.display());
    for difference in differences.iter().filter(|difference| difference.stands_in_the_way()) {
        say!("{}", printable(format!("  - {difference}\n")));
    }
    sayln!("Nothing was touched.");
    sayln!("hint: name the servers that the run began with; or plan anew with `executor plan`");
    Exit::Journal
}

/// Refuses to go on with a run of another pool: names may be the same there. Says where only the way differs.
fn not_this_pool(
    pool: &PoolArgs,
    path: &Path,
    progress: &Progress,
    (state, declared): (&PoolState, &Declared),
) -> Option<Exit> {
    match pool_identity(state) {
        Some(identity) if identity == progress.pool => {}
        Some(_) => {
            sayln!("error: {} is of another pool: the servers' UUIDs differ", path.display());
            sayln!("hint: check the inventory's addresses; `executor plan` plans this pool anew");
            return Some(Exit::Journal);
        }
        None => {
            let findings = look_all([&Check::Reached, &Check::Members], state);
            let refusal = Refusal { findings, waived: Vec::new() };
            say!("{}", render::refusal(&refusal, &pool.commands(progress.plan.to).resume));
            return Some(Exit::Refused);
        }
    }
    let differences = progress.trail.declared.as_ref()?.differences(declared, &progress.plan);
    if differences.iter().any(Difference::stands_in_the_way) {
        return Some(other_servers(path, &differences));
    }
    if !differences.is_empty() {
        sayln!(
            "note: the inventory is not the one that the run went on with last; the servers are the same:"
        );
    }
    for difference in differences {
        say!("{}", printable(format!("  - {difference}\n")));
    }
    None
}

/// Returns the claims of this run from another journal: this one is a copy, or was moved. The lock beside it does not hold
/// off a process on another machine.
fn claimed_from_elsewhere(pool: &PoolArgs, state: &PoolState, path: &Path) -> Vec<Claim> {
    let own = own(&pool.state_folder());
    let claims = state.hosts.values().filter_map(|host| host.claim.known().ok()?.as_ref());
    claims.filter(|claim| claim.run == name_of(path) && !own.contains(&claim.keeper())).cloned().collect()
}

/// Says where they were made, and what that means.
fn told_of(elsewhere: &[Claim]) -> String {
    let each = elsewhere.iter();
    let mut lines: Vec<String> =
        each.map(|claim| format!("  - by {}, journal there: {}\n", claim.by, claim.journal)).collect();
    lines.sort();
    lines.dedup();
    if lines.is_empty() {
        return String::new();
    }
    let note = "\nnote: the servers are claimed for this very run, from another place:\n";
    let ask = "      Go on here only if no `executor` works on it there any more: nobody can see that from here.\n      \
               One that does halts before its next act, which may be too late for the one it is at.\n";
    format!("{note}{}{ask}", lines.concat())
}
