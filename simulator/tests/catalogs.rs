//! Catalogs of an operator's own, as they are given to the program: what they add is known, and what is wrong with one is
//! told with its place and a remedy before any engine is asked.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rstest::rstest;

/// The example of the documentation: what is said there is what is tried.
fn example() -> &'static str {
    let document = include_str!("../../docs/own-packages.md");
    document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

/// A folder with a catalog and the folder of packages beside it.
struct Own(tempfile::TempDir);

impl Own {
    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("built")).unwrap();
        std::fs::write(folder.path().join("own.toml"), text).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("own.toml")
    }

    /// Runs the simulator with this catalog, and no engine within reach.
    fn simulator(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simulator"));
        command.args(arguments).arg("--catalog").arg(self.file());
        command.env("DOCKER_HOST", "unix:///nonexistent/engine.sock").stdin(Stdio::null());
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_release_of_ones_own_is_known_to_every_scenario_of_the_family() {
    let own = Own::of(example());
    let planned = own.simulator(&["plan", "scenarios/online-replicated.toml", "--to", "11.9"]);
    assert_eq!(planned.status.code(), Some(0), "{}", text(&planned.stderr));
    assert!(text(&planned.stdout).contains("11.9"), "{}", text(&planned.stdout));
    let checked = own.simulator(&["check", "scenarios/online-replicated.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
}

#[rstest]
#[case::no_toml("[[family]]", "[[family]", 1, "")]
#[case::unknown_key("packages =", "package =", 8, "unknown field `package`")]
#[case::unknown_base(
    "base = { family = \"debian-bookworm\"",
    "base = { family = \"fedora\"",
    4,
    "base of a family: expected a family of the project's catalog (debian-bookworm, centos-7), found `fedora`"
)]
#[case::release_twice("\"11.9\"", "\"11.1\"", 7, "version: expected each once, found `11.1`")]
#[case::no_packages("\"built\"", "\"building\"", 8, "packages: expected a folder with the packages")]
#[case::no_version("\"11.9\"", "\"11.9 nightly\"", 7, "version: expected lower-case letters")]
fn a_bad_catalog_ends_with_2_before_any_engine_is_asked(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] line: usize,
    #[case] says: &str,
) {
    assert!(example().contains(right));
    let own = Own::of(&example().replacen(right, wrong, 1));
    for command in [
        &["run", "scenarios/online-replicated.toml", "--executor", env!("CARGO_BIN_EXE_simulator")][..],
        &["up", "scenarios/online-replicated.toml"],
        &["images", "build"],
        &["plan", "scenarios/online-replicated.toml"],
    ] {
        let output = own.simulator(command);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {stderr}");
        assert!(stderr.contains(&format!("own.toml:{line}: ")), "{command:?}: {stderr}");
        assert!(stderr.contains(says) && stderr.contains("hint: "), "{command:?}: {stderr}");
        assert_eq!(text(&output.stdout), "", "stdout is for data");
    }
}
