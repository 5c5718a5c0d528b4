//! Rehearses a GlusterFS upgrade on a disposable pool of real Gluster in containers, and judges it.

pub mod engine;
pub mod oracle;
pub mod report;
pub mod workload;
