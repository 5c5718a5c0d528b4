//! The data: every acknowledged file, from each brick directly and through a mount made for this reading.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::super::verdict::Judge;
use super::super::{Brick, Expected, ExpectedVolume, Judgement, Shell, Truth, Verdict, VolumeKind};
use crate::oracle::shell;

const SCRIPT: &str = include_str!("../scripts/files.py");
/// Reading and hashing tens of thousands of small files takes well below a minute.
const LIMIT: Duration = Duration::from_secs(180);

/// What the script prints.
#[derive(Debug, Deserialize)]
struct Listing {
    /// Size and SHA-256 by path.
    files: BTreeMap<String, (u64, String)>,
    /// Why a file could not be read, by path.
    errors: BTreeMap<String, String>,
}

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    /// Its size and the SHA-256 of its bytes.
    File(u64, String),
    /// Why it could not be read.
    Unreadable(String),
}

type Files = Result<BTreeMap<String, Found>, String>;

/// Judges the data of every volume that something was written to.
pub(super) async fn judge(shell: &dyn Shell, expected: &Expected, mut judge: Judge) -> Judgement {
    for volume in &expected.volumes {
        let Some(truth) = &volume.truth else { continue };
        if truth.files.is_empty() {
            let found = "no write was acknowledged, so there is nothing to verify";
            judge.assert("acknowledged files", &volume.name, Verdict::Unknown, "at least one", found);
            continue;
        }
        match volume.kind {
            VolumeKind::Replicate { replica: _, arbiter } => {
                sets(shell, expected, volume, arbiter, truth, &mut judge).await;
            }
            VolumeKind::Distribute => sets(shell, expected, volume, 0, truth, &mut judge).await,
            // Bricks of a dispersed volume hold fragments, which only a client can put together.
            VolumeKind::Disperse { .. } => {}
        }
        mounted(shell, expected, volume, truth, &mut judge).await;
    }
    if expected.volumes.iter().all(|volume| volume.truth.is_none()) {
        let found = "no workload was given, so there is nothing to verify";
        judge.assert("acknowledged files", "pool", Verdict::Unknown, "at least one", found);
    }
    judge.done()
}

async fn read(shell: &dyn Shell, host: &str, arguments: &[&str]) -> Files {
    let text = shell::python(shell, host, SCRIPT, arguments, LIMIT).await?;
    let Listing { files, errors } = serde_json::from_str(&text)
        .map_err(|error| format!("unreadable list of files from {host}: {error}"))?;
    let files = files.into_iter().map(|(path, (size, digest))| (path, Found::File(size, digest)));
    Ok(files.chain(errors.into_iter().map(|(path, error)| (path, Found::Unreadable(error)))).collect())
}

/// Reads every brick of a server that serves and judges each against the acknowledged files that belong to its set.
async fn sets(
    shell: &dyn Shell,
    expected: &Expected,
    volume: &ExpectedVolume,
    arbiter: usize,
    truth: &Truth,
    judge: &mut Judge,
) {
    let reads = volume.bricks.iter().map(async |brick| match expected.out.contains_key(&brick.host) {
        true => None,
        false => Some(read(shell, &brick.host, &["brick", &brick.path]).await),
    });
    let files: Vec<Option<Files>> = futures_util::future::join_all(reads).await;
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut unread = Vec::new();
    for ((set, bricks), files) in volume.sets().zip(files.chunks(volume.kind.set_size().max(1))) {
        // A file belongs to the set that any of its bricks has it on: distribution puts each on one set.
        let on_set: BTreeSet<&str> =
            files.iter().flatten().flatten().flat_map(|files| files.keys().map(String::as_str)).collect();
        let here: BTreeMap<&str, &str> = truth
            .files
            .iter()
            .filter(|(path, _)| on_set.contains(path.as_str()))
            .map(|(path, digest)| (path.as_str(), digest.as_str()))
            .collect();
        placed.extend(here.keys());
        let data_bricks = bricks.len() - arbiter.min(bricks.len());
        for (place, (brick, files)) in bricks.iter().zip(files).enumerate() {
            let Some(files) = files else { continue };
            one_brick(volume, brick, place >= data_bricks, &here, files, judge);
            unread.extend(files.is_err().then(|| brick.to_string()));
        }
        let data: Vec<&Files> = files[..data_bricks].iter().flatten().collect();
        alike(&set, &data, truth, judge);
    }
    let missing: Vec<String> = truth
        .files
        .keys()
        .filter(|path| !placed.contains(path.as_str()))
        .map(|path| format!("{path} is on no brick"))
        .collect();
    let missing = if missing.is_empty() || unread.is_empty() {
        Ok(missing)
    } else {
        Err(format!("{} not found, but {} could not be read", missing.len(), unread.join(", ")))
    };
    let total = truth.files.len();
    let found = format!("{total} files");
    judge.none_wrong("acknowledged files are on the bricks", &volume.name, &found, missing, &found);
}

/// Judges one brick: the acknowledged bytes, or on an arbiter the names alone.
fn one_brick(
    volume: &ExpectedVolume,
    brick: &Brick,
    is_arbiter: bool,
    here: &BTreeMap<&str, &str>,
    files: &Files,
    judge: &mut Judge,
) {
    let wrong = files.as_ref().map_err(Clone::clone).map(|files| {
        here.iter().filter_map(|(path, digest)| differs(path, files.get(*path), digest, is_arbiter)).collect()
    });
    count(judge, &wrong);
    let what = if is_arbiter { "names" } else { "files with their digests" };
    let found = format!("{} {what}", here.len());
    let subject = format!("{} {brick}", volume.name);
    judge.none_wrong("brick holds what was acknowledged", subject, &found, wrong, &found);
}

/// Counts what is lost.
fn count(judge: &mut Judge, wrong: &Result<Vec<String>, String>) {
    let lost = wrong.as_ref().map_or(0, Vec::len);
    let tally = judge.tally();
    tally.lost = tally.lost.max(lost);
}

fn differs(path: &str, found: Option<&Found>, digest: &str, is_arbiter: bool) -> Option<String> {
    match found {
        None => Some(format!("{path} is missing")),
        Some(Found::Unreadable(error)) => Some(format!("{path} cannot be read: {error}")),
        Some(Found::File(0, _)) if is_arbiter => None,
        Some(Found::File(size, _)) if is_arbiter => Some(format!("{path} has {size} bytes on an arbiter")),
        Some(Found::File(_, same)) if same == digest => None,
        Some(Found::File(size, other)) => {
            Some(format!("{path} has other bytes: {size}, digest {}", other.get(..12).unwrap_or(other)))
        }
    }
}

/// Asserts that the bricks of a set agree on every other file, too: those in doubt, and those nobody asked for.
fn alike(set: &str, bricks: &[&Files], truth: &Truth, judge: &mut Judge) {
    let wrong =
        bricks.iter().map(|files| files.as_ref().map_err(Clone::clone)).collect::<Result<Vec<_>, _>>();
    let mut compared = 0;
    let wrong = wrong.map(|bricks| {
        let paths: BTreeSet<&String> = bricks.iter().flat_map(|files| files.keys()).collect();
        let others = paths.into_iter().filter(|path| !truth.files.contains_key(*path));
        let differ = |path: &String| {
            if truth.busy.contains(path) {
                bricks.iter().any(|files| !files.contains_key(path))
            } else {
                bricks.iter().any(|files| files.get(path) != bricks[0].get(path))
            }
        };
        others
            .inspect(|_| compared += 1)
            .filter(|path| differ(path))
            .map(|path| format!("{path} differs"))
            .collect()
    });
    let found = format!("{compared} other files compared");
    judge.none_wrong("bricks agree on all other files", set, "the same on every brick", wrong, &found);
}

/// Reads the volume through a fresh mount and judges it against the truth.
async fn mounted(
    shell: &dyn Shell,
    expected: &Expected,
    volume: &ExpectedVolume,
    truth: &Truth,
    judge: &mut Judge,
) {
    let files = match &expected.client {
        None => Err("no host to mount on".to_owned()),
        Some(client) => {
            let mut arguments = vec!["mount", &volume.name];
            arguments.extend(expected.serving().map(String::as_str));
            read(shell, client, &arguments).await
        }
    };
    let total = truth.files.len();
    let wrong = files.as_ref().map_err(Clone::clone).map(|files| {
        let wrong =
            truth.files.iter().filter_map(|(path, digest)| differs(path, files.get(path), digest, false));
        wrong.collect()
    });
    count(judge, &wrong);
    let said = format!("{total} files with their digests");
    judge.none_wrong("acknowledged files read back through a fresh mount", &volume.name, &said, wrong, &said);
    let extra = files.as_ref().map_err(Clone::clone).map(|files| {
        let known = |path: &String| truth.files.contains_key(path) || truth.in_doubt.contains(path);
        let extra = files.keys().filter(|path| truth.owns(path) && !known(path));
        extra.map(|path| format!("{path} is there")).collect()
    });
    let name = "no file that was renamed, removed or never written";
    let found = format!("none; {} in doubt", truth.in_doubt.len());
    judge.none_wrong(name, &volume.name, "none", extra, &found);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, FakeShell};
    use super::*;
    use rstest::rstest;
    use std::sync::Arc;

    async fn judged(shell: Arc<FakeShell>, expected: &Expected) -> Judgement {
        judge(&*shell, expected, Judge::new("test")).await
    }

    #[rstest]
    #[case::changed(r#"{"work/a": [3, "other"], "work/b c": [5, "sha-b"], "work/doubt": [1, "sha-d"]}"#)]
    #[case::missing(r#"{"work/b c": [5, "sha-b"], "work/doubt": [1, "sha-d"]}"#)]
    #[case::unreadable(
        r#"{"work/b c": [5, "sha-b"], "work/doubt": [1, "sha-d"]}, "errors": {"work/a": "EIO"}"#
    )]
    #[case::doubtful_differs(
        r#"{"work/a": [3, "sha-a"], "work/b c": [5, "sha-b"], "work/doubt": [1, "other"]}"#
    )]
    #[case::emptied("{}")]
    #[tokio::test]
    async fn a_brick_that_differs_fails(#[case] files: &str) {
        let shell = FakeShell::healthy().breaks("g2", "brick /bricks/vol", Ok(&testing::listing(files)));
        assert_eq!(judged(shell.clone(), &testing::expected()).await.verdict(), Verdict::Fail);
        let mut expected = testing::expected();
        expected.out.insert("g2".to_owned(), crate::oracle::Out::NotServing);
        assert_eq!(judged(shell, &expected).await.verdict(), Verdict::Pass, "nobody is served by it");
    }

    #[rstest]
    #[case::other_bytes(r#", "fio.dat": [7, "other"]"#, Verdict::Pass)]
    #[case::missing("", Verdict::Fail)]
    #[tokio::test]
    async fn a_file_that_is_written_to_must_be_there(#[case] busy: &str, #[case] verdict: Verdict) {
        let mut expected = testing::expected();
        if let Some(truth) = &mut expected.volumes[0].truth {
            truth.busy.insert("fio.dat".to_owned());
        }
        let mut shell = FakeShell::healthy();
        for (server, busy) in
            [("g1", r#", "fio.dat": [7, "x"]"#), ("g2", busy), ("g3", r#", "fio.dat": [7, "x"]"#)]
        {
            let written = r#"{"work/a": [3, "sha-a"], "work/b c": [5, "sha-b"], "work/doubt": [1, "sha-d"]"#;
            let files = testing::listing(&format!("{written}{busy}}}"));
            shell = shell.breaks(server, "brick /bricks/vol", Ok(&files));
        }
        assert_eq!(judged(shell, &expected).await.verdict(), verdict);
    }

    #[rstest]
    #[case::changed(r#"{"work/a": [3, "other"], "work/b c": [5, "sha-b"]}"#, Verdict::Fail)]
    #[case::missing(r#"{"work/a": [3, "sha-a"]}"#, Verdict::Fail)]
    #[case::extra(r#"{"work/a": [3, "sha-a"], "work/b c": [5, "sha-b"], "work/x": [1, "x"]}"#, Verdict::Fail)]
    #[case::others(r#"{"work/a": [3, "sha-a"], "work/b c": [5, "sha-b"], "x": [1, "x"]}"#, Verdict::Pass)]
    #[case::doubt_gone(r#"{"work/a": [3, "sha-a"], "work/b c": [5, "sha-b"]}"#, Verdict::Pass)]
    #[case::garbage("what?", Verdict::Unknown)]
    #[tokio::test]
    async fn a_mount_is_judged(#[case] files: &str, #[case] verdict: Verdict) {
        let shell = FakeShell::healthy().breaks("client", "through_mount", Ok(&testing::listing(files)));
        let judgement = judged(shell, &testing::expected()).await;
        assert_eq!(judgement.verdict(), verdict);
        let lost = files.contains("other") || !files.contains("work/b c") && files.starts_with('{');
        assert_eq!(judgement.tally.lost, usize::from(lost));
    }

    #[tokio::test]
    async fn nothing_to_verify_is_unknown() {
        let mut expected = testing::expected();
        expected.volumes[0].truth = Some(Truth::default());
        assert_eq!(judged(FakeShell::healthy(), &expected).await.verdict(), Verdict::Unknown);
        expected.volumes[0].truth = None;
        assert_eq!(judged(FakeShell::healthy(), &expected).await.verdict(), Verdict::Unknown);
        let mut expected = testing::expected();
        expected.client = None;
        assert_eq!(judged(FakeShell::healthy(), &expected).await.verdict(), Verdict::Unknown);
    }

    #[tokio::test]
    async fn an_arbiter_holds_names_only() {
        let mut expected = testing::expected();
        expected.volumes[0].kind = VolumeKind::Replicate { replica: 3, arbiter: 1 };
        let judgement = judged(FakeShell::healthy(), &expected).await;
        assert_eq!(judgement.verdict(), Verdict::Fail);
        let names = r#"{"work/a": [0, "e"], "work/b c": [0, "e"], "work/doubt": [0, "e"]}"#;
        let shell = FakeShell::healthy().breaks("g3", "brick /bricks/vol", Ok(&testing::listing(names)));
        assert_eq!(judged(shell, &expected).await.verdict(), Verdict::Pass);
    }
}
