//! The oracle's shell over the container engine.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc::{self, Receiver};

use super::{Ran, Shell};
use crate::engine::{Engine, ExecOutput};

/// The end of any command; the oracle's own limits are all shorter and give better reasons.
const DEADLINE: Duration = Duration::from_secs(300);

/// Lines that wait for their listener before the command has to.
const LINES_AHEAD: usize = 64;

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
            Err(error) => Err(reason(&error)),
        }
    }

    fn lines(&self, host: &str, argv: &[&str]) -> Receiver<Result<String, String>> {
        let (sender, lines) = mpsc::channel(LINES_AHEAD);
        let lost = format!("{host} has no container");
        let spoken = self.containers.get(host).map(|container| self.engine.exec_lines(container, argv));
        tokio::spawn(async move {
            let end = match spoken {
                Some(mut spoken) => {
                    loop {
                        let line = tokio::select! {
                            () = sender.closed() => return,
                            line = spoken.next_line() => line,
                        };
                        let Some(line) = line else { break };
                        if sender.send(Ok(line)).await.is_err() {
                            return;
                        }
                    }
                    match spoken.finish().await {
                        Ok(output) => format!("exit {}: {}", output.status, output.last_words()),
                        Err(error) => reason(&error),
                    }
                }
                None => lost,
            };
            // Nobody may be listening any more.
            let _ = sender.send(Err(end)).await;
        });
        lines
    }
}

/// Returns the reasons below an error in one line. Its own message is left out where there are any, since it quotes
/// the whole command, and our commands hold whole scripts.
fn reason(error: &dyn std::error::Error) -> String {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}
