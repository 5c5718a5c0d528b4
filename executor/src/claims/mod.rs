//! Claiming the servers of a pool for a run, all of them side by side, and releasing them at its end.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::core::check::claimed;
use crate::core::claim::{Claim, Keeper};
use crate::core::finding::{Code, Finding, Subject, Waiver};
use crate::core::inventory::Inventory;
use crate::core::names::HostName;
use crate::service::{self, Taken};
use crate::transport::Transport;

/// Whose claims a run may take over, besides its own.
#[derive(Debug, Clone, Default)]
pub struct Heirs {
    /// Those who work on the runs of this state folder: with the pool's lock taken, none of them is alive.
    pub own: BTreeSet<Keeper>,
    /// The waivers of the plan: the operator's word that another run is dead.
    pub waivers: Vec<Waiver>,
    /// The other places of this very run that the operator was shown, and has said to go on in place of.
    pub copies: BTreeSet<Keeper>,
}

impl Heirs {
    /// Whether a claim of the same run is one that this process goes on in place of.
    fn may_go_on(&self, claim: &Claim, other: &Claim) -> bool {
        let shown = || self.copies.contains(&other.keeper());
        other.keeper() == claim.keeper() || (other.id() == claim.id() && shown())
    }

    fn may_replace(&self, host: &HostName, claim: &Claim) -> bool {
        self.own.contains(&claim.keeper())
            || self.waivers.iter().any(|waiver| waiver.covers(&claimed(host, claim)))
    }
}

/// What became of one server.
enum Got {
    /// It was claimed just now.
    Taken,
    /// It was claimed by this run before, maybe from another place.
    Held,
    /// It is not ours, or nobody knows.
    Not(Finding),
}

/// Claims every server of an inventory for a run.
///
/// # Errors
/// The findings about those that are claimed by another run, or of which nobody knows. What was claimed until then is
/// released again, but for what this run held already.
pub async fn take(
    transport: &dyn Transport,
    inventory: &Inventory,
    claim: &Claim,
    heirs: &Heirs,
) -> Result<(), Vec<Finding>> {
    let each = inventory.servers.keys().map(|host| async move {
        let got = take_one(transport, host, claim, heirs).await;
        (host, got)
    });
    let (mut taken, mut findings) = (Vec::new(), Vec::new());
    for (host, got) in join_all(each).await {
        match got {
            Got::Taken => taken.push(host),
            Got::Held => {}
            Got::Not(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() {
        return Ok(());
    }
    // Two that began at once would otherwise each hold a part of the pool.
    for host in taken {
        if let Err(error) = release_one(transport, host, claim, Whose::ThisProcess).await {
            tracing::warn!(%host, ?error, "the claim on this server was not taken back");
        }
    }
    Err(findings)
}

async fn take_one(transport: &dyn Transport, host: &HostName, claim: &Claim, heirs: &Heirs) -> Got {
    let unknown =
        |why: String| Got::Not(Finding::unknown(Code::UpgradeClaimed, Subject::Host(host.clone()), why));
    let text = match transport.run(host, &service::read_claim("")).await {
        Ok(output) => service::parse_claim_text(&output).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let there = match text {
        Ok(text) => text,
        Err(error) => return unknown(error),
    };
    let mut is_this_run = false;
    if let Some(text) = &there {
        match Claim::read(text) {
            Ok(other) if other.is_of_the_same_process(claim) => return Got::Held,
            // An earlier process of this place has left it; or its journal was copied or moved, and the operator has said that
            // this place goes on with it. Where the other one is alive all the same, it sees here that it no longer may.
            Ok(other) if heirs.may_go_on(claim, &other) => is_this_run = true,
            Ok(other) if heirs.may_replace(host, &other) => {}
            Ok(other) => return Got::Not(claimed(host, &other)),
            Err(error) => return unknown(error.to_string()),
        }
    }
    let ours = match serde_json::to_string(claim) {
        Ok(ours) => ours,
        Err(error) => return unknown(error.to_string()),
    };
    let command = service::take_claim("", &ours, there.as_deref());
    let answer = match transport.run(host, &command).await {
        Ok(output) => service::parse_taken(&output).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match answer {
        Ok(Taken::Taken) if is_this_run => Got::Held,
        Ok(Taken::Taken) => Got::Taken,
        Ok(Taken::Other(text)) => match Claim::read(&text) {
            Ok(other) => Got::Not(claimed(host, &other)),
            Err(error) => unknown(error.to_string()),
        },
        Err(error) => unknown(error),
    }
}

/// Reads the claim on one server.
async fn read_one(transport: &dyn Transport, host: &HostName) -> Result<Option<Claim>, Unread> {
    let output = transport.run(host, &service::read_claim("")).await;
    let output = output.map_err(|error| Unread::NotReached(error.to_string()))?;
    let text = service::parse_claim_text(&output).map_err(|error| Unread::Garbled(error.to_string()))?;
    text.map(|text| Claim::read(&text)).transpose().map_err(|error| Unread::Garbled(error.to_string()))
}

/// Why a claim is not known.
enum Unread {
    /// The server said nothing.
    NotReached(String),
    /// What it said is no claim, and not that there is none.
    Garbled(String),
}

/// Returns the findings about servers that a run has claimed and that are not its own any more: somebody has waived its
/// claim, or goes on with a copy of its journal; or did so and came to its end, which leaves no claim at all.
///
/// Another run takes all servers of a pool or none. So one that is still claimed for this run speaks for those that are not
/// reached: whether they have to be is for the gates to say. Where none is reached, nobody knows.
pub async fn lost(transport: &dyn Transport, inventory: &Inventory, claim: &Claim) -> Vec<Finding> {
    let each = inventory.servers.keys().map(|host| async move { (host, read_one(transport, host).await) });
    let (mut findings, mut not_reached, mut ours) = (Vec::new(), Vec::new(), false);
    for (host, there) in join_all(each).await {
        let subject = || Subject::Host(host.clone());
        match there {
            Ok(Some(other)) if other.is_of_the_same_process(claim) => ours = true,
            Ok(Some(other)) => findings.push(claimed(host, &other)),
            Ok(None) => {
                let gone = "this run's claim is gone: another run took it and ended, or somebody removed it";
                findings.push(Finding::seen(Code::UpgradeClaimed, subject(), gone));
            }
            Err(Unread::Garbled(why)) => {
                findings.push(Finding::unknown(Code::UpgradeClaimed, subject(), why));
            }
            Err(Unread::NotReached(why)) => {
                not_reached.push(Finding::unknown(Code::UpgradeClaimed, subject(), why));
            }
        }
    }
    if !ours && findings.is_empty() { not_reached } else { findings }
}

/// Why a server stays claimed for a run that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// For a copy of the run: that one's end releases it.
    Elsewhere(Claim),
    /// Nobody knows whether it does, or why.
    Unknown(String),
}

/// Whose claims of a run are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those of the process that has worked until now: another one may have taken them over.
    ThisProcess,
    /// Those that any process of this place has left, of a run that is over.
    ThisPlaces,
}

/// Releases every server that is claimed by this run, as far as the claim is ours, and returns the others that stay claimed
/// for it.
pub async fn release(
    transport: &dyn Transport,
    inventory: &Inventory,
    claim: &Claim,
    whose: Whose,
) -> Vec<(HostName, Kept)> {
    let each = inventory.servers.keys().map(|host| async move {
        let released = release_one(transport, host, claim, whose).await;
        (host.clone(), released)
    });
    let failed = |(host, released): (HostName, Result<(), Kept>)| Some((host, released.err()?));
    join_all(each).await.into_iter().filter_map(failed).collect()
}

async fn release_one(
    transport: &dyn Transport,
    host: &HostName,
    claim: &Claim,
    whose: Whose,
) -> Result<(), Kept> {
    let is_ours = |there: &Claim| match whose {
        Whose::ThisProcess => there.is_of_the_same_process(claim),
        Whose::ThisPlaces => there.keeper() == claim.keeper(),
    };
    let unknown = |error: &dyn std::error::Error| Kept::Unknown(error.to_string());
    let output = transport.run(host, &service::read_claim("")).await.map_err(|error| unknown(&error))?;
    // The text may be another than this program would write today, so what is there is what is named.
    let Some(text) = service::parse_claim_text(&output).map_err(|error| unknown(&error))? else {
        return Ok(());
    };
    match Claim::read(&text) {
        Ok(there) if is_ours(&there) => {}
        Ok(there) if there.id() == claim.id() => return Err(Kept::Elsewhere(there)),
        Ok(_) | Err(_) => return Ok(()),
    }
    let command = service::release_claim("", &text);
    let output = transport.run(host, &command).await.map_err(|error| unknown(&error))?;
    service::parse_released(&output).map(|_| ()).map_err(|error| unknown(&error))
}
