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

use thiserror::Error;

pub use super::inventory_file::{HostSection, InventoryFile, PackagesSection, SshSection};

use super::georep::PoolRole;
use super::names::HostName;
use super::packages;
use super::pools::{DeclaredPool, named_pools};
use super::way::{Way, Wrong};

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
    /// How commands get to it.
    pub way: Way,
    /// The operator's own command that installs there; see [`packages::own_command`] for its placeholders.
    pub install: Option<Vec<String>>,
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
    let mut inventory = Inventory {
        file: file.to_owned(),
        servers: BTreeMap::new(),
        clients: BTreeMap::new(),
        named_pools: named_pools(file, &parsed),
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
    let shared = all.packages.as_ref().and_then(|packages| packages.install.as_ref());
    let install = section.install.as_ref().or(shared);
    if let Some(argv) = install {
        packages::check_own_command(argv.get_ref()).map_err(wrong(argv.span()))?;
    }
    let near = |path: &PathBuf| folder.join(path);
    let either = |own: &Option<String>, shared: &Option<String>| own.clone().or_else(|| shared.clone());
    let file_of =
        |own: &Option<PathBuf>, shared: &Option<PathBuf>| own.as_ref().or(shared.as_ref()).map(near);
    let defaults = &all.ssh;
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
    fn a_host_takes_its_way_and_its_install_from_above_or_says_its_own() {
        let inventory = read(
            "transport = { exec = [\"docker\", \"exec\", \"{address}\"] }\n[packages]\n\
             install = [\"/opt/up\", \"{release}\"]\n[[servers]]\nname = \"g1\"\naddress = \"pool-g1\"\n\
             [[servers]]\nname = \"g2\"\ntransport = \"local\"\ninstall = [\"/opt/other\"]\n",
        )
        .unwrap();
        let (g1, g2) =
            (&inventory.servers[&"g1".parse().unwrap()], &inventory.servers[&"g2".parse().unwrap()]);
        assert_eq!(g1.way, Way::Exec(["docker", "exec", "pool-g1"].map(str::to_owned).to_vec()));
        assert_eq!(g1.install.as_deref(), Some(&["/opt/up".to_owned(), "{release}".to_owned()][..]));
        assert_eq!((&g2.way, g2.install.as_deref()), (&Way::Local, Some(&["/opt/other".to_owned()][..])));
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
    #[case::transport(
        "[[servers]]\nname = \"g1\"\ntransport = \"telnet\"\n",
        Some(3),
        "no transport `telnet`"
    )]
    #[case::transport_of_no_kind("transport = 7\n[[servers]]\nname = \"g1\"\n", Some(1), "expected \"ssh\"")]
    #[case::exec_for_all(
        "transport = { exec = [\"docker\"] }\n[[servers]]\nname = \"g1\"\n",
        Some(1),
        "names no host"
    )]
    #[case::two_locals(
        "transport = \"local\"\n[[servers]]\nname = \"g1\"\n[[servers]]\nname = \"g2\"\n",
        Some(5),
        "is `local`, and so is `g1`"
    )]
    #[case::install_by_no_path(
        "[packages]\ninstall = [\"upgrade\"]\n[[servers]]\nname = \"g1\"\n",
        Some(2),
        "no absolute path"
    )]
    #[case::half_a_placeholder(
        "[[servers]]\nname = \"g1\"\ninstall = [\"/opt/up\", \"v{release}\"]\n",
        Some(3),
        "whole arguments"
    )]
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
