//! Geo-replication in a plan: sessions are stopped before the first server is touched, and at the end started
//! and proved.
//!
//! A session lives on its primary pool. In the plan of the primary it is stopped and started there; in the plan of
//! a secondary, through a server of the primary that the inventory names.

use std::collections::{BTreeMap, BTreeSet};

use super::super::check::{Check, SessionBefore, converts, crawls, sessions_to};
use super::super::finding::{Code, Finding, Subject};
use super::super::georep::{PoolRole, Session, SessionName, WorkerStatus};
use super::super::names::{AbsolutePath, HostName, Release, VolumeName};
use super::super::pool::{HostState, PoolState, Reach};
use super::builder::{Builder, gate};
use super::{Action, Request, Stage, StageKind, Step};

/// How long workers may take to end, and to be seen so.
const STOP_PATIENCE_SECONDS: u64 = 300;

/// How long a session may take to come back: workers start after up to a minute, and crawl through what was written
/// meanwhile before they follow the changelog again.
const BACK_PATIENCE_SECONDS: u64 = 2 * 3600;

/// Looks in a row: a worker that fails is Active for some seconds first (tried: 15 s with a broken rsync).
const SETTLE_LOOKS: u32 = 5;

/// What a plan does about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    /// The server of the primary pool that is asked.
    via: HostName,
    /// How it was.
    before: SessionBefore,
    /// Its settings.
    config: Option<BTreeMap<String, String>>,
    /// Whether it runs, so that it has to be stopped.
    runs: bool,
    /// Whether it copied, or was stopped by an earlier run, so that it has to copy in the end.
    well: bool,
    /// Whether a file is to be sent through it.
    prove: bool,
}

/// Puts the stages of sessions around those of the servers; returns the findings that were waived on the way.
pub(super) fn around(
    stages: &mut Vec<Stage>,
    builder: &mut Builder<'_>,
    request: &Request,
    half_done: bool,
) -> Vec<Finding> {
    // Where no server is touched, only sessions that an earlier run stopped are a matter.
    let touched = stages.iter().any(touches_servers);
    let sessions = sessions(builder.facts.state, request, half_done, touched);
    let packages_first = stages.iter().take_while(|stage| stage.kind == StageKind::Packages).count();
    stages.splice(packages_first..packages_first, sessions.stop(builder));
    stages.extend(sessions.start(builder));
    sessions.waived
}

/// Returns what is left to the operator where servers with a session had their turns one after the other.
///
/// A name that goes while a server is down is taken from its bricks by healing, which no changelog records; where that
/// server's worker is the one that sends, the other end is never told (seen with 10.3 to 11.1: each file that was renamed
/// within the primary's first turn arrived by its new name, and was still there by the old one). And gsyncd has rsync
/// compare sizes and times alone (`rsync` in resource.py): one file of 952 kept its old bytes in a run.
pub(super) fn left_to_do(state: &PoolState, stages: &[Stage]) -> Vec<String> {
    let in_turns = stages.iter().any(|stage| matches!(stage.kind, StageKind::Turn(_)));
    let sessions = state.sessions.known().ok().filter(|_| in_turns).into_iter().flatten();
    let line = |session: &Session| {
        let SessionName { primary, secondary } = &session.name;
        format!(
            "what clients renamed, removed or overwrote on {primary} while its servers had their turns and the \
             session caught up may still be on {secondary} by its old name or with its old bytes: mount both \
             read-only, and see what `rsync --recursive --checksum --dry-run --verbose --delete PRIMARY/ SECONDARY/` \
             would do"
        )
    };
    sessions.map(line).collect()
}

/// Whether a stage changes what runs on servers. Packages are also fetched where only clients are behind.
fn touches_servers(stage: &Stage) -> bool {
    match stage.kind {
        StageKind::Prepare | StageKind::Downtime | StageKind::Turn(_) => true,
        StageKind::Packages
        | StageKind::StopReplication
        | StageKind::StartReplication
        | StageKind::Clients(_)
        | StageKind::Finish => false,
    }
}

/// What a plan does about all sessions.
pub(super) struct Sessions {
    planned: Vec<Planned>,
    /// Findings that were waived on the way.
    pub(super) waived: Vec<Finding>,
}

/// Returns what is to be done about each session. `touched`: a server is stopped in this plan; where none is, sessions
/// that run go on.
pub(super) fn sessions(state: &PoolState, request: &Request, half_done: bool, touched: bool) -> Sessions {
    let mut found: Vec<(HostName, &Session, usize)> = Vec::new();
    let runs = |host: &HostState| host.processes.known().is_ok_and(|processes| processes.glusterd > 0);
    let via = state.hosts.iter().find(|(_, host)| runs(host)).map(|(name, _)| name);
    if let (Ok(sessions), Some(via)) = (state.sessions.known(), via) {
        let workers = |session: &Session| bricks_of(state, &session.name.primary);
        found.extend(sessions.iter().map(|session| (via.clone(), session, workers(session))));
    }
    for pool in state.other_pools.iter().filter(|pool| pool.role == PoolRole::Primary) {
        let reached = pool.hosts.iter().find(|(_, host)| host.reach == Reach::Reached);
        if let (Ok(sessions), Some((via, _))) = (pool.sessions.known(), reached) {
            // Their volumes are the other pool's, whatever they are called.
            found.extend(sessions_to(state, sessions).map(|session| (via.clone(), session, 0)));
        }
    }
    let mut waived = Vec::new();
    let mut planned = Vec::new();
    for (via, session, workers) in found {
        let well = session.workers.iter().all(|worker| match worker.status {
            WorkerStatus::Active | WorkerStatus::Passive => true,
            WorkerStatus::Stopped | WorkerStatus::Other(_) => false,
        });
        let subject = Subject::Volume(session.name.primary.clone());
        // A waiver says that it is stopped on purpose, whatever was done to the servers meanwhile: a secondary that serves
        // after a failover must not be written to.
        let what = format!("the session to {} is stopped, and stays so", session.name.secondary);
        let stopped = Finding::seen(Code::GeorepNotHealthy, subject.clone(), what);
        let on_purpose = request.waivers.iter().any(|waiver| waiver.covers(&stopped));
        let ours = half_done && session.is_stopped() && !on_purpose;
        if half_done && session.is_stopped() && on_purpose {
            waived.push(stopped);
        }
        // Stopped on purpose, as its waiver says; or running, and no reason to stop it.
        if !ours && (session.is_stopped() || !touched) {
            continue;
        }
        let what = format!("no file is sent to {} to see it arrive", session.name.secondary);
        let unproven = Finding::seen(Code::GeorepUnproven, subject, what);
        let is_waived = request.waivers.iter().any(|waiver| waiver.covers(&unproven));
        if is_waived {
            waived.push(unproven);
        }
        planned.push(Planned {
            via,
            before: SessionBefore {
                name: session.name.clone(),
                workers: session.workers.len().max(workers),
                crawls: crawls(session),
            },
            config: session.config.known().ok().cloned(),
            runs: !session.is_stopped(),
            well: well || ours,
            prove: (well || ours) && !is_waived,
        });
    }
    Sessions { planned, waived }
}

/// Returns how many bricks a volume of this pool has, each with a worker of its own.
/// A server that is away while a plan is made has no row in the session's status.
fn bricks_of(state: &PoolState, volume: &VolumeName) -> usize {
    let volumes = state.volumes.known().ok();
    volumes.and_then(|volumes| volumes.get(volume)).map_or(0, |found| found.volume.bricks.len())
}

impl Sessions {
    /// The stage before the first server is touched: sessions that run are stopped. None where there is none.
    pub(super) fn stop(&self, builder: &mut Builder<'_>) -> Option<Stage> {
        let hosts = builder.hosts();
        let stop = |session: &Planned| {
            let mut ready = vec![Check::Reached];
            if hosts.contains(&session.via) {
                // Gluster stops none while a server of its volume is away (`glusterd_op_stage_gsync_set` in glusterd-geo-rep.c).
                ready.push(Check::PeersConnected { without: None });
            }
            let ready = gate(ready, STOP_PATIENCE_SECONDS, 1);
            let name = session.before.name.clone();
            let stopped = Check::SessionsStopped { sessions: vec![name.clone()] };
            let leave = gate(vec![stopped], STOP_PATIENCE_SECONDS, 1);
            let action = Action::StopReplication { via: session.via.clone(), session: name };
            builder.step(action, ready.clone(), ready, leave)
        };
        let steps: Vec<Step> = self.planned.iter().filter(|session| session.runs).map(stop).collect();
        (!steps.is_empty()).then_some(Stage { kind: StageKind::StopReplication, steps })
    }

    /// The stage after the last server: sessions are started, and each has to carry a file. None where there is none.
    pub(super) fn start(&self, builder: &mut Builder<'_>) -> Option<Stage> {
        let ready = vec![
            Check::Reached,
            Check::PeersConnected { without: None },
            Check::BricksOnline { without: None },
        ];
        let ready = gate(ready, STOP_PATIENCE_SECONDS, 1);
        let mut steps = Vec::new();
        for session in &self.planned {
            let name = session.before.name.clone();
            let before = session.well.then(|| session.before.clone());
            let mut back: Vec<Check> =
                before.iter().map(|before| Check::SessionsBack { sessions: vec![before.clone()] }).collect();
            if let Some(config) = &session.config {
                back.push(Check::SessionConfigKept { session: name.clone(), config: config.clone() });
            }
            let back = gate(back, BACK_PATIENCE_SECONDS, SETTLE_LOOKS);
            let via = session.via.clone();
            let start = Action::StartReplication { via: via.clone(), session: name.clone(), before };
            steps.push(builder.step(start, ready.clone(), ready.clone(), back.clone()));
            if session.prove {
                let prove = Action::ProveReplication { via, session: name };
                steps.push(builder.step(prove, ready.clone(), ready.clone(), back));
            }
        }
        (!steps.is_empty()).then_some(Stage { kind: StageKind::StartReplication, steps })
    }
}

/// What is done to a server's changelogs while its bricks are down, between stop and install: converted where the target
/// has another layout, and closed where the target would forget what is open. A brick that runs would go on writing.
pub(super) fn changelogs(state: &PoolState, host: &HostName, to: Release) -> Vec<Action> {
    let bricks = primary_bricks(state, host).unwrap_or_default();
    let now = state.hosts.get(host).and_then(|host| *host.release.known().ok()?);
    let Some(now) = now.filter(|_| !bricks.is_empty()) else { return Vec::new() };
    let mut actions = Vec::new();
    if converts(now, to) {
        actions.push(Action::ConvertChangelogs { host: host.clone(), bricks: bricks.clone() });
    }
    if forgets_open_changelogs(to) {
        actions.push(Action::CloseChangelogs { host: host.clone(), bricks });
    }
    actions
}

/// What is done once more right before a server is started: one that was rebooted meanwhile has had its bricks running
/// again, and whoever stopped them left another changelog open.
pub(super) fn close_again(state: &PoolState, host: &HostName, to: Release) -> Option<Action> {
    let closes = |action: &Action| matches!(action, Action::CloseChangelogs { .. });
    changelogs(state, host, to).into_iter().find(closes)
}

/// Whether bricks of a release that start do not note the changelog that was left open: from 8.0 on, as far as there are
/// releases (changelog-helpers.c at the tags v7.9, v8.0 and v11.1).
fn forgets_open_changelogs(to: Release) -> bool {
    "8.0".parse::<Release>().is_ok_and(|first| to >= first)
}

/// The bricks on a server of volumes that are replicated to another pool.
fn primary_bricks(state: &PoolState, host: &HostName) -> Option<Vec<AbsolutePath>> {
    let uuid = &state.hosts.get(host)?.glusterd_info.known().ok()?.uuid;
    let primaries: BTreeSet<_> =
        state.sessions.known().ok()?.iter().map(|session| &session.name.primary).collect();
    let volumes = state.volumes.known().ok()?.values();
    let bricks = volumes
        .filter(|volume| primaries.contains(&volume.volume.name))
        .flat_map(|volume| volume.volume.bricks.iter().filter(|brick| brick.peer == *uuid))
        .map(|brick| brick.brick.path.clone());
    Some(bricks.collect())
}
