//! What the acceptance tests share: hosts in containers, and the programs as they were built.

pub mod program;
pub mod ssh_host;
