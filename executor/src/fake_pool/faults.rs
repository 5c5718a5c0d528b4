//! Faults: what becomes of the n-th command that changes something.

use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The connection is lost and the command ends after so many strokes: 0 is before its effect, as many as it has
    /// is after it.
    Cut(usize),
    /// The connection is lost after so many strokes, and the command goes on by itself.
    Late(usize),
    /// The host is turned off after so many strokes, and boots.
    Reboot(usize),
}

/// A fault, and whether this program is killed along with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Strike {
    /// What becomes of the command.
    pub fault: Fault,
    /// Whether the program that waits for it ends at that moment.
    pub killed: bool,
}

/// Faults by the number of the command that they strike, counted from 0 over all runs.
pub type Strikes = BTreeMap<usize, Strike>;

/// The starts of bricks that come to nothing, by their number, counted from 0 once the pool is up. Such a brick stays down
/// until an operator mends it.
pub type Stuck = BTreeSet<usize>;

/// A command that changed something, or was to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// The host.
    pub host: String,
    /// The command's first words.
    pub words: String,
    /// How many strokes it has.
    pub strokes: usize,
}
