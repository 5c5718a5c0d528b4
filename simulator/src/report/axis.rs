//! Time on a drawing: what is shown of it, where a moment lies, and where it is labelled.

use jiff::Timestamp;

/// About how many labels an axis gets.
const LABELS: f64 = 9.0;

/// The steps between labels that people read easily, in seconds.
const STEPS: [f64; 13] = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];

/// Returns a moment in seconds since 1970, as the writing client has them.
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_nanosecond() as f64 / 1e9
}

/// A stretch of time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Its begin.
    pub(super) from: f64,
    /// Its end, later than its begin.
    pub(super) to: f64,
}

impl Span {
    /// Returns the shortest span that has all of these moments; none where there is none, or but one.
    pub(super) fn over(moments: impl Iterator<Item = f64>) -> Option<Self> {
        let span = moments.filter(|at| at.is_finite()).fold(None, |span: Option<Self>, at| {
            let Self { from, to } = span.unwrap_or(Self { from: at, to: at });
            Some(Self { from: from.min(at), to: to.max(at) })
        });
        span.filter(|span| span.to > span.from)
    }

    /// Returns where a moment lies in it, from 0 to 1; what is outside lies at its ends.
    pub(super) fn place(&self, at: f64) -> f64 {
        let place = (at - self.from) / (self.to - self.from);
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Returns labelled moments: seconds from the begin, in round steps.
    pub(super) fn labels(&self) -> Vec<(f64, String)> {
        let length = self.to - self.from;
        let wanted = length / LABELS;
        let last = STEPS[STEPS.len() - 1];
        let step = STEPS.iter().copied().find(|step| *step >= wanted).unwrap_or_else(|| {
            // Days: multiples of the longest.
            (wanted / last).ceil() * last
        });
        let mut labels = Vec::new();
        let mut at = 0.0;
        while at <= length {
            labels.push((self.from + at, clock(at)));
            at += step;
        }
        labels
    }
}

/// Returns seconds as people read them on an axis: `45s`, `2m`, `2m 30s`, `1h 5m`.
pub(super) fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes, seconds) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, 0, _) => format!("{hours}h"),
        (hours, minutes, _) => format!("{hours}h {minutes}m"),
    }
}

/// Returns how long something took: `12.3 s`, `2m 3s`.
pub(super) fn took(seconds: f64) -> String {
    if seconds < 60.0 { format!("{:.1} s", seconds.max(0.0)) } else { clock(seconds) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_span_has_all_its_moments_and_no_other() {
        let span = Span::over([3.0, 1.0, f64::NAN, 2.0].into_iter()).unwrap();
        assert_eq!(span, Span { from: 1.0, to: 3.0 });
        assert_eq!(
            [0.0, 1.0, 2.0, 3.0, 9.0, f64::NAN].map(|at| span.place(at)),
            [0.0, 0.0, 0.5, 1.0, 1.0, 0.0]
        );
        assert_eq!(Span::over([1.0].into_iter()), None, "one moment is no stretch");
        assert_eq!(Span::over(std::iter::empty()), None);
    }

    #[rstest]
    #[case(0.4, &["0s"])]
    #[case(4.0, &["0s", "1s", "2s", "3s", "4s"])]
    #[case(80.0, &["0s", "10s", "20s", "30s", "40s", "50s", "1m", "1m 10s", "1m 20s"])]
    #[case(5400.0, &["0s", "10m", "20m", "30m", "40m", "50m", "1h", "1h 10m", "1h 20m", "1h 30m"])]
    fn labels_are_round(#[case] length: f64, #[case] expected: &[&str]) {
        let labels = Span { from: 1000.0, to: 1000.0 + length }.labels();
        let words: Vec<&str> = labels.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(words, expected);
        assert_eq!(labels[0].0, 1000.0);
    }

    #[test]
    fn a_week_has_few_labels_too() {
        let labels = Span { from: 0.0, to: 604_800.0 }.labels();
        assert!((2..=10).contains(&labels.len()), "{labels:?}");
    }
}
