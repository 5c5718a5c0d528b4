//! What the acceptance tests share: the programs as they were built, hosts and pools in containers, a look at the
//! engine.

pub mod asked;
pub mod engine;
pub mod image;
pub mod owned;
pub mod play;
pub mod pool;
pub mod program;
pub mod ssh_host;
