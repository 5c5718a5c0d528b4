//! The pool before the run, to judge what must not have changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::look::{self, Look, Process, StoredVolume};
use super::verdict::Judge;
use super::{Expected, Judgement, Shell};

/// A difference that is meant: an option that goes away, because the target release no longer has it.
///
/// Said by the scenario, shown in the report; it covers only the loss of exactly this value, never a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// The option: "nfs.disable".
    pub option: String,
    /// The value it had: "on".
    pub value: String,
    /// Why this is no change of what the operator wanted.
    pub reason: String,
}

/// Every server as it was before the run, read or not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Baseline {
    servers: BTreeMap<String, Result<Look, String>>,
}

impl Baseline {
    /// Looks at every server of the pool.
    pub async fn capture(shell: &dyn Shell, expected: &Expected) -> Self {
        let servers: Vec<(String, Vec<String>)> = expected
            .releases
            .keys()
            .map(|server| {
                (server.clone(), expected.bricks_of(server).into_iter().map(str::to_owned).collect())
            })
            .collect();
        Self { servers: look::everywhere(shell, &servers).await }
    }

    /// Returns why a server could not be read wholly, if so: a run had better not begin then.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        for (server, look) in &self.servers {
            let facts = look.as_ref().map_err(Clone::clone).and_then(|look| {
                look.release()?;
                look.op_version()?;
                look.packages.as_result()?;
                look.processes.as_result()?;
                look.volumes.as_result().map(|_| ())
            });
            troubles.extend(facts.err().map(|reason| format!("{server}: {reason}")));
        }
        troubles
    }

    /// Returns the release of a server's programs.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn release(&self, server: &str) -> Result<String, String> {
        self.look(server)?.release()
    }

    /// Returns the UUID of a server.
    pub(crate) fn uuid(&self, server: &str) -> Result<String, String> {
        self.look(server)?.uuid()
    }

    pub(crate) fn volume(&self, server: &str, volume: &str) -> Result<&StoredVolume, String> {
        let volumes = self.look(server)?.volumes.as_result()?;
        volumes.get(volume).ok_or_else(|| format!("{volume} was not stored on {server} before the run"))
    }

    fn look(&self, server: &str) -> Result<&Look, String> {
        let look =
            self.servers.get(server).ok_or_else(|| format!("{server} was not looked at before the run"))?;
        look.as_ref().map_err(|reason| format!("before the run: {reason}"))
    }

    /// Judges that nothing at all happened to the pool since: the same releases, packages, op-version and stored
    /// volumes, and the very same processes. This is what a refused upgrade must leave behind.
    pub async fn unchanged(&self, shell: Arc<dyn Shell>, expected: &Expected, phase: &str) -> Judgement {
        self.compare(shell, expected, phase, processes).await
    }

    /// Judges the same of a pool at the other end of geo-replication, whose sessions were stopped and started: the mounts
    /// of their workers are new ones.
    pub async fn unchanged_but_for_sessions(
        &self,
        shell: Arc<dyn Shell>,
        expected: &Expected,
        phase: &str,
    ) -> Judgement {
        let besides = |look: &Look| {
            let all = processes(look)?;
            Ok(all.into_iter().filter(|process| !process.contains(SESSION_MOUNT)).collect())
        };
        self.compare(shell, expected, phase, besides).await
    }

    async fn compare(
        &self,
        shell: Arc<dyn Shell>,
        expected: &Expected,
        phase: &str,
        processes: fn(&Look) -> Result<Vec<String>, String>,
    ) -> Judgement {
        let now = Self::capture(&*shell, expected).await;
        let mut judge = Judge::new(phase);
        for server in self.servers.keys() {
            let (before, now) = (self.look(server), now.look(server));
            let mut same = |name: &str, fact: fn(&Look) -> Result<Vec<String>, String>| {
                let pair =
                    before.clone().and_then(fact).and_then(|old| Ok((old, now.clone().and_then(fact)?)));
                let wrong = pair.map(|(old, new)| if old == new { Vec::new() } else { changes(&old, &new) });
                judge.none_wrong(name, server, "as before", wrong, "as before");
            };
            same("release untouched", |look| Ok(vec![look.release()?]));
            same("op-version untouched", |look| Ok(vec![look.op_version()?]));
            same("UUID untouched", |look| Ok(vec![look.uuid()?]));
            same("packages untouched", packages);
            same("processes untouched", processes);
            same("stored volumes untouched", volumes);
        }
        judge.done()
    }
}

/// The folder in which a worker of geo-replication mounts a volume for itself (`GLUSTERMounter` in resource.py).
const SESSION_MOUNT: &str = "/gsyncd-aux-mount-";

fn packages(look: &Look) -> Result<Vec<String>, String> {
    let packages = look.packages.as_result()?.iter();
    Ok(packages.map(|one| format!("{} {} {}", one.name, one.version, one.status)).collect())
}

/// A pid may be given out again; with the start time it names one process for ever.
fn processes(look: &Look) -> Result<Vec<String>, String> {
    let show = |process: &Process| {
        format!("{} pid {} started at {}", process.cmdline.join(" "), process.pid, process.start)
    };
    Ok(look.processes.as_result()?.iter().filter(|process| process.works()).map(show).collect())
}

fn volumes(look: &Look) -> Result<Vec<String>, String> {
    let volumes = look.volumes.as_result()?.iter();
    let lines = volumes.flat_map(|(name, stored)| {
        let lines = stored.info.lines().chain(stored.cksum.lines());
        lines.map(move |line| format!("{name} {line}"))
    });
    Ok(lines.collect())
}

fn changes(before: &[String], now: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|one| !now.contains(one)).map(|one| format!("gone: {one}"));
    let new = now.iter().filter(|one| !before.contains(one)).map(|one| format!("new: {one}"));
    let mut changes: Vec<String> = gone.chain(new).collect();
    if changes.is_empty() {
        changes.push("the same, in another order or number".to_owned());
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::super::look::Part;
    use super::super::testing::{self, FakeShell};
    use super::*;
    use rstest::rstest;

    #[tokio::test]
    async fn an_untouched_pool_passes() {
        let expected = testing::expected();
        let baseline = Baseline::capture(&*FakeShell::healthy(), &expected).await;
        assert!(baseline.troubles().is_empty());
        let judgement = baseline.unchanged(FakeShell::healthy(), &expected, "test").await;
        assert_eq!(judgement.verdict(), Verdict::Pass);
        assert_eq!(judgement.assertions.len(), 18);
    }

    type Break = fn(&mut Look);

    #[rstest]
    #[case::restarted(Verdict::Fail, |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes[0].start += 1 }
    })]
    #[case::package(Verdict::Fail, |look: &mut Look| {
        if let Part::Ok(packages) = &mut look.packages { packages[0].version = "11.1-7".into() }
    })]
    #[case::option(Verdict::Fail, |look: &mut Look| {
        if let Part::Ok(volumes) = &mut look.volumes { volumes.get_mut("vol").unwrap().info += "auth.allow=*\n" }
    })]
    #[case::unreadable(Verdict::Unknown, |look: &mut Look| look.processes = Part::Error("gone".into()))]
    #[tokio::test]
    async fn a_touched_pool_does_not(#[case] verdict: Verdict, #[case] breaks: Break) {
        let expected = testing::expected();
        let baseline = Baseline::capture(&*FakeShell::healthy(), &expected).await;
        let mut look = testing::look("g3");
        breaks(&mut look);
        let shell = FakeShell::healthy().looks("g3", &look);
        assert_eq!(baseline.unchanged(shell, &expected, "test").await.verdict(), verdict);
    }

    #[tokio::test]
    async fn a_worker_of_geo_replication_may_mount_anew_where_that_is_said() {
        let expected = testing::expected();
        let with_worker = |start: u64| {
            let mut look = testing::look("g3");
            let Part::Ok(processes) = &mut look.processes else { panic!("unreadable") };
            let mut worker = processes[2].clone();
            worker.start = start;
            worker.cmdline.push("/tmp/gsyncd-aux-mount-x1".to_owned());
            processes.push(worker);
            FakeShell::healthy().looks("g3", &look)
        };
        let baseline = Baseline::capture(&*with_worker(1), &expected).await;
        let verdict = baseline.unchanged(with_worker(2), &expected, "test").await.verdict();
        assert_eq!(verdict, Verdict::Fail);
        let verdict = baseline.unchanged_but_for_sessions(with_worker(2), &expected, "test").await.verdict();
        assert_eq!(verdict, Verdict::Pass);
        let mut broken = testing::look("g3");
        if let Part::Ok(processes) = &mut broken.processes {
            processes[0].start += 1;
        }
        let shell = FakeShell::healthy().looks("g3", &broken);
        let verdict = baseline.unchanged_but_for_sessions(shell, &expected, "test").await.verdict();
        assert_eq!(verdict, Verdict::Fail, "any other process counts");
    }

    #[tokio::test]
    async fn without_a_baseline_nothing_is_known() {
        let expected = testing::expected();
        let broken = FakeShell::healthy().breaks("g1", "", Err("no route"));
        let baseline = Baseline::capture(&*broken, &expected).await;
        assert_eq!(baseline.troubles().len(), 1);
        let judgement = baseline.unchanged(FakeShell::healthy(), &expected, "test").await;
        assert_eq!(judgement.verdict(), Verdict::Unknown);
    }
}
