//! The way from one release to another, as people read it.

use std::fmt::Write as _;

use super::hanging;
use crate::core::release::path::{Hop, Point};

/// Returns a way with the reason for each stop and what each upgrade on it needs.
pub fn path(from: &Point, to: &Point, hops: &[Hop]) -> String {
    let Some(last) = hops.last() else {
        return format!("Nothing to do: {from} is at {to}.\n");
    };
    let stops: Vec<String> = hops.iter().map(|hop| hop.to.to_string()).collect();
    let count = if hops.len() == 1 { "one upgrade".to_owned() } else { format!("{} upgrades", hops.len()) };
    let mut text = format!("{from} → {}    {count}, each finished before the next\n", stops.join(" → "));
    for (at, hop) in hops.iter().enumerate() {
        let _ = writeln!(text, "\n{}. {} → {}", at + 1, hop.from, hop.to);
        for (title, part) in parts(hop) {
            let _ = writeln!(text, "{}", hanging(&format!("   {title:<9} "), &part));
        }
    }
    let _ = writeln!(text, "\nnext: executor hazards --from {from} --to {}", last.to);
    text
}

/// Returns what there is to say of one upgrade, with a title for each part.
fn parts(hop: &Hop) -> Vec<(&'static str, String)> {
    let Hop { from: _, to: _, reason, op_version, removed, reset, before, after, source } = hop;
    let mut parts = vec![("why", reason.clone())];
    if !removed.is_empty() {
        let features: Vec<String> = removed.iter().map(ToString::to_string).collect();
        parts.push(("removed", format!("no volume may use {}", features.join(", "))));
    }
    if !reset.is_empty() {
        let options: Vec<&str> = reset.iter().map(String::as_str).collect();
        parts.push((
            "reset",
            format!("where one is set, `gluster volume reset VOL OPTION`: {}", options.join(", ")),
        ));
    }
    parts.extend(before.iter().map(|extra| ("before", extra.what.clone())));
    parts.extend(after.iter().map(|extra| ("after", extra.what.clone())));
    if let Some(op_version) = op_version {
        parts.push(("then", format!("raise the op-version, {op_version} at the most")));
    }
    parts.push(("source", source.clone()));
    parts
}
