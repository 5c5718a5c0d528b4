//! The sections of an inventory as they are written in its file.

use std::path::PathBuf;

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::application::ApplicationSection;
use super::names::HostName;
use super::pools::PoolSection;
use super::way::TransportSection;

/// The file as it is written; also what the simulator writes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryFile {
    /// How commands get to every host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Spanned<TransportSection>>,
    /// Settings for every host.
    #[serde(default)]
    pub ssh: SshSection,
    /// How packages are installed on every host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<PackagesSection>,
    /// The servers.
    #[serde(deserialize_with = "servers")]
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

/// `[ssh]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshSection {
    /// See [`SshSettings::user`](super::inventory::SshSettings::user).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// See [`SshSettings::port`](super::inventory::SshSettings::port).
    #[serde(default, deserialize_with = "port", skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// See [`SshSettings::identity`](super::inventory::SshSettings::identity); relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<PathBuf>,
    /// See [`SshSettings::jump`](super::inventory::SshSettings::jump).
    #[serde(default, deserialize_with = "jump", skip_serializing_if = "Option::is_none")]
    pub jump: Option<String>,
    /// See [`SshSettings::known_hosts`](super::inventory::SshSettings::known_hosts); relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<PathBuf>,
}

/// `[packages]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackagesSection {
    /// The operator's own command that installs a release on a host, in place of the package manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<Spanned<Vec<String>>>,
    /// The same for the way back: it installs an older release over the one that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_back: Option<Spanned<Vec<String>>>,
}

/// `[[servers]]` and `[[clients]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSection {
    /// What to call the host in plans and messages.
    pub name: Spanned<HostName>,
    /// See [`SshSettings::address`](super::inventory::SshSettings::address); the name where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Spanned<String>>,
    /// See [`SshSettings::user`](super::inventory::SshSettings::user).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// See [`SshSettings::port`](super::inventory::SshSettings::port).
    #[serde(default, deserialize_with = "port", skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// See [`SshSettings::identity`](super::inventory::SshSettings::identity); relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<PathBuf>,
    /// See [`SshSettings::jump`](super::inventory::SshSettings::jump).
    #[serde(default, deserialize_with = "jump", skip_serializing_if = "Option::is_none")]
    pub jump: Option<String>,
    /// See [`SshSettings::known_hosts`](super::inventory::SshSettings::known_hosts); relative to the inventory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<PathBuf>,
    /// See [`InventoryFile::transport`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<Spanned<TransportSection>>,
    /// See [`PackagesSection::install`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<Spanned<Vec<String>>>,
    /// See [`PackagesSection::install_back`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_back: Option<Spanned<Vec<String>>>,
    /// Programs on it that use volumes; see [`super::application`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<ApplicationSection>,
}

/// Reads a port that a host can listen on.
fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    match u16::deserialize(deserializer)? {
        0 => Err(D::Error::custom("port `0` is none that a host listens on, expected 1 to 65535")),
        port => Ok(Some(port)),
    }
}

/// Reads jump hosts that ssh takes as one word, and not as an option.
fn jump<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let jump = String::deserialize(deserializer)?;
    let one_word = !jump.is_empty() && !jump.chars().any(|c| c.is_whitespace() || c.is_control());
    if one_word && !jump.starts_with('-') {
        return Ok(Some(jump));
    }
    let expected = "expected `user@host:port`, or several of them with commas and no spaces between them";
    Err(D::Error::custom(format!("jump `{}` is no jump host, {expected}", jump.escape_debug())))
}

/// Reads the servers, of which a pool has one at least.
fn servers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<HostSection>, D::Error> {
    let servers = Vec::<HostSection>::deserialize(deserializer)?;
    if servers.is_empty() { Err(D::Error::custom("no servers")) } else { Ok(servers) }
}
