//! What the oracle knows of a run's pools, kept in the run's folder: by it they can be judged again while they are up.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::DirectorError;
use super::expected::expected;
use super::load::Truths;
use crate::artifacts::Artifacts;
use crate::images::Catalog;
use crate::oracle::{Baseline, Expected, Shell};
use crate::scenario::{Scenario, Which};

/// The file.
const FILE: &str = "known.json";

/// The version of its form.
const FORMAT: u32 = 1;

/// What is known of the pools of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    format: u32,
    /// Each of them.
    pub pools: Vec<KnownPool>,
}

/// What is known of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPool {
    /// Which of the scenario's it is.
    pub which: Which,
    /// What must hold of it, as far as the scenario has come.
    pub expected: Expected,
    /// How it was when it came up.
    pub baseline: Baseline,
}

/// Why nothing is known.
#[derive(Debug, Error)]
pub enum KnownError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no such file, or of another program.
    #[error("{}: {why}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Known {
    /// Returns what is known of these pools.
    pub fn of(pools: Vec<KnownPool>) -> Self {
        Self { format: FORMAT, pools }
    }

    /// Looks at the pools of a scenario that have just come up.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn begun(
        scenario: &Scenario,
        catalog: &Catalog,
        shell: &dyn Shell,
    ) -> Result<Self, DirectorError> {
        let (mut pools, mut troubles) = (Vec::new(), Vec::new());
        for (which, _) in scenario.parts() {
            let expected = expected(scenario, catalog, which, scenario.standing(which, 0), &Truths::new())?;
            let baseline = Baseline::capture(shell, &expected).await;
            troubles.extend(baseline.troubles());
            pools.push(KnownPool { which, expected, baseline });
        }
        if troubles.is_empty() { Ok(Self::of(pools)) } else { Err(DirectorError::Baseline(troubles)) }
    }

    /// Keeps it in the folder of the run.
    ///
    /// # Errors
    /// The file that cannot be written.
    pub fn keep(&self, artifacts: &Artifacts) -> Result<(), DirectorError> {
        super::keep_json(artifacts, FILE, self)
    }

    /// Reads it from the folder of a run.
    ///
    /// # Errors
    /// [`KnownError`].
    pub fn read(folder: &Path) -> Result<Self, KnownError> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| KnownError::Read { path: path.clone(), source })?;
        let form = |why: String| KnownError::Form { path: path.clone(), why };
        let known: Self = serde_json::from_str(&text).map_err(|error| form(error.to_string()))?;
        if known.format == FORMAT {
            Ok(known)
        } else {
            Err(form(format!("it has format {}; expected {FORMAT}", known.format)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::Stored;

    fn known() -> Known {
        let expected = Expected {
            releases: [("g1".to_owned(), "10.3".to_owned())].into(),
            op_version: 100_000,
            out: Default::default(),
            volumes: Vec::new(),
            client: None,
            stored: Stored::Alike,
            set_since: Default::default(),
            allowances: Vec::new(),
        };
        Known::of(vec![KnownPool { which: Which::Pool, expected, baseline: Baseline::default() }])
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let runs = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::create(runs.path(), "s", jiff::Timestamp::UNIX_EPOCH).unwrap();
        let missing = Known::read(artifacts.folder()).unwrap_err().to_string();
        assert!(missing.contains(FILE), "{missing}");
        known().keep(&artifacts).unwrap();
        assert_eq!(Known::read(artifacts.folder()).unwrap(), known());
        for (text, says) in [("{", "line 1"), ("{\"format\":2,\"pools\":[]}", "it has format 2; expected 1")]
        {
            artifacts.write(FILE, text).unwrap();
            let error = Known::read(artifacts.folder()).unwrap_err().to_string();
            assert!(error.contains(FILE) && error.contains(says), "{error}");
        }
    }
}
