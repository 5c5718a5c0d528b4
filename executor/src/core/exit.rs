//! Exit codes: part of the program's contract with scripts.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// A defect of ours, or an answer that could not be written.
    Defect = 1,
    /// Wrong usage or a wrong inventory; nothing was started.
    Usage = 2,
    /// Refused: the pool is not fit, and nothing was touched.
    Refused = 10,
    /// Halted at a gate; resuming is safe.
    Halted = 11,
    /// A step failed or is in doubt; resuming is safe.
    Failed = 12,
    /// The journal is unreadable, locked, or of another pool.
    Journal = 13,
}

impl Exit {
    /// The exit codes with their meaning, for `--help`.
    pub const HELP: &str = "Exit codes:
  0   done, or nothing to do
  1   a defect of this program, or an answer that could not be written
  2   wrong usage or inventory; nothing was started
  10  refused: the findings name why; nothing was touched
  11  halted at a gate, or paused; resuming is safe; what is served, the last lines say
  12  a step failed or is in doubt; resuming is safe
  13  the journal cannot be read or written, is locked by a live run, or of another pool";
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
