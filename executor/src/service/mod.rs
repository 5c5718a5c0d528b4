//! Starting and stopping Gluster on a host, under systemd or as bare processes.
//!
//! Each function returns a command for the transport: a script of ours from `files/`, the same on every host.
//! What the scripts print is read here too. They need a POSIX shell, awk, sed, grep and coreutils.

/// Joins a script with what all of them share, under a first line by which messages call it.
macro_rules! script {
    ($file:literal) => {
        concat!("# ", $file, "\n", include_str!("files/common.sh"), include_str!(concat!("files/", $file)))
    };
}

mod claim;
mod connections;

use std::time::Duration;

use crate::core::command::{Command, Effect, Output};
use crate::core::names::VolumeName;
use crate::core::pool::Processes;
use crate::core::script::{ScriptError, complete, succeeded};

pub use claim::{
    Taken, parse_claim, parse_claim_text, parse_released, parse_taken, read_claim, release_claim, take_claim,
};
pub use connections::{connections, parse_connections};

pub mod usage;

/// How long processes may take to end after SIGTERM. A brick closes its files and its database first.
const STOP_SECONDS: u32 = 120;
/// How long glusterd may take until it answers. It waits for its peers' handshakes on the way.
const START_SECONDS: u32 = 90;
/// How long glusterd may take to find its self-heal daemon: three seconds, where nothing goes wrong.
const FIND_SECONDS: u32 = 60;
/// How often a glusterd that has lost its self-heal daemon is started anew. One start of six or so loses it.
const STARTS_ANEW: u32 = 3;
/// What a script may take besides its own waits, on a host that is busy.
const SLACK: Duration = Duration::from_secs(60);
/// Reading `/proc` and small files.
const LOOK: Duration = Duration::from_secs(30);

/// Returns the command that lists Gluster's processes and mounts. Reads `/proc` only.
pub fn processes() -> Command {
    Command::script(Effect::Reads, script!("processes.sh"), [""], LOOK)
}

/// Reads what [`processes`] printed.
///
/// A mount counts where a process serves it. One that died stays in `/proc/mounts` and serves nobody: it
/// is no process that an upgrade would have to end.
///
/// # Errors
/// When the script failed or printed something else.
pub fn parse_processes(output: &Output) -> Result<Processes, ScriptError> {
    const ACT: &str = "listing processes";
    let mut processes = Processes::default();
    for line in complete(ACT, output)? {
        match line.split_once(' ') {
            Some(("glusterd", _)) => processes.glusterd += 1,
            Some(("glusterfsd", _)) => processes.glusterfsd += 1,
            Some(("glusterfs", _)) => processes.glusterfs += 1,
            Some(("mount", path)) => processes.fuse_mounts.push(unescape(path)),
            _ => return Err(ScriptError::Unreadable { act: ACT, line: line.to_owned() }),
        }
    }
    processes.fuse_mounts.sort();
    processes.fuse_mounts.dedup();
    Ok(processes)
}

/// Returns the command that stops glusterd and the daemons it starts by itself; bricks and mounts go on.
///
/// Repeating it does no harm. A unit that would end the bricks too (glusterd.service says
/// `KillMode=control-group` in Debian's 10.3 and 11.1, `process` in 9.2) is changed for this one stop.
pub fn stop_glusterd() -> Command {
    // It may wait twice: for systemd, then for a glusterd that was started by hand.
    stopping(script!("stop_glusterd.sh"), 2)
}

/// Returns the command that stops all of Gluster on the host, FUSE mounts and the event daemon included.
///
/// The seed procedure's `killall glusterfs glusterfsd glusterd` with a wait. Repeating it does no harm.
/// What does not end by SIGTERM is named, never killed.
pub fn stop_gluster() -> Command {
    // It may wait five times: for mounts and daemons, for bricks, for systemd, for glusterd, then for what is left.
    stopping(script!("stop_gluster.sh"), 5)
}

/// Reads what [`stop_glusterd`] or [`stop_gluster`] printed.
///
/// # Errors
/// With the names and pids of what still runs, in the script's words.
pub fn parse_stopped(output: &Output) -> Result<(), ScriptError> {
    succeeded("stopping", output).map(|_| ())
}

/// Whether glusterd had to be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It ran already.
    Already,
    /// It was started.
    Now,
}

/// Returns the command that starts glusterd and waits until it answers `gluster pool list` and, where several volumes are
/// healed, has found its self-heal daemon. Repeating it does no harm. The event daemon is started again where
/// [`stop_gluster`] stopped it.
pub fn start_glusterd() -> Command {
    // Each start anew may wait four times: for systemd, for glusterd and its daemons to end, for the next one to answer.
    let waits = START_SECONDS * (1 + 4 * STARTS_ANEW) + FIND_SECONDS;
    let deadline = Duration::from_secs(waits.into()) + SLACK;
    let arguments = [START_SECONDS, FIND_SECONDS, STARTS_ANEW].map(|number| number.to_string());
    Command::script(Effect::Changes, script!("start_glusterd.sh"), arguments, deadline)
}

/// Reads what [`start_glusterd`] printed.
///
/// # Errors
/// When glusterd does not run or does not answer, with the end of its log.
pub fn parse_started(output: &Output) -> Result<Started, ScriptError> {
    const ACT: &str = "starting glusterd";
    let lines = succeeded(ACT, output)?;
    match lines.first() {
        Some(&"running") => Ok(Started::Already),
        Some(&"started") => Ok(Started::Now),
        Some(line) => Err(ScriptError::Unreadable { act: ACT, line: (*line).to_owned() }),
        None => Err(ScriptError::CutShort { act: ACT }),
    }
}

/// Returns the command that deletes the stored options of gNFS (`nfs.…`) from all volumes of the host.
///
/// Release 11 is built without gNFS on Debian and drops these lines from a volume's `info` when it rewrites
/// the file, so that its checksum differs from that of older peers, who are then rejected. Deleted on every
/// server beforehand, while glusterd is down, they cannot differ. The originals are kept below
/// `/var/lib/glusterd-upgrade-backup/RUN`. Repeating it does no harm. It refuses while glusterd runs.
pub fn drop_nfs_lines(run: &str) -> Command {
    Command::script(Effect::Changes, script!("drop_nfs_lines.sh"), [run, ""], SLACK)
}

/// Reads what [`drop_nfs_lines`] printed: the volumes that were changed.
///
/// # Errors
/// When it refused or failed.
pub fn parse_dropped(output: &Output) -> Result<Vec<VolumeName>, ScriptError> {
    const ACT: &str = "dropping the nfs options";
    let volume = |line: &str| {
        line.strip_prefix("changed ")
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| ScriptError::Unreadable { act: ACT, line: line.to_owned() })
    };
    complete(ACT, output)?.into_iter().map(volume).collect()
}

/// Returns the command that prints the last lines of glusterd's log.
pub fn glusterd_log_tail(lines: u32) -> Command {
    const TAIL: &str = include_str!("files/glusterd_log_tail.sh");
    Command::script(Effect::Reads, TAIL, [lines.to_string()], LOOK)
}

fn stopping(script: &'static str, waits: u32) -> Command {
    let deadline = Duration::from_secs(STOP_SECONDS.into()) * waits + SLACK;
    Command::script(Effect::Changes, script, [STOP_SECONDS.to_string()], deadline)
}

/// Returns a path as it is from the way the kernel writes it in `/proc/mounts`: `\040` for a blank, and
/// `\011`, `\012`, `\134` likewise (fs/proc_namespace.c, `mangle`).
fn unescape(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('\\') {
        text += &rest[..at];
        let code = rest.get(at + 1..at + 4).and_then(|octal| u8::from_str_radix(octal, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                text.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                text.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests;
