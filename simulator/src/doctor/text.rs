//! Looks as text, and ages in words.

use jiff::Timestamp;

use super::Look;
use crate::printable::printable;

/// Returns all looks, a line each, with what to do about one below it.
#[must_use]
pub fn render(looks: &[Look]) -> String {
    looks.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// Returns a look: how it came out, what was looked at, what was found; and what to do about it.
#[must_use]
pub fn row(look: &Look) -> String {
    let Look { name, grade, found, remedy } = look;
    let line = format!("{:<8}{name:<11}{}", grade.as_str(), printable(found));
    match remedy {
        Some(remedy) => format!("{line}\n{:19}remedy: {}", "", printable(remedy)),
        None => line,
    }
}

/// Returns how old something is.
#[must_use]
pub fn age(begun: Option<Timestamp>, now: Timestamp) -> String {
    let Some(begun) = begun else { return "of unknown age".to_owned() };
    let minutes = now.duration_since(begun).as_mins();
    match minutes {
        ..0 => "begun later than now".to_owned(),
        0..120 => format!("{minutes} min old"),
        120..2880 => format!("{} h old", minutes / 60),
        2880.. => format!("{} days old", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::Grade;
    use super::*;

    #[rstest]
    #[case(Some(0), "0 min old")]
    #[case(Some(119 * 60 + 59), "119 min old")]
    #[case(Some(120 * 60), "2 h old")]
    #[case(Some(47 * 3600), "47 h old")]
    #[case(Some(49 * 3600), "2 days old")]
    #[case(Some(-3600), "begun later than now")]
    #[case(None, "of unknown age")]
    fn ages(#[case] seconds: Option<i64>, #[case] expected: &str) {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let begun = seconds.map(|seconds| Timestamp::from_second(now.as_second() - seconds).unwrap());
        assert_eq!(age(begun, now), expected);
    }

    #[test]
    fn a_look_is_a_line_and_its_remedy_another() {
        let looks =
            [Look::ok("fuse", "it is there"), Look::bad(Grade::Warning, "cores", "one\x1b[2J", "wait")];
        let expected = "ok      fuse       it is there\n\
                        warning cores      one\\u{1b}[2J\n                   remedy: wait";
        assert_eq!(render(&looks), expected);
    }
}
