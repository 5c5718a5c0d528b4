//! `run`: shows first what it will do, and asks. What it shares with the other commands that act is here, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::drive::drive;
use super::last::last_run;
use super::look::{decide, offline_way, read_inventory, usage};
use super::say::{say, sayln};
use super::{ActArgs, PoolArgs, RunArgs, own_claims};
use crate::core::declared::Declared;
use crate::core::event::{Event, FORMAT, Record};
use crate::core::exit::Exit;
use crate::core::inventory::Inventory;
use crate::core::names::{HostName, PeerUuid};
use crate::core::plan::{Direction, Outcome, Plan};
use crate::core::pool::{HostState, PoolState};
use crate::core::resume::Progress;
use crate::journal::{Journal, JournalError, PoolLock};
use crate::render;

pub(super) async fn run(args: RunArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let request = args.wish.request();
    let (state, outcome) = decide(&args.pool, &inventory, &request).await?;
    let nothing = render::nothing_to_do(args.wish.to, request.keep_op_version);
    let again = args.pool.command("run", &request);
    if let Outcome::Refusal(refusal) = &outcome {
        let exit =
            begin(&args.pool, &args.act, &inventory, (&state, outcome.clone()), &again, &nothing).await;
        say!("{}", offline_way(&args.pool, refusal, &request));
        return exit;
    }
    if outcome == Outcome::NothingToDo && args.act.yes {
        match own_claims::end_unfinished(&args.pool, &inventory, &state, &request).await {
            Ok(None) => {}
            Ok(Some(journal)) => {
                tell_alone(&args.act, Event::NothingToDo)?;
                say!("{nothing}");
                sayln!("note: an earlier run did not end, and nothing is left of it to do: it ends here");
                sayln!("      ({}).", journal.display());
                return Ok(Exit::Done);
            }
            Err(error) => return Ok(journal_trouble(&error)),
        }
    }
    begin(&args.pool, &args.act, &inventory, (&state, outcome), &again, &nothing).await
}

/// Shows what was decided, asks, and does it. `again` is the command as it was typed, `nothing` what to say
/// where there is nothing to do.
pub(super) async fn begin(
    pool_args: &PoolArgs,
    act: &ActArgs,
    inventory: &Inventory,
    (state, outcome): (&PoolState, Outcome),
    again: &str,
    nothing: &str,
) -> anyhow::Result<Exit> {
    let plan = match outcome {
        Outcome::Plan(plan) => plan,
        Outcome::NothingToDo => {
            tell_alone(act, Event::NothingToDo)?;
            say!("{nothing}");
            own_claims::mention(pool_args, inventory, state);
            return Ok(Exit::Done);
        }
        Outcome::Refusal(refusal) => {
            tell_alone(act, Event::Refused { findings: refusal.findings.clone() })?;
            say!("{}", render::refusal(&refusal, again));
            return Ok(Exit::Refused);
        }
    };
    say!("{}", render::plan(&plan, again));
    // A run that cannot be read may be one that stopped volumes, or a newer program's: it is not passed over.
    match last_run(&pool_args.state_folder(), inventory) {
        Ok(last) => mention_unfinished(pool_args, last.as_ref(), &plan),
        Err(error) => return Ok(journal_trouble(&error)),
    }
    if let Some(exit) = unconfirmed(act)? {
        return Ok(exit);
    }
    let Some(pool) = pool_identity(state) else {
        anyhow::bail!("a plan was made for a pool without identity")
    };
    let state_folder = pool_args.state_folder();
    let begun = PoolLock::take(&state_folder, &pool)
        .and_then(|lock| Ok((lock, Journal::create(&state_folder, plan.to, Timestamp::now())?)));
    let (_lock, mut journal) = match begun {
        Ok(begun) => begun,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let declared = Declared::of(inventory, uuids(state));
    let begun = journal
        .append(Event::RunStarted { version, pool, plan: plan.clone() })
        .and_then(|first| journal.append(Event::InventoryNoted { declared }).map(|_| first));
    let first = match begun {
        Ok(first) => first,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    drive(pool_args, act, inventory, &plan, journal, first, BTreeSet::new()).await
}

/// Says that an earlier run did not end: planning anew is as safe, and leaves that journal as it is.
fn mention_unfinished(pool: &PoolArgs, last: Option<&(PathBuf, Progress)>, plan: &Plan) {
    if let Some((path, progress)) = last
        && !progress.complete
    {
        sayln!("note: an earlier run did not end ({}).", path.display());
        match plan.direction {
            Direction::Up => {
                sayln!("      {} goes on with it; this is a new plan.", pool.commands(plan.to).resume);
            }
            Direction::Back => sayln!("      It is over once this way back is begun."),
        }
        if render::in_downtime(progress) {
            sayln!("      It stopped volumes for a downtime, and only it knows which to start again.");
        }
    }
}

/// Asks for the word to act. `None`: go on.
pub(super) fn unconfirmed(act: &ActArgs) -> io::Result<Option<Exit>> {
    if act.yes {
        return Ok(None);
    }
    if !io::stdin().is_terminal() {
        sayln!("error: nobody to ask: this is no terminal, and --yes was not given; nothing was touched");
        sayln!("hint: read the plan above, then run the same command with --yes");
        return Ok(Some(Exit::Usage));
    }
    say!("\nDo this now? Type yes: ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        Ok(None)
    } else {
        sayln!("Nothing was touched.");
        Ok(Some(Exit::Usage))
    }
}

/// Returns a digest of the servers' UUIDs: what the pool is, whatever its servers are called.
pub(super) fn pool_identity(state: &PoolState) -> Option<String> {
    let uuids: Option<BTreeSet<&PeerUuid>> =
        state.hosts.values().map(|host| host.glusterd_info.known().ok().map(|info| &info.uuid)).collect();
    let mut digest = Sha256::new();
    for uuid in uuids? {
        digest.update(uuid.as_str());
        digest.update("\n");
    }
    Some(digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// Returns which server of the pool answers to each name.
pub(super) fn uuids(state: &PoolState) -> BTreeMap<HostName, PeerUuid> {
    let uuid = |host: &HostState| Some(host.glusterd_info.known().ok()?.uuid.clone());
    state.hosts.iter().filter_map(|(name, host)| Some((name.clone(), uuid(host)?))).collect()
}

/// Reads where events are to go. What cannot be opened is known before anything is begun.
pub(super) fn events_target(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    events_sink(Some(&path)).map_err(|error| format!("it cannot be written: {error}"))?;
    Ok(path)
}

/// Opens where events go. Only their owner may read them: a plan names every host, its ways and its clients.
pub(super) fn events_sink(target: Option<&Path>) -> io::Result<Option<Box<dyn Write>>> {
    Ok(match target {
        None => None,
        Some(path) if path == Path::new("-") => Some(Box::new(io::stdout())),
        Some(path) => {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            Some(Box::new(options.open(path)?))
        }
    })
}

/// Tells readers of events how a run ended that never began.
fn tell_alone(act: &ActArgs, event: Event) -> anyhow::Result<()> {
    if let Some(mut sink) = events_sink(act.events.as_deref())? {
        write_event(&mut sink, &Record { format: FORMAT, sequence: 1, at: Timestamp::now(), event })?;
    }
    Ok(())
}

pub(super) fn write_event(sink: &mut Box<dyn Write>, record: &Record) -> io::Result<()> {
    let line = render::printable_json(&serde_json::to_string(record)?);
    writeln!(sink, "{line}")?;
    sink.flush()
}

pub(super) fn journal_trouble(error: &JournalError) -> Exit {
    // A damaged journal may hold anything, and its error quotes it.
    say!("{}", render::printable(format!("error: {error}\n")));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        say!("{}", render::printable(format!("  because: {cause}\n")));
        source = cause.source();
    }
    Exit::Journal
}
