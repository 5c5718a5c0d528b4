//! Packages of one's own, as docs/own-packages.md has it: a release that nobody else has is rehearsed by a scenario of the
//! project, on real containers.
//!
//! The packages are those of 11.1, with another number in them and on them.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::Path;
use std::process::{Command, Stdio};

use acceptance::asked::text;
use acceptance::engine::on_engine;
use acceptance::play::simulator;
use acceptance::ssh_host::SshHost;
use serde_json::Value;
use simulator::engine::Engine;

/// Makes packages of 11.9 out of those of 11.1, in /tmp/built: the number has as many characters, so that programs and
/// libraries that have it inside stay what they are.
const REPACK: &str = r#"
set -eu
export LC_ALL=C
mkdir /tmp/built
for package in /opt/gluster/repo/*_11.1-*.deb; do
    dpkg-deb --raw-extract "$package" /tmp/package
    sed -i 's/11\.1-[0-9a-z.+~]*/11.9-1/g' /tmp/package/DEBIAN/control
    grep -rlF 11.1 /tmp/package/usr | xargs -r sed -i 's/11\.1/11.9/g'
    find /tmp/package -depth -name 11.1 -execdir mv 11.1 11.9 ';'
    rm -f /tmp/package/DEBIAN/md5sums
    dpkg-deb -Znone --build /tmp/package /tmp/built >/dev/null
    rm -r /tmp/package
done
"#;

/// The example of the documentation: what is said there is what is tried.
fn example() -> &'static str {
    let document = include_str!("../../docs/own-packages.md");
    document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

/// Puts packages of 11.9 into a folder `built` of this one.
async fn build(folder: &Path) -> anyhow::Result<()> {
    let engine = Engine::connect().await?;
    let host = SshHost::start("own-packages").await?;
    host.exec_ok(REPACK).await?;
    let archive = folder.join("built.tar");
    std::fs::write(&archive, engine.download_tar(host.id(), "/tmp/built").await?)?;
    let unpacked = Command::new("tar").arg("-C").arg(folder).arg("-xf").arg(archive).status()?;
    anyhow::ensure!(unpacked.success(), "tar: {unpacked}");
    Ok(())
}

/// The image that stands on the project's; dropped, also by a panic, it is gone.
struct OwnImage(String);

impl Drop for OwnImage {
    fn drop(&mut self) {
        on_engine(async { Ok(Engine::connect().await?.remove_image(&self.0).await?) });
    }
}

#[test]
#[ignore = "minutes: `make regression`"]
fn a_release_of_ones_own_is_rehearsed() {
    let folder = tempfile::tempdir().unwrap();
    on_engine(build(folder.path()));
    let own = folder.path().join("own.toml");
    let own = own.to_str().unwrap();
    refused(own);

    std::fs::write(own, example()).unwrap();
    let built = simulator(&["images", "build", "debian-bookworm", "--catalog", own]);
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    let image = OwnImage(text(&built.stdout).trim().to_owned());
    let listed = simulator(&["images", "list", "--output", "json", "--catalog", own]);
    let rows: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(rows[0]["image"], image.0.as_str());
    assert_eq!(rows[0]["releases"].as_array().unwrap().last().unwrap(), "11.9");
    assert_eq!(rows[0]["missing"], Value::Array(Vec::new()));

    let runs = folder.path().join("runs");
    let scenario = ["scenarios/online-replicated.toml", "--to", "11.9", "--catalog", own];
    let run = acceptance::play::command(&["run", "--output", "json", "--runs", runs.to_str().unwrap()])
        .args(scenario)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["verdict"], "pass", "{report}");
    let repeat = report["repeat"].as_str().unwrap();
    assert!(repeat.contains("--to 11.9 ") && repeat.contains(&format!("--catalog {own} ")), "{repeat}");
    let versions = report["versions"].as_array().unwrap();
    let after: Vec<&str> = versions.iter().map(|server| server["after"]["Ok"].as_str().unwrap()).collect();
    assert_eq!(after, ["11.9"; 3]);
}

/// Packages that are not what the catalog says make no image.
fn refused(own: &str) {
    for (right, wrong, says) in [
        // All there, under another number than their own.
        ("\"11.9\"", "\"11.8\"", "has version 11.9-1; expected 11.8-..., as the catalog says"),
        ("\"built\"", "\".\"", "there are no packages (*.deb) in its folder"),
    ] {
        std::fs::write(own, example().replacen(right, wrong, 1)).unwrap();
        let built = simulator(&["images", "build", "debian-bookworm", "--catalog", own]);
        assert_eq!(built.status.code(), Some(3), "{}", text(&built.stderr));
        assert!(text(&built.stderr).contains(says), "{}", text(&built.stderr));
        assert_eq!(text(&built.stdout), "");
    }
}
