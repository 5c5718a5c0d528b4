//! The checks of mounts, applications and libraries: good, bad and unknown.

use std::collections::BTreeSet;

use rstest::rstest;

use super::super::application::{Application, Control};
use super::super::finding::Ground;
use super::super::pool::{Observed, PoolState, Reach, Unreachable};
use super::super::sample::{mount_state, replica_3};
use super::super::usage::{LibraryUser, ProcessName, Usage};
use super::*;

fn c1() -> HostName {
    "c1".parse().unwrap()
}

fn application() -> Application {
    Application { name: "shares".parse().unwrap(), control: Control::Unit("smbd.service".parse().unwrap()) }
}

/// A pool whose client has one mount and a running application.
fn in_use() -> PoolState {
    let mut state = replica_3();
    change(&mut state, |usage| {
        usage.running.insert("unit:smbd.service".into(), BTreeSet::from([7]));
    });
    state
}

fn change(state: &mut PoolState, change: impl FnOnce(&mut Usage)) {
    let Observed::Known(usage) = &mut state.clients.get_mut(&c1()).unwrap().usage else { panic!() };
    change(usage);
}

fn all() -> Vec<Check> {
    let mount = mount_state("/mnt/vol0").again.known().unwrap().clone();
    vec![
        Check::ClientReached { host: c1() },
        Check::Unmounted { host: c1(), point: "/mnt/other".parse().unwrap() },
        Check::Mounted { host: c1(), mount },
        Check::ApplicationRunning { host: c1(), application: application() },
        Check::NoOldLibrary { host: c1(), release: "10.3".parse().unwrap() },
    ]
}

#[test]
fn what_is_as_it_should_be_passes() {
    for check in all() {
        assert_eq!(check.look(&in_use()), [], "{check}");
    }
}

#[test]
fn what_cannot_be_seen_passes_nothing() {
    let mut state = in_use();
    let client = state.clients.get_mut(&c1()).unwrap();
    client.usage = Observed::Unknown("no answer".into());
    client.reach = Reach::NotReached { cause: Unreachable::Other, reason: "no route".into() };
    let mut checks = all();
    checks.extend([
        Check::ApplicationStopped { host: c1(), application: application() },
        Check::VolumesUnused { host: c1() },
    ]);
    for check in checks {
        let findings = check.look(&state);
        assert!(!findings.is_empty(), "{check}");
        let reach = matches!(check, Check::ClientReached { .. });
        assert!(reach || findings.iter().all(|finding| finding.ground == Ground::Unknown), "{findings:?}");
    }
    // An application that nobody looked for is neither up nor down.
    let mut state = in_use();
    change(&mut state, |usage| usage.running.clear());
    for check in [
        Check::ApplicationStopped { host: c1(), application: application() },
        Check::ApplicationRunning { host: c1(), application: application() },
    ] {
        assert_eq!(check.look(&state)[0].ground, Ground::Unknown, "{check}");
    }
}

fn library(gfapi: bool, release: &str, deleted: bool) -> impl Fn(&mut Usage) {
    let user = LibraryUser {
        process: ProcessName { pid: 9, program: "x".into() },
        gfapi,
        unit: None,
        volume: None,
        release: release.parse().ok(),
        deleted,
    };
    move |usage| usage.library_users = Observed::Known(vec![user.clone()])
}

fn old() -> Check {
    Check::NoOldLibrary { host: c1(), release: "10.3".parse().unwrap() }
}

#[rstest]
#[case::still_mounted(|_: &mut Usage| {}, Check::Unmounted { host: c1(), point: "/mnt/vol0".parse().unwrap() }, "MOUNT_STILL_THERE")]
#[case::in_use(|_: &mut Usage| {}, Check::VolumesUnused { host: c1() }, "MOUNT_STILL_THERE")]
#[case::gone(|usage: &mut Usage| usage.mounts.clear(), all().remove(2), "MOUNT_MISSING")]
#[case::not_readable(|usage: &mut Usage| usage.mounts[0].readable = false, all().remove(2), "MOUNT_MISSING")]
#[case::other_options(
    |usage: &mut Usage| {
        let mut again = usage.mounts[0].again.known().unwrap().clone();
        again.options.clear();
        usage.mounts[0].again = Observed::Known(again);
    },
    all().remove(2),
    "MOUNT_MISSING"
)]
#[case::runs(|_: &mut Usage| {}, Check::ApplicationStopped { host: c1(), application: application() }, "APPLICATION_RUNNING")]
#[case::down(
    |usage: &mut Usage| {
        usage.running.insert("unit:smbd.service".into(), BTreeSet::new());
    },
    all().remove(3),
    "APPLICATION_DOWN"
)]
#[case::deleted(library(false, "10.3", true), old(), "OLD_LIBRARY")]
#[case::other_release(library(false, "9.2", false), old(), "OLD_LIBRARY")]
#[case::gfapi_deleted(library(true, "-", true), old(), "GFAPI_APPLICATION")]
fn what_is_wrong_gives_its_code(
    #[case] breaks: impl Fn(&mut Usage),
    #[case] check: Check,
    #[case] code: &str,
) {
    let mut state = in_use();
    change(&mut state, breaks);
    let codes: Vec<&str> = check.look(&state).iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&code), "{codes:?}");
}

#[test]
fn a_client_that_is_away_is_no_server_that_is() {
    let mut state = in_use();
    state.clients.get_mut(&c1()).unwrap().reach =
        Reach::NotReached { cause: Unreachable::Refused, reason: "refused".into() };
    assert_eq!(Check::ClientReached { host: c1() }.look(&state)[0].code.as_str(), "CLIENT_UNREACHABLE");
    assert_eq!(Check::Reached.look(&state), []);
}
