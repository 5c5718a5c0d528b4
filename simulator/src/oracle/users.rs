//! Who uses volumes on a host: FUSE mounts, and programs with libgfapi. Looked at before a run and judged after it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::look::Part;
use super::shell::{self, Shell};
use super::verdict::Judge;
use super::{Judgement, Verdict};

const SCRIPT: &str = include_str!("scripts/users.py");
/// A look reads every process's memory map: well under a second.
const LIMIT: Duration = Duration::from_secs(30);

/// What must be found on a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedUsers {
    /// The release of its programs.
    pub release: String,
    /// The programs that use volumes through libgfapi, by the names of their processes.
    pub programs: BTreeSet<String>,
}

/// The hosts before the run, read or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Users {
    hosts: BTreeMap<String, Result<Look, String>>,
}

/// One look at a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    version: Part<String>,
    mounts: Part<Vec<Mount>>,
    processes: Part<Vec<Process>>,
}

/// A mount, as `/proc/mounts` has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Mount {
    source: String,
    point: String,
    options: String,
}

/// A process that uses a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Process {
    pid: u32,
    program: String,
    gfapi: bool,
    /// Files of Gluster that it has in memory and that were replaced on disk.
    replaced: Vec<String>,
}

impl Users {
    /// Looks at hosts, side by side.
    pub async fn look(shell: &dyn Shell, hosts: impl Iterator<Item = &str>) -> Self {
        let looks = hosts.map(async |host| (host.to_owned(), look(shell, host).await));
        Self { hosts: join_all(looks).await.into_iter().collect() }
    }

    /// Judges the users of hosts: the mounts as before the run, the programs there, and none with files of Gluster in
    /// memory that are gone from the disk.
    pub async fn judge(
        &self,
        shell: &dyn Shell,
        expected: &BTreeMap<String, ExpectedUsers>,
        phase: &str,
    ) -> Judgement {
        let now = Self::look(shell, expected.keys().map(String::as_str)).await;
        let mut judge = Judge::new(phase);
        for (host, expected) in expected {
            let before = self.of(host);
            let now = || now.of(host);
            judge.equal(
                "release of the host's programs",
                host,
                &expected.release,
                now().and_then(Look::release),
            );
            let mounts =
                before.and_then(Look::mounts).and_then(|old| Ok((old, now().and_then(Look::mounts)?)));
            let count = mounts.as_ref().map_or(0, |(old, _)| old.len());
            judge.none_wrong(
                "mounts are there, with the options they had",
                host,
                "as before the run",
                mounts.map(|(old, new)| differences(old, new)),
                &format!("{count} as before"),
            );
            let processes = now().and_then(|look| look.processes.as_result());
            let found = processes.clone().map(|processes| programs(processes));
            let verdict = match &found {
                Ok(found) if *found == expected.programs => Verdict::Pass,
                Ok(_) => Verdict::Fail,
                Err(_) => Verdict::Unknown,
            };
            let found = found.map_or_else(|reason| reason, |found| words(&found));
            judge.assert("programs use gfapi", host, verdict, words(&expected.programs), found);
            judge.none_wrong(
                "no user has an old library in memory",
                host,
                "every file of Gluster in their memory is on disk",
                processes.map(|processes| processes.iter().filter_map(outdated).collect()),
                "none",
            );
        }
        judge.done()
    }

    fn of(&self, host: &str) -> Result<&Look, String> {
        let look = self.hosts.get(host).ok_or_else(|| format!("{host} was not looked at"))?;
        look.as_ref().map_err(Clone::clone)
    }
}

impl Look {
    fn release(&self) -> Result<String, String> {
        let text = self.version.as_result()?;
        let mut words = text.split_whitespace();
        match (words.next(), words.next()) {
            (Some("glusterfs"), Some(release)) => Ok(release.to_owned()),
            _ => Err(format!("glusterfs --version said: {text}")),
        }
    }

    fn mounts(&self) -> Result<&Vec<Mount>, String> {
        self.mounts.as_result()
    }
}

async fn look(shell: &dyn Shell, host: &str) -> Result<Look, String> {
    let text = shell::python(shell, host, SCRIPT, &[], LIMIT).await?;
    serde_json::from_str(&text).map_err(|error| format!("unreadable look at {host}: {error}"))
}

fn differences(before: &[Mount], now: &[Mount]) -> Vec<String> {
    let show = |what: &str, Mount { source, point, options }: &Mount| {
        format!("{what}: {source} at {point} ({options})")
    };
    let gone = before.iter().filter(|one| !now.contains(one)).map(|one| show("gone", one));
    let new = now.iter().filter(|one| !before.contains(one)).map(|one| show("new", one));
    gone.chain(new).collect()
}

fn programs(processes: &[Process]) -> BTreeSet<String> {
    processes.iter().filter(|process| process.gfapi).map(|process| process.program.clone()).collect()
}

fn words(programs: &BTreeSet<String>) -> String {
    if programs.is_empty() {
        return "none".to_owned();
    }
    programs.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn outdated(process: &Process) -> Option<String> {
    let Process { pid, program, replaced, .. } = process;
    (!replaced.is_empty()).then(|| format!("{program} {pid} has {}", replaced.join(", ")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::testing::FakeShell;
    use super::*;

    fn good() -> Look {
        Look {
            version: Part::Ok("glusterfs 11.1\n".to_owned()),
            mounts: Part::Ok(vec![Mount {
                source: "g1:/vol".to_owned(),
                point: "/mnt/vol".to_owned(),
                options: "rw,relatime".to_owned(),
            }]),
            processes: Part::Ok(vec![
                Process { pid: 7, program: "glusterfs".to_owned(), gfapi: false, replaced: Vec::new() },
                Process { pid: 8, program: "fio".to_owned(), gfapi: true, replaced: Vec::new() },
            ]),
        }
    }

    fn shell(look: &Look) -> std::sync::Arc<FakeShell> {
        let text = serde_json::to_string(look).unwrap();
        FakeShell::healthy().breaks("c1", "fuse.glusterfs", Ok(&text))
    }

    async fn judged(look: &Look) -> Judgement {
        let before = Users::look(&*shell(&good()), ["c1"].into_iter()).await;
        let expected = ExpectedUsers { release: "11.1".to_owned(), programs: ["fio".to_owned()].into() };
        before.judge(&*shell(look), &BTreeMap::from([("c1".to_owned(), expected)]), "test").await
    }

    #[tokio::test]
    async fn users_as_before_pass() {
        let judgement = judged(&good()).await;
        assert_eq!(judgement.verdict(), Verdict::Pass, "{judgement:#?}");
        assert_eq!(judgement.assertions.len(), 4);
    }

    type Break = fn(&mut Look);

    #[rstest]
    #[case::release(Verdict::Fail, |look: &mut Look| look.version = Part::Ok("glusterfs 10.3".into()))]
    #[case::unmounted(Verdict::Fail, |look: &mut Look| look.mounts = Part::Ok(Vec::new()))]
    #[case::options(Verdict::Fail, |look: &mut Look| {
        if let Part::Ok(mounts) = &mut look.mounts { mounts[0].options = "ro,relatime".into() }
    })]
    #[case::program(Verdict::Fail, |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes { processes.pop(); }
    })]
    #[case::old_library(Verdict::Fail, |look: &mut Look| {
        if let Part::Ok(processes) = &mut look.processes {
            processes[1].replaced.push("/usr/lib/libgfapi.so.0 (deleted)".into());
        }
    })]
    #[case::unreadable(Verdict::Unknown, |look: &mut Look| look.processes = Part::Error("gone".into()))]
    #[tokio::test]
    async fn others_do_not(#[case] verdict: Verdict, #[case] breaks: Break) {
        let mut look = good();
        breaks(&mut look);
        assert_eq!(judged(&look).await.verdict(), verdict);
    }
}
