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
//! transport = "local"          # for one host here; above `[ssh]` for every host. See `way`
//! install = ["/opt/upgrade", "{release}"] # your own way to install, on this host; `[packages]` has it for all
//! install_back = ["/opt/downgrade", "{release}"] # the same, for an older release over a later one
//!
//! [[clients]]                  # machines that mount its volumes: upgraded after the servers
//! name = "web1"
//! # [[clients.applications]]   # what has to be stopped there first: see `application`
//!
//! [[secondaries]]              # pools that this one is geo-replicated to: they are upgraded before it
//! inventory = "dr.toml"        # relative to this file
//!
//! [[primaries]]                # pools that are geo-replicated to this one
//! inventory = "prod.toml"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use super::inventory_file::{HostSection, InventoryFile, PackagesSection, SshSection};

use super::application::{Application, ApplicationSection};
use super::georep::PoolRole;
use super::names::{ApplicationName, HostName};
use super::packages;
use super::pools::{DeclaredPool, NamedTwice, named_pools};
use super::way::{Way, Wrong};

/// The most servers an inventory may name: far above any real pool, far below what would exhaust this machine.
const SERVERS_MAX: usize = 2000;

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

impl SshSettings {
    /// Returns the hosts that `jump` goes through, without users and ports (ssh(1), `-J`: `user@host:port`, several
    /// with commas between them).
    pub fn jumps(&self) -> impl Iterator<Item = &str> {
        self.jump.iter().flat_map(|jump| jump.split(',')).map(|hop| {
            let hop = hop.trim();
            let hop = hop.strip_prefix("ssh://").unwrap_or(hop);
            let hop = hop.rsplit_once('@').map_or(hop, |(_, host)| host);
            match hop.strip_prefix('[').and_then(|hop| hop.split_once(']')) {
                Some((address, _)) => address,
                None => hop.split_once(':').map_or(hop, |(host, _)| host),
            }
        })
    }
}

/// A declared host: how to reach it, and where it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// How to reach it.
    pub ssh: SshSettings,
    /// The line of the inventory that names its address, for messages about it.
    pub line: usize,
    /// How commands get to it.
    pub way: Way,
    /// The operator's own command that installs there; see [`packages::own_command`] for its placeholders.
    pub install: Option<Vec<String>>,
    /// The operator's own command that installs an older release over a later one there; likewise.
    pub install_back: Option<Vec<String>>,
    /// Programs on it that use volumes.
    pub applications: Vec<Application>,
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
    pub named_pools: Vec<(PoolRole, PathBuf)>,
    /// The same with their servers, once their inventories were read ([`Inventory::relate`]).
    pub other_pools: Vec<DeclaredPool>,
}

impl Inventory {
    /// Returns whether the inventory reaches other hosts by way of this server. What `~/.ssh/config` says besides is
    /// not known here.
    pub fn leads_through(&self, server: &HostName) -> bool {
        let Some(declared) = self.servers.get(server) else { return false };
        let is_it = |hop: &str| {
            hop.eq_ignore_ascii_case(server.as_str()) || hop.eq_ignore_ascii_case(&declared.ssh.address)
        };
        self.servers
            .iter()
            .chain(&self.clients)
            .filter(|(name, host)| *name != server && host.way == Way::Ssh)
            .any(|(_, host)| host.ssh.jumps().any(is_it))
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

/// Reads an inventory's text. Paths in it are relative to the folder of `file`.
///
/// # Errors
/// The first thing that is wrong with it, with its line and a remedy.
pub fn parse(file: &Path, text: &str) -> Result<Inventory, InventoryError> {
    let parsed: InventoryFile = toml::from_str(text).map_err(|error| InventoryError {
        file: file.to_owned(),
        line: error.span().map(|span| line_of(text, span.start)),
        problem: error.message().to_owned(),
        hint: remedy(error.message()).to_owned(),
    })?;
    let problem = |line: Option<usize>, problem: String, hint: &str| InventoryError {
        file: file.to_owned(),
        line,
        problem,
        hint: hint.to_owned(),
    };
    if parsed.servers.len() + parsed.clients.len() > SERVERS_MAX {
        let hint = "split the clients over several inventories";
        return Err(problem(None, format!("more than {SERVERS_MAX} hosts"), hint));
    }
    let mut inventory = Inventory {
        file: file.to_owned(),
        servers: BTreeMap::new(),
        clients: BTreeMap::new(),
        named_pools: named_pools(file, &parsed).map_err(|(at, twice)| named_twice(file, text, at, &twice))?,
        other_pools: Vec::new(),
    };
    let mut named: BTreeMap<HostName, usize> = BTreeMap::new();
    let mut reached: BTreeMap<(String, Option<u16>), HostName> = BTreeMap::new();
    let mut local: Option<HostName> = None;
    let servers = parsed.servers.iter().map(|section| (section, true));
    for (section, is_server) in servers.chain(parsed.clients.iter().map(|section| (section, false))) {
        let name_line = line_of(text, section.name.span().start);
        let name = section.name.get_ref().clone();
        let host = host(file, text, &parsed, section, name_line)?;
        if let Some(first) = named.insert(name.clone(), name_line) {
            let hint = "give each host a name of its own";
            return Err(problem(Some(name_line), format!("`{name}` is named already on line {first}"), hint));
        }
        let address = (host.ssh.address.clone(), host.ssh.port);
        if let Some(other) = reached.insert(address, name.clone()) {
            let what = format!("`{name}` has the same address and port as `{other}`");
            return Err(problem(Some(host.line), what, "each host appears once, as a server or as a client"));
        }
        if host.way == Way::Local
            && let Some(other) = local.replace(name.clone())
        {
            let what = format!("`{name}` is `local`, and so is `{other}`");
            let hint = "this program runs on one host: give the others \"ssh\" or an `exec`";
            return Err(problem(Some(host.line), what, hint));
        }
        let hosts = if is_server { &mut inventory.servers } else { &mut inventory.clients };
        hosts.insert(name, host);
    }
    Ok(inventory)
}

/// Says that a pool at the other end is named twice, or is this one.
fn named_twice(file: &Path, text: &str, at: usize, twice: &NamedTwice) -> InventoryError {
    let inventory = twice.inventory.display();
    let (problem, hint) = match twice.first {
        Some(first) => (
            format!("`{inventory}` is named already on line {}", line_of(text, first)),
            "remove the second: a pool is at one other end, once",
        ),
        None => (format!("`{inventory}` is this inventory itself"), "name the inventory of the other pool"),
    };
    InventoryError { file: file.to_owned(), line: Some(line_of(text, at)), problem, hint: hint.to_owned() }
}

/// Returns what to do about a text that cannot be read, by the words of what reads it.
fn remedy(message: &str) -> &'static str {
    let begins = |words: &str| message.starts_with(words);
    if begins("unknown field") || begins("missing field `servers`") {
        "an inventory has `transport`, `[ssh]`, `[packages]`, `[[servers]]`, `[[clients]]`, `[[secondaries]]` and \
         `[[primaries]]`; see `executor --help`"
    } else if begins("missing field") {
        "add it to that section; see `executor --help`"
    } else if begins("duplicate key") {
        "remove one of the two"
    } else if begins("no servers") {
        "name every server of the pool in `[[servers]]`"
    } else {
        "write that line as `executor --help` shows it"
    }
}

/// Works out one host from its section and the defaults.
fn host(
    file: &Path,
    text: &str,
    all: &InventoryFile,
    section: &HostSection,
    name_line: usize,
) -> Result<Host, InventoryError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let (address, line) = match &section.address {
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
    let wrong = |at: std::ops::Range<usize>| {
        let line = Some(line_of(text, at.start));
        move |(problem, hint): Wrong| InventoryError {
            file: file.to_owned(),
            line,
            problem,
            hint: hint.to_owned(),
        }
    };
    let way = match (&section.transport, &all.transport) {
        (Some(own), _) => {
            own.get_ref().way(section.name.get_ref(), &address, false).map_err(wrong(own.span()))?
        }
        (None, Some(shared)) => {
            shared.get_ref().way(section.name.get_ref(), &address, true).map_err(wrong(shared.span()))?
        }
        (None, None) => Way::Ssh,
    };
    let packages = all.packages.as_ref();
    let install = section.install.as_ref().or(packages.and_then(|shared| shared.install.as_ref()));
    let back = section.install_back.as_ref().or(packages.and_then(|shared| shared.install_back.as_ref()));
    for argv in install.iter().chain(&back) {
        packages::check_own_command(argv.get_ref()).map_err(wrong(argv.span()))?;
    }
    let near = |path: &PathBuf| folder.join(path);
    let either = |own: &Option<String>, shared: &Option<String>| own.clone().or_else(|| shared.clone());
    let file_of =
        |own: &Option<PathBuf>, shared: &Option<PathBuf>| own.as_ref().or(shared.as_ref()).map(near);
    let defaults = &all.ssh;
    let applications = applications(file, text, section.applications.clone())?;
    Ok(Host {
        ssh: SshSettings {
            address,
            user: either(&section.user, &defaults.user),
            port: section.port.or(defaults.port),
            identity: file_of(&section.identity, &defaults.identity),
            jump: either(&section.jump, &defaults.jump),
            known_hosts: file_of(&section.known_hosts, &defaults.known_hosts),
        },
        line,
        way,
        install: install.map(|argv| argv.get_ref().clone()),
        install_back: back.map(|argv| argv.get_ref().clone()),
        applications,
    })
}

/// Works out the applications of one host.
fn applications(
    file: &Path,
    text: &str,
    sections: Vec<ApplicationSection>,
) -> Result<Vec<Application>, InventoryError> {
    let mut named: BTreeMap<ApplicationName, usize> = BTreeMap::new();
    let mut applications = Vec::new();
    for section in sections {
        let line = line_of(text, section.name.span().start);
        let error = |problem: String, hint: &str| InventoryError {
            file: file.to_owned(),
            line: Some(line),
            problem,
            hint: hint.to_owned(),
        };
        let application = section.application().map_err(|(problem, hint)| error(problem, hint))?;
        if let Some(first) = named.insert(application.name.clone(), line) {
            let what = format!("application `{}` is named already on line {first}", application.name);
            return Err(error(what, "give each application of a host a name of its own"));
        }
        applications.push(application);
    }
    Ok(applications)
}

/// Returns the line, counted from 1, of a byte of the text.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
