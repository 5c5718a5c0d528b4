//! The dialect of the Gluster CLI: command values out, XML and text in. Pure.
//!
//! [`commands`], [`georep`] and [`canary`] say what to run, [`replies`] what the output of each means. Nothing here runs anything.
//! Facts are from Gluster's source at the release tags (file named where used) and from replies recorded
//! on real pools, which `tests/replies` holds.

pub mod canary;
pub mod commands;
mod error;
pub mod fuse;
pub mod georep;
pub mod replies;

pub use error::{Place, Quote, ReplyError};
