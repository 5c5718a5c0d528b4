//! What the hosts and volumes of a rehearsal are called: as in the pool, or by number.

use std::collections::{BTreeMap, BTreeSet};

use executor::core::names::{HostName, VolumeName};

/// The names that were given.
#[derive(Debug, Default)]
pub(super) struct Names {
    anonymise: bool,
    nodes: BTreeSet<String>,
    /// What hosts are really called, so that no other one is given such a name.
    real: BTreeSet<String>,
    servers: BTreeMap<HostName, String>,
    volumes: BTreeMap<VolumeName, String>,
}

impl Names {
    /// Gives names of its own, or keeps those that there are.
    pub(super) fn of<'a>(anonymise: bool, hosts: impl Iterator<Item = &'a HostName>) -> Self {
        let real = if anonymise { BTreeSet::new() } else { hosts.map(|host| label(host.as_str())).collect() };
        Self { anonymise, real, ..Self::default() }
    }

    /// Returns what a server is called: always the same.
    pub(super) fn server(&mut self, host: &HostName) -> String {
        if let Some(name) = self.servers.get(host) {
            return name.clone();
        }
        let name = self.node(host.as_str(), "g");
        self.servers.insert(host.clone(), name.clone());
        name
    }

    /// Returns a name for a node: its own without the domain, where nodes may be called so and none is; else the first free
    /// one with a number.
    pub(super) fn node(&mut self, real: &str, prefix: &str) -> String {
        let own = label(real);
        let kept = Some(own).filter(|own| !self.anonymise && is_node_name(own) && !self.nodes.contains(own));
        let numbered = || {
            (1..)
                .map(|number| format!("{prefix}{number}"))
                .find(|name| !self.nodes.contains(name) && !self.real.contains(name))
        };
        let name = kept.or_else(numbered).unwrap_or_default();
        self.nodes.insert(name.clone());
        name
    }

    /// Returns what a volume is called: always the same.
    pub(super) fn volume(&mut self, volume: &VolumeName) -> String {
        let number = self.volumes.len();
        let anonymise = self.anonymise;
        let new = || if anonymise { format!("vol{number}") } else { volume.to_string() };
        self.volumes.entry(volume.clone()).or_insert_with(new).clone()
    }

    /// Returns a host's own name for a note, or the one it is given.
    pub(super) fn shown(&self, real: &HostName, given: &str) -> String {
        if self.anonymise { given.to_owned() } else { real.to_string() }
    }

    /// Whether names are to be kept secret.
    pub(super) fn are_secret(&self) -> bool {
        self.anonymise
    }
}

/// Returns a host's name without its domain.
fn label(name: &str) -> String {
    name.split('.').next().unwrap_or_default().to_lowercase()
}

/// What `PoolSpec::fault` accepts.
fn is_node_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 63
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
