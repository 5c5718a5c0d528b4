//! What was observed of a pool, on a screen or two: servers, volumes, what could not be seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Table, presets};

use super::{hanging, printable};
use crate::core::names::HostName;
use crate::core::pool::{HostState, Observed, PoolState, Reach, VolumeKind, VolumeState};
use crate::core::system::{ClientFacts, Clock, Daemon, Init, InstalledPackages, Platform, Role};
use crate::core::usage::Usage;

/// Returns what was observed, with all that is unknown and why at the end.
pub fn inspect(state: &PoolState) -> String {
    let mut text = servers(state);
    for (host, host_state) in &state.hosts {
        if host_state.reach == Reach::Reached {
            text.push_str(&host_lines(host, host_state));
        }
    }
    text.push_str("\nvolumes\n");
    match state.volumes.known() {
        Ok(volumes) if volumes.is_empty() => text.push_str("  none\n"),
        Ok(volumes) => volumes.values().for_each(|volume| text.push_str(&volume_lines(volume))),
        Err(reason) => text.push_str(&line(&format!("unknown: {reason}"))),
    }
    if !state.clients.is_empty() {
        text.push_str("\nclients\n");
    }
    for (host, client) in &state.clients {
        let release =
            said(&client.release, |release| release.map_or("no Gluster".to_owned(), |r| r.to_string()));
        if let Reach::NotReached { reason, .. } = &client.reach {
            text.push_str(&line(&format!("{host}: not reached: {reason}")));
            continue;
        }
        let ClientFacts { platform, packages, daemons, clock, directories: _ } = &client.system;
        let facts = [said(platform, os), said(packages, manager), said(clock, ahead)].join(", ");
        text.push_str(&line(&format!("{host}: {release}; {facts}")));
        text.push_str(&format!(
            "{}\n",
            hanging("    ", &format!("processes: {}", said(daemons, |all| processes(all))))
        ));
        text.push_str(&format!("{}\n", hanging("    ", &format!("uses: {}", said(&client.usage, uses)))));
    }
    let unknown = unknown(state);
    if !unknown.is_empty() {
        text.push_str("\nnot seen\n");
        unknown.iter().for_each(|what| text.push_str(&line(what)));
    }
    printable(text)
}

fn line(what: &str) -> String {
    format!("{}\n", hanging("  ", what))
}

/// Returns the mounts and the programs on libgfapi of a host.
fn uses(usage: &Usage) -> String {
    let mounts = usage.mounts.iter().map(|mount| format!("{} at {}", mount.source, mount.point));
    let users = usage.library_users.known().ok().into_iter().flatten().filter(|user| user.gfapi);
    let all: Vec<String> = mounts.chain(users.map(|user| format!("{} on libgfapi", user.process))).collect();
    if all.is_empty() { "uses no volume".to_owned() } else { all.join(", ") }
}

/// Returns a fact in words, and `?` for what the list at the end explains.
fn said<T>(fact: &Observed<T>, say: impl FnOnce(&T) -> String) -> String {
    fact.known().map_or_else(|_| "?".to_owned(), say)
}

fn os(platform: &Platform) -> String {
    format!("{} {}", platform.os, platform.os_version)
}

fn manager(packages: &InstalledPackages) -> String {
    format!("{}, {}", packages.manager, packages.installed.len())
}

fn ahead(clock: &Clock) -> String {
    format!("{:+.1} s", (clock.ahead_at_least_ms + clock.ahead_at_most_ms) as f64 / 2000.0)
}

fn servers(state: &PoolState) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "server",
        "release",
        "op-version",
        "system",
        "init",
        "packages",
        "clock",
        "peers",
    ]);
    for (host, host_state) in &state.hosts {
        if let Reach::NotReached { reason, .. } = &host_state.reach {
            table.add_row([host.to_string(), format!("not reached: {reason}")]);
            continue;
        }
        let system = &host_state.system;
        table.add_row([
            host.to_string(),
            said(&host_state.release, |release| release.map_or("none".to_owned(), |r| r.to_string())),
            said(&host_state.glusterd_info, |info| info.op_version.to_string()),
            said(&system.platform, os),
            said(&system.platform, |platform| match platform.init {
                Init::Systemd => "systemd".to_owned(),
                Init::Bare => "bare".to_owned(),
            }),
            said(&system.packages, manager),
            said(&system.clock, ahead),
            said(&host_state.peers, |peers| {
                let well = peers
                    .iter()
                    .filter(|peer| peer.connected && peer.state == crate::core::pool::PeerState::InCluster);
                format!("{} of {}", well.count(), peers.len())
            }),
        ]);
    }
    let highest = said(&state.max_op_version, |highest| {
        highest.map_or("not said before 3.10".to_owned(), |highest| highest.to_string())
    });
    format!("{}\nhighest op-version that all servers know: {highest}\n", table.trim_fmt())
}

fn host_lines(host: &HostName, state: &HostState) -> String {
    let system = &state.system;
    let mut text = format!("\n{host}\n");
    text.push_str(&line(&format!("processes: {}", said(&system.daemons, |daemons| processes(daemons)))));
    let programs = said(&system.platform, |platform| {
        let version = |program: &Option<String>| program.clone().unwrap_or_else(|| "none".to_owned());
        let mut words = format!("python {}, rsync {}", version(&platform.python), version(&platform.rsync));
        for (name, unit) in &platform.units {
            let _ = write!(words, ", {name} {} and {}", unit.enabled, unit.active);
        }
        if platform.ipv6 { words } else { words + ", no IPv6" }
    });
    text.push_str(&line(&format!("programs: {programs}")));
    text.push_str(&line(&format!("uses: {}", said(&state.usage, uses))));
    if let Ok(Some(claim)) = state.claim.known() {
        text.push_str(&line(&claim.to_string()));
    }
    let disks = said(&system.directories, |disks| {
        let each = disks.iter().map(|(path, disk)| format!("{path} {} MiB free", disk.free_kib >> 10));
        each.collect::<Vec<_>>().join(", ")
    });
    text.push_str(&line(&format!("disks: {disks}")));
    for (path, brick) in system.bricks.known().ok().into_iter().flatten() {
        let disk = brick.file_system.as_ref().map_or("no such directory".to_owned(), |disk| {
            let how = if disk.read_only { ", READ-ONLY" } else { "" };
            format!(
                "{} of {} MiB free on {} ({}){how}",
                disk.free_kib >> 10,
                disk.size_kib >> 10,
                disk.mount_point,
                disk.kind
            )
        });
        text.push_str(&line(&format!("brick {path}: {disk}")));
    }
    let ports = said(&system.network, |network| {
        let closed = said(&network.closed, |closed| match &closed[..] {
            [] => "open".to_owned(),
            closed => {
                let each = closed.iter().map(|(first, last)| format!("{first}-{last}"));
                format!("closed at {}", each.collect::<Vec<_>>().join(", "))
            }
        });
        format!("{}-{}, the firewall: {closed}", network.base_port, network.max_port)
    });
    text.push_str(&line(&format!("ports of bricks: {ports}")));
    for file in system.packages.known().ok().into_iter().flat_map(|packages| &packages.edited) {
        text.push_str(&line(&format!("edited: {file}")));
    }
    text
}

/// Returns the processes by role, with a word for each that runs other code than it should.
fn processes(daemons: &[Daemon]) -> String {
    let mut by_role: BTreeMap<Role, Vec<String>> = BTreeMap::new();
    for daemon in daemons {
        let old = if daemon.replaced == Some(true) { " (REPLACED)" } else { "" };
        by_role.entry(daemon.role).or_default().push(format!("{}{old}", daemon.pid));
    }
    let name = |role: Role| match role {
        Role::Glusterd => "glusterd",
        Role::Brick => "brick",
        Role::SelfHeal => "self-heal",
        Role::Quota => "quota",
        Role::Bitrot => "bitrot",
        Role::Scrub => "scrub",
        Role::Nfs => "nfs",
        Role::Snapshots => "snapd",
        Role::Rebalance => "rebalance",
        Role::Mount => "mount",
        Role::Gsyncd => "gsyncd",
        Role::Events => "events",
        Role::Other => "other",
    };
    if by_role.is_empty() {
        return "none".to_owned();
    }
    let each = by_role.iter().map(|(role, pids)| format!("{} {}", name(*role), pids.join(" ")));
    each.collect::<Vec<_>>().join(", ")
}

fn volume_lines(state: &VolumeState) -> String {
    let volume = &state.volume;
    let sets = volume.sets().len();
    let kind = match &volume.kind {
        VolumeKind::Distribute => format!("distribute, {sets} bricks"),
        VolumeKind::Replicate { replica } => format!("{sets} sets of {replica} copies"),
        VolumeKind::Disperse { disperse, redundancy } => {
            format!("{sets} sets of {disperse}, {redundancy} of them spare")
        }
        VolumeKind::Other(words) => words.clone(),
    };
    let arbiter = if volume.bricks.iter().any(|brick| brick.arbiter) { ", with arbiters" } else { "" };
    let started = if volume.started { "started" } else { "stopped" };
    let mut text = line(&format!("{}: {kind}{arbiter}, {started}", volume.name));
    for set in volume.sets() {
        let bricks: Vec<String> = set.iter().map(|brick| brick.brick.to_string()).collect();
        text.push_str(&format!("{}\n", hanging("    ", &bricks.join("  "))));
    }
    if !volume.started {
        return text;
    }
    let sum = |counts: &Observed<BTreeMap<crate::core::names::Brick, Observed<u64>>>| {
        said(counts, |counts| {
            let known: Option<u64> = counts.values().map(|count| count.known().ok().copied()).sum();
            known.map_or("?".to_owned(), |sum| sum.to_string())
        })
    };
    let online = said(&state.bricks_online, |bricks| {
        format!("{} of {}", bricks.values().filter(|online| **online).count(), volume.bricks.len())
    });
    let clients = said(&state.client_op_versions, |clients| {
        let oldest = clients.values().min().map_or(String::new(), |oldest| format!(", oldest at {oldest}"));
        format!("{}{oldest}", clients.len())
    });
    let tasks =
        said(&state.tasks, |tasks| if tasks.is_empty() { "none".to_owned() } else { tasks.join(", ") });
    let facts = format!(
        "bricks online {online}; to heal {}; split-brain {}; client addresses {clients}; tasks {tasks}; snapshots {}",
        sum(&state.heal_pending),
        sum(&state.split_brain),
        volume.snapshots.map_or("?".to_owned(), |count| count.to_string())
    );
    text.push_str(&format!("{}\n", hanging("    ", &facts)));
    if !volume.options.is_empty() {
        let options: Vec<String> =
            volume.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        text.push_str(&format!("{}\n", hanging("    ", &options.join("  "))));
    }
    text
}

/// Returns every theme of every host that could not be read, with the reason.
fn unknown(state: &PoolState) -> Vec<String> {
    fn why<T>(what: &str, host: &HostName, fact: &Observed<T>) -> Option<String> {
        fact.known().err().map(|reason| format!("{host}, {what}: {reason}"))
    }
    let reached = state.hosts.iter().filter(|(_, host_state)| host_state.reach == Reach::Reached);
    let of_host = reached.flat_map(|(host, host_state)| {
        let system = &host_state.system;
        [
            why("release", host, &host_state.release),
            why("glusterd.info", host, &host_state.glusterd_info),
            why("peers", host, &host_state.peers),
            why("mounts and applications", host, &host_state.usage),
            why("stored volumes", host, &host_state.stored_volumes),
            why("claim", host, &host_state.claim),
            why("platform", host, &system.platform),
            why("packages", host, &system.packages),
            why("disks", host, &system.directories),
            why("bricks", host, &system.bricks),
            why("processes", host, &system.daemons),
            why("clock", host, &system.clock),
            why("network", host, &system.network),
            why("glusterd's files", host, &system.stored),
            system.network.known().ok().and_then(|network| why("firewall", host, &network.closed)),
        ]
    });
    let reached = state.clients.iter().filter(|(_, client)| client.reach == Reach::Reached);
    let of_client = reached.flat_map(|(host, client)| {
        let ClientFacts { platform, packages, directories, daemons, clock } = &client.system;
        [
            why("release", host, &client.release),
            why("mounts and applications", host, &client.usage),
            why("platform", host, platform),
            why("packages", host, packages),
            why("disks", host, directories),
            why("processes", host, daemons),
            why("clock", host, clock),
        ]
    });
    of_host.flatten().chain(of_client.flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::pool::Unreachable;
    use crate::core::sample::{change_host, replica_3};

    #[test]
    fn a_pool_is_shown_on_two_screens_at_most() {
        let text = inspect(&replica_3());
        for expected in [
            "g1",
            "10.3",
            "debian 12",
            "1 sets of 3 copies",
            "49152-60999",
            "c1: 10.3; debian 12, apt, 1, +0.0 s",
        ] {
            assert!(text.contains(expected), "no `{expected}` in\n{text}");
        }
        assert!(!text.contains("not seen"), "{text}");
        assert!(text.lines().count() < 50, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn a_client_that_was_not_reached_is_told_with_its_reason() {
        let mut state = replica_3();
        let reach = Reach::NotReached { cause: Unreachable::Refused, reason: "no route".to_owned() };
        state.clients.values_mut().for_each(|client| client.reach = reach.clone());
        assert!(inspect(&state).contains("clients\n  c1: not reached: no route\n"), "{}", inspect(&state));
    }

    #[test]
    fn what_was_not_seen_is_told_with_its_reason() {
        let mut state = replica_3();
        change_host(&mut state, 2, |host| host.system.clock = Observed::Unknown("no answer".to_owned()));
        let facts = ClientFacts::unknown("no answer");
        state.clients.values_mut().for_each(|client| client.system.packages = facts.packages.clone());
        let expected = "not seen\n  g2, clock: no answer\n  c1, packages: no answer\n";
        assert!(inspect(&state).contains(expected), "{}", inspect(&state));
    }
}
