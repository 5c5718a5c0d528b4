//! Checks of hosts themselves: packages, processes, glusterd's files, clocks.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, Release};
use super::super::pool::{HostState, Observed, PoolState};
use super::super::system::{Daemon, InstalledPackages, Role};

/// How far two servers' clocks may be apart. Any clock that is kept by NTP is within a second; certificates, logs
/// and the times of files that are compared between servers suffer where it is more.
const SKEW_MS: i64 = 5000;

/// Libraries that later releases no longer have: libglusterd0 is gone in 11 (Debian's packages of 10.3 and 11.1).
const LEFT_BEHIND: [&str; 1] = ["libglusterd0"];

/// Whether the packages of a host are of one version and whole.
pub(crate) fn packages(host: &HostName, packages: &Observed<InstalledPackages>) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    let packages = match packages.known() {
        Ok(packages) => packages,
        Err(reason) => return vec![Finding::unknown(Code::PackagesMixed, subject(), reason)],
    };
    let mut findings = Vec::new();
    let mut by_version: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // Removing what nothing needs any more is the operator's: a library that the new release lacks stays behind.
    let left_behind = |name: &str| packages.installed.len() > 1 && LEFT_BEHIND.contains(&name);
    for (name, version) in packages.installed.iter().filter(|(name, _)| !left_behind(name)) {
        by_version.entry(version).or_default().push(name);
    }
    if by_version.len() > 1 {
        let each = by_version.iter().map(|(version, names)| format!("{version}: {}", names.join(", ")));
        let what = each.collect::<Vec<_>>().join("; ");
        findings.push(Finding::seen(Code::PackagesMixed, subject(), what));
    }
    for (name, status) in &packages.broken {
        let what = format!("{name} is {status}");
        findings.push(Finding::seen(Code::PackagesBroken, subject(), what));
    }
    findings
}

/// What the operator has changed in the configuration, which stays as it is.
pub(crate) fn edited(host: &HostName, packages: &Observed<InstalledPackages>) -> Vec<Finding> {
    let Ok(packages) = packages.known() else { return Vec::new() };
    if packages.edited.is_empty() {
        return Vec::new();
    }
    let files = packages.edited.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    vec![Finding::seen(Code::ConfigEdited, Subject::Host(host.clone()), files)]
}

/// Whether the processes of a host run the release that is installed there.
pub(crate) fn processes_current(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    let Some(host_state) = state.hosts.get(host) else {
        return vec![Finding::unknown(Code::NotObserved, subject(), "this server was not looked at")];
    };
    let daemons = match host_state.system.daemons.known() {
        Ok(daemons) => daemons,
        Err(reason) => return vec![Finding::unknown(Code::RunsOldCode, subject(), reason)],
    };
    let installed = match host_state.release.known() {
        Ok(Some(installed)) => *installed,
        // That nothing is installed is a finding of its own.
        Ok(None) => return Vec::new(),
        Err(reason) => return vec![Finding::unknown(Code::RunsOldCode, subject(), reason)],
    };
    let old = daemons.iter().filter_map(|daemon| outdated(daemon, installed));
    old.map(|what| Finding::seen(Code::RunsOldCode, subject(), what)).collect()
}

/// Tells what is outdated about a process. A mount is no daemon: it is looked at where clients are.
fn outdated(daemon: &Daemon, installed: Release) -> Option<String> {
    let Daemon { pid, role, subject, replaced, releases } = daemon;
    let name = match role {
        Role::Mount => return None,
        Role::Glusterd => "glusterd",
        Role::Brick => "brick",
        Role::SelfHeal => "self-heal daemon",
        Role::Quota => "quota daemon",
        Role::Bitrot | Role::Scrub => "bitrot daemon",
        Role::Nfs => "NFS server",
        Role::Snapshots => "snapshot daemon",
        Role::Rebalance => "rebalance",
        Role::Gsyncd => "gsyncd",
        Role::Events => "glustereventsd",
        Role::Other => "process",
    };
    let other: Vec<String> =
        releases.iter().filter(|release| **release != installed).map(ToString::to_string).collect();
    let runs = if other.is_empty() { String::new() } else { format!(", with code of {}", other.join(", ")) };
    (*replaced == Some(true) || !other.is_empty()).then(|| {
        let space = if subject.is_empty() { "" } else { " " };
        format!("{name}{space}{subject} (pid {pid}) was started before {installed} was installed{runs}")
    })
}

/// Whether glusterd could start again with the files it has, and no snapshot is halfway.
pub(crate) fn stored_files(state: &PoolState) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (host, host_state) in &state.hosts {
        let subject = || Subject::Host(host.clone());
        let stored = match host_state.system.stored.known() {
            Ok(stored) => stored,
            Err(reason) => {
                findings.push(Finding::unknown(Code::StoredFilesBroken, subject(), reason));
                continue;
            }
        };
        let empty = stored.empty.iter().map(|file| format!("{file} is empty"));
        let broken = stored.incomplete.iter().map(|path| format!("{path} lacks what makes it one"));
        findings
            .extend(empty.chain(broken).map(|what| Finding::seen(Code::StoredFilesBroken, subject(), what)));
        // `gd_snap_status` in glusterd.h, 3.6 to 11: 2 is in use, 5 is restored; all others are on their way.
        let halfway = stored.snapshots.iter().filter(|(_, status)| ![2, 5].contains(*status));
        findings.extend(halfway.map(|(name, status)| {
            let what = format!("snapshot {name} is being taken, deleted or restored (status {status})");
            Finding::seen(Code::SnapshotRunning, subject(), what)
        }));
    }
    findings
}

/// Whether the servers agree on the time.
pub(crate) fn clocks(state: &PoolState) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known = Vec::new();
    for (host, host_state) in &state.hosts {
        match host_state.system.clock.known() {
            Ok(clock) if clock.ahead_at_most_ms - clock.ahead_at_least_ms <= 2 * SKEW_MS => {
                known.push((host, clock));
            }
            Ok(clock) => {
                let seconds = (clock.ahead_at_most_ms - clock.ahead_at_least_ms) / 1000;
                let what = format!("it took {seconds} s to ask for its time");
                findings.push(Finding::unknown(Code::ClockSkew, Subject::Host(host.clone()), what));
            }
            Err(reason) => {
                findings.push(Finding::unknown(Code::ClockSkew, Subject::Host(host.clone()), reason));
            }
        }
    }
    let first = known.iter().min_by_key(|(_, clock)| clock.ahead_at_most_ms);
    if let Some((behind, slowest)) = first {
        for (host, clock) in &known {
            // What is certain: the least that one is ahead, the most that the other is.
            let apart = clock.ahead_at_least_ms - slowest.ahead_at_most_ms;
            if apart > SKEW_MS {
                let what = format!("its clock is {} s or more ahead of {behind}'s", apart / 1000);
                findings.push(Finding::seen(Code::ClockSkew, Subject::Host((*host).clone()), what));
            }
        }
    }
    findings
}

/// Whether the pool's op-version was raised after its last upgrade.
///
/// A pool that skips it runs in a way nobody has tested, and later changes of the store are all done at once
/// (generic upgrade procedure: the op-version is raised after every major upgrade).
pub(crate) fn op_version_current(state: &PoolState, to: Release) -> Vec<Finding> {
    let behind = state.hosts.values().filter_map(|host| host.release.known().ok().copied().flatten());
    let Some(oldest) = behind.filter(|now| *now != to).min() else { return Vec::new() };
    let stored: BTreeSet<_> =
        state.hosts.values().filter_map(|host| Some(host.glusterd_info.known().ok()?.op_version)).collect();
    let expected = oldest.line_op_version();
    match stored.first() {
        Some(found) if *found < expected => {
            let what = format!("is {found}, while {oldest} speaks {expected}");
            vec![Finding::seen(Code::OpVersionLow, Subject::Pool, what)]
        }
        Some(_) | None => Vec::new(),
    }
}

/// Whether bricks share processes, which is worth knowing: one that ends takes all the bricks of its server along.
pub(crate) fn multiplexed(state: &PoolState) -> Vec<Finding> {
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    let on = volumes.values().any(|volume| {
        let value = volume.volume.options.get("cluster.brick-multiplex").map(String::as_str);
        matches!(value, Some("on" | "enable" | "true" | "yes" | "1"))
    });
    let what = "cluster.brick-multiplex is on: all bricks of a server are one process";
    if on { vec![Finding::seen(Code::BricksMultiplexed, Subject::Pool, what)] } else { Vec::new() }
}

/// Whether Gluster's own NFS server runs where everything is going to be stopped. Its clients are in no list of Gluster's, and
/// each has one server: no copy elsewhere helps while that one is out.
pub(crate) fn gnfs(host: &HostName, state: &HostState) -> Option<Finding> {
    let daemons = state.system.daemons.known().ok()?;
    let runs = daemons.iter().any(|daemon| daemon.role == Role::Nfs);
    let what = "Gluster's NFS server runs here: clients that mounted from this server wait for as long as it is out, \
                and no list of Gluster's clients has them";
    runs.then(|| Finding::seen(Code::GnfsRuns, Subject::Host(host.clone()), what))
}
