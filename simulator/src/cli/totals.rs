//! The closing line of several scenarios.

use std::time::Duration;

use crate::oracle::Verdict;
use crate::report::{Counts, Report};

/// What came of several scenarios.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    passed: usize,
    failed: usize,
    unknown: usize,
    counts: Counts,
    took: Duration,
}

impl Totals {
    /// Takes in a scenario that has a report.
    pub(super) fn add(&mut self, report: &Report) {
        match report.verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail => self.failed += 1,
            Verdict::Unknown => self.unknown += 1,
        }
        let Counts { acknowledged, lost, too_many_out, faults } = report.counts;
        self.counts.acknowledged += acknowledged;
        self.counts.lost += lost;
        self.counts.too_many_out += too_many_out;
        self.counts.faults += faults;
        self.took += report.duration;
    }

    /// Takes in a scenario that could not be judged at all.
    pub(super) fn add_unjudged(&mut self) {
        self.unknown += 1;
    }

    /// Returns the worst verdict; of no scenario at all, nothing is known.
    pub(super) fn worst(&self) -> Verdict {
        match (self.failed, self.unknown, self.passed) {
            (1.., _, _) => Verdict::Fail,
            (0, 1.., _) | (0, 0, 0) => Verdict::Unknown,
            (0, 0, 1..) => Verdict::Pass,
        }
    }

    /// Returns the line.
    pub(super) fn line(&self) -> String {
        let Self { passed, failed, unknown, counts, took } = self;
        let Counts { acknowledged, lost, too_many_out, faults } = counts;
        format!(
            "scenarios: {passed} passed, {failed} failed, {unknown} unknown; writes: {acknowledged} acknowledged, \
             {lost} lost; moments with two bricks of a set out: {too_many_out}; faults struck: {faults}; {:.1} s",
            took.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_and_the_numbers_add_up() {
        let mut totals = Totals::default();
        assert_eq!(totals.worst(), Verdict::Unknown);
        totals.passed = 2;
        assert_eq!(totals.worst(), Verdict::Pass);
        totals.add_unjudged();
        assert_eq!(totals.worst(), Verdict::Unknown);
        totals.failed = 1;
        totals.counts = Counts { acknowledged: 7, lost: 1, too_many_out: 2, faults: 3 };
        assert_eq!(totals.worst(), Verdict::Fail);
        assert_eq!(
            totals.line(),
            "scenarios: 2 passed, 1 failed, 1 unknown; writes: 7 acknowledged, 1 lost; moments with two bricks of a \
             set out: 2; faults struck: 3; 0.0 s"
        );
    }
}
