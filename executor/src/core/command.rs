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

    /// Returns the command in one line, for the diagnosis: of a script its first line, which says what it does.
    pub fn in_short(&self) -> String {
        let (first, rest) = match self.argv.as_slice() {
            [shell, option, script, _, rest @ ..] if shell == "sh" && option == "-c" => {
                (script.lines().next().unwrap_or_default().trim_start_matches("# "), rest)
            }
            [first, rest @ ..] => (first.as_str(), rest),
            [] => ("", [].as_slice()),
        };
        let words = rest.iter().filter_map(|word| word.lines().next());
        std::iter::once(first).chain(words).collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_told_by_its_first_line() {
        let second = Duration::from_secs(1);
        let script = Command::script(Effect::Reads, "# Prints what runs.\nps\n", ["a b", "c"], second);
        assert_eq!(script.in_short(), "Prints what runs. a b c");
        assert_eq!(Command::reads(["gluster", "pool", "list"], second).in_short(), "gluster pool list");
        let text = Command::reads(["python3", "-c", "import os\nos.abort()"], second);
        assert_eq!(text.in_short(), "python3 -c import os");
    }
}
