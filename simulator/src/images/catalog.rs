//! The catalog: which families of images there are, and which releases each holds. It may be joined by one of an
//! operator's own.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::catalog_error::CatalogError;
use super::check;

/// The catalog's file, in the folder that has one folder a family beside it.
const FILE: &str = "catalog.toml";

/// Every family that a pool can be made of.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The file it was read from.
    pub path: PathBuf,
    /// The operator's own that it was joined by, if any.
    pub own: Option<PathBuf>,
    /// The families, in the order of the file.
    pub families: Vec<Family>,
}

/// A distribution on which several releases can be installed one after the other, in place: one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its name, and that of its folder.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// How the entry was put to the test; nothing where it was not.
    pub tried: Option<String>,
    /// What starts the daemons of a node.
    pub init: Init,
    /// The release that the image has installed.
    pub preinstalled: String,
    /// Where its base comes from.
    pub base: Base,
    /// The releases, in the order of the file.
    pub releases: Vec<Release>,
    /// The folder with all that goes into its image.
    pub folder: PathBuf,
    /// The Dockerfile: the folder's own, or the built-in one beside the catalog.
    pub dockerfile: PathBuf,
}

/// What starts the daemons of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// They are started by hand, under an init that only reaps.
    Bare,
    /// systemd, as in production.
    Systemd,
}

impl std::fmt::Display for Init {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bare => "bare",
            Self::Systemd => "systemd",
        })
    }
}

/// What an image stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A bare distribution: the public image where it can be had, else a bootstrap where there is one.
    Distribution {
        /// A public image, or one that is on the engine already.
        public: String,
        /// The suite that `mmdebstrap` makes a base of; nothing where the public image is the only base.
        bootstrap: Option<String>,
    },
    /// The finished image of another family, whose releases are in this one, too.
    Family(Box<Family>),
}

impl Base {
    /// Returns the public image that there is no way around, where there is none.
    #[must_use]
    pub fn needed_from_registry(&self) -> Option<&str> {
        match self {
            Self::Distribution { public, bootstrap: None } => Some(public),
            Self::Distribution { bootstrap: Some(_), .. } => None,
            Self::Family(family) => family.base.needed_from_registry(),
        }
    }
}

/// A release inside a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version, as `gluster --version` prints it.
    pub version: String,
    /// Where its packages are.
    pub packages: Packages,
    /// The op-version that a pool of this release can be raised to.
    pub op_version: u32,
    /// Whether the image is built without it where the archive has lost it.
    pub optional: bool,
}

/// Where the packages of a release are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packages {
    /// In a suite of the distribution's archive.
    Suite(String),
    /// In a folder of the operator's own.
    Folder(PathBuf),
}

impl Catalog {
    /// Reads the catalog of a folder of images.
    ///
    /// # Errors
    ///
    /// [`CatalogError`], with the place in the file, what was expected there, and a remedy.
    pub fn load(images: &Path) -> Result<Catalog, CatalogError> {
        let path = images.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| CatalogError::Read { path: path.clone(), source })?;
        Catalog::parse(&path, &text)
    }

    /// Reads the catalog from its text; `path` says where it lies, for messages and the families' folders.
    ///
    /// # Errors
    ///
    /// As [`Catalog::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Catalog, CatalogError> {
        let families = check::families(path, text, None)?;
        Ok(Catalog { path: path.to_owned(), own: None, families })
    }

    /// Returns this catalog with the families of one of the operator's own: they are added, or stand in place of those
    /// of the same name. They may be based on any family of this one.
    ///
    /// # Errors
    ///
    /// As [`Catalog::load`], of the file given here.
    pub fn joined_by(mut self, own: &Path) -> Result<Catalog, CatalogError> {
        let text = std::fs::read_to_string(own)
            .map_err(|source| CatalogError::ReadOwn { path: own.to_owned(), source })?;
        for family in check::families(own, &text, Some(&self))? {
            match self.families.iter_mut().find(|known| known.name == family.name) {
                Some(known) => *known = family,
                None => self.families.push(family),
            }
        }
        self.own = Some(own.to_owned());
        Ok(self)
    }

    /// Returns a family by name.
    ///
    /// # Errors
    ///
    /// [`CatalogError::UnknownFamily`] with the names that there are.
    pub fn family(&self, name: &str) -> Result<&Family, CatalogError> {
        let mut families = self.families.iter();
        families.find(|family| family.name == name).ok_or_else(|| CatalogError::UnknownFamily {
            path: self.path.clone(),
            name: name.to_owned(),
            known: self.families.iter().map(|family| family.name.clone()).collect(),
        })
    }
}

impl Family {
    /// Returns a release by version.
    ///
    /// # Errors
    ///
    /// [`CatalogError::UnknownRelease`] with the versions that there are.
    pub fn release(&self, version: &str) -> Result<&Release, CatalogError> {
        let mut releases = self.releases.iter();
        releases.find(|release| release.version == version).ok_or_else(|| CatalogError::UnknownRelease {
            family: self.name.clone(),
            version: version.to_owned(),
            known: self.versions(),
        })
    }

    /// Returns the versions of its releases.
    #[must_use]
    pub fn versions(&self) -> Vec<String> {
        self.releases.iter().map(|release| release.version.clone()).collect()
    }
}
