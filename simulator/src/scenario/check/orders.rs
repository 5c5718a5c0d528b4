//! Orders: what is asked of the executor, and how it is to end.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use executor::core::finding::{Code, Waiver};
use executor::core::names::Release;
use toml::Spanned;

use super::super::file::{self, File};
use super::super::{Ask, Order, Outcome, ScenarioError};
use super::pool::Pools;
use super::{Source, faults, known_release};
use crate::images::Family;
use crate::oracle::Out;

pub(super) fn orders(
    source: &Source<'_>,
    family: &Family,
    file: &File,
    pools: &Pools,
) -> Result<Vec<Order>, ScenarioError> {
    let mut orders: Vec<Order> = Vec::new();
    for order in file.orders.get_ref() {
        let at = order.span().start;
        let order = order.get_ref();
        let earlier = orders.iter().rev().find(|earlier| earlier.on == order.on).map(|earlier| earlier.to);
        let to = target(source, family, order, at, earlier)?;
        orders.push(self::order(source, order, at, to, pools)?);
    }
    if orders.is_empty() {
        let hint = "add an [[orders]] section with `to` and `outcome`";
        return Err(source.error(file.orders.span().start, "nothing is asked of the executor", hint));
    }
    Ok(orders)
}

/// Returns an order's target: its own for a run and a way back, that of the order before where a run is taken up again or
/// finalized.
fn target(
    source: &Source<'_>,
    family: &Family,
    order: &file::Order,
    at: usize,
    earlier: Option<Release>,
) -> Result<Release, ScenarioError> {
    match (order.ask, &order.to, earlier) {
        (Ask::Rollback, Some(to), Some(_)) => {
            known_release(source, family, to)?;
            source.parsed(to, "the release to come back to, such as \"10.3\"")
        }
        (Ask::Rollback, None, _) => {
            Err(source.error(at, "`to` is missing", "name the release that the pool is to come back to"))
        }
        (Ask::Run, Some(to), _) => {
            known_release(source, family, to)?;
            source.parsed(to, "a target is a release of the family, such as \"11.1\"")
        }
        (Ask::Run, None, _) => Err(source.error(at, "`to` is missing", "name the release to upgrade to")),
        (Ask::Resume | Ask::Finalize, None, Some(earlier)) => Ok(earlier),
        (Ask::Resume | Ask::Finalize, None, None) | (Ask::Rollback, Some(_), None) => {
            let hint = "put an order to `run` before it";
            Err(source.error(at, "nothing was run on this pool by then", hint))
        }
        (Ask::Resume | Ask::Finalize, Some(to), _) => {
            Err(source.error(to.span().start, "`to` is for a run only", "leave it out"))
        }
    }
}

fn order(
    source: &Source<'_>,
    order: &file::Order,
    at: usize,
    to: Release,
    pools: &Pools,
) -> Result<Order, ScenarioError> {
    let Some(part) = pools.part(order.on) else {
        return Err(source.error(at, "there is no secondary pool", "describe it in [secondary]"));
    };
    let names = || part.servers.iter().map(|server| server.name.as_str());
    let hint = "a waiver is CODE:SUBJECT, such as \"NFS_OPTIONS_DROPPED:vol0\"";
    let waive = order.waive.iter().map(|waiver| source.parsed(waiver, hint));
    let waive = waive.collect::<Result<Vec<Waiver>, _>>()?;
    for list in [&order.waive, &order.findings, &order.may_find, &order.upgraded, &order.down, &order.out] {
        source.once(list)?;
    }
    for (waiver, written) in waive.iter().zip(&order.waive) {
        waived_client(source, waiver, written, pools)?;
    }
    let findings = findings(source, &order.findings)?;
    let may_find = may_find(source, order, !findings.is_empty())?;
    let upgraded = upgraded(source, order, !findings.is_empty(), names())?;
    let out = out(source, order, names())?;
    let says = says(source, order)?;
    let before = faults::before(source, order, pools)?;
    let faults = faults::faults(source, order, pools)?;
    let file::Order { ask, on, offline, keep_op_version, clients_at_once, killed_at_every_event, .. } =
        *order;
    let outcome = *order.outcome.get_ref();
    if killed_at_every_event && outcome != Outcome::Upgraded {
        let problem = "an executor that is killed at every event is to come to its end";
        return Err(source.error(order.outcome.span().start, problem, "expect an upgrade"));
    }
    Ok(Order {
        ask,
        on,
        to,
        offline,
        keep_op_version,
        waive,
        clients_at_once,
        before,
        faults,
        killed_at_every_event,
        outcome,
        findings,
        may_find,
        says,
        out,
        upgraded,
    })
}

/// Returns the servers that are at the target in the end, and sees that the outcome says as much as it has to.
fn upgraded<'n>(
    source: &Source<'_>,
    order: &file::Order,
    has_findings: bool,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<BTreeSet<String>, ScenarioError> {
    let known = order.upgraded.iter().map(|name| source.known(name, "server", names.clone()));
    let upgraded: BTreeSet<String> = known.collect::<Result<_, _>>()?;
    let wrong = |problem: &str, hint| Err(source.error(order.outcome.span().start, problem, hint));
    match order.outcome.get_ref() {
        Outcome::Upgraded if has_findings || !upgraded.is_empty() => {
            wrong("an upgrade has no `findings`, and all servers are `upgraded`", "leave both out")
        }
        Outcome::Upgraded => Ok(names.map(str::to_owned).collect()),
        Outcome::Halted | Outcome::Refused if !has_findings => {
            wrong("a halt and a refusal have `findings`", "name every code that is expected")
        }
        Outcome::Refused if !upgraded.is_empty() => {
            wrong("after a refusal no server is `upgraded`", "leave it out")
        }
        Outcome::Failed if has_findings => {
            wrong("a step that fails has no `findings`", "give `says`: words of its error")
        }
        Outcome::Halted | Outcome::Failed | Outcome::Refused => Ok(upgraded),
    }
}

/// Returns the servers that serve nothing in the end, which only a halt and a failure may leave.
fn out<'n>(
    source: &Source<'_>,
    order: &file::Order,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<BTreeMap<String, Out>, ScenarioError> {
    let down = order.down.iter().map(|name| (name, Out::Down));
    let mut out = BTreeMap::new();
    for (name, how) in order.out.iter().map(|name| (name, Out::NotServing)).chain(down) {
        match order.outcome.get_ref() {
            Outcome::Halted | Outcome::Failed => {}
            Outcome::Upgraded | Outcome::Refused => {
                let problem = "only a halt and a failure leave servers `down` or `out`";
                return Err(source.error(name.span().start, problem, "leave it out"));
            }
        }
        out.insert(source.known(name, "server", names.clone())?, how);
    }
    Ok(out)
}

/// Returns what the error of a step has to say that fails.
fn says(source: &Source<'_>, order: &file::Order) -> Result<Option<String>, ScenarioError> {
    let fails = *order.outcome.get_ref() == Outcome::Failed;
    match &order.says {
        Some(says) if !fails => {
            Err(source.error(says.span().start, "`says` is for a step that fails", "leave it out"))
        }
        None if fails => {
            let hint = "give `says`: words of its error";
            Err(source.error(order.outcome.span().start, "a step that fails has an error", hint))
        }
        says => Ok(says.as_ref().map(|says| says.get_ref().clone())),
    }
}

/// Sees that a waiver about a client names one that there is: by its name, which becomes its address, or by an address.
fn waived_client(
    source: &Source<'_>,
    waiver: &Waiver,
    written: &Spanned<String>,
    pools: &Pools,
) -> Result<(), ScenarioError> {
    let about_a_client = matches!(waiver.code, Code::ClientTooOld | Code::ClientGone);
    if !about_a_client || waiver.subject.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    let subject = Spanned::new(written.span(), waiver.subject.clone());
    let clients = pools.clients.iter().map(|client| client.node.name.as_str());
    source.known(&subject, "client", clients).map(|_| ())
}

/// Returns the codes that may be found besides those that must be.
fn may_find(
    source: &Source<'_>,
    order: &file::Order,
    has_findings: bool,
) -> Result<BTreeSet<Code>, ScenarioError> {
    let code = |written: &Spanned<String>| {
        let hint = "give a code alone, such as \"PEER_REJECTED\"; `executor explain` lists them all";
        let wrong = |problem: String| source.error(written.span().start, problem, hint);
        if !has_findings {
            return Err(wrong(
                "something may be found besides `findings`, of which there are none".to_owned(),
            ));
        }
        written.get_ref().parse().map_err(|_| wrong(format!("there is no finding `{}`", written.get_ref())))
    };
    order.may_find.iter().map(code).collect()
}

fn findings(source: &Source<'_>, written: &[Spanned<String>]) -> Result<BTreeSet<String>, ScenarioError> {
    let hint =
        "a finding is CODE:SUBJECT as `executor check` prints it, such as \"VOLUME_NOT_REPLICATED:vol0\"";
    let mut findings = BTreeSet::new();
    for finding in written {
        let code = finding.get_ref().split_once(':').map_or("", |(code, _)| code);
        if code.parse::<Code>().is_err() {
            let problem = format!("there is no finding `{}`", finding.get_ref());
            return Err(source.error(finding.span().start, problem, hint));
        }
        findings.insert(finding.get_ref().clone());
    }
    Ok(findings)
}
