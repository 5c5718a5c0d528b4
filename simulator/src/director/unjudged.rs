//! What a rehearsal leaves that came to no verdict: a report that says why.

use std::time::Duration;

use jiff::Timestamp;

use super::{DirectorError, Stage};
use crate::causes::with_causes;
use crate::oracle::{Judge, Verdict};
use crate::pool::PoolError;
use crate::report::{self, Counts, Report};

/// Keeps a report whose verdict is unknown, for this reason. Where not even that can be kept, it is said.
pub(super) fn keep(stage: &Stage<'_>, started: Timestamp, why: &DirectorError, logs: Option<PoolError>) {
    let Stage { scenario, artifacts, seed, say, .. } = stage;
    let mut judge = Judge::new("the rehearsal");
    let found = with_causes(why);
    judge.assert(
        "it comes to a verdict",
        "pool",
        Verdict::Unknown,
        "pools that come up and can be read",
        found,
    );
    let judgement = judge.done();
    let report = Report {
        format: report::FORMAT,
        verdict: judgement.verdict(),
        scenario: scenario.name.clone(),
        description: scenario.about.clone(),
        seed: scenario.workload.as_ref().map(|_| *seed),
        started,
        duration: Duration::try_from(Timestamp::now().duration_since(started)).unwrap_or_default(),
        executor: "not to its end".to_owned(),
        versions: Vec::new(),
        longest_stall: None,
        counts: Counts::default(),
        judgement,
        notes: logs.iter().map(|error| format!("not every log could be saved: {error}")).collect(),
        artifacts: artifacts.folder().to_owned(),
        repeat: format!("{} --seed {seed}", scenario.command()),
    };
    match report.write() {
        Ok(()) => say(&format!("what there is of it is kept in {}", artifacts.folder().display())),
        Err(error) => say(&format!("note: {error}")),
    }
}
