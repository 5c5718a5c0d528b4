//! A run's last act: whatever happens in it, what it made is removed.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{Engine, EngineError, Run};

/// Why a guarded run has no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// It ended with an error of its own.
    #[error(transparent)]
    Body(E),
    /// It panicked; a defect of ours.
    #[error("the run panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// It was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// It went well, and something that it made is still there.
    #[error("the run left something behind")]
    Teardown(#[source] EngineError),
    /// It did not go well, and something that it made is still there.
    #[error("the run did not go well, and left something behind: {error}")]
    LeftOver {
        /// How it ended.
        ended: Box<RunError<E>>,
        /// Why not all of it could be removed.
        error: EngineError,
    },
}

/// Does `body`, and removes everything of the run after it, as [`with_run_unless`] does; nothing is kept.
///
/// # Errors
///
/// As [`with_run_unless`].
pub async fn with_run<T, E>(
    engine: &Engine,
    run: &Run,
    cancelled: &CancellationToken,
    body: impl Future<Output = Result<T, E>>,
) -> Result<T, RunError<E>> {
    with_run_unless(engine, run, cancelled, |_| false, body).await
}

/// Does `body`, and removes everything of the run after it: on success, failure, panic and cancellation; unless `stays`
/// says of how it ended that all of it is kept. Then its labels must say so, too ([`Run::kept()`]), or it is left over.
///
/// On cancellation the body is dropped where it stands; its children must end with it (`kill_on_drop`). What is to
/// be saved from a failed run is saved by the body itself. Only SIGKILL gets past this; then `simulator clean` helps.
///
/// # Errors
///
/// The body's own, or why it has none. Trouble with the removal hides no error of the body: both are told.
pub async fn with_run_unless<T, E>(
    engine: &Engine,
    run: &Run,
    cancelled: &CancellationToken,
    stays: impl FnOnce(&Result<T, RunError<E>>) -> bool,
    body: impl Future<Output = Result<T, E>>,
) -> Result<T, RunError<E>> {
    let result = tokio::select! {
        biased;
        () = cancelled.cancelled() => Err(RunError::Interrupted),
        result = AssertUnwindSafe(body).catch_unwind() => match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(RunError::Body(error)),
            Err(panic) => Err(RunError::Panicked { message: message_of(panic.as_ref()) }),
        },
    };
    if stays(&result) {
        return result;
    }
    match (result, engine.remove_build(run).await) {
        (Ok(_), Err(error)) => Err(RunError::Teardown(error)),
        (result, Ok(())) => result,
        (Err(first), Err(error)) => Err(RunError::LeftOver { ended: Box::new(first), error }),
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("(no message)").to_owned()
}
