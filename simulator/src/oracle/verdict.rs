//! Three-valued verdicts, and the assertions they come from.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an assertion, or a whole judgement, ended. Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was seen to hold.
    Pass,
    /// It could not be told.
    Unknown,
    /// It was seen not to hold.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        })
    }
}

/// One thing that must hold, with what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assertion {
    /// When it was judged: "during", "after the upgrade", "after the last restart" …
    pub phase: String,
    /// What must hold, in words: "every brick online".
    pub name: String,
    /// Of what: a host, a volume, a brick, the pool, the workload.
    pub subject: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What would have been right.
    pub expected: String,
    /// What there was, or why it could not be seen.
    pub found: String,
}

/// What was counted while it was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// The most acknowledged files that any reading of a volume missed, or found with other bytes.
    pub lost: usize,
    /// Looks at the bricks that found more of a set out than it can spare.
    pub too_many_out: usize,
}

/// All assertions of one or more judges.
#[must_use = "a judgement nobody reads judges nothing"]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// In the order in which they were judged.
    pub assertions: Vec<Assertion>,
    /// What was counted.
    #[serde(default)]
    pub tally: Tally,
}

impl Judgement {
    /// Returns the worst verdict of all assertions; of none at all, nothing is known.
    pub fn verdict(&self) -> Verdict {
        self.assertions.iter().map(|assertion| assertion.verdict).max().unwrap_or(Verdict::Unknown)
    }

    /// Takes in the assertions of another judgement.
    pub fn extend(&mut self, other: Self) {
        self.assertions.extend(other.assertions);
        // A file that is lost is missed at every reading from then on.
        self.tally.lost = self.tally.lost.max(other.tally.lost);
        self.tally.too_many_out += other.tally.too_many_out;
    }

    /// Returns the assertions that do not hold or could not be told.
    pub fn not_passed(&self) -> impl Iterator<Item = &Assertion> {
        self.assertions.iter().filter(|assertion| assertion.verdict != Verdict::Pass)
    }
}

/// Writes assertions of one phase.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    phase: String,
    judgement: Judgement,
}

impl Judge {
    pub(crate) fn new(phase: &str) -> Self {
        Self { phase: phase.to_owned(), judgement: Judgement::default() }
    }

    /// Returns another judge of the same phase, for another task.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(&self.phase)
    }

    pub(crate) fn assert(
        &mut self,
        name: &str,
        subject: impl Into<String>,
        verdict: Verdict,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.judgement.assertions.push(Assertion {
            phase: self.phase.clone(),
            name: name.to_owned(),
            subject: subject.into(),
            verdict,
            expected: one_line(&expected.into()),
            found: one_line(&found.into()),
        });
    }

    /// Asserts that what was found, if it could be read, is what was expected.
    pub(crate) fn equal(
        &mut self,
        name: &str,
        subject: impl Into<String>,
        expected: &str,
        found: Result<String, String>,
    ) {
        let (verdict, found) = match found {
            Ok(found) if found == expected => (Verdict::Pass, found),
            Ok(found) => (Verdict::Fail, found),
            Err(reason) => (Verdict::Unknown, reason),
        };
        self.assert(name, subject, verdict, expected, found);
    }

    /// Asserts that nothing wrong was found: `wrong` lists what is, `found` says what was looked at.
    pub(crate) fn none_wrong(
        &mut self,
        name: &str,
        subject: impl Into<String>,
        expected: &str,
        wrong: Result<Vec<String>, String>,
        found: &str,
    ) {
        let (verdict, found) = match wrong {
            Ok(wrong) if wrong.is_empty() => (Verdict::Pass, found.to_owned()),
            Ok(wrong) => (Verdict::Fail, shorten(&wrong)),
            Err(reason) => (Verdict::Unknown, reason),
        };
        self.assert(name, subject, verdict, expected, found);
    }

    pub(crate) fn tally(&mut self) -> &mut Tally {
        &mut self.judgement.tally
    }

    pub(crate) fn done(self) -> Judgement {
        self.judgement
    }
}

/// The longest text of an assertion: a reason that quotes a whole output buries all others.
const LONGEST: usize = 500;

/// Puts a text on one line, since names of files and messages may hold newlines, and cuts it where it is too long.
fn one_line(text: &str) -> String {
    let mut line: String = text.trim().chars().take(LONGEST).collect::<String>().replace('\n', "\\n");
    if text.trim().chars().count() > LONGEST {
        line.push('…');
    }
    line
}

/// How many of a long list a report shows: enough to see the kind of trouble, few enough to read.
const SHOWN: usize = 5;

/// Joins the first few of a list and says how many more there are.
pub(crate) fn shorten(list: &[String]) -> String {
    let shown = list.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    match list.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown}; and {more} more"),
        Some(_) | None => shown,
    }
}

/// Runs a judge in a task of its own: one that panics or does not end in time is unknown, and spoils no other.
pub(crate) async fn guarded<F>(phase: &str, name: &str, limit: Duration, judge: F) -> Judgement
where
    F: Future<Output = Judgement> + Send + 'static,
{
    let task = tokio::spawn(judge);
    let abort = task.abort_handle();
    let reason = match tokio::time::timeout(limit, task).await {
        Ok(Ok(judgement)) if !judgement.assertions.is_empty() => return judgement,
        Ok(Ok(_)) => "the judge asserted nothing".to_owned(),
        Ok(Err(error)) => format!("the judge crashed: {error}"),
        Err(_) => {
            abort.abort();
            format!("the judge had not ended after {} s", limit.as_secs())
        }
    };
    let mut judge = Judge::new(phase);
    judge.assert(name, "the judge", Verdict::Unknown, "a judgement", reason);
    judge.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn judgement(verdicts: &[Verdict]) -> Judgement {
        let mut judge = Judge::new("test");
        for verdict in verdicts {
            judge.assert("name", "subject", *verdict, "this", "that");
        }
        judge.done()
    }

    #[rstest]
    #[case(&[], Verdict::Unknown)]
    #[case(&[Verdict::Pass, Verdict::Pass], Verdict::Pass)]
    #[case(&[Verdict::Pass, Verdict::Unknown], Verdict::Unknown)]
    #[case(&[Verdict::Fail, Verdict::Unknown, Verdict::Pass], Verdict::Fail)]
    fn the_worst_verdict_counts(#[case] verdicts: &[Verdict], #[case] expected: Verdict) {
        assert_eq!(judgement(verdicts).verdict(), expected);
    }

    #[tokio::test]
    async fn a_judge_that_crashes_is_unknown() {
        let crashed =
            guarded("test", "bricks", Duration::from_secs(5), async { panic!("no such index") }).await;
        assert_eq!(crashed.verdict(), Verdict::Unknown);
        assert!(crashed.assertions[0].found.contains("crashed"), "{crashed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_judge_that_never_ends_is_unknown() {
        let hung = guarded("test", "bricks", Duration::from_secs(5), std::future::pending()).await;
        assert_eq!(hung.verdict(), Verdict::Unknown);
        assert_eq!(hung.assertions[0].found, "the judge had not ended after 5 s");
    }

    #[tokio::test]
    async fn a_judge_that_asserts_nothing_is_unknown() {
        let empty = guarded("test", "bricks", Duration::from_secs(5), async { Judgement::default() }).await;
        assert_eq!(empty.assertions.len(), 1);
        assert_eq!(empty.verdict(), Verdict::Unknown);
    }

    #[test]
    fn an_assertion_stays_on_one_line() {
        let mut judge = Judge::new("test");
        judge.assert(
            "name",
            "subject",
            Verdict::Fail,
            "this",
            format!("d/a\nb is missing{}", "!".repeat(1000)),
        );
        let found = &judge.done().assertions[0].found;
        assert!(found.starts_with("d/a\\nb is missing!!!"), "{found}");
        assert!(found.chars().count() < 510);
    }

    #[test]
    fn a_long_list_is_shortened() {
        let list: Vec<String> = (1..=7).map(|n| n.to_string()).collect();
        assert_eq!(shorten(&list), "1; 2; 3; 4; 5; and 2 more");
        assert_eq!(shorten(&list[..5]), "1; 2; 3; 4; 5");
    }
}
