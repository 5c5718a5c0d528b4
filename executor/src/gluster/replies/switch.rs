//! `gluster volume stop` and `gluster volume start`.

use super::xml::{Answer, quoted};
use crate::core::command::Output;
use crate::gluster::error::ReplyError;

const ASKED_STOP: &str = "gluster volume stop";
const ASKED_START: &str = "gluster volume start";

/// What became of a volume that was to be stopped or started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switched {
    /// It is done now.
    Now,
    /// It was so already: saying it twice is an error to glusterd, and no trouble.
    Already,
}

/// Reads the answer to a volume that is to be stopped.
///
/// # Errors
/// See [`ReplyError`]. After [`ReplyError::Busy`] it may have been stopped all the same.
pub fn volume_stopped(output: &Output) -> Result<Switched, ReplyError> {
    // `Volume VOL is not in the started state` (glusterd-volume-ops.c, 11; 3.7 to 10 alike).
    read(ASKED_STOP, "volStop", "is not in the started state", output)
}

/// Reads the answer to a volume that is to be started.
///
/// # Errors
/// See [`ReplyError`]. After [`ReplyError::Busy`] it may have been started all the same.
pub fn volume_started(output: &Output) -> Result<Switched, ReplyError> {
    // `Volume VOL already started` (glusterd-volume-ops.c, 11; 3.7 to 10 alike).
    read(ASKED_START, "volStart", "already started", output)
}

fn read(asked: &'static str, op: &str, so_already: &str, output: &Output) -> Result<Switched, ReplyError> {
    match Answer::read(asked, output) {
        // The answer is named by what was done (`gf_cli_stop_volume_cbk` in cli-rpc-ops.c, 3.7 to 11).
        Ok(answer) => match answer.optional(answer.root(), op)? {
            Some(_) => Ok(Switched::Now),
            None => Err(answer.unreadable(answer.root(), &format!("the answer to {}", quoted(op)), "none")),
        },
        Err(ReplyError::Refused { said, .. }) if said.beginning.contains(so_already) => Ok(Switched::Already),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn xml(ret: i32, errstr: &str, inner: &str) -> Output {
        let stdout = format!(
            "<cliOutput><opRet>{ret}</opRet><opErrno>0</opErrno><opErrstr>{errstr}</opErrstr>{inner}</cliOutput>"
        );
        Output { stdout, ..Output::default() }
    }

    const STOPPED: &str = "<volStop><volname>v</volname><count>0</count></volStop>";

    #[rstest]
    #[case::done(xml(0, "", STOPPED), "now")]
    #[case::twice(xml(-1, "Volume v is not in the started state", ""), "already")]
    #[case::geo_replication(xml(-1, "geo-replication sessions are active for the volume v.", ""), "refused")]
    #[case::busy(xml(-1, "Another transaction is in progress for v. Please try again after some time.", ""), "busy")]
    #[case::another_answer(xml(0, "", "<volStart/>"), "unreadable")]
    fn a_volume_is_stopped_only_if_gluster_says_so(#[case] output: Output, #[case] expected: &str) {
        let found = match volume_stopped(&output) {
            Ok(Switched::Now) => "now",
            Ok(Switched::Already) => "already",
            Err(ReplyError::Refused { .. }) => "refused",
            Err(ReplyError::Busy { .. }) => "busy",
            Err(ReplyError::Unreadable { .. }) => "unreadable",
            Err(ReplyError::GlusterdDown { .. } | ReplyError::NotYet { .. } | ReplyError::Silent { .. }) => {
                "another"
            }
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_volume_that_was_started_already_is_started() {
        assert_eq!(volume_started(&xml(-1, "Volume v already started", "")).unwrap(), Switched::Already);
        assert_eq!(volume_started(&xml(0, "", "<volStart/>")).unwrap(), Switched::Now);
    }
}
