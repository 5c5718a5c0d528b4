//! Containers that are frozen: alive, connected, and silent.
//!
//! A command that is just being started when its container is frozen freezes half-made. The engine then waits for
//! it, and answers neither the thaw nor the removal of the container any more (seen with runc 1.1 and the first
//! version of control groups; only killing the half-made command by hand ends it). So the two are kept apart here:
//! a container is frozen only while no command is being started in it, and a command meets it frozen or not at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use super::{Engine, EngineError};

/// A lock for each container: shared by the commands that start in it, held alone while it is frozen.
#[derive(Debug, Clone, Default)]
pub(super) struct Freezing {
    locks: Arc<Mutex<HashMap<String, Arc<RwLock<()>>>>>,
}

impl Freezing {
    /// Keeps a container from being frozen for as long as the guard lives.
    pub(super) async fn starting(&self, container: &str) -> OwnedRwLockReadGuard<()> {
        self.lock_of(container).read_owned().await
    }

    fn lock_of(&self, container: &str) -> Arc<RwLock<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(container.to_owned()).or_default())
    }
}

impl Engine {
    /// Freezes all processes of a container: it keeps its address and its connections, and answers nothing.
    ///
    /// Waits until the commands that are under way in it have ended or, where they are read by line, have said
    /// something.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn pause(&self, container: &str) -> Result<(), EngineError> {
        let lock = self.freezing.lock_of(container);
        let _alone = lock.write().await;
        let paused = self.docker().pause_container(container).await;
        paused.map_err(EngineError::api(|| format!("pausing {container}")))
    }

    /// Lets a frozen container go on.
    ///
    /// # Errors
    ///
    /// Whatever the engine answers.
    pub async fn unpause(&self, container: &str) -> Result<(), EngineError> {
        let unpaused = self.docker().unpause_container(container).await;
        unpaused.map_err(EngineError::api(|| format!("unpausing {container}")))
    }
}
