//! Checks of single servers.

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, Release};
use super::super::pool::{HostState, PoolState, Processes, Reach, Unreachable};

/// Returns a host's state, or the finding that it was not looked at.
fn state_of<'a>(state: &'a PoolState, host: &HostName) -> Result<&'a HostState, Finding> {
    state.hosts.get(host).ok_or_else(|| {
        Finding::unknown(Code::NotObserved, Subject::Host(host.clone()), "this server was not looked at")
    })
}

/// Returns the finding of an unreachable host.
pub(super) fn unreached(host: &HostName, reach: &Reach) -> Option<Finding> {
    match reach {
        Reach::Reached => None,
        Reach::NotReached { cause, reason } => {
            let code = match cause {
                Unreachable::HostKeyUnknown => Code::HostKeyUnknown,
                Unreachable::HostKeyChanged => Code::HostKeyChanged,
                Unreachable::PermissionDenied => Code::PermissionDenied,
                Unreachable::SudoRefused => Code::SudoRefused,
                Unreachable::NameNotResolved
                | Unreachable::Refused
                | Unreachable::Reset
                | Unreachable::TimedOut
                | Unreachable::Other => Code::HostUnreachable,
            };
            Some(Finding::seen(code, Subject::Host(host.clone()), reason.clone()))
        }
    }
}

/// Returns the findings of the hosts that were not reached and for want of which something could not be seen: of a
/// host's own for want of it, of the pool's for want of any server.
pub(super) fn wanted(state: &PoolState, findings: &[Finding]) -> Vec<Finding> {
    let is_wanted = |away: &Finding| findings.iter().any(|one| one.is_for_want_of(&away.subject));
    let are_servers_wanted = findings.iter().any(Finding::is_for_want_of_servers);
    let clients = state.clients.iter().filter_map(|(host, client)| unreached(host, &client.reach));
    let servers = reached(state).into_iter().filter(|away| are_servers_wanted || is_wanted(away));
    servers.chain(clients.filter(is_wanted)).collect()
}

pub(super) fn reached(state: &PoolState) -> Vec<Finding> {
    state.hosts.iter().filter_map(|(host, host_state)| unreached(host, &host_state.reach)).collect()
}

pub(super) fn at_release(state: &PoolState, host: &HostName, release: Release) -> Vec<Finding> {
    let subject = Subject::Host(host.clone());
    let found = match state.clients.get(host) {
        Some(client) => Ok(client.release.known()),
        None => state_of(state, host).map(|host_state| host_state.release.known()),
    };
    match found {
        Err(finding) => vec![finding],
        Ok(Ok(Some(found))) if *found == release => Vec::new(),
        Ok(Ok(Some(found))) => {
            vec![Finding::seen(Code::NotAtRelease, subject, format!("is at {found}, not at {release}"))]
        }
        Ok(Ok(None)) => vec![Finding::seen(Code::NotAtRelease, subject, "Gluster is not installed")],
        Ok(Err(reason)) => vec![Finding::unknown(Code::NotAtRelease, subject, reason)],
    }
}

/// Puts a question to a host's processes; the answer is what is wrong, if anything.
fn processes(
    state: &PoolState,
    host: &HostName,
    code: Code,
    wrong: impl FnOnce(&Processes) -> Option<String>,
) -> Vec<Finding> {
    let subject = Subject::Host(host.clone());
    match state_of(state, host).map(|host_state| host_state.processes.known()) {
        Err(finding) => vec![finding],
        Ok(Err(reason)) => vec![Finding::unknown(code, subject, reason)],
        Ok(Ok(processes)) => {
            wrong(processes).map(|what| Finding::seen(code, subject, what)).into_iter().collect()
        }
    }
}

pub(super) fn gluster_down(state: &PoolState, host: &HostName) -> Vec<Finding> {
    processes(state, host, Code::StillRunning, |found| {
        let Processes { glusterd, glusterfsd, glusterfs, fuse_mounts } = found;
        (!found.none()).then(|| {
            format!(
                "{glusterd} glusterd, {glusterfsd} glusterfsd, {glusterfs} glusterfs, {} mounts still there",
                fuse_mounts.len()
            )
        })
    })
}

pub(super) fn glusterd_down(state: &PoolState, host: &HostName) -> Vec<Finding> {
    processes(state, host, Code::GlusterdRunning, |found| {
        // A self-heal daemon that runs on would collide with the one that glusterd starts.
        let Processes { glusterd, glusterfsd: _, glusterfs, fuse_mounts: _ } = found;
        (glusterd + glusterfs > 0).then(|| format!("{glusterd} glusterd and {glusterfs} daemons of it run"))
    })
}

pub(super) fn glusterd_up(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let mut findings = processes(state, host, Code::GlusterdDown, |found| {
        (found.glusterd == 0).then(|| "glusterd does not run".to_owned())
    });
    // A process alone is not a service: it must answer its own CLI as well.
    if findings.is_empty()
        && let Ok(host_state) = state_of(state, host)
        && let Err(reason) = host_state.peers.known()
    {
        let subject = Subject::Host(host.clone());
        findings.push(Finding::unknown(Code::GlusterdDown, subject, format!("it does not answer: {reason}")));
    }
    findings
}

pub(super) fn bricks_running(state: &PoolState, host: &HostName, expected: u32) -> Vec<Finding> {
    processes(state, host, Code::BrickOffline, |found| {
        let glusterfsd = found.glusterfsd;
        (glusterfsd < expected).then(|| format!("{glusterfsd} brick processes run, {expected} did before"))
    })
}

pub(super) fn nfs_lines_gone(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let subject = Subject::Host(host.clone());
    match state_of(state, host).map(|host_state| host_state.stored_volumes.known()) {
        Err(finding) => vec![finding],
        Ok(Err(reason)) => vec![Finding::unknown(Code::NfsOptionsDropped, subject, reason)],
        Ok(Ok(volumes)) => volumes
            .iter()
            .flat_map(|(name, stored)| stored.nfs_lines().map(move |line| format!("{name} stores `{line}`")))
            .map(|what| Finding::seen(Code::NfsOptionsDropped, subject.clone(), what))
            .collect(),
    }
}
