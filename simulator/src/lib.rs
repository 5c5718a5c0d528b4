//! simulator.

pub mod engine;
pub mod oracle;
pub mod workload;
