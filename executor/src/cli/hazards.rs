//! `hazards`: the known breaks of an upgrade, on every hop of its way.

use clap::Args;
use serde_json::json;

use super::OutputFormat;
use super::path::refused;
use super::say::{answer, answerln};
use crate::core::exit::Exit;
use crate::core::hazard::{self, Hazard};
use crate::core::release::path::{self, Hop, Point};
use crate::render;

#[derive(Debug, Args)]
pub(super) struct HazardsArgs {
    /// What runs: a release such as 10.3, or a line such as 10
    #[arg(long, value_name = "RELEASE")]
    from: Point,

    /// What is wanted: a release such as 11.1, or a line such as 11 for its best release
    #[arg(long, value_name = "RELEASE")]
    to: Point,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn hazards(args: &HazardsArgs) -> Exit {
    let HazardsArgs { from, to, output } = args;
    let hops = match path::path(from, to) {
        Ok(hops) => hops,
        Err(why) => return refused(from, to, &why, *output),
    };
    let of = |(at, hop): (usize, &Hop)| -> (String, Vec<&'static Hazard>) {
        // The first hop starts at what was named; each other one where the one before it stopped.
        let start = if at == 0 { from.clone() } else { Point::Exact(hops[at - 1].to) };
        (format!("{start} → {}", hop.to), hazard::between(&start, hop.to))
    };
    let found: Vec<(String, Vec<&Hazard>)> = hops.iter().enumerate().map(of).collect();
    match output {
        OutputFormat::Human if found.is_empty() => answer!("{}", render::path(from, to, &hops)),
        OutputFormat::Human => answer!("{}", render::hazards(&found)),
        OutputFormat::Json => {
            let hops: Vec<_> =
                found.iter().map(|(hop, hazards)| json!({ "hop": hop, "hazards": hazards })).collect();
            answerln!("{:#}", json!({ "from": from.to_string(), "to": to.to_string(), "hops": hops }));
        }
    }
    Exit::Done
}
