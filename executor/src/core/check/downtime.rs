//! Checks of a downtime: nobody is connected, volumes are stopped and started, and all is as it was before.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::super::finding::{Code, Finding, Subject};
use super::super::names::{HostName, VolumeName};
use super::super::pool::{Connections, PoolState};

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
        None => vec![Finding::seen(Code::ConfigChanged, subject(), "the volume is not there any more")],
    }
}

pub(super) fn volume_stopped(state: &PoolState, name: &VolumeName) -> Vec<Finding> {
    volume_is(state, name, false, Code::VolumeNotStopped)
}

pub(super) fn volume_started(state: &PoolState, name: &VolumeName) -> Vec<Finding> {
    volume_is(state, name, true, Code::VolumeNotStarted)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::super::finding::Ground;
    use super::super::super::pool::{Connections, Observed, Processes};
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
        assert_eq!(codes(&stopped.look(&state)), ["CONFIG_CHANGED"]);
        state.volumes = Observed::Unknown("glusterd runs on no server".into());
        assert_eq!(codes(&stopped.look(&state)), ["VOLUME_NOT_STOPPED"]);
        assert_eq!(codes(&started.look(&state)), ["VOLUME_NOT_STARTED"]);
    }

    #[test]
    fn a_stopped_volume_is_defined_as_before_and_a_changed_one_is_not() {
        let mut state = replica_3();
        let definitions = Check::DefinitionsUnchanged;
        assert!(definitions.look(&state).is_empty(), "{:?}", definitions.look(&state));
        change_volume(&mut state, "vol0", |volume| volume.volume.started = false);
        assert!(definitions.look(&state).is_empty());
        assert_eq!(codes(&Check::ConfigurationUnchanged.look(&state)), ["CONFIG_CHANGED"; 2]);
        change_volume(&mut state, "vol0", |volume| {
            volume.volume.options.insert("auth.allow".into(), "*".into());
        });
        assert_eq!(codes(&definitions.look(&state)), ["CONFIG_CHANGED"]);
        state.volumes = Observed::Unknown("no answer".into());
        assert_eq!(definitions.look(&state)[0].ground, Ground::Unknown);
    }

    #[test]
    fn down_and_up_are_asked_of_every_server() {
        let mut state = replica_3();
        assert!(Check::GlusterdUpEverywhere.look(&state).is_empty());
        assert_eq!(codes(&Check::GlusterDownEverywhere.look(&state)), ["STILL_RUNNING"; 3]);
        for number in 1..=3 {
            change_host(&mut state, number, |host| host.processes = Observed::Known(Processes::default()));
        }
        assert!(Check::GlusterDownEverywhere.look(&state).is_empty());
        assert_eq!(codes(&Check::GlusterdUpEverywhere.look(&state)), ["GLUSTERD_DOWN"; 3]);
        change_host(&mut state, 2, |host| host.processes = Observed::Unknown("no answer".into()));
        assert_eq!(codes(&Check::GlusterDownEverywhere.look(&state)), ["STILL_RUNNING"]);
    }
}
