//! What is wrong with a catalog, where, and what to do about it.

use std::path::PathBuf;

/// What is wrong with the catalog, or with a question to it.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A catalog of the operator's own cannot be read.
    #[error("cannot read {}", path.display())]
    ReadOwn {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is no TOML, or has keys or values that the catalog does not know.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// The text is well formed and makes no sense.
    #[error("{}:{line}: {what}: expected {expected}, found `{found}`", path.display())]
    Meaning {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the value is.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What stands there.
        found: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A family is asked for that the catalog does not have.
    #[error("no family `{name}` in {}: expected one of {}", path.display(), known.join(", "))]
    UnknownFamily {
        /// The catalog.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A release is asked for that the family does not have.
    #[error("no release `{version}` in family `{family}`: expected one of {}", known.join(", "))]
    UnknownRelease {
        /// The family.
        family: String,
        /// The version asked for.
        version: String,
        /// The versions that there are.
        known: Vec<String>,
    },
}

impl CatalogError {
    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            CatalogError::Read { .. } => {
                "run it in the project's folder, or name the folder of the images with --images"
            }
            CatalogError::ReadOwn { .. } => {
                "name a file that can be read; docs/own-packages.md has an example"
            }
            CatalogError::Syntax { message, .. } if message.starts_with("duplicate key") => {
                "remove one of the two"
            }
            CatalogError::Syntax { .. } => {
                "correct that line; the head of the project's own catalog explains the keys"
            }
            CatalogError::Meaning { hint, .. } => hint,
            CatalogError::UnknownFamily { .. } => {
                "`simulator images list` shows the families; a new one is a table in the catalog and a folder beside it"
            }
            CatalogError::UnknownRelease { .. } => {
                "`simulator images list` shows the releases; a new one is a [[family.release]] in the catalog"
            }
        }
    }
}
