//! Reading a journal back: all of it, or the place where it is damaged.

use std::fs;
use std::path::Path;

use super::line::{Trouble, opened};
use super::{JournalError, failed};
use crate::core::event::Record;

/// The largest journal that is read, in bytes. A long run writes a few hundred kilobytes.
const SIZE_MAX: u64 = 256 << 20;

/// What a journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its records.
    pub records: Vec<Record>,
    /// How many bytes they take.
    pub whole_bytes: u64,
    /// What a crash, or a copy that was cut short, left after the last record.
    pub torn: Option<Torn>,
}

/// The beginning of a record whose end was never written. Nothing was done by it: it is synced before the act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The line, counted from 1.
    pub line: usize,
    /// Where it begins in the file.
    pub offset: u64,
    /// How many bytes of it are there.
    pub bytes: u64,
}

impl std::fmt::Display for Torn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, offset, bytes } = self;
        write!(f, "line {line}, byte {offset}: {bytes} bytes of a record whose end was never written")
    }
}

/// Reads a journal. A torn last line, which is what a crash leaves, is dropped.
///
/// # Errors
/// When any other line is no record, or the format is newer than this program.
pub fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
    contents(path).map(|contents| contents.records)
}

/// Reads a journal with what is torn at its end.
///
/// # Errors
/// As [`read`].
pub fn contents(path: &Path) -> Result<Contents, JournalError> {
    let size = fs::metadata(path).map_err(failed("read", path))?.len();
    if size > SIZE_MAX {
        let problem = format!("the file has {size} bytes, more than any run writes");
        return Err(JournalError::Damaged { path: path.to_owned(), line: 1, offset: 0, problem });
    }
    let bytes = fs::read(path).map_err(failed("read", path))?;
    parse(path, &bytes)
}

/// Reads the bytes of a journal; `path` is for messages.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Contents, JournalError> {
    let mut contents = Contents { records: Vec::new(), whole_bytes: 0, torn: None };
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let (line_number, offset) = (at + 1, contents.whole_bytes);
        let damaged = |problem: String| JournalError::Damaged {
            path: path.to_owned(),
            line: line_number,
            offset,
            problem,
        };
        let Some(whole) = line.strip_suffix(b"\n") else {
            contents.torn = Some(Torn { line: line_number, offset, bytes: line.len() as u64 });
            break;
        };
        let text = std::str::from_utf8(whole)
            .map_err(|error| damaged(format!("no text from its byte {} on", error.valid_up_to())))?;
        let record = opened(text, contents.records.last()).map_err(|trouble| match trouble {
            Trouble::Newer(found) => JournalError::Newer { path: path.to_owned(), found },
            Trouble::Damaged(problem) => damaged(problem),
        })?;
        contents.records.push(record);
        contents.whole_bytes += line.len() as u64;
    }
    Ok(contents)
}
