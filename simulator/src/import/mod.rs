//! A pool of production as a scenario: from what `executor inspect --output json` printed to a file that rehearses its
//! upgrade on a pool of the same shape.
//!
//! What a rehearsal cannot have as the pool has it is never dropped in silence: each such thing is a note, or, where nothing
//! alike could come up, a reason to refuse.

mod names;
#[cfg(test)]
mod tests;
mod users;
mod volumes;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use executor::core::names::{HostName, Release, VolumeName};
use executor::core::pool::{Observed, PoolState, VolumeKind, VolumeState};
use executor::core::system;
use serde::Deserialize;
use thiserror::Error;

use crate::images::{Catalog, Family, Init};
use names::Names;
use written::{Expect, File, LostOption, Order, Pool, Workload};

/// The format of an inspection that is read (`format` of `executor inspect --output json`).
const FORMAT: u32 = 2;

/// How many operations a second the client that writes makes.
const OPERATIONS_PER_SECOND: u32 = 6;

/// What is wished for.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The release that the upgrade goes to.
    pub to: String,
    /// The release that it starts with; that of the pool where left out.
    pub from: Option<String>,
    /// The family of images; the first one that has both releases where left out.
    pub family: Option<String>,
    /// How many servers the rehearsal has; as many as the pool where left out.
    pub servers: Option<usize>,
    /// Whether names are replaced.
    pub anonymise: bool,
}

/// A pool as a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The scenario file, with the notes at its head.
    pub text: String,
    /// In what the rehearsal is not what the pool is.
    pub notes: Vec<String>,
}

/// Why there is no scenario.
#[derive(Debug, Error)]
pub enum ImportError {
    /// It is no JSON, or of something else.
    #[error("no inspection: {0}")]
    NoInspection(#[from] serde_json::Error),
    /// It is of another program.
    #[error("an inspection of format {0}; expected {FORMAT}")]
    Format(u32),
    /// Nothing like the pool could come up; all reasons.
    #[error("no rehearsal can be made of this pool:{}", .0.iter().map(|one| format!("\n  - {one}")).collect::<String>())]
    Impossible(Vec<String>),
}

impl ImportError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoInspection(_) | Self::Format(_) => {
                "`executor inspect -i INVENTORY --output json` of the same version prints one"
            }
            Self::Impossible(_) => "see `simulator import --help` for what can be asked for",
        }
    }
}

/// Reads what `executor inspect --output json` printed.
///
/// # Errors
/// Where it is none, or of another format.
pub fn inspection(text: &str) -> Result<PoolState, ImportError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    #[derive(Deserialize)]
    struct Inspection {
        pool: PoolState,
    }
    let Head { format } = serde_json::from_str(text)?;
    if format != FORMAT {
        return Err(ImportError::Format(format));
    }
    Ok(serde_json::from_str::<Inspection>(text)?.pool)
}

/// What is being made: names in use, and what there is to say.
struct Draft<'a> {
    state: &'a PoolState,
    volumes: &'a BTreeMap<VolumeName, VolumeState>,
    /// The servers of the rehearsal, in the order in which their bricks make sets.
    servers: Vec<&'a HostName>,
    names: Names,
    notes: Vec<String>,
    impossible: Vec<String>,
}

/// Makes a scenario of a pool.
///
/// # Errors
/// [`ImportError::Impossible`].
pub fn import(state: &PoolState, wish: &Wish, catalog: &Catalog) -> Result<Imported, ImportError> {
    let volumes = match state.volumes.known() {
        Ok(volumes) => volumes,
        Err(reason) => {
            return Err(ImportError::Impossible(vec![format!("its volumes are unknown: {reason}")]));
        }
    };
    let mut impossible = Vec::new();
    let servers = servers(state, volumes, wish, &mut impossible);
    let begins = begins(state, wish, catalog).map_err(|reason| impossible.push(reason)).ok();
    let names = Names::of(wish.anonymise, state.hosts.keys().chain(state.clients.keys()));
    let mut draft = Draft { state, volumes, servers, names, notes: Vec::new(), impossible };
    let file = begins.map(|begins| draft.file(wish, &begins));
    let Draft { notes, impossible, .. } = draft;
    match file {
        Some(file) if impossible.is_empty() => written(&file, notes),
        Some(_) | None => Err(ImportError::Impossible(impossible)),
    }
}

/// Which servers a rehearsal has: those with bricks first, in the order of the volume that has most of them.
fn servers<'a>(
    state: &'a PoolState,
    volumes: &BTreeMap<VolumeName, VolumeState>,
    wish: &Wish,
    impossible: &mut Vec<String>,
) -> Vec<&'a HostName> {
    let largest = volumes.values().max_by_key(|volume| volume.volume.bricks.len());
    let bricks = largest.into_iter().flat_map(|volume| &volume.volume.bricks);
    let mut servers: Vec<&HostName> = Vec::new();
    for host in bricks.filter_map(|brick| state.host_of(&brick.peer)).chain(state.hosts.keys()) {
        if !servers.contains(&host) {
            servers.push(host);
        }
    }
    let all = servers.len();
    if let Some(wanted) = wish.servers {
        if wanted == 0 || wanted > all {
            impossible.push(format!("{wanted} servers are asked for, and the pool has {all}"));
        }
        servers.truncate(wanted);
    }
    servers
}

/// What the pool begins with.
struct Begins<'a> {
    family: &'a Family,
    from: String,
}

fn begins<'a>(state: &PoolState, wish: &Wish, catalog: &'a Catalog) -> Result<Begins<'a>, String> {
    let from = match &wish.from {
        Some(from) => from.clone(),
        None => release(state)?,
    };
    let has = |family: &&Family| family.release(&from).is_ok() && family.release(&wish.to).is_ok();
    let mut families = catalog.families.iter();
    let family = match &wish.family {
        Some(name) => families.find(|family| family.name == *name),
        None => families.find(has),
    };
    if let Some(family) = family.filter(has) {
        return Ok(Begins { family, from });
    }
    let each =
        catalog.families.iter().map(|family| format!("{} has {}", family.name, family.versions().join(", ")));
    let named =
        wish.family.as_ref().map_or_else(|| "no family".to_owned(), |name| format!("no family {name}"));
    Err(format!(
        "{named} of images has both {from} and {}: {}; --from and --to name others",
        wish.to,
        each.collect::<Vec<_>>().join("; ")
    ))
}

/// Returns the release that all servers run.
fn release(state: &PoolState) -> Result<String, String> {
    let mut releases: BTreeMap<Release, Vec<&str>> = BTreeMap::new();
    for (host, found) in &state.hosts {
        if let Ok(Some(release)) = found.release.known() {
            releases.entry(*release).or_default().push(host.as_str());
        }
    }
    let mut each = releases.iter();
    match (each.next(), each.next()) {
        (Some((release, _)), None) => Ok(release.to_string()),
        (None, _) => Err("no server's release is known; --from names one".to_owned()),
        (Some(_), Some(_)) => {
            let each = releases.iter().map(|(release, hosts)| format!("{release} on {}", hosts.join(", ")));
            Err(format!(
                "its servers run several releases ({}); --from names the one to begin with",
                each.collect::<Vec<_>>().join("; ")
            ))
        }
    }
}

impl Draft<'_> {
    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Whether volumes of other kinds than replicated ones are there.
    fn goes_offline(&self) -> bool {
        let replicated = |volume: &VolumeState| matches!(volume.volume.kind, VolumeKind::Replicate { .. });
        !self.volumes.values().all(replicated)
    }

    fn file(&mut self, wish: &Wish, begins: &Begins<'_>) -> File {
        let Begins { family, from } = begins;
        let servers: Vec<String> = self.servers.iter().map(|host| self.names.server(host)).collect();
        self.compare_with_pool(wish, begins);
        let volumes = self.volumes();
        if volumes.is_empty() {
            self.impossible.push("it has no volumes".to_owned());
        }
        let offline = self.goes_offline();
        let (clients, mounts, applications) = self.users();
        let upgraded = usize::from(!clients.is_empty());
        let names: Vec<String> = volumes.iter().map(|volume| volume.name.clone()).collect();
        let writer = written::Client { name: self.names.node("writer", "writer"), mounts: names.clone() };
        self.note(format!("{} is added: a client that mounts all volumes, and writes", writer.name));
        let workload = names.split_first().map(|(first, others)| Workload {
            client: writer.name.clone(),
            volume: first.clone(),
            also: others.to_vec(),
            operations_per_second: OPERATIONS_PER_SECOND,
            stops_for_downtime: offline,
        });
        let order = Order {
            to: wish.to.clone(),
            offline,
            clients_at_once: upgraded,
            // It writes all the while, so it stays what it is until the end.
            waive: if offline { Vec::new() } else { vec![format!("CLIENT_TOO_OLD:{}", writer.name)] },
            outcome: "upgraded".to_owned(),
        };
        let way = if offline { "within a downtime" } else { "one server after the other" };
        File {
            about: format!(
                "A pool as it was inspected: {} servers from {from} to {}, {way}.",
                servers.len(),
                wish.to
            ),
            pool: Pool { family: family.name.clone(), release: from.clone(), servers },
            volumes,
            clients: clients.into_iter().chain([writer]).collect(),
            mounts,
            applications,
            workload,
            orders: vec![order],
            expect: Expect { lost_options: lost_options(&wish.to) },
        }
    }

    /// Says in what the servers are others than there.
    fn compare_with_pool(&mut self, wish: &Wish, Begins { family, from }: &Begins<'_>) {
        let all = self.state.hosts.len();
        if self.servers.len() < all {
            self.note(format!("{} servers in place of {all}", self.servers.len()));
        }
        if wish.from.is_some() && release(self.state).as_ref() != Ok(from) {
            self.note(format!("begins with {from}, which is not what the pool runs"));
        }
        let unseen = self.state.hosts.values().filter(|found| found.release.known().is_err()).count();
        if unseen > 0 {
            self.note(format!("{unseen} servers were not seen: taken for such as the others"));
        }
        let op_versions: BTreeSet<u32> = self
            .state
            .hosts
            .values()
            .filter_map(|host| Some(host.glusterd_info.known().ok()?.op_version.0))
            .collect();
        let begins = family.release(from).map(|release| release.op_version).unwrap_or_default();
        if let Some(lower) = op_versions.iter().find(|&&op_version| op_version != begins) {
            self.note(format!("the op-version begins at {begins}; the pool's is {lower}"));
        }
        let others = |release: &Observed<Option<Release>>| match release.known() {
            Ok(Some(release)) => release.to_string() != *from,
            Ok(None) | Err(_) => true,
        };
        let clients = self.state.clients.values().filter(|client| others(&client.release)).count();
        if clients > 0 {
            self.note(format!("{clients} clients begin with {from}, which is not what they are seen to run"));
        }
        let platforms = self.state.hosts.values().filter_map(|host| host.system.platform.known().ok());
        let systemd = platforms.filter(|platform| platform.init == system::Init::Systemd).count();
        // Whether a family can run it, its image has to be tried for: none is written here.
        if systemd > 0 && family.init == Init::Bare {
            self.note(
                "daemons are started by hand; in the pool systemd does it: `init = \"systemd\"` in [pool]",
            );
        }
        let sessions = self.state.sessions.known().map_or(0, Vec::len) + self.state.other_pools.len();
        if sessions > 0 {
            self.note("geo-replication is left out: see `secondary` and `sessions` in scenarios/README.md to add it");
        }
    }
}

/// What an upgrade to this release may take from volumes.
fn lost_options(to: &str) -> Vec<LostOption> {
    let major = to.split('.').next().and_then(|major| major.parse::<u32>().ok());
    // Debian's and the Storage SIG's packages of 11 (gluster-facts of the release, `nfs.` lines in stored volumes).
    let lost = LostOption {
        option: "nfs.disable".to_owned(),
        value: "on".to_owned(),
        reason: "11 is built without Gluster NFS and has no such option; on was the default".to_owned(),
    };
    if major.is_some_and(|major| major >= 11) { vec![lost] } else { Vec::new() }
}

/// Returns the text of a scenario file, its notes at the head.
fn written(file: &File, notes: Vec<String>) -> Result<Imported, ImportError> {
    let text = toml::to_string(file).map_err(|error| ImportError::Impossible(vec![error.to_string()]))?;
    let mut head = String::from(
        "# Made by `simulator import` from what `executor inspect` saw of a pool. In this it differs from that pool:\n",
    );
    for note in &notes {
        // Names of a pool are not to end the comment.
        let line: String = note.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        head += &format!("# - {line}\n");
    }
    Ok(Imported { text: format!("{head}\n{text}"), notes })
}
