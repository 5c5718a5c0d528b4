//! Building images: a build that breaks or is interrupted leaves nothing that looks finished.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use acceptance::program::Program;

/// A copy of the project's images whose Dockerfile has another instruction first.
fn images_with(instruction: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images/.");
    let copied = Command::new("cp").arg("-r").arg(from).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    let path = folder.path().join("Dockerfile");
    let dockerfile = std::fs::read_to_string(&path).unwrap();
    assert!(dockerfile.contains("FROM ${BASE}\n"));
    let changed = dockerfile.replacen("FROM ${BASE}\n", &format!("FROM ${{BASE}}\n{instruction}\n"), 1);
    std::fs::write(path, changed).unwrap();
    folder
}

fn simulator(images: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(Program::Simulator.path());
    command.arg("images").arg("--images").arg(images).args(words);
    command
}

/// Returns the first family's row for this folder, as the simulator's own list has it.
fn row(images: &Path) -> serde_json::Value {
    let output = simulator(images, &["list", "--output", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    rows[0].clone()
}

/// Returns the family's image that is up to date, or null.
fn listed(images: &Path) -> serde_json::Value {
    row(images)["image"].clone()
}

#[test]
fn a_broken_build_leaves_nothing_that_looks_finished() {
    let images = images_with("RUN echo this one breaks && false");
    let output = simulator(images.path(), &["build"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("this one breaks"), "the last words of the build are shown: {said}");
    assert_eq!(listed(images.path()), serde_json::Value::Null);
}

#[test]
fn an_interrupted_build_leaves_nothing_that_looks_finished() {
    let images = images_with("RUN echo this one takes long && sleep 600");
    let mut child = simulator(images.path(), &["build"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let shown = lines.find(|line| line.as_ref().unwrap().contains("sleep 600"));
    assert!(shown.is_some(), "progress is shown, a line for each instruction");
    let interrupted = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{rest:?}");
    assert_eq!(listed(images.path()), serde_json::Value::Null);
}

#[test]
fn what_is_built_is_found_and_not_built_again() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
    let first = simulator(&images, &["build"]).output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let said = String::from_utf8_lossy(&first.stderr);
    assert!(
        said.contains("image centos-7: left out: "),
        "what needs a registry is built by its name alone: {said}"
    );
    let image = listed(&images);
    assert!(image.as_str().unwrap().starts_with("gluster-upgrade/debian-bookworm:"), "{image}");
    let again = simulator(&images, &["build"]).output().unwrap();
    assert!(again.status.success());
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(!said.contains("Step 1/"), "it is built again: {said}");
    assert_eq!(listed(&images), image);
    // An image is built without a release that the archive has lost; here all of them must be there.
    assert_eq!(row(&images)["missing"], serde_json::json!([]));
    assert_eq!(row(&images)["releases"], serde_json::json!(["9.2", "10.3", "11.1"]));
}
