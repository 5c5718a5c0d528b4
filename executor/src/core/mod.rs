//! The pure core: no I/O, no async, no clock. What an upgrade *is*, decided from what was observed.

pub mod application;
pub mod baseline;
pub mod check;
pub mod claim;
pub mod code;
pub mod command;
pub mod declared;
pub mod event;
pub mod exit;
pub mod explain;
pub mod finding;
pub mod georep;
pub mod hazard;
pub mod inventory;
mod inventory_file;
pub mod names;
pub mod ok_to_stop;
pub mod packages;
pub mod pause;
pub mod plan;
pub mod pool;
pub mod pools;
pub mod release;
pub mod resume;
#[cfg(test)]
pub(crate) mod sample;
pub mod script;
pub mod system;
pub mod usage;
pub mod verify;
pub mod way;
