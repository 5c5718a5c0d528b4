//! The fake pool's own rules: that it notices what it is there to notice, and breaks where Gluster breaks.

use std::time::Duration;

use executor::act::act;
use executor::core::check::{Check, look_all};
use executor::core::command::Command;
use executor::core::georep::{PoolRole, SessionName, Worker};
use executor::core::names::{HostName, OpVersion};
use executor::core::plan::Action;
use executor::fake_pool::{FakePool, Fault, Repair, Shape, Strike, Strikes, Stuck};
use executor::gluster::{georep, replies};
use executor::observe::{self, Scope};
use executor::transport::Transport;
use tokio::time::sleep;

fn pool() -> FakePool {
    FakePool::new(&Shape::replica_3(), Strikes::new())
}

/// A pool whose clients take so many seconds to a brick that is back.
fn with_clients_after(reconnect_seconds: u64) -> FakePool {
    FakePool::new(&Shape { reconnect_seconds, ..Shape::replica_3() }, Strikes::new())
}

fn host(number: usize) -> HostName {
    format!("g{number}").parse().unwrap()
}

async fn done(pool: &FakePool, action: Action) -> String {
    act(pool, &action, "run").await.unwrap()
}

async fn stop(pool: &FakePool, number: usize) {
    done(pool, Action::StopGluster { host: host(number) }).await;
}

async fn start(pool: &FakePool, number: usize) {
    done(pool, Action::StartGluster { host: host(number) }).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "takes g2:/bricks/vol0/1 out, and g1:/bricks/vol0/1 does not run")]
async fn two_of_a_set_are_never_out() {
    let pool = pool();
    stop(&pool, 1).await;
    stop(&pool, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_brick_whose_disk_is_not_mounted_stays_down_until_somebody_mounts_it() {
    let pool = pool().with_stuck_bricks(Stuck::from([0]));
    let offline = async |pool: &FakePool| {
        let checks = [Check::BricksOnline { without: None }];
        let inventory = Shape::replica_3().inventory();
        look_all(&checks, &observe::look(pool, &inventory, &Scope::of(&checks)).await)
    };
    stop(&pool, 1).await;
    start(&pool, 1).await;
    sleep(Duration::from_secs(60)).await;
    let found = offline(&pool).await;
    let words: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(words.len() == 1 && words[0].contains("g1:/bricks/vol0/1"), "{words:?}");
    assert_eq!(pool.repair(&found), Repair::Done(vec!["BRICK_OFFLINE"]));
    assert_eq!(offline(&pool).await, []);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "writes to heal")]
async fn nothing_goes_while_another_one_of_its_set_heals() {
    let pool = with_clients_after(1);
    stop(&pool, 1).await;
    sleep(Duration::from_secs(30)).await;
    start(&pool, 1).await;
    stop(&pool, 2).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "has not reached g1:/bricks/vol0/1 yet")]
async fn nothing_goes_while_a_client_is_still_on_its_way_to_another_one() {
    let pool = with_clients_after(10);
    stop(&pool, 1).await;
    start(&pool, 1).await;
    stop(&pool, 2).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "takes g1:/bricks/vol0/1 out")]
async fn no_volume_is_stopped_under_a_mount() {
    let pool = pool();
    stop(&pool, 3).await;
    done(&pool, Action::StopVolume { via: host(1), volume: "vol0".parse().unwrap() }).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the fake pool does not know: uname -a")]
async fn what_it_does_not_know_is_no_answer() {
    let command = Command::reads(["uname", "-a"], Duration::from_secs(1));
    drop(pool().run(&host(1), &command).await);
}

#[tokio::test(start_paused = true)]
async fn the_same_op_version_twice_is_refused_and_a_higher_one_too() {
    let pool = pool();
    let raise = |to| Action::RaiseOpVersion { via: host(1), to: OpVersion(to) };
    assert_eq!(done(&pool, raise(100_000)).await, "it was raised already");
    for to in [90_000, 110_000] {
        let error = act(&pool, &raise(to), "run").await.unwrap_err().to_string();
        assert!(error.contains("refuses"), "{error}");
    }
}

/// Tried on real ones: after the first server all looks well, after the second one they reject each other.
#[tokio::test(start_paused = true)]
async fn servers_that_were_not_prepared_reject_each_other_after_the_second() {
    let (pool, inventory) = (pool(), Shape::replica_3().inventory());
    let connected = Check::PeersConnected { without: None };
    for (number, well) in [(1, true), (2, false)] {
        stop(&pool, number).await;
        let (release, version) = ("11.1".parse().unwrap(), "11.1-6".to_owned());
        done(&pool, Action::Install { host: host(number), release, version }).await;
        start(&pool, number).await;
        sleep(Duration::from_secs(60)).await;
        let state = observe::look(&pool, &inventory, &Scope::of([&connected])).await;
        let findings = look_all([&connected], &state);
        assert_eq!(findings.is_empty(), well, "after server {number}: {findings:?}");
    }
}

/// A pool with a session to another one, or from it; what strikes commands.
fn replicated(other: PoolRole, strikes: Strikes) -> FakePool {
    FakePool::new(&Shape { other_pool: Some(other), ..Shape::replica_3() }, strikes)
}

fn session() -> SessionName {
    SessionName { primary: "vol0".parse().unwrap(), secondary: "l1::copy".parse().unwrap() }
}

async fn switch(pool: &FakePool, on: bool) -> String {
    let command = if on { georep::start(&session()) } else { georep::stop(&session()) };
    let output = pool.run(&host(1), &command).await.unwrap();
    match replies::session_changed(&output) {
        Ok(how) => format!("{how:?}"),
        Err(error) => error.to_string(),
    }
}

/// What the workers say, with how they crawl.
async fn workers(pool: &FakePool) -> Vec<String> {
    let output = pool.run(&host(2), &georep::status()).await.unwrap();
    let sessions = replies::sessions(&output).unwrap();
    assert_eq!(sessions[0].name, session());
    let word = |worker: &Worker| match &worker.crawl {
        Some(crawl) => format!("{} {crawl}", worker.status),
        None => worker.status.to_string(),
    };
    sessions[0].workers.iter().map(word).collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_copies_by_one_worker_of_a_set_and_comes_back_in_steps() {
    let pool = replicated(PoolRole::Secondary, Strikes::new());
    assert_eq!(workers(&pool).await, ["Active Changelog Crawl", "Passive", "Passive"]);
    assert_eq!(switch(&pool, true).await, "Already");
    assert_eq!(switch(&pool, false).await, "Now");
    assert_eq!(workers(&pool).await, ["Stopped"; 3]);
    // Recorded on 10.3.
    assert_eq!(switch(&pool, false).await, "Now", "to stop it twice is a success");
    assert_eq!(switch(&pool, true).await, "Now");
    assert_eq!(workers(&pool).await, ["Initializing..."; 3]);
    sleep(Duration::from_secs(12)).await;
    assert_eq!(workers(&pool).await, ["Active History Crawl", "Passive", "Passive"]);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(workers(&pool).await, ["Active Changelog Crawl", "Passive", "Passive"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_stopped_with_all_its_servers_only_and_started_without_some() {
    let pool = replicated(PoolRole::Secondary, Strikes::new());
    switch(&pool, false).await;
    stop(&pool, 3).await;
    assert!(switch(&pool, false).await.contains("Peer g3, which is a part of vol0 volume, is down"));
    assert_eq!(switch(&pool, true).await, "Now");
    assert_eq!(switch(&pool, true).await, "Already");
    let bricks = vec!["/bricks/vol0/1".parse().unwrap()];
    assert!(done(&pool, Action::CloseChangelogs { host: host(3), bricks }).await.starts_with("closed "));
    start(&pool, 3).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(workers(&pool).await, ["Active Changelog Crawl", "Passive", "Stopped"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_broke_off_is_made_whole() {
    let strike = Strike { fault: Fault::Cut(1), killed: false };
    let pool = replicated(PoolRole::Secondary, Strikes::from([(1, strike)]));
    switch(&pool, false).await;
    let start = || Action::StartReplication { via: host(1), session: session(), before: None };
    assert!(act(&pool, &start(), "run").await.is_err());
    sleep(Duration::from_secs(60)).await;
    assert_eq!(workers(&pool).await, ["Active Changelog Crawl", "Stopped", "Stopped"]);
    done(&pool, start()).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(workers(&pool).await, ["Active Changelog Crawl", "Passive", "Passive"]);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "a brick ends on g1, and vol0 to l1::copy is not stopped")]
async fn no_server_of_a_primary_is_stopped_under_its_session() {
    stop(&replicated(PoolRole::Secondary, Strikes::new()), 1).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "a brick ends on g2, and sent to g1::vol0 is not stopped")]
async fn no_server_of_a_secondary_is_stopped_under_its_session() {
    stop(&replicated(PoolRole::Primary, Strikes::new()), 2).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the open changelog of g1:/bricks/vol0/1 is lost")]
async fn no_brick_starts_that_would_forget_its_changelog() {
    let pool = replicated(PoolRole::Secondary, Strikes::new());
    switch(&pool, false).await;
    stop(&pool, 1).await;
    start(&pool, 1).await;
}
