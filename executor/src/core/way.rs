//! How commands get to a host: by SSH, here on the machine itself, or behind a prefix of the operator's.
//!
//! ```toml
//! transport = "ssh"                                          # the default
//! transport = "local"                                        # the one host that this program runs on
//! transport = { exec = ["docker", "exec", "-i", "{address}"] }
//! ```

use serde::{Deserialize, Serialize};

use super::names::HostName;

/// How commands get to a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Way {
    /// By SSH.
    #[default]
    Ssh,
    /// It is the host that this program runs on.
    Local,
    /// Behind these words, which run whatever follows them on the host: `docker exec g1`.
    Exec(Vec<String>),
}

/// `transport` as it is written, for all hosts or for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"ssh\", \"local\" or { exec = [\"docker\", \"exec\", \"{address}\"] }"
)]
pub enum TransportSection {
    /// `"ssh"` or `"local"`.
    Word(String),
    /// `{ exec = [...] }`.
    Exec(ExecSection),
}

/// `{ exec = [...] }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecSection {
    /// The words before each command. `{host}` stands for the host's name and `{address}` for its address.
    pub exec: Vec<String>,
}

/// What is wrong with a value of the inventory, and what to do about it.
pub(super) type Wrong = (String, &'static str);

/// How an `exec` should look.
const EXEC_HINT: &str = "such as { exec = [\"docker\", \"exec\", \"-i\", \"{address}\"] } or \
                         { exec = [\"kubectl\", \"exec\", \"-i\", \"{address}\", \"--\"] }";

impl TransportSection {
    /// Works out the way to a host. `shared`: it is written once for all hosts.
    ///
    /// # Errors
    /// What is wrong with it, and the remedy.
    pub(super) fn way(&self, host: &HostName, address: &str, shared: bool) -> Result<Way, Wrong> {
        let words = match self {
            Self::Word(word) if word == "ssh" => return Ok(Way::Ssh),
            Self::Word(word) if word == "local" => return Ok(Way::Local),
            Self::Word(word) => {
                let problem = format!("there is no transport `{}`", word.escape_debug());
                return Err((problem, "write \"ssh\", \"local\" or { exec = [...] }"));
            }
            Self::Exec(ExecSection { exec }) => exec,
        };
        match words.first() {
            None => return Err(("`exec` is empty".to_owned(), EXEC_HINT)),
            Some(program) if program.is_empty() || program.starts_with('-') || program.contains('{') => {
                let problem = format!("`exec` begins with `{}`, no program", program.escape_debug());
                return Err((problem, EXEC_HINT));
            }
            Some(_) => {}
        }
        if shared && !words.iter().any(|word| word.contains("{host}") || word.contains("{address}")) {
            let problem = "`exec` for all hosts names no host, so it would run all commands on one";
            return Err((problem.to_owned(), EXEC_HINT));
        }
        // Each word stays one argument, whatever stands in it: no shell ever reads it here.
        let filled: Vec<String> = words
            .iter()
            .map(|word| word.replace("{host}", host.as_str()).replace("{address}", address))
            .collect();
        match filled.iter().find(|word| word.contains('\0')) {
            Some(_) => Err(("`exec` holds a NUL character".to_owned(), EXEC_HINT)),
            None => Ok(Way::Exec(filled)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn exec(words: &[&str]) -> TransportSection {
        TransportSection::Exec(ExecSection { exec: words.iter().map(|word| (*word).to_owned()).collect() })
    }

    fn way(section: &TransportSection, shared: bool) -> Result<Way, Wrong> {
        section.way(&"g1".parse().unwrap(), "pool_g1_1", shared)
    }

    #[test]
    fn words_of_a_prefix_stay_words() {
        let section = exec(&["kubectl", "exec", "pod/{address}", "-n", "a b;$(c)", "{host}", "--"]);
        let expected = ["kubectl", "exec", "pod/pool_g1_1", "-n", "a b;$(c)", "g1", "--"];
        assert_eq!(way(&section, true), Ok(Way::Exec(expected.map(str::to_owned).to_vec())));
        assert_eq!(way(&TransportSection::Word("local".into()), false), Ok(Way::Local));
        assert_eq!(way(&TransportSection::Word("ssh".into()), true), Ok(Way::Ssh));
    }

    #[rstest]
    #[case::unknown(TransportSection::Word("telnet".into()), "no transport `telnet`")]
    #[case::empty(exec(&[]), "is empty")]
    #[case::no_program(exec(&["", "{host}"]), "no program")]
    #[case::an_option(exec(&["-oProxyCommand", "{host}"]), "no program")]
    #[case::the_host_as_program(exec(&["{host}"]), "no program")]
    #[case::one_for_all(exec(&["docker", "exec", "g1"]), "names no host")]
    #[case::nul(exec(&["docker", "{host}", "a\0b"]), "NUL")]
    fn what_is_no_way_is_said(#[case] section: TransportSection, #[case] says: &str) {
        let (problem, hint) = way(&section, true).unwrap_err();
        assert!(problem.contains(says), "{problem}");
        assert!(!hint.is_empty());
    }

    #[test]
    fn a_prefix_of_one_host_may_name_it_outright() {
        assert!(way(&exec(&["docker", "exec", "g1"]), false).is_ok());
    }
}
