//! Who may use whom, and what stays pure.

use std::path::Path;

use crate::source::Source;

/// A module of the executor, and which others it may use. `cli` is in nobody's list.
const TABLE: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("gluster", &["core"]),
    ("transport", &["core"]),
    ("package", &["core", "gluster"]),
    ("service", &["core", "gluster"]),
    ("system", &["core"]),
    ("journal", &["core"]),
    ("render", &["core"]),
    ("observe", &["transport", "gluster", "service", "system", "package", "core"]),
    ("act", &["transport", "gluster", "service", "package", "core"]),
    ("claims", &["transport", "service", "core"]),
    (
        "runner",
        &["observe", "act", "claims", "journal", "transport", "gluster", "package", "service", "core"],
    ),
    ("fake_pool", &["transport", "gluster", "package", "service", "system", "core"]),
];

/// Parts of the simulator that judge: they share no code with the judged.
const JUDGES: &[&str] = &["simulator/src/oracle", "simulator/src/workload"];

/// What does not belong into pure modules, and what begins alike but is plain data.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "tokio",
    "openssh",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "Timestamp::now",
    "Zoned::now",
    "SystemTime::now",
    "Instant::now",
];
const PURE: &[&str] = &[
    "std::net::IpAddr",
    "std::net::SocketAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::AddrParseError",
    "std::process::ExitCode",
];

/// Returns what a file uses against the table. Code of tests may look across, except in the judges.
pub(crate) fn imports(source: &Source) -> Vec<String> {
    let mut violations = Vec::new();
    let judge = JUDGES
        .iter()
        .any(|judge| source.path.starts_with(judge) || source.path == Path::new(judge).with_extension("rs"));
    for found in &source.paths {
        let words: Vec<&str> = found.what.split("::").collect();
        let ["executor", used, ..] = words[..] else { continue };
        let bad = if judge {
            Some(format!("a judge shares no code with the judged, but uses {}", found.what))
        } else if source.path.starts_with("simulator") && !found.test && used != "core" {
            Some(format!("the simulator uses the executor's wire types in core, not {}", found.what))
        } else if source.path.starts_with("executor/src") && !found.test {
            against_table(&source.path, used)
        } else {
            None
        };
        violations.extend(bad.map(|what| source.at(found.line, what)));
    }
    // One line with several names of one module is one violation.
    violations.dedup();
    for found in source.exports.iter().filter(|_| source.path.starts_with("simulator")) {
        if found.what.starts_with("executor::") {
            let what = format!("exports {} again, so that a judge could use it unseen", found.what);
            violations.push(source.at(found.line, what));
        }
    }
    violations
}

fn against_table(path: &Path, used: &str) -> Option<String> {
    let own = path.iter().nth(2)?.to_string_lossy();
    let own = own.trim_end_matches(".rs");
    let module = used.starts_with(|first: char| first.is_ascii_lowercase());
    if ["main", "lib", "cli"].contains(&own) || own == used || !module {
        return None;
    }
    match TABLE.iter().find(|(name, _)| *name == own) {
        None => Some(format!("module {own} is not in the table of who may use whom")),
        Some((_, may)) if may.contains(&used) => None,
        Some((_, may)) => Some(format!("{own} uses {used}, and may use {may:?}")),
    }
}

/// Returns what a file of a pure module does that is not pure: files, processes, network, clocks, async.
pub(crate) fn impure(source: &Source) -> Vec<String> {
    let pure = ["executor/src/core", "executor/src/gluster"];
    if !pure.iter().any(|module| source.path.starts_with(module)) {
        return Vec::new();
    }
    let is = |what: &str, name: &str| {
        what == name || what.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"))
    };
    let paths = source.paths.iter().filter(|found| {
        IMPURE.iter().any(|name| is(&found.what, name)) && !PURE.iter().any(|name| is(&found.what, name))
    });
    let calls = source.calls.iter().filter(|found| ["async", ".await"].contains(&found.what.as_str()));
    paths.chain(calls).filter(|found| !found.test).map(|found| source.at(found.line, &found.what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{lines_of, source};
    use rstest::rstest;

    #[rstest]
    #[case::core_up("executor/src/core/plan/mod.rs", "use crate::render;", &[1])]
    #[case::by_super("executor/src/core/plan/mod.rs", "use super::super::gluster::xml;", &[1])]
    #[case::by_super_inside("executor/src/core/a.rs", "mod b { use super::super::super::journal::J; }", &[1])]
    #[case::within_core("executor/src/core/plan/mod.rs", "use super::names;\nuse super::Step;", &[])]
    #[case::grouped("executor/src/gluster/xml.rs", "use crate::{core::pool,\n transport::{self, Output}};", &[2])]
    #[case::inline("executor/src/journal.rs", "fn f() { crate::core::event::x(); crate::runner::y(); }", &[1])]
    #[case::in_a_macro("executor/src/render/live.rs", "fn f() { println!(\"{}\", crate::observe::X); }", &[1])]
    #[case::cli_by_none("executor/src/runner.rs", "use crate::cli::Failure;", &[1])]
    #[case::cli_itself("executor/src/cli/run.rs", "use crate::runner::run;\nuse crate::cli::Exit;", &[])]
    #[case::new_module("executor/src/novelty.rs", "use crate::core::pool;", &[1])]
    #[case::tests_look_across("executor/src/core/a.rs", "#[cfg(test)]\nmod tests { use crate::render; }", &[])]
    #[case::wire("simulator/src/director.rs", "use executor::core::event::Event;", &[])]
    #[case::parsers("simulator/src/director.rs", "use executor::gluster::parse;", &[1])]
    #[case::exported("simulator/src/lib.rs", "pub use executor::core::event;", &[1])]
    #[case::judge("simulator/src/oracle/after/mod.rs", "use executor::core::names::HostName;", &[1])]
    #[case::judge_in_tests("simulator/src/workload.rs", "#[cfg(test)] mod t { use executor::core::x; }", &[1])]
    fn imports_can_fail(#[case] path: &str, #[case] text: &str, #[case] expected: &[usize]) {
        assert_eq!(lines_of(&imports(&source(path, text))), expected);
    }

    #[rstest]
    #[case::files("core/a.rs", "use std::{\n fmt,\n fs::{self, File}};", &[3, 3])]
    #[case::clock("gluster/a.rs", "fn f() { std::time::Instant::now(); }", &[1])]
    #[case::imported_clock("core/a.rs", "fn f() {\n jiff::Timestamp::now();\n Timestamp::now(); }", &[2, 3])]
    #[case::asynchronous("core/a.rs", "async fn f() {\n g().await }", &[1, 2])]
    #[case::data("core/a.rs", "use std::net::IpAddr;\nuse std::time::Duration;", &[])]
    #[case::elsewhere("journal.rs", "use std::fs;", &[])]
    #[case::tests("core/a.rs", "#[cfg(test)] mod tests { use std::fs; }", &[])]
    fn purity_can_fail(#[case] path: &str, #[case] text: &str, #[case] expected: &[usize]) {
        assert_eq!(lines_of(&impure(&source(&format!("executor/src/{path}"), text))), expected);
    }
}
