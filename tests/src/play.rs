//! A pool that is played with by hand, through the simulator's own commands.

#![expect(clippy::unwrap_used, reason = "a panic of a test's helper is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::asked::text;
use crate::engine::engine_leftovers;
use crate::program::Program;

/// A folder with a scenario and what comes of it. Dropped, also by a panic, its pool is gone.
#[derive(Debug)]
pub struct Play {
    folder: tempfile::TempDir,
    /// The run that was begun last; empty before that.
    pub run: String,
}

impl Play {
    /// Writes a scenario.
    pub fn of(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("play.toml"), scenario).unwrap();
        Self { folder, run: String::new() }
    }

    /// Returns the scenario's file.
    pub fn scenario(&self) -> PathBuf {
        self.folder.path().join("play.toml")
    }

    /// Returns where runs are kept.
    pub fn runs(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    /// Brings its pool up; returns the inventory's file.
    pub fn up(&mut self) -> String {
        let (scenario, runs) = (self.scenario(), self.runs());
        let up = simulator(&["up", scenario.to_str().unwrap(), "--runs", runs.to_str().unwrap()]);
        self.note(&up);
        assert_eq!(up.status.code(), Some(0), "{}", text(&up.stderr));
        text(&up.stdout)
    }

    /// Takes note of which run a program has begun.
    pub fn note(&mut self, output: &Output) {
        let said = text(&output.stderr);
        let line = said.lines().find_map(|line| line.strip_prefix("run "));
        self.run = line
            .unwrap_or_else(|| panic!("no run was begun: {said}"))
            .split([':', ';'])
            .next()
            .unwrap()
            .to_owned();
    }

    /// Takes its pool down.
    pub fn down(&self) -> Output {
        let down = simulator(&["down", &self.run]);
        assert_eq!(down.status.code(), Some(0), "{}", text(&down.stderr));
        down
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        if !self.run.is_empty() && !engine_leftovers(&self.run).is_empty() {
            simulator(&["down", &self.run]);
        }
    }
}

/// Runs the simulator at the root of the workspace.
pub fn simulator(arguments: &[&str]) -> Output {
    command(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Returns a command of the simulator at the root of the workspace.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(Program::Simulator.path());
    command.args(arguments).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command
}
