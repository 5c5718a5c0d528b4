//! Talking to the operator, on standard error; and answers, on standard output.
//!
//! `eprintln!` panics where nobody can read any more: a terminal that was closed, a pipe whose reader is gone. A run that
//! has a server down must go on to where it is safe all the same; the journal has everything that is said.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::core::exit::Exit;
use crate::render;

/// Writes to standard error what can be written.
pub(super) fn write(text: Arguments<'_>) {
    let _ = std::io::stderr().write_fmt(text);
}

/// Whether an answer could not be written.
static UNWRITTEN: AtomicBool = AtomicBool::new(false);

/// Writes an answer to standard output. A reader that went away wanted no more of it; any other trouble is told, and
/// decides how the program ends ([`told`]).
pub(super) fn put(text: Arguments<'_>) {
    let mut stdout = std::io::stdout();
    match stdout.write_fmt(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            write(format_args!("error: the answer could not be written to standard output: {error}\n"));
            UNWRITTEN.store(true, Ordering::Relaxed);
        }
        Ok(()) | Err(_) => {}
    }
}

/// Returns how the program ends: as it would, unless its answer was lost.
pub(super) fn told(exit: Exit) -> Exit {
    if UNWRITTEN.load(Ordering::Relaxed) { Exit::Defect } else { exit }
}

/// Writes an answer to standard output as JSON. What hosts said is in it, and a terminal obeys none of it.
pub(super) fn print_json(answer: &impl Serialize) -> serde_json::Result<()> {
    answerln!("{}", render::printable_json(&serde_json::to_string_pretty(answer)?));
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

/// Writes an answer, as `print!` does, and goes on where nobody reads.
macro_rules! answer {
    ($($text:tt)*) => { $crate::cli::say::put(format_args!($($text)*)) };
}

/// Writes a line of an answer, as `println!` does, and goes on where nobody reads.
macro_rules! answerln {
    ($($text:tt)*) => { $crate::cli::say::put(format_args!("{}\n", format_args!($($text)*))) };
}

pub(super) use {answer, answerln, say, sayln};
