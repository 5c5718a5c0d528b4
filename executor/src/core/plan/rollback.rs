//! The way back: packages down, one server at a time behind the same gates as on the way up, or all within a downtime.
//!
//! It is the operator's decision, by a command of its own, and it is open until the op-version is raised. Clients go
//! back first, since one that is newer than its servers is what must not stay; then the servers that are above the old
//! release. No geo-replication: a pool with a session is refused.
//!
//! What the later release has stored stays as it is. 10.3 and 11.1 read each other's files of volumes, but for what
//! [`STORED_SINCE`] names; a volume whose `nfs.` lines were deleted for 11 is one without Gluster NFS to 10.3 too
//! (`glusterd_nfssvc_need_start` in glusterd-nfs-svc.c, v10.3: absent counts as disabled).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::baseline::Configuration;
use super::super::check::{Check, look_all};
use super::super::finding::{Code, Finding, Subject};
use super::super::georep::PoolRole;
use super::super::inventory::Inventory;
use super::super::names::{HostName, OpVersion, Release, VolumeName};
use super::super::packages::{PackageOffer, own_command};
use super::super::pool::{HostState, Observed, PoolState, StoredVolume};
use super::super::release::{self, Jump, path};
use super::builder::Facts;
use super::preflight::{preflight, stored_nfs};
use super::{Outcome, Request, WayBack, choose};

/// Where a plan leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To a later release.
    #[default]
    Up,
    /// Back to the release from before an upgrade.
    Back,
}

impl Direction {
    /// Returns whether it leads a host with this release anywhere.
    pub(super) fn leads(self, now: Release, to: Release) -> bool {
        match self {
            Self::Up => now < to,
            Self::Back => now > to,
        }
    }
}

/// Lines of a stored volume that a release writes and an older one does not know: that drops them, its file differs from
/// its peers', and they reject each other. With the line of releases they came with.
///
/// What 11 writes of a volume that was restored from a snapshot: glusterd-store.h, v10.3 and v11.1. All others are options
/// that are new in a line and ask for an op-version that the line before has too (glusterd-volume-set.c, compared between
/// v7.9, v8.6, v9.2, v10.3 and v11.1); those that ask for a higher one raise it, and are past the point of no return.
const STORED_SINCE: [(&str, &str); 8] = [
    ("performance.quick-read-cache-invalidation", "8"),
    ("performance.io-cache-size", "9"),
    ("performance.quick-read-cache-size", "9"),
    ("performance.quick-read-cache-timeout", "9"),
    ("performance.write-behind-pass-through", "10"),
    ("snap_plugin", "11"),
    ("restored_from_snapname", "11"),
    ("restored_from_snapname_id", "11"),
];

/// From this line of releases on the files of a snapshot's bricks lack `device_path`, by which an older glusterd mounts
/// them (`gd_store_brick_snap_details_write` in glusterd-store.c, v10.3 and v11.1).
const SNAPSHOTS_SINCE: &str = "11";

/// Plans the way back of a pool to an older release, or says why there is none.
pub fn rollback(
    inventory: &Inventory,
    state: &PoolState,
    request: &Request,
    known: Option<&WayBack>,
) -> Outcome {
    let mut state = state.clone();
    let no_command = own_commands(inventory, &mut state, request);
    let mut found = preflight(&state, request);
    found.findings.extend(no_command);
    found.findings.extend(op_versions(&state, request.to));
    found.findings.extend(stored(&state, request));
    found.findings.extend(geo_replication(&state));
    if let Some(known) = known {
        found.findings.extend(set_since(&state, request.to, known));
        found.findings.extend(in_downtime(&state, known));
    }
    choose::decide(inventory, &state, request, found)
}

/// Puts the operator's own commands that go back in the place of those that go forward, and finds where one is missing: a
/// command that installs a later release mostly cannot install an older one over it.
fn own_commands(inventory: &Inventory, state: &mut PoolState, request: &Request) -> Vec<Finding> {
    let servers = state.hosts.iter_mut().map(|(host, found)| (host, &found.release, &mut found.offer));
    let clients = state.clients.iter_mut().map(|(host, found)| (host, &found.release, &mut found.offer));
    let mut findings = Vec::new();
    for (host, release, offer) in servers.chain(clients) {
        let Some((_, declared)) = inventory.hosts().find(|(name, _)| *name == host) else { continue };
        let Some(forward) = &declared.install else { continue };
        if let Some(argv) = &declared.install_back {
            let command = Some(own_command(argv, host, request.to));
            *offer = Observed::Known(PackageOffer { command, ..PackageOffer::default() });
        } else if request.moves(host, release) {
            let what = format!(
                "is upgraded by your own command {}, and the inventory has no `install_back`",
                forward.first().map_or("", String::as_str)
            );
            findings.push(Finding::seen(Code::InstallBackMissing, Subject::Host(host.clone()), what));
        }
    }
    findings
}

/// glusterd does not start with an op-version above its own highest (`glusterd_restore_op_version` in glusterd-store.c),
/// and none can be lowered. Every server has its own, so every one is asked.
fn op_versions(state: &PoolState, to: Release) -> Vec<Finding> {
    const CODE: Code = Code::OpVersionRaised;
    let most = release::max_op_version_of(to).unwrap_or_else(|| release::op_version_of(to));
    let look = |(host, found): (&HostName, &HostState)| {
        let subject = Subject::Host(host.clone());
        match found.glusterd_info.known() {
            Ok(info) if info.op_version <= most => None,
            Ok(info) => {
                let OpVersion(stored) = info.op_version;
                let what = format!("has op-version {stored} stored, and {to} starts with {most} at most");
                Some(Finding::seen(CODE, subject, what))
            }
            Err(reason) => Some(Finding::unknown(CODE, subject, reason)),
        }
    };
    state.hosts.iter().filter_map(look).collect()
}

/// What is stored that the old release would drop, or lack.
fn stored(state: &PoolState, request: &Request) -> Vec<Finding> {
    const CODE: Code = Code::StoredByNewer;
    let moving = state.hosts.iter().filter(|(host, found)| request.moves(host, &found.release));
    let crossed: BTreeSet<&str> = moving
        .filter_map(|(_, found)| found.release.known().ok().copied().flatten())
        .flat_map(|now| release::crossed(request.to, now))
        .map(|line| line.line.as_str())
        .collect();
    let mut findings = BTreeSet::new();
    for (host, found) in &state.hosts {
        let snapshots = found.system.stored.known().map_or(0, |stored| stored.snapshots.len());
        if snapshots > 0 && crossed.contains(SNAPSHOTS_SINCE) {
            let what = format!(
                "{snapshots} snapshot{}: {SNAPSHOTS_SINCE} leaves out where their bricks are, and {} cannot mount them",
                if snapshots == 1 { "" } else { "s" },
                request.to
            );
            findings.insert(Finding::seen(CODE, Subject::Host(host.clone()), what));
        }
        // That they cannot be read is a finding of the comparison.
        let Ok(volumes) = found.stored_volumes.known() else { continue };
        for (name, volume) in volumes {
            for key in newer_keys(volume, &crossed) {
                let what =
                    format!("`{key}` is stored, which {} drops: servers reject each other", request.to);
                findings.insert(Finding::seen(CODE, Subject::Volume(name.clone()), what));
            }
        }
    }
    findings.into_iter().collect()
}

fn newer_keys(volume: &StoredVolume, crossed: &BTreeSet<&str>) -> Vec<&'static str> {
    let keys: BTreeSet<&str> = volume.info.iter().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let newer = STORED_SINCE.iter().filter(|(key, since)| crossed.contains(since) && keys.contains(key));
    newer.map(|(key, _)| *key).collect()
}

/// A session is between two pools, and the primary would have to go back before its secondary.
fn geo_replication(state: &PoolState) -> Vec<Finding> {
    const CODE: Code = Code::GeorepNoWayBack;
    let mut findings = Vec::new();
    match state.sessions.known() {
        Ok(sessions) => findings.extend(sessions.iter().map(|session| {
            let what = format!("is geo-replicated to {}", session.name.secondary);
            Finding::seen(CODE, Subject::Volume(session.name.primary.clone()), what)
        })),
        Err(reason) => findings.push(Finding::unknown(CODE, Subject::Pool, reason)),
    }
    for pool in state.other_pools.iter().filter(|pool| pool.role == PoolRole::Primary) {
        let what = format!("the pool of {} is geo-replicated to this one", pool.inventory.display());
        findings.push(Finding::seen(CODE, Subject::Pool, what));
    }
    let receives = |found: &HostState| found.sync_tools.known().is_ok_and(|tools| tools.receiving > 0);
    findings.extend(state.hosts.iter().filter(|(_, found)| receives(found)).map(|(host, _)| {
        Finding::seen(CODE, Subject::Host(host.clone()), "receives files of a geo-replication session")
    }));
    findings
}

/// Options that were set since the upgrade began. One that needs a higher op-version raises it by itself
/// (`glusterd_op_set_volume` in glusterd-op-sm.c); any other that the old release does not know is dropped by it.
fn set_since(state: &PoolState, to: Release, known: &WayBack) -> Vec<Finding> {
    // That it is not known refuses in other words already.
    let Ok(now) = Configuration::of(state) else { return Vec::new() };
    let mut findings = Vec::new();
    for (name, lines) in &now.volumes {
        let subject = || Subject::Volume(name.clone());
        let Some(before) = known.configuration.volumes.get(name) else {
            let what = format!("was made since the upgrade began; {to} may not know all of its options");
            findings.push(Finding::seen(Code::OptionSetSince, subject(), what));
            continue;
        };
        let before: BTreeSet<&str> = before.iter().filter_map(|line| option_of(line)).collect();
        for option in lines.iter().filter_map(|line| option_of(line)).filter(|name| !before.contains(name)) {
            let what = format!("{option} was set since the upgrade began; {to} may not know it");
            findings.push(Finding::seen(Code::OptionSetSince, subject(), what));
        }
    }
    findings
}

/// Returns the option that a line of a configuration sets.
fn option_of(line: &str) -> Option<&str> {
    Some(line.strip_prefix("option ")?.split_once(": ")?.0)
}

/// Volumes that an unfinished run has stopped, of which this plan would not know that they are to be started.
fn in_downtime(state: &PoolState, known: &WayBack) -> Vec<Finding> {
    let is_stopped = |name: &&VolumeName| {
        state
            .volumes
            .known()
            .is_ok_and(|volumes| volumes.get(*name).is_some_and(|found| !found.volume.started))
    };
    let stopped = known.stopped.iter().filter(is_stopped);
    stopped
        .map(|name| {
            let what = "an unfinished run has stopped it for its downtime";
            Finding::seen(Code::DowntimeUnfinished, Subject::Volume(name.clone()), what)
        })
        .collect()
}

/// Judges the way back of every server: to a release from which a guide leads to the one it has.
pub(super) fn releases(state: &PoolState, request: &Request) -> Vec<Finding> {
    let to = request.to;
    let never = release::line_of(to).and_then(|line| line.never(to));
    let never = never.map(|never| format!("{to} {} ({})", never.why, never.source));
    let mut findings: Vec<Finding> =
        never.map(|what| Finding::seen(Code::ReleaseBroken, Subject::Pool, what)).into_iter().collect();
    for (host, found) in state.hosts.iter().filter(|(host, found)| request.moves(host, &found.release)) {
        let Some(now) = found.release.known().ok().copied().flatten() else { continue };
        let subject = Subject::Host(host.clone());
        let finding = match release::jump(to, now) {
            // A release never to stop at is one to leave.
            Jump::Allowed | Jump::Broken(_) => None,
            Jump::Backward => {
                let what = format!("runs {now}, which is older than {to}: there is no way back to it");
                Some(Finding::seen(Code::MixedReleases, subject, what))
            }
            Jump::UnknownLine => {
                let what = format!("runs {now}, which is in no release line that this tool knows");
                Some(Finding::seen(Code::ReleaseJump, subject, what))
            }
            Jump::NoGuide(from) => {
                let from = path::words(&from);
                let what = format!("runs {now}, to which the guide leads from {from}, not from {to}");
                Some(Finding::seen(Code::ReleaseJump, subject, what))
            }
        };
        findings.extend(finding);
    }
    findings
}

/// Servers that would go back and serve nothing any more, whatever runs there: none of their bricks is online. Such a one
/// is out already, and taking it back takes nothing from anybody.
pub(super) fn useless(state: &PoolState, request: &Request) -> Vec<HostName> {
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    let mut online: BTreeMap<&HostName, Vec<bool>> = BTreeMap::new();
    for host in
        state.hosts.iter().filter(|(host, found)| request.moves(host, &found.release)).map(|(host, _)| host)
    {
        let Some(uuid) = state.uuid_of(host) else { continue };
        for volume in volumes.values().filter(|volume| volume.volume.started) {
            let here = volume.volume.bricks.iter().filter(|brick| brick.peer == *uuid);
            // What is not known is not off.
            let is_online = |brick| match volume.bricks_online.known() {
                Ok(bricks) => bricks.get(brick).copied().unwrap_or(true),
                Err(_) => true,
            };
            online.entry(host).or_default().extend(here.map(|brick| is_online(&brick.brick)));
        }
    }
    let useless =
        |(_, bricks): &(&HostName, Vec<bool>)| !bricks.is_empty() && bricks.iter().all(|online| !online);
    online.into_iter().filter(useless).map(|(host, _)| host.clone()).collect()
}

/// Stored `nfs.` lines that some servers have and others have not, as an upgrade to 11 leaves them that was not prepared.
/// They are deleted everywhere, as on the way up, and all agree.
pub(super) fn nfs_options(state: &PoolState) -> Vec<Finding> {
    let agree = |ignoring_nfs| look_all([&Check::StoredVolumesAgree { ignoring_nfs }], state).is_empty();
    if agree(false) || !agree(true) {
        return Vec::new();
    }
    stored_nfs(state, "some servers have lost it, and would be rejected")
}

/// Returns what stays to be done: the servers that stay where they are.
pub(super) fn left_to_do(facts: &Facts<'_>) -> Vec<String> {
    let to = facts.request.to;
    let stay: Vec<String> = facts
        .servers
        .iter()
        .filter(|(host, now, _)| *now > to && !facts.moves(host, *now))
        .map(|(host, now, _)| format!("{host} ({now})"))
        .collect();
    if stay.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "servers that stay above {to}: {}. A pool of two releases is to be left soon: take them back too, or the others \
         forward again with `executor run`",
        stay.join(", ")
    )]
}
