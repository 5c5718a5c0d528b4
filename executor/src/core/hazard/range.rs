//! Ranges of releases, as the hazard table writes them: `any`, `<11`, `>=5.0, <5.5`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::super::names::{InvalidName, Release};

/// A range of releases: from one on, up to before another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Range {
    from: Option<Release>,
    before: Option<Release>,
    text: String,
}

impl Range {
    /// Returns whether a release is in the range.
    pub fn contains(&self, release: Release) -> bool {
        self.from.is_none_or(|from| release >= from) && self.before.is_none_or(|before| release < before)
    }
}

impl FromStr for Range {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let invalid =
            || InvalidName { text: text.to_owned(), expected: "`any`, `<11`, `>=8` or `>=5.0, <5.5`" };
        let mut range = Self { from: None, before: None, text: text.to_owned() };
        if text == "any" {
            return Ok(range);
        }
        for part in text.split(", ") {
            let (side, release) = match (part.strip_prefix(">="), part.strip_prefix('<')) {
                (Some(from), _) => (&mut range.from, from),
                (_, Some(before)) => (&mut range.before, before),
                (None, None) => return Err(invalid()),
            };
            // A line stands for its first release: `11` for 11.0; `3.10` comes before 3.10.0 as it is.
            let whole = if release.contains('.') { release.to_owned() } else { format!("{release}.0") };
            if side.replace(whole.parse().map_err(|_| invalid())?).is_some() {
                return Err(invalid());
            }
        }
        Ok(range)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl TryFrom<String> for Range {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("any", "3.7.20", true)]
    #[case("<11", "10.5", true)]
    #[case("<11", "11.0", false)]
    #[case(">=5.0, <5.5", "5.4", true)]
    #[case(">=5.0, <5.5", "5.5", false)]
    #[case(">=3.10, <4.0", "3.9.1", false)]
    #[case(">=3.10, <4.0", "3.10.0", true)]
    #[case(">=8", "7.9", false)]
    fn ranges_hold_what_they_say(#[case] range: &str, #[case] release: &str, #[case] expected: bool) {
        assert_eq!(range.parse::<Range>().unwrap().contains(release.parse().unwrap()), expected);
    }

    #[rstest]
    #[case("")]
    #[case("11")]
    #[case(">11")]
    #[case("<11, <12")]
    #[case("<eleven")]
    fn other_texts_are_no_range(#[case] text: &str) {
        assert!(text.parse::<Range>().is_err());
    }
}
