//! Peers, from every server, with their exact state.
//!
//! One server's view is not enough: after a volume checksum came to differ, the two upgraded servers reject each
//! other while the old one calls both connected. `pool list` calls a rejected peer connected, too; `get-state` has
//! the state and the connection apart (glusterd-handler.c, `glusterd_get_state`).

use std::collections::{BTreeMap, BTreeSet};

use super::super::look::Look;
use super::super::verdict::Judge;
use super::super::{Baseline, Expected, Out, Stored, Verdict};
use super::Looks;

const AWAY: &str = "Peer in Cluster (Disconnected)";
const GOOD: &str = "Peer in Cluster (Connected)";
const REJECTED: &str = "Peer Rejected (Connected)";

/// Judges the peers of every server that serves. One that is out has to be a member still; one without power is not
/// connected, and of another that is out it does not matter.
pub(super) fn judge(looks: &Looks, expected: &Expected, baseline: &Baseline, judge: &mut Judge) {
    let mut uuids: BTreeMap<String, &str> = looks
        .iter()
        .filter_map(|(server, look)| Some((look.as_ref().ok()?.uuid().ok()?, server.as_str())))
        .collect();
    // One without power cannot tell who it is; it is who it was.
    uuids.extend(expected.out.keys().filter_map(|out| Some((baseline.uuid(out).ok()?, out.as_str()))));
    let good = |uuid: &str, state: &str| match uuids.get(uuid).and_then(|name| expected.out.get(*name)) {
        Some(Out::Down) => state == AWAY,
        Some(Out::NotServing) => state == AWAY || state == GOOD,
        None => state == GOOD || (state == REJECTED && expected.stored == Stored::Differing),
    };
    for (server, look) in looks.iter().filter(|(server, _)| !expected.out.contains_key(*server)) {
        let others: BTreeSet<&str> =
            looks.keys().map(String::as_str).filter(|other| *other != server.as_str()).collect();
        let expected = format!("{}: {GOOD}", others.iter().copied().collect::<Vec<_>>().join(", "));
        let (verdict, found) = match look.as_ref().map_err(Clone::clone).and_then(peers) {
            Err(reason) => (Verdict::Unknown, reason),
            Ok(peers) => compare(&peers, &others, &uuids, &good),
        };
        judge.assert("peers", server, verdict, expected, found);
    }
}

/// Returns each peer's exact state by UUID.
fn peers(look: &Look) -> Result<BTreeMap<String, String>, String> {
    let state = look.state()?;
    // Every state file names its own server; without it this is no state, and no peers would not mean none.
    if !state.contains_key("op-version") {
        return Err("get-state printed no state".to_owned());
    }
    let uuids = state.iter().filter(|(key, _)| key.starts_with("Peer") && key.ends_with(".uuid"));
    uuids
        .map(|(key, uuid)| {
            let peer = key.trim_end_matches("uuid");
            let value = |name: &str| state.get(format!("{peer}{name}").as_str()).copied();
            match (value("state"), value("connected")) {
                (Some(state), Some(connected)) => Ok(((*uuid).to_owned(), format!("{state} ({connected})"))),
                _ => Err(format!("get-state has no state of {peer}")),
            }
        })
        .collect()
}

/// Compares one server's peers with all other servers.
fn compare(
    peers: &BTreeMap<String, String>,
    others: &BTreeSet<&str>,
    uuids: &BTreeMap<String, &str>,
    good: &dyn Fn(&str, &str) -> bool,
) -> (Verdict, String) {
    let name = |uuid: &String| uuids.get(uuid).map_or_else(|| uuid.clone(), |name| (*name).to_owned());
    let bad: Vec<String> = peers
        .iter()
        .filter(|(uuid, state)| !good(uuid, state))
        .map(|(uuid, state)| format!("{}: {state}", name(uuid)))
        .collect();
    if !bad.is_empty() {
        return (Verdict::Fail, bad.join("; "));
    }
    if peers.len() != others.len() {
        return (Verdict::Fail, format!("{} peers instead of {}", peers.len(), others.len()));
    }
    let named: BTreeSet<&str> = peers.keys().filter_map(|uuid| uuids.get(uuid).copied()).collect();
    if named == *others {
        let each: BTreeSet<&str> = peers.values().map(String::as_str).collect();
        let each = each.into_iter().collect::<Vec<_>>().join(" or ");
        return (Verdict::Pass, format!("{} peers, each {each}", peers.len()));
    }
    if uuids.len() <= others.len() {
        // Some server's own UUID could not be read, so a peer may well be that server.
        return (Verdict::Unknown, "a peer with a UUID that no readable server has".to_owned());
    }
    (Verdict::Fail, format!("peers are {}", peers.keys().map(name).collect::<Vec<String>>().join(", ")))
}
