//! The record of a workload: what was acknowledged, what failed, what is in doubt, and how long it took.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::oracle::Truth;

/// One line that the writer prints. `t` is the client's clock in seconds since 1970, `n` numbers the operations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The folder is made; operations follow.
    Start {
        /// When.
        t: f64,
        /// The seed of all operations.
        seed: u64,
    },
    /// An operation is about to begin.
    Intent {
        /// Its number.
        n: u64,
        /// When.
        t: f64,
        /// What it is.
        op: Operation,
        /// The file, relative to the folder; the old name for a renaming.
        path: String,
        /// The new name, for a renaming.
        to: Option<String>,
        /// Number of bytes that are written, but for a renaming.
        size: Option<u64>,
        /// SHA-256 of all that the file has then, but for a renaming.
        sha256: Option<String>,
    },
    /// It is done and synced.
    Ack {
        /// Its number.
        n: u64,
        /// When.
        t: f64,
        /// How long it took, in milliseconds.
        ms: f64,
    },
    /// It failed.
    Error {
        /// Its number.
        n: u64,
        /// When.
        t: f64,
        /// How long it took, in milliseconds.
        ms: f64,
        /// Which part failed: "open", "write", "fsync" …
        step: String,
        /// The error's number.
        errno: i32,
        /// The error's name: "ENOTCONN".
        error: String,
    },
    /// The writer ended as it was asked to.
    Done {
        /// When.
        t: f64,
        /// How many operations there were.
        operations: u64,
        /// How many of them were acknowledged.
        acks: u64,
        /// How many of them failed.
        errors: u64,
    },
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Writes a new file.
    Create,
    /// Writes a file anew.
    Overwrite,
    /// Adds to the end of a file.
    Append,
    /// Gives a file another name.
    Rename,
}

/// A failed operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// When, in seconds since 1970.
    pub t: f64,
    /// The file.
    pub path: String,
    /// Which part failed.
    pub step: String,
    /// The error's name, with its number.
    pub error: String,
}

/// A long operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stall {
    /// When it began, in seconds since 1970.
    pub t: f64,
    /// How long it took, or had taken when the record ended.
    pub took: Duration,
    /// The file.
    pub path: String,
    /// Whether it never ended.
    pub is_open: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Intent {
    n: u64,
    t: f64,
    path: String,
    effect: Effect,
}

#[derive(Debug, Clone, PartialEq)]
enum Effect {
    Holds { digest: String },
    MovesTo { path: String },
}

/// What the writer said so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    folder: String,
    files: BTreeMap<String, String>,
    in_doubt: BTreeSet<String>,
    /// Names that files had before they were renamed.
    gone: BTreeSet<String>,
    open: Option<Intent>,
    /// Client's time of each acknowledgement, in order.
    acks: Vec<f64>,
    failures: Vec<Failure>,
    longest: Option<Stall>,
    last_number: u64,
    /// The counts the writer ended with: operations, acknowledgements, errors.
    done: Option<(u64, u64, u64)>,
    started: bool,
    /// Lines that made no sense, each with why.
    troubles: Vec<String>,
}

impl Record {
    /// Returns an empty record of a writer in this folder of the volume.
    pub fn new(folder: &str) -> Self {
        Self { folder: folder.trim_matches('/').to_owned(), ..Self::default() }
    }

    /// Takes in one line. A line that makes no sense is kept as a trouble: with it the record proves nothing.
    pub fn push(&mut self, line: &str) {
        let told =
            serde_json::from_str(line).map_err(|error| error.to_string()).and_then(|line| self.take(line));
        if let Err(reason) = told {
            self.troubles.push(format!("{reason}: {}", line.chars().take(120).collect::<String>()));
        }
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        if self.done.is_some() {
            return Err("a line after the end".to_owned());
        }
        match line {
            Line::Start { .. } if self.started => Err("a second start".to_owned()),
            Line::Start { .. } => {
                self.started = true;
                Ok(())
            }
            Line::Intent { n, t, op, path, to, size: _, sha256 } => self.intend(n, t, op, path, to, sha256),
            Line::Ack { n, t, ms } => {
                let intent = self.close(n)?;
                self.note_time(&intent, ms, false);
                self.acks.push(t);
                self.acknowledge(intent);
                Ok(())
            }
            Line::Error { n, t, ms, step, errno, error } => {
                let intent = self.close(n)?;
                self.note_time(&intent, ms, false);
                self.doubt(&intent);
                let path = self.in_volume(&intent.path);
                self.failures.push(Failure { t, path, step, error: format!("{error} ({errno})") });
                Ok(())
            }
            Line::Done { t: _, operations, acks, errors } => {
                self.done = Some((operations, acks, errors));
                Ok(())
            }
        }
    }

    fn intend(
        &mut self,
        n: u64,
        t: f64,
        op: Operation,
        path: String,
        to: Option<String>,
        sha256: Option<String>,
    ) -> Result<(), String> {
        if !self.started || self.open.is_some() || n != self.last_number + 1 {
            return Err(format!("operation {n} out of turn"));
        }
        let effect = match (op, to, sha256) {
            (Operation::Create | Operation::Overwrite | Operation::Append, None, Some(digest)) => {
                Effect::Holds { digest }
            }
            (Operation::Rename, Some(path), None) => Effect::MovesTo { path },
            (Operation::Create | Operation::Overwrite | Operation::Append | Operation::Rename, _, _) => {
                return Err("an intent that does not say what it is for".to_owned());
            }
        };
        self.last_number = n;
        self.open = Some(Intent { n, t, path, effect });
        Ok(())
    }

    fn close(&mut self, n: u64) -> Result<Intent, String> {
        match self.open.take() {
            Some(intent) if intent.n == n => Ok(intent),
            other => {
                self.open = other;
                Err(format!("the end of operation {n}, which was not begun"))
            }
        }
    }

    fn note_time(&mut self, intent: &Intent, ms: f64, is_open: bool) {
        let took = Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::MAX);
        if self.longest.as_ref().is_none_or(|longest| took > longest.took) {
            self.longest = Some(Stall { t: intent.t, took, path: self.in_volume(&intent.path), is_open });
        }
    }

    fn acknowledge(&mut self, intent: Intent) {
        match intent.effect {
            Effect::Holds { digest } => {
                self.in_doubt.remove(&intent.path);
                self.gone.remove(&intent.path);
                self.files.insert(intent.path, digest);
            }
            Effect::MovesTo { path } => {
                let was_in_doubt = self.in_doubt.remove(&intent.path);
                self.gone.remove(&path);
                self.gone.insert(intent.path.clone());
                match self.files.remove(&intent.path) {
                    Some(digest) => {
                        self.in_doubt.remove(&path);
                        self.files.insert(path, digest);
                    }
                    // What had unknown bytes before has them still, by its new name.
                    None => {
                        self.in_doubt.insert(path);
                        if !was_in_doubt {
                            self.troubles.push(format!("{} was renamed but never written", intent.path));
                        }
                    }
                }
            }
        }
    }

    /// Notes that nobody knows what an operation left behind.
    fn doubt(&mut self, intent: &Intent) {
        self.files.remove(&intent.path);
        self.in_doubt.insert(intent.path.clone());
        match &intent.effect {
            Effect::Holds { digest: _ } => {}
            Effect::MovesTo { path } => {
                self.files.remove(path);
                self.in_doubt.insert(path.clone());
            }
        }
    }

    /// Ends the record when no more lines will come. An operation still open is in doubt and has stalled until now.
    pub fn end(&mut self, now: SystemTime) {
        if let Some(intent) = self.open.take() {
            let now = now.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
            self.note_time(&intent, (now - intent.t).max(0.0) * 1000.0, true);
            self.doubt(&intent);
        }
    }

    fn in_volume(&self, path: &str) -> String {
        if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) }
    }

    /// Returns what must be found in the volume. An operation still open is in doubt.
    pub fn truth(&self) -> Truth {
        let mut known = self.clone();
        if let Some(intent) = known.open.take() {
            known.doubt(&intent);
        }
        Truth {
            folder: self.folder.clone(),
            files: known.files.iter().map(|(path, digest)| (self.in_volume(path), digest.clone())).collect(),
            in_doubt: known.in_doubt.iter().map(|path| self.in_volume(path)).collect(),
            gone: known.gone.iter().map(|path| self.in_volume(path)).collect(),
            busy: BTreeSet::new(),
        }
    }

    /// Returns how many operations were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acks.len()
    }

    /// Returns how many operations were acknowledged in a time, by the client's clock.
    pub fn acknowledged_within(&self, from: SystemTime, to: SystemTime) -> usize {
        let seconds =
            |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let (from, to) = (seconds(from), seconds(to));
        self.acks.iter().filter(|t| (from..=to).contains(*t)).count()
    }

    /// Returns the failed operations.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Returns the operation that took longest.
    pub fn longest(&self) -> Option<&Stall> {
        self.longest.as_ref()
    }

    /// Returns why the record proves nothing, if so: lines that made no sense, or a writer that did not end well.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles = self.troubles.clone();
        if !self.started {
            troubles.push("the writer never started".to_owned());
        }
        match self.done {
            None => troubles.push("the writer did not end by itself".to_owned()),
            Some(said) => {
                let heard = (self.last_number, self.acks.len() as u64, self.failures.len() as u64);
                if said != heard {
                    troubles
                        .push(format!("operations, acks, errors: writer says {said:?}, we heard {heard:?}"));
                }
            }
        }
        troubles
    }
}
