//! The ssh configuration that is written for a host: ours first, the operator's after it.
//!
//! A file and not `-o` options, because ssh hands `-F` on to the ssh it starts for a jump host (ssh.c,
//! `ProxyJump`) and options it does not: by this a jump host is checked as strictly as the host.

use std::path::Path;

use thiserror::Error;

use crate::core::inventory::SshSettings;

/// What an ssh configuration cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} `{}` {problem}", text.escape_debug())]
pub struct Unwritable {
    /// The setting.
    pub field: &'static str,
    /// Its value.
    pub text: String,
    /// What is wrong with it, as the end of a sentence.
    pub problem: &'static str,
}

/// Seconds for a TCP connection and the exchange of keys.
const CONNECT_SECONDS: u32 = 15;
/// A peer that answers nothing for three times this is taken for dead.
const ALIVE_SECONDS: u32 = 15;

/// Returns what of the settings ssh cannot be given, if anything.
pub fn unwritable(settings: &SshSettings) -> Option<Unwritable> {
    text(settings).err().or_else(|| destination(settings).err())
}

/// Returns the configuration file's text.
///
/// # Errors
/// When a path cannot be written in ssh's configuration language.
pub(super) fn text(settings: &SshSettings) -> Result<String, Unwritable> {
    // The first value of an option wins in ssh, so nothing here is softened by what is included below.
    let mut text = format!(
        "BatchMode yes\n\
         StrictHostKeyChecking yes\n\
         ConnectTimeout {CONNECT_SECONDS}\n\
         ServerAliveInterval {ALIVE_SECONDS}\n\
         ServerAliveCountMax 3\n\
         LogLevel INFO\n\
         ForwardAgent no\n\
         ForwardX11 no\n\
         ClearAllForwardings yes\n\
         PermitLocalCommand no\n\
         RemoteCommand none\n\
         RequestTTY no\n"
    );
    if let Some(path) = &settings.known_hosts {
        text += &format!("UserKnownHostsFile {}\n", quoted("known_hosts", path)?);
    }
    if let Some(path) = &settings.identity {
        text += &format!("IdentityFile {}\n", quoted("identity", path)?);
    }
    // With `-F` ssh reads neither of them by itself. A file that is missing is passed over.
    text += "Include ~/.ssh/config\nInclude /etc/ssh/ssh_config\n";
    Ok(text)
}

/// Returns the arguments of ssh that name the host: options first, the address last.
///
/// # Errors
/// When a text would be read as an option or as several words.
pub(super) fn destination(settings: &SshSettings) -> Result<Vec<String>, Unwritable> {
    let SshSettings { address, user, port, identity, jump, known_hosts: _ } = settings;
    let mut arguments = Vec::new();
    if let Some(port) = port {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = user {
        arguments.extend(["-l".to_owned(), word("user", user)?]);
    }
    if identity.is_some() {
        // An agent full of keys would use up the tries that the host allows. Not in the file, since a
        // jump host may well need another key of the agent.
        arguments.extend(["-o".to_owned(), "IdentitiesOnly=yes".to_owned()]);
    }
    if let Some(jump) = jump {
        arguments.extend(["-J".to_owned(), word("jump", jump)?]);
    }
    arguments.extend(["--".to_owned(), word("address", address)?]);
    Ok(arguments)
}

/// Returns a text that ssh takes as one word and not as an option.
fn word(field: &'static str, text: &str) -> Result<String, Unwritable> {
    let problem = if text.is_empty() {
        "is empty"
    } else if text.starts_with('-') {
        "begins with `-`"
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "has a space or a control character"
    } else {
        return Ok(text.to_owned());
    };
    Err(Unwritable { field, text: text.to_owned(), problem })
}

/// Returns a path in quotes, its `%` doubled, since ssh expands `%` tokens in paths (ssh_config(5)).
fn quoted(field: &'static str, path: &Path) -> Result<String, Unwritable> {
    let unwritable = |problem| Unwritable { field, text: path.display().to_string(), problem };
    let text = path.to_str().ok_or_else(|| unwritable("is not UTF-8"))?;
    // No release of ssh can escape all of these.
    if text.contains(['"', '\\']) || text.contains("${") || text.chars().any(char::is_control) {
        return Err(unwritable("has a character that ssh's configuration cannot hold"));
    }
    Ok(format!("\"{}\"", text.replace('%', "%%")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn strict_checking_comes_before_what_the_operator_says() {
        let settings = SshSettings {
            known_hosts: Some("/etc/pool hosts/100%".into()),
            identity: Some("/keys/id".into()),
            ..SshSettings::default()
        };
        let text = text(&settings).unwrap();
        let at = |line: &str| text.find(line).unwrap_or_else(|| panic!("no `{line}` in {text}"));
        assert!(at("StrictHostKeyChecking yes\n") < at("Include ~/.ssh/config\n"));
        at("BatchMode yes\n");
        at("UserKnownHostsFile \"/etc/pool hosts/100%%\"\n");
        at("IdentityFile \"/keys/id\"\n");
    }

    #[rstest]
    #[case("/a\"b")]
    #[case("/a\nProxyCommand reboot")]
    #[case("/a${HOME}")]
    fn paths_that_ssh_cannot_hold_are_refused(#[case] path: &str) {
        let settings = SshSettings { identity: Some(path.into()), ..SshSettings::default() };
        assert!(text(&settings).is_err());
    }

    #[test]
    fn the_address_comes_last_after_its_options() {
        let settings = SshSettings {
            address: "g1".to_owned(),
            user: Some("root".to_owned()),
            port: Some(2222),
            jump: Some("ops@gate:22".to_owned()),
            ..SshSettings::default()
        };
        assert_eq!(destination(&settings).unwrap().join(" "), "-p 2222 -l root -J ops@gate:22 -- g1");
    }

    #[rstest]
    #[case("-oProxyCommand=reboot")]
    #[case("g1 reboot")]
    #[case("")]
    fn addresses_that_are_no_address_are_refused(#[case] address: &str) {
        let settings = SshSettings { address: address.to_owned(), ..SshSettings::default() };
        assert!(destination(&settings).is_err());
    }
}
