//! Judges samples: a pure function, without a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::super::verdict::{Judge, shorten};
use super::super::{Brick, Expected, Judgement, Verdict};
use super::{Sample, Seen, Watch};

pub(super) const PHASE: &str = "during";
pub(super) const NAME: &str = "never more bricks of a set out at once than it can spare";

/// The worst moment of one set of bricks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetOutage {
    /// The set: "vol set 0".
    pub set: String,
    /// How many of its bricks may be out at once.
    pub may_be_out: usize,
    /// The largest number of its bricks that were seen to be out at once.
    pub most_out: usize,
    /// When that was first, from the begin of the watch.
    pub at: Option<Duration>,
    /// Those bricks.
    pub bricks: Vec<String>,
    /// In how many samples more of them were out than may be.
    pub too_often: usize,
    /// When more may have been out than were seen, since a server did not answer while others were out.
    pub doubtful_at: Option<Duration>,
}

/// Judges what was seen until `end`.
pub fn judge(
    samples: &[Sample],
    end: Duration,
    expected: &Expected,
    watch: Watch,
) -> (Judgement, Vec<SetOutage>) {
    let mut judge = Judge::new(PHASE);
    let gaps = gaps(samples, end, expected);
    let mut outages = Vec::new();
    for volume in &expected.volumes {
        for (set, bricks) in volume.sets() {
            outages.push(worst(samples, set, bricks, volume.kind.may_be_out()));
        }
    }
    let is_blind = gaps.values().any(|gap| *gap > watch.longest_gap);
    for outage in &outages {
        let (verdict, found) = weigh(outage, is_blind, samples.len());
        judge.tally().too_many_out += outage.too_often;
        judge.assert(NAME, &outage.set, verdict, format!("at most {}", outage.may_be_out), found);
    }
    let limit = watch.longest_gap;
    let long = gaps.iter().filter(|(_, gap)| **gap > limit);
    let long: Vec<String> =
        long.map(|(server, gap)| format!("{server}: {} without a sample", seconds(*gap))).collect();
    let longest = gaps.values().max().copied().unwrap_or(end);
    let (verdict, found) = match (samples.is_empty(), long.is_empty()) {
        (true, _) => (Verdict::Unknown, "no sample at all".to_owned()),
        (false, true) => (
            Verdict::Pass,
            format!("{} samples in {}, longest gap {}", samples.len(), seconds(end), seconds(longest)),
        ),
        (false, false) => (Verdict::Unknown, shorten(&long)),
    };
    judge.assert("watched without a gap", "pool", verdict, format!("no gap over {}", seconds(limit)), found);
    (judge.done(), outages)
}

fn weigh(outage: &SetOutage, is_blind: bool, samples: usize) -> (Verdict, String) {
    let SetOutage { set: _, may_be_out, most_out, at, bricks, too_often: _, doubtful_at } = outage;
    let found = match at {
        Some(at) => format!("{most_out} at {}: {}", seconds(*at), bricks.join(", ")),
        None => format!("none was out in {samples} samples"),
    };
    if most_out > may_be_out {
        (Verdict::Fail, found)
    } else if let Some(at) = doubtful_at {
        (Verdict::Unknown, format!("{found}; maybe more at {}, when a server did not answer", seconds(*at)))
    } else if is_blind || samples == 0 {
        (Verdict::Unknown, format!("{found}; but the watch had gaps"))
    } else {
        (Verdict::Pass, found)
    }
}

/// Finds the worst moment of a set.
fn worst(samples: &[Sample], set: String, bricks: &[Brick], may_be_out: usize) -> SetOutage {
    let mut outage = SetOutage {
        set,
        may_be_out,
        most_out: 0,
        at: None,
        bricks: Vec::new(),
        too_often: 0,
        doubtful_at: None,
    };
    for sample in samples {
        let (mut out, mut maybe) = (Vec::new(), 0);
        for brick in bricks {
            match sample.servers.get(&brick.host) {
                Some(Seen::Serving { bricks, age: _ }) if bricks.contains(&brick.path) => {}
                Some(Seen::Serving { .. } | Seen::KnownDown) => out.push(brick.to_string()),
                Some(Seen::Unreadable(_)) | None => maybe += 1,
            }
        }
        // A server that answers neither now nor for long makes a gap; it matters here only beside others.
        if maybe > 0 && out.len() + maybe > may_be_out && outage.doubtful_at.is_none() {
            outage.doubtful_at = Some(sample.at);
        }
        outage.too_often += usize::from(out.len() > may_be_out);
        if out.len() > outage.most_out {
            outage.most_out = out.len();
            outage.at = Some(sample.at);
            outage.bricks = out;
        }
    }
    outage
}

/// Returns for each server the longest time in which nothing was heard of it, the begin and the end included. What counts
/// is when it said something: what two samples show may have been said once.
fn gaps(samples: &[Sample], end: Duration, expected: &Expected) -> BTreeMap<String, Duration> {
    let gap = |server: &String| {
        let heard = |sample: &Sample| match sample.servers.get(server) {
            Some(Seen::Serving { bricks: _, age }) => Some(sample.at.saturating_sub(*age)),
            Some(Seen::KnownDown) => Some(sample.at),
            Some(Seen::Unreadable(_)) | None => None,
        };
        let times = samples.iter().filter_map(heard).chain([end]);
        let (longest, _) = times.fold((Duration::ZERO, Duration::ZERO), |(longest, last), time| {
            (longest.max(time.saturating_sub(last)), last.max(time))
        });
        (server.clone(), longest)
    };
    expected.releases.keys().map(gap).collect()
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, SERVERS};
    use super::*;
    use rstest::rstest;

    fn serving(bricks: &[&str], age: u64) -> Seen {
        let bricks = bricks.iter().map(|brick| (*brick).to_owned()).collect();
        Seen::Serving { bricks, age: Duration::from_secs(age) }
    }

    /// Samples once a second; a server serves (`s`), is out (`o`), known to be down (`d`) or unreadable (`u`).
    fn samples(rows: &[&str]) -> Vec<Sample> {
        let seen = |letter: char| match letter {
            's' => serving(&["/bricks/vol"], 0),
            'o' => serving(&[], 0),
            'd' => Seen::KnownDown,
            'u' => Seen::Unreadable("no route".to_owned()),
            other => panic!("no such letter: {other}"),
        };
        let row = |(place, row): (usize, &&str)| Sample {
            at: Duration::from_secs(place as u64 + 1),
            servers: SERVERS.iter().map(|one| (*one).to_owned()).zip(row.chars().map(seen)).collect(),
        };
        rows.iter().enumerate().map(row).collect()
    }

    #[rstest]
    #[case::none_out(&["sss", "sss"], Verdict::Pass, 0)]
    #[case::rolling(&["sss", "oss", "sss", "sos", "sso"], Verdict::Pass, 1)]
    #[case::two_out(&["sss", "oos", "sss"], Verdict::Fail, 2)]
    #[case::out_and_down(&["sss", "ods", "sss"], Verdict::Fail, 2)]
    #[case::known_down(&["sss", "dss", "dss", "dss", "dss", "dss", "sss"], Verdict::Pass, 1)]
    #[case::short_silence(&["sss", "uss", "sss"], Verdict::Pass, 0)]
    #[case::silence_beside_an_outage(&["sss", "uos", "sss"], Verdict::Unknown, 1)]
    #[case::two_silent(&["sss", "uus", "sss"], Verdict::Unknown, 0)]
    #[case::long_silence(&["sss", "uss", "uss", "uss", "uss", "sss"], Verdict::Unknown, 0)]
    #[case::never_seen(&[], Verdict::Unknown, 0)]
    fn samples_are_judged(#[case] rows: &[&str], #[case] verdict: Verdict, #[case] most_out: usize) {
        let watch = Watch { interval: Duration::from_secs(1), longest_gap: Duration::from_secs(4) };
        let end = Duration::from_secs(rows.len() as u64 + 1);
        let (judgement, sets) = judge(&samples(rows), end, &testing::expected(), watch);
        assert_eq!(judgement.verdict(), verdict, "{judgement:#?}");
        assert_eq!(sets[0].most_out, most_out);
        assert_eq!(
            judgement.tally.too_many_out,
            rows.iter().filter(|row| row.matches(['o', 'd']).count() > 1).count()
        );
    }

    #[test]
    fn a_watch_that_stopped_early_is_unknown() {
        let end = Duration::from_secs(60);
        let (judgement, _) = judge(&samples(&["sss", "sss"]), end, &testing::expected(), Watch::default());
        assert_eq!(judgement.verdict(), Verdict::Unknown);
    }

    /// Three samples show what was said at the second second; the next word comes at the sixth.
    #[test]
    fn a_gap_begins_with_the_last_word_of_a_server() {
        let mut samples = samples(&["sss", "sss", "sss", "sss", "sss", "sss"]);
        for (place, age) in [(2, 1), (3, 2), (4, 3)] {
            samples[place].servers.insert("g1".to_owned(), serving(&["/bricks/vol"], age));
        }
        let gaps = gaps(&samples, Duration::from_secs(6), &testing::expected());
        assert_eq!(gaps["g1"], Duration::from_secs(4));
        assert_eq!(gaps["g2"], Duration::from_secs(1));
    }

    #[test]
    fn the_worst_moment_is_kept() {
        let samples = samples(&["sss", "sso", "oos"]);
        let (_, sets) = judge(&samples, Duration::from_secs(4), &testing::expected(), Watch::default());
        assert_eq!(sets[0].at, Some(Duration::from_secs(3)));
        assert_eq!(sets[0].bricks, ["g1:/bricks/vol", "g2:/bricks/vol"]);
    }
}
