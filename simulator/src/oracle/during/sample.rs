//! One sample: which bricks serve on every server, at about the same moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::super::shell;
use super::super::{Expected, Shell};
use super::KnownDown;

/// Prints every process's command line, each argument as `/proc/PID/cmdline:ARGUMENT` with a NUL behind, and then the
/// listening TCP sockets. Two processes a sample, and no interpreter: it runs several times a second beside the pool.
/// Processes come and go meanwhile, hence the ignored exit status; a zombie has an empty command line.
const SCRIPT: &str = r#"grep -zsaH "" /proc/[0-9]*/cmdline
printf 'sockets\n'
grep -hs " 0A " /proc/net/tcp /proc/net/tcp6
printf 'end\n'"#;

/// One sample takes some 50 ms. A server that needs this long is overloaded, and a gap is what we want to know of.
const LIMIT: Duration = Duration::from_secs(2);

/// What was seen of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The paths of the bricks that serve: their process is alive and its port open.
    Serving(BTreeSet<String>),
    /// It did not answer, and was known to be down: none of its bricks serves.
    KnownDown,
    /// It did not answer, and why.
    Unreadable(String),
}

/// All servers at about the same moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// When it was complete, from the begin of the watch.
    pub at: Duration,
    /// What was seen of every server.
    pub servers: BTreeMap<String, Seen>,
}

/// Takes one sample of all servers side by side.
pub(super) async fn take(
    shell: &dyn Shell,
    expected: &Expected,
    known_down: &KnownDown,
    begin: Instant,
) -> Sample {
    let servers = expected.releases.keys().map(async |server| {
        let was_down = known_down.holds(server);
        let argv = ["sh", "-c", SCRIPT, "oracle"];
        let limited = tokio::time::timeout(LIMIT, shell::read(shell, server, &argv, LIMIT)).await;
        let text = limited.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())));
        let seen = match text.and_then(|text| parse(&text)) {
            Ok(serving) => Seen::Serving(serving),
            Err(_) if was_down || known_down.holds(server) => Seen::KnownDown,
            Err(reason) => Seen::Unreadable(reason),
        };
        (server.clone(), seen)
    });
    let servers = futures_util::future::join_all(servers).await.into_iter().collect();
    Sample { at: begin.elapsed(), servers }
}

/// Reads the paths of bricks whose process lives and whose port is open.
///
/// `--brick-name` and `--brick-port` are on every brick's command line (glusterd-utils.c, `glusterd_volume_start_glusterfs`).
/// The port counts since a process that has only just started, or is about to end, serves nobody.
fn parse(text: &str) -> Result<BTreeSet<String>, String> {
    let (processes, rest) = text.rsplit_once("sockets\n").ok_or("a sample without sockets")?;
    let sockets = rest.strip_suffix("end\n").ok_or("a sample that was cut off")?;
    let mut arguments: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in processes.split('\0') {
        if let Some((file, argument)) = line.trim_start_matches('\n').split_once("/cmdline:") {
            arguments.entry(file).or_default().push(argument);
        }
    }
    // The script's own shell is among them: without any process the sample is no sample.
    if arguments.is_empty() {
        return Err("a sample without any process".to_owned());
    }
    let open: BTreeSet<u16> = sockets.lines().filter_map(port).collect();
    let bricks = arguments.values().filter_map(|arguments| {
        let after = |name: &str| {
            let place = arguments.iter().position(|argument| *argument == name)?;
            arguments.get(place + 1).copied()
        };
        let path = after("--brick-name")?;
        let is_open =
            after("--brick-port").and_then(|port| port.parse().ok()).is_some_and(|port| open.contains(&port));
        is_open.then(|| path.to_owned())
    });
    Ok(bricks.collect())
}

/// Reads the local port of a row of `/proc/net/tcp`: `0: 00000000:ED91 00000000:0000 0A …`.
fn port(row: &str) -> Option<u16> {
    let (_, port) = row.split_whitespace().nth(1)?.rsplit_once(':')?;
    u16::from_str_radix(port, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str =
        "   1: 00000000:ED91 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 64594 1 0 100\n";

    fn text(port: &str) -> String {
        let arguments =
            ["/usr/sbin/glusterfsd", "-s", "g1", "--brick-name", "/bricks/vol", "--brick-port", port];
        let lines: String =
            arguments.iter().map(|argument| format!("/proc/126/cmdline:{argument}\0")).collect();
        format!("/proc/1/cmdline:sh\0{lines}sockets\n{ROW}end\n")
    }

    #[test]
    fn a_brick_serves_when_its_port_is_open() {
        assert_eq!(parse(&text("60817")).unwrap(), BTreeSet::from(["/bricks/vol".to_owned()]));
        assert_eq!(parse(&text("60818")).unwrap(), BTreeSet::new());
    }

    #[test]
    fn half_a_sample_is_none() {
        assert!(parse("").is_err());
        assert!(parse("sockets\nend\n").is_err());
        assert!(parse(text("60817").trim_end_matches("end\n")).is_err());
    }
}
