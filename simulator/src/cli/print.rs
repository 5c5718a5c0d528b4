//! Answers on stdout.

use std::io::{ErrorKind, Write as _};

use serde::Serialize;

use super::{Exit, Failure};
use crate::printable::printable;

/// Prints a text for people: what it has from files, no terminal obeys.
///
/// # Errors
/// Where stdout takes nothing; but not where nobody reads it any more, as behind `| head`.
pub(super) fn text(text: &str) -> Result<(), Failure> {
    data(&printable(text))
}

/// Prints one JSON document.
///
/// # Errors
/// As [`text`].
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(unknown)?;
    data(&(text + "\n"))
}

/// Prints a text as it is.
///
/// # Errors
/// As [`text`].
pub(super) fn data(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(unknown(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// An answer that could not be given.
pub(super) fn unknown(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure { exit: Exit::Unknown, error: error.into(), hint: None }
}

/// Returns lines of columns, each as wide as its widest cell.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["a", "bb", ""], ["aäa", "b", "c"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows), "a    bb\naäa  b   c\n");
    }
}
