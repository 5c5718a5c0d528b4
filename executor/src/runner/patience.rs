//! How long a gate is waited for: its own patience, and less where waiting alone will not mend what stands in the way.

use std::time::Duration;

use tokio::time::Instant;

use crate::core::finding::{Finding, HAND_PATIENCE_SECONDS};

/// How long to wait where waiting mends nothing: long enough for files that are just being written to
/// come to rest, short enough not to let anybody hope.
const HOPELESS: Duration = Duration::from_secs(20);

/// How long to wait for what comes back soon, or by somebody's hand.
const BY_HAND: Duration = Duration::from_secs(HAND_PATIENCE_SECONDS);

/// A gate that is waited for.
#[derive(Debug)]
pub(super) struct Patience {
    began: Instant,
    whole: Duration,
    /// Since when all looks found something that waiting does not mend.
    hopeless_since: Option<Instant>,
    /// Since when all looks found something that somebody has to mend, unless it is just on its way back.
    by_hand_since: Option<Instant>,
}

impl Patience {
    /// Begins to wait, so long at most.
    pub(super) fn begin(whole: Duration) -> Self {
        Self { began: Instant::now(), whole, hopeless_since: None, by_hand_since: None }
    }

    /// Takes a look into account.
    pub(super) fn note(&mut self, findings: &[Finding]) {
        let now = Instant::now();
        let since = |is_there: bool, since: Option<Instant>| is_there.then(|| since.unwrap_or(now));
        self.hopeless_since = since(findings.iter().any(Finding::is_hopeless), self.hopeless_since);
        self.by_hand_since =
            since(findings.iter().any(|one| one.code.waits_for_a_hand()), self.by_hand_since);
    }

    /// How long it has been waited for.
    pub(super) fn waited(&self) -> Duration {
        self.began.elapsed()
    }

    /// How much longer it will be, if nothing changes.
    pub(super) fn left(&self) -> Duration {
        let since = |since: Option<Instant>, limit: Duration| {
            since.map_or(Duration::MAX, |since| limit.saturating_sub(since.elapsed()))
        };
        self.whole
            .saturating_sub(self.waited())
            .min(since(self.hopeless_since, HOPELESS))
            .min(since(self.by_hand_since, BY_HAND))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::core::finding::{Code, Subject};

    /// After how many seconds a gate of four hours is given up that finds this at every look.
    #[rstest]
    #[case::heals(&[Code::HealPending], 4 * 3600)]
    #[case::a_client(&[Code::ClientMissesBrick, Code::HealPending], 4 * 3600)]
    #[case::a_server(&[Code::HostUnreachable, Code::HealPending], 900)]
    #[case::a_brick(&[Code::BrickOffline], 900)]
    #[case::hopeless(&[Code::HostUnreachable, Code::PeerRejected], 20)]
    #[tokio::test(start_paused = true)]
    async fn what_somebody_has_to_mend_is_not_waited_for_through_the_night(
        #[case] codes: &[Code],
        #[case] seconds: u64,
    ) {
        let found: Vec<Finding> =
            codes.iter().map(|code| Finding::seen(*code, Subject::Pool, "so")).collect();
        let mut patience = Patience::begin(Duration::from_secs(4 * 3600));
        patience.note(&found);
        assert_eq!(patience.left(), Duration::from_secs(seconds));
        tokio::time::sleep(Duration::from_secs(seconds - 1)).await;
        patience.note(&found);
        assert_eq!(patience.left(), Duration::from_secs(1));
        tokio::time::sleep(Duration::from_secs(1)).await;
        patience.note(&found);
        assert_eq!(patience.left(), Duration::ZERO);
    }

    /// A server that was back in between is waited for anew, but no gate longer than its own patience.
    #[tokio::test(start_paused = true)]
    async fn what_was_gone_in_between_is_waited_for_anew() {
        let gone = [Finding::seen(Code::HostUnreachable, Subject::Pool, "so")];
        let mut patience = Patience::begin(Duration::from_secs(1500));
        for (findings, left) in [(&gone[..], 900), (&[], 900), (&gone[..], 300)] {
            patience.note(findings);
            assert_eq!(patience.left(), Duration::from_secs(left), "{findings:?}");
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
    }
}
