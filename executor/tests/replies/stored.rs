//! The command that prints the stored volumes, run here on directories of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use executor::core::command::Output;
use executor::core::names::VolumeName;
use executor::gluster::{ReplyError, commands, replies};
use rstest::rstest;

/// Runs the command that prints the stored volumes, on another directory.
fn print_stored_volumes(directory: &Path) -> Output {
    let mut argv = commands::stored_volumes().argv;
    *argv.last_mut().unwrap() = directory.to_str().unwrap().to_owned();
    let output = process::Command::new(&argv[0]).args(&argv[1..]).output().unwrap();
    Output {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[rstest]
fn stored_volumes_are_printed_and_read_line_by_line(
    #[files("tests/replies/*/quota/volume-info-rep.xml")] path: PathBuf,
) {
    let directory = path.parent().unwrap().join("vols");
    let output = print_stored_volumes(&directory);
    let stored = replies::stored_volumes(&output).unwrap();
    let [(name, rep)] = stored.iter().collect::<Vec<_>>()[..] else { panic!("{stored:?}") };
    assert_eq!(name.as_str(), "rep");
    let file = fs::read_to_string(directory.join("rep/info")).unwrap();
    let (secret, open): (BTreeSet<&str>, BTreeSet<&str>) =
        file.lines().partition(|line| line.starts_with("password="));
    assert_eq!((secret.len(), rep.info.len()), (1, file.lines().count()));
    assert!(open.iter().all(|line| rep.info.contains(*line)));
    // The password itself stays on the host.
    let password = secret.first().unwrap().strip_prefix("password=").unwrap();
    assert!(!output.stdout.contains(password), "{}", output.stdout);
    assert!(rep.quota_checksum.as_ref().is_some_and(|sum| sum.parse::<u32>().is_ok()), "{rep:?}");

    for at in 0..output.stdout.len() {
        let piece = Output { stdout: output.stdout[..at].to_owned(), ..output.clone() };
        if let Ok(less) = replies::stored_volumes(&piece) {
            assert_eq!(less, stored, "cut at {at}");
        }
    }
}

/// The line that rejects peers on the way to 11: stored without anybody having set it, until 11 is built without gNFS.
#[rstest]
fn options_of_gnfs_are_stored_by_default_before_11(
    #[files("tests/replies/*/healthy/vols/rep/info")] path: PathBuf,
) {
    let directory = path.parent().and_then(Path::parent).unwrap();
    let stored = replies::stored_volumes(&print_stored_volumes(directory)).unwrap();
    assert_eq!(stored.keys().map(VolumeName::as_str).collect::<Vec<_>>(), ["arb", "dist", "dr", "ec", "rep"]);
    // The folder lies where a file of the state would.
    let release = super::release_of(directory);
    let expected: &[&str] = if release < "11.0".parse().unwrap() { &["nfs.disable=on"] } else { &[] };
    for (name, volume) in &stored {
        assert_eq!(volume.nfs_lines().collect::<Vec<_>>(), expected, "{release}: {name}");
    }
}

#[test]
fn stored_volumes_lose_no_odd_line_and_no_odd_directory() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let read = || replies::stored_volumes(&print_stored_volumes(root.path()));
    assert_eq!(read().unwrap(), BTreeMap::new());

    write("not-a-volume.txt", "x");
    write("a/info", "  two  spaces \nback\\slash %s $HOME `id`\nend a\n\nno end of the line");
    write("b-2/info", "password=1\n");
    write("c/info", "password=2\n");
    let stored = read().unwrap();
    assert_eq!(stored.keys().map(VolumeName::as_str).collect::<Vec<_>>(), ["a", "b-2", "c"]);
    let lines = ["  two  spaces ", "back\\slash %s $HOME `id`", "end a", "", "no end of the line"];
    assert_eq!(stored[&"a".parse().unwrap()].info, lines.map(str::to_owned).into());
    let info = |name: &str| &stored[&name.parse().unwrap()].info;
    assert_ne!(info("b-2"), info("c"), "passwords that differ still do");

    // glusterd would not start with this one.
    fs::create_dir(root.path().join("d")).unwrap();
    let error = read().unwrap_err().to_string();
    assert!(error.contains("of the volume d") && error.contains("will not start"), "{error}");

    let error = replies::stored_volumes(&print_stored_volumes(Path::new("/no/such/directory"))).unwrap_err();
    assert!(matches!(error, ReplyError::Refused { status: 1, .. }), "{error}");
}
