//! Rehearses a GlusterFS upgrade on a disposable pool of real Gluster in containers, and judges it.

pub mod artifacts;
mod causes;
pub mod cli;
pub mod director;
pub mod doctor;
pub mod engine;
pub mod fixture;
pub mod images;
pub mod import;
pub mod oracle;
pub mod pool;
mod printable;
pub mod record;
pub mod report;
pub mod scenario;
pub mod workload;
