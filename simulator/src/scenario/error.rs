//! What is wrong with scenario files.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// What is wrong with a scenario: where, what, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}{}: {problem}", file.display(), self.place())]
pub struct ScenarioError {
    /// The file in which the trouble stands: the scenario's own, or one that it extends.
    pub file: PathBuf,
    /// The line, from 1, where the trouble has one.
    pub line: Option<usize>,
    /// The character of that line, from 1, where the trouble has one.
    pub column: Option<usize>,
    /// What was found, and what was expected.
    pub problem: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl ScenarioError {
    /// Returns line and column as they stand behind a file's name.
    fn place(&self) -> String {
        [self.line, self.column].into_iter().flatten().map(|number| format!(":{number}")).collect()
    }
}

/// All that is wrong with a scenario, by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioErrors(pub Vec<ScenarioError>);

impl From<ScenarioError> for ScenarioErrors {
    fn from(error: ScenarioError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ScenarioErrors {}
