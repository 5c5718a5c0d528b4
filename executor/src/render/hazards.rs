//! The hazards of an upgrade, as people read them.

use std::fmt::Write as _;

use super::hanging;
use crate::core::hazard::Hazard;

/// Returns the hazards of each upgrade on a way.
pub fn hazards(hops: &[(String, Vec<&Hazard>)]) -> String {
    let mut text = String::new();
    for (at, (hop, hazards)) in hops.iter().enumerate() {
        let _ = writeln!(text, "{}{hop}: {} known", if at == 0 { "" } else { "\n" }, hazards.len());
        for hazard in hazards {
            let Hazard {
                id,
                title,
                from: _,
                to: _,
                only_online: _,
                evidence: _,
                code,
                treatment,
                tool,
                remedy,
                source,
                scenario,
            } = hazard;
            let code = code.map_or(String::new(), |code| format!(", {code}"));
            let _ = writeln!(text, "\n  {id}  ({treatment}{code})");
            for (name, part) in [
                ("what", title),
                ("this tool", tool),
                ("remedy", remedy),
                ("source", source),
                ("scenario", scenario),
            ] {
                let _ = writeln!(text, "{}", hanging(&format!("     {name:<10} "), part));
            }
        }
    }
    text
}
