//! Deeds of others, done by way of the engine, each seen to have struck.

use std::time::Duration;

use executor::core::event::Event;
use executor::core::exit::Exit;
use executor::core::finding::Code;

use super::performance::{Call, Performance, Then, perform};
use crate::causes::with_causes;
use crate::engine::ContainerState;
use crate::oracle::Verdict;
use crate::oracle::during::KnownDown;
use crate::pool::{Node, Pool, PoolError};
use crate::scenario::{Ask, Deed, Order};

/// What a deed may take in a node: a folder of some hundred MiB is copied.
const LIMIT: Duration = Duration::from_secs(120);

const SCRIPT_PARTITION: &str = include_str!("deeds/partition.sh");
const SCRIPT_RECONNECT: &str = include_str!("deeds/reconnect.sh");
const SCRIPT_FILL: &str = include_str!("deeds/fill.sh");
const SCRIPT_FREE: &str = include_str!("deeds/free.sh");
const SCRIPT_SPOIL: &str = include_str!("deeds/spoil.sh");
const SCRIPT_MEND: &str = include_str!("deeds/mend.sh");
const SCRIPT_STAND: &str = include_str!("deeds/stand.sh");
const SCRIPT_MOVE: &str = include_str!("deeds/move.sh");
const SCRIPT_SLOW: &str = r#"tc qdisc replace dev eth0 root tbf rate "$1kbit" burst 8kb latency 1s &&
    tc qdisc show dev eth0 | grep -q 'qdisc tbf'"#;
const SCRIPT_USUAL: &str = "tc qdisc del dev eth0 root && ! tc qdisc show dev eth0 | grep -q 'qdisc tbf'";

/// What became of a deed: a pass where it struck, a failure where what it was to show is not so, unknown where it did
/// nothing; with what was seen.
pub(super) type Struck = (Verdict, String);

/// Whoever does deeds to a pool.
pub(super) struct Hands<'a> {
    /// The pool.
    pub(super) pool: &'a Pool,
    /// Told of hosts without power, before they go and after they are back.
    pub(super) known_down: &'a KnownDown,
    /// How the executor was called that works meanwhile.
    pub(super) call: &'a Call<'a>,
}

impl Hands<'_> {
    /// Does a deed.
    pub(super) async fn strike(&self, deed: &Deed) -> Struck {
        match self.try_strike(deed).await {
            Ok(struck) => struck,
            Err(error) => (Verdict::Unknown, with_causes(&error)),
        }
    }

    async fn try_strike(&self, deed: &Deed) -> Result<Struck, PoolError> {
        match deed {
            Deed::SetOption { volume, option, value } => {
                self.change(&["volume", "set", volume, option, value]).await
            }
            Deed::ResetOption { volume, option } => self.change(&["volume", "reset", volume, option]).await,
            Deed::ForceStart { volume } => self.change(&["volume", "start", volume, "force"]).await,
            Deed::PowerOff { host } => self.power_off(host).await,
            Deed::PowerOn { host } => {
                let Some(node) = self.pool.node(host) else { return Ok(nobody(host)) };
                self.pool.power_on(node).await?;
                self.known_down.up(host);
                Ok((Verdict::Pass, "it is back".to_owned()))
            }
            Deed::StartGlusterd { host } => {
                let Some(node) = self.pool.node(host) else { return Ok(nobody(host)) };
                self.pool.start_glusterd(node).await?;
                Ok((Verdict::Pass, "glusterd answers".to_owned()))
            }
            Deed::CutSsh { host } => {
                // From OpenSSH 9.8 on a program of its own serves a connection.
                self.run(host, &["pkill", "-KILL", "-f", "^sshd(-session)?: [a-z]"]).await
            }
            Deed::Partition { host, from } => {
                self.script(host, SCRIPT_PARTITION, &self.others(host, from)).await
            }
            Deed::Reconnect { host, from } => {
                self.script(host, SCRIPT_RECONNECT, &self.others(host, from)).await
            }
            Deed::SlowNetwork { host, kilobits } => {
                self.script(host, SCRIPT_SLOW, &[&kilobits.to_string()]).await
            }
            Deed::UsualNetwork { host } => self.script(host, SCRIPT_USUAL, &[]).await,
            Deed::Spoil { host, file } => self.script(host, SCRIPT_SPOIL, &[file]).await,
            Deed::Mend { host, file } => self.script(host, SCRIPT_MEND, &[file]).await,
            Deed::StopProcesses { host, program, with } => {
                self.script(host, SCRIPT_STAND, &["STOP", program, with]).await
            }
            Deed::ContinueProcesses { host, program, with } => {
                self.script(host, SCRIPT_STAND, &["CONT", program, with]).await
            }
            Deed::TakeBricks { host, volume } => self.move_bricks(host, volume, false).await,
            Deed::GiveBricksBack { host, volume } => self.move_bricks(host, volume, true).await,
            Deed::Fill { host, folder } => self.script(host, SCRIPT_FILL, &[folder]).await,
            Deed::Free { host, folder } => self.script(host, SCRIPT_FREE, &[folder]).await,
            Deed::SecondExecutor => Ok(self.second_executor().await),
        }
    }

    /// Waits until a program runs on a host; returns whether it came to that.
    pub(super) async fn runs(&self, host: &str, program: &str) -> bool {
        let Some(node) = self.pool.node(host) else { return false };
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            let found = self.pool.engine().exec(&node.container, &["pgrep", "-x", program]).await;
            if found.is_ok_and(|found| found.success()) {
                return true;
            }
        }
        false
    }

    /// Asks a server that is not known to be down for a change of the pool.
    async fn change(&self, words: &[&str]) -> Result<Struck, PoolError> {
        let mut up = self.pool.servers().iter().rev().filter(|server| !self.known_down.holds(&server.name));
        let Some(server) = up.next() else { return Ok(nobody("the pool")) };
        self.pool.change(server, words).await?;
        Ok((Verdict::Pass, format!("done on {}", server.name)))
    }

    async fn power_off(&self, host: &str) -> Result<Struck, PoolError> {
        let Some(node) = self.pool.node(host) else { return Ok(nobody(host)) };
        self.known_down.down(host);
        let state = self.pool.power_off(node).await?;
        Ok(match state {
            ContainerState::Ended(_) => (Verdict::Pass, "it has no power".to_owned()),
            ContainerState::Running
            | ContainerState::Paused
            | ContainerState::Created
            | ContainerState::Other(_) => (Verdict::Unknown, format!("the engine says {state:?}")),
        })
    }

    async fn move_bricks(&self, host: &str, volume: &str, back: bool) -> Result<Struck, PoolError> {
        let Some(node) = self.pool.node(host) else { return Ok(nobody(host)) };
        let bricks: Vec<&str> = node
            .bricks
            .iter()
            .filter(|brick| brick.volume == volume)
            .map(|brick| brick.path.as_str())
            .collect();
        let mut moved = (Verdict::Unknown, format!("{host} has no brick of {volume}"));
        for brick in bricks {
            let away = format!("{brick}.away");
            let (from, to) = if back { (away.as_str(), brick) } else { (brick, away.as_str()) };
            moved = self.script(host, SCRIPT_MOVE, &[from, to]).await?;
            if moved.0 != Verdict::Pass {
                break;
            }
        }
        Ok(moved)
    }

    /// Returns the named ones, or all other servers.
    fn others<'b>(&'b self, host: &str, from: &'b [String]) -> Vec<&'b str> {
        if !from.is_empty() {
            return from.iter().map(String::as_str).collect();
        }
        let servers = self.pool.servers().iter().map(|server| server.name.as_str());
        servers.filter(|server| *server != host).collect()
    }

    async fn script(&self, host: &str, script: &str, arguments: &[&str]) -> Result<Struck, PoolError> {
        let mut argv = vec!["sh", "-c", script, "deed"];
        argv.extend(arguments);
        self.run(host, &argv).await
    }

    /// Runs a command that ends well only where it has struck.
    async fn run(&self, host: &str, argv: &[&str]) -> Result<Struck, PoolError> {
        let Some(Node { container, .. }) = self.pool.node(host) else { return Ok(nobody(host)) };
        let output = self.pool.engine().exec_within(container, argv, LIMIT).await?;
        let words = output.last_words().to_owned();
        Ok(if output.success() {
            (Verdict::Pass, if words.is_empty() { "it struck".to_owned() } else { words })
        } else {
            (Verdict::Unknown, format!("ended with {}: {words}", output.status))
        })
    }

    /// Calls the executor from elsewhere: with a state folder of its own, it knows nothing of the first one.
    async fn second_executor(&self) -> Struck {
        let order = Order {
            ask: Ask::Run,
            before: Vec::new(),
            faults: Vec::new(),
            killed_at_every_event: false,
            ..self.call.order.clone()
        };
        let call = Call { order: &order, state: "state-of-another", ..self.call.clone() };
        match perform(&call, "executor-of-another", &mut |_| Then::GoesOn).await {
            Ok(second) => refused(&second, &first_run(self.call)),
            Err(error) => (Verdict::Unknown, error.to_string()),
        }
    }
}

/// Returns the name of the run that works: that of the last journal's folder.
fn first_run(call: &Call<'_>) -> Option<String> {
    let runs = std::fs::read_dir(call.artifacts.path(call.state).join("runs")).ok()?;
    let names = runs.flatten().map(|run| run.file_name().to_string_lossy().into_owned());
    names.max()
}

/// Judges whether a second executor was refused because of the first one, which it has to name.
fn refused(second: &Performance, first: &Option<String>) -> Struck {
    let Some(first) = first else { return (Verdict::Unknown, "the first one has no journal".to_owned()) };
    let findings = second.events.iter().rev().find_map(|record| match &record.event {
        Event::Refused { findings } => Some(findings),
        _ => None,
    });
    let named = findings.is_some_and(|findings| {
        let mut claimed = findings.iter().filter(|finding| finding.code == Code::UpgradeClaimed);
        claimed.any(|finding| finding.what.contains(first))
    });
    let found = format!("exit code {:?}, {}", second.exit, second.last_word());
    match (second.exit == Some(Exit::Refused as i32), named) {
        (true, true) => (Verdict::Pass, format!("{found}, since {first} has claimed the servers")),
        (true, false) => (Verdict::Fail, format!("{found}, and does not name {first}")),
        (false, _) => (Verdict::Fail, format!("{found}, while {first} works")),
    }
}

fn nobody(host: &str) -> Struck {
    (Verdict::Unknown, format!("there is no {host} to do it to"))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use executor::core::event::{FORMAT, Record};
    use executor::core::finding::{Finding, Subject};
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::refused_and_named(Some(10), "claimed by the run r1", Some("r1"), Verdict::Pass)]
    #[case::not_named(Some(10), "claimed by the run r2", Some("r1"), Verdict::Fail)]
    #[case::let_in(Some(0), "claimed by the run r1", Some("r1"), Verdict::Fail)]
    #[case::nothing_to_name(Some(10), "claimed by the run r1", None, Verdict::Unknown)]
    fn a_second_executor_is_refused_with_the_name_of_the_first(
        #[case] exit: Option<i32>,
        #[case] what: &str,
        #[case] first: Option<&str>,
        #[case] verdict: Verdict,
    ) {
        let findings = vec![Finding::seen(Code::UpgradeClaimed, Subject::Pool, what)];
        let event = Event::Refused { findings };
        let record = Record { format: FORMAT, sequence: 1, at: jiff::Timestamp::UNIX_EPOCH, event };
        let now = SystemTime::now();
        let second = Performance { exit, events: vec![record], garbled: Vec::new(), from: now, to: now };
        assert_eq!(refused(&second, &first.map(str::to_owned)).0, verdict);
    }
}
