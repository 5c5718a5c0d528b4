//! The executor, asked on a pool that is up.

#![expect(clippy::unwrap_used, reason = "a panic of a test's helper is the report")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use simulator::artifacts::Artifacts;
use simulator::pool::Pool;

use crate::program::Program;

/// The user that calls it, whoever runs the tests.
pub const OPERATOR: &str = "alice";

/// The executor with an inventory of a pool and a state folder of its own.
#[derive(Debug)]
pub struct Asked {
    /// The inventory.
    pub inventory: PathBuf,
    /// Where its journals are kept. Made by the first run.
    pub state: PathBuf,
    _folder: tempfile::TempDir,
}

impl Asked {
    /// Writes the inventory of a pool.
    pub fn on(pool: &Pool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::create(folder.path(), "asked", jiff::Timestamp::now()).unwrap();
        let inventory = artifacts.write_inventory(pool).unwrap();
        Self { inventory, state: folder.path().join("state"), _folder: folder }
    }

    /// Returns the executor of another operator, who has the same inventory and journals of their own.
    pub fn by_another(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { inventory: self.inventory.clone(), state: folder.path().join("state"), _folder: folder }
    }

    /// Returns its command with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Program::Executor.path());
        command.args(arguments).arg("--inventory").arg(&self.inventory).arg("--state-dir").arg(&self.state);
        command.env("SUDO_USER", OPERATOR);
        command
    }

    /// Runs it with nobody there to answer.
    pub fn alone(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs it on a terminal at which somebody types this.
    pub fn at_a_terminal(&self, typed: &str) -> Output {
        let words: Vec<String> = std::iter::once(Program::Executor.path().display().to_string())
            .chain(["run", "--to", "11.1", "--inventory"].map(str::to_owned))
            .chain([self.inventory.display().to_string()])
            .chain(["--state-dir".to_owned(), self.state.display().to_string()])
            .collect();
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// Returns what a program printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
