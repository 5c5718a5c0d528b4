//! Volumes: their kinds, bricks and options, as far as a rehearsal can have them.

use std::collections::{BTreeMap, BTreeSet};

use executor::core::names::HostName;
use executor::core::pool::{Volume, VolumeKind, VolumeTransport};

use super::{Draft, written};

/// Options that a volume made by 10 or 11 has by itself (`volume info` of a new one); those of the second kind only where it
/// is replicated. On older releases the earlier ones of them.
const BY_ITSELF: [(&str, &str, bool); 5] = [
    ("cluster.granular-entry-heal", "on", true),
    ("nfs.disable", "on", false),
    ("performance.client-io-threads", "off", true),
    ("storage.fips-mode-rchecksum", "on", false),
    ("transport.address-family", "inet", false),
];

/// Options that `volume set` does not set, or that name what a rehearsal does not have, by the beginnings of their names.
const LEFT_OUT: [(&str, &str); 25] = [
    ("features.quota", "set by `gluster volume quota`"),
    ("features.inode-quota", "set by `gluster volume quota`"),
    ("features.bitrot", "set by `gluster volume bitrot`"),
    ("features.scrub", "set by `gluster volume bitrot`"),
    ("geo-replication.", "set by a session of geo-replication"),
    ("changelog.", "set by a session of geo-replication"),
    ("auth.", "names the pool's own clients"),
    ("client.ssl", "needs the pool's certificates"),
    ("server.ssl", "needs the pool's certificates"),
    ("ssl.", "needs the pool's certificates"),
    ("nfs.", "needs a build with Gluster NFS"),
    ("cluster.granular-entry-heal", "set by `gluster volume heal`"),
    ("cluster.brick-multiplex", "set for all volumes at once"),
    ("cluster.server-quorum-ratio", "set for all volumes at once"),
    ("cluster.enable-shared-storage", "set for all volumes at once"),
    ("cluster.max-bricks-per-process", "set for all volumes at once"),
    ("cluster.localtime-logging", "set for all volumes at once"),
    ("cluster.daemon-log-level", "set for all volumes at once"),
    ("cluster.brick-graceful-cleanup", "set for all volumes at once"),
    ("glusterd.", "set for all volumes at once"),
    ("ganesha.", "needs NFS-Ganesha"),
    ("nfs-ganesha", "needs NFS-Ganesha"),
    ("snap-activate-on-create", "set by `gluster snapshot`"),
    ("auto-delete", "set by `gluster snapshot`"),
    ("features.barrier", "set by `gluster snapshot`"),
];

impl Draft<'_> {
    /// Returns the volumes, and notes in what they differ.
    pub(super) fn volumes(&mut self) -> Vec<written::Volume> {
        let states = self.volumes.values();
        states.filter_map(|state| self.volume(&state.volume)).collect()
    }

    fn volume(&mut self, volume: &Volume) -> Option<written::Volume> {
        let name = self.names.volume(&volume.name);
        let arbiter = volume.bricks.iter().any(|brick| brick.arbiter);
        let shape = match &volume.kind {
            VolumeKind::Distribute => written::Volume { kind: "distribute", ..Default::default() },
            VolumeKind::Replicate { replica: 3 } if arbiter => {
                written::Volume { kind: "arbiter", ..Default::default() }
            }
            VolumeKind::Replicate { replica } => {
                written::Volume { kind: "replica", replica: Some(*replica), ..Default::default() }
            }
            VolumeKind::Disperse { disperse, redundancy } => written::Volume {
                kind: "disperse",
                data: Some(disperse.saturating_sub(*redundancy)),
                redundancy: Some(*redundancy),
                ..Default::default()
            },
            VolumeKind::Other(words) => {
                self.impossible.push(format!("volume {name} is of a kind that no rehearsal has: {words}"));
                return None;
            }
        };
        if !volume.started {
            self.note(format!("volume {name} is started; in the pool it is stopped"));
        }
        if volume.transport != VolumeTransport::Tcp {
            self.note(format!("volume {name} listens on TCP only; in the pool on RDMA too"));
        }
        let set = volume.sets().first().map_or(1, |set| set.len());
        let bricks_per_server = self.bricks_per_server(&name, volume, set);
        let options = self.options(&name, volume);
        Some(written::Volume { name, bricks_per_server, options, ..shape })
    }

    /// Returns how many bricks each server gets: as many as in the pool where that fills whole sets, else the next number
    /// that does. Notes where bricks or sets lie otherwise than there.
    fn bricks_per_server(&mut self, name: &str, volume: &Volume, set: usize) -> usize {
        let (servers, all) = (self.servers.len().max(1), self.state.hosts.len().max(1));
        let bricks = volume.bricks.len();
        let least = bricks.div_ceil(all).max(1);
        let each = (least..)
            .take(set.max(1))
            .find(|each| (each * servers).is_multiple_of(set.max(1)))
            .unwrap_or(least);
        let holders: Vec<Option<&HostName>> =
            volume.bricks.iter().map(|brick| self.state.host_of(&brick.peer)).collect();
        let made = each * servers;
        let alike = made == bricks
            && holders.iter().zip(self.servers.iter().cycle()).all(|(has, gets)| *has == Some(*gets));
        let replicated = matches!(volume.kind, VolumeKind::Replicate { .. });
        if replicated && servers < set {
            self.impossible
                .push(format!("{servers} servers cannot carry volume {name} online: a set has {set} bricks"));
        }
        let shares =
            |bricks: &[Option<&HostName>]| bricks.iter().collect::<BTreeSet<_>>().len() < bricks.len();
        if holders.chunks(set.max(1)).any(shares) {
            self.note(format!(
                "volume {name} has each brick of a set on another server; in the pool one has several of them, and goes down \
                 with all: an upgrade online is refused there"
            ));
        }
        if !alike {
            let on = holders.iter().collect::<BTreeSet<_>>().len();
            let there = format!("{} of {set} bricks on {on} servers", sets(bricks / set.max(1)));
            let here = format!("{} on {servers}", sets(made / set.max(1)));
            self.note(format!("volume {name} has {here}, each set across neighbouring servers; in the pool {there}, in their own order"));
        }
        each
    }

    /// Returns the options that are to be set.
    fn options(&mut self, name: &str, volume: &Volume) -> BTreeMap<String, String> {
        let replicated = matches!(volume.kind, VolumeKind::Replicate { .. });
        let by_itself = |option: &str| {
            BY_ITSELF.iter().find(|(known, _, of_replicas)| *known == option && (replicated || !of_replicas))
        };
        let mut options = BTreeMap::new();
        for (option, value) in &volume.options {
            if by_itself(option).is_some_and(|(_, usual, _)| usual == value) {
                continue;
            }
            let left_out =
                LEFT_OUT.iter().find(|(prefix, _)| option.starts_with(prefix)).map(|(_, why)| *why);
            if self.names.are_secret() && option.starts_with("user.") {
                self.note(format!(
                    "volume {name} is without one of its options `user.`: it may tell whose pool it is"
                ));
                continue;
            }
            // A word or a number tells nobody where it comes from.
            let tells = self.names.are_secret()
                && !value.chars().all(|c| c.is_ascii_alphanumeric() || "%-+".contains(c));
            match left_out.or(tells.then_some("its value may tell whose pool it is")) {
                Some(why) => self.note(format!("volume {name} is without {option}: {why}")),
                None => drop(options.insert(option.clone(), value.clone())),
            }
        }
        let missing: Vec<&str> = BY_ITSELF
            .iter()
            .filter(|(option, _, of_replicas)| {
                (replicated || !of_replicas) && !volume.options.contains_key(*option)
            })
            .map(|(option, _, _)| *option)
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            self.note(format!(
                "volume {name} may have by itself what it does not have in the pool: {missing}"
            ));
        }
        options
    }
}

fn sets(count: usize) -> String {
    if count == 1 { "1 set".to_owned() } else { format!("{count} sets") }
}
