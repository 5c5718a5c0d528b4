//! A command for a host, as data: what to run, whether it changes anything, how long it may take.

use std::time::Duration;

/// Whether a command only reads, or changes something on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It reads. Allowed to `check`, `plan` and `status`; may be repeated at will.
    Reads,
    /// It changes something. Only a step of a shown plan may run it.
    Changes,
}

/// A command for a host. Arguments are passed as they are: no part of them is ever read by a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Whether it changes anything.
    pub effect: Effect,
    /// How long it may take *on the host*, where it is ended after that.
    pub deadline: Duration,
}

impl Command {
    /// Returns a command that reads.
    pub fn reads<S: Into<String>>(argv: impl IntoIterator<Item = S>, deadline: Duration) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), effect: Effect::Reads, deadline }
    }

    /// Returns a command that changes something.
    pub fn changes<S: Into<String>>(argv: impl IntoIterator<Item = S>, deadline: Duration) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), effect: Effect::Changes, deadline }
    }

    /// Returns a POSIX shell script of ours, constant by type, with arguments it sees as `$1`, `$2` ….
    ///
    /// This is the one way to a shell: whatever comes from outside is an argument, never script text.
    pub fn script<S: Into<String>>(
        effect: Effect,
        script: &'static str,
        arguments: impl IntoIterator<Item = S>,
        deadline: Duration,
    ) -> Self {
        let mut argv = vec!["sh".to_owned(), "-c".to_owned(), script.to_owned(), "executor".to_owned()];
        argv.extend(arguments.into_iter().map(Into::into));
        Self { argv, effect, deadline }
    }
}

/// What a command printed and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// Its exit status.
    pub status: i32,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}
