//! Judges what the client went through.

use std::time::{Duration, SystemTime};

use super::record::{Failure, Record, Stall};
use crate::oracle::{Judge, Judgement, Verdict, shorten};

const PHASE: &str = "during";

/// What the scenario allows, and the time it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long an operation may take.
    pub longest_stall: Duration,
    /// How many operations may fail; none, but for scenarios about outages.
    pub failures: usize,
    /// When the time began in which it must have written.
    pub from: SystemTime,
    /// When it ended.
    pub to: SystemTime,
    /// What that time is called: "during the run".
    pub when: &'static str,
}

/// Judges an ended record.
pub fn judge(record: &Record, limits: &Limits) -> Judgement {
    let Limits { longest_stall, failures, from, to, when } = *limits;
    let mut judge = Judge::new(PHASE);
    let troubles = record.troubles();
    let (verdict, found) = match troubles.as_slice() {
        [] => (Verdict::Pass, format!("{} operations acknowledged", record.acknowledged())),
        troubles => (Verdict::Unknown, shorten(troubles)),
    };
    judge.assert(
        "the writer's record is whole",
        "workload",
        verdict,
        "every line understood, a proper end",
        found,
    );

    let (verdict, found) = match record.failures() {
        [] if record.acknowledged() == 0 => (Verdict::Unknown, "nothing was tried with success".to_owned()),
        [] => (Verdict::Pass, format!("0 of {}", record.acknowledged())),
        failed => {
            let shown: Vec<String> = failed.iter().map(show_failure).collect();
            let verdict = if failed.len() > failures { Verdict::Fail } else { Verdict::Pass };
            (verdict, format!("{}: {}", failed.len(), shorten(&shown)))
        }
    };
    judge.assert("no write failed", "workload", verdict, format!("at most {failures}"), found);

    let (verdict, found) = match record.longest() {
        None => (Verdict::Unknown, "no operation".to_owned()),
        Some(Stall { t: _, took, path, is_open }) => {
            let verdict = if *took > longest_stall { Verdict::Fail } else { Verdict::Pass };
            let state = if *is_open { "still going on" } else { "ended" };
            (verdict, format!("{} ms on {path}, {state}", took.as_millis()))
        }
    };
    let expected = format!("at most {} ms", longest_stall.as_millis());
    judge.assert("longest I/O stall", "workload", verdict, expected, found);

    let during = record.acknowledged_within(from, to);
    // Fail would say that the pool refused writes, which the assertions above tell; this one says what they are worth.
    let verdict = if during == 0 { Verdict::Unknown } else { Verdict::Pass };
    judge.assert(
        &format!("the workload wrote {when}"),
        "workload",
        verdict,
        "at least one write",
        during.to_string(),
    );
    judge.done()
}

fn show_failure(failure: &Failure) -> String {
    let Failure { t: _, path, step, error } = failure;
    format!("{step} of {path}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    const START: &str = r#"{"kind": "start", "t": 100.0, "seed": 7}"#;
    const INTENT: &str =
        r#"{"kind": "intent", "n": 1, "t": 101.0, "op": "create", "path": "d/a", "size": 3, "sha256": "aa"}"#;
    const ACK: &str = r#"{"kind": "ack", "n": 1, "t": 101.5, "ms": 500.0}"#;
    const RENAME: &str =
        r#"{"kind": "intent", "n": 2, "t": 102.0, "op": "rename", "path": "d/a", "to": "d/b"}"#;
    const ACK_2: &str = r#"{"kind": "ack", "n": 2, "t": 102.1, "ms": 100.0}"#;
    const ERROR_2: &str = r#"{"kind": "error", "n": 2, "t": 102.1, "ms": 100.0, "step": "rename", "errno": 107, "error": "ENOTCONN"}"#;

    fn done(operations: u64, acks: u64, errors: u64) -> String {
        format!(
            r#"{{"kind": "done", "t": 110.0, "operations": {operations}, "acks": {acks}, "errors": {errors}}}"#
        )
    }

    fn record(lines: &[&str]) -> Record {
        let mut record = Record::new("work");
        for line in lines {
            record.push(line);
        }
        record.end(UNIX_EPOCH + Duration::from_secs(110));
        record
    }

    fn limits() -> Limits {
        Limits {
            longest_stall: Duration::from_secs(2),
            failures: 0,
            from: UNIX_EPOCH + Duration::from_secs(100),
            to: UNIX_EPOCH + Duration::from_secs(110),
            when: "during the run",
        }
    }

    #[test]
    fn a_good_record_passes() {
        let record = record(&[START, INTENT, ACK, RENAME, ACK_2, &done(2, 2, 0)]);
        assert_eq!(judge(&record, &limits()).verdict(), Verdict::Pass);
        let truth = record.truth();
        assert_eq!(truth.files.into_iter().collect::<Vec<_>>(), [("work/d/b".to_owned(), "aa".to_owned())]);
        assert!(truth.in_doubt.is_empty());
        assert_eq!(truth.gone.into_iter().collect::<Vec<_>>(), ["work/d/a"], "its old name");
    }

    #[test]
    fn a_failure_fails_and_leaves_doubt() {
        let record = record(&[START, INTENT, ACK, RENAME, ERROR_2, &done(2, 1, 1)]);
        assert_eq!(judge(&record, &limits()).verdict(), Verdict::Fail);
        let truth = record.truth();
        assert!(truth.files.is_empty());
        assert_eq!(truth.in_doubt.into_iter().collect::<Vec<_>>(), ["work/d/a", "work/d/b"]);
        let allowed = Limits { failures: 1, ..limits() };
        assert_eq!(judge(&record, &allowed).verdict(), Verdict::Pass);
    }

    #[test]
    fn an_operation_without_an_end_is_in_doubt_and_a_stall() {
        let record = record(&[START, INTENT, ACK, RENAME]);
        let stall = record.longest().unwrap();
        assert!(stall.is_open);
        assert_eq!(stall.took, Duration::from_secs(8));
        assert_eq!(record.truth().in_doubt.len(), 2);
        assert_eq!(judge(&record, &limits()).verdict(), Verdict::Fail);
    }

    #[test]
    fn a_record_with_gaps_is_unknown() {
        let whole = [START, INTENT, ACK, RENAME, ACK_2, &done(2, 2, 0)];
        for left_out in 0..whole.len() {
            let mut lines = whole.to_vec();
            lines.remove(left_out);
            let judgement = judge(&record(&lines), &limits());
            assert_ne!(judgement.verdict(), Verdict::Pass, "without {}", whole[left_out]);
        }
        for place in 0..=whole.len() {
            let mut lines = whole.to_vec();
            lines.insert(place, "Traceback (most recent call last):");
            assert_eq!(judge(&record(&lines), &limits()).verdict(), Verdict::Unknown);
        }
        assert_eq!(judge(&record(&[]), &limits()).verdict(), Verdict::Unknown);
    }

    #[test]
    fn writes_before_or_after_the_run_do_not_count() {
        let record = record(&[START, INTENT, ACK, &done(1, 1, 0)]);
        let later = Limits { from: UNIX_EPOCH + Duration::from_secs(105), ..limits() };
        assert_eq!(judge(&record, &later).verdict(), Verdict::Unknown);
    }

    #[test]
    fn an_append_is_known_by_all_bytes_of_its_file() {
        const APPEND: &str = r#"{"kind": "intent", "n": 2, "t": 102.0, "op": "append", "path": "d/a", "size": 3, "sha256": "bb"}"#;
        let truth = record(&[START, INTENT, ACK, APPEND, ACK_2, &done(2, 2, 0)]).truth();
        assert_eq!(truth.files["work/d/a"], "bb");
        // One that failed may have left any part of it.
        let truth = record(&[START, INTENT, ACK, APPEND, ERROR_2, &done(2, 1, 1)]).truth();
        assert!(truth.files.is_empty() && truth.in_doubt.contains("work/d/a"), "{truth:?}");
    }
}
