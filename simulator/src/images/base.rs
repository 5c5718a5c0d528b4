//! The base of an image: the public one where it can be pulled, else one made from the distribution's packages, where
//! the family has such a one.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::Say;
use super::error::ImageError;
use crate::causes::with_causes;
use crate::engine::{Engine, EngineError};

/// What an unreachable registry may cost. A reachable one delivers a slim base in a few seconds.
const PULL_LIMIT: Duration = Duration::from_secs(20);
/// The same where there is nothing to go on with instead, and a base of any size.
const ONLY_PULL_LIMIT: Duration = Duration::from_secs(600);
/// What a bootstrap may take; half a minute is usual, a slow mirror needs some.
const BOOTSTRAP_LIMIT: Duration = Duration::from_secs(600);
/// The repository of bootstrapped bases on the engine.
const REPOSITORY: &str = "gluster-upgrade/base";

/// Where the base of an image came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseKind {
    /// It was pulled.
    Public,
    /// It was made from packages.
    Bootstrap,
}

impl BaseKind {
    /// Every kind, in the order in which they are tried.
    pub const ALL: [BaseKind; 2] = [BaseKind::Public, BaseKind::Bootstrap];

    /// Returns its name, as labels and messages have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BaseKind::Public => "public",
            BaseKind::Bootstrap => "bootstrap",
        }
    }
}

/// Gets the base of a distribution onto the engine; returns its kind and its name there.
pub(super) async fn obtain(
    engine: &Engine,
    public: &str,
    bootstrap: Option<&str>,
    say: Say<'_>,
) -> Result<(BaseKind, String), ImageError> {
    let Some(bootstrap) = bootstrap else {
        return only_public(engine, public, say).await;
    };
    let refusal = match engine.pull(public, PULL_LIMIT).await {
        Ok(()) => {
            say(&format!("base: {public}, pulled"));
            return Ok((BaseKind::Public, public.to_owned()));
        }
        Err(error) => with_causes(&error).replace('\n', " "),
    };
    let name = format!("{REPOSITORY}:{bootstrap}");
    if engine.image(&name).await?.is_some() {
        say(&format!("base: {name}, made earlier ({refusal})"));
        return Ok((BaseKind::Bootstrap, name));
    }
    say(&format!("base: {bootstrap} from the distribution's packages, with mmdebstrap ({refusal})"));
    let folder = tempfile::tempdir().map_err(|source| ImageError::Bootstrap {
        suite: bootstrap.to_owned(),
        reason: source.to_string(),
    })?;
    // To a file first: an engine that is fed by a pipe would take half a base for a whole one.
    let archive = folder.path().join("base.tar");
    mmdebstrap(bootstrap, &archive).await?;
    engine.import(&archive, REPOSITORY, bootstrap).await?;
    Ok((BaseKind::Bootstrap, name))
}

/// Gets the base of a family that has no other: from the engine, where somebody may have brought it, else by a pull.
async fn only_public(engine: &Engine, public: &str, say: Say<'_>) -> Result<(BaseKind, String), ImageError> {
    if engine.image(public).await?.is_some() {
        say(&format!("base: {public}, on the engine already"));
    } else {
        say(&format!("base: pulling {public}"));
        engine.pull(public, ONLY_PULL_LIMIT).await.map_err(|error| needs_registry(public, &error))?;
    }
    Ok((BaseKind::Public, public.to_owned()))
}

fn needs_registry(public: &str, refusal: &EngineError) -> ImageError {
    ImageError::NeedsRegistry { public: public.to_owned(), reason: with_causes(refusal).replace('\n', " ") }
}

/// Runs mmdebstrap; the mirror is its own default.
async fn mmdebstrap(suite: &str, archive: &Path) -> Result<(), ImageError> {
    let failed = |reason: String| ImageError::Bootstrap { suite: suite.to_owned(), reason };
    let child = Command::new("mmdebstrap")
        .args(["--variant=minbase", "--format=tar", suite])
        .arg(archive)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let child = match child {
        Ok(child) => Terminated(Some(child)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ImageError::NoBootstrap);
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    let output = tokio::time::timeout(BOOTSTRAP_LIMIT, child.output())
        .await
        .map_err(|_elapsed| failed(format!("no end within {} s", BOOTSTRAP_LIMIT.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(failed(format!("{}: {}", output.status, last.unwrap_or("it said nothing"))))
}

/// A child that is asked to end when its owner loses interest. Asked, not killed: it has mounts to take down.
struct Terminated(Option<Child>);

impl Terminated {
    async fn output(mut self) -> std::io::Result<std::process::Output> {
        let Some(child) = self.0.as_mut() else {
            return Err(std::io::Error::other("no child"));
        };
        let mut stderr = Vec::new();
        if let Some(mut pipe) = child.stderr.take() {
            tokio::io::AsyncReadExt::read_to_end(&mut pipe, &mut stderr).await?;
        }
        let status = child.wait().await?;
        self.0 = None;
        Ok(std::process::Output { status, stdout: Vec::new(), stderr })
    }
}

impl Drop for Terminated {
    fn drop(&mut self) {
        if let Some(pid) = self.0.as_ref().and_then(Child::id) {
            let asked = std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status();
            tracing::debug!(pid, ?asked, "asked the bootstrap to end");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_registry_and_a_bootstrap_the_error_says_what_to_do() {
        let refusal = EngineError::Unexpected {
            what: "pulling some:1".to_owned(),
            expected: "an end within 600 s".to_owned(),
            found: "none".to_owned(),
        };
        let error = needs_registry("some:1", &refusal);
        let text = error.to_string();
        assert!(
            text.starts_with("no base: some:1 could not be pulled, and this family has no other: "),
            "{text}"
        );
        assert!(text.contains("within 600 s"), "{text}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("registry") && hint.contains("docker load"), "{hint}");
    }
}
