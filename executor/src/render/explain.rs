//! Codes explained: one with all that is known of it, or all of them with a line each.

use std::fmt::Write as _;

use super::hanging;
use crate::core::code::Code;
use crate::core::explain::Explanation;

/// Returns what is known of a code.
pub fn explanation(code: Code, explanation: &Explanation) -> String {
    let Explanation { why, source, remedy, tool } = explanation;
    let waiver = if code.waivable() {
        format!(
            "yes, by code and subject (--waive {code}:SUBJECT), where it was seen; never while it is unknown"
        )
    } else {
        "no".to_owned()
    };
    let mut text = format!("{code}\n\n");
    for (title, part) in [
        ("why", why),
        ("remedy", remedy),
        ("this tool", tool),
        ("can be waived", &waiver),
        ("source", source),
    ] {
        let _ = writeln!(text, "{}", hanging(&format!("  {title:<14} "), part));
    }
    text
}

/// Returns all codes with a line each.
pub fn codes() -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    let mut text = String::new();
    for code in Code::ALL {
        let _ = writeln!(text, "{}", hanging(&format!("{code:<width$}  "), code.hint()));
    }
    text.push_str("\nnext: executor explain CODE\n");
    text
}
