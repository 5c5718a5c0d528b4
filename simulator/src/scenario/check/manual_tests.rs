//! Tests of the manual, scenarios/README.md: what it shows can be read, and it names every key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::{Cue, Scenario, schema};
use super::tests::catalog;

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

fn manual() -> String {
    std::fs::read_to_string(scenarios().join("README.md")).unwrap()
}

/// Returns the block of TOML below a heading of the manual.
fn block(heading: &str) -> String {
    let manual = manual();
    let below = manual.split_once(&format!("### {heading}\n")).unwrap().1;
    below.split_once("```toml\n").unwrap().1.split_once("```\n").unwrap().0.to_owned()
}

/// Reads a block as a file beside the project's scenarios.
fn read(name: &str, text: &str) -> Vec<Scenario> {
    let folder = tempfile::tempdir().unwrap();
    let base = "online-replicated.toml";
    std::fs::copy(scenarios().join(base), folder.path().join(base)).unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    Scenario::cases(&path, &catalog()).unwrap()
}

#[test]
fn the_scenario_with_every_key_can_be_read() {
    let text = block("Every key");
    let scenario = read("every-key.toml", &text).remove(0);
    assert!(matches!(scenario.orders[0].faults[0].cue, Cue::After(_)));
    assert_eq!((scenario.sessions.len(), scenario.applications.len()), (1, 1));
    let with_matrix: Vec<&str> = text
        .lines()
        .map(|line| match line {
            "# [matrix]                        # makes several cases of one file; see below" => "[matrix]",
            line if line.starts_with("# releases = ") || line.starts_with("# init = ") => &line[2..],
            line => line,
        })
        .collect();
    assert_eq!(read("every-key.toml", &with_matrix.join("\n")).len(), 4);
}

#[test]
fn the_file_that_extends_another_one_is_as_it_says() {
    let scenario = read("nine.toml", &block("Extend another one")).remove(0);
    assert_eq!((scenario.pool.servers.len(), scenario.pool.servers[0].release.as_str()), (9, "9.2"));
    assert_eq!(scenario.workload.unwrap().operations_per_second, 2.0);
    assert_eq!(scenario.orders[0].to.to_string(), "10.3");
    assert_eq!(scenario.expect.lost_options.len(), 1);
}

#[test]
fn the_cases_are_called_as_it_says() {
    let cases = read("hops.toml", &block("Make several cases of one"));
    let names: Vec<&str> = cases.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!((names.len(), names[0]), (4, "hops@9.2-10.3-bare"));
    assert!(cases[0].command().ends_with("hops.toml --case 9.2-10.3-bare"));
}

#[test]
fn every_key_of_a_scenario_is_in_the_manual() {
    fn keys(schema: &Value, found: &mut BTreeSet<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            found.extend(properties.keys().cloned());
        }
        let parts = schema.as_object().into_iter().flat_map(|schema| schema.values());
        parts.chain(schema.as_array().into_iter().flatten()).for_each(|part| keys(part, found));
    }
    let mut found = BTreeSet::new();
    keys(&serde_json::from_str(&schema().unwrap()).unwrap(), &mut found);
    assert!(found.len() > 60, "{} keys: the schema is no longer as this test reads it", found.len());
    let manual = manual();
    let words: BTreeSet<&str> = manual.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    found.retain(|key| !words.contains(key.as_str()));
    assert_eq!(found, BTreeSet::new());
}
