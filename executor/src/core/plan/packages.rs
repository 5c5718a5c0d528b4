//! Packages in a plan: fetched on every host before the first one is touched, and shown with all that moves.

use super::super::check::Check;
use super::super::names::{HostName, Release};
use super::super::packages::{PackageOffer, Transaction};
use super::super::pool::PoolState;
use super::{Action, Gate};

/// How long to wait for a host to answer before its packages are fetched.
const REACH_PATIENCE_SECONDS: u64 = 120;

/// Returns the step that fetches a host's packages and installs nothing. None where the operator's own command
/// installs: what it needs is its own matter.
pub(super) fn fetch(host: &HostName, release: Release, offer: &PackageOffer) -> Option<Action> {
    let PackageOffer { version, command, .. } = offer;
    match (command, version) {
        (Some(_), _) | (None, None) => None,
        (None, Some(version)) => {
            Some(Action::Fetch { host: host.clone(), release, version: version.clone() })
        }
    }
}

/// Returns the step that installs the release on a host, by its package manager or the operator's own command.
pub(super) fn install(host: &HostName, release: Release, offer: &PackageOffer) -> Action {
    let host = host.clone();
    match &offer.command {
        Some(argv) => Action::InstallBy { host, release, argv: argv.clone() },
        None => Action::Install { host, release, version: offer.version.clone().unwrap_or_default() },
    }
}

/// Returns the gate before and after a fetch: it changes nothing but the package manager's cache.
pub(super) fn fetch_gate() -> Gate {
    Gate { checks: vec![Check::Reached], patience_seconds: REACH_PATIENCE_SECONDS, settle: 1 }
}

/// Returns what installing moves on these hosts, those that are alike together.
pub(super) fn transactions<'a>(
    state: &PoolState,
    hosts: impl IntoIterator<Item = &'a HostName>,
) -> Vec<Transaction> {
    let mut transactions: Vec<Transaction> = Vec::new();
    for host in hosts {
        let Some(Ok(offer)) = state.hosts.get(host).map(|host| host.offer.known()) else { continue };
        match transactions.iter_mut().find(|transaction| alike(&transaction.offer, offer)) {
            Some(transaction) => transaction.hosts.push(host.clone()),
            None => transactions.push(Transaction { hosts: vec![host.clone()], offer: offer.clone() }),
        }
    }
    transactions
}

/// Two of the operator's commands are alike, though their arguments name different hosts.
fn alike(one: &PackageOffer, other: &PackageOffer) -> bool {
    match (&one.command, &other.command) {
        (Some(one), Some(other)) => one.first() == other.first(),
        (None, None) => one == other,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
