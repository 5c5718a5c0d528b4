//! What geo-replication asks before an upgrade: sessions that copy, what they run on, which pool comes first.

use std::collections::{BTreeMap, BTreeSet};

use super::super::finding::{Code, Finding, Subject};
use super::super::georep::{PoolRole, Session, SessionName, SyncTools, WorkerStatus};
use super::super::names::{HostName, Release, VolumeName};
use super::super::pool::{Observed, PoolState, Volume};
use super::volume::bricks_but;

/// What may stand in the way of an upgrade to `to` where geo-replication is in use.
///
/// `half_done`: servers were upgraded to it already, so a session that is stopped was stopped for that. `without`: the
/// server that is out by now, and whose workers are in no status.
pub(crate) fn geo_replication(
    state: &PoolState,
    to: Release,
    half_done: bool,
    without: Option<&HostName>,
) -> Vec<Finding> {
    let sessions = match state.sessions.known() {
        Ok(sessions) => sessions,
        Err(reason) => return vec![Finding::unknown(Code::NotObserved, Subject::Pool, reason)],
    };
    let mut findings = Vec::new();
    for session in sessions {
        let subject = Subject::Volume(session.name.primary.clone());
        if !(half_done && session.is_stopped()) {
            findings.extend(well(state, session, without));
        }
        findings.extend(rsync(state, session));
        if behind(state, to) {
            findings.extend(secondary_first(state, &session.name, &subject, to));
        }
    }
    findings.extend(primaries(state, half_done));
    let in_use = !sessions.is_empty()
        || state.other_pools.iter().any(|pool| pool.role == PoolRole::Primary)
        || state.hosts.values().any(|host| host.sync_tools.known().is_ok_and(|tools| tools.receiving > 0));
    if in_use {
        let tools = state.hosts.iter().map(|(host, state)| (host, &state.sync_tools));
        findings.extend(tools.filter_map(|(host, tools)| python(host, tools, to)));
    }
    if !sessions.is_empty() {
        findings.extend(converters(state, to));
    }
    findings
}

/// Every session copies: what an upgrade stopped is started again.
pub(crate) fn sessions_run(state: &PoolState) -> Vec<Finding> {
    match state.sessions.known() {
        Ok(sessions) => sessions.iter().flat_map(|session| well(state, session, None)).collect(),
        Err(reason) => vec![Finding::unknown(Code::NotObserved, Subject::Pool, reason)],
    }
}

fn behind(state: &PoolState, to: Release) -> bool {
    state.hosts.values().any(|host| !host.release.known().is_ok_and(|release| *release == Some(to)))
}

fn volume_of<'a>(state: &'a PoolState, name: &VolumeName) -> Option<&'a Volume> {
    state.volumes.known().ok()?.get(name).map(|volume| &volume.volume)
}

/// Every worker is Active or Passive, and every replica set of the volume has one that is Active: on another server where
/// the one that had it is out, since a Passive one takes over.
fn well(state: &PoolState, session: &Session, without: Option<&HostName>) -> Vec<Finding> {
    let subject = || Subject::Volume(session.name.primary.clone());
    let to = &session.name.secondary;
    let mut findings = not_copying(session);
    if !findings.is_empty() {
        return findings;
    }
    let Some(volume) = volume_of(state, &session.name.primary) else {
        let what = format!("the session to {to}: its volume was not seen");
        return vec![Finding::unknown(Code::GeorepNotHealthy, subject(), what)];
    };
    let out = without.and_then(|host| state.uuid_of(host));
    let there = session.workers.iter().filter(|worker| out.is_none() || worker.peer.as_ref() != out);
    let (workers, bricks) = (there.count(), bricks_but(state, volume, without).count());
    if workers != bricks {
        let what = format!("the session to {to} has {workers} workers for {bricks} bricks");
        findings.push(Finding::unknown(Code::GeorepNotHealthy, subject(), what));
    }
    let copied = |set: &&[super::super::pool::BrickOf]| {
        set.iter().any(|brick| {
            session.workers.iter().any(|worker| {
                worker.status == WorkerStatus::Active
                    && worker.peer.as_ref() == Some(&brick.peer)
                    && worker.brick == brick.brick.path.as_str()
            })
        })
    };
    for set in volume.sets().iter().filter(|set| !copied(set)) {
        let bricks: Vec<String> = set.iter().map(|brick| brick.brick.to_string()).collect();
        let what = format!("the session to {to} copies none of {}", bricks.join(", "));
        findings.push(Finding::seen(Code::GeorepNotHealthy, subject(), what));
    }
    findings
}

/// Workers that are neither Active nor Passive, or none at all that is Active.
pub(super) fn not_copying(session: &Session) -> Vec<Finding> {
    let subject = Subject::Volume(session.name.primary.clone());
    let mut by_status: BTreeMap<&WorkerStatus, Vec<&str>> = BTreeMap::new();
    for worker in &session.workers {
        by_status.entry(&worker.status).or_default().push(&worker.node);
    }
    let to = &session.name.secondary;
    if by_status.is_empty() {
        let what = format!("the session to {to} has no workers");
        return vec![Finding::unknown(Code::GeorepNotHealthy, subject, what)];
    }
    let bad = by_status.iter().filter(|(status, _)| match status {
        WorkerStatus::Active | WorkerStatus::Passive => false,
        WorkerStatus::Stopped | WorkerStatus::Other(_) => true,
    });
    let words: Vec<String> = bad.map(|(status, nodes)| format!("{status} on {}", nodes.join(", "))).collect();
    if !words.is_empty() {
        let what = format!("the session to {to} is {}", words.join("; "));
        return vec![Finding::seen(Code::GeorepNotHealthy, subject, what)];
    }
    if !by_status.contains_key(&WorkerStatus::Active) {
        let what = format!("the session to {to} has no Active worker");
        return vec![Finding::seen(Code::GeorepNotHealthy, subject, what)];
    }
    Vec::new()
}

/// rsync from 3.5.0 on does not go through gsyncd's `/proc/PID/cwd` any more: it ends with 12, files arrive by name
/// and stay empty, the worker turns Faulty and Active again (tried with 10.3 and 11.1; tar over ssh works).
fn rsync(state: &PoolState, session: &Session) -> Vec<Finding> {
    let subject = || Subject::Volume(session.name.primary.clone());
    let by_rsync = match session.config.known() {
        Ok(config) => syncs_by_rsync(config),
        Err(reason) => {
            let what = format!("the sync method of the session to {}: {reason}", session.name.secondary);
            return vec![Finding::unknown(Code::GeorepRsyncTrap, subject(), what)];
        }
    };
    if !by_rsync {
        return Vec::new();
    }
    let judge = |(host, tools): (&HostName, &Observed<SyncTools>)| {
        let version = match tools.known().map(|tools| tools.rsync.as_deref()) {
            Ok(Some(version)) => version,
            // Then nothing is copied at all, which the session's status says.
            Ok(None) => return None,
            Err(reason) => {
                let what = format!("rsync's version on {host}: {reason}");
                return Some(Finding::unknown(Code::GeorepRsyncTrap, subject(), what));
            }
        };
        let what = format!("the session to {} copies by rsync, {version} on {host}", session.name.secondary);
        match numbers(version) {
            Some(numbers) if numbers >= (3, 5) => Some(Finding::seen(Code::GeorepRsyncTrap, subject(), what)),
            Some(_) => None,
            None => Some(Finding::unknown(Code::GeorepRsyncTrap, subject(), what)),
        }
    };
    state.hosts.iter().filter_map(|(host, state)| judge((host, &state.sync_tools))).collect()
}

/// rsync is the default; the other way is `sync_method tarssh`, up to 4.0 the switch `use_tarssh`
/// (gsyncd.conf.in at v10.3, gsyncd.py at v3.12.15).
fn syncs_by_rsync(config: &BTreeMap<String, String>) -> bool {
    let is = |key: &str, value: &str| config.get(key).is_some_and(|found| found.eq_ignore_ascii_case(value));
    !is("sync_method", "tarssh") && !is("use_tarssh", "true")
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    Some((parts.next()??, parts.next()??))
}

/// What gsyncd of a release runs on (its first lines, and calls that Python took away, at the tags):
///
/// * up to 4.1 Python 2; from 5.0 on Python 3;
/// * up to 9.2 it calls `Thread.isAlive`, gone from Python 3.9 (glusterfs issue 2440);
/// * up to 11.1 it calls `ConfigParser.readfp`, gone from Python 3.12 (issue 4403; seen with 10.3 and 11.1 on 3.13:
///   "Unable to get statefile's name").
pub(super) fn python(host: &HostName, tools: &Observed<SyncTools>, to: Release) -> Option<Finding> {
    let subject = Subject::Host(host.clone());
    let tools = match tools.known() {
        Ok(tools) => tools,
        Err(reason) => {
            return Some(Finding::unknown(
                Code::GeorepPython,
                subject,
                format!("Python's version: {reason}"),
            ));
        }
    };
    let seen = |what: String| Some(Finding::seen(Code::GeorepPython, subject.clone(), what));
    let is_before = |text: &str| text.parse::<Release>().is_ok_and(|release| to < release);
    if is_before("5.0") {
        return match tools.python2 {
            Some(_) => None,
            None => seen(format!("geo-replication of {to} needs Python 2, which is not here")),
        };
    }
    let Some(version) = &tools.python3 else {
        return seen(format!("geo-replication of {to} needs Python 3, which is not here"));
    };
    let Some(found) = numbers(version) else {
        return Some(Finding::unknown(Code::GeorepPython, subject, format!("Python's version `{version}`")));
    };
    let too_new = if is_before("9.3") { Some((3, 9)) } else { Some((3, 12)).filter(|_| is_before("11.2")) };
    match too_new {
        Some(limit) if found >= limit => {
            let (major, minor) = limit;
            seen(format!(
                "geo-replication of {to} breaks on Python {major}.{minor} and later; here is {version}"
            ))
        }
        Some(_) | None => None,
    }
}

/// All servers of the secondary run the target, or later: they are upgraded before their primary.
fn secondary_first(state: &PoolState, session: &SessionName, subject: &Subject, to: Release) -> Vec<Finding> {
    let far = &session.secondary;
    let pool =
        state.other_pools.iter().find(|pool| pool.role == PoolRole::Secondary && pool.is_called(&far.host));
    let Some(pool) = pool else {
        let what = format!("the session to {far}: `{}` is in no pool that the inventory names", far.host);
        return vec![Finding::seen(Code::GeorepSecondaryUnknown, subject.clone(), what)];
    };
    let file = pool.inventory.display();
    let unknown = |what: String| Finding::unknown(Code::GeorepSecondaryFirst, subject.clone(), what);
    let mut findings = Vec::new();
    for (host, other) in &pool.hosts {
        match other.release.known() {
            Ok(Some(release)) if *release >= to => {}
            Ok(Some(release)) => {
                let what = format!(
                    "{host} of the secondary pool ({file}) runs {release}: \
                     upgrade that pool first, `executor run -i {file} --to {to}`"
                );
                findings.push(Finding::seen(Code::GeorepSecondaryFirst, subject.clone(), what));
            }
            Ok(None) => findings.push(unknown(format!("{host} of {file} has no Gluster"))),
            Err(reason) => findings.push(unknown(format!("the release of {host} of {file}: {reason}"))),
        }
        if let Some(finding) = python(host, &other.sync_tools, to) {
            findings.push(finding);
        }
    }
    let counts: BTreeSet<usize> =
        pool.hosts.values().filter_map(|host| Some(host.peers.known().ok()?.count + 1)).collect();
    if counts.is_empty() {
        findings.push(unknown(format!("no server of {file} said how many it has for peers")));
    } else if counts.iter().any(|count| *count != pool.hosts.len()) {
        let what = format!("{file} names {} servers; the pool has another number", pool.hosts.len());
        findings.push(unknown(what));
    }
    findings
}

/// Where this pool is a secondary, the sessions that write to it have to be known, so that they can be stopped.
fn primaries(state: &PoolState, half_done: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known = false;
    for pool in state.other_pools.iter().filter(|pool| pool.role == PoolRole::Primary) {
        let file = pool.inventory.display();
        match pool.sessions.known() {
            Ok(sessions) => {
                for session in sessions_to(state, sessions) {
                    known = true;
                    if !(half_done && session.is_stopped()) {
                        findings.extend(not_copying(session));
                    }
                }
            }
            Err(reason) => {
                known = true;
                let what = format!("the sessions of the primary pool ({file}): {reason}");
                findings.push(Finding::unknown(Code::GeorepNotHealthy, Subject::Pool, what));
            }
        }
    }
    if known {
        return findings;
    }
    for (host, host_state) in &state.hosts {
        let receiving = host_state.sync_tools.known().map_or(0, |tools| tools.receiving);
        if receiving > 0 {
            let what =
                "a geo-replication session of another pool writes here; it ought to be stopped meanwhile";
            findings.push(Finding::seen(Code::GeorepPrimaryUnknown, Subject::Host(host.clone()), what));
        }
    }
    findings
}

/// Returns those of a primary's sessions whose far end is a server of this pool, by any name it is known by.
pub(crate) fn sessions_to<'a>(
    state: &'a PoolState,
    sessions: &'a [Session],
) -> impl Iterator<Item = &'a Session> {
    let is_ours = |name: &HostName| {
        let mut as_peer = state.hosts.values().filter_map(|host| host.peers.known().ok()).flatten();
        let mut volumes = state.volumes.known().ok().into_iter().flat_map(BTreeMap::values);
        state.hosts.contains_key(name)
            || as_peer.any(|peer| peer.names.contains(name))
            || volumes.any(|volume| volume.volume.bricks.iter().any(|brick| brick.brick.host == *name))
    };
    sessions.iter().filter(move |session| is_ours(&session.name.secondary.host))
}

/// 8 keeps changelogs in directories by date; a script that no package brings moves them there (upgrade-to-8.md).
fn converters(state: &PoolState, to: Release) -> Vec<Finding> {
    let judge = |(host, state): (&HostName, &super::super::pool::HostState)| {
        let crosses = state.release.known().is_ok_and(|now| now.is_some_and(|now| converts(now, to)));
        if !crosses {
            return None;
        }
        let subject = Subject::Host(host.clone());
        match state.sync_tools.known().map(|tools| tools.converter.is_some()) {
            Ok(true) => None,
            Ok(false) => {
                let what = "glusterfs-georep-upgrade.py is not here; changelogs have to be converted for 8";
                Some(Finding::seen(Code::GeorepConverterMissing, subject, what))
            }
            Err(reason) => Some(Finding::unknown(Code::GeorepConverterMissing, subject, reason)),
        }
    };
    state.hosts.iter().filter_map(judge).collect()
}

/// Returns whether changelogs have to be converted on the way.
pub(crate) fn converts(from: Release, to: Release) -> bool {
    "8.0".parse::<Release>().is_ok_and(|changed| from < changed && to >= changed)
}
