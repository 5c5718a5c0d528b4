//! `path`: the chain of upgrades that the guides allow.

use clap::Args;
use serde_json::json;

use super::OutputFormat;
use super::say::{answer, answerln};
use crate::core::code::Code;
use crate::core::exit::Exit;
use crate::core::names::{InvalidName, Release};
use crate::core::release::path::{self, NoPath, Point};
use crate::render;

#[derive(Debug, Args)]
pub(super) struct PathArgs {
    /// What runs: a release such as 3.8.15, or a line such as 3.8
    #[arg(long, value_name = "RELEASE")]
    from: Point,

    /// What is wanted: a release such as 11.1, or a line such as 11 for its best release
    #[arg(long, value_name = "RELEASE")]
    to: Point,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn path(args: &PathArgs) -> Exit {
    let PathArgs { from, to, output } = args;
    match (path::path(from, to), output) {
        (Ok(hops), OutputFormat::Human) => answer!("{}", render::path(from, to, &hops)),
        (Ok(hops), OutputFormat::Json) => {
            answerln!("{:#}", json!({ "from": from.to_string(), "to": to.to_string(), "hops": hops }));
        }
        (Err(why), output) => return refused(from, to, &why, *output),
    }
    Exit::Done
}

/// Reads a release to come to, as every command does: one of a line that the table knows. That the release itself is
/// in the table is not asked: point releases come out after it was written.
pub(super) fn target(text: &str) -> Result<Release, InvalidName> {
    let release = text.parse()?;
    text.parse::<Point>().map(|_| release)
}

/// Prints that there is no way, and why.
pub(super) fn refused(from: &Point, to: &Point, why: &NoPath, output: OutputFormat) -> Exit {
    let (code, what) = refusal(from, to, why);
    match output {
        OutputFormat::Human => answerln!("REFUSED: {code}: {what}\n  hint: {}", code.hint()),
        OutputFormat::Json => {
            answerln!("{:#}", json!({ "refusal": { "code": code, "what": what, "hint": code.hint() } }));
        }
    }
    Exit::Refused
}

/// Returns the code and the words of a way that there is not.
fn refusal(from: &Point, to: &Point, why: &NoPath) -> (Code, String) {
    match why {
        NoPath::Backward => (Code::ReleaseBackward, format!("{to} is older than {from}")),
        NoPath::Broken { why, instead } => {
            let instead =
                instead.map_or(String::new(), |release| format!("; {release} is the one to stop at"));
            (Code::ReleaseBroken, format!("{to} {why}{instead}"))
        }
        NoPath::NoChain => (Code::ReleaseJump, format!("no chain of guides leads from {from} to {to}")),
    }
}
