//! The plot of a client's latency as a drawing's model: how long its operations took, over time.
//!
//! Thousands of operations are drawn as few hundred columns, each from its shortest to its longest one. What took long is
//! drawn by itself, for as long as it took: a stall is a line, not a dot.

use std::collections::BTreeMap;

use super::axis::Span;
use super::recorded::Told;
use crate::workload::Line;

/// How many columns the plot has.
const COLUMNS: usize = 450;

/// From how many milliseconds on an operation is drawn by itself. Syncs on a busy disk take some hundred.
const LONG: f64 = 500.0;

/// How many of the longest operations are told in words.
const TOLD: usize = 5;

/// The lowest value of the scale, in milliseconds.
const LEAST: f64 = 1.0;

/// The latency of one client's operations.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plot {
    /// The file of its record.
    pub(super) file: String,
    /// How many operations it tells of.
    pub(super) operations: usize,
    /// The columns that have operations, from left to right. Those that are drawn by themselves are in none.
    pub(super) columns: Vec<Column>,
    /// The operations that took long, in order.
    pub(super) stalls: Vec<Operation>,
    /// Those that failed, in order.
    pub(super) failures: Vec<Operation>,
    /// The longest ones of all, the longest first.
    pub(super) longest: Vec<Operation>,
    /// The highest value of the scale, in milliseconds: a power of ten.
    pub(super) most: f64,
}

/// Operations that ended at about the same time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    /// Where it is, from 0 to 1.
    pub(super) place: f64,
    /// The shortest, in milliseconds.
    pub(super) least: f64,
    /// The longest, in milliseconds.
    pub(super) most: f64,
}

/// An operation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    /// When it began, in seconds since 1970.
    pub(super) from: f64,
    /// When it ended, or when the record did.
    pub(super) to: f64,
    /// How long it took, in milliseconds.
    pub(super) ms: f64,
    /// The file.
    pub(super) path: String,
    /// How it ended.
    pub(super) end: End,
}

impl Operation {
    fn is_long(&self) -> bool {
        self.ms >= LONG || self.end == End::Open
    }
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It was acknowledged.
    Acknowledged,
    /// It failed, with this error.
    Failed(String),
    /// The record ends before it.
    Open,
}

/// Reads the operations of a record, in the order in which they ended.
pub(super) fn operations(lines: &[Line]) -> Vec<Operation> {
    let mut open: BTreeMap<u64, (f64, &str)> = BTreeMap::new();
    let mut operations = Vec::new();
    let mut last = f64::NEG_INFINITY;
    for line in lines {
        match line {
            Line::Start { t, .. } | Line::Done { t, .. } => last = last.max(*t),
            Line::Intent { n, t, path, .. } => {
                last = last.max(*t);
                open.insert(*n, (*t, path));
            }
            Line::Ack { n, t, ms } | Line::Error { n, t, ms, .. } => {
                last = last.max(*t);
                let (from, path) = open.remove(n).unwrap_or((t - ms / 1000.0, "not told"));
                let end = match line {
                    Line::Error { step, error, .. } => End::Failed(format!("{error} in {step}")),
                    Line::Start { .. } | Line::Intent { .. } | Line::Ack { .. } | Line::Done { .. } => {
                        End::Acknowledged
                    }
                };
                operations.push(Operation { from, to: *t, ms: *ms, path: path.to_owned(), end });
            }
        }
    }
    let open = open.into_values().map(|(from, path)| Operation {
        from,
        to: last,
        ms: (last - from).max(0.0) * 1000.0,
        path: path.to_owned(),
        end: End::Open,
    });
    operations.extend(open);
    operations.retain(|one| one.from.is_finite() && one.to.is_finite() && one.ms.is_finite());
    operations
}

/// Makes the plot of a record; none where it has no operation.
pub(super) fn plot(told: &Told<Line>, span: &Span) -> Option<Plot> {
    let operations = operations(&told.lines);
    let longest_of_all = operations.iter().map(|one| one.ms).reduce(f64::max)?;
    let mut columns: BTreeMap<usize, Column> = BTreeMap::new();
    for one in operations.iter().filter(|one| !one.is_long() && one.end == End::Acknowledged) {
        let number = ((span.place(one.to) * COLUMNS as f64) as usize).min(COLUMNS - 1);
        let place = (number as f64 + 0.5) / COLUMNS as f64;
        let column = columns.entry(number).or_insert(Column { place, least: one.ms, most: one.ms });
        column.least = column.least.min(one.ms);
        column.most = column.most.max(one.ms);
    }
    let stalls = operations.iter().filter(|one| one.is_long());
    let failures = operations.iter().filter(|one| matches!(one.end, End::Failed(_)));
    let mut longest: Vec<&Operation> = operations.iter().collect();
    longest.sort_by(|one, other| other.ms.total_cmp(&one.ms));
    Some(Plot {
        file: told.file.clone(),
        operations: operations.len(),
        columns: columns.into_values().collect(),
        stalls: stalls.cloned().collect(),
        failures: failures.cloned().collect(),
        longest: longest.into_iter().take(TOLD).cloned().collect(),
        most: 10_f64.powf(longest_of_all.max(100.0).log10().ceil()),
    })
}

impl Plot {
    /// Returns how high a latency lies, from 0 for the lowest value to 1 for the highest, in decades.
    pub(super) fn height(&self, ms: f64) -> f64 {
        (ms.max(LEAST).log10() / self.most.log10()).clamp(0.0, 1.0)
    }

    /// Returns the labelled values of the scale: its decades.
    pub(super) fn labels(&self) -> Vec<(f64, String)> {
        let mut labels = Vec::new();
        let mut ms = LEAST;
        while ms <= self.most * 1.001 {
            labels.push((
                ms,
                if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.0} s", ms / 1000.0) },
            ));
            ms *= 10.0;
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::workload::Record;

    fn told(lines: &[&str]) -> Told<Line> {
        let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        Told { file: "workload.jsonl".to_owned(), lines, troubles: Vec::new() }
    }

    const INTENT_1: &str =
        r#"{"kind":"intent","n":1,"t":10.0,"op":"create","path":"a","to":null,"size":1,"sha256":"x"}"#;
    const ACK_1: &str = r#"{"kind":"ack","n":1,"t":10.01,"ms":10.0}"#;
    const INTENT_2: &str =
        r#"{"kind":"intent","n":2,"t":11.0,"op":"create","path":"b","to":null,"size":1,"sha256":"x"}"#;
    const ERROR_2: &str =
        r#"{"kind":"error","n":2,"t":14.0,"ms":3000.0,"step":"fsync","errno":107,"error":"ENOTCONN"}"#;
    const DONE: &str = r#"{"kind":"done","t":20.0,"operations":2,"acks":1,"errors":1}"#;

    #[rstest]
    #[case::acknowledged(&[INTENT_1, ACK_1], &[(10.0, 10.01, 10.0, "a", End::Acknowledged)])]
    #[case::failed(&[INTENT_2, ERROR_2], &[(11.0, 14.0, 3000.0, "b", End::Failed("ENOTCONN in fsync".into()))])]
    #[case::open(&[INTENT_2, DONE], &[(11.0, 20.0, 9000.0, "b", End::Open)])]
    #[case::intent_lost(&[ACK_1], &[(10.0, 10.01, 10.0, "not told", End::Acknowledged)])]
    #[case::nothing(&[], &[])]
    fn an_operation_is_an_intent_and_its_end(
        #[case] lines: &[&str],
        #[case] expected: &[(f64, f64, f64, &str, End)],
    ) {
        let found = operations(&told(lines).lines);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, (from, to, ms, path, end)) in found.iter().zip(expected) {
            assert!((found.from - from).abs() < 1e-6, "{found:?}");
            assert_eq!((found.to, found.ms, found.path.as_str(), &found.end), (*to, *ms, *path, end));
        }
    }

    #[test]
    fn a_stall_and_a_failure_are_drawn_by_themselves() {
        let span = Span { from: 0.0, to: 20.0 };
        let plot = plot(&told(&[INTENT_1, ACK_1, INTENT_2, ERROR_2, DONE]), &span).unwrap();
        let [column] = plot.columns[..] else { panic!("{plot:?}") };
        assert!((column.place - 0.5).abs() < 0.01, "{column:?}");
        assert_eq!((column.least, column.most), (10.0, 10.0));
        assert_eq!(plot.stalls.len(), 1);
        assert_eq!((plot.stalls[0].from, plot.stalls[0].to), (11.0, 14.0));
        assert_eq!(plot.failures.len(), 1);
        assert_eq!(plot.longest[0].path, "b");
        assert_eq!(plot.most, 10_000.0);
    }

    #[test]
    fn many_operations_are_few_columns_of_least_and_most() {
        let mut lines = vec![Line::Start { t: 0.0, seed: 1 }];
        for n in 1..=10_000_u64 {
            let t = n as f64 / 100.0;
            let ms = if n % 2 == 0 { 2.0 } else { 40.0 };
            lines.push(Line::Ack { n, t, ms });
        }
        let told = Told { file: String::new(), lines, troubles: Vec::new() };
        let plot = plot(&told, &Span { from: 0.0, to: 100.0 }).unwrap();
        assert!(plot.columns.len() <= COLUMNS, "{}", plot.columns.len());
        assert!(plot.columns.iter().all(|column| (column.least, column.most) == (2.0, 40.0)));
        assert!(plot.columns.windows(2).all(|two| two[0].place < two[1].place));
        assert_eq!(plot.operations, 10_000);
        assert!(plot.stalls.is_empty());
    }

    /// The record that is judged and the plot that is shown are read from the same lines, and agree.
    #[test]
    fn the_longest_operation_is_the_one_that_is_judged() {
        let lines = [INTENT_1, ACK_1, INTENT_2, ERROR_2];
        let mut record = Record::new("workload");
        record.push(r#"{"kind":"start","t":9.0,"seed":7}"#);
        lines.iter().for_each(|line| record.push(line));
        let plot = plot(&told(&lines), &Span { from: 0.0, to: 20.0 }).unwrap();
        assert_eq!(record.longest().unwrap().took.as_secs_f64() * 1000.0, plot.longest[0].ms);
    }

    #[test]
    fn the_scale_is_in_decades() {
        let plot = plot(&told(&[INTENT_2, ERROR_2]), &Span { from: 0.0, to: 20.0 }).unwrap();
        let labels: Vec<String> = plot.labels().into_iter().map(|(_, words)| words).collect();
        assert_eq!(labels, ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
        let heights = [0.0, 1.0, 100.0, 10_000.0, 1e9].map(|ms| plot.height(ms));
        assert_eq!(heights, [0.0, 0.0, 0.5, 1.0, 1.0]);
    }
}
