//! One sample: which bricks serve on every server, at about the same moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::super::Expected;
use super::KnownDown;
use super::lookout::{Heard, Lookouts};

/// How old the word of a lookout may be. They come every second or so; a server that is silent for longer is overloaded,
/// stuck or gone.
const FRESH: Duration = Duration::from_secs(2);

/// What was seen of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// It told which bricks serve.
    Serving {
        /// Their paths: their process is alive and its port open.
        bricks: BTreeSet<String>,
        /// How long ago that was, at the time of the sample.
        age: Duration,
    },
    /// It did not answer, and was known to be down: none of its bricks serves.
    KnownDown,
    /// It did not answer, and why.
    Unreadable(String),
}

/// All servers at about the same moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was taken, from the begin of the watch.
    pub at: Duration,
    /// What was seen of every server.
    pub servers: BTreeMap<String, Seen>,
}

/// Takes one sample of what the lookouts told last.
pub(super) fn take(
    lookouts: &Lookouts,
    expected: &Expected,
    known_down: &KnownDown,
    begin: Instant,
) -> Sample {
    let now = Instant::now();
    let mut servers = BTreeMap::new();
    for server in expected.releases.keys() {
        let heard = lookouts.heard(server);
        servers.insert(server.clone(), seen(heard, now, known_down.holds(server)));
    }
    Sample { at: now.duration_since(begin), servers }
}

fn seen(heard: Option<Heard>, now: Instant, is_known_down: bool) -> Seen {
    let reason = match heard {
        Some(Heard { at, serving: Ok(bricks) }) if now.duration_since(at) <= FRESH => {
            return Seen::Serving { bricks, age: now.duration_since(at) };
        }
        Some(Heard { at, serving: Ok(_) }) => {
            format!("silent for {:.1} s", now.duration_since(at).as_secs_f64())
        }
        Some(Heard { at: _, serving: Err(reason) }) => reason,
        None => "not heard of yet".to_owned(),
    };
    if is_known_down { Seen::KnownDown } else { Seen::Unreadable(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::fresh(Some((1, Ok(()))), false, "serving")]
    #[case::fresh_though_down(Some((1, Ok(()))), true, "serving")]
    #[case::silent(Some((3, Ok(()))), false, "silent for 3.0 s")]
    #[case::silent_and_down(Some((3, Ok(()))), true, "down")]
    #[case::unreadable(Some((1, Err("no route"))), false, "no route")]
    #[case::never_heard(None, false, "not heard of yet")]
    #[case::never_heard_and_down(None, true, "down")]
    fn the_word_of_a_lookout_counts_while_it_is_fresh(
        #[case] heard: Option<(u64, Result<(), &str>)>,
        #[case] is_known_down: bool,
        #[case] expected: &str,
    ) {
        let at = Instant::now();
        let age = Duration::from_secs(heard.map_or(0, |(seconds, _)| seconds));
        let heard = heard.map(|(_, word)| Heard {
            at,
            serving: word.map(|()| BTreeSet::from(["/bricks/vol".to_owned()])).map_err(str::to_owned),
        });
        let found = match seen(heard, at + age, is_known_down) {
            Seen::Serving { bricks, age: of } => {
                assert_eq!((bricks.len(), of), (1, age));
                "serving".to_owned()
            }
            Seen::KnownDown => "down".to_owned(),
            Seen::Unreadable(reason) => reason,
        };
        assert_eq!(found, expected);
    }
}
