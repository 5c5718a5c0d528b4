//! The contract of transports, put to those that need no other host: this machine, and a prefix of commands.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

mod contract;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use contract::Bench;
use executor::core::command::Command;
use executor::core::names::HostName;
use executor::transport::{Exec, Local, Transport, TransportError};
use rstest::rstest;

fn g1() -> HostName {
    "g1".parse().unwrap()
}

/// This machine.
struct Here<T>(T);

impl Here<Local> {
    fn local() -> Self {
        Self(Local::default())
    }
}

impl Here<Exec> {
    fn prefix(words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self(Exec::new(BTreeMap::from([(g1(), words)])))
    }
}

/// Returns the words of each process of this machine, with its pid.
fn processes() -> Vec<(String, Vec<String>)> {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let words = |line: Vec<u8>| -> Vec<String> {
        line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    };
    entries
        .filter_map(|entry| {
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), words(line)))
        })
        .collect()
}

#[async_trait(?Send)]
impl<T: Transport> Bench for Here<T> {
    fn transport(&self) -> &dyn Transport {
        &self.0
    }

    async fn runs(&self, words: &[&str]) -> bool {
        // The last word of a command line is followed by a NUL too.
        processes().iter().any(|(_, found)| found[..found.len() - 1] == *words)
    }

    async fn has(&self, path: &str) -> bool {
        Path::new(path).exists()
    }

    async fn cut(&self, word: &str) {
        // What stands between us and the command: the shell that keeps its deadline.
        let between = processes().into_iter().find(|(_, words)| {
            words.first().is_some_and(|program| program == "sh") && words.iter().any(|found| found == word)
        });
        let (pid, _) = between.unwrap();
        assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }
}

#[tokio::test]
async fn the_contract_holds_on_this_machine() {
    contract::holds(&Here::local()).await;
}

#[tokio::test]
async fn the_contract_holds_behind_a_prefix() {
    contract::holds(&Here::prefix(&["env", "WAY=$(touch /tmp/injected)"])).await;
}

/// Returns how a prefix of one host answers a command that reads, and one that changes.
async fn answers(prefix: &[&str]) -> [TransportError; 2] {
    let Here(exec) = Here::prefix(prefix);
    let deadline = Duration::from_secs(20);
    let read = exec.run(&g1(), &Command::reads(["true"], deadline)).await.unwrap_err();
    [read, exec.run(&g1(), &Command::changes(["true"], deadline)).await.unwrap_err()]
}

#[rstest]
#[case::no_such_program(&["no-such-program-at-all"], "cannot be run")]
#[case::a_way_that_leads_nowhere(&["sh", "-c", "echo Error: no such container >&2; exit 1"], "no such container")]
#[case::a_way_that_ends_well_and_runs_nothing(&["true"], "before anything was run")]
#[case::a_shell_in_between(&["sh", "-c", "eval \"$*\"", "x"], "")]
#[case::words_glued_together(&["sh", "-c", "exec sh -c \"$*\"", "x"], "")]
#[tokio::test]
async fn a_way_that_is_none_is_not_reached(#[case] prefix: &[&str], #[case] says: &str) {
    for error in answers(prefix).await {
        assert!(matches!(error, TransportError::NotReached { .. }), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
}
