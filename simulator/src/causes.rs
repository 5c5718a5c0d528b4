//! Errors with their causes, in one line.

use std::error::Error;

/// Returns what an error says, and what each of its causes says behind it: `cannot start: no such file`.
#[must_use]
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
