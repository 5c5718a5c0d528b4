//! The finish: the op-version is raised, once, to what the servers themselves report, guarded by every server
//! and every client. As the last stage of an upgrade, or later by itself.

use std::collections::BTreeSet;

use super::super::baseline::{Baseline, Configuration, clients_of, units_of};
use super::super::check::{self, Check, Fact, frozen, look_all, well};
use super::super::finding::{Code, Finding, Subject, Waiver};
use super::super::names::{HostName, OpVersion, Release};
use super::super::pool::{PoolState, VolumeKind};
use super::super::release::{self, tells_op_versions};
use super::stale::{Stale, stale};
use super::{Action, Direction, Gate, Outcome, Plan, Procedure, Refusal, ServerRow, Stage, StageKind, Step};

/// How long the pool may take to be well before the op-version is raised, in seconds.
const ENTER_PATIENCE_SECONDS: u64 = 4 * 3600;

/// How long every server's glusterd.info may take to show it, in seconds.
const LEAVE_PATIENCE_SECONDS: u64 = 300;

/// Returns the op-version that a pool is to have with every server at this release.
///
/// What the servers report counts where all of them run the release already. Before, they can only speak of
/// the one they run, and the release table foretells it; the stage's gate then asks them.
pub fn op_version(state: &PoolState, to: Release) -> OpVersion {
    let reported = state.max_op_version.known().ok().copied().flatten();
    let all_there = Check::AllAtRelease { release: to }.look(state).is_empty();
    reported.filter(|_| all_there).unwrap_or_else(|| release::op_version_of(to))
}

/// Returns the last stage of an upgrade: its one step raises the op-version.
pub(super) fn stage(id: u32, via: &HostName, release: Release, op_version: OpVersion) -> Stage {
    let mut fit = vec![Check::AllAtRelease { release }];
    fit.extend(well());
    fit.extend(frozen());
    // The last turn was left after one look (`settle`).
    fit.extend([Check::BricksSteady, Check::NoTasks]);
    // What cannot be asked before 3.10 is not in the gate; a plan to such a release says so in words.
    if tells_op_versions(release) {
        fit.extend([Check::NewestOpVersion { op_version }, Check::ClientsSpeak { op_version }]);
    }
    let enter = Gate { checks: fit, patience_seconds: ENTER_PATIENCE_SECONDS, settle: 2 };
    let mut done = vec![Check::OpVersionIs { op_version }];
    done.extend(well());
    done.push(Check::ConfigurationUnchanged);
    let leave = Gate { checks: done, patience_seconds: LEAVE_PATIENCE_SECONDS, settle: 2 };
    let action = Action::RaiseOpVersion { via: via.clone(), to: op_version };
    let step = Step { id, action, enter: enter.clone(), reenter: enter, leave };
    Stage { kind: StageKind::Finish, steps: vec![step] }
}

/// The facts that [`finalize`] asks for: what its checks need, and what its plan is made from.
pub const FINALIZE_NEEDS: &[Fact] = &[
    Fact::Processes,
    Fact::Release,
    Fact::GlusterdInfo,
    Fact::Peers,
    Fact::StoredVolumes,
    Fact::Volumes,
    Fact::VolumeStatus,
    Fact::Clients,
    Fact::HealPending,
    Fact::SplitBrain,
    Fact::MaxOpVersion,
    Fact::Claims,
];

/// Plans the finish alone, for a pool whose servers were upgraded and whose op-version was kept.
pub fn finalize(state: &PoolState, waivers: &[Waiver]) -> Outcome {
    let releases = || state.hosts.values().filter_map(|host| host.release.known().ok().copied().flatten());
    let refused = |findings: Vec<Finding>, waived| Outcome::Refusal(Refusal { findings, waived });
    let Some(to) = releases().max() else {
        let what = "no server's release could be read";
        return refused(vec![Finding::unknown(Code::NotObserved, Subject::Pool, what)], Vec::new());
    };
    let now = state.hosts.values().filter_map(|host| Some(host.glusterd_info.known().ok()?.op_version)).min();
    let then = op_version(state, to).max(now.unwrap_or(OpVersion(0)));
    let mut checks = vec![Check::Members, Check::OpVersionsAgree, Check::AllAtRelease { release: to }];
    checks.extend(well());
    checks.push(Check::NoTasks);
    if tells_op_versions(to) {
        checks.push(Check::NewestOpVersion { op_version: then });
        checks.push(Check::ClientsSpeak { op_version: then });
    }
    // No server is going to be out.
    let Stale { known, findings: stale } = stale(state, waivers, &[]);
    checks.retain(|check| *check != Check::NothingToHeal);
    let mut found: BTreeSet<Finding> = look_all(&checks, state).into_iter().collect();
    found.extend(check::pending(state, &known).into_iter().chain(stale));
    found.extend(check::claims(state));
    let (waived, in_the_way): (Vec<Finding>, Vec<Finding>) =
        found.into_iter().partition(|finding| waivers.iter().any(|waiver| waiver.covers(finding)));
    if !in_the_way.is_empty() {
        return refused(in_the_way, waived);
    }
    let (Some(now), Some(via), Some(clients), Ok(configuration)) =
        (now, state.hosts.keys().next(), clients_of(state), Configuration::of(state))
    else {
        let what = "op-version or volumes could not be read";
        return refused(vec![Finding::unknown(Code::NotObserved, Subject::Pool, what)], waived);
    };
    if now >= then {
        return Outcome::NothingToDo;
    }
    let row = |host: &HostName| ServerRow { host: host.clone(), now: to, then: to, out: false, last: None };
    Outcome::Plan(Box::new(Plan {
        to,
        direction: Direction::Up,
        only: BTreeSet::new(),
        procedure: Procedure::Online,
        op_version_now: now,
        op_version_then: then,
        op_version_kept: false,
        servers: state.hosts.keys().map(row).collect(),
        clients: Vec::new(),
        clients_at_once: 1,
        transactions: Vec::new(),
        stages: vec![stage(1, via, to, then)],
        answered: Vec::new(),
        advice: Vec::new(),
        waived,
        waivers: waivers.to_vec(),
        baseline: Baseline {
            op_version: now,
            clients,
            configuration,
            known_entries: known,
            units: units_of(state),
        },
        left_to_do: recommended(state, to, now),
    }))
}

/// Returns what the target's guide recommends once all is done, as commands to type. They are not done: each
/// changes how a pool works, and is the operator's to decide.
pub(super) fn recommended(state: &PoolState, to: Release, op_version_now: OpVersion) -> Vec<String> {
    let mut lines = Vec::new();
    let Ok(volumes) = state.volumes.known() else { return lines };
    // The guides to 4.0 and later.
    if to.line_op_version() >= OpVersion(40_000) {
        for volume in volumes.values().map(|volume| &volume.volume) {
            let replicated = matches!(volume.kind, VolumeKind::Replicate { .. });
            let set = volume.options.get("storage.fips-mode-rchecksum").is_some_and(|value| value == "on");
            if replicated && !set {
                lines.push(format!(
                    "recommended by the guide, once every client is at {to}: \
                     gluster volume set {} storage.fips-mode-rchecksum on",
                    volume.name
                ));
            }
        }
    }
    // The guide to 7: the checksum of quota limits is worked out anew from op-version 70000 on, and servers
    // that were not restarted since then reject each other one day (glusterfs issue 1332).
    let crosses = op_version_now < OpVersion(70_000) && to.line_op_version() >= OpVersion(70_000);
    let quota = state.hosts.values().filter_map(|host| host.stored_volumes.known().ok());
    let quota = quota.flat_map(|stored| stored.values()).any(|stored| stored.quota_checksum.is_some());
    if crosses && quota {
        lines.push(
            "needed where quota was ever on, after the op-version is raised: systemctl restart glusterd on every server, \
             one by one; before each see that `gluster volume heal VOL info` shows nothing (a unit with \
             KillMode=control-group ends the bricks, too), after each see `gluster peer status`"
                .to_owned(),
        );
    }
    lines
}
