//! `explain`: what stands behind the code of a finding.

use clap::Args;
use serde_json::{Value, json};

use super::OutputFormat;
use super::say::{answer, answerln, sayln};
use crate::core::code::Code;
use crate::core::exit::Exit;
use crate::core::explain;
use crate::render;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The code of a finding, such as HEAL_PENDING [default: all codes, with a line each]
    #[arg(value_name = "CODE")]
    code: Option<String>,

    /// How to print the answer on stdout
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn explain(args: &ExplainArgs) -> Exit {
    let Some(text) = &args.code else {
        match args.output {
            OutputFormat::Human => answer!("{}", render::codes()),
            OutputFormat::Json => answerln!("{:#}", Value::from_iter(Code::ALL.iter().copied().map(viewed))),
        }
        return Exit::Done;
    };
    let found = text.to_ascii_uppercase().parse::<Code>().ok();
    match found.and_then(|code| Some((code, explain::explanation(code)?))) {
        Some((code, explanation)) => {
            match args.output {
                OutputFormat::Human => answer!("{}", render::explanation(code, explanation)),
                OutputFormat::Json => answerln!("{:#}", viewed(code)),
            }
            Exit::Done
        }
        None => {
            let nearest: Vec<&str> = explain::nearest(text).into_iter().map(Code::as_str).collect();
            let nearest = if nearest.is_empty() {
                "`executor explain` lists all codes".to_owned()
            } else {
                format!("did you mean {}? `executor explain` lists all codes", nearest.join(" or "))
            };
            sayln!("error: there is no finding with the code `{}`; {nearest}", text.escape_debug());
            Exit::Usage
        }
    }
}

/// Returns a code with all that is known of it.
fn viewed(code: Code) -> Value {
    let explained = explain::explanation(code);
    json!({
        "code": code,
        "hint": code.hint(),
        "waivable": code.waivable(),
        "why": explained.map(|all| &all.why),
        "remedy": explained.map(|all| &all.remedy),
        "tool": explained.map(|all| &all.tool),
        "source": explained.map(|all| &all.source),
    })
}
