//! Faults: that their cues and deeds name what there is.

use executor::core::finding::Code;
use toml::Spanned;

use super::super::file;
use super::super::{Ask, Cue, Deed, Fault, ScenarioError, Step};
use super::Source;
use super::pool::Pools;

/// Returns what is done before an order.
pub(super) fn before(
    source: &Source<'_>,
    order: &file::Order,
    pools: &Pools,
) -> Result<Vec<Deed>, ScenarioError> {
    order.before.iter().map(|deed| self::deed(source, order, deed, pools)).collect()
}

/// Returns what is done while the executor works on an order.
pub(super) fn faults(
    source: &Source<'_>,
    order: &file::Order,
    pools: &Pools,
) -> Result<Vec<Fault>, ScenarioError> {
    let one = |spanned: &Spanned<file::Fault>| {
        let (at, fault) = (spanned.span().start, spanned.get_ref());
        if order.ask == Ask::Resume {
            let hint = "put it under the order that made the plan";
            return Err(source.error(
                at,
                "a run that is taken up again tells no plan to find a step in",
                hint,
            ));
        }
        let cue = cue(source, order, at, fault, pools)?;
        Ok(Fault { cue, deed: deed(source, order, &fault.deed, pools)? })
    };
    order.faults.iter().map(one).collect()
}

fn cue(
    source: &Source<'_>,
    order: &file::Order,
    at: usize,
    fault: &file::Fault,
    pools: &Pools,
) -> Result<Cue, ScenarioError> {
    let step = |action: &String, host: &Spanned<String>| {
        Ok(Step { action: action.clone(), host: host_of(source, order, host, pools)? })
    };
    match (&fault.after, &fault.during, &fault.waiting) {
        (Some(after), None, None) => Ok(Cue::After(step(&after.step, &after.host)?)),
        (None, Some(during), None) => {
            let runs = during.runs.clone();
            Ok(Cue::During { step: step(&during.step, &during.host)?, runs })
        }
        (None, None, Some(waiting)) => {
            let code = waiting.finding.get_ref();
            let finding = code.parse::<Code>().map_err(|()| {
                let hint = "a code as `executor explain` lists them, such as \"PEER_DISCONNECTED\"";
                source.error(waiting.finding.span().start, format!("there is no finding `{code}`"), hint)
            })?;
            let step = match (&waiting.step, &waiting.host) {
                (Some(action), Some(host)) => Some(step(action, host)?),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    let hint = "give both, or none of them for a gate of any step";
                    return Err(source.error(at, "a gate is of a step and its host", hint));
                }
            };
            Ok(Cue::Waiting { step, finding })
        }
        (_, _, _) => {
            let hint = "give one of `after`, `during` and `waiting`, as in scenarios/README.md";
            Err(source.error(at, "a fault has one cue", hint))
        }
    }
}

/// Sees that a deed is done to a volume and to hosts that there are.
fn deed(
    source: &Source<'_>,
    order: &file::Order,
    deed: &Spanned<Deed>,
    pools: &Pools,
) -> Result<Deed, ScenarioError> {
    let at = deed.span();
    let deed = deed.get_ref();
    if let Some(volume) = deed.volume() {
        let volumes = pools.part(order.on).into_iter().flat_map(|part| &part.volumes);
        let names: Vec<&str> = volumes.map(|volume| volume.name.as_str()).collect();
        source.known(&Spanned::new(at.clone(), volume.to_owned()), "volume", names.iter().copied())?;
    }
    for host in deed.hosts() {
        host_of(source, order, &Spanned::new(at.clone(), host.to_owned()), pools)?;
    }
    Ok(deed.clone())
}

/// Sees that a host is a server of the order's pool, or a client.
fn host_of(
    source: &Source<'_>,
    order: &file::Order,
    host: &Spanned<String>,
    pools: &Pools,
) -> Result<String, ScenarioError> {
    let servers = pools.part(order.on).into_iter().flat_map(|part| &part.servers);
    let clients = pools.clients.iter().map(|client| &client.node);
    let names: Vec<&str> = servers.chain(clients).map(|node| node.name.as_str()).collect();
    source.known(host, "host", names.iter().copied())
}
