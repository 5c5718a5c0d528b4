//! The offer's script, with programs in place of apt's and dpkg's.

use super::super::parse_offer;
use super::*;
use crate::core::command::Output;
use crate::core::packages::{PackageMove, PackageOffer, PackageTrouble};
use rstest::rstest;

/// Runs the offer's script with programs in place of apt's and dpkg's that print what a host would.
fn offered(wanted: &str, on_offer: &[&str]) -> Result<PackageOffer, PackageError> {
    let directory = tempfile::tempdir().unwrap();
    let program = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    std::fs::write(directory.path().join("b.example.org_sid_Release"), "").unwrap();
    program("apt-config", &format!("echo \"lists='{}/'\"\n", directory.path().display()));
    let madison: String = on_offer
        .iter()
        .map(|version| {
            format!(
                "glusterfs-server | {version:>10} | http://mirror.example.org/debian sid/main amd64 Packages\n"
            )
        })
        .collect();
    program(
        "dpkg-query",
        "case $3 in\n*Abbrev*) printf 'ii |bash\\niU |libc6\\niiR|broken\\nrc |gone\\n' ;;\n*Want*) printf 'glusterfs hold libgfapi0\\nbash hold bash\\nglusterfs install glusterfs-cli\\n' ;;\n\
         *) printf 'glusterfs installed glusterfs-server 10.3-5\\nglusterfs installed libgfapi0 10.3-5\\nbash installed bash 5\\n' ;;\nesac\n",
    );
    program(
        "apt-cache",
        &format!(
            "case $1 in\nmadison) cat <<'END'\n{madison}END\n;;\n\
             show) printf 'Package: libc6\\nSource: glibc\\n\\nPackage: glusterfs-cli\\nSource: glusterfs (11.1-6)\\n' ;;\nesac\n"
        ),
    );
    // The first of two that are equal or greater; good enough for numbers alone.
    program("dpkg", "[ \"$(printf '%s\\n%s\\n' \"$2\" \"$4\" | sort -V | tail -n 1)\" = \"$2\" ]\n");
    program(
        "apt-get",
        "if [ \"$1\" = update ]; then\n\
         echo \"'http://a.example.org/sid/InRelease' a.example.org_sid_InRelease 0\"\n\
         echo \"'http://b.example.org/sid/InRelease' b.example.org_sid_InRelease 0\"; exit; fi\neval last=\\${$#}\nversion=$(sed -n 's/^Pin: version //p' \"${4#*=}\")\ncat <<END\n\
         Remv libssl3 [3.0.19-1~deb12u2] [openssh-server:amd64 ]\n\
         Inst libc6 [2.36-9+deb12u14] (2.41-12 Debian:13/stable [amd64])\n\
         Inst libgfapi0 [10.3-5] ($version sid [amd64]) []\n\
         Inst glusterfs-cli ($version sid [amd64]) []\n\
         Inst glusterfs-server [10.3-5] ($version sid [amd64])\n\
         Conf libc6 (2.41-12 Debian:13/stable [amd64])\nEND\n",
    );
    let argv = offer(wanted.parse().unwrap()).argv;
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new(&argv[0]).args(&argv[1..]).env("PATH", path).output().unwrap();
    parse_offer(&Output {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    })
}

#[rstest]
#[case("11.1", &["11.2-5", "11.1-6", "9.2-1"], Some("11.1-6"))]
#[case("11.1", &["11.1-3", "11.1-6"], Some("11.1-6"))]
#[case("11.1", &["1:11.1-6ubuntu1~22.04"], Some("1:11.1-6ubuntu1~22.04"))]
#[case("11.1", &["11.1+ds-1"], Some("11.1+ds-1"))]
#[case("11.1", &["11.1~jammy1-1"], Some("11.1~jammy1-1"))]
#[case("11.1", &["11.1~rc0-1", "11.10-1", "111.1-1", "11.1.1-1", "1:11-1"], None)]
#[case("11.1", &[], None)]
#[case("10.3", &[], Some("10.3-5"))]
fn the_version_that_brings_a_release(
    #[case] wanted: &str,
    #[case] on_offer: &[&str],
    #[case] expected: Option<&str>,
) {
    let offer = offered(wanted, on_offer);
    // What is installed needs no transaction, so the stubs' simulation is beside the point there.
    let version = offer.map(|offer| offer.version).unwrap();
    assert_eq!(version.as_deref(), expected);
}

#[test]
fn an_offer_tells_the_family_from_all_others() {
    let expected = PackageOffer {
        version: Some("11.1-6".to_owned()),
        also_changes: vec!["libc6".to_owned()],
        removes: vec!["libssl3".to_owned()],
        held: vec!["libgfapi0".to_owned()],
        moves: [("glusterfs-cli", None), ("glusterfs-server", Some("10.3-5")), ("libgfapi0", Some("10.3-5"))]
            .map(|(package, from)| PackageMove {
                package: package.to_owned(),
                from: from.map(str::to_owned),
                to: Some("11.1-6".to_owned()),
            })
            .to_vec(),
        troubles: vec![
            PackageTrouble::HalfInstalled("not wholly installed: libc6 broken".to_owned()),
            PackageTrouble::Repository(
                "no index of http://a.example.org/sid/ is here: it was not fetched".to_owned(),
            ),
        ],
        ..PackageOffer::default()
    };
    assert_eq!(offered("11.1", &["11.1-6"]), Ok(expected));
}

/// Returns what is told of what apt and dpkg said.
fn complaints(said: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    std::fs::write(&log, said).unwrap();
    let script = format!("{}\ncomplaints <\"$1\"\n", include_str!("common.sh"));
    let output =
        std::process::Command::new("sh").args(["-c", &script, "complaints"]).arg(&log).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn dpkg_s_reason_is_told_with_the_package() {
    let lines = complaints(
        "Unpacking glusterfs-common (10.3-5) over (9.2-1) ...\n\
        dpkg: error processing archive /tmp/6-glusterfs-common_10.3-5_amd64.deb (--unpack):\n \
        cannot copy extracted data for 'a.so' to 'a.so.dpkg-new': failed to write (No space left on device)\n\
        dpkg-deb: error: paste subprocess was killed by signal (Broken pipe)\n indented by somebody else\n\
        E: Sub-process /usr/bin/dpkg returned an error code (1)\n",
    );
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("dpkg: error processing archive"), "{lines:?}");
    assert!(lines[1].ends_with("(No space left on device)") && lines[2].starts_with("E: "), "{lines:?}");
}

/// Where dpkg cannot keep its own books, no package is to blame.
#[test]
fn dpkg_s_reason_is_told_without_a_package() {
    let lines = complaints(
        "(Reading database ... 12839 files and directories currently installed.)\n\
        dpkg: unrecoverable fatal error, aborting:\n \
        unable to flush updated status of 'libgfxdr0': No space left on device\n\
        E: Sub-process /usr/bin/dpkg returned an error code (2)\n",
    );
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[1].ends_with("No space left on device"), "{lines:?}");
}
