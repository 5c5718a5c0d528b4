//! What installing moves, as the plan shows it.

use std::fmt::Write as _;

use super::hanging;
use crate::core::packages::{PackageMove, PackageOffer, Transaction};

/// Returns a paragraph for each group of hosts that are alike.
pub(super) fn packages(transactions: &[Transaction]) -> String {
    let mut text = String::new();
    for Transaction { hosts, offer, edited } in transactions {
        let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
        let _ = writeln!(text, "{}", hanging("what installing moves on ", &names.join(", ")));
        for line in lines(offer, edited) {
            let _ = writeln!(text, "{}", hanging("  ", &line));
        }
        text.push('\n');
    }
    text
}

fn lines(offer: &PackageOffer, edited: &[String]) -> Vec<String> {
    let PackageOffer { version: _, moves, also_changes, removes, held: _, troubles: _, command } = offer;
    if command.is_some() {
        return vec![
            "by your own command: what it moves is not known here; the release is verified after it".into(),
        ];
    }
    let mut lines = Vec::new();
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for PackageMove { package, from, to } in moves {
        let what = match (from, to) {
            (Some(from), Some(to)) if from == to => format!("stay at {to}"),
            (Some(from), Some(to)) => format!("{from} -> {to}"),
            (None, Some(to)) => format!("new at {to}"),
            (Some(from), None) => format!("go away ({from}), replaced by the others"),
            (None, None) => continue,
        };
        match groups.iter_mut().find(|(group, _)| *group == what) {
            Some((_, packages)) => packages.push(package),
            None => groups.push((what, vec![package])),
        }
    }
    lines.extend(groups.iter().map(|(what, packages)| format!("{what}: {}", packages.join(", "))));
    if !also_changes.is_empty() {
        lines.push(format!("of other projects, because Gluster needs them: {}", also_changes.join(", ")));
    }
    if !removes.is_empty() {
        lines.push(format!("removed, of other projects: {}", removes.join(", ")));
    }
    if !edited.is_empty() {
        lines.push(format!(
            "you edited {}: kept as it is; what the package brings is put beside it and named",
            edited.join(", ")
        ));
    }
    lines
}
