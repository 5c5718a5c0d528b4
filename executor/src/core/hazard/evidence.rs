//! Evidence: what is looked for in an observed pool to tell whether a hazard concerns it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, OpVersion, Release, VolumeName};
use super::super::pool::{HostState, Observed, PoolState, Volume, VolumeKind, VolumeTransport};
use super::super::release::crossed;

/// The op-version from which on the checksum of quota limits is computed in another way
/// (glusterd-quota.c, `glusterd_store_quota_conf_upgrade`; glusterfs issue 1332).
const QUOTA_CHECKSUM_OP_VERSION: OpVersion = OpVersion(70_000);

/// Translators of features that are gone from 6 on, by the type that volfiles give them.
const TRANSLATORS_GONE: &[&str] = &[
    "cluster/stripe",
    "cluster/tier",
    "storage/bd",
    "features/glupy",
    "encryption/crypt",
    "performance/symlink-cache",
];

/// Translators that releases up to 5 or 6 put into every brick's volfile, used or not (glusterd-volgen.c in
/// 3.12.15: `brick_graph_add_changetimerecorder`, `brick_graph_add_decompounder`).
const TRANSLATORS_LEFT_OVER: &[&str] = &["features/changetimerecorder", "performance/decompounder"];

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Nothing is looked for.
    None,
    /// A check of its own looks for it.
    Check,
    /// A gate finds it while the upgrade runs.
    Gate,
    /// The target itself, which is refused by the release table.
    Target,
    /// An option is set that a line on the way does not know.
    OptionGone,
    /// A volume is striped.
    StripedVolume,
    /// A volume is tiered.
    TieredVolume,
    /// A stored volfile names a translator of a feature that is gone.
    TranslatorGone,
    /// A stored volfile names a translator that was in every brick's volfile.
    TranslatorLeftOver,
    /// A volume uses RDMA, or glusterd listens on it.
    RdmaTransport,
    /// Quota is or was on while the op-version is below the one that changes its checksum.
    QuotaEverOn,
    /// Bricks on several servers have one path.
    SameBrickPath,
    /// A volume heals itself.
    ReplicatedVolume,
    /// IPv6 is switched off on a server.
    Ipv6Off,
}

impl Evidence {
    /// Returns the code of the findings that `look` makes, where it looks for anything.
    pub fn code(self) -> Option<Code> {
        match self {
            Self::None | Self::Check | Self::Gate | Self::Target => None,
            Self::OptionGone => Some(Code::OptionMustBeReset),
            Self::StripedVolume | Self::TieredVolume | Self::TranslatorGone => Some(Code::FeatureRemoved),
            Self::TranslatorLeftOver => Some(Code::VolfilesToRegenerate),
            Self::RdmaTransport => Some(Code::TransportRemoved),
            Self::QuotaEverOn => Some(Code::QuotaChecksumTrap),
            Self::SameBrickPath => Some(Code::BrickPathsCollide),
            Self::ReplicatedVolume => Some(Code::AnonymousInode),
            Self::Ipv6Off => Some(Code::Ipv6Off),
        }
    }

    /// Looks for the evidence in a pool; `starts` are the releases that run and that the hazard concerns.
    /// What could not be seen is a finding of its own.
    pub(super) fn look(self, state: &PoolState, starts: &BTreeSet<Release>, to: Release) -> Vec<Finding> {
        let Some(code) = self.code() else { return Vec::new() };
        match self {
            Self::None | Self::Check | Self::Gate | Self::Target => Vec::new(),
            Self::OptionGone => options_gone(state, code, starts, to),
            Self::StripedVolume => of_volumes(state, code, |volume| kind_is(volume, "stripe")),
            Self::TieredVolume => of_volumes(state, code, |volume| kind_is(volume, "tier")),
            Self::TranslatorGone => translators(state, code, TRANSLATORS_GONE),
            Self::TranslatorLeftOver => translators(state, code, TRANSLATORS_LEFT_OVER),
            Self::RdmaTransport => rdma(state, code),
            Self::QuotaEverOn => quota(state, code),
            Self::SameBrickPath => of_volumes(state, code, same_path),
            Self::ReplicatedVolume => of_volumes(state, code, |volume| {
                matches!(volume.kind, VolumeKind::Replicate { .. }).then(|| {
                    "is replicated: directories may heal slowly until all servers are upgraded".to_owned()
                })
            }),
            Self::Ipv6Off => of_hosts(state, code, |host| {
                let platform = host.system.platform.known()?;
                Ok((!platform.ipv6).then(|| "IPv6 is switched off on this server".to_owned()))
            }),
        }
    }
}

/// Puts a question to each volume's definition; the answer is what is wrong, if anything.
fn of_volumes(state: &PoolState, code: Code, wrong: impl Fn(&Volume) -> Option<String>) -> Vec<Finding> {
    let volumes = match &state.volumes {
        Observed::Known(volumes) => volumes,
        Observed::Unknown(reason) => return vec![Finding::unknown(code, Subject::Pool, reason)],
    };
    let finding = |(name, state): (&VolumeName, &super::super::pool::VolumeState)| {
        Some(Finding::seen(code, Subject::Volume(name.clone()), wrong(&state.volume)?))
    };
    volumes.iter().filter_map(finding).collect()
}

/// Puts a question to each server's facts; the answer is what is wrong, if anything, or why it is unknown.
fn of_hosts<'a>(
    state: &'a PoolState,
    code: Code,
    wrong: impl Fn(&'a HostState) -> Result<Option<String>, &'a str>,
) -> Vec<Finding> {
    let finding = |(host, host_state): (&HostName, &'a HostState)| {
        let subject = Subject::Host(host.clone());
        match wrong(host_state) {
            Ok(found) => found.map(|what| Finding::seen(code, subject, what)),
            Err(reason) => Some(Finding::unknown(code, subject, reason)),
        }
    };
    state.hosts.iter().filter_map(finding).collect()
}

/// `typeStr` of `volume info --xml` has the words Stripe, Distributed-Stripe, Striped-Replicate, Tier …
fn kind_is(volume: &Volume, word: &str) -> Option<String> {
    match &volume.kind {
        VolumeKind::Other(words) if words.to_lowercase().contains(word) => {
            Some(format!("is of type {words}"))
        }
        VolumeKind::Other(_)
        | VolumeKind::Distribute
        | VolumeKind::Replicate { .. }
        | VolumeKind::Disperse { .. } => None,
    }
}

/// Options that are set and that a line on the way no longer knows. The server that does not know one leaves
/// it out of its stored volume, and its peers reject it (glusterd-store.c: `glusterd_store_update_volinfo`).
fn options_gone(state: &PoolState, code: Code, starts: &BTreeSet<Release>, to: Release) -> Vec<Finding> {
    let gone: BTreeMap<&str, &str> = starts
        .iter()
        .flat_map(|from| crossed(*from, to))
        .filter_map(|line| line.reset.as_ref().map(|reset| (line, reset)))
        .flat_map(|(line, reset)| reset.options.iter().map(|option| (option.as_str(), line.line.as_str())))
        .collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let volumes = match &state.volumes {
        Observed::Known(volumes) => volumes,
        Observed::Unknown(reason) => return vec![Finding::unknown(code, Subject::Pool, reason)],
    };
    let mut findings = Vec::new();
    for (name, volume) in volumes {
        for option in volume.volume.options.keys() {
            if let Some(line) = gone.get(option.as_str()) {
                let what = format!(
                    "`{option}` is set, which {line} does not know: `gluster volume reset {name} {option}`"
                );
                findings.push(Finding::seen(code, Subject::Volume(name.clone()), what));
            }
        }
    }
    findings
}

fn translators(state: &PoolState, code: Code, gone: &[&str]) -> Vec<Finding> {
    of_hosts(state, code, |host| {
        let stored = host.system.stored.known()?;
        let named: Vec<&str> =
            gone.iter().copied().filter(|translator| stored.translators.contains(*translator)).collect();
        Ok((!named.is_empty()).then(|| format!("stored volfiles name {}", named.join(", "))))
    })
}

fn rdma(state: &PoolState, code: Code) -> Vec<Finding> {
    let mut findings = of_volumes(state, code, |volume| match volume.transport {
        VolumeTransport::Tcp => None,
        VolumeTransport::Rdma => Some("its transport is rdma".to_owned()),
        VolumeTransport::TcpRdma => Some("its transport is tcp,rdma".to_owned()),
    });
    findings.extend(of_hosts(state, code, |host| {
        let network = host.system.network.known()?;
        let listens = network.transport_types.contains("rdma");
        Ok(listens.then(|| "`transport-type` of glusterd.vol has rdma".to_owned()))
    }));
    findings
}

/// Quota was ever on where a checksum of limits other than 0 is stored, or quota is among the options.
fn quota(state: &PoolState, code: Code) -> Vec<Finding> {
    of_hosts(state, code, |host| {
        if host.glusterd_info.known()?.op_version >= QUOTA_CHECKSUM_OP_VERSION {
            return Ok(None);
        }
        let stored = host.stored_volumes.known()?;
        let ever_on: Vec<&str> = stored
            .iter()
            .filter(|(_, volume)| {
                volume.quota_checksum.as_deref().is_some_and(|checksum| checksum != "0")
                    || volume.info.iter().any(|line| line.starts_with("features.quota="))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        Ok((!ever_on.is_empty()).then(|| format!("quota is or was on for {}", ever_on.join(", "))))
    })
}

fn same_path(volume: &Volume) -> Option<String> {
    let mut servers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for brick in &volume.bricks {
        servers.entry(brick.brick.path.as_str()).or_default().insert(brick.peer.as_str());
    }
    let (path, servers) = servers.into_iter().find(|(_, servers)| servers.len() > 1)?;
    Some(format!("{path} is a brick on {} servers", servers.len()))
}
