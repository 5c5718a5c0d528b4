//! executor.

fn main() {}
