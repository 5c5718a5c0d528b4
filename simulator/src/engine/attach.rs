//! Commands that somebody sits in front of: bytes in, bytes out, for as long as they run.

use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bollard::query_parameters::ResizeExecOptionsBuilder;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWrite;

use super::{Engine, EngineError};

/// A command that was started, with its streams.
///
/// Dropping it lets go of them; the command may run on.
pub struct Attached {
    engine: Engine,
    exec: String,
    what: String,
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    /// What it reads from, where it was given a stdin.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
}

/// A piece of what a command says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// From stdout, or from a terminal.
    Out(Vec<u8>),
    /// From stderr.
    Err(Vec<u8>),
}

/// What a command is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    /// Nothing.
    None,
    /// What its reader sends.
    Piped,
    /// A terminal of its own.
    Terminal,
}

impl Engine {
    /// Starts a command in a container, with no limit of time.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn attach(
        &self,
        container: &str,
        argv: &[String],
        env: Vec<String>,
        stdin: Stdin,
    ) -> Result<Attached, EngineError> {
        let what = format!("running `{}` in {container}", argv.join(" "));
        let api = || what.clone();
        let is_terminal = stdin == Stdin::Terminal;
        let config = ExecConfig {
            attach_stdin: Some(stdin != Stdin::None),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(is_terminal),
            env: Some(env),
            cmd: Some(argv.to_vec()),
            ..Default::default()
        };
        let _starting = self.freezing.starting(container).await;
        let exec = self.docker.create_exec(container, config).await.map_err(EngineError::api(api))?.id;
        let options = StartExecOptions { tty: is_terminal, ..Default::default() };
        match self.docker.start_exec(&exec, Some(options)).await.map_err(EngineError::api(api))? {
            StartExecResults::Attached { output, input } => {
                Ok(Attached { engine: self.clone(), exec, what, output, input })
            }
            StartExecResults::Detached => Err(EngineError::Unexpected {
                what,
                expected: "its streams".to_owned(),
                found: "none".to_owned(),
            }),
        }
    }
}

impl Attached {
    /// Returns what it says next, or nothing when it has closed its output.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn next(&mut self) -> Result<Option<Piece>, EngineError> {
        let piece = self.output.next().await.transpose();
        let piece = piece.map_err(EngineError::api(|| self.what.clone()))?;
        Ok(piece.map(|piece| match piece {
            LogOutput::StdErr { message } => Piece::Err(message.to_vec()),
            LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
                Piece::Out(message.to_vec())
            }
        }))
    }

    /// Tells its terminal how large the one in front of it is.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers, such as that the command has ended.
    pub async fn resize(&self, rows: u16, columns: u16) -> Result<(), EngineError> {
        let options = ResizeExecOptionsBuilder::new().h(rows.into()).w(columns.into()).build();
        let resized = self.engine.docker.resize_exec(&self.exec, options).await;
        resized.map_err(EngineError::api(|| self.what.clone()))
    }

    /// Returns the status that it ended with.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn status(&self) -> Result<i64, EngineError> {
        self.engine.exec_status(&self.exec, &|| self.what.clone()).await
    }
}
