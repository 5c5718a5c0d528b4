//! The oracle's shell over the container engine.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::{Ran, Shell};
use crate::engine::{Engine, ExecOutput};

/// The end of any command; the oracle's own limits are all shorter and give better reasons.
const DEADLINE: Duration = Duration::from_secs(300);

/// Reaches hosts as containers, past SSH and everything else the executor uses.
#[derive(Debug, Clone)]
pub struct EngineShell {
    engine: Engine,
    containers: BTreeMap<String, String>,
}

impl EngineShell {
    /// Returns a shell to these hosts, each with the name of its container.
    pub fn new(engine: Engine, containers: BTreeMap<String, String>) -> Self {
        Self { engine, containers }
    }
}

#[async_trait]
impl Shell for EngineShell {
    async fn run(&self, host: &str, argv: &[&str]) -> Result<Ran, String> {
        let container = self.containers.get(host).ok_or_else(|| format!("{host} has no container"))?;
        match self.engine.exec_within(container, argv, DEADLINE).await {
            Ok(ExecOutput { status, stdout, stderr }) => Ok(Ran { status, stdout, stderr }),
            Err(error) => {
                // The chain of reasons in one line: the engine's own words come last.
                let mut reason = error.to_string();
                let mut source = std::error::Error::source(&error);
                while let Some(cause) = source {
                    reason = format!("{reason}: {cause}");
                    source = cause.source();
                }
                Err(reason)
            }
        }
    }
}
