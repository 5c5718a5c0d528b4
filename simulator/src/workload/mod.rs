//! The workload: a client that writes and syncs files all the while, and the record of what it was promised.
//!
//! The record is kept outside the pool, from the lines the writer prints: an intent before each operation, an
//! acknowledgement or an error after it. What has an intent alone is in doubt, and so is what failed: its file may
//! hold the old bytes, the new ones, or some of both.

mod judge;
mod record;

use std::time::Duration;

use crate::oracle::Shell;

pub use judge::{Limits, judge};
pub use record::{Failure, Line, Record, Stall};

/// The writer: constant, its settings are arguments.
const WRITER: &str = include_str!("writer.py");

/// The folder of a volume that the writers of a rehearsal have to themselves.
pub const FOLDER: &str = "workload";

/// Where and how to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the volume is mounted on the client.
    pub mount: String,
    /// Folder of the volume that is the writer's own, relative to the volume's root; not empty.
    pub folder: String,
    /// Decides names, sizes, contents and order of all operations.
    pub seed: u64,
    /// At most so many operations a second; slow enough for heals to come to an end.
    pub operations_per_second: f64,
    /// A file whose appearance on the client ends the writer. Not in the volume.
    pub stop_file: String,
}

impl Settings {
    /// Returns settings that suit most scenarios.
    pub fn new(mount: &str, seed: u64) -> Self {
        Self {
            mount: mount.to_owned(),
            folder: FOLDER.to_owned(),
            seed,
            operations_per_second: 50.0,
            stop_file: "/run/workload.stop".to_owned(),
        }
    }

    /// Returns the command that starts the writer; its standard output is what [`Record::push`] reads.
    pub fn argv(&self) -> Vec<String> {
        let Self { mount, folder, seed, operations_per_second, stop_file } = self;
        let folder = format!("{}/{folder}", mount.trim_end_matches('/'));
        let arguments = [folder, seed.to_string(), operations_per_second.to_string(), stop_file.clone()];
        let command = ["python3", "-u", "-c", WRITER].map(str::to_owned);
        command.into_iter().chain(arguments).collect()
    }

    /// Asks the writer to end; it then prints "done". The caller waits for the end of its output, within limits: a
    /// writer stuck in an operation cannot end, and is judged by what it said until then.
    ///
    /// # Errors
    /// Why it could not be asked.
    pub async fn stop(&self, shell: &dyn Shell, client: &str) -> Result<(), String> {
        let limit = Duration::from_secs(10);
        crate::oracle::read(shell, client, &["touch", &self.stop_file], limit).await.map(|_| ())
    }
}
