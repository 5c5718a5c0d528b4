//! Geo-replication with a session that copies, one that does not, and one that could not be seen.

use rstest::rstest;

use std::collections::BTreeMap;

use super::georep::python;
use super::{Check, SessionBefore, crawls, geo_replication};
use crate::core::finding::Code;
use crate::core::finding::Ground;
use crate::core::georep::{OtherPool, PoolRole, Session, SyncTools, WorkerStatus};
use crate::core::names::{HostName, Release};
use crate::core::pool::{HostState, Observed, PoolState, Reach, Unreachable};
use crate::core::sample::{change_host, host, replica_3, replicated};

fn to(text: &str) -> Release {
    text.parse().unwrap()
}

fn found(state: &PoolState, target: &str) -> Vec<(String, Ground)> {
    let findings = geo_replication(state, to(target), false, None);
    findings.iter().map(|finding| (finding.code.to_string(), finding.ground)).collect()
}

fn change(state: &mut PoolState, change: impl FnOnce(&mut Session)) {
    let Observed::Known(sessions) = &mut state.sessions else { panic!("no sessions") };
    change(&mut sessions[0]);
}

fn secondary(state: &mut PoolState) -> &mut OtherPool {
    &mut state.other_pools[0]
}

#[test]
fn a_pool_without_sessions_and_one_whose_session_copies_pass() {
    assert_eq!(found(&replica_3(), "11.1"), []);
    assert_eq!(found(&replicated("11.1"), "11.1"), []);
    assert_eq!(found(&replicated("11.2"), "11.1"), [], "a later secondary is as good");
}

type Change = fn(&mut PoolState);

#[rstest]
#[case::faulty("GEOREP_NOT_HEALTHY", Ground::Seen, (|state| change(state, |session| {
    session.workers[0].status = WorkerStatus::of("Faulty");
})) as Change)]
#[case::stopped("GEOREP_NOT_HEALTHY", Ground::Seen, (|state| change(state, |session| {
    session.workers.iter_mut().for_each(|worker| worker.status = WorkerStatus::Stopped);
})) as Change)]
#[case::nobody_active("GEOREP_NOT_HEALTHY", Ground::Seen, (|state| change(state, |session| {
    session.workers[0].status = WorkerStatus::Passive;
})) as Change)]
#[case::a_worker_is_missing("GEOREP_NOT_HEALTHY", Ground::Unknown, (|state| change(state, |session| {
    session.workers.truncate(2);
})) as Change)]
#[case::no_workers("GEOREP_NOT_HEALTHY", Ground::Unknown, (|state| change(state, |session| {
    session.workers.clear();
})) as Change)]
#[case::sessions_not_seen("NOT_OBSERVED", Ground::Unknown, (|state| {
    state.sessions = Observed::Unknown("no answer".into());
}) as Change)]
#[case::secondary_older("GEOREP_SECONDARY_FIRST", Ground::Seen, (|state| {
    secondary(state).hosts.get_mut(&"l2".parse().unwrap()).unwrap().release = Observed::Known(Some(to("10.3")));
}) as Change)]
#[case::secondary_not_seen("GEOREP_SECONDARY_FIRST", Ground::Unknown, (|state| {
    secondary(state).hosts.get_mut(&"l2".parse().unwrap()).unwrap().release = Observed::Unknown("no route".into());
}) as Change)]
#[case::secondary_without_gluster("GEOREP_SECONDARY_FIRST", Ground::Unknown, (|state| {
    secondary(state).hosts.get_mut(&"l2".parse().unwrap()).unwrap().release = Observed::Known(None);
}) as Change)]
#[case::secondary_has_more_servers("GEOREP_SECONDARY_FIRST", Ground::Unknown, (|state| {
    secondary(state).hosts.remove(&"l2".parse().unwrap());
}) as Change)]
#[case::secondary_in_no_inventory("GEOREP_SECONDARY_UNKNOWN", Ground::Seen, (|state| {
    state.other_pools.clear();
}) as Change)]
#[case::broken_rsync("GEOREP_RSYNC_TRAP", Ground::Seen, (|state| {
    change_host(state, 2, |host| tools(host, |tools| tools.rsync = Some("3.5.0".into())));
}) as Change)]
#[case::method_not_seen("GEOREP_RSYNC_TRAP", Ground::Unknown, (|state| change(state, |session| {
    session.config = Observed::Unknown("no answer".into());
})) as Change)]
#[case::python_too_new("GEOREP_PYTHON", Ground::Seen, (|state| {
    change_host(state, 3, |host| tools(host, |tools| tools.python3 = Some("3.13.1".into())));
}) as Change)]
#[case::python_missing("GEOREP_PYTHON", Ground::Seen, (|state| {
    change_host(state, 3, |host| tools(host, |tools| tools.python3 = None));
}) as Change)]
#[case::python_not_seen_over_there("GEOREP_PYTHON", Ground::Unknown, (|state| {
    secondary(state).hosts.get_mut(&"l1".parse().unwrap()).unwrap().sync_tools = Observed::Unknown("no route".into());
}) as Change)]
fn what_is_not_well_is_found(#[case] code: &str, #[case] ground: Ground, #[case] spoil: Change) {
    let mut state = replicated("11.1");
    spoil(&mut state);
    assert_eq!(found(&state, "11.1"), [(code.to_owned(), ground)]);
}

fn tools(host: &mut HostState, change: impl FnOnce(&mut SyncTools)) {
    let Observed::Known(tools) = &mut host.sync_tools else { panic!("no tools") };
    change(tools);
}

#[test]
fn nothing_is_asked_of_rsync_where_tar_copies() {
    let mut state = replicated("11.1");
    change_host(&mut state, 2, |host| tools(host, |tools| tools.rsync = Some("3.5.0".into())));
    change(&mut state, |session| {
        session.config = Observed::Known([("sync_method".to_owned(), "tarssh".to_owned())].into());
    });
    assert_eq!(found(&state, "11.1"), []);
    change_host(&mut state, 2, |host| host.sync_tools = Observed::Unknown("no answer".into()));
    assert_eq!(found(&state, "11.1"), [("GEOREP_PYTHON".to_owned(), Ground::Unknown)]);
}

#[test]
fn an_rsync_that_was_not_seen_is_not_a_good_one() {
    let mut state = replicated("11.1");
    change_host(&mut state, 2, |host| host.sync_tools = Observed::Unknown("no answer".into()));
    let trap = ("GEOREP_RSYNC_TRAP".to_owned(), Ground::Unknown);
    assert!(found(&state, "11.1").contains(&trap));
}

#[rstest]
#[case("3.12.15", None, Some("2.7.5"), true)]
#[case("3.12.15", Some("3.11.2"), None, false)]
#[case("9.2", Some("3.8.10"), None, true)]
#[case("9.2", Some("3.9.2"), None, false)]
#[case("9.6", Some("3.11.2"), None, true)]
#[case("11.1", Some("3.11.2"), None, true)]
#[case("11.1", Some("3.12.0"), None, false)]
#[case("11.2", Some("3.13.0"), None, true)]
#[case("11.1", Some("three"), None, false)]
fn each_release_has_its_pythons(
    #[case] release: &str,
    #[case] python3: Option<&str>,
    #[case] python2: Option<&str>,
    #[case] fit: bool,
) {
    let tools = SyncTools {
        python3: python3.map(str::to_owned),
        python2: python2.map(str::to_owned),
        ..SyncTools::default()
    };
    assert_eq!(python(&host(1), &Observed::Known(tools), to(release)).is_none(), fit);
}

#[rstest]
#[case::there(Some("/usr/local/sbin/glusterfs-georep-upgrade.py"), true)]
#[case::missing(None, false)]
fn the_way_into_8_needs_the_script(#[case] converter: Option<&str>, #[case] fit: bool) {
    let mut state = replicated("8.6");
    for number in 1..=3 {
        change_host(&mut state, number, |host| {
            host.release = Observed::Known(Some(to("7.9")));
            tools(host, |tools| {
                tools.converter = converter.map(str::to_owned);
                tools.python3 = Some("3.6.8".into());
            });
        });
    }
    for other in secondary(&mut state).hosts.values_mut() {
        other.sync_tools =
            Observed::Known(SyncTools { python3: Some("3.6.8".into()), ..SyncTools::default() });
    }
    let missing = ("GEOREP_CONVERTER_MISSING".to_owned(), Ground::Seen);
    assert_eq!(found(&state, "8.6"), if fit { vec![] } else { vec![missing; 3] });
    change_host(&mut state, 1, |host| host.sync_tools = Observed::Unknown("no answer".into()));
    assert!(found(&state, "8.6").contains(&("GEOREP_CONVERTER_MISSING".to_owned(), Ground::Unknown)));
}

/// A pool that receives, and the one that sends to it.
fn receiving() -> PoolState {
    let mut state = replica_3();
    for number in 1..=3 {
        change_host(&mut state, number, |host| tools(host, |tools| tools.receiving = 1));
    }
    let sender = replicated("11.1");
    let Observed::Known(mut sessions) = sender.sessions else { panic!("no sessions") };
    sessions[0].name.secondary = "g1::vol0".parse().unwrap();
    state.other_pools = vec![OtherPool {
        inventory: "prod.toml".into(),
        role: PoolRole::Primary,
        hosts: sender.other_pools[0].hosts.clone(),
        sessions: Observed::Known(sessions),
    }];
    state
}

#[test]
fn a_secondary_has_to_know_who_sends() {
    assert_eq!(found(&receiving(), "11.1"), []);
    let mut alone = receiving();
    alone.other_pools.clear();
    let unknown = ("GEOREP_PRIMARY_UNKNOWN".to_owned(), Ground::Seen);
    assert_eq!(found(&alone, "11.1"), vec![unknown; 3]);
    let mut unseen = receiving();
    unseen.other_pools[0].sessions = Observed::Unknown("no route".into());
    assert_eq!(found(&unseen, "11.1"), [("GEOREP_NOT_HEALTHY".to_owned(), Ground::Unknown)]);
}

#[test]
fn a_half_done_upgrade_has_its_sessions_stopped() {
    let mut state = replicated("11.1");
    change(&mut state, |session| {
        session.workers.iter_mut().for_each(|worker| worker.status = WorkerStatus::Stopped);
    });
    assert_eq!(geo_replication(&state, to("11.1"), true, None), []);
    assert_ne!(geo_replication(&state, to("11.1"), false, None), []);
}

/// Its worker is in no status, and what was Passive elsewhere takes over.
#[test]
fn a_server_that_is_out_already_has_no_worker() {
    let mut state = replicated("11.1");
    change(&mut state, |session| {
        session.workers.remove(0);
        session.workers[0].status = WorkerStatus::Active;
    });
    let out = "g1".parse().unwrap();
    assert_eq!(geo_replication(&state, to("11.1"), true, Some(&out)), []);
    let found = |without: Option<&HostName>| {
        let findings = geo_replication(&state, to("11.1"), true, without);
        findings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let missing = "GEOREP_NOT_HEALTHY vol0: unknown: the session to l1::copy has 2 workers for 3 bricks";
    assert_eq!(found(None), [missing]);
    change(&mut state, |session| session.workers[0].status = WorkerStatus::Passive);
    let found = geo_replication(&state, to("11.1"), true, Some(&out));
    assert!(found[0].what.contains("no Active worker"), "{found:?}");
}

fn before(state: &PoolState) -> SessionBefore {
    let session = &state.sessions.known().unwrap()[0];
    SessionBefore { name: session.name.clone(), workers: session.workers.len(), crawls: crawls(session) }
}

#[test]
fn a_session_is_back_when_it_copies_as_it_did() {
    let mut state = replicated("11.1");
    let check = Check::SessionsBack { sessions: vec![before(&state)] };
    assert_eq!(check.look(&state), []);
    change(&mut state, |session| session.workers[0].crawl = Some("History Crawl".into()));
    let [finding] = &check.look(&state)[..] else { panic!("one finding") };
    assert!(finding.what.contains("History Crawl, before: Changelog Crawl"), "{finding}");
    let fewer =
        Check::SessionsBack { sessions: vec![SessionBefore { workers: 2, ..before(&replicated("11.1")) }] };
    assert_eq!(fewer.look(&replicated("11.1")), [], "a server that was away has its worker again");
    change(&mut state, |session| session.workers.truncate(1));
    assert_ne!(check.look(&state), []);
    state.sessions = Observed::Known(Vec::new());
    assert_eq!(check.look(&state)[0].ground, Ground::Unknown);
}

#[test]
fn a_session_that_crawled_its_history_at_the_start_is_back_when_it_follows_the_changelog() {
    let mut state = replicated("11.1");
    change(&mut state, |session| session.workers[0].crawl = Some("History Crawl".into()));
    let check = Check::SessionsBack { sessions: vec![before(&state)] };
    assert_eq!(check.look(&state), []);
    change(&mut state, |session| session.workers[0].crawl = Some("Changelog Crawl".into()));
    assert_eq!(check.look(&state), []);
    change(&mut state, |session| session.workers[0].crawl = Some("Hybrid Crawl".into()));
    assert_ne!(check.look(&state), []);
}

#[test]
fn a_session_is_stopped_when_every_worker_says_so() {
    let mut state = replicated("11.1");
    let check = Check::SessionsStopped { sessions: vec![before(&state).name] };
    assert_eq!(check.look(&state)[0].code, Code::GeorepNotStopped);
    change(&mut state, |session| session.workers[1].status = WorkerStatus::Stopped);
    assert_eq!(check.look(&state)[0].code, Code::GeorepNotStopped);
    change(&mut state, |session| {
        session.workers.iter_mut().for_each(|worker| worker.status = WorkerStatus::Stopped);
    });
    assert_eq!(check.look(&state), []);
    state.sessions = Observed::Unknown("no answer".into());
    assert_eq!(check.look(&state)[0].ground, Ground::Unknown);
}

#[test]
fn settings_are_kept_but_for_paths_and_keys_of_one_release() {
    let mut state = replicated("11.1");
    let name = before(&state).name;
    let config = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let then = config(&[("sync_jobs", "3"), ("log_file", "/var/log/old"), ("gone", "1")]);
    let check = Check::SessionConfigKept { session: name, config: then };
    change(&mut state, |session| {
        session.config =
            Observed::Known(config(&[("sync_jobs", "3"), ("log_file", "/var/log/new"), ("new", "1")]));
    });
    assert_eq!(check.look(&state), []);
    change(&mut state, |session| session.config = Observed::Known(config(&[("sync_jobs", "1")])));
    let [finding] = &check.look(&state)[..] else { panic!("one finding") };
    assert_eq!((finding.code, finding.ground), (Code::GeorepConfigChanged, Ground::Seen));
    change(&mut state, |session| session.config = Observed::Unknown("no answer".into()));
    assert_eq!(check.look(&state)[0].ground, Ground::Unknown);
}

#[test]
fn a_host_that_was_not_reached_is_known_by_its_name_all_the_same() {
    let mut state = replicated("11.1");
    for other in secondary(&mut state).hosts.values_mut() {
        other.reach = Reach::NotReached { cause: Unreachable::Other, reason: "no route".into() };
        other.release = Observed::Unknown("no route".into());
        other.peers = Observed::Unknown("no route".into());
    }
    let found = found(&state, "11.1");
    assert!(
        found.iter().all(|found| *found == ("GEOREP_SECONDARY_FIRST".to_owned(), Ground::Unknown)),
        "{found:?}"
    );
}
