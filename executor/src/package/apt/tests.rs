//! The parsers on what the scripts printed on bookworm hosts.

use super::*;
use rstest::rstest;

fn printed(status: i32, stdout: &str) -> Output {
    Output { status, stdout: stdout.to_owned(), stderr: String::new() }
}

fn release() -> Release {
    "11.1".parse().unwrap()
}

#[test]
fn an_offer_names_what_else_would_move() {
    let output = printed(
        0,
        "hold glusterfs-server\nversion 11.1-6\nchange libc6\nchange openssh-server\nremove libssl3\nend\n",
    );
    let expected = PackageOffer {
        version: Some("11.1-6".to_owned()),
        also_changes: vec!["libc6".to_owned(), "openssh-server".to_owned()],
        removes: vec!["libssl3".to_owned()],
        held: vec!["glusterfs-server".to_owned()],
    };
    assert_eq!(parse_offer(&output), Ok(expected));
    assert_eq!(parse_offer(&printed(0, "end\n")), Ok(PackageOffer::default()));
}

#[rstest]
#[case(0, "version 11.1-6\n")]
#[case(0, "rubbish\nend\n")]
#[case(1, "E: Unable to correct problems, you have held broken packages.\n")]
fn no_offer_is_made_up(#[case] status: i32, #[case] stdout: &str) {
    assert!(parse_offer(&printed(status, stdout)).is_err());
}

#[test]
fn an_install_tells_what_was_noteworthy() {
    let stdout = "kept your own file beside /etc/glusterfs/glusterd.vol.dpkg-dist\ninstalled 11.1\n";
    assert_eq!(
        parse_install(&printed(0, stdout), release()),
        Ok(vec!["kept your own file beside /etc/glusterfs/glusterd.vol.dpkg-dist".to_owned()])
    );
    assert_eq!(parse_install(&printed(0, "fetched 11.1-6\n"), release()), Ok(vec![]));
}

#[rstest]
#[case(75, "busy: packages are being installed\n", PackageError::Busy)]
#[case(76, "installed 10.3\n", PackageError::WrongRelease { wanted: release(), got: Some("10.3".to_owned()) })]
#[case(76, "installed \n", PackageError::WrongRelease { wanted: release(), got: None })]
#[case(0, "", PackageError::CutShort { act: "installing packages" })]
#[case(0, "installed 10.3\n", PackageError::CutShort { act: "installing packages" })]
fn an_install_that_did_not_do_it(#[case] status: i32, #[case] stdout: &str, #[case] expected: PackageError) {
    assert_eq!(parse_install(&printed(status, stdout), release()), Err(expected));
}
