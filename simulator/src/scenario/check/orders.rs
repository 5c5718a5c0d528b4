//! Orders: what is asked of the executor, and how it is to end.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use executor::core::finding::{Code, Waiver};
use executor::core::names::Release;

use super::super::file_orders;
use super::super::placed::Placed;
use super::super::sources::{Checked, Sources, every};
use super::super::{Ask, Order, Outcome, Which};
use super::{Look, faults};
use crate::oracle::Out;

pub(super) fn orders(look: &Look<'_>) -> Checked<Vec<Order>> {
    let mut ran: Vec<(Which, Checked<Release>)> = Vec::new();
    let mut orders = Vec::new();
    for placed in look.file.orders.get_ref() {
        let (at, order) = (placed.at(), placed.get_ref());
        let earlier = ran.iter().rev().find(|(on, _)| *on == order.on).map(|(_, to)| *to);
        let to = target(look, order, at, earlier);
        ran.push((order.on, to));
        orders.push(self::order(look, order, at, to));
    }
    if orders.is_empty() {
        let hint = "add an [[orders]] section with `to` and `outcome`";
        return Err(look.sources.error(look.file.orders.at(), "nothing is asked of the executor", hint));
    }
    every(orders)
}

/// Returns an order's target: its own for a run and a way back, that of the order before where a run is taken up again or
/// finalized.
fn target(
    look: &Look<'_>,
    order: &file_orders::Order,
    at: usize,
    earlier: Option<Checked<Release>>,
) -> Checked<Release> {
    let Look { sources, .. } = look;
    match (order.ask, &order.to, earlier) {
        (Ask::Rollback, Some(to), Some(_)) => {
            look.known_release(to)?;
            sources.parsed(to, "the release to come back to, such as \"10.3\"")
        }
        (Ask::Rollback, None, _) => {
            Err(sources.error(at, "`to` is missing", "name the release that the pool is to come back to"))
        }
        (Ask::Run, Some(to), _) => {
            look.known_release(to)?;
            sources.parsed(to, "a target is a release of the family, such as \"11.1\"")
        }
        (Ask::Run, None, _) => Err(sources.error(at, "`to` is missing", "name the release to upgrade to")),
        (Ask::Resume | Ask::Finalize, None, Some(earlier)) => earlier,
        (Ask::Resume | Ask::Finalize, None, None) | (Ask::Rollback, Some(_), None) => {
            let hint = "put an order to `run` before it";
            Err(sources.error(at, "nothing was run on this pool by then", hint))
        }
        (Ask::Resume | Ask::Finalize, Some(to), _) => {
            Err(sources.error(to.at(), "`to` is for a run only", "leave it out"))
        }
    }
}

fn order(look: &Look<'_>, order: &file_orders::Order, at: usize, to: Checked<Release>) -> Checked<Order> {
    let Look { sources, file, .. } = look;
    if order.on == Which::Secondary && file.secondary.is_none() {
        return Err(sources.error(at, "there is no secondary pool", "describe it in [secondary]"));
    }
    let names = file.server_names(order.on);
    let lists = [&order.waive, &order.findings, &order.may_find, &order.upgraded, &order.down, &order.out];
    let once = every(lists.into_iter().map(|list| sources.once(list)));
    let waive = every(order.waive.iter().map(|waiver| self::waiver(look, waiver)));
    let findings = every(order.findings.iter().map(|finding| self::finding(sources, finding)));
    let may_find = every(order.may_find.iter().map(|code| self::may_find(sources, order, code)));
    let upgraded = upgraded(sources, order, &names);
    let out = out(sources, order, &names);
    let says = says(sources, order);
    let before = faults::before(look, order);
    let faults = faults::faults(look, order);
    let file_orders::Order {
        ask, on, offline, keep_op_version, clients_at_once, killed_at_every_event, ..
    } = *order;
    let outcome = *order.outcome.get_ref();
    if killed_at_every_event && outcome != Outcome::Upgraded {
        let problem = "an executor that is killed at every event is to come to its end";
        return Err(sources.error(order.outcome.at(), problem, "expect an upgrade"));
    }
    once?;
    Ok(Order {
        ask,
        on,
        to: to?,
        offline,
        keep_op_version,
        waive: waive?,
        clients_at_once,
        before: before?,
        faults: faults?,
        killed_at_every_event,
        outcome,
        findings: findings?.into_iter().collect(),
        may_find: may_find?.into_iter().collect(),
        says: says?,
        out: out?,
        upgraded: upgraded?,
    })
}

/// Returns the servers that are at the target in the end, and sees that the outcome says as much as it has to.
fn upgraded(sources: &Sources, order: &file_orders::Order, names: &[&str]) -> Checked<BTreeSet<String>> {
    let has_findings = !order.findings.is_empty();
    let known = every(order.upgraded.iter().map(|name| sources.known(name, "server", names)));
    let wrong = |problem: &str, hint| Err(sources.error(order.outcome.at(), problem, hint));
    match order.outcome.get_ref() {
        Outcome::Upgraded if has_findings || !order.upgraded.is_empty() => {
            wrong("an upgrade has no `findings`, and all servers are `upgraded`", "leave both out")
        }
        Outcome::Upgraded => Ok(names.iter().map(|&name| name.to_owned()).collect()),
        Outcome::Halted | Outcome::Refused if !has_findings => {
            wrong("a halt and a refusal have `findings`", "name every code that is expected")
        }
        Outcome::Refused if !order.upgraded.is_empty() => {
            wrong("after a refusal no server is `upgraded`", "leave it out")
        }
        Outcome::Failed if has_findings => {
            wrong("a step that fails has no `findings`", "give `says`: words of its error")
        }
        Outcome::Halted | Outcome::Failed | Outcome::Refused => Ok(known?.into_iter().collect()),
    }
}

/// Returns the servers that serve nothing in the end, which only a halt and a failure may leave.
fn out(sources: &Sources, order: &file_orders::Order, names: &[&str]) -> Checked<BTreeMap<String, Out>> {
    let down = order.down.iter().map(|name| (name, Out::Down));
    let all = order.out.iter().map(|name| (name, Out::NotServing)).chain(down);
    let looks = all.map(|(name, how)| match order.outcome.get_ref() {
        Outcome::Halted | Outcome::Failed => Ok((sources.known(name, "server", names)?, how)),
        Outcome::Upgraded | Outcome::Refused => {
            let problem = "only a halt and a failure leave servers `down` or `out`";
            Err(sources.error(name.at(), problem, "leave it out"))
        }
    });
    Ok(every(looks)?.into_iter().collect())
}

/// Returns what the error of a step has to say that fails.
fn says(sources: &Sources, order: &file_orders::Order) -> Checked<Option<String>> {
    let fails = *order.outcome.get_ref() == Outcome::Failed;
    match &order.says {
        Some(says) if !fails => {
            Err(sources.error(says.at(), "`says` is for a step that fails", "leave it out"))
        }
        None if fails => {
            let hint = "give `says`: words of its error";
            Err(sources.error(order.outcome.at(), "a step that fails has an error", hint))
        }
        Some(says) if says.get_ref().trim().is_empty() => {
            Err(sources.error(says.at(), "`says` fits whatever is said", "give words of the step's error"))
        }
        says => Ok(says.as_ref().map(|says| says.get_ref().clone())),
    }
}

/// Returns a waiver. One about a client names one that there is: by its name, which becomes its address, or by an address.
fn waiver(look: &Look<'_>, written: &Placed<String>) -> Checked<Waiver> {
    let Look { sources, file, .. } = look;
    let hint = "a waiver is CODE:SUBJECT, such as \"NFS_OPTIONS_DROPPED:vol0\"";
    let waiver: Waiver = sources.parsed(written, hint)?;
    let about_a_client = matches!(waiver.code, Code::ClientTooOld | Code::ClientGone);
    if about_a_client && waiver.subject.parse::<IpAddr>().is_err() {
        let subject = Placed::new(written.span(), waiver.subject.clone());
        sources.known(&subject, "client", &file.client_names())?;
    }
    Ok(waiver)
}

/// Returns a code that may be found besides those that must be.
fn may_find(sources: &Sources, order: &file_orders::Order, code: &Placed<String>) -> Checked<Code> {
    let hint = "give a code alone, such as \"PEER_REJECTED\"; `executor explain` lists them all";
    if order.findings.is_empty() {
        let problem = "something may be found besides `findings`, of which there are none";
        return Err(sources.error(code.at(), problem, hint));
    }
    let wrong = |()| sources.error(code.at(), format!("there is no finding `{}`", code.get_ref()), hint);
    code.get_ref().parse().map_err(wrong)
}

fn finding(sources: &Sources, finding: &Placed<String>) -> Checked<String> {
    let hint =
        "a finding is CODE:SUBJECT as `executor check` prints it, such as \"VOLUME_NOT_REPLICATED:vol0\"";
    let code = finding.get_ref().split_once(':').map_or("", |(code, _)| code);
    if code.parse::<Code>().is_err() {
        let problem = format!("there is no finding `{}`", finding.get_ref());
        return Err(sources.error(finding.at(), problem, hint));
    }
    Ok(finding.get_ref().clone())
}
