//! Faults: that their cues and deeds name what there is.

use executor::core::finding::Code;

use super::super::file_orders;
use super::super::placed::Placed;
use super::super::sources::{Checked, every};
use super::super::{Ask, Cue, Deed, Fault, Step};
use super::Look;

/// Returns what is done before an order.
pub(super) fn before(look: &Look<'_>, order: &file_orders::Order) -> Checked<Vec<Deed>> {
    every(order.before.iter().map(|deed| self::deed(look, order, deed)))
}

/// Returns what is done while the executor works on an order.
pub(super) fn faults(look: &Look<'_>, order: &file_orders::Order) -> Checked<Vec<Fault>> {
    let one = |placed: &Placed<file_orders::Fault>| {
        let (at, fault) = (placed.at(), placed.get_ref());
        if order.ask == Ask::Resume {
            let problem = "a run that is taken up again tells no plan to find a step in";
            return Err(look.sources.error(at, problem, "put it under the order that made the plan"));
        }
        let cue = cue(look, order, at, fault);
        let deed = deed(look, order, &fault.deed);
        Ok(Fault { cue: cue?, deed: deed? })
    };
    every(order.faults.iter().map(one))
}

fn cue(look: &Look<'_>, order: &file_orders::Order, at: usize, fault: &file_orders::Fault) -> Checked<Cue> {
    let step = |action: &String, host: &Placed<String>| {
        Ok(Step { action: action.clone(), host: host_of(look, order, host)? })
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
                look.sources.error(waiting.finding.at(), format!("there is no finding `{code}`"), hint)
            })?;
            let step = match (&waiting.step, &waiting.host) {
                (Some(action), Some(host)) => Some(step(action, host)?),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    let hint = "give both, or none of them for a gate of any step";
                    return Err(look.sources.error(at, "a gate is of a step and its host", hint));
                }
            };
            Ok(Cue::Waiting { step, finding })
        }
        (_, _, _) => {
            let hint = "give one of `after`, `during` and `waiting`, as in scenarios/README.md";
            Err(look.sources.error(at, "a fault has one cue", hint))
        }
    }
}

/// Sees that a deed is done to a volume and to hosts that there are.
fn deed(look: &Look<'_>, order: &file_orders::Order, deed: &Placed<Deed>) -> Checked<Deed> {
    let at = deed.span();
    let deed = deed.get_ref();
    let volumes = look.file.volume_names(order.on);
    let volume = deed
        .volume()
        .map(|volume| look.sources.known(&Placed::new(at.clone(), volume.to_owned()), "volume", &volumes));
    let hosts = deed.hosts().into_iter();
    every(hosts.map(|host| host_of(look, order, &Placed::new(at.clone(), host.to_owned()))))?;
    volume.transpose()?;
    Ok(deed.clone())
}

/// Sees that a host is a server of the order's pool, or a client.
fn host_of(look: &Look<'_>, order: &file_orders::Order, host: &Placed<String>) -> Checked<String> {
    let hosts = [look.file.server_names(order.on), look.file.client_names()].concat();
    look.sources.known(host, "host", &hosts)
}
