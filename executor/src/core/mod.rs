//! The pure core: no I/O, no async, no clock. What an upgrade *is*, decided from what was observed.

pub mod application;
pub mod baseline;
pub mod check;
pub mod code;
pub mod command;
pub mod event;
pub mod exit;
pub mod explain;
pub mod finding;
pub mod hazard;
pub mod inventory;
pub mod names;
pub mod ok_to_stop;
pub mod packages;
pub mod plan;
pub mod pool;
pub mod release;
pub mod resume;
#[cfg(test)]
pub(crate) mod sample;
pub mod system;
pub mod usage;
pub mod verify;
pub mod way;
