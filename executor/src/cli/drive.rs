//! Doing what a plan says, from the claim on its servers to the report of the end.

use std::collections::BTreeSet;
use std::path::Path;

use super::interrupt::until_interrupted_twice;
use super::keeper::{claim, own};
use super::last::name_of;
use super::look::transport;
use super::run::{events_sink, journal_trouble, write_event};
use super::say::{say, sayln};
use super::{ActArgs, PoolArgs};
use crate::claims::{self, Heirs, Kept, Whose};
use crate::core::claim::{Claim, Keeper, RunId};
use crate::core::event::{Event, GateKind, Record};
use crate::core::exit::Exit;
use crate::core::finding::Finding;
use crate::core::inventory::Inventory;
use crate::core::plan::{Direction, Plan, Request};
use crate::core::resume::{self, Progress};
use crate::journal::{self, Journal};
use crate::render::{self, Commands, printable};
use crate::runner::{End, RunError, Runner};
use crate::transport::Transport;

/// Runs what is left of a plan, telling events to whoever listens, and reports the end. `copies`: the other places of the run
/// that the operator was shown and goes on in place of.
pub(super) async fn drive(
    pool: &PoolArgs,
    act: &ActArgs,
    inventory: &Inventory,
    plan: &Plan,
    journal: Journal,
    first: Record,
    copies: BTreeSet<Keeper>,
) -> anyhow::Result<Exit> {
    let path = journal.path().to_owned();
    let records = journal::read(&path)?;
    let (Some(progress), Some(since)) = (resume::progress(&records), records.first().map(|first| first.at))
    else {
        anyhow::bail!("the journal has no plan")
    };
    let mut events = events_sink(act.events.as_deref())?;
    let mut listener = |record: &Record| {
        if let Some(line) = render::live_line(plan, record) {
            sayln!("{line}");
        }
        // A reader of events that went away must not stop an upgrade: the journal has them all.
        if let Some(sink) = &mut events
            && let Err(error) = write_event(sink, record)
        {
            tracing::warn!(%error, "events are no longer written; the journal goes on");
            events = None;
        }
    };
    sayln!("journal: {}", path.display());
    // With it may come others that were written before anybody listened.
    records.iter().filter(|record| record.sequence >= first.sequence).for_each(&mut listener);
    let ssh = transport(inventory)?;
    let run = name_of(&path);
    let claim = claim(RunId { run: run.clone(), since }, &path, plan.to);
    let commands = Commands { plan: pool.command("plan", &request_of(plan)), ..pool.commands(plan.to) };
    // The lock is ours, so that no run of this folder is alive.
    // A waiver was the operator's word about who had claimed the pool when it was planned; not about who has it since.
    let begins = !matches!(first.event, Event::RunResumed { .. });
    let waivers = if begins { plan.waivers.clone() } else { Vec::new() };
    let heirs = Heirs { own: own(&pool.state_folder()), waivers, copies };
    if let Err(findings) = claims::take(&ssh, inventory, &claim, &heirs).await {
        ssh.close().await;
        return not_claimed(journal, &progress, findings, &mut listener, &commands);
    }
    let noted = progress.noted.clone();
    let (transport, listener, claimed) = (&ssh, &mut listener, Some(&claim));
    let mut runner = Runner { transport, inventory, journal, listener, run, claim: claimed, noted };
    let end = until_interrupted_twice(runner.run(&progress), &path).await;
    if matches!(end, Some(Ok(End::Finished))) {
        release(&ssh, inventory, &claim, Whose::ThisProcess).await;
    }
    // Connections are closed in order also then; a command that runs on a host goes on to its own end.
    ssh.close().await;
    match end {
        Some(end) => ended(end, &path, &progress, &commands),
        None => {
            let progress = resume::progress(&journal::read(&path)?).unwrap_or(progress);
            say!("\n{}", render::interrupted(&progress, &commands));
            Ok(if progress.in_doubt.is_some() { Exit::Failed } else { Exit::Halted })
        }
    }
}

/// Takes the claims of a run away that is finished.
async fn release(transport: &dyn Transport, inventory: &Inventory, claim: &Claim, whose: Whose) {
    const FILE: &str = "/var/lib/gluster-upgrade/claim.json";
    for (host, kept) in claims::release(transport, inventory, claim, whose).await {
        let text = match kept {
            Kept::Elsewhere(other) => format!(
                "note: {host} stays {other}\n      That is a copy of this run. It is left alone: where it is at work, its end takes the claim away. Where \
                 nobody works on it any more, remove {FILE} there.\n"
            ),
            Kept::Unknown(error) => format!(
                "warning: the claim of this run on {host} is not taken away: {error}\nhint: remove {FILE} there, or the next \
                 run is refused\n"
            ),
        };
        // Some of it are the host's own words.
        say!("{}", printable(text));
    }
}

/// Takes the claims away that a finished run may have left: one that was killed between its last record and its end.
pub(super) async fn release_finished(inventory: &Inventory, path: &Path, plan: &Plan) -> anyhow::Result<()> {
    let records = journal::read(path)?;
    let Some(since) = records.first().map(|first| first.at) else { return Ok(()) };
    let ssh = transport(inventory)?;
    let claim = claim(RunId { run: name_of(path), since }, path, plan.to);
    release(&ssh, inventory, &claim, Whose::ThisPlaces).await;
    ssh.close().await;
    Ok(())
}

/// Reports how a run ended by itself. `before`: how far it had come when it was begun or taken up.
fn ended(
    end: Result<End, RunError>,
    path: &Path,
    before: &Progress,
    commands: &Commands,
) -> anyhow::Result<Exit> {
    let after = || anyhow::Ok(resume::progress(&journal::read(path)?).unwrap_or_else(|| before.clone()));
    Ok(match end {
        Ok(End::Finished) => {
            say!("{}", render::finished(&before.plan));
            Exit::Done
        }
        Ok(End::Halted { step, gate, findings, waited_seconds }) => {
            say!("\n{}", render::halt(&after()?, step, gate, &findings, waited_seconds, commands));
            Exit::Halted
        }
        Ok(End::Paused { step }) => {
            say!("\n{}", render::paused(&after()?, step, commands));
            Exit::Halted
        }
        Ok(End::Failed { step, error }) => {
            say!("\n{}", render::failure(&after()?, step, &error, commands));
            Exit::Failed
        }
        Err(RunError::Journal(error)) => {
            sayln!("error: the journal cannot be written, so nothing more is done");
            let exit = journal_trouble(&error);
            // What it holds tells how far it came; where it cannot be read either, what the run knew as it began.
            say!("\n{}", render::interrupted(&after().unwrap_or_else(|_| before.clone()), commands));
            exit
        }
    })
}

/// Halts before anything is touched, since another run has claimed servers.
fn not_claimed(
    mut journal: Journal,
    progress: &Progress,
    findings: Vec<Finding>,
    listener: &mut dyn FnMut(&Record),
    commands: &Commands,
) -> anyhow::Result<Exit> {
    let plan = &progress.plan;
    let step =
        plan.steps().map(|step| step.id).find(|id| !progress.finished.contains(id)).unwrap_or_default();
    let gate = if progress.in_doubt == Some(step) { GateKind::Reenter } else { GateKind::Enter };
    let halted = Event::Halted { step, gate, findings: findings.clone(), waited_seconds: 0 };
    match journal.append(halted) {
        Ok(record) => listener(&record),
        Err(error) => return Ok(journal_trouble(&error)),
    }
    say!("\n{}", render::halt(progress, step, gate, &findings, 0, commands));
    Ok(Exit::Halted)
}

/// Returns what was asked for when a plan was made.
fn request_of(plan: &Plan) -> Request {
    Request {
        to: plan.to,
        direction: plan.direction,
        only: plan.only.clone(),
        procedure: plan.procedure,
        waivers: plan.waivers.clone(),
        clients_at_once: plan.clients_at_once,
        keep_op_version: plan.op_version_kept || plan.direction == Direction::Back,
    }
}
