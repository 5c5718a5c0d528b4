//! The op-version: raising it, and how far it could be raised.

use super::xml::{Answer, quoted};
use crate::core::command::Output;
use crate::core::names::OpVersion;
use crate::gluster::error::ReplyError;

const ASKED_SET: &str = "gluster volume set all cluster.op-version";
const ASKED_MAX: &str = "gluster volume get all cluster.max-op-version";

/// What glusterd says to a raised op-version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpVersionAnswer {
    /// `Set volume successful`. It is also said where peers are rejected and only this server was raised
    /// (tried on 10.3 and 11.1): only every server's glusterd.info tells.
    Accepted,
    /// Nothing was changed, and why.
    Refused(OpVersionRefusal),
}

/// Why glusterd does not raise the op-version (glusterd-op-sm.c, 3.7 to 11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpVersionRefusal {
    /// The pool has this one or a higher one. Saying a raise twice ends here.
    NotAbove {
        /// What was asked for.
        required: OpVersion,
        /// What the pool has.
        current: OpVersion,
    },
    /// A server's release does not know it.
    NotSupported {
        /// What was asked for.
        required: OpVersion,
        /// The number in `Max supported op version is …`, which is said from 4.0 on. In spite of the words it
        /// is the op-version the server *has* (`priv->op_version` in glusterd-op-sm.c, 4.0 to 11), not the
        /// highest it knows: for that ask `cluster.max-op-version`.
        named: Option<OpVersion>,
    },
}

/// Reads the answer to a raised op-version. A refusal has exit status 0 with `--xml` and 1 without
/// (recorded on 3.7.20 to 3.9.1); both are read.
///
/// # Errors
/// See [`ReplyError`]. After [`ReplyError::Busy`] it may have been raised all the same.
pub fn op_version_set(output: &Output) -> Result<OpVersionAnswer, ReplyError> {
    let answer = match Answer::read(ASKED_SET, output) {
        Ok(answer) => answer,
        Err(error) => {
            return match &error {
                ReplyError::Refused { said, .. } => refusal(&said.beginning),
                ReplyError::GlusterdDown { .. }
                | ReplyError::Busy { .. }
                | ReplyError::NotYet { .. }
                | ReplyError::Silent { .. }
                | ReplyError::Unreadable { .. } => None,
            }
            .map_or(Err(error), |refusal| Ok(OpVersionAnswer::Refused(refusal)));
        }
    };
    match answer.text(answer.root(), "cliOp")? {
        "volSet" => Ok(OpVersionAnswer::Accepted),
        other => Err(answer.unreadable(answer.root(), "the answer to `volSet`", quoted(other))),
    }
}

/// `Required op-version (N) should not be equal or lower than current cluster op-version (M).` or
/// `Required op_version (N) is not supported[. Max supported op version is M]`, the hyphen and the underscore
/// being Gluster's own (glusterd-op-sm.c, 3.7 to 11). Another server's refusal has words before it.
fn refusal(words: &str) -> Option<OpVersionRefusal> {
    let after = |text: &'_ str, mark: &str| text.find(mark).map(|at| at + mark.len());
    if let Some(at) = after(words, "Required op-version (") {
        let rest = &words[at..];
        let current = after(rest, "lower than current cluster op-version (")?;
        return Some(OpVersionRefusal::NotAbove {
            required: leading_number(rest, Some(')'))?,
            current: leading_number(&rest[current..], Some(')'))?,
        });
    }
    let rest = &words[after(words, "Required op_version (")?..];
    rest.contains(") is not supported").then_some(())?;
    let named = after(rest, "Max supported op version is ");
    Some(OpVersionRefusal::NotSupported {
        required: leading_number(rest, Some(')'))?,
        named: named.and_then(|at| leading_number(&rest[at..], None)),
    })
}

/// Returns the number before the mark, or before whatever is no digit.
fn leading_number(text: &str, mark: Option<char>) -> Option<OpVersion> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if mark.is_some() && text[end..].chars().next() != mark {
        return None;
    }
    text[..end].parse().ok().map(OpVersion)
}

/// Reads the highest op-version that all servers of the pool can speak.
///
/// # Errors
/// See [`ReplyError`]; [`ReplyError::Refused`] before 3.10.
pub fn max_op_version(output: &Output) -> Result<OpVersion, ReplyError> {
    const OPTION: &str = "cluster.max-op-version";
    let answer = Answer::read(ASKED_MAX, output)?;
    let option = answer.child(answer.child(answer.root(), "volGetopts")?, "Opt")?;
    match answer.text(option, "Option")? {
        OPTION => answer.value(option, "Value", "an op-version").map(OpVersion),
        other => Err(answer.unreadable(option, &quoted(OPTION), quoted(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn xml(inner: &str) -> Output {
        Output { stdout: format!("<cliOutput>{inner}</cliOutput>\n"), ..Output::default() }
    }

    fn not_supported(required: u32, named: Option<u32>) -> OpVersionRefusal {
        OpVersionRefusal::NotSupported { required: OpVersion(required), named: named.map(OpVersion) }
    }

    #[rstest]
    #[case(
        "Required op-version (30712) should not be equal or lower than current cluster op-version (30712).",
        Some(OpVersionRefusal::NotAbove { required: OpVersion(30712), current: OpVersion(30712) })
    )]
    #[case("Required op_version (110000) is not supported", Some(not_supported(110_000, None)))]
    #[case(
        "Staging failed on g3. Error: Required op_version (110000) is not supported. Max supported op version is 100000",
        Some(not_supported(110_000, Some(100_000)))
    )]
    #[case("Required op-version (30712) should not be equal or lower", None)]
    #[case("Required op-version (307", None)]
    #[case("Required op_version (99999999999) is not supported", None)]
    #[case("option : no.such.option does not exist", None)]
    fn refusals(#[case] words: &str, #[case] expected: Option<OpVersionRefusal>) {
        let in_xml = xml(&format!("<opRet>-1</opRet><opErrno>30800</opErrno><opErrstr>{words}</opErrstr>"));
        let stderr = format!("volume set: failed: {words}\n");
        let in_text = Output { status: 1, stderr, ..Output::default() };
        for output in [in_xml, in_text] {
            match (op_version_set(&output), &expected) {
                (Ok(found), Some(refusal)) => assert_eq!(found, OpVersionAnswer::Refused(refusal.clone())),
                (Err(ReplyError::Refused { .. }), None) => {}
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn success_is_the_answer_to_the_same_question() {
        let said = |op: &str| {
            xml(&format!(
                "<opRet>0</opRet><opErrno>0</opErrno><opErrstr/><cliOp>{op}</cliOp>\
                 <output>Set volume successful</output>"
            ))
        };
        assert_eq!(op_version_set(&said("volSet")).unwrap(), OpVersionAnswer::Accepted);
        assert!(matches!(op_version_set(&said("volStatus")), Err(ReplyError::Unreadable { .. })));
        let busy = "Another transaction is in progress. Please try again after some time.";
        let busy = xml(&format!("<opRet>-1</opRet><opErrno>0</opErrno><opErrstr>{busy}</opErrstr>"));
        assert!(matches!(op_version_set(&busy), Err(ReplyError::Busy { .. })));
    }

    fn got(option: &str, value: &str) -> Output {
        xml(&format!(
            "<opRet>0</opRet><opErrno>0</opErrno><opErrstr/><volGetopts><count>1</count>\
             <Opt><Option>{option}</Option><Value>{value}</Value></Opt></volGetopts>"
        ))
    }

    #[test]
    fn the_highest_op_version_is_a_number_of_that_name() {
        assert_eq!(max_op_version(&got("cluster.max-op-version", "90000")).unwrap(), OpVersion(90_000));
        for output in
            [got("cluster.op-version", "90000"), got("cluster.max-op-version", "BUG_NO_MAX_OP_VERSION")]
        {
            assert!(matches!(max_op_version(&output), Err(ReplyError::Unreadable { at: Some(_), .. })));
        }
    }
}
