//! Claims on servers that are taken, lost, taken over and released.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::core::claim::RunId;
use crate::core::command::{Command, Output};
use crate::core::finding::Ground;
use crate::core::sample::{host, inventory};
use crate::transport::TransportError;

/// Servers with their claims. What `between` has appears there between the look and the wish.
#[derive(Default)]
struct Servers {
    claims: Mutex<BTreeMap<HostName, String>>,
    between: BTreeMap<HostName, String>,
    lost: BTreeSet<HostName>,
}

#[async_trait]
impl Transport for Servers {
    async fn run(&self, host: &HostName, command: &Command) -> Result<Output, TransportError> {
        if self.lost.contains(host) {
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
    let (user, machine) = by.split_once('@').unwrap();
    let keeper = Keeper { id, machine: machine.into(), journal: "/j".into() };
    Claim::new(keeper, user, "11.1".parse().unwrap(), "0".into())
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
    // Taken up again by another process, somebody else's even: it is the same run, and theirs from now on.
    let resumed = claim("a", "bob@ops1").of_process("2".to_owned());
    assert_eq!(lost(&servers, &inventory(3), &mine).await, []);
    assert_eq!(take(&servers, &resumed, &Heirs::default()).await, Ok(()));
    assert_eq!(there(&servers), all("bob@ops1"));
    let words: Vec<String> =
        lost(&servers, &inventory(3), &mine).await.iter().map(ToString::to_string).collect();
    assert!(words.len() == 3 && words[0].starts_with("UPGRADE_CLAIMED g1: claimed by bob@ops1"), "{words:?}");
    assert_eq!(lost(&servers, &inventory(3), &resumed).await, []);
    assert_eq!(release(&servers, &inventory(3), &claim("b", "alice@ops1"), Whose::ThisPlaces).await, []);
    assert_eq!(there(&servers), all("bob@ops1"), "another run releases nothing");
    // Nor does this one where it came to its end after all: the one that goes on with it does.
    let kept = [1, 2, 3].map(|number| (host(number), Kept::Elsewhere(resumed.clone())));
    assert_eq!(release(&servers, &inventory(3), &mine, Whose::ThisProcess).await, kept);
    assert_eq!(there(&servers), all("bob@ops1"));
    assert_eq!(release(&servers, &inventory(3), &resumed, Whose::ThisProcess).await, []);
    assert_eq!(there(&servers), []);
}

/// Somebody may take it up elsewhere while another one types yes.
#[tokio::test]
async fn a_copy_that_was_not_shown_is_not_taken_over() {
    let copy = claim("a", "bob@ops2").of_process("1".to_owned());
    let mine = claim("a", "alice@ops1").of_process("2".to_owned());
    let shown = |claim: &Claim| Heirs { copies: BTreeSet::from([claim.keeper()]), ..Heirs::default() };
    let servers = Servers::default();
    assert_eq!(take(&servers, &copy, &Heirs::default()).await, Ok(()));
    let another = claim("a", "carol@ops3");
    for heirs in [Heirs::default(), shown(&another)] {
        assert_eq!(take(&servers, &mine, &heirs).await.unwrap_err().len(), 3);
        assert_eq!(there(&servers), all("bob@ops2"));
    }
    assert_eq!(take(&servers, &mine, &shown(&copy)).await, Ok(()));
    assert_eq!(there(&servers), all("alice@ops1"));
}

/// A run that is finished, whose process died before it took its claims away: any process of the same place does.
#[tokio::test]
async fn what_a_dead_process_has_left_is_released_from_its_own_place() {
    let (servers, dead) = (Servers::default(), claim("a", "alice@ops1").of_process("1".to_owned()));
    assert_eq!(take(&servers, &dead, &Heirs::default()).await, Ok(()));
    let copy = claim("a", "alice@ops2").of_process("2".to_owned());
    let kept = [1, 2, 3].map(|number| (host(number), Kept::Elsewhere(dead.clone())));
    assert_eq!(release(&servers, &inventory(3), &copy, Whose::ThisPlaces).await, kept);
    let here = claim("a", "root@ops1").of_process("3".to_owned());
    assert_eq!(release(&servers, &inventory(3), &here, Whose::ThisPlaces).await, []);
    assert_eq!(there(&servers), []);
}

/// What cannot be read is never taken for ours, nor is a claim that somebody took and released. Who is not reached is
/// nobody's news, for as long as one is that is ours.
#[tokio::test]
async fn what_is_not_ours_any_more_is_lost() {
    let mine = claim("a", "alice@ops1");
    let there = [(host(1), text(&mine)), (host(2), "{\"format\":1".to_owned())];
    let servers = Servers { claims: Mutex::new(there.into()), ..Servers::default() };
    let found = lost(&servers, &inventory(3), &mine).await;
    let found: Vec<_> = found.iter().map(|one| (one.subject.clone(), one.ground)).collect();
    assert_eq!(found, [(Subject::Host(host(2)), Ground::Unknown), (Subject::Host(host(3)), Ground::Seen)]);
    let ours = [1, 3].map(|number| (host(number), text(&mine)));
    let away = |hosts: &[usize]| hosts.iter().map(|number| host(*number)).collect();
    let servers = Servers { claims: Mutex::new(ours.into()), lost: away(&[2, 3]), ..Servers::default() };
    assert_eq!(lost(&servers, &inventory(3), &mine).await, []);
    let servers = Servers { lost: away(&[1, 2, 3]), ..servers };
    let found = lost(&servers, &inventory(3), &mine).await;
    assert_eq!(found.iter().map(|one| one.ground).collect::<Vec<_>>(), [Ground::Unknown; 3]);
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
    let own = Heirs { own: BTreeSet::from([dead.keeper()]), ..Heirs::default() };
    for heirs in [own, Heirs { waivers: waivers.clone(), ..Heirs::default() }] {
        let servers = Servers { claims: claimed(), ..Servers::default() };
        assert_eq!(take(&servers, &mine, &heirs).await, Ok(()));
        assert_eq!(there(&servers), all("alice@ops1"));
    }
    let servers = Servers { claims: claimed(), ..Servers::default() };
    let copy = Keeper { machine: "ops3".into(), ..dead.keeper() };
    let copied = Heirs { own: BTreeSet::from([copy]), ..Heirs::default() };
    assert_eq!(take(&servers, &mine, &copied).await.unwrap_err().len(), 3, "from a copy elsewhere");
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
    let servers = Servers { lost: BTreeSet::from([host(2)]), ..Servers::default() };
    assert_eq!(take(&servers, &mine, &heirs).await, expected);
    assert_eq!(release(&servers, &inventory(3), &mine, Whose::ThisProcess).await.len(), 1);
    assert_eq!(super::claimed(&host(2), &mine).ground, Ground::Seen);
}
