//! The status of all volumes as two servers see it: what one of them alone believes is not so.

use std::collections::BTreeMap;

use super::{ask, nobody_to_ask, runs};
use crate::core::names::{HostName, VolumeName};
use crate::core::pool::{HostState, Observed};
use crate::gluster::replies::VolumeStatus;
use crate::gluster::{commands, replies};
use crate::transport::Transport;

type Statuses = BTreeMap<VolumeName, VolumeStatus>;

/// Asks the first server on which glusterd runs, and the last one where that is another: in a pool of two
/// releases these are mostly one of each. A brick whose own glusterd went down can sign in at another
/// server's, so that one server calls it online and another does not (glusterfs issue 2480, up to 9.4).
pub(super) async fn volume_status(
    transport: &dyn Transport,
    hosts: &BTreeMap<HostName, HostState>,
) -> Observed<Statuses> {
    let mut up = hosts.iter().filter(|(_, state)| runs(state)).map(|(host, _)| host);
    let Some(first) = up.next() else { return Observed::Unknown(nobody_to_ask(hosts).to_owned()) };
    let status = ask(transport, first, commands::volume_status(), replies::volume_status).await;
    // One after the other: the question takes the pool's lock.
    let Some(second) = up.next_back() else { return status };
    let other = ask(transport, second, commands::volume_status(), replies::volume_status).await;
    match (status, other) {
        (Observed::Known(status), Observed::Known(other)) => Observed::Known(both(status, &other)),
        (Observed::Unknown(reason), _) => Observed::Unknown(format!("asked of {first}: {reason}")),
        (_, Observed::Unknown(reason)) => Observed::Unknown(format!("asked of {second}: {reason}")),
    }
}

/// Returns what both say: online is what both call online, and what one of them does not mention is not there.
fn both(mut statuses: Statuses, other: &Statuses) -> Statuses {
    statuses.retain(|name, _| other.contains_key(name));
    for (name, status) in &mut statuses {
        let Some(other) = other.get(name) else { continue };
        agree(&mut status.bricks_online, &other.bricks_online);
        agree(&mut status.self_heal_daemons, &other.self_heal_daemons);
        let more = other.tasks.iter().filter(|task| !status.tasks.contains(task)).cloned();
        let more: Vec<_> = more.collect();
        status.tasks.extend(more);
    }
    statuses
}

fn agree<K: Ord>(online: &mut BTreeMap<K, bool>, other: &BTreeMap<K, bool>) {
    online.retain(|key, _| other.contains_key(key));
    for (key, online) in online {
        *online = *online && other.get(key).copied().unwrap_or(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(bricks: &[(&str, bool)]) -> VolumeStatus {
        VolumeStatus {
            bricks_online: bricks.iter().map(|(brick, online)| (brick.parse().unwrap(), *online)).collect(),
            self_heal_daemons: BTreeMap::new(),
            tasks: Vec::new(),
        }
    }

    fn statuses(bricks: &[(&str, bool)]) -> Statuses {
        BTreeMap::from([("v".parse().unwrap(), status(bricks))])
    }

    #[test]
    fn online_is_what_both_call_online() {
        let first = statuses(&[("g1:/b", true), ("g2:/b", true), ("g3:/b", true), ("g4:/b", false)]);
        let second = statuses(&[("g1:/b", true), ("g2:/b", false), ("g4:/b", true), ("g5:/b", true)]);
        let expected = statuses(&[("g1:/b", true), ("g2:/b", false), ("g4:/b", false)]);
        assert_eq!(both(first, &second), expected, "what one does not mention is not there");
        assert_eq!(both(statuses(&[("g1:/b", true)]), &BTreeMap::new()), BTreeMap::new());
    }
}
