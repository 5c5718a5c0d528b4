//! The writing client: started before the upgrade, ended after it, its record kept outside the pool.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;

use crate::engine::{Engine, ExecLines};
use crate::oracle::Shell;
use crate::pool::{Look, Node, PoolError, until};
use crate::workload::{Record, Settings};

/// How many operations must be acknowledged before the upgrade begins: the pool serves, and there is something
/// to lose.
const WARM_UP: usize = 20;

/// How long that may take.
const WARM_UP_LIMIT: Duration = Duration::from_secs(60);

/// How long the writer may take to end: the last operation may be stuck for as long as the client's own limit.
const END_LIMIT: Duration = Duration::from_secs(60);

/// A client that writes. Dropping it stops the reading of its record; the writer itself ends with its container.
#[derive(Debug)]
pub struct Writer {
    settings: Settings,
    client: String,
    record: Arc<Mutex<Record>>,
    reading: JoinHandle<std::io::Result<()>>,
}

impl Writer {
    /// Starts the writer on a client. Each of its lines goes into the record, and into the file `kept`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start(engine: &Engine, client: &Node, settings: Settings, kept: &Path) -> std::io::Result<Self> {
        let file = std::fs::File::create(kept)?;
        let record = Arc::new(Mutex::new(Record::new(&settings.folder)));
        let argv = settings.argv();
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let lines = engine.exec_lines(&client.container, &argv);
        let reading = tokio::spawn(read(lines, file, record.clone()));
        Ok(Self { settings, client: client.name.clone(), record, reading })
    }

    /// Waits until enough is written for an upgrade to begin.
    ///
    /// # Errors
    /// [`PoolError::NotReady`] when the client does not come to write.
    pub async fn warm_up(&self) -> Result<(), PoolError> {
        self.wait_for(WARM_UP).await
    }

    /// Waits until so many operations are acknowledged.
    ///
    /// # Errors
    /// [`PoolError::NotReady`] when the client does not come to write so much.
    pub async fn wait_for(&self, operations: usize) -> Result<(), PoolError> {
        let what = format!("{operations} operations acknowledged on {}", self.client);
        until(what, WARM_UP_LIMIT, async || {
            let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            let acknowledged = record.acknowledged();
            Ok(if acknowledged >= operations {
                Look::Ready(())
            } else {
                Look::NotYet(format!("{acknowledged} acknowledged; {}", record.troubles().join("; ")))
            })
        })
        .await
    }

    /// Ends the writer and returns its record. One that cannot end is judged by what it said until then.
    pub async fn end(mut self, shell: &dyn Shell) -> Record {
        if let Err(reason) = self.settings.stop(shell, &self.client).await {
            tracing::warn!(%reason, "the writer could not be asked to end");
        }
        match tokio::time::timeout(END_LIMIT, &mut self.reading).await {
            Ok(Ok(Ok(()))) => {}
            // The record says by itself that its end is missing.
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the writer's lines could not be kept"),
            Ok(Err(error)) => tracing::warn!(%error, "the writer's lines could not be read"),
            Err(_) => tracing::warn!("the writer did not end"),
        }
        self.reading.abort();
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner).clone();
        record.end(SystemTime::now());
        record
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(
    mut lines: ExecLines,
    mut file: std::fs::File,
    record: Arc<Mutex<Record>>,
) -> std::io::Result<()> {
    while let Some(line) = lines.next_line().await {
        // The record first: a full disk here is no trouble of the pool's.
        record.lock().unwrap_or_else(PoisonError::into_inner).push(&line);
        writeln!(file, "{line}")?;
    }
    Ok(())
}
