//! What runs of this machine have left on the servers, where there is nothing to do: told, since it would keep every
//! other machine out; and how a run ends that has nothing left to do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::PoolArgs;
use super::drive::release_finished;
use super::last::{holder, last_run, name_of};
use super::run::pool_identity;
use super::say::say;
use crate::core::event::Event;
use crate::core::inventory::Inventory;
use crate::core::names::HostName;
use crate::core::plan::{Direction, Request};
use crate::core::pool::{HostState, PoolState};
use crate::core::resume::{self, Progress};
use crate::journal::{Journal, JournalError, PoolLock};
use crate::render::{self, printable};

/// The last run of the pool, as far as it matters here.
#[derive(Debug)]
struct Last {
    /// Its name.
    name: String,
    /// Where its journal is.
    journal: String,
    /// Whether it came to its end.
    complete: bool,
    /// The command that takes it up.
    resume: String,
}

/// Says which servers runs of this machine still claim, and how that ends.
pub(super) fn mention(pool: &PoolArgs, inventory: &Inventory, state: &PoolState) {
    let folder = pool.state_folder();
    let last = last_run(&folder, inventory).ok().flatten().map(|(path, progress)| Last {
        name: name_of(&path),
        journal: path.display().to_string(),
        complete: progress.complete,
        resume: pool.commands(progress.plan.to).resume,
    });
    let held_by = pool_identity(state).and_then(|identity| holder(&folder, &identity));
    say!("{}", words(&claimed(state), last.as_ref(), held_by.as_deref()));
}

/// Ends the last run of these servers where the pool is by now what it was to become: in its journal, and by taking its
/// claims away. Whatever halts it would halt it for ever: somebody else raised the op-version, say, and a gate asks for the one
/// of the start. Returns its journal. Left as it is where it runs, was asked for something else, or stopped volumes that only
/// it starts again.
///
/// # Errors
/// Of the journal.
pub(super) async fn end_unfinished(
    pool: &PoolArgs,
    inventory: &Inventory,
    state: &PoolState,
    request: &Request,
) -> Result<Option<PathBuf>, JournalError> {
    let folder = pool.state_folder();
    let Some((path, progress)) = last_run(&folder, inventory)? else { return Ok(None) };
    let identity = pool_identity(state).filter(|identity| *identity == progress.pool);
    let Some(identity) = identity.filter(|_| is_reached(&progress, state, request)) else { return Ok(None) };
    if holder(&folder, &identity).is_some() {
        return Ok(None);
    }
    let _lock = PoolLock::take(&folder, &identity)?;
    // Read again under the lock: it may have gone on meanwhile.
    let (mut journal, records) = Journal::reopen(&path)?;
    let Some(progress) = resume::progress(&records).filter(|now| is_reached(now, state, request)) else {
        return Ok(None);
    };
    journal.append(Event::RunResumed { in_doubt: progress.in_doubt })?;
    journal.append(Event::RunFinished)?;
    if let Err(error) = release_finished(inventory, &path, &progress.plan).await {
        say!("{}", printable(format!("note: its claims are still there: {error:#}\n")));
    }
    Ok(Some(path))
}

/// Whether a run did not end that was asked for the same as this request, for which nothing is left to do.
fn is_reached(progress: &Progress, state: &PoolState, request: &Request) -> bool {
    let plan = &progress.plan;
    let stored = |host: &HostState| Some(host.glusterd_info.known().ok()?.op_version);
    !progress.complete
        && (plan.direction, plan.to, plan.clients_at_once)
            == (Direction::Up, request.to, request.clients_at_once)
        && state.hosts.values().all(|host| stored(host).is_some_and(|now| now >= plan.op_version_then))
        && !render::in_downtime(progress)
}

/// Returns the servers with a claim of a run whose journal is here, by that run's name.
fn claimed(state: &PoolState) -> BTreeMap<&str, Vec<&HostName>> {
    let mut claimed: BTreeMap<&str, Vec<&HostName>> = BTreeMap::new();
    for (host, found) in &state.hosts {
        if let Ok(Some(claim)) = found.claim.known()
            && state.before.own.contains(&claim.keeper())
        {
            claimed.entry(&claim.run).or_default().push(host);
        }
    }
    claimed
}

fn words(claimed: &BTreeMap<&str, Vec<&HostName>>, last: Option<&Last>, held_by: Option<&str>) -> String {
    if let Some(process) = held_by {
        return format!("note: a run of this pool is going on: {process} holds its lock.\n");
    }
    let mut text = Vec::new();
    if let Some(Last { journal, resume, complete: false, .. }) = last {
        text.push(format!("note: an earlier run did not end, though nothing is left to do ({journal})."));
        text.push(format!("      {resume} ends it; should that halt, this command with --yes does."));
    }
    for (run, hosts) in claimed {
        let hosts = hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>().join(", ");
        text.push(format!(
            "note: the run {run} still claims {hosts}: from another machine every run is refused."
        ));
        text.push(match last {
            Some(Last { name, resume, .. }) if name == run => format!("      {resume} takes the claim away."),
            Some(_) | None => {
                "      It is over: remove /var/lib/gluster-upgrade/claim.json there; a run from here replaces it."
                    .to_owned()
            }
        });
    }
    text.into_iter().map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use rstest::rstest;

    use super::*;
    use crate::core::baseline::Before;
    use crate::core::claim::{Claim, Keeper, RunId};
    use crate::core::pool::Observed;
    use crate::core::sample::{change_host, host, replica_3};

    const UNFINISHED: &str = "note: an earlier run did not end, though nothing is left to do (/j).\n      resume ends it; should that halt, this command with --yes does.\n";
    const CLAIMED: &str = "note: the run r still claims g1, g2: from another machine every run is refused.\n";
    const TAKES: &str = "      resume takes the claim away.\n";
    const OVER: &str =
        "      It is over: remove /var/lib/gluster-upgrade/claim.json there; a run from here replaces it.\n";
    const LIVE: &str = "note: a run of this pool is going on: process 7 holds its lock.\n";

    #[rstest]
    #[case::nothing(&[], Some(("r", true)), None, &[])]
    #[case::killed_before_its_claims_were_gone(&["g1", "g2"], Some(("r", false)), None, &[UNFINISHED, CLAIMED, TAKES])]
    #[case::killed_after_that(&[], Some(("r", false)), None, &[UNFINISHED])]
    #[case::ended_and_could_not_take_them_away(&["g1", "g2"], Some(("r", true)), None, &[CLAIMED, TAKES])]
    #[case::of_an_older_run(&["g1", "g2"], Some(("s", true)), None, &[CLAIMED, OVER])]
    #[case::alive(&["g1", "g2"], Some(("r", false)), Some("process 7"), &[LIVE])]
    fn what_is_left_is_told(
        #[case] hosts: &[&str],
        #[case] last: Option<(&str, bool)>,
        #[case] held_by: Option<&str>,
        #[case] expected: &[&str],
    ) {
        let hosts: Vec<HostName> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let claimed = BTreeMap::from([("r", hosts.iter().collect::<Vec<_>>())]);
        let claimed = if hosts.is_empty() { BTreeMap::new() } else { claimed };
        let last = last.map(|(name, complete)| Last {
            name: name.to_owned(),
            journal: "/j".to_owned(),
            complete,
            resume: "resume".to_owned(),
        });
        assert_eq!(words(&claimed, last.as_ref(), held_by), expected.concat());
    }

    #[test]
    fn only_what_is_seen_there_and_has_its_journal_here_is_ours() {
        let id = RunId { run: "r".to_owned(), since: "2025-11-24T14:12:00Z".parse().unwrap() };
        let keeper = Keeper { id, machine: "b".into(), journal: "/j".into() };
        let claim = Claim::new(keeper.clone(), "a", "11.1".parse().unwrap(), "0".into());
        let mut state = replica_3();
        change_host(&mut state, 2, |host| host.claim = Observed::Known(Some(claim)));
        assert_eq!(claimed(&state), BTreeMap::new(), "somebody else's");
        state.before = Arc::new(Before { own: BTreeSet::from([keeper]), ..Before::default() });
        assert_eq!(claimed(&state), BTreeMap::from([("r", vec![&host(2)])]));
    }
}
