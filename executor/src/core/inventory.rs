//! The inventory: what the operator declared. Never mixed with the pool state, which is what was observed.
//!
//! ```toml
//! [ssh]                        # for every host; each key may be left out or be set per host
//! user = "root"
//! identity = "id_ed25519"      # relative to this file
//!
//! [[servers]]                  # every server of the trusted storage pool
//! name = "g1"
//! address = "g1.example.org"   # the name itself where left out; an alias of ~/.ssh/config will do
//!
//! [[clients]]                  # machines that mount its volumes: looked at, and named as what is left to do
//! name = "web1"
//!
//! [[secondaries]]              # pools that this one is geo-replicated to: they are upgraded before it
//! inventory = "dr.toml"        # relative to this file
//!
//! [[primaries]]                # pools that are geo-replicated to this one
//! inventory = "prod.toml"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::Spanned;

use super::georep::Role;
use super::names::HostName;

/// The most servers an inventory may name: far above any real pool, far below what would exhaust this machine.
const SERVERS_MAX: usize = 256;

/// How to reach a host by SSH. What is `None` is left to `~/.ssh/config` and ssh's own defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshSettings {
    /// The address, or an alias that `~/.ssh/config` knows.
    pub address: String,
    /// The user to log in as.
    pub user: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The private key.
    pub identity: Option<PathBuf>,
    /// A jump host (`user@host:port`).
    pub jump: Option<String>,
    /// A file of known host keys to use in place of `~/.ssh/known_hosts`.
    pub known_hosts: Option<PathBuf>,
}

/// A declared host: how to reach it, and where it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// How to reach it.
    pub ssh: SshSettings,
    /// The line of the inventory that names its address, for messages about it.
    pub line: usize,
}

/// The hosts of a pool, as the operator declared them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The file it was read from.
    pub file: PathBuf,
    /// Every server of the trusted storage pool.
    pub servers: BTreeMap<HostName, Host>,
    /// Machines that mount the pool's volumes.
    pub clients: BTreeMap<HostName, Host>,
    /// Pools at the other ends of geo-replication, as the file names them.
    pub named_pools: Vec<(Role, PathBuf)>,
    /// The same with their servers, once their inventories were read ([`Inventory::relate`]).
    pub other_pools: Vec<DeclaredPool>,
}

/// A pool at the other end of geo-replication, as its own inventory declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPool {
    /// At which end it is.
    pub role: Role,
    /// Its inventory.
    pub file: PathBuf,
    /// Its servers.
    pub servers: BTreeMap<HostName, Host>,
}

impl Inventory {
    /// Returns every host that is named, those of other pools too.
    pub fn hosts(&self) -> impl Iterator<Item = (&HostName, &Host)> {
        let others = self.other_pools.iter().flat_map(|pool| &pool.servers);
        self.servers.iter().chain(&self.clients).chain(others)
    }

    /// Takes up the servers of a pool at the other end, from its own inventory.
    ///
    /// # Errors
    /// A name that two inventories give to different hosts: messages and commands go by names.
    pub fn relate(&mut self, role: Role, other: Inventory) -> Result<(), InventoryError> {
        if let Some((name, host)) =
            other.servers.iter().find(|(name, _)| self.hosts().any(|(known, _)| known == *name))
        {
            return Err(InventoryError {
                file: other.file.clone(),
                line: Some(host.line),
                problem: format!("`{name}` is a name in {} too", self.file.display()),
                hint: "give it another `name` in one of the two, and what it had as `address`".to_owned(),
            });
        }
        self.other_pools.push(DeclaredPool { role, file: other.file, servers: other.servers });
        Ok(())
    }
}

/// What is wrong with an inventory: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{}: {problem}\nhint: {hint}", file.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct InventoryError {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1, where the trouble has one.
    pub line: Option<usize>,
    /// What was found, and what was expected.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

/// The file as it is written; also what the simulator writes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryFile {
    /// Settings for every host.
    #[serde(default)]
    pub ssh: SshSection,
    /// The servers.
    pub servers: Vec<HostSection>,
    /// The clients.
    #[serde(default)]
    pub clients: Vec<HostSection>,
    /// Pools that this one is geo-replicated to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secondaries: Vec<PoolSection>,
    /// Pools that are geo-replicated to this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primaries: Vec<PoolSection>,
}

/// `[[secondaries]]` and `[[primaries]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSection {
    /// The pool's own inventory, relative to this one.
    pub inventory: PathBuf,
}

/// `[ssh]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshSection {
    /// See [`SshSettings::user`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// See [`SshSettings::port`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// See [`SshSettings::identity`]; relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<PathBuf>,
    /// See [`SshSettings::jump`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump: Option<String>,
    /// See [`SshSettings::known_hosts`]; relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<PathBuf>,
}

/// `[[servers]]` and `[[clients]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSection {
    /// What to call the host in plans and messages.
    pub name: Spanned<HostName>,
    /// See [`SshSettings::address`]; the name where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Spanned<String>>,
    /// See [`SshSettings::user`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// See [`SshSettings::port`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// See [`SshSettings::identity`]; relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<PathBuf>,
    /// See [`SshSettings::jump`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump: Option<String>,
    /// See [`SshSettings::known_hosts`]; relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<PathBuf>,
}

/// Reads an inventory's text. Paths in it are relative to the folder of `file`.
///
/// # Errors
/// The first thing that is wrong with it, with its line and a remedy.
pub fn parse(file: &Path, text: &str) -> Result<Inventory, InventoryError> {
    let parsed: InventoryFile = toml::from_str(text).map_err(|error| InventoryError {
        file: file.to_owned(),
        line: error.span().map(|span| line_of(text, span.start)),
        problem: error.message().to_owned(),
        hint: "an inventory has `[ssh]`, `[[servers]]` and `[[clients]]`; see `executor --help`".to_owned(),
    })?;
    let problem = |line: Option<usize>, problem: String, hint: &str| InventoryError {
        file: file.to_owned(),
        line,
        problem,
        hint: hint.to_owned(),
    };
    if parsed.servers.is_empty() {
        return Err(problem(None, "no servers".into(), "name every server of the pool in `[[servers]]`"));
    }
    if parsed.servers.len() + parsed.clients.len() > SERVERS_MAX {
        let hint = "split the clients over several inventories";
        return Err(problem(None, format!("more than {SERVERS_MAX} hosts"), hint));
    }
    let near = |section: &PoolSection| file.parent().unwrap_or(Path::new("")).join(&section.inventory);
    let secondaries = parsed.secondaries.iter().map(|section| (Role::Secondary, near(section)));
    let primaries = parsed.primaries.iter().map(|section| (Role::Primary, near(section)));
    let mut inventory = Inventory {
        file: file.to_owned(),
        servers: BTreeMap::new(),
        clients: BTreeMap::new(),
        named_pools: secondaries.chain(primaries).collect(),
        other_pools: Vec::new(),
    };
    let mut named: BTreeMap<HostName, usize> = BTreeMap::new();
    let mut reached: BTreeMap<(String, Option<u16>), HostName> = BTreeMap::new();
    let servers = parsed.servers.into_iter().map(|section| (section, true));
    for (section, is_server) in servers.chain(parsed.clients.into_iter().map(|section| (section, false))) {
        let name_line = line_of(text, section.name.span().start);
        let name = section.name.get_ref().clone();
        let host = host(file, text, &parsed.ssh, section, name_line)?;
        if let Some(first) = named.insert(name.clone(), name_line) {
            let hint = "give each host a name of its own";
            return Err(problem(Some(name_line), format!("`{name}` is named already on line {first}"), hint));
        }
        let address = (host.ssh.address.clone(), host.ssh.port);
        if let Some(other) = reached.insert(address, name.clone()) {
            let what = format!("`{name}` has the same address and port as `{other}`");
            return Err(problem(Some(host.line), what, "each host appears once, as a server or as a client"));
        }
        let hosts = if is_server { &mut inventory.servers } else { &mut inventory.clients };
        hosts.insert(name, host);
    }
    Ok(inventory)
}

/// Works out one host from its section and the defaults.
fn host(
    file: &Path,
    text: &str,
    defaults: &SshSection,
    section: HostSection,
    name_line: usize,
) -> Result<Host, InventoryError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let (address, line) = match section.address {
        Some(address) => (address.get_ref().clone(), line_of(text, address.span().start)),
        None => (section.name.get_ref().to_string(), name_line),
    };
    // An address that begins with a dash would be read by ssh as an option.
    if address.parse::<HostName>().is_err() {
        return Err(InventoryError {
            file: file.to_owned(),
            line: Some(line),
            problem: format!(
                "`{}` is not a host name, an IP address or an alias of ~/.ssh/config",
                address.escape_debug()
            ),
            hint: "write the port as `port = 2222` and the user as `user = \"root\"`".to_owned(),
        });
    }
    let near = |path: &PathBuf| folder.join(path);
    Ok(Host {
        ssh: SshSettings {
            address,
            user: section.user.or_else(|| defaults.user.clone()),
            port: section.port.or(defaults.port),
            identity: section.identity.or_else(|| defaults.identity.clone()).as_ref().map(near),
            jump: section.jump.or_else(|| defaults.jump.clone()),
            known_hosts: section.known_hosts.or_else(|| defaults.known_hosts.clone()).as_ref().map(near),
        },
        line,
    })
}

/// Returns the line, counted from 1, of a byte of the text.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(text: &str) -> Result<Inventory, InventoryError> {
        parse(Path::new("pools/prod.toml"), text)
    }

    #[test]
    fn a_host_takes_what_it_does_not_say_from_ssh() {
        let inventory = read(
            "[ssh]\nuser = \"root\"\nidentity = \"id\"\n[[servers]]\nname = \"g1\"\n\
             [[servers]]\nname = \"g2\"\naddress = \"192.0.2.2\"\nport = 2222\nuser = \"ops\"\n",
        )
        .unwrap();
        let g1 = &inventory.servers[&"g1".parse().unwrap()].ssh;
        assert_eq!((g1.address.as_str(), g1.user.as_deref()), ("g1", Some("root")));
        assert_eq!(g1.identity.as_deref(), Some(Path::new("pools/id")));
        let g2 = &inventory.servers[&"g2".parse().unwrap()].ssh;
        assert_eq!(
            (g2.address.as_str(), g2.port, g2.user.as_deref()),
            ("192.0.2.2", Some(2222), Some("ops"))
        );
    }

    #[test]
    fn other_pools_are_taken_up_by_their_own_inventories() {
        let mut prod =
            read("[[servers]]\nname = \"m1\"\n[[secondaries]]\ninventory = \"dr.toml\"\n").unwrap();
        assert_eq!(prod.named_pools, [(Role::Secondary, PathBuf::from("pools/dr.toml"))]);
        prod.relate(Role::Secondary, read("[[servers]]\nname = \"l1\"\n").unwrap()).unwrap();
        assert_eq!(prod.hosts().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["m1", "l1"]);
        let same = read("[[servers]]\nname = \"l2\"\n[[servers]]\nname = \"m1\"\n").unwrap();
        let error = prod.relate(Role::Secondary, same).unwrap_err();
        assert_eq!((error.line, error.problem.contains("`m1` is a name")), (Some(4), true), "{error}");
    }

    #[rstest]
    #[case::unknown_key("[[servers]]\nname = \"g1\"\nadress = \"x\"\n", Some(3), "unknown field `adress`")]
    #[case::missing_name("[[servers]]\naddress = \"x\"\n", Some(1), "missing field `name`")]
    #[case::no_servers("servers = []\n", None, "no servers")]
    #[case::no_section("[ssh]\nuser = \"root\"\n", Some(1), "missing field `servers`")]
    #[case::duplicate(
        "[[servers]]\nname = \"g1\"\n\n[[clients]]\nname = \"g1\"\n",
        Some(5),
        "named already on line 2"
    )]
    #[case::same_address(
        "[[servers]]\nname = \"g1\"\n[[servers]]\nname = \"g2\"\naddress = \"g1\"\n",
        Some(5),
        "same address and port as `g1`"
    )]
    #[case::bad_name("[[servers]]\nname = \"g1;reboot\"\n", Some(2), "is not a host name")]
    #[case::bad_address(
        "[[servers]]\nname = \"g1\"\naddress = \"-oProxyCommand=x\"\n",
        Some(3),
        "not a host"
    )]
    #[case::not_toml("[[servers]\n", Some(1), "")]
    fn what_is_wrong_is_said_with_its_line(
        #[case] text: &str,
        #[case] line: Option<usize>,
        #[case] says: &str,
    ) {
        let error = read(text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.problem.contains(says), "{error}");
        assert!(error.to_string().starts_with("pools/prod.toml"), "{error}");
        assert!(error.to_string().contains("hint: "), "{error}");
    }
}
