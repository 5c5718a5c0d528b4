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
        let on_server = state.hosts.get(host).map(|host| &host.offer);
        let offer = on_server.or_else(|| state.clients.get(host).map(|client| &client.offer));
        let Some(Ok(offer)) = offer.map(|offer| offer.known()) else { continue };
        let edited: Vec<String> = match state.hosts.get(host).map(|host| host.system.packages.known()) {
            Some(Ok(packages)) => packages.edited.iter().cloned().collect(),
            // It stands in the way of nothing: what the operator edited is kept in any case.
            Some(Err(_)) | None => Vec::new(),
        };
        let same = |seen: &&mut Transaction| alike(&seen.offer, offer) && seen.edited == edited;
        match transactions.iter_mut().find(same) {
            Some(transaction) => transaction.hosts.push(host.clone()),
            None => {
                let (hosts, offer) = (vec![host.clone()], offer.clone());
                transactions.push(Transaction { hosts, offer, edited });
            }
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

#[cfg(test)]
mod tests {
    use super::super::super::inventory::Inventory;
    use super::super::super::packages::PackageMove;
    use super::super::super::pool::Observed;
    use super::super::super::sample::{change_host, host, inventory, replica_3, request};
    use super::super::super::way::Way;
    use super::super::{Outcome, Plan, StageKind, plan};
    use super::*;
    use crate::render;

    fn planned(inventory: &Inventory, state: &PoolState) -> Plan {
        let wish = super::super::Request { clients_at_once: 0, ..request("11.1", &[]) };
        match plan(inventory, state, &wish) {
            Outcome::Plan(plan) => *plan,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_installing_moves_is_shown_host_by_host_where_they_differ() {
        let mut state = replica_3();
        change_host(&mut state, 2, |host| {
            host.offer = host.offer.clone().map(|offer| PackageOffer {
                also_changes: vec!["libc6".into(), "libssl3".into()],
                moves: vec![
                    PackageMove { package: "libglusterd0".into(), from: Some("10.3-5".into()), to: None },
                    PackageMove { package: "glusterfs-thin".into(), from: None, to: Some("11.1-6".into()) },
                ],
                ..offer
            });
            host.system.packages = host.system.packages.clone().map(|mut packages| {
                packages.edited.insert("/etc/glusterfs/glusterd.vol".into());
                packages
            });
        });
        change_host(&mut state, 3, |host| {
            let command = Some(vec!["/opt/up grade".into(), "11.1".into()]);
            host.offer = Observed::Known(PackageOffer { command, ..PackageOffer::default() });
        });
        let plan = planned(&inventory(3), &state);
        let text = render::plan(&plan, "executor run");
        let shown = text.split("what installing moves").skip(1).collect::<Vec<_>>();
        assert_eq!(shown.len(), 3, "{text}");
        for (part, words) in [
            (0, "on g1\n  10.3-1 -> 11.1-6: glusterfs-server\n"),
            (1, "go away (10.3-5), replaced by the others: libglusterd0"),
            (1, "new at 11.1-6: glusterfs-thin"),
            (1, "because Gluster needs them: libc6, libssl3"),
            (1, "you edited /etc/glusterfs/glusterd.vol: kept as it is"),
            (2, "on g3\n  by your own command"),
        ] {
            assert!(shown[part].contains(words), "no `{words}` in {}", shown[part]);
        }
        assert!(
            text.contains("install glusterfs 11.1 on g3 by your command: \"/opt/up grade\" 11.1\n"),
            "{text}"
        );
        // Its own command fetches for itself.
        let fetched: Vec<&HostName> = plan
            .steps()
            .filter(|step| matches!(step.action, Action::Fetch { .. }))
            .flat_map(|step| step.action.hosts())
            .collect();
        assert_eq!(fetched, [&host(1), &host(2)]);
    }

    #[test]
    fn the_server_that_the_program_runs_on_comes_last() {
        let mut inventory = inventory(3);
        inventory.servers.get_mut(&host(1)).unwrap().way = Way::Local;
        let plan = planned(&inventory, &replica_3());
        let turns: Vec<&StageKind> = plan
            .stages
            .iter()
            .map(|stage| &stage.kind)
            .filter(|kind| matches!(kind, StageKind::Turn(_)))
            .collect();
        assert_eq!(turns, [&StageKind::Turn(host(2)), &StageKind::Turn(host(3)), &StageKind::Turn(host(1))]);
    }
}
