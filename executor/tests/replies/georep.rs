//! What the replies about geo-replication have to say.

use std::path::Path;

use executor::core::georep::{Session, WorkerStatus};
use executor::gluster::replies;
use rstest::rstest;

use super::reply;

fn folder(release: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replies").join(release).join("georep")
}

fn session(release: &str, state: &str) -> Session {
    let output = reply(&folder(release).join(format!("georep-status-{state}.xml")));
    let sessions = replies::sessions(&output).unwrap();
    assert_eq!(sessions.len(), 1);
    sessions.into_iter().next().unwrap()
}

#[rstest]
#[case("10.3", "active", &["Active", "Passive"], Some("Changelog Crawl"))]
#[case("11.1", "active", &["Active", "Passive"], Some("History Crawl"))]
#[case("10.3", "stopped", &["Stopped", "Stopped"], None)]
#[case("11.1", "stopped", &["Stopped", "Stopped"], None)]
#[case("10.3", "paused", &["Paused", "Paused"], None)]
#[case("10.3", "faulty", &["Faulty", "Passive"], None)]
fn sessions_say_what_their_workers_do(
    #[case] release: &str,
    #[case] state: &str,
    #[case] statuses: &[&str],
    #[case] crawl: Option<&str>,
) {
    let session = session(release, state);
    assert_eq!(session.name.to_string(), "vol0 to l1::copy");
    let found: Vec<String> = session.workers.iter().map(|worker| worker.status.to_string()).collect();
    assert_eq!(found, statuses, "{release} {state}");
    if crawl.is_some() {
        let crawls: Vec<&str> = session.workers.iter().filter_map(|worker| worker.crawl.as_deref()).collect();
        assert_eq!(crawls, crawl.into_iter().collect::<Vec<_>>());
    }
    assert_eq!(session.is_stopped(), session.workers.iter().all(|w| w.status == WorkerStatus::Stopped));
    assert!(session.workers.iter().all(|worker| worker.peer.is_some() && worker.brick == "/bricks/v"));
}

#[rstest]
#[case("10.3", "tarssh")]
#[case("10.3", "rsync")]
#[case("11.1", "tarssh")]
fn settings_name_the_sync_method(#[case] release: &str, #[case] method: &str) {
    let output = reply(&folder(release).join(format!("georep-config-{method}.xml")));
    let config = replies::session_config(&output).unwrap();
    assert_eq!(config["sync_method"], method);
    assert_eq!(config["secondary_timeout"], "120");
}
