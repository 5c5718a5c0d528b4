//! What was waited for: since when, and what the last looks saw.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::hanging;
use super::plan::duration;
use crate::core::event::GateKind;
use crate::core::finding::Finding;
use crate::core::resume::Progress;

/// How many findings a look names before it only counts them.
const FINDINGS_SHOWN: usize = 2;

/// Returns a time as it is told: in UTC, since operator and servers may be in several places.
pub(super) fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Says when a halt came, and since when the gate was waited for.
pub(super) fn waited(progress: &Progress, seconds: u64) -> String {
    let waiting = duration(seconds);
    let Some(at) = progress.trail.last else { return format!(", after waiting {waiting}") };
    let since = i64::try_from(seconds).ok().and_then(|s| at.checked_sub(SignedDuration::from_secs(s)).ok());
    match since.filter(|_| seconds > 0) {
        Some(since) => {
            format!(", at {}, after waiting {waiting}, since {}", when(at), since.strftime("%H:%M:%S"))
        }
        None => format!(", at {}, without waiting", when(at)),
    }
}

/// Returns what the last looks at a gate saw, where they saw several things.
pub(super) fn last_looks(progress: &Progress, step: u32, gate: GateKind) -> String {
    let looks = progress.trail.looks.iter().filter(|look| (look.step, look.gate) == (step, gate));
    let lines: Vec<String> = looks.map(|look| look_line(look.at, &look.findings)).collect();
    if lines.len() < 2 {
        return String::new();
    }
    format!("\nwhat changed while it waited:\n{}", lines.concat())
}

/// Returns what one look saw, as a line.
pub(super) fn look_line(at: Timestamp, findings: &[Finding]) -> String {
    let mut reasons: Vec<String> = findings.iter().take(FINDINGS_SHOWN).map(ToString::to_string).collect();
    if findings.len() > FINDINGS_SHOWN {
        reasons.push(format!("and {} more", findings.len() - FINDINGS_SHOWN));
    }
    let mut text = String::new();
    let first = format!("  {}  ", at.strftime("%H:%M:%S"));
    let _ = writeln!(text, "{}", hanging(&first, &reasons.join("; ")));
    text
}
