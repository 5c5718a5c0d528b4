//! What is asked of hosts themselves: a pool that is well, one thing wrong, and one that could not be seen.

use rstest::rstest;

use super::super::finding::{Finding, Ground};
use super::super::plan::{Outcome, plan};
use super::super::pool::{HostState, Observed, PoolState, VolumeKind, VolumeState};
use super::super::sample::{change_host, change_volume, host, inventory, pool, request, volume};
use super::super::system::*;
use super::*;

/// A pool on the way from 9.2 to 10.3, which brings new ports and certificates.
fn at_9() -> PoolState {
    pool(3, "9.2", vec![volume("vol0", VolumeKind::Replicate { replica: 3 }, &[1, 2, 3])], "10.3-5")
}

/// What stands in the way of that.
fn findings(state: &PoolState) -> Vec<Finding> {
    match plan(&inventory(3), state, &request("10.3", &[])) {
        Outcome::Plan(_) | Outcome::NothingToDo => Vec::new(),
        Outcome::Refusal(refusal) => refusal.findings,
    }
}

/// Changes a fact of the second server, which is known.
fn change<T: Clone>(
    fact: impl Fn(&mut SystemFacts) -> &mut Observed<T>,
    change: impl Fn(&mut T),
) -> impl Fn(&mut PoolState) {
    move |state| {
        change_host(state, 2, |host| {
            let fact = fact(&mut host.system);
            *fact = fact.clone().map(|mut value| {
                change(&mut value);
                value
            });
        });
    }
}

fn unknown<T>() -> Observed<T> {
    Observed::Unknown("no answer".to_owned())
}

#[test]
fn a_pool_that_is_well_has_no_finding() {
    assert_eq!(findings(&at_9()), []);
}

fn packages(change_them: impl Fn(&mut InstalledPackages)) -> impl Fn(&mut PoolState) {
    change(|system| &mut system.packages, change_them)
}

fn stored(change_them: impl Fn(&mut StoredFiles)) -> impl Fn(&mut PoolState) {
    change(|system| &mut system.stored, change_them)
}

fn network(change_them: impl Fn(&mut Network)) -> impl Fn(&mut PoolState) {
    change(|system| &mut system.network, change_them)
}

fn disk(change_it: impl Fn(&mut FileSystem)) -> impl Fn(&mut PoolState) {
    change(|system| &mut system.directories, move |disks| disks.values_mut().for_each(&change_it))
}

fn brick(change_it: impl Fn(&mut BrickDirectory)) -> impl Fn(&mut PoolState) {
    change(|system| &mut system.bricks, move |bricks| bricks.values_mut().for_each(&change_it))
}

fn brick_disk(change_it: impl Fn(&mut FileSystem)) -> impl Fn(&mut PoolState) {
    brick(move |brick| brick.file_system.iter_mut().for_each(&change_it))
}

fn daemon(change_it: impl Fn(&mut Daemon)) -> impl Fn(&mut PoolState) {
    change(|system| &mut system.daemons, move |daemons| daemons.iter_mut().take(1).for_each(&change_it))
}

#[test]
fn a_library_that_the_new_release_lacks_may_stay_behind() {
    let mut state = at_9();
    packages(|all| drop(all.installed.insert("libglusterd0".into(), "8.0-1".into())))(&mut state);
    assert_eq!(findings(&state), []);
}

/// One thing wrong with the second server each, and the code it gives.
#[rstest]
#[case::read_only(disk(|disk| disk.read_only = true), "SPACE_LOW")]
#[case::no_room(disk(|disk| disk.free_kib = 200 << 10), "SPACE_LOW")]
#[case::no_inodes(disk(|disk| disk.free_inodes = Some(10)), "SPACE_LOW")]
#[case::brick_read_only(brick_disk(|disk| disk.read_only = true), "BRICK_READ_ONLY")]
#[case::brick_full(brick_disk(|disk| disk.free_kib = disk.size_kib / 100), "BRICK_FULL")]
#[case::brick_without_inodes(brick_disk(|disk| disk.free_inodes = Some(0)), "BRICK_FULL")]
#[case::brick_gone(brick(|brick| brick.file_system = None), "BRICK_DIRECTORY")]
#[case::brick_not_mounted(brick(|brick| brick.volume_id = Observed::Known(None)), "BRICK_DIRECTORY")]
#[case::brick_of_another(
    brick(|brick| brick.volume_id = Observed::Known(Some("0".into()))),
    "BRICK_DIRECTORY"
)]
#[case::mixed(packages(|all| drop(all.installed.insert("glusterfs-cli".into(), "10.1".into()))), "PACKAGES_MIXED")]
#[case::half_installed(packages(|all| drop(all.broken.insert("glusterfs-cli".into(), "unpacked".into()))), "PACKAGES_BROKEN")]
#[case::moving(packages(|all| all.busy = Some("apt-get".into())), "PACKAGE_MANAGER_BUSY")]
#[case::replaced(daemon(|daemon| daemon.replaced = Some(true)), "RUNS_OLD_CODE")]
#[case::other_code(daemon(|daemon| daemon.releases = BTreeSet::from(["9.1".parse().unwrap()])), "RUNS_OLD_CODE")]
#[case::empty_file(stored(|all| all.empty.extend(["peers/x".into()])), "STORED_FILES_BROKEN")]
#[case::half_a_snapshot(stored(|all| all.incomplete.extend(["snaps/x".into()])), "STORED_FILES_BROKEN")]
#[case::snapshot(stored(|all| all.snapshots.extend([("s".into(), 1)])), "SNAPSHOT_RUNNING")]
#[case::unresolved(network(|net| net.names.values_mut().for_each(BTreeSet::clear)), "NAME_UNRESOLVED")]
#[case::firewall(network(|net| net.closed = Observed::Known(vec![(49160, 60999)])), "FIREWALL_NARROW")]
#[case::firewall_unknown(network(|net| net.closed = unknown()), "FIREWALL_NARROW")]
#[case::few_ports(network(|net| net.max_port = net.base_port), "PORTS_FEW")]
#[case::tls(stored(|all| all.secure_access = true), "CERTIFICATES_MOVE")]
#[case::clock(
    change(|system| &mut system.clock, |clock| {
        *clock = Clock { ahead_at_least_ms: 60_000, ahead_at_most_ms: 60_040 };
    }),
    "CLOCK_SKEW"
)]
#[case::clock_behind(
    change(|system| &mut system.clock, |clock| {
        *clock = Clock { ahead_at_least_ms: -60_000, ahead_at_most_ms: -59_000 };
    }),
    "CLOCK_SKEW"
)]
#[case::clock_blurred(
    change(|system| &mut system.clock, |clock| {
        *clock = Clock { ahead_at_least_ms: -20_000, ahead_at_most_ms: 20_000 };
    }),
    "CLOCK_SKEW"
)]
fn one_broken_thing_gives_its_code(#[case] breaks: impl Fn(&mut PoolState), #[case] code: &str) {
    let mut state = at_9();
    breaks(&mut state);
    let found = findings(&state);
    assert!(found.iter().any(|finding| finding.code.as_str() == code), "{found:?}");
    assert!(found.iter().all(|finding| finding.code.as_str() == code), "{found:?}");
}

/// What could not be seen is never well.
#[rstest]
#[case::platform(|host: &mut HostState| host.system.platform = unknown(), &["UNIT_ENABLEMENT"])]
#[case::packages(|host: &mut HostState| host.system.packages = unknown(), &["PACKAGES_MIXED"])]
#[case::directories(|host: &mut HostState| host.system.directories = unknown(), &["SPACE_LOW"])]
#[case::bricks(|host: &mut HostState| host.system.bricks = unknown(), &["BRICK_DIRECTORY"])]
#[case::daemons(|host: &mut HostState| host.system.daemons = unknown(), &["RUNS_OLD_CODE"])]
#[case::clock(|host: &mut HostState| host.system.clock = unknown(), &["CLOCK_SKEW"])]
#[case::network(|host: &mut HostState| host.system.network = unknown(), &["NAME_UNRESOLVED", "FIREWALL_NARROW"])]
#[case::stored(|host: &mut HostState| host.system.stored = unknown(), &["CERTIFICATES_MOVE", "STORED_FILES_BROKEN"])]
fn what_could_not_be_seen_is_not_well(#[case] blind: impl Fn(&mut HostState), #[case] codes: &[&str]) {
    let mut state = at_9();
    change_host(&mut state, 2, &blind);
    let found = findings(&state);
    let mut seen: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    seen.sort_unstable();
    let mut expected = codes.to_vec();
    expected.sort_unstable();
    assert_eq!(seen, expected, "{found:?}");
    assert!(found.iter().all(|finding| finding.ground == Ground::Unknown), "{found:?}");
}

#[test]
fn certificates_are_well_where_the_target_looks_for_them() {
    let mut state = at_9();
    let tls = |volume: &mut VolumeState| drop(volume.volume.options.insert("server.ssl".into(), "on".into()));
    change_volume(&mut state, "vol0", tls);
    let code =
        |state: &PoolState| findings(state).iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>();
    assert_eq!(code(&state), ["CERTIFICATES_MOVE"; 3]);
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            let certificates = BTreeSet::from(["/usr/lib/ssl".to_owned()]);
            host.system.stored = Observed::Known(StoredFiles { certificates, ..StoredFiles::default() });
        });
    }
    assert_eq!(code(&state), [""; 0]);
    change_host(&mut state, 1, |host| host.system.platform = unknown());
    assert_eq!(code(&state), ["CERTIFICATES_MOVE", "UNIT_ENABLEMENT"], "where OpenSSL looks is not known");
}

#[test]
fn a_reserve_that_is_set_counts() {
    let mut state = at_9();
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert("storage.reserve".into(), "60%".into());
    });
    assert_eq!(findings(&state).len(), 3, "half of each brick's file system is free");
}

#[test]
fn an_op_version_that_was_left_behind_is_told() {
    let mut state = at_9();
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            host.glusterd_info = host
                .glusterd_info
                .clone()
                .map(|info| super::super::pool::GlusterdInfo { op_version: OpVersion(80_000), ..info });
        });
    }
    let found = findings(&state);
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["OP_VERSION_LOW pool: is 80000, while 9.2 speaks 90000"]
    );
    let waived = plan(&inventory(3), &state, &request("10.3", &["OP_VERSION_LOW:pool"]));
    assert!(matches!(waived, Outcome::Plan(_)));
}

#[test]
fn the_packages_of_a_server_that_is_out_may_be_halfway() {
    let mut state = at_9();
    packages(|all| drop(all.broken.insert("glusterfs-cli".into(), "unpacked".into())))(&mut state);
    change_host(&mut state, 2, |host| {
        host.processes = Observed::Known(super::super::pool::Processes::default());
        host.system.daemons = Observed::Known(Vec::new());
    });
    let found = findings(&state);
    assert!(!found.iter().any(|finding| finding.code.as_str() == "PACKAGES_BROKEN"), "{found:?}");
}

#[test]
fn advice_is_shown_and_stands_in_nobodys_way() {
    let mut state = at_9();
    packages(|all| all.edited.extend(["/etc/glusterfs/glusterd.vol".into()]))(&mut state);
    change_volume(&mut state, "vol0", |volume| {
        volume.volume.options.insert("cluster.brick-multiplex".into(), "on".into());
    });
    let Outcome::Plan(plan) = plan(&inventory(3), &state, &request("10.3", &[])) else { panic!("a plan") };
    let codes: Vec<&str> = plan.advice.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["CONFIG_EDITED", "BRICKS_MULTIPLEXED", "BRICK_PATHS_COLLIDE"]);
    let shown = crate::render::plan(&plan, "executor run");
    assert!(shown.contains("to know\n") && shown.contains("/etc/glusterfs/glusterd.vol"), "{shown}");
}

#[test]
fn a_finding_names_the_host_it_is_about() {
    let mut state = at_9();
    network(|net| net.closed = Observed::Known(vec![(49160, 60999)]))(&mut state);
    let found = findings(&state);
    assert_eq!(found[0].subject, super::super::finding::Subject::Host(host(2)));
    assert_eq!(found[0].what, "10.3 gives bricks any port of 49152-60999; the firewall closes 49160-60999");
}

/// Clients that no list has, and that one server alone serves.
#[test]
fn an_nfs_server_that_is_going_to_be_out_is_told() {
    let served = |number: usize| {
        let mut state = at_9();
        change_host(&mut state, number, |host| {
            host.system.daemons = host.system.daemons.clone().map(|mut daemons| {
                let nfs = Daemon { role: Role::Nfs, pid: 50, ..daemons[0].clone() };
                daemons.push(nfs);
                daemons
            });
        });
        state
    };
    let told = |state: &PoolState| -> Vec<String> {
        let Outcome::Plan(plan) = plan(&inventory(3), state, &request("10.3", &[])) else { panic!("a plan") };
        let nfs = plan.advice.iter().filter(|finding| finding.code.as_str() == "GNFS_RUNS");
        nfs.map(|finding| finding.subject.to_string()).collect()
    };
    assert_eq!(told(&served(2)), ["g2"]);
    assert_eq!(told(&at_9()), Vec::<String>::new());
    // One that is upgraded already is not taken out.
    let mut state = served(2);
    change_host(&mut state, 2, |host| {
        crate::core::sample::at_release(host, "10.3");
        host.system.daemons = host.system.daemons.clone().map(|mut daemons| {
            for daemon in &mut daemons {
                daemon.releases = std::collections::BTreeSet::from(["10.3".parse().unwrap()]);
            }
            daemons
        });
    });
    assert_eq!(told(&state), Vec::<String>::new());
}
