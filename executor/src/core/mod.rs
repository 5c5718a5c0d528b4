//! The pure core: no I/O, no async, no clock. What an upgrade *is*, decided from what was observed.

pub mod command;
pub mod inventory;
pub mod names;
pub mod pool;
