//! The parsers on what real hosts printed, and the scripts that do no harm on this one.

use super::*;
use rstest::rstest;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command as LocalCommand, Stdio};

fn printed(status: i32, stdout: &str) -> Output {
    Output { status, stdout: stdout.to_owned(), stderr: String::new() }
}

/// Runs a command here, without a transport.
fn run(argv: &[String]) -> Output {
    let output = LocalCommand::new(&argv[0]).args(&argv[1..]).stdin(Stdio::null()).output().unwrap();
    Output {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn processes_are_counted_by_kind() {
    let output = printed(
        0,
        "glusterd 71\nglusterfsd 120\nglusterfsd 131\nglusterfs 140\nmount /mnt/a\\040b\nmount /mnt/v\nend\n",
    );
    let expected = Processes {
        glusterd: 1,
        glusterfsd: 2,
        glusterfs: 1,
        fuse_mounts: vec!["/mnt/a b".to_owned(), "/mnt/v".to_owned()],
    };
    assert_eq!(parse_processes(&output), Ok(expected));
    assert!(parse_processes(&printed(0, "end\n")).unwrap().none());
}

#[rstest]
#[case(0, "")]
#[case(0, "glusterd 71\n")]
#[case(0, "glusterd 71\nsomething else\nend\n")]
#[case(1, "end\n")]
fn an_answer_that_is_not_whole_is_no_answer(#[case] status: i32, #[case] stdout: &str) {
    assert!(parse_processes(&printed(status, stdout)).is_err());
}

#[test]
fn what_still_runs_is_named() {
    let error = parse_stopped(&printed(1, "still running: glusterfsd 120\n")).unwrap_err();
    assert_eq!(error.to_string(), "stopping failed with status 1: still running: glusterfsd 120");
}

#[rstest]
#[case("started\n", Some(Started::Now))]
#[case("running\n", Some(Started::Already))]
#[case("", None)]
fn starts(#[case] stdout: &str, #[case] expected: Option<Started>) {
    assert_eq!(parse_started(&printed(0, stdout)).ok(), expected);
}

#[rstest]
#[case("/mnt/plain", "/mnt/plain")]
#[case("/mnt/a\\040b\\134c", "/mnt/a b\\c")]
#[case("/mnt/end\\", "/mnt/end\\")]
#[case("/mnt/\\08x\\é", "/mnt/\\08x\\é")]
fn paths_of_proc_mounts(#[case] written: &str, #[case] meant: &str) {
    assert_eq!(unescape(written), meant);
}

/// Writes a process into the `/proc` of a root directory.
fn write_process(root: &Path, pid: u32, name: &str, state: &str, arguments: &[&str]) {
    let directory = root.join("proc").join(pid.to_string());
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("comm"), format!("{name}\n")).unwrap();
    fs::write(directory.join("status"), format!("Name:\t{name}\nState:\t{state}\nPid:\t{pid}\n")).unwrap();
    let cmdline: String = arguments.iter().map(|argument| format!("{argument}\0")).collect();
    fs::write(directory.join("cmdline"), cmdline).unwrap();
}

fn processes_below(root: &Path) -> Output {
    let mut argv = processes().argv;
    *argv.last_mut().unwrap() = root.to_str().unwrap().to_owned();
    run(&argv)
}

#[test]
fn the_script_tells_daemons_mounts_zombies_and_others_apart() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    fs::create_dir_all(root.join("proc")).unwrap();
    fs::write(
        root.join("proc/mounts"),
        "/dev/sda / ext4 rw 0 0\ng1:/v /mnt/old\\040one fuse.glusterfs rw 0 0\n\
         g1:/v /mnt/dead fuse.glusterfs rw 0 0\n",
    )
    .unwrap();
    let sleeping = "S (sleeping)";
    write_process(root, 1, "systemd", sleeping, &["/sbin/init"]);
    write_process(root, 20, "glusterd", sleeping, &["/usr/sbin/glusterd", "-p", "/run/glusterd.pid"]);
    write_process(root, 30, "glusterfsd", sleeping, &["/usr/sbin/glusterfsd", "-s", "g1"]);
    write_process(root, 31, "glusterfsd", "Z (zombie)", &[]);
    write_process(root, 40, "glusterfs", sleeping, &["glusterfs", "--process-name", "glustershd"]);
    // gNFS of 3.8 ends with a path that is no mount point.
    write_process(root, 41, "glusterfs", sleeping, &["glusterfs", "-S", "/var/run/gluster/nfs.socket"]);
    write_process(root, 50, "glusterfs", sleeping, &["glusterfs", "--process-name", "fuse", "/mnt/new/"]);
    write_process(root, 51, "glusterfs", sleeping, &["glusterfs", "--volfile-id=/v", "/mnt/old one"]);
    write_process(root, 60, "glustereventsd", sleeping, &["python3", "glustereventsd"]);
    let expected = Processes {
        glusterd: 1,
        glusterfsd: 1,
        glusterfs: 2,
        fuse_mounts: vec!["/mnt/new".to_owned(), "/mnt/old one".to_owned()],
    };
    assert_eq!(parse_processes(&processes_below(root)), Ok(expected));
}

#[test]
fn the_script_reads_the_proc_of_this_machine() {
    assert!(parse_processes(&run(&processes().argv)).is_ok());
}

/// A root directory with three volumes, two of which have nfs lines.
fn stored_volumes() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (volume, info) in [
        ("a", "type=2\nnfs.disable=on\ntransport.address-family=inet\n"),
        ("b", "type=2\nnot.nfs.disable=on\n"),
        ("c", "nfs.disable=on\nnfs.acl=off\n"),
    ] {
        let directory = root.path().join("var/lib/glusterd/vols").join(volume);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("info"), info).unwrap();
    }
    root
}

fn drop_below(root: &Path, run_id: &str) -> Output {
    let mut argv = drop_nfs_lines(run_id).argv;
    *argv.last_mut().unwrap() = root.to_str().unwrap().to_owned();
    run(&argv)
}

#[test]
fn nfs_lines_are_dropped_once_and_the_originals_kept() {
    let root = stored_volumes();
    let info = |volume: &str| root.path().join("var/lib/glusterd/vols").join(volume).join("info");
    let original = fs::read_to_string(info("a")).unwrap();
    let output = drop_below(root.path(), "2026-11-24T10.00.00");
    let names: Vec<String> = parse_dropped(&output).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a", "c"], "{output:?}");
    assert_eq!(fs::read_to_string(info("a")).unwrap(), "type=2\ntransport.address-family=inet\n");
    assert_eq!(fs::read_to_string(info("b")).unwrap(), "type=2\nnot.nfs.disable=on\n");
    assert_eq!(fs::read_to_string(info("c")).unwrap(), "");
    let kept = root.path().join("var/lib/glusterd-upgrade-backup/2026-11-24T10.00.00/vols/a/info");
    assert_eq!(fs::read_to_string(&kept).unwrap(), original);

    // Again, with a line that came back: the first backup stays.
    fs::write(info("a"), "nfs.disable=on\n").unwrap();
    assert_eq!(parse_dropped(&drop_below(root.path(), "2026-11-24T10.00.00")).unwrap().len(), 1);
    assert_eq!(fs::read_to_string(&kept).unwrap(), original);
    assert_eq!(parse_dropped(&drop_below(root.path(), "2026-11-24T10.00.00")).unwrap().len(), 0);
    let left: Vec<_> = fs::read_dir(info("a").parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[rstest]
#[case("")]
#[case("..")]
#[case("a/b")]
#[case("a b")]
fn a_run_that_is_no_name_is_refused(#[case] run_id: &str) {
    let root = stored_volumes();
    assert!(parse_dropped(&drop_below(root.path(), run_id)).is_err());
    assert!(!root.path().join("var/lib/glusterd-upgrade-backup").exists());
}

#[test]
fn nfs_lines_stay_while_glusterd_runs() {
    let root = stored_volumes();
    write_process(root.path(), 20, "glusterd", "S (sleeping)", &["glusterd"]);
    let error = parse_dropped(&drop_below(root.path(), "run")).unwrap_err();
    assert!(error.to_string().contains("glusterd runs"), "{error}");
    let info = fs::read_to_string(root.path().join("var/lib/glusterd/vols/a/info")).unwrap();
    assert!(info.contains("nfs.disable"));
}

/// A glusterd that ends at once is explained by what it wrote itself, never by what was in its log before.
#[rstest]
#[case::it_says_why("echo 'no port left' >>\"$LOG\"", "glusterd ended with 3\nno port left\n")]
#[case::it_says_nothing("", "glusterd ended with 3\nit wrote nothing to its log\n")]
#[case::its_log_is_new("echo new >\"$LOG\"", "glusterd ended with 3\nnew\n")]
fn a_glusterd_that_does_not_start_is_explained_by_its_own_lines(#[case] writes: &str, #[case] said: &str) {
    let root = root_with_log("what an earlier glusterd wrote\n");
    assert_eq!(start_below(root.path(), &format!("{writes}\nexit 3")), (Some(1), said.to_owned()));
}

/// One that ran before this program came is explained by whatever it wrote.
#[test]
fn a_glusterd_that_runs_and_does_not_answer_is_explained_by_its_log() {
    let root = root_with_log("epoll failed\n");
    write_process(root.path(), 20, "glusterd", "S (sleeping)", &["glusterd"]);
    let said = "glusterd runs but answers nothing\nepoll failed\n".to_owned();
    assert_eq!(start_below(root.path(), "exit 3"), (Some(1), said));
}

/// A root directory with a log of glusterd, where nothing runs.
fn root_with_log(text: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let logs = root.path().join("var/log/glusterfs");
    fs::create_dir_all(&logs).unwrap();
    fs::create_dir_all(root.path().join("proc")).unwrap();
    fs::write(logs.join("glusterd.log"), text).unwrap();
    root
}

/// Starts such a glusterd there, which is given no time to answer, by a `gluster` that never does. Its log is `$LOG`.
fn start_below(root: &Path, glusterd: &str) -> (Option<i32>, String) {
    for (name, script) in [("glusterd", glusterd), ("gluster", "exit 1")] {
        let program = root.join(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    }
    let mut argv = start_glusterd().argv;
    argv[2] = argv[2].replacen("\nroot=\n", &format!("\nroot={}\n", root.display()), 1);
    argv[4] = "0".to_owned();
    let path = format!("{}:{}", root.display(), std::env::var("PATH").unwrap());
    let log = root.join("var/log/glusterfs/glusterd.log");
    let output = LocalCommand::new(&argv[0])
        .args(&argv[1..])
        .envs([("PATH", path.as_str()), ("LOG", log.to_str().unwrap())])
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}
