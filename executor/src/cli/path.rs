//! `path`: the chain of upgrades that the guides allow.

use clap::Args;
use serde_json::json;

use super::OutputFormat;
use crate::core::code::Code;
use crate::core::exit::Exit;
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
    let found = path::path(from, to);
    if *output == OutputFormat::Json {
        let answer = match &found {
            Ok(hops) => json!({ "from": from.to_string(), "to": to.to_string(), "hops": hops }),
            Err(why) => {
                let (code, what) = refusal(from, to, why);
                json!({ "refusal": { "code": code, "what": what, "hint": code.hint() } })
            }
        };
        println!("{answer:#}");
    }
    match (&found, output) {
        (Ok(hops), OutputFormat::Human) => print!("{}", render::path(from, to, hops)),
        (Err(why), OutputFormat::Human) => {
            let (code, what) = refusal(from, to, why);
            println!("REFUSED: {code}: {what}\n  hint: {}", code.hint());
        }
        (_, OutputFormat::Json) => {}
    }
    if found.is_ok() { Exit::Done } else { Exit::Refused }
}

/// Returns the code and the words of a way that there is not.
pub(super) fn refusal(from: &Point, to: &Point, why: &NoPath) -> (Code, String) {
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
