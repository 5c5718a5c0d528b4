//! A host's clock.

use std::time::Duration;

use super::{LOOK, ScriptError, unreadable};
use crate::core::command::{Command, Output};
use crate::core::system::Clock;

const ACT: &str = "asking for the time";

/// Returns the command that prints the host's time, in seconds and nanoseconds since 1970.
pub fn clock() -> Command {
    Command::reads(["date", "+%s.%N"], LOOK)
}

/// Reads what [`clock`] printed, given when it was asked, since 1970 by our own clock, and how long the answer took. The
/// host's clock was read at some moment of that time, which bounds how far it is ahead.
///
/// # Errors
/// When the answer is no time.
pub fn parse_clock(output: &Output, asked: Duration, took: Duration) -> Result<Clock, ScriptError> {
    let line = output.stdout.trim_end();
    let theirs = milliseconds(line).filter(|_| output.status == 0).ok_or_else(|| unreadable(ACT, line))?;
    let ours = |moment: Duration| i64::try_from(moment.as_millis()).map_err(|_| unreadable(ACT, line));
    Ok(Clock {
        ahead_at_least_ms: theirs - ours(asked + took)? - 1,
        ahead_at_most_ms: theirs - ours(asked)? + 1,
    })
}

/// Returns the milliseconds of `SECONDS.NANOSECONDS`. busybox's date knows no `%N` and prints it as it is.
fn milliseconds(text: &str) -> Option<i64> {
    let (seconds, rest) = text.split_once('.')?;
    let seconds: i64 =
        seconds.parse().ok().filter(|seconds| (0..i64::from(u32::MAX) * 2).contains(seconds))?;
    let thousandths: i64 = match rest {
        "N" | "%N" | "" => 0,
        digits => digits.get(..3)?.parse().ok()?,
    };
    Some(seconds * 1000 + thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1700000003.500000000\n", Some((1499, 3501)))]
    #[case("1700000000.250\n", Some((-1751, 251)))]
    #[case("1700000000.%N\n", Some((-2001, 1)))]
    #[case("1700000000\n", None)]
    #[case("Tue Nov 24\n", None)]
    #[case("-1.5\n", None)]
    #[case("", None)]
    fn a_clock_is_bounded_by_the_round_trip(#[case] stdout: &str, #[case] expected: Option<(i64, i64)>) {
        let output = Output { stdout: stdout.to_owned(), ..Output::default() };
        let (asked, took) = (Duration::from_secs(1_700_000_000), Duration::from_secs(2));
        let clock = parse_clock(&output, asked, took).ok();
        assert_eq!(clock.map(|clock| (clock.ahead_at_least_ms, clock.ahead_at_most_ms)), expected);
    }
}
