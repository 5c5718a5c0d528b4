//! Talking to the operator, on standard error.
//!
//! `eprintln!` panics where nobody can read any more: a terminal that was closed, a pipe whose reader is gone. A run that
//! has a server down must go on to where it is safe all the same; the journal has everything that is said.

use std::fmt::Arguments;
use std::io::Write as _;

use serde::Serialize;

use crate::render;

/// Writes to standard error what can be written.
pub(super) fn write(text: Arguments<'_>) {
    let _ = std::io::stderr().write_fmt(text);
}

/// Writes an answer to standard output as JSON. What hosts said is in it, and a terminal obeys none of it.
///
/// # Panics
/// As `println!` does, where nobody can read it.
pub(super) fn print_json(answer: &impl Serialize) -> serde_json::Result<()> {
    println!("{}", render::printable_json(&serde_json::to_string_pretty(answer)?));
    Ok(())
}

/// Lets the program talk of what it does: the more often `--verbose` was given, the more.
pub(super) fn listen(verbose: u8) {
    let level = match verbose {
        0 => "executor=warn",
        1 => "executor=info",
        _ => "executor=debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let talk =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // Its own errors would be told by a panic, where nobody can read any more.
    talk.log_internal_errors(false).init();
}

/// Says something, as `eprint!` does, and goes on where nobody listens.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::say::write(format_args!($($text)*)) };
}

/// Says a line, as `eprintln!` does, and goes on where nobody listens.
macro_rules! sayln {
    ($($text:tt)*) => { $crate::cli::say::write(format_args!("{}\n", format_args!($($text)*))) };
}

pub(super) use {say, sayln};
