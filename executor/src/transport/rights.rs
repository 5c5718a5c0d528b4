//! Root's rights on a host: ours, or by `sudo -n`. What is missing is said with the line that would mend it.

/// Returns what stands in the way of a user whom sudo refuses, and the line of sudoers that mends it.
///
/// `shell` is the path of the host's `sh`, the only program that we run by sudo (texts of sudo 1.8 and 1.9).
pub(super) fn refused(user: &str, shell: &str, said: &str) -> String {
    let user: String = user.trim().chars().filter(|c| !c.is_control()).collect();
    let said = said.trim().lines().collect::<Vec<_>>().join("; ");
    if said.contains("must have a tty") {
        return format!(
            "logged in as {user}, but sudo wants a terminal: {said}; needed: `Defaults:{user} !requiretty`"
        );
    }
    let shell = Some(shell.trim()).filter(|path| path.starts_with('/')).unwrap_or("/bin/sh");
    if said.contains("sudo: not found") || said.contains("No such file or directory") {
        return format!(
            "logged in as {user}, but there is no sudo here: {said}; install it, then needed: \
             `{user} ALL=(root) NOPASSWD: {shell}`"
        );
    }
    format!("logged in as {user}, but sudo -n refuses: {said}; needed: `{user} ALL=(root) NOPASSWD: {shell}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("sudo: a password is required", "`ops ALL=(root) NOPASSWD: /usr/bin/sh`")]
    #[case("ops is not in the sudoers file.", "`ops ALL=(root) NOPASSWD: /usr/bin/sh`")]
    #[case("sudo: sorry, you must have a tty to run sudo", "`Defaults:ops !requiretty`")]
    #[case("timeout: failed to run command 'sudo': No such file or directory", "there is no sudo here")]
    #[case("sh: 1: sudo: not found", "there is no sudo here")]
    fn the_line_that_mends_it_is_named(#[case] said: &str, #[case] says: &str) {
        let reason = refused("ops\n", "/usr/bin/sh\n", said);
        assert!(reason.contains(says), "{reason}");
        assert!(reason.contains(said), "{reason}");
    }

    #[test]
    fn a_shell_that_is_no_path_is_not_repeated() {
        assert!(refused("ops", "builtin; reboot", "no").ends_with("NOPASSWD: /bin/sh`"));
    }
}
