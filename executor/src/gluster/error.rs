//! Why a reply of Gluster is not the answer that was asked for.

use std::fmt;

use thiserror::Error;

/// Why a reply is not an answer.
///
/// `asked` is the question in words (`gluster volume status all`). What was said is always quoted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReplyError {
    /// The CLI found no glusterd on its server.
    ///
    /// `Connection failed. Please check if gluster daemon is operational.` on stdout, exit status 1
    /// (cli.c and cli-cmd.c, 3.7 to 11).
    #[error("`{asked}`: glusterd does not run on this server: {said}")]
    GlusterdDown {
        /// The question.
        asked: &'static str,
        /// What was said.
        said: Quote,
    },
    /// The pool was busy with another command, or too slow. To be asked again within the gate's patience;
    /// a command that changes something only after a look, since it may have been done all the same.
    #[error("`{asked}`: the pool is busy: {said}")]
    Busy {
        /// The question.
        asked: &'static str,
        /// What was said.
        said: Quote,
    },
    /// A process the answer depends on is not there yet, as for some seconds after a server's start.
    /// To be asked again within the gate's patience.
    #[error("`{asked}`: not ready yet: {said}")]
    NotYet {
        /// The question.
        asked: &'static str,
        /// What was said.
        said: Quote,
    },
    /// Nothing at all was said.
    ///
    /// With `--xml`, `volume status all` drops the reason of a failure, a lost lock included
    /// (`gf_cli_status_cbk` in cli-rpc-ops.c, 3.7 to 11; recorded on 3.7.20 and 3.9.1: exit status 89
    /// and 90), and so does `volume heal` where glusterd gave none (9, 11). To be asked again.
    #[error("`{asked}`: no answer, only exit status {status}")]
    Silent {
        /// The question.
        asked: &'static str,
        /// The exit status.
        status: i32,
    },
    /// The answer is no, whatever the exit status: it can be 0 with an `opRet` of -1.
    #[error("`{asked}`: refused (exit status {status}{}): {said}", with_errno(*errno))]
    Refused {
        /// The question.
        asked: &'static str,
        /// The exit status.
        status: i32,
        /// Gluster's `opErrno`, where the answer was XML.
        errno: Option<i32>,
        /// What was said.
        said: Quote,
    },
    /// The reply is not of the expected form: cut off, garbled, or of a form this tool does not know.
    #[error("`{asked}`: expected {expected}, found {found}{}; the reply was: {reply}", with_place(*at))]
    Unreadable {
        /// The question.
        asked: &'static str,
        /// What the reply should have had.
        expected: String,
        /// What it has instead.
        found: String,
        /// Where.
        at: Option<Place>,
        /// The reply.
        reply: Quote,
    },
}

impl ReplyError {
    /// Returns whether the same question can be answered a little later with nothing done about it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::NotYet { .. } | Self::Silent { .. } => true,
            Self::GlusterdDown { .. } | Self::Refused { .. } | Self::Unreadable { .. } => false,
        }
    }

    /// Returns the error for an answer in the negative, by Gluster's words.
    pub(super) fn from_words(asked: &'static str, status: i32, errno: Option<i32>, words: &str) -> Self {
        let said = Quote::new(words);
        let lowered = words.to_lowercase();
        let says_one_of = |phrases: &[&str]| phrases.iter().any(|phrase| lowered.contains(phrase));
        if says_one_of(GLUSTERD_DOWN) {
            Self::GlusterdDown { asked, said }
        } else if errno == Some(ANOTHER_TRANSACTION) || says_one_of(BUSY) {
            Self::Busy { asked, said }
        } else if says_one_of(NOT_YET) {
            Self::NotYet { asked, said }
        } else {
            Self::Refused { asked, status, errno, said }
        }
    }
}

/// cli.c and cli-cmd.c, 3.7 to 11.
const GLUSTERD_DOWN: &[&str] = &["connection failed. please check if gluster daemon is operational"];

/// `EG_ANOTRANS` in glusterd-errno.h, 3.7 to 11.
const ANOTHER_TRANSACTION: i32 = 30802;

/// Locks and timeouts, in lower case. The sentences end in `sometime` up to 4.1 and in `some time` from 6 on,
/// and say `is in progress` or `could be in progress`, hence their beginnings only
/// (glusterd-handler.c, glusterd-mgmt.c, glusterd-syncop.c, glusterd-op-sm.c; the last in cli-cmd.c).
const BUSY: &[&str] = &["another transaction", "locking failed", "request timed out"];

/// Processes that are not there yet, in lower case.
const NOT_YET: &[&str] = &[
    // glusterd-volume-ops.c and glusterd-op-sm.c, 3.7 to 11.
    "self-heal daemon is not running",
    "self-heal-daemon is not running",
    // glusterd-syncop.c from 4.1 on: the self-heal daemon did not take the order.
    "glusterd syncop mgmt brick op 'heal' failed",
    // cli-rpc-ops.c up to 3.12, for whatever reason a heal could not be launched.
    "bricks that are down. please check if all brick processes are running",
    // glfs-heal.c, 3.7 to 11: no brick answered, or with the words of ENOTCONN.
    "all the bricks are not running",
    "transport endpoint is not connected",
];

fn with_errno(errno: Option<i32>) -> String {
    errno.map(|errno| format!(", opErrno {errno}")).unwrap_or_default()
}

fn with_place(at: Option<Place>) -> String {
    at.map(|at| format!(" at {at}")).unwrap_or_default()
}

/// A place in a reply. Displayed as `line:column`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column } = self;
        write!(f, "{line}:{column}")
    }
}

/// What was said: its beginning, and how long it was. Displayed on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// At most its first [`Quote::LENGTH`] characters.
    pub beginning: String,
    /// Characters in all.
    pub total: usize,
}

impl Quote {
    /// Enough for each sentence of Gluster's, and still readable in a report.
    pub const LENGTH: usize = 300;

    /// Returns a quotation of the text, without the white space around it.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        Self { beginning: text.chars().take(Self::LENGTH).collect(), total: text.chars().count() }
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { beginning, total } = self;
        if *total == 0 {
            return f.write_str("nothing");
        }
        // One line and no control characters: this goes to terminals and reports.
        let words: Vec<&str> = beginning.split_whitespace().collect();
        for character in words.join(" ").chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_debug())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if *total > Self::LENGTH {
            write!(f, " … ({total} characters in all)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn kind(error: &ReplyError) -> &'static str {
        match error {
            ReplyError::GlusterdDown { .. } => "down",
            ReplyError::Busy { .. } => "busy",
            ReplyError::NotYet { .. } => "not yet",
            ReplyError::Silent { .. } => "silent",
            ReplyError::Refused { .. } => "refused",
            ReplyError::Unreadable { .. } => "unreadable",
        }
    }

    #[rstest]
    #[case("Connection failed. Please check if gluster daemon is operational.", "down")]
    #[case("Connection failed. Please check if quota daemon is operational.", "refused")]
    #[case("Another transaction is in progress for rep. Please try again after sometime.", "busy")]
    #[case("Another transaction is in progress Please try again after some time.", "busy")]
    #[case("Another transaction could be in progress. Please try again after some time.", "busy")]
    #[case("Locking failed on g2. Please check log file for details.", "busy")]
    #[case("locking failed for one of the peer.", "busy")]
    #[case("Error : Request timed out", "busy")]
    #[case("Self-heal daemon is not running. Check self-heal daemon log file.", "not yet")]
    #[case("Glusterd Syncop Mgmt brick op 'Heal' failed. Please check glustershd log file.", "not yet")]
    #[case("Volume rep is not started (Or) All the bricks are not running.", "not yet")]
    #[case("Volume rep is not started", "refused")]
    #[case("Volume all does not exist", "refused")]
    #[case("", "refused")]
    fn words_tell_what_may_pass(#[case] words: &str, #[case] expected: &str) {
        let error = ReplyError::from_words("gluster x", 1, None, words);
        assert_eq!(kind(&error), expected, "{error}");
        assert_eq!(error.may_pass(), matches!(expected, "busy" | "not yet"), "{error}");
    }

    #[test]
    fn another_transaction_is_known_by_its_number_too() {
        assert_eq!(kind(&ReplyError::from_words("gluster x", 0, Some(30802), "?")), "busy");
        assert_eq!(kind(&ReplyError::from_words("gluster x", 0, Some(30800), "?")), "refused");
    }

    #[test]
    fn quotations_are_short_say_the_whole_length_and_stay_on_one_line() {
        let quote = Quote::new(&format!("  a\n\tb\u{1b}[31m {}", "é".repeat(1000)));
        assert_eq!(quote.beginning.chars().count(), Quote::LENGTH);
        let shown = quote.to_string();
        assert!(shown.starts_with("a b\\u{1b}[31m é"), "{shown}");
        assert!(shown.ends_with("é … (1010 characters in all)"), "{shown}");
        assert_eq!(Quote::new(" \n").to_string(), "nothing");
    }

    #[test]
    fn errors_say_the_question_the_status_and_the_answer() {
        let error = ReplyError::from_words("gluster volume heal VOLUME info", 251, Some(5), "no\n");
        assert_eq!(
            error.to_string(),
            "`gluster volume heal VOLUME info`: refused (exit status 251, opErrno 5): no"
        );
    }
}
