//! simulator.

fn main() {}
