//! Claiming the servers of a pool for a run, all of them side by side, and releasing them at its end.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::core::check::claimed;
use crate::core::claim::{Claim, RunId};
use crate::core::finding::{Code, Finding, Subject, Waiver};
use crate::core::inventory::Inventory;
use crate::core::names::HostName;
use crate::service::{self, Taken};
use crate::transport::Transport;

/// Whose claims a run may take over, besides its own.
#[derive(Debug, Clone, Default)]
pub struct Heirs {
    /// The runs of this state folder: with the pool's lock taken, none of them is alive.
    pub own: BTreeSet<RunId>,
    /// The waivers of the plan: the operator's word that another run is dead.
    pub waivers: Vec<Waiver>,
}

impl Heirs {
    fn may_replace(&self, host: &HostName, claim: &Claim) -> bool {
        self.own.contains(&claim.id())
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
        if let Err(error) = release_one(transport, host, claim).await {
            tracing::warn!(%host, %error, "the claim on this server was not taken back");
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
            Ok(other) if other.is_held_as(claim) => return Got::Held,
            // Its journal was copied or moved, and the operator has said that this place goes on with it. Where the other
            // one is alive all the same, it sees here that it no longer may.
            Ok(other) if other.id() == claim.id() => is_this_run = true,
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

/// Returns the findings about servers that a run has claimed and that are not its own any more: somebody has waived its
/// claim, or goes on with a copy of its journal; or did so and came to its end, which leaves no claim at all. Whether a
/// server is reached is for its gates to say.
pub async fn lost(transport: &dyn Transport, inventory: &Inventory, claim: &Claim) -> Vec<Finding> {
    let each = inventory.servers.keys().map(|host| async move {
        let output = transport.run(host, &service::read_claim("")).await.ok()?;
        let there = service::parse_claim_text(&output).map_err(|error| error.to_string());
        let there = there.and_then(|text| {
            text.map(|text| Claim::read(&text).map_err(|error| error.to_string())).transpose()
        });
        match there {
            Ok(Some(other)) if other.is_held_as(claim) => None,
            Ok(Some(other)) => Some(claimed(host, &other)),
            Ok(None) => {
                let gone = "this run's claim is gone: another run took it and ended, or somebody removed it";
                Some(Finding::seen(Code::UpgradeClaimed, Subject::Host(host.clone()), gone))
            }
            Err(why) => Some(Finding::unknown(Code::UpgradeClaimed, Subject::Host(host.clone()), why)),
        }
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// Releases every server that is claimed by this run, and returns the ones of which nobody knows, with the reason.
pub async fn release(
    transport: &dyn Transport,
    inventory: &Inventory,
    claim: &Claim,
) -> Vec<(HostName, String)> {
    let each = inventory.servers.keys().map(|host| async move {
        let released = release_one(transport, host, claim).await;
        (host.clone(), released)
    });
    let failed = |(host, released): (HostName, Result<(), String>)| Some((host, released.err()?));
    join_all(each).await.into_iter().filter_map(failed).collect()
}

/// The text may be another than this program would write today: taken up again by somebody else, say.
async fn release_one(transport: &dyn Transport, host: &HostName, claim: &Claim) -> Result<(), String> {
    let output = transport.run(host, &service::read_claim("")).await.map_err(|error| error.to_string())?;
    let there = service::parse_claim_text(&output).map_err(|error| error.to_string())?;
    let Some(text) = there.filter(|text| Claim::read(text).is_ok_and(|there| there.id() == claim.id()))
    else {
        return Ok(());
    };
    let output =
        transport.run(host, &service::release_claim("", &text)).await.map_err(|error| error.to_string())?;
    service::parse_released(&output).map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::core::command::{Command, Output};
    use crate::core::finding::Ground;
    use crate::core::sample::{host, inventory};
    use crate::transport::TransportError;

    /// Servers with their claims. What `between` has appears there between the look and the wish.
    #[derive(Default)]
    struct Servers {
        claims: Mutex<BTreeMap<HostName, String>>,
        between: BTreeMap<HostName, String>,
        lost: Option<HostName>,
    }

    #[async_trait]
    impl Transport for Servers {
        async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
            if self.lost.as_ref() == Some(host) {
                return Err(TransportError::Lost { host: host.clone(), reason: "reset".into() });
            }
            let mut claims = self.claims.lock().unwrap();
            let script = &command.argv[2];
            let arguments: Vec<&str> = command.argv[4..].iter().map(String::as_str).collect();
            let stdout = if *script == service::read_claim("").argv[2] {
                claims.get(host).map_or("none\nend\n".to_owned(), |text| format!("claim\n{text}\nend\n"))
            } else if *script == service::take_claim("", "", None).argv[2] {
                if let Some(text) = self.between.get(host) {
                    claims.insert(host.clone(), text.clone());
                }
                match claims.get(host) {
                    Some(there) if there != arguments[2] => format!("other\n{there}\nend\n"),
                    Some(_) | None => {
                        claims.insert(host.clone(), arguments[1].to_owned());
                        "taken\nend\n".to_owned()
                    }
                }
            } else if claims.get(host).is_some_and(|there| there == arguments[1]) {
                claims.remove(host);
                "released\nend\n".to_owned()
            } else {
                "none\nend\n".to_owned()
            };
            Ok(Output { stdout, ..Output::default() })
        }
    }

    fn claim(run: &str, by: &str) -> Claim {
        let id = RunId { run: run.into(), since: "2025-11-24T14:12:00.5Z".parse().unwrap() };
        Claim::new(id, by.into(), "/j".into(), "11.1".parse().unwrap(), "0".into())
    }

    fn text(claim: &Claim) -> String {
        serde_json::to_string(claim).unwrap()
    }

    /// Returns who has claimed which server.
    fn there(servers: &Servers) -> Vec<(String, String)> {
        let claims = servers.claims.lock().unwrap();
        claims.iter().map(|(host, text)| (host.to_string(), Claim::read(text).unwrap().by)).collect()
    }

    fn all(by: &str) -> Vec<(String, String)> {
        ["g1", "g2", "g3"].map(|host| (host.to_owned(), by.to_owned())).to_vec()
    }

    async fn take(servers: &Servers, claim: &Claim, heirs: &Heirs) -> Result<(), Vec<String>> {
        let words = |findings: Vec<Finding>| {
            let word = |one: &Finding| format!("{} {} {:?}", one.code, one.subject, one.ground);
            findings.iter().map(word).collect::<Vec<_>>()
        };
        super::take(servers, &inventory(3), claim, heirs).await.map_err(words)
    }

    #[tokio::test]
    async fn all_servers_are_claimed_kept_and_released() {
        let (servers, mine) = (Servers::default(), claim("a", "alice@ops1"));
        assert_eq!(take(&servers, &mine, &Heirs::default()).await, Ok(()));
        assert_eq!(there(&servers), all("alice@ops1"));
        // Taken up again by somebody else who has its journal: it is the same run, and theirs from now on.
        let resumed = claim("a", "bob@ops1");
        assert_eq!(lost(&servers, &inventory(3), &mine).await, []);
        assert_eq!(take(&servers, &resumed, &Heirs::default()).await, Ok(()));
        assert_eq!(there(&servers), all("bob@ops1"));
        let words: Vec<String> =
            lost(&servers, &inventory(3), &mine).await.iter().map(ToString::to_string).collect();
        assert!(
            words.len() == 3 && words[0].starts_with("UPGRADE_CLAIMED g1: claimed by bob@ops1"),
            "{words:?}"
        );
        assert_eq!(lost(&servers, &inventory(3), &resumed).await, []);
        assert_eq!(release(&servers, &inventory(3), &claim("b", "alice@ops1")).await, []);
        assert_eq!(there(&servers), all("bob@ops1"), "another run releases nothing");
        assert_eq!(release(&servers, &inventory(3), &resumed).await, []);
        assert_eq!(there(&servers), []);
    }

    /// What cannot be read is never taken for ours, nor is a claim that somebody took and released; who is not reached is
    /// nobody's news.
    #[tokio::test]
    async fn what_is_not_ours_any_more_is_lost() {
        let mine = claim("a", "alice@ops1");
        let there = [(host(1), text(&mine)), (host(2), "{\"format\":1".to_owned())];
        let servers = Servers { claims: Mutex::new(there.into()), ..Servers::default() };
        let found = lost(&servers, &inventory(3), &mine).await;
        let found: Vec<_> = found.iter().map(|one| (one.subject.clone(), one.ground)).collect();
        assert_eq!(
            found,
            [(Subject::Host(host(2)), Ground::Unknown), (Subject::Host(host(3)), Ground::Seen)]
        );
        let ours = [1, 3].map(|number| (host(number), text(&mine)));
        let away = Servers { claims: Mutex::new(ours.into()), lost: Some(host(2)), ..Servers::default() };
        assert_eq!(lost(&away, &inventory(3), &mine).await, []);
    }

    #[tokio::test]
    async fn of_two_that_begin_at_once_none_holds_a_part() {
        let mine = claim("a", "alice@ops1");
        for between in [false, true] {
            let other = BTreeMap::from([(host(2), text(&claim("b", "bob@ops2")))]);
            let servers = if between {
                Servers { between: other, ..Servers::default() }
            } else {
                Servers { claims: Mutex::new(other), ..Servers::default() }
            };
            let expected = Err(vec!["UPGRADE_CLAIMED g2 Seen".to_owned()]);
            assert_eq!(take(&servers, &mine, &Heirs::default()).await, expected);
            assert_eq!(there(&servers), [("g2".to_owned(), "bob@ops2".to_owned())]);
        }
    }

    #[tokio::test]
    async fn a_run_whose_servers_were_claimed_meanwhile_keeps_what_it_has() {
        let mine = claim("a", "alice@ops1");
        let claims = [(host(1), text(&mine)), (host(2), text(&claim("b", "bob@ops2")))];
        let servers = Servers { claims: Mutex::new(claims.into()), ..Servers::default() };
        assert_eq!(
            take(&servers, &mine, &Heirs::default()).await,
            Err(vec!["UPGRADE_CLAIMED g2 Seen".to_owned()])
        );
        let kept = [("g1", "alice@ops1"), ("g2", "bob@ops2")].map(|(h, by)| (h.to_owned(), by.to_owned()));
        assert_eq!(there(&servers), kept);
    }

    #[tokio::test]
    async fn claims_of_dead_runs_are_taken_over() {
        let dead = claim("dead", "bob@ops2");
        let claimed = || Mutex::new((1..=3).map(|number| (host(number), text(&dead))).collect());
        let mine = claim("a", "alice@ops1");
        let waivers: Vec<Waiver> =
            (1..=3).map(|number| format!("UPGRADE_CLAIMED:g{number}").parse().unwrap()).collect();
        let own = Heirs { own: BTreeSet::from([dead.id()]), ..Heirs::default() };
        for heirs in [own, Heirs { waivers: waivers.clone(), ..Heirs::default() }] {
            let servers = Servers { claims: claimed(), ..Servers::default() };
            assert_eq!(take(&servers, &mine, &heirs).await, Ok(()));
            assert_eq!(there(&servers), all("alice@ops1"));
        }
        let servers = Servers { claims: claimed(), ..Servers::default() };
        let two = Heirs { waivers: waivers[..2].to_vec(), ..Heirs::default() };
        assert_eq!(take(&servers, &mine, &two).await, Err(vec!["UPGRADE_CLAIMED g3 Seen".to_owned()]));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_unknown_and_nothing_is_taken_over() {
        let mine = claim("a", "alice@ops1");
        let waivers = vec!["UPGRADE_CLAIMED:g2".parse().unwrap()];
        let heirs = Heirs { waivers, ..Heirs::default() };
        let expected = Err(vec!["UPGRADE_CLAIMED g2 Unknown".to_owned()]);
        let garbled = Mutex::new(BTreeMap::from([(host(2), "{\"format\":1".to_owned())]));
        let servers = Servers { claims: garbled, ..Servers::default() };
        assert_eq!(take(&servers, &mine, &heirs).await, expected);
        assert_eq!(servers.claims.lock().unwrap().len(), 1, "what was taken is given back");
        let servers = Servers { lost: Some(host(2)), ..Servers::default() };
        assert_eq!(take(&servers, &mine, &heirs).await, expected);
        assert_eq!(release(&servers, &inventory(3), &mine).await.len(), 1);
        assert_eq!(super::claimed(&host(2), &mine).ground, Ground::Seen);
    }
}
