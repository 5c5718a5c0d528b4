//! What the script says, read; and the script on a made-up host, whose mounts are plain directories.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rstest::rstest;

use super::*;

#[rstest]
#[case(0, "proved: root and user 65534 can write to vol0 and read\n", "")]
#[case(1, "failed: root cannot write to vol0: Input/output error\n", "it was tried and FAILED: root cannot")]
#[case(
    1,
    "untried: there is no /dev/fuse on this host\nnote: x is still mounted\n",
    "unknown, since it could not be"
)]
#[case(124, "", "unknown, since it did not come to its end (exit status 124)")]
#[case(
    1,
    "proved: and then something went wrong\n",
    "unknown, since it did not come to its end (exit status 1)"
)]
fn outcomes_are_told_apart(#[case] status: i32, #[case] stdout: &str, #[case] error: &str) {
    let output = Output { status, stdout: stdout.to_owned(), stderr: String::new() };
    match parse_proof(&output) {
        Ok(said) => assert!(error.is_empty() && said.contains("user 65534"), "{said}"),
        Err(found) => assert!(!error.is_empty() && found.to_string().starts_with(error), "{found}"),
    }
}

/// Programs in place of the host's own: mounts are marks beside the mount point, and users do not change.
const HOST: &[(&str, &str)] = &[
    ("glusterfs", "exit 0"),
    ("mount.glusterfs", "exit 0"),
    ("mount", "for last; do :; done; : >\"$last.mounted\""),
    ("mountpoint", "test -e \"$2.mounted\""),
    ("umount", "rm \"$1.mounted\""),
    ("setpriv", "shift 5; exec \"$@\""),
    ("sleep", "exit 0"),
];

/// Runs the script on a made-up host with these programs besides; returns what came of it and the host's directory.
fn run_on(
    fuse: bool,
    programs: &[(&str, &str)],
    run: &str,
) -> (Result<String, ProofError>, tempfile::TempDir) {
    let host = tempfile::tempdir().unwrap();
    for directory in ["bin", "run", "dev"] {
        fs::create_dir(host.path().join(directory)).unwrap();
    }
    if fuse {
        fs::write(host.path().join("dev/fuse"), "").unwrap();
    }
    for (name, body) in HOST.iter().chain(programs) {
        let path = host.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    (again(host.path(), run), host)
}

fn again(host: &Path, run: &str) -> Result<String, ProofError> {
    let mut argv = prove(&"vol0".parse().unwrap(), run).argv;
    *argv.last_mut().unwrap() = host.display().to_string();
    let path = format!("{}:{}", host.join("bin").display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new(&argv[0]).args(&argv[1..]).env("PATH", path).output().unwrap();
    parse_proof(&Output {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    })
}

fn left(host: &Path) -> Vec<String> {
    let names = fs::read_dir(host.join("run")).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| !name.ends_with(".lock")).collect()
}

#[test]
fn both_write_and_read_and_nothing_is_left() {
    let (found, host) = run_on(true, &[], "2026-11-24T10.00.00");
    assert_eq!(found.unwrap(), "root and user 65534 can write to vol0 and read");
    assert_eq!(left(host.path()), Vec::<String>::new());
}

#[rstest]
#[case::no_device(false, &[], "there is no /dev/fuse")]
#[case::no_other_user(true, &[("setpriv", "exit 1")], "setpriv may not change the user")]
#[case::not_let_in(
    true,
    &[("mount", "echo 'E [fuse-bridge.c:1:notify] 0-fuse: Server authentication failed. Shutting down.' >\"${4#*log-file=}\"; exit 1")],
    "vol0 does not let this host in: E [fuse-bridge.c:1:notify]"
)]
#[case::something_of_anothers_in_the_way(
    true,
    &[("mount", "for last; do :; done; : >\"$last.mounted\"; mkdir -p \"$last/.gluster-upgrade-canary-r/strange\"")],
    "is in the way"
)]
fn what_could_not_be_tried_is_unknown(
    #[case] fuse: bool,
    #[case] programs: &[(&str, &str)],
    #[case] says: &str,
) {
    let error = run_on(fuse, programs, "r").0.unwrap_err();
    assert!(matches!(error, ProofError::Untried(_)) && error.to_string().contains(says), "{error}");
}

#[rstest]
#[case::no_mount(
    &[("mount", "echo '[2026-11-24] E [glusterfsd-mgmt.c:1:cbk] 0-mgmt: failed to fetch volume file' >\"${4#*log-file=}\"; exit 1")],
    "vol0 cannot be mounted on this host: [2026-11-24] E [glusterfsd-mgmt.c:1:cbk]"
)]
#[case::root_cannot_write(&[("dd", "echo 'dd: Input/output error' >&2; exit 1")], "root cannot write to vol0: dd: Input/")]
#[case::other_content(&[("cat", "echo something")], "root wrote a file to vol0 and read something else")]
#[case::only_root_can(
    &[("setpriv", "shift 5; case $1 in dd) echo 'dd: Permission denied'; exit 1 ;; *) exec \"$@\" ;; esac")],
    "user 65534 cannot write to vol0: dd: Permission"
)]
#[case::it_stays(&[("rm", "case \"$*\" in *-root*) exit 0 ;; *) exec /bin/rm \"$@\" ;; esac")], "cannot be taken away")]
fn what_went_wrong_is_failed(#[case] programs: &[(&str, &str)], #[case] says: &str) {
    let (found, host) = run_on(true, programs, "r");
    let error = found.unwrap_err();
    assert!(matches!(error, ProofError::Failed(_)) && error.to_string().contains(says), "{error}");
    let mounted: Vec<String> =
        left(host.path()).into_iter().filter(|name| name.contains("mounted")).collect();
    assert_eq!(mounted, Vec::<String>::new());
}

#[test]
fn what_a_run_that_was_cut_left_is_taken_away() {
    let mount = "for last; do :; done; : >\"$last.mounted\"; mkdir -p \"$last/.gluster-upgrade-canary-r\"; \
                 echo cut >\"$last/.gluster-upgrade-canary-r/r-root\"";
    let (found, host) = run_on(true, &[("mount", mount)], "r");
    assert!(found.is_ok(), "{found:?}");
    let old = host.path().join("run/gluster-upgrade-canary-r.Ab3dEf/volume");
    fs::create_dir_all(&old).unwrap();
    fs::write(old.with_extension("mounted"), "").unwrap();
    let other = host.path().join("run/gluster-upgrade-canary-other.Ab3dEf");
    fs::create_dir_all(&other).unwrap();
    assert!(again(host.path(), "r").is_ok());
    assert_eq!(left(host.path()), ["gluster-upgrade-canary-other.Ab3dEf"], "another run's is let be");
}

#[rstest]
#[case("")]
#[case("..")]
#[case("a/b")]
#[case("a b")]
#[case("*")]
fn a_run_that_is_no_name_is_refused(#[case] run: &str) {
    let (found, host) = run_on(true, &[], run);
    assert!(matches!(found, Err(ProofError::Untried(_))), "{found:?}");
    assert_eq!(left(host.path()), Vec::<String>::new());
}
