//! What people read: plans, findings, halts, live lines. Text only, meaning never in colour alone.

#[cfg(test)]
mod downtime_tests;
mod explain;
mod findings;
mod halt;
mod hazards;
#[cfg(test)]
mod hostile_tests;
mod inspect;
mod live;
mod packages;
mod path;
mod pause;
mod places;
mod plan;
mod printable;
mod safety;
mod status;
#[cfg(test)]
mod status_tests;
mod verify;
mod wait;

pub use explain::{codes, explanation};
pub use findings::{fit, nothing_to_do, offline_way, refusal};
pub use halt::{Commands, failure, halt, interrupted};
pub use hazards::hazards;
pub use inspect::inspect;
pub use live::live_line;
pub use path::path;
pub use pause::{paused, pausing};
pub use plan::{finished, plan, progress};
pub use printable::{printable, printable_json};
pub use safety::in_downtime;
pub use status::{LastRun, status};
pub use verify::{ok_to_stop, verified};

/// Columns of all texts: what a terminal of a rescue console still shows.
const WIDTH: usize = 100;

/// Returns a text wrapped to the width, its first line after `first`, all others indented as deep.
fn hanging(first: &str, text: &str) -> String {
    let indent = " ".repeat(first.chars().count());
    let options = textwrap::Options::new(WIDTH).initial_indent(first).subsequent_indent(&indent);
    // Long words (paths, bricks) are left whole, to be copied.
    let options = options.break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}
