//! A record as a line of the journal: JSON, whose last member is a checksum of all that comes before it.
//!
//! `{"format":4,"sequence":2,"at":"…","event":{…},"sum":"0123456789abcdef"}`
//!
//! The sum is the first eight bytes of the SHA-256 of the record without it, in hex. A disk that hands back another
//! byte than was written is found out before anything is done by what it says. Formats before 4 have no sum.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::core::event::{FORMAT, Record};

/// The first format whose lines carry a sum.
const SUMMED_SINCE: u32 = 4;

/// What stands before the sum, and after it.
const BEFORE: &str = ",\"sum\":\"";
const AFTER: &str = "\"}";

/// How many characters the sum has.
const SUM_LENGTH: usize = 16;

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is of a later program.
    Newer(u32),
    /// It is no record, or not the one that was written.
    Damaged(String),
}

/// Writes a record as a line, without its end.
pub(super) fn sealed(record: &Record) -> serde_json::Result<String> {
    let text = serde_json::to_string(record)?;
    let sum = sum(&text);
    let body = text.strip_suffix('}').unwrap_or(&text);
    Ok(format!("{body}{BEFORE}{sum}{AFTER}"))
}

/// Reads a line without its end. `last`: the record before it.
pub(super) fn opened(line: &str, last: Option<&Record>) -> Result<Record, Trouble> {
    let damaged = |problem: String| Err(Trouble::Damaged(problem));
    let (text, written) = split(line);
    if let Some(written) = written {
        let found = sum(&text);
        if written != found {
            return damaged(format!("its checksum is {found}, and {written} was written"));
        }
    }
    let Ok(OnlyFormat { format }) = serde_json::from_str(&text) else {
        return damaged("no format number".to_owned());
    };
    if format > u64::from(FORMAT) {
        return Err(Trouble::Newer(u32::try_from(format).unwrap_or(u32::MAX)));
    }
    if written.is_none() && format >= u64::from(SUMMED_SINCE) {
        return damaged("it has no checksum".to_owned());
    }
    let record: Record = match serde_json::from_str(&text) {
        Ok(record) => record,
        Err(error) => return damaged(error.to_string()),
    };
    let expected = last.map_or(1, |last| last.sequence + 1);
    if record.sequence != expected {
        return damaged(format!("record {} where {expected} was due", record.sequence));
    }
    // Older programs do not go on with what a newer one began, so that the sums cannot end midway.
    match last {
        Some(last) if record.format < last.format => {
            damaged(format!("format {} after format {}", record.format, last.format))
        }
        Some(_) | None => Ok(record),
    }
}

/// The one member that every format has.
#[derive(Deserialize)]
struct OnlyFormat {
    format: u64,
}

/// Returns the record's own text, and the sum that was written for it, where there is one.
fn split(line: &str) -> (String, Option<&str>) {
    let sum = line.strip_suffix(AFTER).and_then(|rest| {
        let (body, sum) = rest.split_at_checked(rest.len().checked_sub(SUM_LENGTH)?)?;
        Some((body.strip_suffix(BEFORE)?, sum))
    });
    match sum {
        Some((body, sum)) => (format!("{body}}}"), Some(sum)),
        None => (line.to_owned(), None),
    }
}

fn sum(text: &str) -> String {
    Sha256::digest(text).iter().take(SUM_LENGTH / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::Event;

    fn record(sequence: u64) -> Record {
        let at = jiff::Timestamp::UNIX_EPOCH;
        Record { format: FORMAT, sequence, at, event: Event::StepFailed { step: 7, error: "ä\"}".into() } }
    }

    #[test]
    fn a_line_is_json_with_its_sum_last_and_read_back() {
        let line = sealed(&record(1)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["sum"].as_str().map(str::len), Some(SUM_LENGTH));
        assert_eq!(
            serde_json::from_str::<Record>(&line).unwrap(),
            record(1),
            "who knows no sums reads it too"
        );
        assert_eq!(opened(&line, None), Ok(record(1)));
    }

    #[test]
    fn no_byte_of_a_line_can_change_unseen() {
        let line = sealed(&record(1)).unwrap();
        for at in 0..line.len() {
            for flip in [1_u8, 2, 4, 16, 64] {
                let mut bytes = line.clone().into_bytes();
                bytes[at] ^= flip;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(opened(&changed, None).is_err(), "byte {at}: {changed}");
            }
        }
    }

    #[test]
    fn the_sum_cannot_be_left_out_from_format_4_on() {
        let bare = serde_json::to_string(&record(1)).unwrap();
        assert_eq!(opened(&bare, None), Err(Trouble::Damaged("it has no checksum".into())));
        let older = Record { format: 3, ..record(2) };
        let older = serde_json::to_string(&older).unwrap();
        let before = Record { format: 3, ..record(1) };
        assert!(opened(&older, Some(&before)).is_ok());
        assert_eq!(opened(&older, Some(&record(1))), Err(Trouble::Damaged("format 3 after format 4".into())));
    }
}
