//! What stands behind each code of a finding: why it matters, where that is known from, what to do about it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::code::Code;

/// The explanations as shipped; a test reads them, so that a run never meets a broken file.
const TEXT: &str = include_str!("../../explain.toml");

/// The explanation of one code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Why it matters: what breaks, and for whom.
    pub why: String,
    /// Where that is known from.
    pub source: String,
    /// What the operator does about it.
    pub remedy: String,
    /// What this program does about it by itself.
    pub tool: String,
}

static ALL: LazyLock<BTreeMap<Code, Explanation>> = LazyLock::new(|| {
    // The file is part of the program and read by this module's tests; an empty one explains nothing.
    toml::from_str(TEXT).unwrap_or_default()
});

/// Returns the explanation of a code; there is one for each, as a test sees to.
pub fn explanation(code: Code) -> Option<&'static Explanation> {
    ALL.get(&code)
}

/// Returns the codes nearest to a text that is none, the nearest first: at most three.
pub fn nearest(text: &str) -> Vec<Code> {
    let text = text.to_ascii_uppercase().replace('-', "_");
    let mut scored: Vec<(f64, Code)> = Code::ALL
        .iter()
        .map(|code| {
            let likeness = strsim::normalized_damerau_levenshtein(&text, code.as_str());
            // A part of a name is what people remember of it.
            let part = !text.is_empty() && code.as_str().contains(&text);
            (if part { likeness + 1.0 } else { likeness }, *code)
        })
        .filter(|(likeness, _)| *likeness > 0.4)
        .collect();
    scored.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    scored.into_iter().take(3).map(|(_, code)| code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_exactly_one_explanation_and_no_part_of_it_is_empty() {
        // A code named twice, or one that there is not, is an error of the file itself.
        let read: BTreeMap<Code, Explanation> = toml::from_str(TEXT).unwrap();
        for code in Code::ALL {
            let Some(Explanation { why, source, remedy, tool }) = read.get(code) else {
                panic!("executor/explain.toml has no [{code}]");
            };
            for (name, part) in [("why", why), ("source", source), ("remedy", remedy), ("tool", tool)] {
                assert!(part.len() > 7, "[{code}] says too little in `{name}`: {part:?}");
                assert_eq!(part, part.trim(), "[{code}] {name}");
            }
        }
    }

    #[test]
    fn a_mistyped_code_finds_its_neighbours() {
        assert_eq!(nearest("SPLIT_BRIAN")[0], Code::SplitBrain);
        assert_eq!(nearest("heal-pending")[0], Code::HealPending);
        assert_eq!(nearest("quorum"), [Code::ClientQuorum, Code::ServerQuorum]);
        assert_eq!(nearest("zzzzzzzz"), []);
        assert_eq!(nearest(""), []);
    }
}
