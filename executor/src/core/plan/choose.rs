//! Chooses the procedure: online where every volume is replicated, offline where the operator asks for it.

use super::super::finding::{Code, Finding, Subject};
use super::super::inventory::Inventory;
use super::super::names::{HostName, OpVersion, Release};
use super::super::pool::{PackageOffer, PoolState};
use super::builder::{Builder, Facts, facts};
use super::preflight::{Preflight, preflight};
use super::{
    Direction, Outcome, Plan, Procedure, Refusal, Request, ServerRow, Stage, StageKind, canary, clients,
    finish, georep, offline, online, packages, rollback, settle, usage,
};

/// Plans the upgrade of a pool, or says why not.
pub fn plan(inventory: &Inventory, state: &PoolState, request: &Request) -> Outcome {
    decide(inventory, state, request, preflight(state, request))
}

/// Plans on what preflight found, whichever way it leads.
pub(super) fn decide(
    inventory: &Inventory,
    state: &PoolState,
    request: &Request,
    mut found: Preflight,
) -> Outcome {
    found.findings.extend(usage::preflight(inventory, state, request));
    found.findings.extend(canary::preflight(state, request, &found));
    found.findings.sort();
    found.findings.dedup();
    let waived = |finding: &&Finding| request.waivers.iter().any(|waiver| waiver.covers(finding));
    let split = |findings: &[Finding]| -> (Vec<Finding>, Vec<Finding>) {
        findings.iter().cloned().partition(|finding| waived(&finding))
    };
    // What no step of the plan can answer stands in the way like any other finding.
    let (mendable, unmendable): (Vec<Finding>, Vec<Finding>) = found
        .answered
        .iter()
        .cloned()
        .partition(|finding| matches!(finding.code, Code::NfsOptionsDropped | Code::HealPending));
    let (mut waived_findings, in_the_way) = split(&[found.findings.clone(), unmendable].concat());
    let (waived_hazards, answered) = split(&mendable);
    waived_findings.extend(waived_hazards);
    if !in_the_way.is_empty() {
        return Outcome::Refusal(Refusal { findings: in_the_way, waived: waived_findings });
    }
    match facts(inventory, state, request, &found.known_entries) {
        Some(facts) => build(inventory, &facts, request, &found, answered, waived_findings),
        None => {
            let what = "release, op-version or volumes of a server could not be read";
            let missing = Finding::unknown(Code::NotObserved, Subject::Pool, what);
            Outcome::Refusal(Refusal { findings: vec![missing], waived: waived_findings })
        }
    }
}

fn build(
    inventory: &Inventory,
    facts: &Facts<'_>,
    request: &Request,
    found: &Preflight,
    answered: Vec<Finding>,
    mut waived: Vec<Finding>,
) -> Outcome {
    let to = request.to;
    let out = found.out.clone();
    let mut builder = Builder { facts, to, next: 1 };
    let goal = goal(facts, request);
    let op_version_then = if request.keep_op_version { facts.op_version } else { goal };
    let preparing = answered.iter().any(|finding| finding.code == Code::NfsOptionsDropped);
    let mut stages = match request.procedure {
        Procedure::Online => online::stages(&mut builder, inventory, out.as_ref(), preparing),
        Procedure::Offline => offline::stages(&mut builder, preparing),
    };
    waived.extend(georep::around(&mut stages, &mut builder, request, found.half_done));
    let place = place_of_clients(request, &stages);
    stages.splice(place..place, builder.clients(request.clients_at_once, request.procedure));
    if facts.op_version < op_version_then
        && let Some((via, ..)) = facts.servers.first()
    {
        stages.push(finish::stage(builder.next, via, to, op_version_then));
    }
    if stages.is_empty() {
        return Outcome::NothingToDo;
    }
    canary::before_finish(&mut stages, &mut builder);
    waived.extend(canary::left_out(facts, request, &waived));
    let left_to_do = [
        clients::left_to_do(inventory, facts, to),
        georep::left_to_do(facts.state, &stages),
        match request.direction {
            Direction::Up => finish::recommended(facts.state, to, facts.op_version),
            Direction::Back => rollback::left_to_do(facts),
        },
    ];
    settle::look_once(&mut stages);
    number(&mut stages);
    Outcome::Plan(Box::new(Plan {
        to,
        direction: request.direction,
        only: request.only.clone(),
        procedure: request.procedure,
        op_version_now: facts.op_version,
        op_version_then,
        op_version_kept: facts.op_version < goal && request.keep_op_version,
        servers: rows(inventory, facts, request, out.as_ref()),
        clients: facts.clients.iter().map(|client| client.row(request)).collect(),
        clients_at_once: request.clients_at_once,
        transactions: packages::transactions(
            facts.state,
            facts
                .behind()
                .into_iter()
                .chain(builder.clients_behind())
                .filter(|host| builder.installs(host).is_some()),
        ),
        stages,
        answered,
        advice: [found.advice.clone(), clients::too_old(facts, op_version_then)].concat(),
        waived,
        waivers: request.waivers.clone(),
        baseline: facts.baseline.clone(),
        left_to_do: left_to_do.concat(),
    }))
}

/// Numbers the steps, now that all of them are there.
fn number(stages: &mut [Stage]) {
    for (step, id) in stages.iter_mut().flat_map(|stage| &mut stage.steps).zip(1..) {
        step.id = id;
    }
}

/// Returns where the stages of the clients belong: after the servers. On an online way back before them, since a client that
/// is newer than its servers is what must not stay.
fn place_of_clients(request: &Request, stages: &[Stage]) -> usize {
    match (request.direction, request.procedure) {
        (Direction::Up, Procedure::Online | Procedure::Offline) | (Direction::Back, Procedure::Offline) => {
            stages.len()
        }
        (Direction::Back, Procedure::Online) => {
            stages.iter().take_while(|stage| stage.kind == StageKind::Packages).count()
        }
    }
}

/// Returns the op-version that the pool would come to have, were it not kept.
fn goal(facts: &Facts<'_>, request: &Request) -> OpVersion {
    match request.direction {
        Direction::Up => finish::op_version(facts.state, request.to).max(facts.op_version),
        // It is not raised on the way back, and cannot be lowered.
        Direction::Back => facts.op_version,
    }
}

/// Returns the servers as the plan's table shows them.
fn rows(
    inventory: &Inventory,
    facts: &Facts<'_>,
    request: &Request,
    out: Option<&HostName>,
) -> Vec<ServerRow> {
    let row = |(host, now, _): &(HostName, Release, PackageOffer)| ServerRow {
        host: host.clone(),
        now: *now,
        then: if facts.moves(host, *now) { request.to } else { *now },
        out: out == Some(host),
        last: match request.procedure {
            Procedure::Online => online::last(inventory, host).filter(|_| out != Some(host)),
            // All at once: there is no last one.
            Procedure::Offline => None,
        },
    };
    facts.servers.iter().map(row).collect()
}
