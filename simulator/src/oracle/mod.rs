//! The oracle: judges a pool from outside, independently of the executor that worked on it.
//!
//! A judge shares no code with the judged: nothing here uses the executor's parsers or checks. It also reads the
//! pool through other doors where there are any: the executor asks `gluster … --xml` over SSH, the oracle reads
//! `/proc`, the files below `/var/lib/glusterd`, the bricks themselves and `gluster get-state`, through the
//! container engine.
//!
//! Its rules:
//!
//! 1. A verdict is [`Verdict::Pass`], [`Verdict::Unknown`] or [`Verdict::Fail`]; the worst of all counts, and a
//!    failure is worse than not knowing, since what is known to be broken stays broken whatever else we could not see.
//! 2. What could not be read is unknown, never a pass.
//! 3. A judge that crashes or takes too long is unknown, too.
//! 4. Nothing asserted, or nothing there to verify, is unknown.
//!
//! [`Baseline::capture`] and [`Users::look`] are taken before a run, [`during::start`] watches while it goes on, [`after::judge`] and
//! [`Baseline::unchanged`] judge its end, as [`Users::judge`] does.

pub mod after;
mod baseline;
pub mod during;
mod engine_shell;
mod expected;
mod look;
mod shell;
mod users;
mod verdict;

#[cfg(test)]
mod testing;

pub use baseline::{Allowance, Baseline};
pub use engine_shell::EngineShell;
pub use expected::{Brick, Expected, ExpectedVolume, Out, Stored, Truth, VolumeKind};
pub(crate) use shell::read;
pub use shell::{Ran, Shell};
pub use users::{ExpectedUsers, Users};
pub use verdict::{Assertion, Judgement, Tally, Verdict};
pub(crate) use verdict::{Judge, shorten};
