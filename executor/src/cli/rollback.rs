//! `rollback`: takes a pool back to the release from before an upgrade.

use std::collections::BTreeSet;

use clap::Args;

use super::last::servers_of;
use super::look::{decide_by, offline_way, read_inventory, usage};
use super::run::{begin, journal_trouble, pool_identity};
use super::say::{answer, say, sayln};
use super::{ActArgs, PoolArgs};
use crate::core::exit::Exit;
use crate::core::finding::Waiver;
use crate::core::inventory::Inventory;
use crate::core::names::{HostName, Release};
use crate::core::plan::{self, Direction, Outcome, Procedure, Request, WayBack};
use crate::journal::{self, JournalError};
use crate::observe::Scope;
use crate::render;

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    pool: PoolArgs,

    /// Takes back only these servers and clients, by their names in the inventory; leaves a pool of two releases
    #[arg(value_name = "HOST")]
    hosts: Vec<HostName>,

    /// The release to go back to [default: the one that the journal of the upgrade tells]
    #[arg(long, value_name = "RELEASE")]
    to: Option<Release>,

    /// Takes all servers back together within a downtime [default: as they were upgraded, by the journal]
    #[arg(long)]
    offline: bool,

    /// How many client machines of the inventory go back at once, before the servers; 0 leaves them to you
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients_at_once: usize,

    /// Lets a finding stand, by code and subject, such as OPTION_SET_SINCE:vol0; may be repeated
    #[arg(long, value_name = "CODE:SUBJECT")]
    waive: Vec<Waiver>,

    /// Only shows the way back, on stdout. Exit code 0: here it is, or nothing to do; 10: there is none, and why
    #[arg(long, conflicts_with_all = ["yes", "events"])]
    show: bool,

    #[command(flatten)]
    act: ActArgs,
}

impl RollbackArgs {
    /// Returns what is asked for. `known`: what the journals tell. None where nobody says which release to go back to.
    fn request(&self, known: Option<&WayBack>) -> Option<Request> {
        let by_journal = known.map_or(Procedure::Online, |known| known.procedure);
        Some(Request {
            to: self.to.or(known.map(|known| known.to))?,
            direction: Direction::Back,
            only: self.hosts.iter().cloned().collect(),
            procedure: if self.offline { Procedure::Offline } else { by_journal },
            waivers: self.waive.clone(),
            clients_at_once: self.clients_at_once,
            keep_op_version: true,
        })
    }
}

pub(super) async fn rollback(args: RollbackArgs) -> anyhow::Result<Exit> {
    let inventory = match read_inventory(&args.pool.inventory).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(usage(&error)),
    };
    let known = match known(&args.pool, &inventory) {
        Ok(known) => known,
        Err(error) => return Ok(journal_trouble(&error)),
    };
    let Some(request) = args.request(known.as_ref()) else {
        sayln!(
            "error: no journal in {} tells from which release these servers were upgraded",
            args.pool.state_folder().display()
        );
        sayln!("hint: name it with --to RELEASE, or the journals' folder with --state-dir");
        return Ok(Exit::Usage);
    };
    if let Some(exit) = unfit(&inventory, &request) {
        return Ok(exit);
    }
    let plan = |state: &_| plan::rollback(&inventory, state, &request, known.as_ref());
    let (state, outcome) = decide_by(&args.pool, &inventory, &Scope::Plan(request.to), plan).await?;
    // Where the pool's identity could not be read, that is among the findings of a refusal.
    if let (Some(known), Some(pool)) = (&known, pool_identity(&state))
        && known.pool != pool
    {
        sayln!("error: the journals here are of another pool: the servers' UUIDs differ");
        sayln!("hint: check the inventory's addresses and --state-dir");
        return Ok(Exit::Journal);
    }
    let nothing = format!(
        "Nothing to do: none of these hosts is above glusterfs {}, and the pool is well.\n",
        request.to
    );
    let again = args.pool.command("rollback", &request);
    if args.show {
        return Ok(show(&args.pool, &outcome, &request, &again, &nothing));
    }
    let exit = begin(&args.pool, &args.act, &inventory, (&state, outcome.clone()), &again, &nothing).await;
    if let Outcome::Refusal(refusal) = &outcome {
        say!("{}", offline_way(&args.pool, refusal, &request));
    }
    exit
}

/// Prints what was decided.
fn show(pool: &PoolArgs, outcome: &Outcome, request: &Request, again: &str, nothing: &str) -> Exit {
    match outcome {
        Outcome::Plan(plan) => {
            answer!("{}", render::plan(plan, again));
            Exit::Done
        }
        Outcome::NothingToDo => {
            answer!("{nothing}");
            Exit::Done
        }
        Outcome::Refusal(refusal) => {
            answer!("{}{}", render::refusal(refusal, again), offline_way(pool, refusal, request));
            Exit::Refused
        }
    }
}

/// Says what makes no sense before any host is asked.
fn unfit(inventory: &Inventory, request: &Request) -> Option<Exit> {
    let named =
        |host: &&HostName| !inventory.servers.contains_key(*host) && !inventory.clients.contains_key(*host);
    let (problem, hint) = if let Some(host) = request.only.iter().find(named) {
        (format!("`{host}` is no server and no client of the inventory"), "name hosts as the inventory does")
    } else if request.procedure == Procedure::Offline && !request.only.is_empty() {
        let problem = "within a downtime all servers go back together".to_owned();
        (
            problem,
            "leave the names of hosts out; a downtime is what the upgrade had, or what --offline asks for",
        )
    } else {
        return None;
    };
    sayln!("error: {problem}\nhint: {hint}");
    Some(Exit::Usage)
}

/// Reads the way back from the journals of these servers.
fn known(pool: &PoolArgs, inventory: &Inventory) -> Result<Option<WayBack>, JournalError> {
    let names: BTreeSet<&HostName> = inventory.servers.keys().collect();
    let mut runs = Vec::new();
    // Every run is looked at, the newest first, and none is chosen: what the way back is, they tell together.
    journal::latest(&pool.state_folder(), |progress| {
        if names == servers_of(&progress.plan) {
            runs.push(progress.clone());
        }
        false
    })?;
    Ok(plan::way_back(&runs))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::Timestamp;

    use super::*;
    use crate::core::event::Event;
    use crate::core::plan::Plan;
    use crate::core::sample::{inventory, replica_3, request};
    use crate::journal::Journal;

    fn journal(folder: &Path, plan: &Plan, second: i64) {
        let at = Timestamp::from_second(second).unwrap();
        let mut journal = Journal::create(folder, plan.to, at).unwrap();
        let plan = Box::new(plan.clone());
        journal.append(Event::RunStarted { version: "0".into(), pool: "p".into(), plan }).unwrap();
    }

    #[test]
    fn the_journal_tells_where_to_and_what_is_taken_up_next_is_the_way_back() {
        let folder = tempfile::tempdir().unwrap();
        let pool = PoolArgs { inventory: "pool.toml".into(), state_dir: Some(folder.path().to_owned()) };
        assert_eq!(known(&pool, &inventory(3)).unwrap(), None);

        let Outcome::Plan(up) = plan::plan(&inventory(3), &replica_3(), &request("11.1", &[])) else {
            panic!()
        };
        journal(folder.path(), &up, 1_000);
        let known_then = known(&pool, &inventory(3)).unwrap().unwrap();
        assert_eq!(known_then.to.to_string(), "10.3");
        assert_eq!(known(&pool, &inventory(2)).unwrap(), None, "a run of other servers");

        // The name of its folder has the smaller release; what counts is the time before it.
        let back = Plan { to: known_then.to, direction: Direction::Back, ..(*up).clone() };
        journal(folder.path(), &back, 2_000);
        let latest = |folder: &Path| journal::latest(folder, |_| true).unwrap().unwrap().1;
        assert_eq!(latest(folder.path()).plan.direction, Direction::Back, "no longer the upgrade");
        assert_eq!(known(&pool, &inventory(3)).unwrap(), Some(known_then));
    }

    #[test]
    fn the_command_that_is_named_asks_for_the_same_way_back() {
        let pool = PoolArgs { inventory: "pool.toml".into(), state_dir: None };
        let request = Request {
            direction: Direction::Back,
            only: BTreeSet::from(["g2".parse().unwrap()]),
            keep_op_version: true,
            ..request("10.3", &["OPTION_SET_SINCE:vol0"])
        };
        let named = pool.command("plan", &request);
        assert_eq!(named, "executor rollback -i pool.toml --to 10.3 --waive OPTION_SET_SINCE:vol0 g2");
    }
}
