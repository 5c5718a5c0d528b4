//! The executor's program, run as an operator would run it, with an environment of its own.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, ensure};
use tempfile::TempDir;

/// A folder with an inventory, and an empty home, so that nobody's ssh configuration plays along.
#[derive(Debug)]
pub struct Place {
    program: PathBuf,
    folder: TempDir,
}

/// How the program ended and what it printed.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Place {
    /// Makes the folder, with this inventory as `pool.toml`.
    ///
    /// # Errors
    /// When the executor is not built, or there is no place for the folder.
    pub fn new(inventory: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("pool.toml"), inventory)?;
        Ok(Self { program: executor()?, folder })
    }

    /// Runs the executor.
    ///
    /// # Errors
    /// When it cannot be started, or prints something that is no text.
    pub async fn executor(&self, arguments: &[&str]) -> anyhow::Result<Ended> {
        let output = tokio::process::Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").context("there is a PATH")?)
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        Ok(Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }
}

/// Returns the executor's program. Cargo puts it one folder above the tests.
fn executor() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let profile = test.parent().and_then(|deps| deps.parent()).context("a test is in target/PROFILE/deps")?;
    let program = profile.join("executor");
    ensure!(
        program.is_file(),
        "{} is not there; build it first: cargo build --workspace --bins (scripts/test does)",
        program.display()
    );
    Ok(program)
}
