//! Judges a pool at the end of a run: its state, steadily, and then its data.
//!
//! The order matters. The state is looked at several times in a row, since a heal entry may be listed while it is
//! being written, and a brick takes seconds to come online. The bricks are read before any mount, since the
//! lookups of a mount can heal what they meet and would hide what the bricks really held.

mod bricks;
mod data;
mod heal;
mod hosts;
mod options;
mod out;
mod peers;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::look::{self, Look};
use super::verdict::{Judge, guarded};
use super::{Baseline, Expected, Judgement, Shell, Verdict};

/// All servers of one look, read or not.
type Looks = BTreeMap<String, Result<Look, String>>;

/// How long a good state is waited for, and how long it must last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// Looks that must pass in a row.
    pub looks: u32,
    /// Time between two looks.
    pub interval: Duration,
    /// How long to go on looking. Keep it short where the pool should be well already: the judge must not wait
    /// until the pool has mended what the executor left behind.
    pub patience: Duration,
}

impl Default for Settle {
    /// Three looks within 20 s: a few seconds for entries listed while written, none for real work.
    fn default() -> Self {
        Self { looks: 3, interval: Duration::from_secs(1), patience: Duration::from_secs(20) }
    }
}

/// The assertion about a server that nobody could look at: all others about it are missing then.
pub const CAN_BE_READ: &str = "server can be read";

/// The assertion that stands for all of the state where its judge did not come to its end.
pub const STATE: &str = "state of the pool";

/// The same for the data.
pub const DATA: &str = "data of the pool";

/// A judge that has not ended by then never will; reading thousands of files from each brick fits in well.
const LIMIT: Duration = Duration::from_secs(600);

/// Judges the pool: every server's release and op-version, peers, bricks, self-heal, options, and the data.
pub async fn judge(
    shell: Arc<dyn Shell>,
    expected: Arc<Expected>,
    baseline: Arc<Baseline>,
    phase: &str,
    settle: Settle,
) -> Judgement {
    let mut judgement = judge_state(shell.clone(), expected.clone(), baseline, phase, settle).await;
    let judge = Judge::new(phase);
    let data = async move { data::judge(&*shell, &expected, judge).await };
    judgement.extend(guarded(phase, DATA, LIMIT, data).await);
    judgement
}

/// Judges all of it but the data: for a pool to which nobody has written what is known, of which [`judge`] would say that
/// nothing is.
pub async fn judge_state(
    shell: Arc<dyn Shell>,
    expected: Arc<Expected>,
    baseline: Arc<Baseline>,
    phase: &str,
    settle: Settle,
) -> Judgement {
    let judge = Judge::new(phase);
    let state = async move { steady(&*shell, &expected, &baseline, &judge, settle).await };
    guarded(phase, STATE, LIMIT + settle.patience, state).await
}

/// Looks until the state passed several times in a row, or patience ends; returns the last judgement.
async fn steady(
    shell: &dyn Shell,
    expected: &Expected,
    baseline: &Baseline,
    judge: &Judge,
    settle: Settle,
) -> Judgement {
    let begin = Instant::now();
    let (mut passed, mut total, mut last_trouble) = (0, 0, "none".to_owned());
    loop {
        let mut judgement = state(shell, expected, baseline, judge.fresh()).await;
        total += 1;
        match judgement.verdict() {
            Verdict::Pass => passed += 1,
            Verdict::Unknown | Verdict::Fail => passed = 0,
        }
        if let Some(trouble) = judgement.not_passed().max_by_key(|assertion| assertion.verdict) {
            last_trouble = format!("{} of {}: {}", trouble.name, trouble.subject, trouble.found);
        }
        let is_steady = passed >= settle.looks.max(1);
        // A good spell that has begun is seen through: it ends by itself, one way or the other.
        if is_steady || (passed == 0 && begin.elapsed() >= settle.patience) {
            let mut judge = judge.fresh();
            judge.assert(
                "state is steady",
                "pool",
                if is_steady { Verdict::Pass } else { Verdict::Unknown },
                format!("{} looks in a row without trouble", settle.looks),
                format!("{passed} of {total} looks in a row; last trouble: {last_trouble}"),
            );
            judgement.extend(judge.done());
            return judgement;
        }
        tokio::time::sleep(settle.interval).await;
    }
}

/// Judges one look at everything but the data.
async fn state(shell: &dyn Shell, expected: &Expected, baseline: &Baseline, mut judge: Judge) -> Judgement {
    let servers: Vec<(String, Vec<String>)> = expected
        .releases
        .keys()
        .map(|server| (server.clone(), expected.bricks_of(server).into_iter().map(str::to_owned).collect()))
        .collect();
    let looks = look::everywhere(shell, &servers).await;
    hosts::judge(&looks, expected, baseline, &mut judge);
    peers::judge(&looks, expected, baseline, &mut judge);
    options::judge(&looks, expected, baseline, &mut judge);
    for volume in &expected.volumes {
        // One command at a time: glusterd locks the pool for each.
        let status = status::read(shell, &looks, expected, &volume.name).await;
        bricks::judge(&looks, expected, volume, &status, &mut judge);
        if volume.kind.heals() {
            heal::judge(shell, &looks, expected, volume, &mut judge).await;
        }
    }
    judge.done()
}

#[cfg(test)]
mod tests {
    use super::super::Stored;
    use super::super::look::Part;
    use super::super::testing::{self, FakeShell};
    use super::super::{Allowance, Assertion};
    use super::*;
    use rstest::rstest;

    const QUICK: Settle =
        Settle { looks: 2, interval: Duration::from_millis(1), patience: Duration::from_millis(20) };

    async fn judged_with(shell: Arc<FakeShell>, expected: Expected) -> Judgement {
        let baseline = Baseline::capture(&*FakeShell::healthy(), &expected).await;
        judge(shell, Arc::new(expected), Arc::new(baseline), "test", QUICK).await
    }

    async fn judged(shell: Arc<FakeShell>) -> Judgement {
        judged_with(shell, testing::expected()).await
    }

    /// Returns the assertions with the given name that did not pass.
    fn broken<'a>(judgement: &'a Judgement, name: &str) -> Vec<&'a Assertion> {
        judgement.not_passed().filter(|assertion| assertion.name == name).collect()
    }

    /// Whether they do by then is a race between Gluster's own timers. One that rejects another lists nothing of it.
    #[rstest]
    #[case::where_a_scenario_makes_them_differ(Stored::Differing, true)]
    #[case::and_nowhere_else(Stored::Alike, false)]
    #[tokio::test]
    async fn servers_whose_stored_volumes_differ_may_reject_each_other(
        #[case] stored: Stored,
        #[case] well: bool,
    ) {
        let mut shell = FakeShell::healthy();
        for server in testing::SERVERS {
            let mut look = testing::look(server);
            let peers = if server == "g2" { 2 } else { 1 };
            if let Part::Ok(state) = &mut look.state {
                let of_g2 = state.find("hostname: g2").unwrap_or_default();
                let (before, after) = state.split_at(of_g2);
                *state = before.to_owned() + &after.replacen("Peer in Cluster", "Peer Rejected", peers);
            }
            if let (Part::Ok(volumes), "g2") = (&mut look.volumes, server) {
                volumes.get_mut("vol").unwrap().cksum = "info=1\n".into();
            }
            shell = shell.looks(server, &look);
        }
        let others: Vec<&str> = testing::STATUS.lines().filter(|line| !line.contains("g2")).collect();
        let shell = shell.breaks("g1", "volume status", Ok(&others.join("\n")));
        let judgement = judged_with(shell, Expected { stored, ..testing::expected() }).await;
        let wrong: Vec<_> = judgement.not_passed().collect();
        assert_eq!(wrong.is_empty(), well, "{wrong:#?}");
    }

    #[tokio::test]
    async fn a_healthy_pool_passes() {
        let judgement = judged(FakeShell::healthy()).await;
        let wrong: Vec<_> = judgement.not_passed().collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(judgement.assertions.len() > 20, "{}", judgement.assertions.len());
    }

    /// What breaks a healthy look.
    type Break = fn(&mut Look);

    #[rstest]
    #[case::old_program("release of the program", |look: &mut Look| look.version = Part::Ok("glusterfs 10.3\n".into()))]
    #[case::old_package("release of the packages", |look: &mut Look| {
        if let Part::Ok(packages) = &mut look.packages { packages[1].version = "10.3-5".into() }
    })]
    #[case::half_installed("release of the packages", |look: &mut Look| {
        if let Part::Ok(packages) = &mut look.packages { packages[0].status = "half-configured".into() }
    })]
    #[case::old_process("no replaced program still runs", |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes[0].exe += " (deleted)" }
    })]
    #[case::old_library("no replaced program still runs", |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes {
            processes[1].deleted.push("/usr/lib/libglusterfs.so.0 (deleted)".into())
        }
    })]
    #[case::op_version("op-version", |look: &mut Look| {
        look.glusterd_info = Part::Ok("UUID=uuid-g2\noperating-version=100000\n".into())
    })]
    #[case::other_uuid("UUID unchanged", |look: &mut Look| {
        look.glusterd_info = Part::Ok("UUID=other\noperating-version=110000\n".into())
    })]
    #[case::no_glusterd("glusterd runs", |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes.remove(0); }
    })]
    #[case::no_brick("brick online", |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes.remove(1); }
    })]
    #[case::deaf_brick("brick online", |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes[1].ports.clear(); }
    })]
    #[case::stopped_brick("brick online", |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes[1].state = "T".into(); }
    })]
    #[case::no_self_heal("self-heal daemon runs", |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes.remove(2); }
    })]
    #[case::pending("nothing to heal, by the brick's index", |look: &mut Look| {
        look.indices.insert("/bricks/vol".into(), Part::Ok(vec!["gfid".into()]));
    })]
    #[case::rejected("peers", |look: &mut Look| {
        if let Part::Ok(state) = &mut look.state { *state = state.replacen("Peer in Cluster", "Peer Rejected", 1) }
    })]
    #[case::disconnected("peers", |look: &mut Look| {
        if let Part::Ok(state) = &mut look.state { *state = state.replacen("Connected", "Disconnected", 1) }
    })]
    #[case::rebalance("no rebalance", |look: &mut Look| {
        if let Part::Ok(state) = &mut look.state {
            *state = state.replace("rebalance.status: not_started", "rebalance.status: started")
        }
    })]
    #[case::option("options unchanged", |look: &mut Look| {
        if let Part::Ok(volumes) = &mut look.volumes {
            volumes.get_mut("vol").unwrap().info += "performance.readdir-ahead=on\n"
        }
    })]
    #[case::layout("layout unchanged", |look: &mut Look| {
        if let Part::Ok(volumes) = &mut look.volumes {
            let volume = volumes.get_mut("vol").unwrap();
            volume.info = volume.info.replace("brick-2=g3:", "brick-2=g4:")
        }
    })]
    #[case::checksum("stored alike on every server", |look: &mut Look| {
        if let Part::Ok(volumes) = &mut look.volumes { volumes.get_mut("vol").unwrap().cksum = "info=1\n".into() }
    })]
    #[tokio::test]
    async fn what_is_broken_fails(#[case] name: &str, #[case] breaks: Break) {
        let mut look = testing::look("g2");
        breaks(&mut look);
        let judgement = judged(FakeShell::healthy().looks("g2", &look)).await;
        assert_eq!(judgement.verdict(), Verdict::Fail);
        let wrong: Vec<_> = broken(&judgement, name);
        assert!(wrong.iter().any(|assertion| assertion.verdict == Verdict::Fail), "{judgement:#?}");
    }

    #[rstest]
    #[case::version(|look: &mut Look| look.version = Part::Error("gone".into()))]
    #[case::packages(|look: &mut Look| look.packages = Part::Error("gone".into()))]
    #[case::info(|look: &mut Look| look.glusterd_info = Part::Error("gone".into()))]
    #[case::processes(|look: &mut Look| look.processes = Part::Error("gone".into()))]
    #[case::volumes(|look: &mut Look| look.volumes = Part::Error("gone".into()))]
    #[case::index(|look: &mut Look| { look.indices.insert("/bricks/vol".into(), Part::Error("gone".into())); })]
    #[case::state(|look: &mut Look| look.state = Part::Error("gone".into()))]
    #[tokio::test]
    async fn what_cannot_be_read_is_unknown(#[case] breaks: Break) {
        let mut look = testing::look("g2");
        breaks(&mut look);
        let judgement = judged(FakeShell::healthy().looks("g2", &look)).await;
        assert_eq!(
            judgement.verdict(),
            Verdict::Unknown,
            "{:#?}",
            judgement.not_passed().collect::<Vec<_>>()
        );
    }

    #[rstest]
    #[case::server("g2", "")]
    #[case::look("g2", "get-state")]
    #[case::brick("g3", "brick /bricks/vol")]
    #[case::mount("client", "")]
    #[tokio::test]
    async fn an_unreadable_host_is_unknown(#[case] host: &str, #[case] word: &str) {
        let judgement = judged(FakeShell::healthy().breaks(host, word, Err("no route"))).await;
        assert_eq!(
            judgement.verdict(),
            Verdict::Unknown,
            "{:#?}",
            judgement.not_passed().collect::<Vec<_>>()
        );
    }

    #[tokio::test]
    async fn garbage_is_unknown() {
        for word in ["get-state", "brick /bricks/vol"] {
            let judgement = judged(FakeShell::healthy().breaks("g1", word, Ok("what?"))).await;
            assert_eq!(judgement.verdict(), Verdict::Unknown, "{word}");
        }
        for word in ["volume status", "split-brain", "heal vol info"] {
            let judgement = judged(FakeShell::healthy().breaks("g1", word, Ok("what?"))).await;
            assert_eq!(judgement.verdict(), Verdict::Unknown, "{word}");
        }
    }

    #[tokio::test]
    async fn a_judge_that_crashes_is_unknown_and_spoils_no_other() {
        let crashed = judged(FakeShell::healthy().panics("g2", "get-state")).await;
        assert_eq!(crashed.verdict(), Verdict::Unknown);
        let wrong: Vec<_> = crashed.not_passed().collect();
        assert_eq!(wrong.len(), 1, "{wrong:#?}");
        assert_eq!(wrong[0].name, "state of the pool");
        assert!(wrong[0].found.contains("crashed"), "{wrong:#?}");

        let crashed = judged(FakeShell::healthy().panics("client", "")).await;
        assert_eq!(crashed.verdict(), Verdict::Unknown);
        assert_eq!(broken(&crashed, "data of the pool").len(), 1);
    }

    #[tokio::test]
    async fn a_good_spell_is_seen_through_after_patience_has_ended() {
        let settle = Settle { looks: 3, interval: Duration::from_millis(1), patience: Duration::ZERO };
        let expected = Arc::new(testing::expected());
        let baseline = Arc::new(Baseline::capture(&*FakeShell::healthy(), &expected).await);
        let judgement = judge(FakeShell::healthy(), expected, baseline, "test", settle).await;
        let steady = judgement.assertions.iter().find(|one| one.name == "state is steady").unwrap();
        assert_eq!(steady.verdict, Verdict::Pass);
        assert!(steady.found.starts_with("3 of 3 looks"), "{steady:?}");
    }

    #[tokio::test]
    async fn a_dropped_option_needs_an_allowance_and_is_shown() {
        let mut shell = FakeShell::healthy();
        for server in testing::SERVERS {
            let mut look = testing::look(server);
            let Part::Ok(volumes) = &mut look.volumes else { panic!("unreadable") };
            let volume = volumes.get_mut("vol").unwrap();
            volume.info = volume.info.replace("nfs.disable=on\n", "");
            shell = shell.looks(server, &look);
        }
        let judgement = judged(shell.clone()).await;
        assert_eq!(broken(&judgement, "options unchanged").len(), 3);

        let mut expected = testing::expected();
        expected.allowances.push(Allowance {
            option: "nfs.disable".to_owned(),
            value: "on".to_owned(),
            reason: "11 is built without gNFS".to_owned(),
        });
        let judgement = judged_with(shell, expected).await;
        assert_eq!(judgement.verdict(), Verdict::Pass);
        let shown =
            judgement.assertions.iter().find(|assertion| assertion.name == "options unchanged").unwrap();
        assert!(
            shown.found.contains("nfs.disable=on is gone, allowed: 11 is built without gNFS"),
            "{shown:?}"
        );
    }
}
