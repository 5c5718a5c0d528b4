//! Where the executor's program is.

use std::path::{Path, PathBuf};

use super::{Exit, Failure};

/// Returns the executor's program: the one that was named, or the one beside this program.
///
/// # Errors
/// Where it is not there.
pub(super) fn executor(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let program = match given {
        Some(program) => Some(program.to_owned()),
        None => std::env::current_exe().ok().and_then(|here| Some(here.parent()?.join("executor"))),
    };
    match program.filter(|program| program.is_file()) {
        Some(program) => std::path::absolute(program).map_err(|error| Failure {
            exit: Exit::BadInput,
            error: error.into(),
            hint: None,
        }),
        None => Err(Failure {
            exit: Exit::BadInput,
            error: "the executor's program is not there".into(),
            hint: Some("build it (`cargo build`), or name it with --executor"),
        }),
    }
}
