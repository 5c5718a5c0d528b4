//! The scripts, with programs in place of dnf, yum, zypper and rpm that print what was recorded (`recorded/`).

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::{PackageError, parse_offer};
use super::*;
use crate::core::command::Output;
use crate::core::packages::{PackageOffer, PackageTrouble};
use rstest::rstest;

const RPM_QA: &str = include_str!("recorded/rpm-qa.txt");

/// Programs of a host, as shell scripts; each writes its arguments into `asked`.
struct Host(tempfile::TempDir);

impl Host {
    /// A host with these packages installed.
    fn with(installed: &str) -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        std::fs::write(host.path().join("installed"), installed).unwrap();
        host.program(
            "rpm",
            "case $1 in\n-q) grep -q \"^$2 \" \"$0.d/installed\" ;;\n\
             -qa) case $3 in *SOURCERPM*) cat \"$0.d/installed\" ;; *) cut -d ' ' -f 1,2 \"$0.d/installed\" ;; esac ;;\n\
             esac",
        );
        host
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a program; `$0.d` leads to the files of the host.
    fn program(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        let head =
            "#!/bin/sh\nprintf '%s|' \"${0##*/}\" \"$@\" >>\"${0%/*}/asked\"; echo >>\"${0%/*}/asked\"\n";
        std::fs::write(&path, format!("{head}{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let files = self.path().join(format!("{name}.d"));
        if !files.exists() {
            std::os::unix::fs::symlink(self.path(), files).unwrap();
        }
    }

    /// Stores what a program prints.
    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn run(&self, command: &Command) -> Output {
        let path = format!("{}:{}", self.path().display(), std::env::var("PATH").unwrap());
        let output = std::process::Command::new(&command.argv[0])
            .args(&command.argv[1..])
            .env("PATH", path)
            .output()
            .unwrap();
        Output {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn offer(&self, manager: Rpm, of: &str) -> Result<PackageOffer, PackageError> {
        parse_offer(&self.run(&offer(manager, of.parse().unwrap())))
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.path().join("asked")).unwrap_or_default()
    }
}

/// A host with dnf, which says this of its packages and of a transaction.
fn with_dnf(repoquery: &str, transaction: &str) -> Host {
    let host = Host::with(RPM_QA);
    host.file("repoquery", repoquery);
    host.file("transaction", transaction);
    host.program(
        "dnf",
        "case \"$*\" in\n*repoquery*) cat \"$0.d/repoquery\" ;;\n*--assumeno*) cat \"$0.d/transaction\"; exit 1 ;;\nesac",
    );
    host
}

fn with_zypper(search: &str, transaction: &str, status: i32) -> Host {
    let host = Host::with(RPM_QA);
    host.file("search", search);
    host.file("transaction", transaction);
    let install = format!("*install*) cat \"$0.d/transaction\"; exit {status} ;;\nesac");
    host.program("zypper", &format!("case \"$*\" in\n*search*) cat \"$0.d/search\" ;;\n{install}"));
    host
}

const REPOQUERY: &str = include_str!("recorded/dnf-repoquery.txt");
const ASSUMENO: &str = include_str!("recorded/dnf-assumeno.txt");
const SEARCH: &str = include_str!("recorded/zypper-search.xml");
const DRY_RUN: &str = include_str!("recorded/zypper-dry-run.xml");

/// Returns what the offer moves, as `NAME FROM>TO`.
fn moves(offer: &PackageOffer) -> Vec<String> {
    let version = |version: &Option<String>| version.clone().unwrap_or_default();
    offer.moves.iter().map(|m| format!("{} {}>{}", m.package, version(&m.from), version(&m.to))).collect()
}

#[rstest]
#[case::dnf(Rpm::Dnf, with_dnf(REPOQUERY, ASSUMENO))]
#[case::zypper(Rpm::Zypper, with_zypper(SEARCH, DRY_RUN, 0))]
fn an_offer_tells_the_family_from_all_others(#[case] manager: Rpm, #[case] host: Host) {
    let offer = host.offer(manager, "11.1").unwrap();
    assert_eq!(offer.version.as_deref(), Some("11.1-1.el9"));
    let both = ["glusterfs", "glusterfs-cli", "glusterfs-fuse", "glusterfs-server"];
    let mut expected: Vec<String> = both.map(|name| format!("{name} 10.3-1.el9>11.1-1.el9")).to_vec();
    expected.push("libglusterd0 10.3-1.el9>".to_owned());
    assert_eq!(moves(&offer), expected);
    assert_eq!(
        (offer.also_changes, offer.removes, offer.held),
        (vec!["foreignlib".to_owned()], vec![], vec![])
    );
    assert_eq!(offer.troubles, []);
    // Nothing was asked that fetches or changes anything.
    let asked = host.asked();
    for line in asked.lines().filter(|line| !line.starts_with("rpm|")) {
        assert!(["-C|", "--no-refresh|"].iter().any(|only| line.contains(only)), "{line}");
        assert!(
            !line.contains("install") || line.contains("--assumeno") || line.contains("--dry-run"),
            "{line}"
        );
    }
}

#[test]
fn yum_is_read_too() {
    let host = Host::with(&RPM_QA.replace("el9", "el7"));
    host.file("list", include_str!("recorded/yum-list.txt"));
    host.file("transaction", include_str!("recorded/yum-assumeno.txt"));
    host.program(
        "yum",
        "case \"$*\" in\n*list*) cat \"$0.d/list\" ;;\n*--assumeno*) cat \"$0.d/transaction\"; exit 1 ;;\nesac",
    );
    let offer = host.offer(Rpm::Yum, "11.1").unwrap();
    assert_eq!(offer.version.as_deref(), Some("11.1-1.el7"));
    let expected = [
        "glusterfs 10.3-1.el7>11.1-1.el7",
        "glusterfs-server 10.3-1.el7>11.1-1.el7",
        "libgluster-newer0 >11.1-1.el7",
        "libglusterd0 10.3-1.el7>",
    ];
    assert_eq!(moves(&offer), expected);
    assert_eq!(offer.also_changes, ["foreignlib"]);
    assert_eq!(offer.removes, ["gluster-nagios-addons"]);
}

/// dnf and zypper go down by the word that goes up.
#[rstest]
#[case::down(
    "11.1-1.el7",
    "10.3",
    "yum|-C|--assumeno|downgrade|glusterfs-10.3-1.el7|glusterfs-server-10.3-1.el7|"
)]
#[case::up("10.3-1.el7", "11.1", "yum|-C|--assumeno|install|glusterfs-11.1-1.el7|")]
fn yum_has_a_word_of_its_own_for_going_down(#[case] here: &str, #[case] to: &str, #[case] asked: &str) {
    let host = Host::with(&RPM_QA.replace("10.3-1.el9", here));
    host.file("list", include_str!("recorded/yum-list.txt"));
    host.program("yum", "case \"$*\" in\n*list*) cat \"$0.d/list\" ;;\nesac");
    host.offer(Rpm::Yum, to).unwrap();
    assert!(host.asked().contains(asked), "{}", host.asked());
}

#[rstest]
#[case("11.1", &["11.1-1.el9"], Some("11.1-1.el9"))]
#[case("11.1", &["11.1-1.el9", "11.1-2.el9", "11.2-1.el9"], Some("11.1-2.el9"))]
#[case("11.1", &["1:11.1-1.el9"], Some("1:11.1-1.el9"))]
#[case::before_the_release("11.1", &["11.1-0.2rc1.el9"], None)]
#[case::others("11.1", &["11.10-1.el9", "111.1-1.el9", "11.1.1-1.el9"], None)]
#[case::none("11.1", &[], None)]
#[case::what_is_installed("10.3", &[], Some("10.3-1.el9"))]
fn the_version_that_brings_a_release(
    #[case] wanted: &str,
    #[case] on_offer: &[&str],
    #[case] expected: Option<&str>,
) {
    let lines: String = on_offer
        .iter()
        .map(|version| {
            let epoch = if version.contains(':') { "" } else { "0:" };
            format!("glusterfs-server {epoch}{version}\n")
        })
        .collect();
    let offer = with_dnf(&lines, "Nothing to do.\n").offer(Rpm::Dnf, wanted).unwrap();
    assert_eq!(offer.version.as_deref(), expected);
}

#[test]
fn a_client_only_host_moves_what_it_has() {
    let client: String = RPM_QA
        .lines()
        .filter(|line| !line.contains("-server") && !line.contains("-cli"))
        .map(|line| format!("{line}\n"))
        .collect();
    let host = with_dnf(REPOQUERY, "Nothing to do.\n");
    host.file("installed", &client);
    assert_eq!(host.offer(Rpm::Dnf, "11.1").unwrap().version.as_deref(), Some("11.1-1.el9"));
    let asked = host.asked();
    let simulated = asked.lines().find(|line| line.contains("--assumeno")).unwrap();
    assert!(simulated.ends_with("install|glusterfs-11.1-1.el9|glusterfs-fuse-11.1-1.el9|"), "{simulated}");
}

#[rstest]
#[case::dnf(Rpm::Dnf, with_dnf(REPOQUERY, include_str!("recorded/dnf-no-solution.txt")))]
#[case::zypper(Rpm::Zypper, with_zypper(SEARCH, include_str!("recorded/zypper-no-solution.xml"), 4))]
fn a_transaction_without_a_solution_is_no_offer(#[case] manager: Rpm, #[case] host: Host) {
    let error = host.offer(manager, "11.1").unwrap_err().to_string();
    assert!(error.contains("nothing provides foreignlib"), "{error}");
}

#[test]
fn a_repository_that_was_not_fetched_is_told() {
    let host = with_dnf(REPOQUERY, ASSUMENO);
    // As dnf 4.14 says it, ending well.
    host.program("dnf", "echo \"Error: Cache-only enabled but no cache for 'local'\" >&2");
    let offer = host.offer(Rpm::Dnf, "11.1").unwrap();
    let said = "Error: Cache-only enabled but no cache for 'local'".to_owned();
    assert_eq!((offer.version, offer.troubles), (None, vec![PackageTrouble::Repository(said)]));

    host.program("dnf", "echo 'Error: cannot read /etc/yum.repos.d' >&2; exit 1");
    let offer = host.offer(Rpm::Dnf, "11.1").unwrap();
    let said = "Error: cannot read /etc/yum.repos.d".to_owned();
    assert_eq!((offer.version, offer.troubles), (None, vec![PackageTrouble::Repository(said)]));
}

#[test]
fn packages_in_two_versions_are_a_broken_transaction() {
    let host = with_dnf(REPOQUERY, ASSUMENO);
    host.file("installed", &format!("{RPM_QA}glusterfs-cli 0:11.1-1.el9 glusterfs-11.1-1.el9.src.rpm\n"));
    let offer = host.offer(Rpm::Dnf, "11.1").unwrap();
    assert!(
        matches!(&offer.troubles[..], [PackageTrouble::HalfInstalled(what)] if what.contains("glusterfs-cli")),
        "{:?}",
        offer.troubles
    );
}

#[rstest]
#[case("-oX")]
#[case("11.1;reboot")]
#[case("$(reboot)")]
#[case("11.1 glusterfs")]
#[case("")]
fn a_version_that_is_none_runs_nothing(#[case] version: &str) {
    let host = with_dnf(REPOQUERY, ASSUMENO);
    let output = host.run(&install(Rpm::Dnf, version, "11.1".parse().unwrap()));
    assert_eq!((output.status, host.asked().as_str()), (2, ""), "{output:?}");
}
