//! `scripts/setup` on machines that lack something: a folder of stand-ins is all of their PATH.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;
use tempfile::TempDir;

/// What every system has, and what only looks, or tidies up after the scripts themselves.
const TOOLS: [&str; 13] = [
    "bash", "basename", "cat", "chmod", "cp", "cut", "dirname", "env", "rm", "sed", "sleep", "sort", "uname",
];

/// What changes a machine. Each says that it was called.
const CHANGES: [&str; 7] = ["apt-get", "dnf", "modprobe", "service", "setsid", "sudo", "systemctl"];

/// An engine that is not there.
const NO_ENGINE: &str = "unix:///nonexistent/engine.sock";

/// An engine that the stand-in for curl speaks for.
const AN_ENGINE: &str = "tcp://engine.invalid:2375";

/// A machine, as a script sees it.
struct Machine {
    folder: TempDir,
}

/// How a script ended, and what it said.
struct Ended {
    code: Option<i32>,
    said: String,
}

impl Machine {
    /// Makes one for this user that has nothing of what is needed.
    fn of(user: &str) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(machine.bin()).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for tool in TOOLS {
            let mut places = std::env::split_paths(&path).map(|folder| folder.join(tool));
            let real =
                places.find(|file| file.is_file()).unwrap_or_else(|| panic!("no {tool} on this machine"));
            symlink(real, machine.bin().join(tool)).unwrap();
        }
        for program in CHANGES {
            machine.has(program, "");
        }
        let id = if user == "root" { 0 } else { 1000 };
        machine.looks("id", &format!("case \"$*\" in --user) echo {id} ;; *) echo {user} ;; esac"));
        machine
    }

    /// Has a program that says that it was called, and does this.
    fn has(&self, program: &str, does: &str) {
        let calls = self.folder.path().join("calls");
        self.looks(program, &format!("echo \"{program} $*\" >>'{}'\n{does}", calls.display()));
    }

    /// Has a program that changes nothing.
    fn looks(&self, program: &str, does: &str) {
        write_program(&self.bin().join(program), does);
    }

    /// Has all that is needed, but for what the stand-in for apt brings.
    fn has_all(&self) {
        self.looks("cc", "echo \"$0\"");
        self.looks("curl", "echo OK");
        for program in ["ssh", "ssh-keygen", "mmdebstrap"] {
            self.looks(program, "");
        }
        self.looks("rustc", "echo 'rustc 99.0.0 (of a test)'");
        // Asked for a version it only looks.
        let calls = self.folder.path().join("calls");
        let cargo = format!("[[ $* == *--version ]] || echo \"cargo $*\" >>'{}'", calls.display());
        self.looks("cargo", &cargo);
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// Returns what was called that changes something, a line a call.
    fn calls(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default()
    }

    fn runs(&self, script: &str, engine: &str) -> Ended {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let output = Command::new(self.bin().join("bash"))
            .args(script.split(' '))
            .current_dir(root)
            .env_clear()
            .env("PATH", self.bin())
            .env("HOME", self.folder.path())
            .env("DOCKER_HOST", engine)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.stdout.is_empty(), "what it says is for people: {output:?}");
        Ended { code: output.status.code(), said: String::from_utf8(output.stderr).unwrap() }
    }
}

fn write_program(path: &Path, does: &str) {
    std::fs::write(path, format!("#!/usr/bin/env bash\n{does}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn who_may_not_install_is_told_all_that_is_missing_and_nothing_is_changed() {
    let machine = Machine::of("ann");
    let Ended { code, said } = machine.runs("scripts/setup", NO_ENGINE);
    assert_eq!(code, Some(2), "{said}");
    for expected in [
        "  - a C compiler that links (cc)\n",
        "  - curl\n",
        "  - an SSH client (ssh, ssh-keygen)\n",
        "with rustfmt and clippy (found: none)\n",
        "  - a container engine at DOCKER_HOST=unix:///nonexistent/engine.sock: it does not answer\n",
        "sudo apt-get install --yes gcc libc6-dev curl ca-certificates openssh-client",
        "sudo dnf install --assumeyes gcc glibc-devel curl ca-certificates openssh-clients\n",
        "then once more: make setup\n",
    ] {
        assert!(said.contains(expected), "no `{expected}` in:\n{said}");
    }
    assert_eq!(machine.calls(), "");

    // One thing is missing, which apt has: it could be installed, were it root who asks.
    machine.has_all();
    std::fs::remove_file(machine.bin().join("ssh")).unwrap();
    let Ended { code, said } = machine.runs("scripts/setup", AN_ENGINE);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("an SSH client") && said.matches("\n  - ").count() == 1, "{said}");
    assert_eq!(machine.calls(), "");
}

#[test]
fn root_cannot_mend_an_engine_that_is_elsewhere_so_nothing_is_installed() {
    let machine = Machine::of("root");
    let Ended { code, said } = machine.runs("scripts/setup", NO_ENGINE);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("  - curl\n") && said.contains("start it there, or unset DOCKER_HOST"), "{said}");
    assert_eq!(machine.calls(), "");
}

#[test]
fn root_installs_what_apt_has_and_once_is_enough() {
    let machine = Machine::of("root");
    machine.looks("curl", "echo OK");
    // What apt brings stands ready on a shelf, what rustup brings on another.
    for (shelf, programs) in [("apt", &["ssh", "ssh-keygen", "mmdebstrap"][..]), ("rustup", &[])] {
        let shelf = machine.folder.path().join(shelf);
        std::fs::create_dir(&shelf).unwrap();
        for program in programs {
            write_program(&shelf.join(program), "");
        }
    }
    let brings = |shelf: &str| {
        let folder = machine.folder.path().display();
        format!("case \"$*\" in *' install '*) cp '{folder}/{shelf}'/* '{folder}/bin' ;; esac")
    };
    write_program(&machine.folder.path().join("apt/cc"), "echo \"$0\"");
    machine.has("rustup", &brings("rustup"));
    let (rustup, shelf) = (machine.bin().join("rustup"), machine.folder.path().join("apt/rustup"));
    std::fs::rename(rustup, shelf).unwrap();
    write_program(&machine.folder.path().join("rustup/rustc"), "echo 'rustc 99.0.0 (of a test)'");
    write_program(&machine.folder.path().join("rustup/cargo"), "");
    machine.has("apt-get", &brings("apt"));
    machine.looks("apt-cache", "echo '  Candidate: 1.0'");

    let Ended { code, said } = machine.runs("scripts/setup", AN_ENGINE);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("setup: ready (Rust 99.0.0, engine at tcp://engine.invalid:2375"), "{said}");
    let calls = machine.calls();
    assert!(
        calls.contains(" install --yes --no-install-recommends gcc libc6-dev openssh-client rustup\n"),
        "{calls}"
    );
    assert!(calls.contains("rustup toolchain install stable"), "{calls}");

    std::fs::remove_file(machine.folder.path().join("calls")).unwrap();
    let Ended { code, said } = machine.runs("scripts/setup", AN_ENGINE);
    assert_eq!(code, Some(0), "{said}");
    // The one thing that no stand-in can bring: it is a file, not a program.
    let calls = machine.calls();
    let more: Vec<&str> = calls
        .lines()
        .filter(|call| !call.ends_with(" update") && !call.ends_with(" debian-archive-keyring"))
        .collect();
    assert_eq!(more, Vec::<&str>::new());
}

#[test]
fn a_browser_is_asked_for_only_where_it_is_wanted() {
    let machine = Machine::of("ann");
    machine.has_all();
    machine.looks("docker", "");
    let Ended { code, said } = machine.runs("scripts/setup", AN_ENGINE);
    assert_eq!(code, Some(0), "{said}");
    let Ended { code, said } = machine.runs("scripts/setup regression", AN_ENGINE);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("a browser (Chromium, or") && said.matches("\n  - ").count() == 1, "{said}");
    assert!(
        said.contains("install --yes chromium") && said.contains("once more: make regression\n"),
        "{said}"
    );
    assert_eq!(machine.calls(), "");
    for browser in ["chromium", "google-chrome"] {
        machine.looks(browser, "");
        let Ended { code, said } = machine.runs("scripts/setup regression", AN_ENGINE);
        assert_eq!(code, Some(0), "{browser}: {said}");
        std::fs::remove_file(machine.bin().join(browser)).unwrap();
    }
}

#[rstest]
#[case::a_package_of_its_own("1.0", "docker-cli")]
#[case::comes_with_the_engine("(none)", "docker.io")]
fn the_command_of_the_engine_is_asked_for_by_the_tests_alone(#[case] candidate: &str, #[case] package: &str) {
    let machine = Machine::of("ann");
    machine.has_all();
    let candidate = format!("[[ $2 != docker-cli ]] || echo '  Candidate: {candidate}'");
    machine.looks("apt-cache", &candidate);
    assert_eq!(machine.runs("scripts/setup", AN_ENGINE).code, Some(0));
    for (wants, again) in [("tests", "make test\n"), ("regression", "make regression\n")] {
        let Ended { code, said } = machine.runs(&format!("scripts/setup {wants}"), AN_ENGINE);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("  - the engine's command (docker)\n"), "{said}");
        assert!(said.contains(&format!("install --yes {package}")) && said.contains(again), "{said}");
    }
    assert_eq!(machine.calls(), "");
}

#[test]
fn what_apt_cannot_install_ends_it() {
    let machine = Machine::of("root");
    machine.has_all();
    std::fs::remove_file(machine.bin().join("ssh")).unwrap();
    machine.has("apt-get", "case \"$*\" in *' install '*) echo 'E: no such package'; exit 100 ;; esac");
    let Ended { code, said } = machine.runs("scripts/setup", AN_ENGINE);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("E: no such package\nsetup: apt could not install them"), "{said}");
    assert!(!said.contains("ready"), "{said}");
}

/// Without an engine the tests fail; they are not skipped.
#[test]
fn make_test_ends_where_there_is_no_engine() {
    let machine = Machine::of("ann");
    machine.has_all();
    let ready = machine.runs("scripts/setup", AN_ENGINE);
    assert_eq!(ready.code, Some(0), "{}", ready.said);
    machine.looks("curl", "exit 7");
    let Ended { code, said } = machine.runs("scripts/test", NO_ENGINE);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("a container engine at DOCKER_HOST=unix:///nonexistent/engine.sock"), "{said}");
    assert_eq!(machine.calls(), "", "nothing is built and nothing is tested");
}
