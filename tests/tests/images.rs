//! Images: built whole or not at all, found again and removed; and with one, a node needs no network.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use acceptance::engine::on_engine;
use acceptance::program::Program;
use acceptance::ssh_host::SshHost;
use bollard::models::NetworkDisconnectRequest;
use simulator::engine::Engine;

/// A copy of the project's images whose Dockerfile has another instruction first.
fn images_with(instruction: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images/.");
    let copied = Command::new("cp").arg("-r").arg(from).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    let path = folder.path().join("Dockerfile");
    let dockerfile = std::fs::read_to_string(&path).unwrap();
    assert!(dockerfile.contains("FROM ${BASE}\n"));
    let changed = dockerfile.replacen("FROM ${BASE}\n", &format!("FROM ${{BASE}}\n{instruction}\n"), 1);
    std::fs::write(path, changed).unwrap();
    folder
}

fn simulator(images: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(Program::Simulator.path());
    command.arg("images").arg("--images").arg(images).args(words);
    command
}

/// Returns the first family's row for this folder, as the simulator's own list has it.
fn row(images: &Path) -> serde_json::Value {
    let output = simulator(images, &["list", "--output", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    rows[0].clone()
}

/// Returns the family's image that is up to date, or null.
fn listed(images: &Path) -> serde_json::Value {
    row(images)["image"].clone()
}

#[test]
fn a_broken_build_leaves_nothing_that_looks_finished() {
    let images = images_with("RUN echo this one breaks && false");
    let output = simulator(images.path(), &["build"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("this one breaks"), "the last words of the build are shown: {said}");
    assert_eq!(listed(images.path()), serde_json::Value::Null);
}

#[test]
fn an_interrupted_build_leaves_nothing_that_looks_finished() {
    let images = images_with("RUN echo this one takes long && sleep 600");
    let mut child = simulator(images.path(), &["build"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let shown = lines.find(|line| line.as_ref().unwrap().contains("sleep 600"));
    assert!(shown.is_some(), "progress is shown, a line for each instruction");
    let interrupted = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{rest:?}");
    assert_eq!(listed(images.path()), serde_json::Value::Null);
}

#[test]
fn what_is_built_is_found_and_not_built_again() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
    let first = simulator(&images, &["build"]).output().unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let said = String::from_utf8_lossy(&first.stderr);
    assert!(
        said.contains("image centos-7: left out: "),
        "what needs a registry is built by its name alone: {said}"
    );
    let image = listed(&images);
    assert!(image.as_str().unwrap().starts_with("gluster-upgrade/debian-bookworm:"), "{image}");
    let again = simulator(&images, &["build"]).output().unwrap();
    assert!(again.status.success());
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(!said.contains("Step 1/"), "it is built again: {said}");
    assert_eq!(listed(&images), image);
    // An image is built without a release that the archive has lost; here all of them must be there.
    assert_eq!(row(&images)["missing"], serde_json::json!([]));
    assert_eq!(row(&images)["releases"], serde_json::json!(["9.2", "10.3", "11.1"]));
}

/// A Dockerfile whose build is over at once, on a base without a shell.
const AT_ONCE: &str = "ARG BASE
FROM ${BASE}
ARG RELEASES
ARG OPTIONAL
ARG PREINSTALLED
COPY root/opt/gluster/ /opt/gluster/
";

/// A base that was made earlier, with next to nothing in it. Dropped, it is gone.
struct Base(String);

impl Base {
    fn make(suite: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "a base").unwrap();
        let archive = folder.path().join("base.tar");
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(folder.path()).arg("-cf").arg(&archive).arg("file");
        assert!(tar.status().unwrap().success());
        let repository = "gluster-upgrade/base";
        on_engine(async { Ok(Engine::connect().await?.import(&archive, repository, suite).await?) });
        Self(format!("{repository}:{suite}"))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        on_engine(async { Ok(Engine::connect().await?.remove_image(&self.0).await?) });
    }
}

/// A copy of the project's images with one family of this name instead of Debian's: its public base is at this address,
/// the other one was made earlier, and its archive has lost a release.
fn images_of(family: &str, public: &str) -> tempfile::TempDir {
    let images = images_with("");
    std::fs::write(images.path().join("Dockerfile"), AT_ONCE).unwrap();
    std::fs::remove_dir_all(images.path().join("debian-bookworm")).unwrap();
    let folder = images.path().join(family).join("root/opt/gluster");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("releases"), "10.3 10.3-1\n11.1 11.1-1\n").unwrap();
    std::fs::write(folder.join("missing"), "9.2\n").unwrap();
    let path = images.path().join("catalog.toml");
    let catalog = std::fs::read_to_string(&path)
        .unwrap()
        .replacen("\"debian-bookworm\"", &format!("\"{family}\""), 1)
        .replacen("\"debian:bookworm-slim\"", &format!("\"{public}\""), 1)
        .replacen("bootstrap = \"bookworm\"", &format!("bootstrap = \"{family}\""), 1);
    std::fs::write(path, catalog).unwrap();
    images
}

/// A family of its own, so that nothing is done to the project's images.
#[test]
fn the_public_base_is_tried_first_and_an_image_can_be_removed() {
    let family = format!("test-{}", std::process::id());
    let _made_earlier = Base::make(&family);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let images = images_of(&family, &format!("{nobody}/public:1"));

    let built = simulator(images.path(), &["build", &family]).output().unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    let base: Vec<&str> = said.lines().filter(|line| line.starts_with("base: ")).collect();
    let expected = format!("base: gluster-upgrade/base:{family}, made earlier (pulling {nobody}/public:1: ");
    assert!(base.len() == 1 && base[0].starts_with(&expected), "{said}");
    assert!(said.contains("without 9.2: no longer in the archive"), "{said}");
    assert!(said.contains("with 10.3, 11.1\n"), "{said}");
    assert_eq!(row(images.path())["missing"], serde_json::json!(["9.2"]));
    let table = simulator(images.path(), &["list"]).output().unwrap();
    let table = String::from_utf8_lossy(&table.stdout);
    assert!(table.contains("9.2 (not in this image), 10.3, 11.1"), "{table}");

    let image = listed(images.path());
    let removed = simulator(images.path(), &["remove", &family]).output().unwrap();
    assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    assert_eq!(String::from_utf8_lossy(&removed.stdout), format!("image {}\n", image.as_str().unwrap()));
    assert_eq!(listed(images.path()), serde_json::Value::Null);
    on_engine(async {
        let engine = Engine::connect().await?;
        assert!(engine.image(image.as_str().unwrap()).await?.is_none(), "{image} is still there");
        Ok(())
    });
}

/// A family whose base has to be made, and the simulator with a stand-in for mmdebstrap that does this.
fn bootstrapped_by(does: &str) -> (tempfile::TempDir, Command) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let family = format!("bootstrapped-{}", std::process::id());
    let images = images_of(&family, &format!("{nobody}/public:1"));
    let bin = images.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = bin.join("mmdebstrap");
    std::fs::write(&program, format!("#!/bin/sh\n{does}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = simulator(images.path(), &["build", &family]);
    let before = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&before))).unwrap();
    command.env("PATH", path);
    (images, command)
}

/// Half an archive, as it is when the way to the packages breaks.
#[test]
fn a_base_that_cannot_be_made_ends_the_build_and_nothing_is_kept_of_it() {
    let (images, mut build) =
        bootstrapped_by("for last; do :; done; echo half >$last; echo 'E: cannot fetch' >&2; exit 25");
    let output = build.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("failed: exit status: 25: E: cannot fetch"), "{said}");
    assert_eq!(listed(images.path()), serde_json::Value::Null);
    nothing_is_kept_of_a_base(&said);
}

/// It has mounts to take down, so it is asked to end, not killed.
#[test]
fn a_base_in_the_making_is_ended_with_the_build() {
    let (images, mut build) = bootstrapped_by(
        "for last; do :; done; echo half >$last; trap 'echo ended >$0.ended; exit 1' TERM; echo $last >$0.begun\n\
         while :; do sleep 0.1; done",
    );
    let mut child = build.stderr(Stdio::piped()).spawn().unwrap();
    let (begun, ended) =
        (images.path().join("bin/mmdebstrap.begun"), images.path().join("bin/mmdebstrap.ended"));
    let until = |file: &Path| {
        let patience = Instant::now() + Duration::from_secs(60);
        while !file.exists() {
            assert!(Instant::now() < patience, "{} is not there", file.display());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(&begun);
    assert!(Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap().success());
    until(&ended);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let archive = std::fs::read_to_string(begun).unwrap();
    assert!(!Path::new(archive.trim()).exists(), "half a base is still there: {archive}");
    assert_eq!(listed(images.path()), serde_json::Value::Null);
    nothing_is_kept_of_a_base(&archive);
}

fn nothing_is_kept_of_a_base(context: &str) {
    let base = format!("gluster-upgrade/base:bootstrapped-{}", std::process::id());
    on_engine(async {
        assert!(Engine::connect().await?.image(&base).await?.is_none(), "{base} is there: {context}");
        Ok(())
    });
}

/// Its engine waits for an answer as long as it is let.
#[test]
fn a_registry_that_never_answers_costs_the_limit_and_no_more() {
    // Connections are taken by the kernel; nobody ever reads them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/public:1", silent.local_addr().unwrap());
    let (limit, begun) = (Duration::from_secs(1), Instant::now());
    let refusal = on_engine(async {
        let engine = Engine::connect().await?;
        Ok(engine.pull(&image, limit).await.unwrap_err().to_string())
    });
    assert_eq!(refusal, format!("pulling {image}: expected an end within 1 s, found none"));
    assert!(begun.elapsed() >= limit && begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_node_without_a_network_takes_another_release() -> anyhow::Result<()> {
    let host = SshHost::start("g1").await?;
    let engine = Engine::connect().await?;
    let found = engine.docker().inspect_container(host.id(), None).await?;
    let networks = found.network_settings.and_then(|settings| settings.networks).unwrap();
    for network in networks.keys() {
        let request = NetworkDisconnectRequest { container: host.id().to_owned(), force: None };
        engine.docker().disconnect_network(network, request).await?;
    }
    assert_eq!(host.exec_ok("ls /sys/class/net").await?, "lo", "nothing but itself is in its reach");
    let release = async || host.exec_ok("gluster --version | head -n 1").await;
    assert_eq!(release().await?, "glusterfs 10.3");
    host.exec_ok("use-release 11.1").await?;
    assert_eq!(release().await?, "glusterfs 11.1");
    Ok(())
}
