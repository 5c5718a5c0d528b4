//! Findings as they are shown: all at once, each with what to do.

use std::fmt::Write as _;

use super::plan::advice;
use super::{hanging, printable};
use crate::core::finding::{Code, Finding, Ground};
use crate::core::names::Release;
use crate::core::plan::{Plan, Refusal};

/// Returns findings, one paragraph each.
pub(super) fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut hinted = None;
    for finding in findings {
        let _ = writeln!(text, "{}", hanging("  - ", &finding.to_string()));
        // Findings come sorted by code: one hint stands for all of its kind.
        let last = findings.iter().rposition(|other| other.code == finding.code);
        if last.is_some_and(|last| std::ptr::eq(&findings[last], finding)) && hinted != Some(finding.code) {
            let _ = writeln!(text, "{}", hanging("      hint: ", finding.code.hint()));
            hinted = Some(finding.code);
        }
    }
    text
}

/// Returns a refusal: what stands in the way, what is waived, what is safe, what to type.
pub fn refusal(refusal: &Refusal, next: &str) -> String {
    let Refusal { findings: found, waived } = refusal;
    let mut text = format!(
        "REFUSED: {} finding{} in the way. Nothing was touched; the pool is as it was.\n\n",
        found.len(),
        if found.len() == 1 { " stands" } else { "s stand" }
    );
    text.push_str(&findings(found));
    if !waived.is_empty() {
        text.push_str("\nwaived:\n");
        text.push_str(&findings(waived));
    }
    let waivable: Vec<&Finding> = found
        .iter()
        .filter(|finding| match finding.ground {
            Ground::Seen => finding.code.waivable(),
            // Nobody knows what it is.
            Ground::Unknown => false,
        })
        .collect();
    if let Some(example) = waivable.first() {
        let _ = writeln!(
            text,
            "\n{}",
            hanging(
                "",
                &format!(
                    "{} of these can be waived in the open, if you know why: --waive {}:{}",
                    waivable.len(),
                    example.code,
                    example.subject
                )
            )
        );
    }
    let is_final =
        |finding: &Finding| finding.code == Code::OpVersionRaised && finding.ground == Ground::Seen;
    if found.iter().any(is_final) {
        text.push_str(
            "\nnext: stay with the newer release; nothing that could be mended opens this way again\n",
        );
    } else {
        let _ = writeln!(text, "\nnext: mend what is listed, then {next}");
    }
    printable(text)
}

/// Returns the way that is left to a pool that cannot go online; nothing where that is not what stands in the way.
pub fn offline_way(refusal: &Refusal, command: &str) -> String {
    if refusal.findings.iter().any(|finding| finding.code == Code::VolumeNotReplicated) {
        format!("or, with a downtime for all volumes: {command}\n")
    } else {
        String::new()
    }
}

/// Returns the answer to a pool that is at its goal; `kept`: the op-version was to be left as it is.
pub fn nothing_to_do(to: Release, kept: bool) -> String {
    let op_version = if kept { "the op-version was not asked about" } else { "the op-version is raised" };
    format!("Nothing to do: every server runs glusterfs {to}, {op_version}, and the pool is well.\n")
}

/// Returns the answer to a pool that can be upgraded.
pub fn fit(plan: &Plan, next: &str) -> String {
    let steps = plan.steps().count();
    let mut text =
        format!("FIT: nothing stands in the way of an upgrade to glusterfs {}, in {steps} steps.\n", plan.to);
    if !plan.answered.is_empty() {
        text.push_str("\nfound, and mended by the plan itself:\n");
        text.push_str(&findings(&plan.answered));
    }
    text.push_str(&advice(plan));
    if !plan.waived.is_empty() {
        text.push_str("\nwaived:\n");
        text.push_str(&findings(&plan.waived));
    }
    let _ = writeln!(text, "\nnext: {next}");
    printable(text)
}
