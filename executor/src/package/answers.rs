//! What the scripts of all package managers print, read in one way.

use super::PackageError;
use crate::core::command::Output;
use crate::core::names::Release;
use crate::core::packages::{PackageMove, PackageOffer, PackageTrouble};
use crate::core::script::{ScriptError, complete, succeeded};

/// The exit status of a second install beside a running one (`install.sh`).
const BUSY: i32 = 75;
/// The exit status of an install that another release came of (`install.sh`).
const WRONG_RELEASE: i32 = 76;

/// Reads what [`offer`](super::offer) printed.
///
/// `also_changes` names packages that would be installed anew as well as upgraded and downgraded ones.
///
/// # Errors
/// When there is no way to install the release, in the package manager's words.
pub fn parse_offer(output: &Output) -> Result<PackageOffer, PackageError> {
    const ACT: &str = "simulating the installation";
    let lines = complete(ACT, output)?;
    let mut offer = PackageOffer::default();
    for line in lines {
        let unreadable = || ScriptError::Unreadable { act: ACT, line: line.to_owned() };
        let (key, value) = line.split_once(' ').ok_or_else(unreadable)?;
        match key {
            "version" => offer.version = Some(value.to_owned()),
            "move" => offer.moves.push(moved(value).ok_or_else(unreadable)?),
            "change" => offer.also_changes.push(value.to_owned()),
            "remove" => offer.removes.push(value.to_owned()),
            "hold" => offer.held.push(value.to_owned()),
            "repository" => offer.troubles.push(PackageTrouble::Repository(value.to_owned())),
            "half" => offer.troubles.push(PackageTrouble::HalfInstalled(value.to_owned())),
            "unattended" => offer.troubles.push(PackageTrouble::Unattended(value.to_owned())),
            _ => return Err(unreadable().into()),
        }
    }
    Ok(offer)
}

/// Reads `PACKAGE FROM TO`, where `-` stands for none.
fn moved(words: &str) -> Option<PackageMove> {
    let version = |word: &str| (word != "-").then(|| word.to_owned());
    match words.split(' ').collect::<Vec<_>>()[..] {
        [package, from, to] if [package, from, to].iter().all(|word| !word.is_empty()) => {
            Some(PackageMove { package: package.to_owned(), from: version(from), to: version(to) })
        }
        _ => None,
    }
}

/// Reads what [`install`](super::install) or [`fetch`](super::fetch) printed: what the operator should know of it.
///
/// # Errors
/// When it failed, another one runs, or another release came of it.
pub fn parse_install(output: &Output, release: Release) -> Result<Vec<String>, PackageError> {
    const ACT: &str = "installing packages";
    let last = output.stdout.lines().next_back().unwrap_or_default();
    match output.status {
        0 => {}
        BUSY => return Err(PackageError::Busy),
        WRONG_RELEASE => {
            let got = last.strip_prefix("installed ").map(str::to_owned).filter(|got| !got.is_empty());
            return Err(PackageError::WrongRelease { wanted: release, got });
        }
        _ => {
            succeeded(ACT, output)?;
        }
    }
    if last != format!("installed {release}") && !last.starts_with("fetched ") {
        return Err(ScriptError::CutShort { act: ACT }.into());
    }
    let notes = output.stdout.lines().filter(|line| *line != last);
    Ok(notes.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn printed(status: i32, stdout: &str) -> Output {
        Output { status, stdout: stdout.to_owned(), stderr: String::new() }
    }

    fn release() -> Release {
        "11.1".parse().unwrap()
    }

    #[test]
    fn an_offer_names_all_that_would_move_and_what_is_wrong() {
        let output = printed(
            0,
            "hold glusterfs-server\nhalf not wholly installed: libc6\nunattended a.timer is active\n\
             repository no index of x y is here\nversion 11.1-6\nmove glusterfs-server 10.3-5 11.1-6\n\
             move libglusterd0 10.3-5 -\nmove new0 - 11.1-6\nchange libc6\nchange openssh-server\nremove libssl3\nend\n",
        );
        let moved = |package: &str, from: Option<&str>, to: Option<&str>| PackageMove {
            package: package.to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        let expected = PackageOffer {
            version: Some("11.1-6".to_owned()),
            moves: vec![
                moved("glusterfs-server", Some("10.3-5"), Some("11.1-6")),
                moved("libglusterd0", Some("10.3-5"), None),
                moved("new0", None, Some("11.1-6")),
            ],
            also_changes: vec!["libc6".to_owned(), "openssh-server".to_owned()],
            removes: vec!["libssl3".to_owned()],
            held: vec!["glusterfs-server".to_owned()],
            troubles: vec![
                PackageTrouble::HalfInstalled("not wholly installed: libc6".to_owned()),
                PackageTrouble::Unattended("a.timer is active".to_owned()),
                PackageTrouble::Repository("no index of x y is here".to_owned()),
            ],
            ..PackageOffer::default()
        };
        assert_eq!(parse_offer(&output), Ok(expected));
        assert_eq!(parse_offer(&printed(0, "end\n")), Ok(PackageOffer::default()));
    }

    #[rstest]
    #[case::cut(0, "version 11.1-6\n")]
    #[case::empty(0, "")]
    #[case::rubbish(0, "rubbish\nend\n")]
    #[case::unknown_word(0, "reboot now\nend\n")]
    #[case::half_a_move(0, "move glusterfs-server 10.3-5\nend\n")]
    #[case::a_move_of_nothing(0, "move  10.3-5 11.1-6\nend\n")]
    #[case::failed(1, "E: Unable to correct problems, you have held broken packages.\n")]
    #[case::failed_at_the_end(1, "version 11.1-6\nend\n")]
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
    #[case(0, "", ScriptError::CutShort { act: "installing packages" }.into())]
    #[case(0, "installed 10.3\n", ScriptError::CutShort { act: "installing packages" }.into())]
    fn an_install_that_did_not_do_it(
        #[case] status: i32,
        #[case] stdout: &str,
        #[case] expected: PackageError,
    ) {
        assert_eq!(parse_install(&printed(status, stdout), release()), Err(expected));
    }
}
