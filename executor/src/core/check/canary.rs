//! Whether a server can prove by a file of its own that a volume serves: options that forbid it by design.

use std::net::IpAddr;

use super::super::finding::{Code, Finding, Subject};
use super::super::georep::PoolRole;
use super::super::names::VolumeName;
use super::super::pool::{PoolState, Volume};
use super::sessions_to;

/// Options by which no file of a server's can be written, or not as who wrote it, or not be taken away again. Tried one
/// by one on 10.3 with a mount on a server: `Read-only file system`, a file that stays, `Permission denied`.
const FORBID: [&str; 5] = [
    "features.read-only",
    "features.worm",
    "features.worm-file-level",
    "server.root-squash",
    "server.all-squash",
];

/// Finds the started volumes to which no server can write a file and take it away again.
pub(crate) fn unprovable(state: &PoolState) -> Vec<Finding> {
    // Where the volumes are unknown, others say so.
    let Ok(volumes) = state.volumes.known() else { return Vec::new() };
    let started = volumes.values().map(|volume| &volume.volume).filter(|volume| volume.started);
    let found = started.flat_map(|volume| {
        let finding = |what| Finding::seen(Code::CanaryUnproven, Subject::Volume(volume.name.clone()), what);
        obstacles(state, volume).into_iter().map(finding)
    });
    found.collect()
}

/// Whether a volume is the read-only copy of another pool's, as 9 and later make it (`features.read-only`, set by
/// geo-replication's `create`): its proof is the file that has to arrive when the session is started again.
pub(crate) fn is_copy(state: &PoolState, volume: &VolumeName) -> bool {
    let primaries = state.other_pools.iter().filter(|pool| pool.role == PoolRole::Primary);
    let mut sessions =
        primaries.filter_map(|pool| pool.sessions.known().ok()).flat_map(|all| sessions_to(state, all));
    sessions.any(|session| session.name.secondary.volume == *volume)
}

fn obstacles(state: &PoolState, volume: &Volume) -> Vec<String> {
    if is_copy(state, &volume.name) {
        return Vec::new();
    }
    let on = |option: &str| volume.options.get(option).is_some_and(|value| is_on(value));
    let forbidding = FORBID.into_iter().filter(|option| on(option)).map(|option| {
        let value = &volume.options[option];
        format!("`{option}: {value}`: a server cannot write a file to it and take it away again")
    });
    let mut found: Vec<String> = forbidding.collect();
    if let Some(value) = volume.options.get("auth.reject").filter(|value| may_reject(state, value)) {
        found.push(format!("`auth.reject: {value}` may turn the servers' own mounts away"));
    }
    // Where the volume names its certificate, it need not be where Gluster looks by itself.
    if on("client.ssl") && !volume.options.contains_key("ssl.own-cert") {
        let without = state.hosts.iter().filter(|(_, host)| {
            host.system.stored.known().is_ok_and(|stored| stored.certificates.is_empty())
        });
        let hosts: Vec<&str> = without.map(|(name, _)| name.as_str()).collect();
        if !hosts.is_empty() {
            let value = &volume.options["client.ssl"];
            let hosts = hosts.join(", ");
            found.push(format!(
                "`client.ssl: {value}`, and glusterfs.pem, .key and .ca to mount it with are not all on {hosts}"
            ));
        }
    }
    found
}

/// Gluster's words for yes (`gf_string2boolean` in common-utils.c, 3.7 to 11).
fn is_on(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "on" | "yes" | "true" | "enable" | "1")
}

/// Whether a list of addresses may hold one of a server. Plain addresses are compared; names and patterns might be.
fn may_reject(state: &PoolState, list: &str) -> bool {
    let own: Option<Vec<&String>> = state
        .hosts
        .values()
        .map(|host| host.usage.known().ok().map(|usage| &usage.addresses))
        .collect::<Option<Vec<_>>>()
        .map(|all| all.into_iter().flatten().collect());
    let listed = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let mut may = listed.filter(|entry| match (entry.parse::<IpAddr>(), &own) {
        (Ok(address), Some(own)) => {
            let same = |own: &&String| own.parse::<IpAddr>().is_ok_and(|own| own == address);
            address.is_loopback() || own.iter().any(same)
        }
        // A pattern, a name, or servers whose addresses are not known.
        (Err(_), _) | (_, None) => true,
    });
    may.next().is_some()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::super::pool::{Observed, PoolState};
    use super::super::super::sample::{change_host, change_volume, replica_3};
    use super::*;

    fn with(options: &[(&str, &str)]) -> PoolState {
        let mut state = replica_3();
        change_volume(&mut state, "vol0", |volume| {
            let set = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            volume.volume.options.extend(set);
        });
        state
    }

    fn found(state: &PoolState) -> Vec<String> {
        unprovable(state).iter().map(ToString::to_string).collect()
    }

    #[rstest]
    #[case::none(&[])]
    #[case::off(&[("features.read-only", "off"), ("server.root-squash", "disable"), ("client.ssl", "off")])]
    #[case::a_servers_mount_is_let_in_all_the_same(&[("auth.allow", "192.0.2.100")])]
    #[case::another_is_rejected(&[("auth.reject", "192.0.2.200, 192.0.2.201")])]
    #[case::certificate_elsewhere(&[("client.ssl", "on"), ("ssl.own-cert", "/etc/pki/gluster.pem")])]
    fn nothing_forbids(#[case] options: &[(&str, &str)]) {
        assert_eq!(found(&with(options)), Vec::<String>::new());
    }

    #[rstest]
    #[case("features.read-only", "on")]
    #[case("features.worm", "Enable")]
    #[case("features.worm-file-level", "1")]
    #[case("server.root-squash", "yes")]
    #[case("server.all-squash", "true")]
    #[case("auth.reject", "*")]
    #[case("auth.reject", "192.0.2.200,192.0.2.2")]
    #[case("auth.reject", "g2.example.org")]
    #[case("client.ssl", "on")]
    fn each_is_named_with_its_value(#[case] option: &str, #[case] value: &str) {
        let found = found(&with(&[(option, value)]));
        assert_eq!(found.len(), 1, "{found:?}");
        let begin = format!("CANARY_UNPROVEN vol0: `{option}: {value}`");
        assert!(found[0].starts_with(&begin), "{found:?}");
    }

    #[test]
    fn addresses_that_nobody_knows_may_be_rejected() {
        let mut state = with(&[("auth.reject", "192.0.2.200")]);
        change_host(&mut state, 2, |host| host.usage = Observed::Unknown("no answer".into()));
        assert_eq!(found(&state).len(), 1);
    }

    #[test]
    fn with_certificates_everywhere_tls_is_no_obstacle_and_a_stopped_volume_is_not_asked() {
        let mut state = with(&[("client.ssl", "on")]);
        for number in 1..=3 {
            change_host(&mut state, number, |host| {
                let Observed::Known(stored) = &mut host.system.stored else { panic!() };
                stored.certificates.insert("/usr/lib/ssl".to_owned());
            });
        }
        assert_eq!(found(&state), Vec::<String>::new());
        let mut state = with(&[("features.read-only", "on")]);
        change_volume(&mut state, "vol0", |volume| volume.volume.started = false);
        assert_eq!(found(&state), Vec::<String>::new());
    }
}
