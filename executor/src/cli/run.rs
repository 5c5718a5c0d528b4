//! `run` and `resume`: the only commands that change anything, and both show first what they will do.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::drive::{drive, release_finished};
use super::look::{decide, offline_way, read_inventory, transport, usage};
use super::{ActArgs, PoolArgs, ResumeArgs, RunArgs};
use crate::core::check::{Check, look_all};
use crate::core::event::{Event, FORMAT, Record};
use crate::core::exit::Exit;
use crate::core::inventory::Inventory;
use crate::core::names::{HostName, PeerUuid};
use crate::core::plan::{Outcome, Plan, Refusal};
use crate::core::pool::PoolState;
use crate::core::resume;
use crate::journal::{self, Journal, JournalError, PoolLock};
use crate::observe::{self, Scope};
use crate::render;
use crate::transport::Transport;

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
        eprint!("{}", offline_way(&args.pool, refusal, &request));
        return exit;
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
            eprint!("{nothing}");
            return Ok(Exit::Done);
        }
        Outcome::Refusal(refusal) => {
            tell_alone(act, Event::Refused { findings: refusal.findings.clone() })?;
            eprint!("{}", render::refusal(&refusal, again));
            return Ok(Exit::Refused);
        }
    };
    eprint!("{}", render::plan(&plan, again));
    mention_unfinished(pool_args, inventory, &plan);
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
    let first = match journal.append(Event::RunStarted { version, pool, plan: plan.clone() }) {
        Ok(first) => first,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    drive(pool_args, act, inventory, &plan, journal, first).await
}

/// Says that an earlier run did not end: planning anew is as safe, and leaves that journal as it is.
fn mention_unfinished(pool: &PoolArgs, inventory: &Inventory, plan: &Plan) {
    let names: BTreeSet<&HostName> = inventory.servers.keys().collect();
    let latest = journal::latest(&pool.state_folder(), |progress| names == servers_of(&progress.plan));
    if let Ok(Some((path, progress))) = latest
        && !progress.complete
    {
        eprintln!("note: an earlier run did not end ({}).", path.display());
        eprintln!("      {} goes on with it; this is a new plan.", pool.commands(plan.to).resume);
        if render::in_downtime(&progress) {
            eprintln!("      It stopped volumes for a downtime, and only it knows which to start again.");
        }
    }
}

pub(super) async fn resume(args: ResumeArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let state_folder = args.pool.state_folder();
    let names: BTreeSet<&HostName> = inventory.servers.keys().collect();
    let found = match journal::latest(&state_folder, |progress| names == servers_of(&progress.plan)) {
        Ok(found) => found,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    let Some((path, progress)) = found else {
        eprintln!("error: there is no run of these servers in {}", state_folder.display());
        eprintln!("hint: `executor plan` looks at the pool and plans what is left");
        return Ok(Exit::Usage);
    };
    if progress.complete {
        eprintln!("Nothing to do: the last run ({}) is finished.", path.display());
        release_finished(&inventory, &path, &progress.plan).await?;
        return Ok(Exit::Done);
    }
    // The journal must be of this very pool: names may be the same on another one.
    let ssh = transport(&inventory)?;
    let scope = Scope::of(&[Check::Reached, Check::Members]);
    let state = observe::look(&ssh as &dyn Transport, &inventory, &scope).await;
    ssh.close().await;
    match pool_identity(&state) {
        Some(pool) if pool == progress.pool => {}
        Some(_) => {
            eprintln!("error: {} is of another pool: the servers' UUIDs differ", path.display());
            eprintln!("hint: check the inventory's addresses; `executor plan` plans this pool anew");
            return Ok(Exit::Journal);
        }
        None => {
            let findings = look_all([&Check::Reached, &Check::Members], &state);
            let refusal = Refusal { findings, waived: Vec::new() };
            eprint!("{}", render::refusal(&refusal, &args.pool.commands(progress.plan.to).resume));
            return Ok(Exit::Refused);
        }
    }
    eprintln!("Going on with {}:\n", path.display());
    eprint!("{}", render::progress(&progress));
    if let Some(exit) = unconfirmed(&args.act)? {
        return Ok(exit);
    }
    let reopened = PoolLock::take(&state_folder, &progress.pool)
        .and_then(|lock| Journal::reopen(&path).map(|(journal, records)| (lock, journal, records)));
    let (_lock, mut journal, records) = match reopened {
        Ok(reopened) => reopened,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    // Read again under the lock: another run may have gone on meanwhile.
    let Some(progress) = resume::progress(&records) else { anyhow::bail!("the journal lost its plan") };
    let first = match journal.append(Event::RunResumed { in_doubt: progress.in_doubt }) {
        Ok(first) => first,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    drive(&args.pool, &args.act, &inventory, &progress.plan, journal, first).await
}

fn servers_of(plan: &Plan) -> BTreeSet<&HostName> {
    plan.servers.iter().map(|row| &row.host).collect()
}

/// Asks for the word to act. `None`: go on.
fn unconfirmed(act: &ActArgs) -> io::Result<Option<Exit>> {
    if act.yes {
        return Ok(None);
    }
    if !io::stdin().is_terminal() {
        eprintln!("error: nobody to ask: this is no terminal, and --yes was not given; nothing was touched");
        eprintln!("hint: read the plan above, then run the same command with --yes");
        return Ok(Some(Exit::Usage));
    }
    eprint!("\nDo this now? Type yes: ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        Ok(None)
    } else {
        eprintln!("Nothing was touched.");
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

/// Opens where events go.
pub(super) fn events_sink(target: Option<&Path>) -> io::Result<Option<Box<dyn Write>>> {
    Ok(match target {
        None => None,
        Some(path) if path == Path::new("-") => Some(Box::new(io::stdout())),
        Some(path) => Some(Box::new(File::create(path)?)),
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
    let line = serde_json::to_string(record)?;
    writeln!(sink, "{line}")?;
    sink.flush()
}

pub(super) fn journal_trouble(error: &JournalError) -> Exit {
    eprintln!("error: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    Exit::Journal
}
