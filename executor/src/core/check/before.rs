//! Checks that compare a look with an earlier one: with the start of the run, of the turn, or with the look
//! just before.

use super::super::baseline::{Baseline, Changed, Configuration, Noted};
use super::super::finding::{Code, Finding, Ground, Subject};
use super::super::names::HostName;
use super::super::pool::PoolState;
use super::super::system::Role;

/// Returns what was seen at the start, or the finding that nobody knows.
fn start(state: &PoolState, code: Code) -> Result<&Baseline, Finding> {
    let unknown = || Finding::unknown(code, Subject::Pool, "what was seen at the start is not known");
    state.before.start.as_ref().ok_or_else(unknown)
}

pub(super) fn configuration_unchanged(state: &PoolState) -> Vec<Finding> {
    const CODE: Code = Code::ConfigChanged;
    let start = match start(state, CODE) {
        Ok(start) => start,
        Err(finding) => return vec![finding],
    };
    let now = match Configuration::of(state) {
        Ok(now) => now,
        Err(reason) => return vec![Finding::unknown(CODE, Subject::Pool, reason)],
    };
    let finding = |Changed { volume, line }| {
        Finding::seen(CODE, volume.map_or(Subject::Pool, Subject::Volume), format!("`{line}`"))
    };
    start.configuration.changed(&now).into_iter().map(finding).collect()
}

/// The definitions alone: within a downtime the plan itself has stopped the volumes.
pub(super) fn definitions_unchanged(state: &PoolState) -> Vec<Finding> {
    let is_about_starting = |finding: &Finding| {
        finding.ground == Ground::Seen
            && ["`+ started: ", "`- started: "].iter().any(|words| finding.what.starts_with(words))
    };
    configuration_unchanged(state).into_iter().filter(|finding| !is_about_starting(finding)).collect()
}

pub(super) fn op_version_still(state: &PoolState) -> Vec<Finding> {
    const CODE: Code = Code::OpVersionChanged;
    let expected = match start(state, CODE) {
        Ok(start) => start.op_version,
        Err(finding) => return vec![finding],
    };
    let look = |(host, found): (&HostName, &super::super::pool::HostState)| {
        let subject = Subject::Host(host.clone());
        match found.glusterd_info.known() {
            Ok(info) if info.op_version == expected => None,
            Ok(info) => {
                let what = format!("has {} stored; it was {expected} at the start", info.op_version);
                Some(Finding::seen(CODE, subject, what))
            }
            Err(reason) => Some(Finding::unknown(CODE, subject, reason)),
        }
    };
    state.hosts.iter().filter_map(look).collect()
}

pub(super) fn clients_back(state: &PoolState) -> Vec<Finding> {
    match start(state, Code::ClientGone) {
        Ok(start) => super::volume::clients_back(state, &start.clients),
        Err(finding) => vec![finding],
    }
}

/// glusterd on every other server is the process that it was when the turn began: one that crashed and was
/// started again by systemd looks well, and is not (glusterfs issue 1407: 6.5 among 7.7).
pub(super) fn others_undisturbed(state: &PoolState, host: &HostName) -> Vec<Finding> {
    const CODE: Code = Code::GlusterdRestarted;
    let Some(noted) = &state.before.turn else {
        let what = "nothing was noted when the turn began";
        return vec![Finding::unknown(CODE, Subject::Pool, what)];
    };
    let mut findings = Vec::new();
    for (other, before) in noted.glusterd.iter().filter(|(other, _)| *other != host) {
        let subject = || Subject::Host(other.clone());
        let running = match state.hosts.get(other).map(|found| found.system.daemons.known()) {
            Some(Ok(running)) => running,
            Some(Err(reason)) => {
                findings.push(Finding::unknown(CODE, subject(), reason));
                continue;
            }
            None => {
                findings.push(Finding::unknown(CODE, subject(), "this server was not looked at"));
                continue;
            }
        };
        let pids: Vec<u32> =
            running.iter().filter(|found| found.role == Role::Glusterd).map(|found| found.pid).collect();
        if !pids.contains(before) {
            let now = pids.first().map_or("is gone".to_owned(), |pid| format!("is {pid} now"));
            let what = format!("its glusterd was {before} when {host}'s turn began, and {now}");
            findings.push(Finding::seen(CODE, subject(), what));
        }
    }
    findings
}

/// Brick processes are the same as in the look before this one. A brick that its health check or a crash ends
/// some moments after its start is online in between (glusterfs issues 2299, 4295).
pub(super) fn bricks_steady(state: &PoolState) -> Vec<Finding> {
    const CODE: Code = Code::BrickRestarted;
    let now = Noted::of(state);
    let mut findings = Vec::new();
    for (host, found) in &state.hosts {
        if let Err(reason) = found.system.daemons.known() {
            findings.push(Finding::unknown(CODE, Subject::Host(host.clone()), reason));
        }
    }
    // The first look of a wait has none before it: a gate with this check takes several, or stands right before one that
    // does, and asks it (`plan::settle`).
    let Some(last) = &state.before.last else { return findings };
    for (host, before) in &last.bricks {
        let Some(after) = now.bricks.get(host) else { continue };
        let gone: Vec<String> = before.difference(after).map(u32::to_string).collect();
        let new: Vec<String> = after.difference(before).map(u32::to_string).collect();
        if !gone.is_empty() || !new.is_empty() {
            let list = |pids: Vec<String>| if pids.is_empty() { "none".to_owned() } else { pids.join(", ") };
            let what = format!("brick processes gone: {}; new: {}", list(gone), list(new));
            findings.push(Finding::seen(CODE, Subject::Host(host.clone()), what));
        }
    }
    findings
}

/// What runs on the server is the release that was installed, not the one its processes were started from.
pub(super) fn runs_release(
    state: &PoolState,
    host: &HostName,
    release: super::super::names::Release,
) -> Vec<Finding> {
    const CODE: Code = Code::RunsOldCode;
    let subject = || Subject::Host(host.clone());
    let running = match state.hosts.get(host).map(|found| found.system.daemons.known()) {
        Some(Ok(running)) => running,
        Some(Err(reason)) => return vec![Finding::unknown(CODE, subject(), reason)],
        None => return vec![Finding::unknown(CODE, subject(), "this server was not looked at")],
    };
    running
        .iter()
        .filter(|daemon| !is_script(daemon.role))
        .filter_map(|daemon| {
            let called = format!("{} ({})", word(daemon.role), daemon.pid);
            let found: Vec<String> = daemon.releases.iter().map(ToString::to_string).collect();
            match (daemon.replaced, &found[..]) {
                (Some(true), _) => {
                    let what = format!("{called} runs a program that was replaced since it started");
                    Some(Finding::seen(CODE, subject(), what))
                }
                (_, []) => Some(Finding::unknown(
                    CODE,
                    subject(),
                    format!("{called} has nothing of Gluster's mapped"),
                )),
                (None, _) => Some(Finding::unknown(CODE, subject(), format!("the program of {called}"))),
                (Some(false), _) if daemon.releases.iter().all(|found| *found == release) => None,
                (Some(false), found) => {
                    let what = format!("{called} runs the code of {}", found.join(" and "));
                    Some(Finding::seen(CODE, subject(), what))
                }
            }
        })
        .collect()
}

/// Python programs have none of Gluster's translators mapped, whatever release they are of.
fn is_script(role: Role) -> bool {
    match role {
        Role::Gsyncd | Role::Events => true,
        Role::Glusterd
        | Role::Brick
        | Role::SelfHeal
        | Role::Quota
        | Role::Bitrot
        | Role::Scrub
        | Role::Nfs
        | Role::Snapshots
        | Role::Rebalance
        | Role::Mount
        | Role::Other => false,
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Glusterd => "glusterd",
        Role::Brick => "a brick process",
        Role::SelfHeal => "the self-heal daemon",
        Role::Quota => "the quota daemon",
        Role::Bitrot => "the bitrot signer",
        Role::Scrub => "the scrubber",
        Role::Nfs => "Gluster's NFS server",
        Role::Snapshots => "a snapshot daemon",
        Role::Rebalance => "a rebalance",
        Role::Mount => "a mount",
        Role::Gsyncd => "geo-replication",
        Role::Events => "the events daemon",
        Role::Other => "a process of Gluster's",
    }
}
