//! Checks before the op-version is raised, which nothing in Gluster stops once it harms: the staging of
//! `cluster.op-version` leaves out the look at connected clients that any other option gets
//! (`glusterd_op_stage_set_volume` in glusterd-op-sm.c, 10.3).

use std::collections::BTreeSet;

use super::super::finding::{Code, Finding, Subject};
use super::super::names::OpVersion;
use super::super::pool::PoolState;
use super::volume::started;

/// The servers' own word for the newest op-version that all of them know is this one. 11.0 for one says 100000
/// of itself (glusterfs issue 4005): no arithmetic on release numbers tells.
pub(super) fn newest_op_version(state: &PoolState, expected: OpVersion) -> Vec<Finding> {
    const CODE: Code = Code::OpVersionUnsupported;
    match state.max_op_version.known() {
        // Before 3.10 nobody can be asked; glusterd refuses what it does not know.
        Ok(None) => Vec::new(),
        Ok(Some(newest)) if *newest == expected => Vec::new(),
        Ok(Some(newest)) => {
            let what = format!("the newest that all servers know is {newest}, not {expected}");
            vec![Finding::seen(CODE, Subject::Pool, what)]
        }
        Err(reason) => vec![Finding::unknown(CODE, Subject::Pool, reason)],
    }
}

/// Every connected client, the servers' own daemons among them, can speak the op-version.
pub(super) fn clients_speak(state: &PoolState, op_version: OpVersion) -> Vec<Finding> {
    const CODE: Code = Code::ClientTooOld;
    started(state, CODE, |volume| {
        let name = &volume.volume.name;
        match volume.client_op_versions.known() {
            Ok(clients) => clients
                .iter()
                .filter(|(_, speaks)| **speaks < op_version)
                .map(|(address, speaks)| {
                    let what = format!("is a client of {name} and speaks op-version {speaks} at most");
                    Finding::seen(CODE, Subject::Client(address.clone()), what)
                })
                .collect(),
            Err(reason) => vec![Finding::unknown(CODE, Subject::Volume(name.clone()), reason)],
        }
    })
}

/// How many clients a sentence names.
const NAMED: usize = 5;

/// Says which clients cannot follow the op-version yet, one finding a volume, for those who plan to raise it; but for
/// those at these addresses, whose release changes before.
pub(crate) fn clients_behind(
    state: &PoolState,
    op_version: OpVersion,
    changing: &BTreeSet<&str>,
) -> Vec<Finding> {
    const CODE: Code = Code::ClientTooOld;
    // Before 3.10 no client can be asked; a plan says so in words.
    if matches!(state.max_op_version.known(), Ok(None)) {
        return Vec::new();
    }
    started(state, CODE, |volume| {
        let subject = Subject::Volume(volume.volume.name.clone());
        let clients = match volume.client_op_versions.known() {
            Ok(clients) => clients,
            Err(reason) => return vec![Finding::unknown(CODE, subject, reason)],
        };
        let behind: Vec<String> = clients
            .iter()
            .filter(|(address, speaks)| **speaks < op_version && !changing.contains(address.as_str()))
            .map(|(address, speaks)| format!("{address} ({speaks})"))
            .collect();
        if behind.is_empty() {
            return Vec::new();
        }
        let more = match behind.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = behind[..behind.len().min(NAMED)].join(", ");
        let what = format!(
            "the op-version is raised to {op_version} at the end, for which clients are too old that no \
             step upgrades: {named}{more}; until somebody does, the last step waits and then halts; --keep-op-version \
             leaves it for later"
        );
        vec![Finding::seen(CODE, subject, what)]
    })
}
