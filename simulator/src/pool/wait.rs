//! Waiting for a condition: looked at again and again, with an end, and with what was last seen.

use std::time::{Duration, Instant};

use super::PoolError;

/// The time between two looks. A look costs a command in a container, some 70 ms.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What a look found.
#[derive(Debug)]
pub enum Look<T> {
    /// The condition holds.
    Ready(T),
    /// It does not hold yet; this was seen instead.
    NotYet(String),
}

/// Looks until the condition holds.
///
/// # Errors
///
/// [`PoolError::NotReady`] when the time is up, and at once whatever error a look ends with.
pub async fn until<T>(
    what: impl Into<String>,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>, PoolError>,
) -> Result<T, PoolError> {
    let begun = Instant::now();
    loop {
        let last_seen = match look().await? {
            Look::Ready(value) => return Ok(value),
            Look::NotYet(seen) => seen,
        };
        if begun.elapsed() >= limit {
            return Err(PoolError::NotReady { what: what.into(), limit, last_seen });
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ready_at_the_third_look() {
        let mut looks = 0;
        let result = until("a test", Duration::from_secs(10), async || {
            looks += 1;
            Ok(if looks == 3 { Look::Ready(looks) } else { Look::NotYet(format!("look {looks}")) })
        });
        assert_eq!(result.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn the_end_says_what_was_seen() {
        let result: Result<(), PoolError> =
            until("g1 to answer", Duration::ZERO, async || Ok(Look::NotYet("silence".to_owned()))).await;
        let text = result.unwrap_err().to_string();
        assert_eq!(text, "waited 0 s for g1 to answer; last seen: silence");
    }
}
