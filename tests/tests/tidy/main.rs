//! The project's own rules, kept by tests: who may use whom, what stays pure, how long things are, what is complete.

mod commands;
mod imports;
mod lists;
mod source;
mod style;
mod workspace;

use std::path::Path;

use anyhow::Context as _;

use crate::source::Source;

/// Fails with every violation, one a line.
fn hold(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n  {}\n", violations.join("\n  "));
}

/// Keeps a rule on every Rust file.
fn in_every_source(rule: &str, judge: fn(&Source) -> Vec<String>) -> anyhow::Result<()> {
    let violations: Vec<String> = workspace::sources()?.iter().flat_map(judge).collect();
    hold(rule, &violations);
    Ok(())
}

#[test]
fn modules_use_only_what_they_may() -> anyhow::Result<()> {
    in_every_source("who may use whom", imports::imports)
}

#[test]
fn core_and_gluster_are_pure() -> anyhow::Result<()> {
    in_every_source("no input, output, clock or async in core and gluster", imports::impure)
}

#[test]
fn files_and_functions_are_short() -> anyhow::Result<()> {
    in_every_source("files of 400 lines, functions of 70", style::too_long)
}

#[test]
fn nothing_panics_on_purpose() -> anyhow::Result<()> {
    in_every_source("errors are returned", style::panics)
}

#[test]
fn every_variant_is_named_in_the_core() -> anyhow::Result<()> {
    in_every_source("a match names every variant", style::wildcards)
}

#[test]
fn no_lint_is_silenced() -> anyhow::Result<()> {
    in_every_source("lints are expected with a reason, not allowed", style::allowed)
}

#[test]
fn no_work_is_put_off() -> anyhow::Result<()> {
    let texts = workspace::texts()?;
    let violations: Vec<String> = texts.iter().flat_map(|(path, text)| style::put_off(path, text)).collect();
    hold("what is to be done is an issue", &violations);
    Ok(())
}

#[test]
fn no_place_of_one_machine_is_named() -> anyhow::Result<()> {
    // The lock file is cargo's own, and names where it found each package.
    let texts = workspace::texts()?.into_iter().filter(|(path, _)| path != Path::new("Cargo.lock"));
    let violations: Vec<String> = texts.flat_map(|(path, text)| style::foreign(&path, &text)).collect();
    hold("no registry's host, no developer's folder", &violations);
    Ok(())
}

#[test]
fn every_scenario_is_in_the_readme() -> anyhow::Result<()> {
    hold("scenarios are listed", &lists::unlisted_scenarios(&workspace::texts()?));
    Ok(())
}

#[test]
fn every_command_of_the_documents_can_be_typed() -> anyhow::Result<()> {
    let texts = workspace::texts()?;
    let known = commands::Known::of(&texts);
    let documents = || texts.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "md"));
    let typed = documents().map(|(_, text)| commands::commands(text).len()).sum::<usize>();
    assert!(typed > 20, "{typed} commands: the documents no longer show them as this test reads them");
    let untypable: Vec<String> =
        documents().flat_map(|(path, text)| commands::untypable(path, text, &known)).collect();
    hold("commands are typed as they are written", &untypable);
    Ok(())
}

#[test]
fn every_code_is_produced() -> anyhow::Result<()> {
    let sources = workspace::sources()?;
    let finding = sources.iter().find(|source| source.path.ends_with("core/code.rs"));
    let text = &finding.context("executor/src/core/code.rs is there")?.text;
    assert!(
        lists::unused_codes(text, &[]).len() > 20,
        "the codes are no longer declared as this test reads them"
    );
    hold("every code has a check that finds it", &lists::unused_codes(text, &sources));
    Ok(())
}

#[test]
fn every_dependency_has_a_reason() -> anyhow::Result<()> {
    let texts = workspace::texts()?;
    let manifests = texts.iter().filter(|(path, _)| path.ends_with("Cargo.toml"));
    let violations: Vec<String> =
        manifests.flat_map(|(path, text)| lists::unreasoned_dependencies(path, text)).collect();
    hold("dependencies say what they are for", &violations);
    Ok(())
}

/// What the rules' own tests are made of.
#[cfg(test)]
mod example {
    use super::{Path, Source};

    /// Reads a file that is only in a test.
    pub(crate) fn source(path: &str, text: &str) -> Source {
        Source::read(Path::new(path), text).unwrap()
    }

    /// Returns the lines that violations name.
    pub(crate) fn lines_of(violations: &[String]) -> Vec<usize> {
        violations.iter().map(|violation| violation.split(':').nth(1).unwrap().parse().unwrap()).collect()
    }
}
