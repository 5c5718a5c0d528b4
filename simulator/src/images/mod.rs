//! The images that pools run on: what the catalog says, what is on the engine, and how the one becomes the other.

mod base;
mod build;
mod catalog;
mod catalog_error;
mod check;
mod context;
mod error;
#[cfg(test)]
mod own_tests;
mod progress;
#[cfg(test)]
mod scripts;

pub use self::base::BaseKind;
pub use self::build::{NodeImage, ensure, find, on_engine};
pub use self::catalog::{Base, Catalog, Family, Init, Packages, Release};
pub use self::catalog_error::CatalogError;
pub use self::error::ImageError;

/// Tells the operator one line of what is going on.
pub type Say<'a> = &'a (dyn Fn(&str) + Send + Sync);
