//! What a run keeps for its report besides what others write: the deeds of others, and looks at the bricks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::oracle::Verdict;
use crate::oracle::during::Sample;
use crate::scenario::Deed;

/// The file of [`Strike`]s, one a line.
pub const FAULTS: &str = "faults.jsonl";

/// A deed that was done to the pool, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strike {
    /// The phase of the assertion about it: "faults", "order 2: beforehand".
    pub phase: String,
    /// Its cue in words: "after install on g1".
    pub cue: String,
    /// What was done.
    pub deed: Deed,
    /// When it was begun. Some wait for a program to run before they strike.
    pub began: Timestamp,
    /// When it was seen to have struck, or not to.
    pub done: Timestamp,
    /// A pass where it struck.
    pub verdict: Verdict,
    /// What was seen.
    pub found: String,
}

/// The content of `samples.json`: which bricks were seen serving while the executor worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// What the times of the samples count from.
    pub begin: Timestamp,
    /// The samples, in order.
    pub samples: Vec<Sample>,
}
