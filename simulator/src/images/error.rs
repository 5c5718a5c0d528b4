//! Why there is no image, and what the operator can do about it.

use super::build::BUILD_LIMIT;
use crate::engine::EngineError;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The engine refused or failed.
    #[error("the engine failed while the image was made")]
    Engine(#[source] EngineError),
    /// The family's folder cannot be packed.
    #[error("cannot read the folder {}", folder.display())]
    Context {
        /// The folder.
        folder: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The family has a public base alone, and it was not to be had.
    #[error("no base: {public} could not be pulled, and this family has no other: {reason}")]
    NeedsRegistry {
        /// The public image.
        public: String,
        /// The engine's answer.
        reason: String,
    },
    /// mmdebstrap is not installed.
    #[error("no base: nothing could be pulled, and mmdebstrap is not installed")]
    NoBootstrap,
    /// mmdebstrap failed.
    #[error("no base: mmdebstrap {suite} failed: {reason}")]
    Bootstrap {
        /// The suite.
        suite: String,
        /// Its last words.
        reason: String,
    },
    /// A step of the Dockerfile failed.
    #[error("the build of {family} failed\n{last_lines}")]
    Build {
        /// The family.
        family: String,
        /// What the build said last.
        last_lines: String,
        /// The engine's answer.
        source: Box<EngineError>,
    },
    /// The build took too long.
    #[error("the build of {family} did not end within {} s\n{last_lines}", BUILD_LIMIT.as_secs())]
    TooLong {
        /// The family.
        family: String,
        /// What the build said last.
        last_lines: String,
    },
}

impl From<EngineError> for ImageError {
    fn from(error: EngineError) -> ImageError {
        ImageError::Engine(error)
    }
}

impl ImageError {
    /// Returns what the operator can do about it, where we know.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ImageError::Engine(error) => error.hint(),
            ImageError::NeedsRegistry { .. } => Some(
                "let the engine reach a registry, or bring that image onto it (`docker pull` elsewhere, `docker save`, \
                 `docker load` here); then the same again",
            ),
            ImageError::NoBootstrap => Some("apt-get install mmdebstrap, or let the engine reach a registry"),
            ImageError::Bootstrap { .. } => {
                Some("it runs as root and needs the distribution's package archive; try it by hand")
            }
            ImageError::Build { .. } | ImageError::TooLong { .. } => Some(
                "containers need to reach the package archive while an image is built; nothing of this build was kept",
            ),
            ImageError::Context { .. } => None,
        }
    }
}
