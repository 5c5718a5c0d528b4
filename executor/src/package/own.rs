//! The operator's own way to install: a command of theirs on the host, for images, configuration management and
//! the like. It has to leave Gluster stopped; which release came of it is looked at afterwards, as ever.

use std::time::Duration;

use super::PackageError;
use crate::core::command::{Command, Effect, Output};
use crate::core::script::{ScriptError, succeeded};

/// An install of anybody's, on a slow host.
const INSTALL: Duration = Duration::from_secs(3600);

/// The exit status of a second install beside a running one (`own.sh`).
const BUSY: i32 = 75;

/// Returns the command that runs the operator's. Its words stay words: no shell reads them.
pub fn install(argv: &[String]) -> Command {
    Command::script(Effect::Changes, include_str!("own.sh"), argv.iter().cloned(), INSTALL)
}

/// Reads what [`install`] printed: the last of what the operator's command said.
///
/// # Errors
/// When it failed, or another install runs.
pub fn parse_install(output: &Output) -> Result<Vec<String>, PackageError> {
    const ACT: &str = "your install command";
    if output.status == BUSY {
        return Err(PackageError::Busy);
    }
    let mut lines = succeeded(ACT, output)?;
    if lines.pop() != Some("ended") {
        return Err(ScriptError::CutShort { act: ACT }.into());
    }
    Ok(lines.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(status: i32, stdout: &str) -> Output {
        Output { status, stdout: stdout.to_owned(), stderr: String::new() }
    }

    #[test]
    fn what_the_command_said_is_kept() {
        assert_eq!(parse_install(&printed(0, "unpacking\nended\n")), Ok(vec!["unpacking".to_owned()]));
        assert_eq!(parse_install(&printed(75, "busy: …\n")), Err(PackageError::Busy));
    }

    #[test]
    fn a_command_that_failed_or_was_cut_is_no_install() {
        assert!(matches!(
            parse_install(&printed(1, "no image\nended with 3\n")),
            Err(PackageError::Script(ScriptError::Failed { status: 1, .. }))
        ));
        assert!(matches!(
            parse_install(&printed(0, "unpacking\n")),
            Err(PackageError::Script(ScriptError::CutShort { .. }))
        ));
    }

    #[test]
    fn its_words_are_arguments_of_a_constant_script() {
        let argv = ["/opt/up", "$(reboot)", "a b"].map(str::to_owned);
        let command = install(&argv);
        assert_eq!(command.argv[4..], argv);
        assert_eq!(command.effect, Effect::Changes);
    }
}
