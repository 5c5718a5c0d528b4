//! Which catalogs a command reads: the project's own, and perhaps one of the operator's.

use std::path::PathBuf;

use super::Failure;
use crate::images::Catalog;

/// Where families of images are described.
#[derive(Debug, clap::Args)]
pub(super) struct Catalogs {
    /// The folder with catalog.toml and one folder a family
    #[arg(long, value_name = "FOLDER", default_value = "images", global = true)]
    images: PathBuf,
    /// A catalog of your own: its families are added, or stand in place of those of the same name
    #[arg(long, value_name = "FILE", global = true)]
    catalog: Option<PathBuf>,
}

impl Catalogs {
    /// Reads them.
    ///
    /// # Errors
    /// Where one cannot be read, or makes no sense.
    pub(super) fn read(&self) -> Result<Catalog, Failure> {
        let built_in = Catalog::load(&self.images)?;
        Ok(match &self.catalog {
            Some(own) => built_in.joined_by(own)?,
            None => built_in,
        })
    }
}
