//! Upgrades a GlusterFS trusted storage pool, one gated step at a time.
//!
//! 1. Never take a host out unless all the others can carry its data.
//! 2. What we could not see is not well.
//! 3. Nothing is done that was not shown in the plan; nothing is done that is not first in the journal.
//! 4. Once a host is out, the way back to health leads forward; going back is the operator's decision.
//! 5. Every wait has an end, and every end has a name.
//! 6. We halt; we never force. A finding is waived by code and subject, in the open, and recorded.
//!    Findings about data (bricks, heal, split-brain, quorum) cannot be waived.
//! 7. The op-version is the point of no return: last, guarded by every host.

pub mod act;
pub mod claims;
pub mod cli;
pub mod core;
#[cfg(any(test, feature = "testing"))]
pub mod fake_pool;
pub mod gluster;
pub mod journal;
pub mod observe;
pub mod package;
pub mod render;
pub mod runner;
pub mod service;
pub mod system;
pub mod transport;
