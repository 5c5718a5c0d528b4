//! The programs under test, run as an operator would run them.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use tempfile::TempDir;

/// A program under test, as the workspace's build left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `executor`.
    Executor,
    /// `simulator`.
    Simulator,
}

impl Program {
    /// Returns the program's file, which lies above the folder of the tests' own.
    ///
    /// # Panics
    /// When it is not built: `cargo build` comes first, as `make test` does it.
    pub fn path(self) -> PathBuf {
        let name = match self {
            Self::Executor => "executor",
            Self::Simulator => "simulator",
        };
        let test = std::env::current_exe().unwrap_or_default();
        let path = test.ancestors().nth(2).map(|folder| folder.join(name)).unwrap_or_default();
        assert!(path.is_file(), "{} is not built; run `cargo build` first", path.display());
        path
    }
}

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
    /// When there is no place for the folder.
    ///
    /// # Panics
    /// When the executor is not built.
    pub fn new(inventory: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("pool.toml"), inventory)?;
        Ok(Self { program: Program::Executor.path(), folder })
    }

    /// Returns where a file of the folder is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
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
            // For `docker exec`: the engine that the tests themselves use.
            .envs(std::env::var_os("DOCKER_HOST").map(|engine| ("DOCKER_HOST", engine)))
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
