//! Whether another run works on the pool.

use super::super::claim::Claim;
use super::super::finding::{Code, Finding, Subject};
use super::super::names::HostName;
use super::super::pool::{PoolState, Reach};

/// Finds the servers that are claimed by another run. The claims of runs whose journals are here are ours, where they were
/// made from here: whether one of those is alive is told by the lock beside the journals. A claim that was made from a
/// copy elsewhere is a stranger's.
pub(crate) fn claims(state: &PoolState) -> Vec<Finding> {
    let reached = state.hosts.iter().filter(|(_, found)| found.reach == Reach::Reached);
    let look = |(host, found): (&HostName, &super::super::pool::HostState)| match found.claim.known() {
        Ok(None) => None,
        Ok(Some(claim)) if state.before.own.contains(&claim.keeper()) => None,
        Ok(Some(claim)) => Some(claimed(host, claim)),
        Err(reason) => Some(Finding::unknown(Code::UpgradeClaimed, Subject::Host(host.clone()), reason)),
    };
    reached.filter_map(look).collect()
}

/// Returns the finding of a claim by another run.
pub(crate) fn claimed(host: &HostName, claim: &Claim) -> Finding {
    Finding::seen(Code::UpgradeClaimed, Subject::Host(host.clone()), claim.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::super::super::baseline::Before;
    use super::super::super::claim::{Keeper, RunId};
    use super::super::super::finding::Ground;
    use super::super::super::pool::{Observed, Unreachable};
    use super::super::super::sample::{change_host, host, replica_3};
    use super::*;

    fn claim() -> Claim {
        let id = RunId { run: "a".into(), since: "2025-11-24T14:12:00.5Z".parse().unwrap() };
        let keeper = Keeper { id, machine: "ops1".into(), journal: "/j".into() };
        Claim::new(keeper, "alice", "11.1".parse().unwrap(), "0".into())
    }

    #[test]
    fn free_servers_are_well_and_claimed_ones_name_who() {
        let mut state = replica_3();
        assert_eq!(claims(&state), []);
        change_host(&mut state, 2, |host| host.claim = Observed::Known(Some(claim())));
        let found = claims(&state);
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "UPGRADE_CLAIMED g2: claimed by alice@ops1 since 2025-11-24T14:12:00Z for the run a to 11.1 (journal there: /j)"
            ]
        );
        assert_eq!(found[0].subject, Subject::Host(host(2)));

        let mut found_by = |keeper: Keeper| {
            state.before = Arc::new(Before { own: BTreeSet::from([keeper]), ..Before::default() });
            claims(&state).len()
        };
        let own = claim().keeper();
        assert_eq!(found_by(own.clone()), 0, "its journal is here");
        let later = RunId { since: "2025-11-24T14:12:00.6Z".parse().unwrap(), ..own.id.clone() };
        assert_eq!(
            found_by(Keeper { id: later, ..own.clone() }),
            1,
            "a run of the same name and another start"
        );
        let elsewhere = Keeper { machine: "ops2".into(), ..own.clone() };
        assert_eq!(found_by(elsewhere), 1, "a copy of it goes on elsewhere");
        assert_eq!(found_by(Keeper { journal: "/copy".into(), ..own }), 1, "or beside it");
    }

    #[test]
    fn a_claim_that_cannot_be_read_is_unknown() {
        let mut state = replica_3();
        change_host(&mut state, 2, |host| host.claim = Observed::Unknown("garbled".into()));
        assert_eq!(claims(&state).iter().map(|one| one.ground).collect::<Vec<_>>(), [Ground::Unknown]);
        // One that was not reached is another finding.
        change_host(&mut state, 2, |host| {
            host.reach = Reach::NotReached { cause: Unreachable::TimedOut, reason: "no answer".into() };
        });
        assert_eq!(claims(&state), []);
    }
}
