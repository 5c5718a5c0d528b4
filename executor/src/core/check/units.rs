//! What installing packages must leave as it was on a host: which units start at boot, and that nothing runs again.

use std::collections::BTreeMap;

use super::super::finding::{Code, Finding, Subject};
use super::super::names::HostName;
use super::super::pool::{HostState, PoolState};
use super::super::system::{Init, Role, Unit};

/// Whether the events daemon is down: [`super::host::gluster_down`] counts Gluster's own programs, and this is a script.
pub(super) fn events_down(state: &PoolState, host: &HostName) -> Vec<Finding> {
    let subject = || Subject::Host(host.clone());
    match state.hosts.get(host).map(|found| found.system.daemons.known()) {
        Some(Ok(daemons)) => daemons
            .iter()
            .filter(|daemon| daemon.role == Role::Events)
            .map(|daemon| {
                let what = format!("glustereventsd ({}) runs, which was stopped", daemon.pid);
                Finding::seen(Code::StillRunning, subject(), what)
            })
            .collect(),
        Some(Err(reason)) => vec![Finding::unknown(Code::StillRunning, subject(), reason)],
        None => vec![Finding::unknown(Code::StillRunning, subject(), "this server was not looked at")],
    }
}

/// Whether it is known which units of a host start at boot, so that a later look has something to be compared with.
pub(crate) fn units_known(host: &HostName, state: &HostState) -> Vec<Finding> {
    let unknown = |reason| Finding::unknown(Code::UnitEnablement, Subject::Host(host.clone()), reason);
    state.system.platform.known().err().map(unknown).into_iter().collect()
}

/// Whether the units of a host start at boot as they did when the plan was made.
pub(super) fn kept(state: &PoolState, host: &HostName) -> Vec<Finding> {
    const CODE: Code = Code::UnitEnablement;
    let subject = || Subject::Host(host.clone());
    let unknown = |reason: &str| vec![Finding::unknown(CODE, subject(), reason)];
    let platform = match state.hosts.get(host).map(|found| found.system.platform.known()) {
        Some(Ok(platform)) => platform,
        Some(Err(reason)) => return unknown(reason),
        None => return unknown("this server was not looked at"),
    };
    if platform.init == Init::Bare {
        return Vec::new();
    }
    let Some(start) = &state.before.start else { return unknown("what was seen at the start is not known") };
    let Some(before) = start.units.get(host) else {
        return unknown("which units started at boot before is not known");
    };
    let names = before.keys().chain(platform.units.keys().filter(|name| !before.contains_key(*name)));
    names
        .filter_map(|name| changed(name, before, &platform.units))
        .map(|what| Finding::seen(CODE, subject(), what))
        .collect()
}

/// Tells what changed about a unit, and the command that puts it back.
fn changed(name: &str, before: &BTreeMap<String, String>, now: &BTreeMap<String, Unit>) -> Option<String> {
    // One that the new release no longer has is gone for good.
    let now = now.get(name)?.enabled.as_str();
    // Old packages of Ubuntu call glusterd's unit by another name.
    let renamed = (name == "glusterd").then(|| before.get("glusterfs-server")).flatten();
    let was = before.get(name).or(renamed).map(String::as_str);
    let verb = match (was.is_some_and(is_on), is_on(now), was.is_some_and(is_masked), is_masked(now)) {
        (_, _, true, false) => "mask",
        (true, false, _, false) => "enable",
        (true, false, _, true) => "unmask",
        (false, true, _, _) => "disable",
        (_, _, false, true) if was.is_some() => "unmask",
        _ => return None,
    };
    let was = was.unwrap_or("not there");
    Some(format!("{name}.service was {was} before, and is {now}: `systemctl {verb} {name}.service`"))
}

/// Whether systemd starts it at boot, in the words of `systemctl is-enabled`.
fn is_on(word: &str) -> bool {
    matches!(word, "enabled" | "enabled-runtime")
}

fn is_masked(word: &str) -> bool {
    matches!(word, "masked" | "masked-runtime")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;

    use super::super::super::pool::Observed;
    use super::super::super::sample::{before, change_host, host, replica_3};
    use super::super::super::system::Daemon;
    use super::super::Check;
    use super::*;

    fn on_systemd(units: &[(&str, &str)]) -> PoolState {
        let mut state = replica_3();
        change_host(&mut state, 2, |host| {
            let Observed::Known(platform) = &mut host.system.platform else { panic!() };
            platform.init = Init::Systemd;
            platform.units = units
                .iter()
                .map(|(name, enabled)| {
                    let unit = Unit { enabled: (*enabled).to_owned(), active: "inactive".to_owned() };
                    ((*name).to_owned(), unit)
                })
                .collect();
        });
        state
    }

    fn found(was: &[(&str, &str)], now: &[(&str, &str)]) -> Vec<String> {
        let mut state = on_systemd(now);
        state.before = Arc::new(before(&on_systemd(was)));
        Check::UnitsKept { host: host(2) }.look(&state).iter().map(ToString::to_string).collect()
    }

    #[rstest]
    #[case::the_same(&[("glusterd", "enabled")], &[("glusterd", "enabled")])]
    #[case::gone(&[("glusterd", "enabled"), ("gluster-ta-volume", "enabled")], &[("glusterd", "enabled")])]
    #[case::new_and_off(&[("glusterd", "enabled")], &[("glusterd", "enabled"), ("gluster-ta-volume", "disabled")])]
    #[case::another_word_for_off(&[("glustereventsd", "disabled")], &[("glustereventsd", "static")])]
    #[case::renamed(&[("glusterfs-server", "enabled")], &[("glusterd", "enabled")])]
    fn what_is_as_before_passes(#[case] was: &[(&str, &str)], #[case] now: &[(&str, &str)]) {
        assert_eq!(found(was, now), Vec::<String>::new());
    }

    #[rstest]
    #[case::disabled(&[("glusterd", "enabled")], &[("glusterd", "disabled")], "enable glusterd")]
    #[case::enabled(&[("glustereventsd", "disabled")], &[("glustereventsd", "enabled")], "disable glustereventsd")]
    #[case::new_and_on(&[], &[("gluster-ta-volume", "enabled")], "disable gluster-ta-volume")]
    #[case::unmasked(&[("glustereventsd", "masked")], &[("glustereventsd", "enabled")], "mask glustereventsd")]
    #[case::masked(&[("glusterd", "enabled")], &[("glusterd", "masked")], "unmask glusterd")]
    #[case::renamed_and_off(&[("glusterfs-server", "enabled")], &[("glusterd", "disabled")], "enable glusterd")]
    fn what_changed_is_named_with_the_command_that_puts_it_back(
        #[case] was: &[(&str, &str)],
        #[case] now: &[(&str, &str)],
        #[case] command: &str,
    ) {
        let found = found(was, now);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("UNIT_ENABLEMENT g2: "), "{found:?}");
        assert!(found[0].ends_with(&format!("`systemctl {command}.service`")), "{found:?}");
    }

    #[test]
    fn what_is_not_known_is_no_pass() {
        let check = Check::UnitsKept { host: host(2) };
        let mut state = on_systemd(&[("glusterd", "enabled")]);
        state.before = Arc::default();
        assert!(check.look(&state)[0].what.contains("at the start"));
        state.before = Arc::new(before(&replica_3()));
        assert!(check.look(&state)[0].what.contains("before is not known"));
        change_host(&mut state, 2, |host| host.system.platform = Observed::Unknown("no answer".into()));
        assert_eq!(check.look(&state)[0].to_string(), "UNIT_ENABLEMENT g2: unknown: no answer");
        assert_eq!(units_known(&host(2), &state.hosts[&host(2)]), check.look(&state));
        assert_eq!(units_known(&host(1), &state.hosts[&host(1)]), []);
        change_host(&mut state, 2, |host| host.system.daemons = Observed::Unknown("no answer".into()));
        let events = Check::EventsDown { host: host(2) };
        assert_eq!(events.look(&state)[0].to_string(), "STILL_RUNNING g2: unknown: no answer");
    }

    #[test]
    fn without_systemd_nothing_starts_at_boot_by_a_unit() {
        assert_eq!(Check::UnitsKept { host: host(2) }.look(&replica_3()), []);
    }

    #[test]
    fn an_events_daemon_that_a_package_started_is_noticed() {
        let mut state = replica_3();
        let check = Check::EventsDown { host: host(2) };
        assert_eq!(check.look(&state), []);
        change_host(&mut state, 2, |host| {
            let Observed::Known(daemons) = &mut host.system.daemons else { panic!() };
            let events = Daemon { pid: 77, role: Role::Events, ..daemons[0].clone() };
            daemons.push(events);
        });
        assert!(check.look(&state)[0].what.contains("glustereventsd (77)"));
    }
}
