//! Preflight: every finding about a pool before a plan is made, all at once.

use std::collections::{BTreeMap, BTreeSet};

use super::super::baseline::KnownEntries;
use super::super::check::{self, Check, look_all};
use super::super::finding::{Code, Finding, Ground, Subject, told_once};
use super::super::hazard;
use super::super::names::{HostName, Release, VolumeName};
use super::super::pool::{HostState, PoolState, VolumeKind};
use super::super::release::path::{self, Point};
use super::super::release::{self, Feature, Jump};
use super::stale::{Stale, stale};
use super::{Direction, Procedure, Request, rollback};

/// What preflight found.
pub(super) struct Preflight {
    /// What stands in the way, before waivers.
    pub(super) findings: Vec<Finding>,
    /// What the plan itself answers, by a step of its own.
    pub(super) answered: Vec<Finding>,
    /// What does not stand in the way, and is worth knowing.
    pub(super) advice: Vec<Finding>,
    /// The server that is out already, in a half-done upgrade.
    pub(super) out: Option<HostName>,
    /// Whether an upgrade to this target was begun and is not finished.
    pub(super) half_done: bool,
    /// Entries that no gate waits for.
    pub(super) known_entries: KnownEntries,
}

/// Puts every check to a pool.
pub(super) fn preflight(state: &PoolState, request: &Request) -> Preflight {
    let mut findings = look_all([&Check::Reached, &Check::Members], state);
    // A server that was not reached is one finding, not twenty; it is left out of all further questions,
    // and since it stands in the way already, nothing is decided without it.
    let reached = reached_part(state);
    findings.extend(installed(&reached));
    findings.extend(releases(&reached, request));

    let online = request.procedure == Procedure::Online;
    let out = only_one_out(&reached, request).unwrap_or_else(|several| {
        findings.extend(several);
        None
    });
    let answered = nfs_options(&reached, request);
    let outside = findings.iter().any(|finding| finding.code == Code::HostNotInPool);
    let mut of_pool = look_all(&pool_checks(out.as_ref(), !answered.is_empty()), &reached);
    // The peers are looked at there once more, from each server; who is no member was told above.
    of_pool.retain(|finding| !(outside && finding.code == Code::HostNotInPool));
    findings.extend(of_pool);
    // While a server is out, what is written waits for it: a backlog is then no finding but the reason
    // to go on, and no entry of it is a stale one.
    let stale = if out.is_none() { stale_entries(&reached, request) } else { Stale::default() };
    if out.is_none() {
        findings.extend(check::pending(&reached, &stale.known));
    }
    findings.extend(stale.findings);
    if online {
        findings.extend(volumes(&reached));
    }
    let half_done = out.is_some() || half_done(&reached, request.to);
    findings.extend(match request.direction {
        Direction::Up => check::geo_replication(&reached, request.to, half_done, out.as_ref()),
        // Refused altogether, by the way back itself.
        Direction::Back => Vec::new(),
    });
    findings.extend(match request.direction {
        Direction::Up => check::lost_since_unfinished(&reached),
        Direction::Back => Vec::new(),
    });
    findings.extend(systems(&reached, request, out.as_ref()));
    let hazards = hazard::look(&reached, request.to, online);
    findings.extend(hazards.refused);
    for (host, host_state) in &reached.hosts {
        if request.moves(host, &host_state.release) {
            if online {
                findings.extend(Check::OthersCanCarry { host: host.clone() }.look(&reached));
            }
            findings.extend(check::offer(host, &host_state.offer, &host_state.system.packages, request.to));
        }
    }
    if online && !answered.is_empty() {
        // All glusterds are down together for a moment, which is more than one server less.
        findings.extend(check::server_quorum(&reached, reached.hosts.len()));
        if let Some(host) = &out {
            let what = "it must run before the pool can be prepared";
            findings.push(Finding::seen(Code::GlusterdDown, Subject::Host(host.clone()), what));
        }
    }
    let (healed, findings) = healed_first(findings, &reached, request);
    let answered = [answered, healed].concat();
    let advice = [advice(&reached, request), hazards.noted].concat();
    Preflight { findings, answered, advice, out, half_done, known_entries: stale.known }
}

/// What does not stand in the way, and is worth knowing.
fn advice(state: &PoolState, request: &Request) -> Vec<Finding> {
    let servers = state.hosts.iter().map(|(host, found)| (host, &found.system.packages));
    let clients = state.clients.iter().filter(|_| request.clients_at_once > 0);
    let clients = clients.map(|(host, found)| (host, &found.system.packages));
    let edited = servers.chain(clients).flat_map(|(host, packages)| check::edited(host, packages));
    let moving = state.hosts.iter().filter(|(host, found)| request.moves(host, &found.release));
    let gnfs = moving.filter_map(|(host, found)| check::gnfs(host, found));
    let one_copy = match request.procedure {
        Procedure::Online => check::one_copy_is_written(state),
        Procedure::Offline => Vec::new(),
    };
    edited.chain(check::multiplexed(state)).chain(gnfs).chain(one_copy).collect()
}

/// Splits what is waiting to be healed from the other findings, all of them sorted, each once. Within a downtime it
/// is the plan's first step to heal; what cannot be healed halts it before anything stops.
fn healed_first(
    findings: Vec<Finding>,
    state: &PoolState,
    request: &Request,
) -> (Vec<Finding>, Vec<Finding>) {
    let heals_first = request.procedure == Procedure::Offline && taken_out(state, request).next().is_some();
    let is_healed = |finding: &Finding| {
        heals_first && finding.code == Code::HealPending && finding.ground == Ground::Seen
    };
    told_once(findings).into_iter().partition(is_healed)
}

/// What is asked of the hosts themselves: disks, packages, processes, names, clocks.
fn systems(state: &PoolState, request: &Request, out: Option<&HostName>) -> Vec<Finding> {
    let to = request.to;
    let mut findings = check::bricks(state);
    findings.extend(check::claims(state));
    findings.extend(check::stored_files(state));
    findings.extend(check::clocks(state));
    findings.extend(check::names(state));
    findings.extend(match request.direction {
        Direction::Up => check::op_version_current(state, to),
        // That it was not raised is what makes a way back.
        Direction::Back => Vec::new(),
    });
    for (host, host_state) in &state.hosts {
        // The packages of a server that is out may be halfway: installing them is what the plan goes on with.
        if out != Some(host) {
            let mut here = check::packages(host, &host_state.system.packages);
            here.extend(check::processes_current(state, host));
            // A server that goes back may do so because of these: all its packages are replaced, all its processes end.
            let mended = request.direction == Direction::Back && request.moves(host, &host_state.release);
            here.retain(|one| !(mended && matches!(one.code, Code::PackagesMixed | Code::RunsOldCode)));
            findings.extend(here);
        }
        if !request.moves(host, &host_state.release) {
            continue;
        }
        findings.extend(check::room(host, &host_state.system.directories));
        findings.extend(check::units_known(host, host_state));
        findings.extend(check::certificates(host, host_state, state, to));
        let here = host_state.system.bricks.known().map_or(0, |bricks| bricks.len());
        findings.extend(check::ports(host, host_state, here, to));
    }
    findings
}

/// The checks of the pool as a whole.
fn pool_checks(out: Option<&HostName>, preparing: bool) -> Vec<Check> {
    let without = out.cloned();
    vec![
        Check::PeersConnected { without: without.clone() },
        Check::StoredVolumesAgree { ignoring_nfs: preparing },
        Check::BricksOnline { without: without.clone() },
        Check::SelfHealDaemonsOnline { without: without.clone() },
        Check::ClientsOnEveryBrick { without: without.clone() },
        Check::NoSplitBrain { without },
        Check::NoTasks,
        Check::OpVersionsAgree,
    ]
}

/// The servers whose release is known and changes.
fn taken_out<'a>(state: &'a PoolState, request: &'a Request) -> impl Iterator<Item = &'a HostName> {
    let moves = |(host, found): &(&HostName, &HostState)| {
        found.release.known().is_ok() && request.moves(host, &found.release)
    };
    state.hosts.iter().filter(moves).map(|(host, _)| host)
}

/// The entries that are known as stale, next to the servers that are going to be out.
fn stale_entries(state: &PoolState, request: &Request) -> Stale {
    let taken_out: Vec<&HostName> = match request.procedure {
        Procedure::Online => taken_out(state, request).collect(),
        // All of them together, while nobody writes.
        Procedure::Offline => Vec::new(),
    };
    stale(state, &request.waivers, &taken_out)
}

/// Some servers run the target, and others do not yet, or the op-version is not raised.
fn half_done(state: &PoolState, to: Release) -> bool {
    let at_target = |host: &HostState| host.release.known().is_ok_and(|release| *release == Some(to));
    let raised = |host: &HostState| {
        host.glusterd_info.known().is_ok_and(|info| info.op_version >= release::op_version_of(to))
    };
    state.hosts.values().any(at_target) && !state.hosts.values().all(|host| at_target(host) && raised(host))
}

/// Returns the state without the servers that were not reached.
fn reached_part(state: &PoolState) -> PoolState {
    let mut reached = state.clone();
    reached.hosts.retain(|_, host_state| host_state.reach == super::super::pool::Reach::Reached);
    reached
}

/// Returns the server that is out already, which comes first. More than one, or any before a downtime, are findings.
fn only_one_out(state: &PoolState, request: &Request) -> Result<Option<HostName>, Vec<Finding>> {
    let online = request.procedure == Procedure::Online;
    let down: BTreeSet<HostName> = servers_out(state).into_iter().collect();
    let mut out = down.clone();
    match request.direction {
        Direction::Back if online => out.extend(rollback::useless(state, request)),
        Direction::Up | Direction::Back => {}
    }
    match &Vec::from_iter(out)[..] {
        [] => Ok(None),
        // A downtime begins with all servers in service: what is stopped then was served before.
        [host] if online && state.hosts.len() > 1 => Ok(Some(host.clone())),
        several => Err(several
            .iter()
            .map(|host| {
                let what = if down.contains(host) {
                    "glusterd does not run"
                } else {
                    "none of its bricks is online"
                };
                Finding::seen(Code::GlusterdDown, Subject::Host(host.clone()), what)
            })
            .collect()),
    }
}

/// Returns the servers on which glusterd does not run.
fn servers_out(state: &PoolState) -> Vec<HostName> {
    let out = |host: &HostState| {
        host.processes.known().is_ok_and(|processes| processes.glusterd == 0)
            && host.release.known().is_ok_and(Option::is_some)
    };
    state.hosts.iter().filter(|(_, state)| out(state)).map(|(host, _)| host.clone()).collect()
}

fn installed(state: &PoolState) -> Vec<Finding> {
    let look = |(host, host_state): (&HostName, &HostState)| {
        let subject = Subject::Host(host.clone());
        match host_state.release.known() {
            Ok(Some(_)) => None,
            Ok(None) => Some(Finding::seen(Code::GlusterNotInstalled, subject, "there is no `gluster` here")),
            Err(reason) => Some(Finding::unknown(Code::NotObserved, subject, reason)),
        }
    };
    state.hosts.iter().filter_map(look).collect()
}

/// Judges the jump of every server, and whether the mixture is one that an upgrade to this target leaves.
fn releases(state: &PoolState, request: &Request) -> Vec<Finding> {
    let to = match request.direction {
        Direction::Up => request.to,
        Direction::Back => return rollback::releases(state, request),
    };
    let found: Vec<(&HostName, Release)> = state
        .hosts
        .iter()
        .filter_map(|(host, state)| state.release.known().ok().copied().flatten().map(|now| (host, now)))
        .collect();
    let mut findings: Vec<Finding> = found
        .iter()
        .filter_map(|(host, now)| {
            let subject = Subject::Host((*host).clone());
            match release::jump(*now, to) {
                Jump::Allowed => None,
                Jump::Backward => {
                    let what = format!("runs {now}, which is later than {to}");
                    Some(Finding::seen(Code::ReleaseBackward, subject, what))
                }
                Jump::UnknownLine => {
                    let what =
                        format!("{to} is in no release line that this tool knows, which are 3.7 to 11");
                    Some(Finding::seen(Code::ReleaseJump, Subject::Pool, what))
                }
                Jump::NoGuide(from) => {
                    let from = path::words(&from);
                    let way = way(*now, to);
                    let what = format!("runs {now}; the guide to {to} starts from {from}{way}");
                    Some(Finding::seen(Code::ReleaseJump, subject, what))
                }
                Jump::Broken(why) => {
                    Some(Finding::seen(Code::ReleaseBroken, Subject::Pool, format!("{to} {why}")))
                }
            }
        })
        .collect();
    let starts: BTreeSet<Release> = found.iter().map(|(_, now)| *now).filter(|now| *now != to).collect();
    if starts.len() > 1 {
        let each: Vec<String> = found.iter().map(|(host, now)| format!("{host} {now}")).collect();
        findings.push(Finding::seen(Code::MixedReleases, Subject::Pool, each.join(", ")));
    }
    findings
}

/// Returns the way that the guides allow, as the end of a sentence.
fn way(now: Release, to: Release) -> String {
    match path::path(&Point::Exact(now), &Point::Exact(to)) {
        Ok(hops) => {
            let stops: Vec<String> = hops.iter().map(|hop| hop.to.to_string()).collect();
            format!("; the way is {now} → {}", stops.join(" → "))
        }
        Err(_) => String::new(),
    }
}

/// The guide: online only where all volumes of the pool are replicated.
fn volumes(state: &PoolState) -> Vec<Finding> {
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    volumes
        .values()
        .filter_map(|state| {
            let kind = match &state.volume.kind {
                VolumeKind::Replicate { .. } => return None,
                VolumeKind::Distribute => "distribute: each file is on one brick only",
                VolumeKind::Disperse { .. } => {
                    "disperse: the guide does not allow it to be upgraded while it serves"
                }
                VolumeKind::Other(words) => words,
            };
            let subject = Subject::Volume(state.volume.name.clone());
            Some(Finding::seen(Code::VolumeNotReplicated, subject, kind))
        })
        .collect()
}

/// Stored `nfs.` options in front of a target without gNFS.
///
/// A volume made on 10 or older stores `nfs.disable=on`; a release without gNFS leaves the line out when it
/// writes the file, and servers whose files differ reject each other at the next handshake (tried with 10.3
/// and 11.1; glusterfs issues 4016, 4386, 4409). Only the default, `nfs.disable=on`, is safe to delete.
fn nfs_options(state: &PoolState, request: &Request) -> Vec<Finding> {
    let to = match request.direction {
        Direction::Up => request.to,
        Direction::Back => return rollback::nfs_options(state),
    };
    let loses = state.hosts.values().any(|host| {
        host.release.known().is_ok_and(|now| now.is_some_and(|now| release::loses(Feature::Gnfs, now, to)))
    });
    if !loses {
        return Vec::new();
    }
    stored_nfs(state, &format!("{to} drops it, and servers reject each other"))
}

/// Finds the stored `nfs.` lines, whichever servers have them; `why` is what is wrong with having them.
pub(super) fn stored_nfs(state: &PoolState, why: &str) -> Vec<Finding> {
    let mut stored_on: BTreeMap<(&VolumeName, &str), Vec<&str>> = BTreeMap::new();
    for (host, host_state) in &state.hosts {
        let Ok(stored) = host_state.stored_volumes.known() else { continue };
        for (name, volume) in stored {
            for line in volume.nfs_lines() {
                stored_on.entry((name, line)).or_default().push(host.as_str());
            }
        }
    }
    let finding = |((name, line), hosts): ((&VolumeName, &str), Vec<&str>)| {
        let code = if nfs_is_off(line) { Code::NfsOptionsDropped } else { Code::NfsInUse };
        let what = format!("`{line}` is stored on {}; {why}", hosts.join(", "));
        Finding::seen(code, Subject::Volume(name.clone()), what)
    };
    stored_on.into_iter().map(finding).collect()
}

/// Returns whether the line says that gNFS is not used.
fn nfs_is_off(line: &str) -> bool {
    matches!(
        line,
        "nfs.disable=on" | "nfs.disable=true" | "nfs.disable=yes" | "nfs.disable=1" | "nfs.disable=enable"
    )
}
