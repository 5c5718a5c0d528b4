//! How an operator interrupts a run: once to have it pause where nothing is out, twice to halt at once.

use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::say::say;
use crate::core::resume;
use crate::{journal, render};

/// Lets a run go on to its end. The first interrupt asks it to pause; `None`: there was a second one.
///
/// A terminal that is closed asks for it too, and never for more: it may hang up several times, and nobody meant any.
/// Without listening a run would leave connections and their files behind.
pub(super) async fn until_interrupted_twice<T>(run: impl Future<Output = T>, journal: &Path) -> Option<T> {
    interrupted_by(Interrupts::listen(listens_to_hangups()), run, journal).await
}

async fn interrupted_by<T>(
    mut interrupts: Interrupts,
    run: impl Future<Output = T>,
    journal: &Path,
) -> Option<T> {
    let mut run = std::pin::pin!(run);
    let mut asked = false;
    loop {
        tokio::select! {
            end = &mut run => return Some(end),
            interrupt = interrupts.next() => match interrupt {
                Interrupt::Meant if asked => return None,
                Interrupt::HungUp if asked => {}
                Interrupt::Meant | Interrupt::HungUp => {
                    asked = true;
                    say!("{}", pause_asked(journal));
                }
            },
        }
    }
}

/// Asks a run to pause, and returns the words on it, to be said at once.
fn pause_asked(journal: &Path) -> String {
    let how = match journal::ask_to_pause(journal) {
        Ok(_) => {
            let progress = journal::read(journal).ok().and_then(|records| resume::progress(&records));
            progress.map_or_else(String::new, |progress| render::pausing(&progress))
        }
        Err(error) => format!("It cannot be asked to pause ({error}): it goes on.\n"),
    };
    format!("\nINTERRUPTED. {how}Interrupt again to halt at once, which may leave a server down.\n\n")
}

/// Why a run is to stop.
enum Interrupt {
    /// Somebody said so: SIGINT or SIGTERM.
    Meant,
    /// The terminal is gone: SIGHUP.
    HungUp,
}

/// The signals that ask a run to stop, none of them lost while another is being dealt with.
struct Interrupts {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hangup: Option<Signal>,
}

impl Interrupts {
    /// One that cannot be listened for ends the program at once, as it would without us.
    fn listen(hangups: bool) -> Self {
        let listen = |kind| signal(kind).ok();
        Self {
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
            hangup: hangups.then(|| listen(SignalKind::hangup())).flatten(),
        }
    }

    async fn next(&mut self) -> Interrupt {
        async fn one(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = one(&mut self.interrupt) => Interrupt::Meant,
            () = one(&mut self.terminate) => Interrupt::Meant,
            () = one(&mut self.hangup) => Interrupt::HungUp,
        }
    }
}

/// Whether a closed terminal is anything to this program. It is not where it was started by `nohup`, which has the signal
/// ignored: whoever types that wants the run to go on.
fn listens_to_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    !ignores(&status, SignalKind::hangup())
}

/// Reads from a process's status (proc_pid_status(5)) whether it ignores a signal.
fn ignores(status: &str, signal: SignalKind) -> bool {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask & (1 << (signal.as_raw_value() - 1)) != 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::journal::Journal;

    /// Sends a signal to this very process, which listens for it by then.
    fn signal(name: &str) {
        let me = std::process::id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &me]).status().unwrap().success());
    }

    async fn asked(journal: &Path) {
        while !journal::is_asked_to_pause(journal) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// In one test, since every listener of the process hears every interrupt.
    #[tokio::test]
    async fn the_first_interrupt_asks_to_pause_the_second_halts_at_once_and_a_closed_terminal_never_does() {
        let folder = tempfile::tempdir().unwrap();
        let new = || Journal::create(folder.path(), "11.1".parse().unwrap(), jiff::Timestamp::UNIX_EPOCH);
        let first = new().unwrap();
        let mut heard = tokio::signal::unix::signal(SignalKind::hangup()).unwrap();
        let goes_on = async {
            signal("INT");
            asked(first.path()).await;
            for _closed_again in 0..2 {
                signal("HUP");
                heard.recv().await;
                tokio::task::yield_now().await;
            }
            "came to where it may pause"
        };
        assert_eq!(
            interrupted_by(Interrupts::listen(true), goes_on, first.path()).await,
            Some("came to where it may pause"),
            "it is not broken off"
        );
        let second = new().unwrap();
        let never_ends = async {
            signal("HUP");
            asked(second.path()).await;
            signal("INT");
            std::future::pending::<()>().await;
        };
        assert_eq!(interrupted_by(Interrupts::listen(true), never_ends, second.path()).await, None);
    }

    #[test]
    fn a_signal_that_is_ignored_is_told_by_its_bit() {
        let status =
            "Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        assert!(ignores(status, SignalKind::hangup()));
        assert!(!ignores(status, SignalKind::interrupt()));
        assert!(!ignores("", SignalKind::hangup()));
    }
}
