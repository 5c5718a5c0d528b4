//! What a server says of itself without a pool: its release and its `glusterd.info`.

use super::xml::{all_words, no_output, quoted};
use crate::core::command::Output;
use crate::core::names::{OpVersion, PeerUuid, Release};
use crate::core::pool::GlusterdInfo;
use crate::gluster::error::{Quote, ReplyError};

const ASKED_VERSION: &str = "gluster --version";
const ASKED_INFO: &str = "cat glusterd.info";

/// What a shell, `env` and `timeout` exit with where there is no such program (POSIX, coreutils).
const NOT_FOUND: i32 = 127;

/// Reads the release, `None` where Gluster is not installed.
///
/// The first line is `glusterfs 9.2`, up to 3.9 (recorded on 3.7.20 to 3.9.1) `glusterfs 3.8.15 built on DATE
/// TIME`. The same for `glusterfs --version`.
///
/// # Errors
/// See [`ReplyError`].
pub fn version(output: &Output) -> Result<Option<Release>, ReplyError> {
    if output.stdout.trim().is_empty() && output.status == NOT_FOUND && says_not_found(&output.stderr) {
        return Ok(None);
    }
    let text = success(ASKED_VERSION, output)?;
    // Without the end of its line `glusterfs 3.8.1` may be a piece of `glusterfs 3.8.15`.
    let (first_line, _) = text.split_once('\n').ok_or_else(|| {
        unreadable(ASKED_VERSION, text, "a line `glusterfs RELEASE`", "no end of the line".to_owned())
    })?;
    let mut words = first_line.split_whitespace();
    let release = (words.next() == Some("glusterfs")).then(|| words.next()).flatten();
    match release.and_then(|release| release.parse().ok()) {
        Some(release) => Ok(Some(release)),
        None => Err(unreadable(ASKED_VERSION, text, "a line `glusterfs RELEASE`", quoted(first_line.trim()))),
    }
}

/// The shell has to name the program: 127 can also come from a part of the way there.
fn says_not_found(stderr: &str) -> bool {
    let lowered = stderr.to_lowercase();
    lowered.contains("gluster") && (lowered.contains("not found") || lowered.contains("no such file"))
}

/// Reads a server's identity (glusterd-store.c, 3.7 to 11: `UUID=` and `operating-version=`).
///
/// # Errors
/// See [`ReplyError`].
pub fn glusterd_info(output: &Output) -> Result<GlusterdInfo, ReplyError> {
    let text = success(ASKED_INFO, output)?;
    if !text.ends_with('\n') {
        let found = "no end of the last line".to_owned();
        return Err(unreadable(ASKED_INFO, text, "whole lines", found));
    }
    let value = |key: &str| {
        let mut values = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (None, _) => Err(unreadable(ASKED_INFO, text, &format!("`{key}=`"), "none".to_owned())),
            (Some(_), Some(_)) => {
                Err(unreadable(ASKED_INFO, text, &format!("one `{key}=`"), "two".to_owned()))
            }
        }
    };
    let uuid = value("UUID")?;
    let uuid: PeerUuid =
        uuid.parse().map_err(|_| unreadable(ASKED_INFO, text, "a UUID in `UUID=`", quoted(uuid)))?;
    let number = value("operating-version")?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match number.parse().ok().filter(|_| digits) {
        Some(number) => Ok(GlusterdInfo { uuid, op_version: OpVersion(number) }),
        None => Err(unreadable(ASKED_INFO, text, "a number in `operating-version=`", quoted(number))),
    }
}

/// Returns the standard output of a command that has to exit with 0 and say something.
pub(super) fn success<'a>(asked: &'static str, output: &'a Output) -> Result<&'a str, ReplyError> {
    if output.status != 0 {
        let words = all_words(output);
        return Err(match words.trim() {
            "" => no_output(asked, output),
            words => ReplyError::from_words(asked, output.status, None, words),
        });
    }
    if output.stdout.trim().is_empty() { Err(no_output(asked, output)) } else { Ok(&output.stdout) }
}

/// Returns the error for a text that is not as expected.
pub(super) fn unreadable(asked: &'static str, text: &str, expected: &str, found: String) -> ReplyError {
    ReplyError::Unreadable { asked, expected: expected.to_owned(), found, at: None, reply: Quote::new(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn output(status: i32, stdout: &str, stderr: &str) -> Output {
        Output { status, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
    }

    #[rstest]
    #[case("glusterfs 9.2\nRepository revision: git://git.gluster.org/glusterfs.git\n", Some("9.2"))]
    #[case("glusterfs 3.8.15 built on Nov 23 2026 23:34:02\n", Some("3.8.15"))]
    #[case("glusterfs 11.1\n", Some("11.1"))]
    #[case("glusterfs 11.1", None)]
    #[case("glusterfs 11dev\n", None)]
    #[case("glusterfs\n9.2\n", None)]
    #[case("ceph 9.2\n", None)]
    #[case("warning\nglusterfs 9.2\n", None)]
    fn releases(#[case] stdout: &str, #[case] expected: Option<&str>) {
        match (version(&output(0, stdout, "")), expected) {
            (Ok(Some(release)), Some(expected)) => assert_eq!(release.to_string(), expected),
            (Err(ReplyError::Unreadable { .. }), None) => {}
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[rstest]
    #[case(127, "sh: 1: gluster: not found", true)]
    #[case(127, "timeout: failed to run command 'gluster': No such file or directory", true)]
    #[case(127, "sh: 1: timeout: not found", false)]
    #[case(127, "", false)]
    #[case(1, "gluster: error while loading shared libraries: libglusterfs.so.0", false)]
    #[case(0, "", false)]
    fn not_installed_is_only_what_the_shell_says_so(
        #[case] status: i32,
        #[case] stderr: &str,
        #[case] not_installed: bool,
    ) {
        match version(&output(status, "", stderr)) {
            Ok(None) => assert!(not_installed),
            Err(ReplyError::Refused { .. } | ReplyError::Silent { .. }) => assert!(!not_installed),
            found => panic!("{found:?}"),
        }
    }

    const UUID: &str = "UUID=a9d5e646-0c61-4470-9460-aaaecb4f6811\n";

    #[test]
    fn identities() {
        let info = glusterd_info(&output(0, &format!("{UUID}operating-version=30800\n"), "")).unwrap();
        assert_eq!(info.uuid.as_str(), "a9d5e646-0c61-4470-9460-aaaecb4f6811");
        assert_eq!(info.op_version, OpVersion(30_800));
    }

    #[rstest]
    #[case::cut(&format!("{UUID}operating-version=308"))]
    #[case::no_op_version(UUID)]
    #[case::no_uuid("operating-version=30800\n")]
    #[case::twice(&format!("{UUID}{UUID}operating-version=30800\n"))]
    #[case::no_number(&format!("{UUID}operating-version=+30800\n"))]
    #[case::empty(&format!("{UUID}operating-version=\n"))]
    #[case::no_uuid_in_it("UUID=x\noperating-version=30800\n")]
    fn a_piece_of_an_identity_is_unreadable(#[case] stdout: &str) {
        assert!(matches!(glusterd_info(&output(0, stdout, "")), Err(ReplyError::Unreadable { .. })));
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_cat() {
        let stderr = "cat: /var/lib/glusterd/glusterd.info: No such file or directory";
        let error = glusterd_info(&output(1, "", stderr)).unwrap_err();
        assert!(error.to_string().contains("No such file"), "{error}");
    }
}
