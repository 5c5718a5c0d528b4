//! Answers to questions about a pool as it stands: is it where it should be, may this server be stopped.

use std::fmt::Write as _;

use super::findings::findings;
use super::{hanging, printable};
use crate::core::finding::{Finding, Ground, told_once};
use crate::core::names::{HostName, Release};
use crate::core::ok_to_stop::Answer;
use crate::core::verify::Verdict;

/// Returns the judgement of a pool, point by point, and what to do about each finding.
pub fn verified(verdicts: &[Verdict], to: Release) -> String {
    let mut text = String::new();
    for Verdict { what, findings } in verdicts {
        let word = match findings.iter().map(|finding| finding.ground).min() {
            None => "ok",
            Some(Ground::Seen) => "NO",
            Some(Ground::Unknown) => "unknown",
        };
        let _ = writeln!(text, "{}", hanging(&format!("  {word:<9}"), what));
    }
    let found = told_once(verdicts.iter().flat_map(|verdict| verdict.findings.clone()));
    if found.is_empty() {
        let _ = writeln!(text, "\nVERIFIED: the pool is at glusterfs {to}, and well.");
    } else {
        let _ = writeln!(text, "\nfindings");
        text.push_str(&findings(&found));
        let _ = writeln!(text, "\nNOT VERIFIED: {} of {} points.", wrong(verdicts), verdicts.len());
    }
    printable(text)
}

fn wrong(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|verdict| !verdict.findings.is_empty()).count()
}

/// Returns whether a server may be stopped, and what speaks against it.
pub fn ok_to_stop(host: &HostName, answer: Answer, found: &[Finding]) -> String {
    let word = match answer {
        Answer::Yes => format!("YES: {host} may be stopped now; the others carry its data.\n"),
        Answer::No => format!("NO: {host} must not be stopped now.\n"),
        Answer::CannotTell => format!("CANNOT TELL whether {host} may be stopped: take it for a no.\n"),
    };
    printable(if found.is_empty() { word } else { format!("{word}\n{}", findings(found)) })
}
