//! What every way to a host keeps to: a deadline that the host keeps itself, and an end to how much is read.

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{TransportError, first_words};
use crate::core::command::{Command, Output};
use crate::core::names::HostName;

/// The script that keeps a command's deadline on the host.
pub(super) const REMOTE: &str = include_str!("remote.sh");
/// How long `timeout -k` on the host gives a command between SIGTERM and SIGKILL (see `remote.sh`).
const KILL_GRACE: Duration = Duration::from_secs(10);
/// What a slow way may add to a command's time before it is given up. Above the time in which ssh notices a dead
/// peer by itself, which makes for the better message.
const MARGIN: Duration = Duration::from_secs(60);
/// How much of each output stream is read. `heal info` of a large backlog prints a line an entry.
const OUTPUT_LIMIT: u64 = 32 * 1024 * 1024;
/// How much of the end of a stream is kept where it is too long.
const TAIL: usize = 256;

/// The time of one command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    /// What the host keeps, in whole seconds: `timeout` of busybox takes no others, and zero would mean no limit.
    pub(super) seconds: u64,
    begun: Instant,
}

impl Deadline {
    /// Starts the time of a command.
    pub(super) fn of(command: &Command) -> Self {
        let seconds = command.deadline.as_secs_f64().ceil().max(1.0) as u64;
        Self { seconds, begun: Instant::now() }
    }

    /// Returns how long to wait for the answer here.
    pub(super) fn patience(self) -> Duration {
        Duration::from_secs(self.seconds) + KILL_GRACE + MARGIN
    }

    /// Returns the error of a command whose end was not seen.
    pub(super) fn unseen(self, host: &HostName) -> TransportError {
        let reason = format!("no end seen within {} s", self.begun.elapsed().as_secs());
        TransportError::Lost { host: host.clone(), reason }
    }

    /// Judges how a command ended.
    pub(super) fn judge(
        self,
        host: &HostName,
        command: &Command,
        status: i32,
        stdout: Stream,
        stderr: Stream,
    ) -> Result<Output, TransportError> {
        let (host, seconds) = (host.clone(), self.seconds);
        // 124 and 137 may be the command's own. But then it ended before its time.
        if matches!(status, 124 | 137) && self.begun.elapsed() >= Duration::from_secs(seconds) {
            return Err(TransportError::Deadline { host, seconds, command: first_words(command) });
        }
        if stdout.cut || stderr.cut {
            let (limit, command) = (OUTPUT_LIMIT, first_words(command));
            return Err(TransportError::TooMuchOutput { host, limit, command });
        }
        Ok(Output { status, stdout: stdout.text(), stderr: stderr.text() })
    }
}

/// What was read of a stream: all of it, or where it is too long its beginning and its end.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The bytes; of a stream that was cut, the last ones only.
    pub(super) bytes: Vec<u8>,
    /// Whether it was too long.
    pub(super) cut: bool,
}

impl Stream {
    /// Returns the text. What is no UTF-8 in it is replaced: names on disk may be anything.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Reads a stream to its end. What is too much is read all the same, since a command that cannot print is stopped
/// by that.
pub(super) async fn read(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Stream> {
    let Some(mut stream) = stream else { return Ok(Stream::default()) };
    let mut bytes = Vec::new();
    (&mut stream).take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 <= OUTPUT_LIMIT {
        return Ok(Stream { bytes, cut: false });
    }
    let mut block = vec![0; 64 * 1024];
    loop {
        bytes.drain(..bytes.len().saturating_sub(TAIL));
        match stream.read(&mut block).await? {
            0 => return Ok(Stream { bytes, cut: true }),
            read => bytes.extend_from_slice(&block[..read]),
        }
    }
}
