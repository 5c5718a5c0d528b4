//! What of the images' own scripts can be tried with no base at all: how `centos-7` derives its addresses.

use std::process::Command;

use rstest::rstest;

/// As the base's file is made: a section a repository, one point release after the other.
const KEPT: &str = "\
# C7.2.1511
[C7.2.1511-base]
baseurl=http://archive.example/7.2.1511/os/$basearch/
[C7.2.1511-updates]
baseurl=http://archive.example/7.2.1511/updates/$basearch/
[C7.3.1611-base]
name=CentOS-7.3.1611 - Base
baseurl=http://archive.example/kept/7.3.1611/os/$basearch
enabled=0
[C7.3.1611-extras]
baseurl=http://archive.example/elsewhere/7.3.1611/extras/$basearch/
";

/// Runs a line of shell after reading the script, with such a base.
fn ask(line: &str, kept: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../images/centos-7/root/opt/build/addresses");
    let output = Command::new("sh")
        .args(["-euc", &format!(". \"$1\"; {line}"), "ask", script])
        .env("KEPT", file("kept.repo", kept))
        .env("RELEASE_FILE", file("centos-release", "CentOS Linux release 7.9.2009 (Core)\n"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn point_releases_are_those_of_the_file_and_the_bases_own() {
    assert_eq!(ask("point_releases", KEPT), "7.2.1511\n7.3.1611\n7.9.2009\n");
}

#[rstest]
#[case::named("7.2.1511", "storage", "http://archive.example/7.2.1511/storage/$basearch/\n")]
#[case::named_elsewhere("7.3.1611", "storage", "http://archive.example/kept/7.3.1611/storage/$basearch/\n")]
#[case::as_its_neighbour("7.9.2009", "updates", "http://archive.example/kept/7.9.2009/updates/$basearch/\n")]
fn addresses_are_derived(#[case] point: &str, #[case] part: &str, #[case] expected: &str) {
    assert_eq!(ask(&format!("address_of {point} {part}"), KEPT), expected);
}

#[test]
fn nothing_is_made_up_where_the_file_says_nothing() {
    assert_eq!(ask("address_of 7.9.2009 os", "[other]\nbaseurl=http://archive.example/os/\n"), "");
}
