//! What a run remembers of its inventory, so that a resume with another one can say in what they differ.
//!
//! Names and addresses are kept as they are, for messages. Words that may hold a secret (the prefix of an `exec`,
//! commands, paths of keys) are kept as digests: that they differ can be told, what they were cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::inventory::{Host, Inventory};
use super::names::{HostName, PeerUuid};
use super::plan::Plan;
use super::way::Way;

/// The hosts of an inventory, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Declared {
    /// The servers.
    pub servers: BTreeMap<HostName, DeclaredHost>,
    /// The client machines.
    pub clients: BTreeMap<HostName, DeclaredHost>,
    /// Which server of the pool answered to each name.
    pub uuids: BTreeMap<HostName, PeerUuid>,
}

/// A host of an inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredHost {
    /// Where it is reached.
    pub address: String,
    /// The port; ssh's own where none.
    pub port: Option<u16>,
    /// The user; ssh's own where none.
    pub user: Option<String>,
    /// Through what it is reached.
    pub jump: Option<String>,
    /// A digest of how commands get there: transport, key, known host keys.
    pub way: String,
    /// A digest of what is done there besides: applications, the operator's own way to install.
    pub work: String,
}

/// In what two inventories differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A server that the run has is not named any more.
    ServerGone(HostName),
    /// A server is named that the run does not have.
    ServerNew(HostName),
    /// Another server of the pool answers to this name.
    ServerOther(HostName),
    /// A client machine on which the plan has steps is not named any more.
    ClientGone(HostName),
    /// A client machine is named that the run does not have.
    ClientNew(HostName),
    /// The way to a host is another one.
    Way {
        /// The host.
        host: HostName,
        /// What of it, and from what to what as far as that may be told.
        what: String,
    },
    /// What is done on a host besides Gluster is another: the plan keeps what it was made with.
    Work(HostName),
}

impl Difference {
    /// Returns whether a run cannot go on with it: its steps would be done somewhere else, or could not be done.
    pub fn stands_in_the_way(&self) -> bool {
        match self {
            Self::ServerGone(_) | Self::ServerNew(_) | Self::ServerOther(_) | Self::ClientGone(_) => true,
            Self::ClientNew(_) | Self::Way { .. } | Self::Work(_) => false,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerGone(host) => write!(f, "{host}: a server of this run, which is not named any more"),
            Self::ServerNew(host) => write!(f, "{host}: a server that this run does not have"),
            Self::ServerOther(host) => {
                write!(f, "{host}: another server of the pool answers to this name than when the run began")
            }
            Self::ClientGone(host) => {
                write!(f, "{host}: a client on which the plan has steps, and which is not named any more")
            }
            Self::ClientNew(host) => {
                write!(f, "{host}: a client that this run does not have; it is left alone")
            }
            Self::Way { host, what } => write!(f, "{host}: {what}"),
            Self::Work(host) => {
                let what =
                    "its applications or its own way to install; the plan keeps those it was made with";
                write!(f, "{host}: {what}")
            }
        }
    }
}

impl Declared {
    /// Returns what is to be remembered of an inventory. `uuids`: which server answered to each name.
    pub fn of(inventory: &Inventory, uuids: BTreeMap<HostName, PeerUuid>) -> Self {
        let hosts = |hosts: &BTreeMap<HostName, Host>| {
            hosts.iter().map(|(name, host)| (name.clone(), DeclaredHost::of(host))).collect()
        };
        Self { servers: hosts(&inventory.servers), clients: hosts(&inventory.clients), uuids }
    }

    /// Returns in what `now` differs from this, for a run with this plan.
    pub fn differences(&self, now: &Self, plan: &Plan) -> Vec<Difference> {
        let mut found = servers(self.servers.keys().collect(), now.servers.keys().collect());
        found.extend(self.uuids.iter().filter_map(|(host, uuid)| {
            let other = now.uuids.get(host).is_some_and(|now| now != uuid);
            other.then(|| Difference::ServerOther(host.clone()))
        }));
        let touched: BTreeSet<&HostName> = plan.steps().flat_map(|step| step.action.hosts()).collect();
        let gone = self.clients.keys().filter(|host| !now.clients.contains_key(*host));
        found.extend(gone.filter(|host| touched.contains(host)).cloned().map(Difference::ClientGone));
        let new = now.clients.keys().filter(|host| !self.clients.contains_key(*host));
        found.extend(new.cloned().map(Difference::ClientNew));
        let pairs = |then: &BTreeMap<HostName, DeclaredHost>, now: &BTreeMap<HostName, DeclaredHost>| {
            let both = then.iter().filter_map(|(host, then)| Some((host, then, now.get(host)?)));
            both.flat_map(|(host, then, now)| then.differences(host, now)).collect::<Vec<_>>()
        };
        found.extend(pairs(&self.servers, &now.servers));
        found.extend(pairs(&self.clients, &now.clients));
        found
    }
}

/// Returns in what the servers of two inventories differ.
pub fn servers(then: BTreeSet<&HostName>, now: BTreeSet<&HostName>) -> Vec<Difference> {
    let gone = then.difference(&now).map(|host| Difference::ServerGone((*host).clone()));
    gone.chain(now.difference(&then).map(|host| Difference::ServerNew((*host).clone()))).collect()
}

impl DeclaredHost {
    fn of(host: &Host) -> Self {
        let Host { ssh, line: _, way, install, install_back, applications } = host;
        let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let prefix = match way {
            Way::Ssh => vec!["ssh".to_owned()],
            Way::Local => vec!["local".to_owned()],
            Way::Exec(words) => [&["exec".to_owned()][..], words].concat(),
        };
        Self {
            address: ssh.address.clone(),
            port: ssh.port,
            user: ssh.user.clone(),
            jump: ssh.jump.clone(),
            way: digest(&(prefix, path(&ssh.identity), path(&ssh.known_hosts))),
            work: digest(&(install, install_back, applications)),
        }
    }

    fn differences(&self, host: &HostName, now: &Self) -> Vec<Difference> {
        let Self { address, port, user, jump, way, work } = self;
        let said = |word: &Option<String>| word.clone().unwrap_or_else(|| "ssh's own".to_owned());
        let number = |port: &Option<u16>| port.map(|port| port.to_string());
        let shown = [
            ("address", Some(address.clone()), Some(now.address.clone())),
            ("port", number(port), number(&now.port)),
            ("user", user.clone(), now.user.clone()),
            ("jump", jump.clone(), now.jump.clone()),
        ];
        let mut found: Vec<Difference> = shown
            .iter()
            .filter(|(_, then, now)| then != now)
            .map(|(name, then, now)| format!("{name} was {}, is {}", said(then), said(now)))
            .map(|what| Difference::Way { host: host.clone(), what })
            .collect();
        if *way != now.way {
            let what = "transport, identity or known_hosts are others".to_owned();
            found.push(Difference::Way { host: host.clone(), what });
        }
        found.extend((*work != now.work).then(|| Difference::Work(host.clone())));
        found
    }
}

/// Returns a digest of words that are not to be read again.
fn digest(words: &impl Serialize) -> String {
    // Plain data always serialises; were it not to, two would look alike, and nothing be told.
    let text = serde_json::to_string(words).unwrap_or_default();
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::plan::{self, Outcome};
    use super::super::sample::{host, inventory, replica_3, request, uuid};
    use super::*;

    type Uuids = BTreeMap<HostName, PeerUuid>;

    fn uuids() -> Uuids {
        (1..=3).map(|number| (host(number), uuid(number))).collect()
    }

    fn planned() -> Plan {
        match plan::plan(&inventory(3), &replica_3(), &request("11.1", &[])) {
            Outcome::Plan(plan) => *plan,
            other => panic!("{other:?}"),
        }
    }

    fn compared(change: impl Fn(&mut Inventory, &mut Uuids)) -> Vec<Difference> {
        let (mut other, mut answered) = (inventory(3), uuids());
        change(&mut other, &mut answered);
        Declared::of(&inventory(3), uuids()).differences(&Declared::of(&other, answered), &planned())
    }

    fn g2(inventory: &mut Inventory) -> &mut Host {
        inventory.servers.get_mut(&host(2)).unwrap()
    }

    #[rstest]
    #[case::same(|_: &mut Inventory, _: &mut Uuids| {}, &[], false)]
    #[case::address(|all: &mut Inventory, _: &mut Uuids| g2(all).ssh.address = "192.0.2.2".into(), &["g2: address was g2, is 192.0.2.2"], false)]
    #[case::user(|all: &mut Inventory, _: &mut Uuids| g2(all).ssh.user = Some("ops".into()), &["g2: user was ssh's own, is ops"], false)]
    #[case::prefix(
        |all: &mut Inventory, _: &mut Uuids| g2(all).way = Way::Exec(vec!["sshpass".into(), "-p".into(), "hunter2".into()]),
        &["g2: transport, identity or known_hosts are others"],
        false
    )]
    #[case::install(|all: &mut Inventory, _: &mut Uuids| g2(all).install = Some(vec!["x".into()]), &["g2: its applications or its own way to install; the plan keeps those it was made with"], false)]
    #[case::new_server(|all: &mut Inventory, _: &mut Uuids| *all = inventory(4), &["g4: a server that this run does not have"], true)]
    #[case::gone(
        |all: &mut Inventory, _: &mut Uuids| drop(all.servers.remove(&host(3))),
        &["g3: a server of this run, which is not named any more"],
        true
    )]
    #[case::swapped(
        |_: &mut Inventory, answered: &mut Uuids| { answered.insert(host(1), uuid(2)); },
        &["g1: another server of the pool answers to this name than when the run began"],
        true
    )]
    #[case::no_answer(|_: &mut Inventory, answered: &mut Uuids| answered.clear(), &[], false)]
    #[case::client_gone(
        |all: &mut Inventory, _: &mut Uuids| all.clients.clear(),
        &["c1: a client on which the plan has steps, and which is not named any more"],
        true
    )]
    fn what_differs_is_said_and_other_hosts_stand_in_the_way(
        #[case] change: fn(&mut Inventory, &mut Uuids),
        #[case] says: &[&str],
        #[case] stands: bool,
    ) {
        let found = compared(change);
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), says);
        assert_eq!(found.iter().any(Difference::stands_in_the_way), stands);
    }

    #[test]
    fn nothing_secret_is_remembered() {
        let mut secret = inventory(1);
        let host = secret.servers.get_mut(&host(1)).unwrap();
        host.way = Way::Exec(vec!["sshpass".into(), "-p".into(), "hunter2".into()]);
        host.ssh.identity = Some("/keys/hunter2".into());
        host.install = Some(vec!["install".into(), "--token=hunter2".into()]);
        let text = serde_json::to_string(&Declared::of(&secret, BTreeMap::new())).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
    }
}
