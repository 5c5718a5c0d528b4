//! Checks of a downtime: nobody is connected, volumes are stopped and started, and all is as it was before.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, VolumeName};
use super::super::pool::{Connections, PoolState, Volume};

pub(super) fn no_clients(state: &PoolState) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known: Vec<(&HostName, &Connections)> = Vec::new();
    for (host, host_state) in &state.hosts {
        match host_state.connections.known() {
            Ok(connections) => known.push((host, connections)),
            Err(reason) => {
                findings.push(Finding::unknown(Code::ClientConnected, Subject::Host(host.clone()), reason));
            }
        }
    }
    let own: BTreeSet<&SocketAddr> = known.iter().flat_map(|(_, connections)| &connections.own).collect();
    // By address and volume: a client has a connection to every brick.
    let mut connected: BTreeMap<(IpAddr, &VolumeName), Vec<&str>> = BTreeMap::new();
    for (host, connections) in &known {
        for (end, volume) in &connections.to_bricks {
            // 127.0.0.1:49150 is another process on every host.
            let is_own = match end.ip().is_loopback() {
                true => connections.own.contains(end),
                false => own.contains(end),
            };
            if !is_own {
                connected.entry((end.ip(), volume)).or_default().push(host.as_str());
            }
        }
    }
    findings.extend(connected.into_iter().map(|((address, volume), mut hosts)| {
        hosts.dedup();
        let what = format!("is connected to {volume} on {}", hosts.join(", "));
        Finding::seen(Code::ClientConnected, Subject::Client(address.to_string()), what)
    }));
    findings
}

/// Finds a volume that is not in the wanted state.
fn volume_is(state: &PoolState, name: &VolumeName, started: bool, code: Code) -> Vec<Finding> {
    let subject = || Subject::Volume(name.clone());
    let volumes = match state.volumes.known() {
        Ok(volumes) => volumes,
        Err(reason) => return vec![Finding::unknown(code, subject(), reason)],
    };
    match volumes.get(name) {
        Some(volume) if volume.volume.started == started => Vec::new(),
        Some(_) => {
            let what = if started { "it is not started" } else { "it is started" };
            vec![Finding::seen(code, subject(), what)]
        }
        None => vec![Finding::seen(Code::VolumeChanged, subject(), "the volume is not there any more")],
    }
}

pub(super) fn volume_stopped(state: &PoolState, name: &VolumeName) -> Vec<Finding> {
    volume_is(state, name, false, Code::VolumeNotStopped)
}

pub(super) fn volume_started(state: &PoolState, name: &VolumeName) -> Vec<Finding> {
    volume_is(state, name, true, Code::VolumeNotStarted)
}

pub(super) fn volumes_as_before(state: &PoolState, before: &[Volume], ignoring_nfs: bool) -> Vec<Finding> {
    let volumes = match state.volumes.known() {
        Ok(volumes) => volumes,
        Err(reason) => return vec![Finding::unknown(Code::VolumeChanged, Subject::Pool, reason)],
    };
    let mut findings = Vec::new();
    for was in before {
        let differences = match volumes.get(&was.name) {
            Some(now) => changes(was, &now.volume, ignoring_nfs),
            None => vec!["the volume is not there any more".to_owned()],
        };
        let subject = || Subject::Volume(was.name.clone());
        findings
            .extend(differences.into_iter().map(|what| Finding::seen(Code::VolumeChanged, subject(), what)));
    }
    for name in volumes.keys().filter(|name| !before.iter().any(|was| was.name == **name)) {
        let subject = Subject::Volume(name.clone());
        findings.push(Finding::seen(Code::VolumeChanged, subject, "it was not there at the start"));
    }
    findings
}

/// Returns in what a volume's definition differs from what it was. Whether it is started is no part of it.
fn changes(was: &Volume, now: &Volume, ignoring_nfs: bool) -> Vec<String> {
    let mut changes = Vec::new();
    if was.kind != now.kind {
        changes.push("its kind is another one".to_owned());
    }
    if was.bricks != now.bricks {
        changes.push("its bricks are others, or in another order".to_owned());
    }
    let names: BTreeSet<&String> = was.options.keys().chain(now.options.keys()).collect();
    for name in names.into_iter().filter(|name| !(ignoring_nfs && name.starts_with("nfs."))) {
        match (was.options.get(name), now.options.get(name)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => changes.push(format!("{name} was `{old}`, is `{new}`")),
            (Some(old), None) => changes.push(format!("{name} was `{old}`, is not set any more")),
            (None, Some(new)) => changes.push(format!("{name} is `{new}`, was not set")),
            (None, None) => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use rstest::rstest;

    use super::super::super::pool::{Connections, Observed, Volume, VolumeKind};
    use super::super::super::sample::{change_host, change_volume, replica_3};
    use super::super::Check;
    use super::*;

    fn connect(state: &mut PoolState, number: usize, to_bricks: &[&str], own: &[&str]) {
        let ends =
            |ends: &[&str]| ends.iter().map(|end| end.parse::<SocketAddr>().unwrap()).collect::<Vec<_>>();
        let volume: VolumeName = "vol0".parse().unwrap();
        change_host(state, number, |host| {
            host.connections = Observed::Known(Connections {
                to_bricks: ends(to_bricks).into_iter().map(|end| (end, volume.clone())).collect(),
                own: ends(own).into_iter().collect(),
            });
        });
    }

    fn codes(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|finding| finding.code.as_str()).collect()
    }

    #[test]
    fn the_servers_own_daemons_are_no_clients() {
        let mut state = replica_3();
        connect(
            &mut state,
            1,
            &["192.0.2.1:1000", "192.0.2.2:1000", "127.0.0.1:900"],
            &["192.0.2.1:1000", "127.0.0.1:900"],
        );
        connect(&mut state, 2, &["192.0.2.2:1001"], &["192.0.2.2:1000", "192.0.2.2:1001"]);
        assert_eq!(Check::NoClients.look(&state), []);
    }

    #[test]
    fn whoever_else_is_connected_is_named_once() {
        let mut state = replica_3();
        connect(&mut state, 1, &["192.0.2.100:1000", "192.0.2.100:1001"], &[]);
        connect(&mut state, 2, &["192.0.2.100:1002"], &[]);
        let findings = Check::NoClients.look(&state);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].to_string(), "CLIENT_CONNECTED 192.0.2.100: is connected to vol0 on g1, g2");
    }

    #[test]
    fn a_mount_on_a_server_is_a_client_and_so_is_another_servers_loopback() {
        let mut state = replica_3();
        connect(&mut state, 1, &["192.0.2.1:1000"], &[]);
        connect(&mut state, 2, &["127.0.0.1:900"], &[]);
        connect(&mut state, 3, &[], &["127.0.0.1:900"]);
        assert_eq!(codes(&Check::NoClients.look(&state)), ["CLIENT_CONNECTED", "CLIENT_CONNECTED"]);
    }

    #[test]
    fn connections_that_could_not_be_seen_are_unknown() {
        let mut state = replica_3();
        change_host(&mut state, 2, |host| host.connections = Observed::Unknown("no answer".into()));
        let findings = Check::NoClients.look(&state);
        assert_eq!(findings[0].to_string(), "CLIENT_CONNECTED g2: unknown: no answer");
    }

    #[test]
    fn a_volume_is_stopped_or_started_and_nothing_else() {
        let mut state = replica_3();
        let volume = || "vol0".parse().unwrap();
        let (stopped, started) =
            (Check::VolumeStopped { volume: volume() }, Check::VolumeStarted { volume: volume() });
        assert_eq!(started.look(&state), []);
        assert_eq!(codes(&stopped.look(&state)), ["VOLUME_NOT_STOPPED"]);
        change_volume(&mut state, "vol0", |volume| volume.volume.started = false);
        assert_eq!(stopped.look(&state), []);
        assert_eq!(codes(&started.look(&state)), ["VOLUME_NOT_STARTED"]);
        state.volumes = Observed::Known(BTreeMap::new());
        assert_eq!(codes(&stopped.look(&state)), ["VOLUME_CHANGED"]);
        state.volumes = Observed::Unknown("glusterd runs on no server".into());
        assert_eq!(codes(&stopped.look(&state)), ["VOLUME_NOT_STOPPED"]);
        assert_eq!(codes(&started.look(&state)), ["VOLUME_NOT_STARTED"]);
    }

    type Change = fn(&mut Volume);

    #[rstest]
    #[case::nothing(|_: &mut Volume| {}, None)]
    #[case::stopped(|volume: &mut Volume| volume.started = false, None)]
    #[case::kind(|volume: &mut Volume| volume.kind = VolumeKind::Distribute, Some("its kind"))]
    #[case::bricks(|volume: &mut Volume| volume.bricks.swap(0, 1), Some("its bricks"))]
    #[case::new_option(
        |volume: &mut Volume| drop(volume.options.insert("auth.allow".into(), "*".into())),
        Some("auth.allow is `*`, was not set")
    )]
    #[case::lost_option(
        |volume: &mut Volume| drop(volume.options.remove("cluster.quorum-type")),
        Some("is not set any more")
    )]
    #[case::other_value(
        |volume: &mut Volume| drop(volume.options.insert("cluster.quorum-type".into(), "none".into())),
        Some("was `auto`, is `none`")
    )]
    #[case::dropped(|volume: &mut Volume| drop(volume.options.remove("nfs.disable")), None)]
    fn volumes_are_as_before_but_for_what_the_plan_deletes(
        #[case] change: Change,
        #[case] says: Option<&str>,
    ) {
        let mut state = replica_3();
        change_volume(&mut state, "vol0", |volume| {
            volume.volume.options.insert("cluster.quorum-type".into(), "auto".into());
            volume.volume.options.insert("nfs.disable".into(), "on".into());
        });
        let before: Vec<Volume> =
            state.volumes.known().unwrap().values().map(|volume| volume.volume.clone()).collect();
        change_volume(&mut state, "vol0", |volume| change(&mut volume.volume));
        let findings = Check::VolumesAsBefore { volumes: before, ignoring_nfs: true }.look(&state);
        match says {
            None => assert_eq!(findings, []),
            Some(says) => assert!(findings[0].what.contains(says), "{findings:?}"),
        }
    }

    #[test]
    fn a_volume_that_is_new_or_gone_or_cannot_be_seen_is_not_as_before() {
        let mut state = replica_3();
        let none = Check::VolumesAsBefore { volumes: Vec::new(), ignoring_nfs: false };
        assert_eq!(codes(&none.look(&state)), ["VOLUME_CHANGED"]);
        let before = state.volumes.known().unwrap().values().map(|volume| volume.volume.clone()).collect();
        let all = Check::VolumesAsBefore { volumes: before, ignoring_nfs: false };
        state.volumes = Observed::Known(BTreeMap::new());
        assert_eq!(codes(&all.look(&state)), ["VOLUME_CHANGED"]);
        state.volumes = Observed::Unknown("no answer".into());
        assert_eq!(codes(&all.look(&state)), ["VOLUME_CHANGED"]);
    }
}
