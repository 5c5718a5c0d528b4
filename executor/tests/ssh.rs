//! The SSH transport against a real sshd on this machine, as whoever runs the test.
//!
//! Needs `sshd` and `ssh-keygen` (Debian: openssh-server). Where there is no sshd, the tests say so and pass.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as LocalCommand, Stdio};
use std::time::{Duration, Instant};

use executor::core::command::{Command, Effect};
use executor::core::inventory::SshSettings;
use executor::core::names::HostName;
use executor::transport::{Ssh, Transport, TransportError, Unreachable};
use tempfile::TempDir;

const SSHD: &str = "/usr/sbin/sshd";

/// An sshd of our own with its keys in a temporary directory, ended with it.
struct Sshd {
    directory: TempDir,
    port: u16,
    process: Child,
}

impl Sshd {
    fn start() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("skipped: there is no {SSHD}");
            return None;
        }
        let directory = tempfile::Builder::new().prefix("sshd test ").tempdir().unwrap();
        for key in ["host", "id", "other"] {
            keygen(&directory.path().join(key));
        }
        fs::copy(directory.path().join("id.pub"), directory.path().join("authorized")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = serve(directory.path(), port);
        let sshd = Self { directory, port, process };
        sshd.know("host.pub");
        Some(sshd)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the known hosts file with this public key.
    fn know(&self, public_key: &str) {
        let key = fs::read_to_string(self.path(public_key)).unwrap();
        fs::write(self.path("known"), format!("[127.0.0.1]:{} {key}", self.port)).unwrap();
    }

    fn settings(&self) -> SshSettings {
        SshSettings {
            address: "127.0.0.1".to_owned(),
            port: Some(self.port),
            identity: Some(self.path("id")),
            known_hosts: Some(self.path("known")),
            ..SshSettings::default()
        }
    }

    fn transport(&self) -> Ssh {
        transport(self.settings())
    }

    /// Kills the processes that serve connections, as a host that goes down would.
    fn cut_connections(&self) {
        let serving =
            LocalCommand::new("pgrep").args(["-P", &self.process.id().to_string()]).output().unwrap();
        for pid in String::from_utf8(serving.stdout).unwrap().split_whitespace() {
            // The child of a connection's monitor may be the one that holds the socket.
            for signal_to in [format!("-P {pid}"), pid.to_owned()] {
                let script = match signal_to.strip_prefix("-P ") {
                    Some(parent) => format!("pkill -KILL -P {parent}"),
                    None => format!("kill -KILL {signal_to}"),
                };
                LocalCommand::new("sh").args(["-c", &script]).stderr(Stdio::null()).status().unwrap();
            }
        }
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(directory: &Path, port: u16) -> Child {
    let _ = fs::create_dir_all("/run/sshd");
    let at = |name: &str| format!("\"{}\"", directory.join(name).display());
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n",
        at("host"),
        at("authorized")
    );
    fs::write(directory.join("sshd_config"), config).unwrap();
    let process = LocalCommand::new(SSHD)
        .arg("-D")
        .arg("-f")
        .arg(directory.join("sshd_config"))
        .arg("-E")
        .arg(directory.join("sshd.log"))
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "sshd does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

fn keygen(path: &Path) {
    let status = LocalCommand::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0);
}

fn g1() -> HostName {
    "g1".parse().unwrap()
}

fn transport(settings: SshSettings) -> Ssh {
    Ssh::new(BTreeMap::from([(g1(), settings)])).unwrap()
}

fn reads(argv: &[&str], seconds: u64) -> Command {
    Command::reads(argv.iter().copied(), Duration::from_secs(seconds))
}

fn script(text: &'static str, arguments: &[&str], seconds: u64) -> Command {
    Command::script(Effect::Reads, text, arguments.iter().copied(), Duration::from_secs(seconds))
}

fn cause(result: Result<impl std::fmt::Debug, TransportError>) -> (Unreachable, String) {
    match result {
        Err(TransportError::NotReached { cause, reason, .. }) => (cause, reason),
        other => panic!("expected NotReached, got {other:?}"),
    }
}

#[tokio::test]
async fn arguments_arrive_unchanged() {
    let Some(sshd) = Sshd::start() else { return };
    let transport = sshd.transport();
    let awkward = [
        "two words",
        "",
        "it's",
        "\"quoted\"",
        "$HOME `id` $(id)",
        "a;b|c&d>e<f",
        "line\nbreak\ttab",
        "back\\slash\\",
        "!history !!",
        "*?[a]{b,c}~",
        "-n",
        "--",
        "ünïcode ☃",
        "#comment",
    ];
    let mut argv = vec!["printf", "%s\\0"];
    argv.extend(awkward);
    let output = transport.run(&g1(), &reads(&argv, 10)).await.unwrap();
    assert_eq!(output.status, 0);
    let arrived: Vec<&str> = output.stdout.trim_end_matches('\0').split('\0').collect();
    assert_eq!(arrived, awkward);

    let echo = script("# Echoes.\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done", &awkward, 10);
    assert_eq!(transport.run(&g1(), &echo).await.unwrap().stdout, output.stdout);
    transport.close().await;
}

#[tokio::test]
async fn every_status_of_a_command_is_its_own() {
    let Some(sshd) = Sshd::start() else { return };
    let transport = sshd.transport();
    for status in [0, 1, 2, 124, 126, 137, 254, 255] {
        let text = status.to_string();
        let output = transport.run(&g1(), &script("# Exits.\nexit $1", &[&text], 10)).await.unwrap();
        assert_eq!(output.status, status);
    }
    let missing = transport.run(&g1(), &reads(&["no-such-program"], 10)).await.unwrap();
    assert_eq!(missing.status, 127);
    assert!(missing.stderr.contains("no-such-program"), "{missing:?}");
    let killed = transport.run(&g1(), &script("# Dies.\nkill -TERM $$", &[], 10)).await.unwrap();
    assert_eq!(killed.status, 128 + 15);
}

#[tokio::test]
async fn standard_error_is_kept_apart_and_input_is_empty() {
    let Some(sshd) = Sshd::start() else { return };
    let both = script("# Prints.\ncat; echo out; echo err >&2; exit 3", &[], 10);
    let output = sshd.transport().run(&g1(), &both).await.unwrap();
    assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (3, "out\n", "err\n"));
}

#[tokio::test]
async fn a_command_is_ended_on_the_host_at_its_deadline() {
    let Some(sshd) = Sshd::start() else { return };
    let transport = sshd.transport();
    let mark = format!("{}", 3000 + u32::from(sshd.port));
    let begun = Instant::now();
    let result = transport.run(&g1(), &reads(&["sleep", &mark], 1)).await;
    assert!(matches!(result, Err(TransportError::Deadline { seconds: 1, .. })), "{result:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let left = LocalCommand::new("pgrep").args(["-fx", &format!("sleep {mark}")]).status().unwrap();
    assert!(!left.success(), "the command still runs");
}

#[tokio::test]
async fn one_connection_serves_many_commands_side_by_side() {
    let Some(sshd) = Sshd::start() else { return };
    let transport = sshd.transport();
    let begun = Instant::now();
    let pause = reads(&["sleep", "0.3"], 10);
    let host = g1();
    let runs = (0..24).map(|_| transport.run(&host, &pause));
    for result in futures_util::future::join_all(runs).await {
        assert_eq!(result.unwrap().status, 0);
    }
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    let log = fs::read_to_string(sshd.path("sshd.log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");
}

#[tokio::test]
async fn a_connection_cut_midway_is_lost_and_the_next_command_opens_another() {
    let Some(sshd) = Sshd::start() else { return };
    let transport = sshd.transport();
    transport.run(&g1(), &reads(&["true"], 10)).await.unwrap();
    let long = reads(&["sleep", "20"], 30);
    let host = g1();
    let (result, ()) = tokio::join!(transport.run(&host, &long), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        sshd.cut_connections();
    });
    assert!(matches!(result, Err(TransportError::Lost { .. })), "{result:?}");
    assert_eq!(transport.run(&g1(), &reads(&["true"], 10)).await.unwrap().status, 0);
}

#[tokio::test]
async fn a_connection_cut_between_commands_is_replaced_unseen() {
    let Some(sshd) = Sshd::start() else { return };
    let transport = sshd.transport();
    transport.run(&g1(), &reads(&["true"], 10)).await.unwrap();
    sshd.cut_connections();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(transport.run(&g1(), &reads(&["true"], 10)).await.unwrap().status, 0);
}

#[tokio::test]
async fn an_unknown_host_key_is_never_accepted() {
    let Some(sshd) = Sshd::start() else { return };
    fs::write(sshd.path("known"), "").unwrap();
    let (cause, reason) = cause(sshd.transport().run(&g1(), &reads(&["true"], 10)).await);
    assert_eq!(cause, Unreachable::HostKeyUnknown, "{reason}");
    assert_eq!(fs::read_to_string(sshd.path("known")).unwrap(), "");
}

#[tokio::test]
async fn a_changed_host_key_is_never_accepted() {
    let Some(sshd) = Sshd::start() else { return };
    sshd.know("other.pub");
    let (cause, reason) = cause(sshd.transport().run(&g1(), &reads(&["true"], 10)).await);
    assert_eq!(cause, Unreachable::HostKeyChanged, "{reason}");
}

#[tokio::test]
async fn a_key_that_is_not_authorized_is_told_apart() {
    let Some(sshd) = Sshd::start() else { return };
    let settings = SshSettings { identity: Some(sshd.path("other")), ..sshd.settings() };
    let (cause, reason) = cause(transport(settings).run(&g1(), &reads(&["true"], 10)).await);
    assert_eq!(cause, Unreachable::PermissionDenied, "{reason}");
}

#[tokio::test]
async fn nobody_listening_and_no_such_name_are_told_apart() {
    let Some(mut sshd) = Sshd::start() else { return };
    sshd.stop();
    let refused = transport(sshd.settings()).run(&g1(), &reads(&["true"], 10)).await;
    assert_eq!(cause(refused).0, Unreachable::Refused);
    let settings = SshSettings { address: "no-such-host.invalid".to_owned(), ..sshd.settings() };
    let unresolved = transport(settings).run(&g1(), &reads(&["true"], 10)).await;
    assert_eq!(cause(unresolved).0, Unreachable::NameNotResolved);
}

#[tokio::test]
async fn a_fresh_connection_is_not_the_kept_one() {
    let Some(mut sshd) = Sshd::start() else { return };
    let transport = sshd.transport();
    transport.run(&g1(), &reads(&["true"], 10)).await.unwrap();
    transport.prove_fresh_connection(&g1()).await.unwrap();
    let log = fs::read_to_string(sshd.path("sshd.log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 2, "{log}");
    // The listener goes; the kept connection goes on, and only a fresh one tells.
    sshd.stop();
    assert_eq!(transport.run(&g1(), &reads(&["true"], 10)).await.unwrap().status, 0);
    assert_eq!(cause(transport.prove_fresh_connection(&g1()).await).0, Unreachable::Refused);
}

#[tokio::test]
async fn a_jump_host_is_checked_as_strictly() {
    let (Some(sshd), Some(gate)) = (Sshd::start(), Sshd::start()) else { return };
    // The jump host's keys: known, and ours authorized there.
    fs::copy(sshd.path("id.pub"), gate.path("authorized")).unwrap();
    let both = [&sshd, &gate].map(|server| fs::read_to_string(server.path("known")).unwrap()).concat();
    let jump = Some(format!("127.0.0.1:{}", gate.port));
    let settings = SshSettings { jump, ..sshd.settings() };
    let refused = transport(settings.clone()).run(&g1(), &reads(&["true"], 10)).await;
    let (cause, reason) = cause(refused);
    assert_eq!(cause, Unreachable::HostKeyUnknown, "{reason}");
    fs::write(sshd.path("known"), both).unwrap();
    assert_eq!(transport(settings).run(&g1(), &reads(&["true"], 10)).await.unwrap().status, 0);
}

#[tokio::test]
async fn output_without_end_is_refused_but_read() {
    let Some(sshd) = Sshd::start() else { return };
    let flood = reads(&["head", "-c", "40000000", "/dev/zero"], 30);
    let result = sshd.transport().run(&g1(), &flood).await;
    assert!(matches!(result, Err(TransportError::TooMuchOutput { .. })), "{result:?}");
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let Some(sshd) = Sshd::start() else { return };
    for ended in ["closed", "dropped"] {
        let transport = sshd.transport();
        transport.run(&g1(), &reads(&["true"], 10)).await.unwrap();
        assert_eq!(masters(sshd.port), 1);
        if ended == "closed" {
            transport.close().await;
        }
        drop(transport);
        let begun = Instant::now();
        while masters(sshd.port) > 0 {
            assert!(begun.elapsed() < Duration::from_secs(5), "a master outlives a {ended} transport");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// How many ssh master processes go to this port.
fn masters(port: u16) -> usize {
    let found =
        LocalCommand::new("pgrep").args(["-fc", &format!("ssh .* -M .*-p {port} ")]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().trim().parse().unwrap()
}
