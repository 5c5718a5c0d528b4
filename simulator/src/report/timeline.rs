//! The timeline of a run as a drawing's model: a lane for each host, with the steps, the faults, and when its bricks
//! were not seen to serve.

use std::collections::BTreeSet;

use super::axis::{Span, seconds};
use super::kept::{Samples, Strike};
use super::steps::{Call, State, StepRun};
use crate::oracle::Verdict;
use crate::oracle::during::Seen;

/// The lane of what is about no single host.
const POOL: &str = "pool";

/// Hosts × steps × faults.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timeline {
    /// What of time is shown.
    pub(super) span: Span,
    /// A lane for each host, in the order in which they are first named.
    pub(super) lanes: Vec<Lane>,
    /// Every step that has times, in order. It is drawn in the lanes of its hosts.
    pub(super) bars: Vec<Bar>,
    /// The faults, in order.
    pub(super) faults: Vec<Fault>,
}

/// A host.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lane {
    /// Its name.
    pub(super) host: String,
    /// When its bricks did not all serve, or were not seen.
    pub(super) outages: Vec<Outage>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    /// The call it belongs to, from 0.
    pub(super) call: usize,
    /// Its number.
    pub(super) step: u32,
    /// What it does.
    pub(super) words: String,
    /// How far it came.
    pub(super) state: State,
    /// Its hosts.
    pub(super) hosts: Vec<String>,
    /// From its turn to its end, waiting included.
    pub(super) whole: (f64, f64),
    /// While it acted.
    pub(super) acting: Option<(f64, f64)>,
}

/// A deed of others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// Its number, from 1.
    pub(super) number: usize,
    /// What was done, in words: "power off (host g2)".
    pub(super) words: String,
    /// Its cue.
    pub(super) cue: String,
    /// The lanes it is drawn in.
    pub(super) hosts: Vec<String>,
    /// Whether it mends what another one broke.
    pub(super) mends: bool,
    /// When it was begun, and when it was seen to have struck.
    pub(super) at: (f64, f64),
    /// Whether it struck.
    pub(super) verdict: Verdict,
    /// What was seen.
    pub(super) found: String,
}

/// A time in which not all bricks of a host were seen serving.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outage {
    /// Its begin.
    pub(super) from: f64,
    /// Its end.
    pub(super) to: f64,
    /// Whether it was seen; otherwise nobody could look.
    pub(super) seen: bool,
}

/// Makes the timeline of steps, faults and samples. Other moments that it has to show are in `also`. None where nothing has
/// a time.
pub(super) fn timeline(
    calls: &[Call],
    strikes: &[Strike],
    samples: &[Samples],
    also: impl Iterator<Item = f64>,
) -> Option<Timeline> {
    let bars: Vec<Bar> = calls
        .iter()
        .enumerate()
        .flat_map(|(number, call)| {
            let steps = call.stages.iter().flat_map(|stage| &stage.steps);
            steps.filter_map(move |step| bar(number, step))
        })
        .collect();
    let faults: Vec<Fault> =
        strikes.iter().enumerate().map(|(place, strike)| fault(place + 1, strike)).collect();
    let moments = bars.iter().flat_map(|bar| [bar.whole.0, bar.whole.1]);
    let moments = moments.chain(faults.iter().flat_map(|fault| [fault.at.0, fault.at.1]));
    let span = Span::over(moments.chain(also))?;
    let mut lanes = Vec::new();
    let planned = calls.iter().flat_map(|call| &call.stages).flat_map(|stage| &stage.steps);
    let hosts = planned.flat_map(|step| &step.hosts).chain(faults.iter().flat_map(|fault| &fault.hosts));
    let watched =
        samples.iter().flat_map(|samples| &samples.samples).flat_map(|sample| sample.servers.keys());
    let mut seen = BTreeSet::new();
    for host in hosts.chain(watched).filter(|host| seen.insert(host.as_str())) {
        let outages = samples.iter().flat_map(|samples| outages(samples, host)).collect();
        lanes.push(Lane { host: host.clone(), outages });
    }
    Some(Timeline { span, lanes, bars, faults })
}

fn bar(call: usize, run: &StepRun) -> Option<Bar> {
    let StepRun { id, words, hosts, state, from, acts, acted, to, waits, error: _ } = run;
    let from = (*from)?;
    // One whose end nobody told is drawn as far as it was heard of.
    let last = [*acts, *acted, waits.last().map(|wait| wait.at)].into_iter().flatten().fold(from, f64::max);
    let end = to.unwrap_or(last);
    Some(Bar {
        call,
        step: *id,
        words: words.clone(),
        state: *state,
        hosts: hosts.clone(),
        whole: (from, end),
        acting: acts.map(|acts| (acts, acted.unwrap_or(end))),
    })
}

fn fault(number: usize, strike: &Strike) -> Fault {
    let Strike { phase: _, cue, deed, began, done, verdict, found } = strike;
    let mut hosts: Vec<String> = deed.hosts().into_iter().take(1).map(str::to_owned).collect();
    if hosts.is_empty() {
        hosts.push(POOL.to_owned());
    }
    Fault {
        number,
        words: deed_words(&serde_json::to_value(deed).unwrap_or_default()),
        cue: cue.clone(),
        hosts,
        mends: deed.mends(),
        at: (seconds(*began), seconds(*done)),
        verdict: *verdict,
        found: found.clone(),
    }
}

/// Returns a deed as scenarios write it, in words: `power off (host g2)`.
fn deed_words(deed: &serde_json::Value) -> String {
    let plain = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(list) => {
            let texts: Vec<&str> = list.iter().filter_map(serde_json::Value::as_str).collect();
            texts.join(" and ")
        }
        other => other.to_string(),
    };
    let Some((name, fields)) = deed.as_object().and_then(|deed| deed.iter().next()) else {
        return plain(deed).replace('_', " ");
    };
    let fields = fields.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| (name, plain(value))).filter(|(_, value)| !value.is_empty());
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name} {value}")).collect();
    format!("{} ({})", name.replace('_', " "), fields.join(", "))
}

/// Returns when a server did not show all the bricks that it ever showed. Each sample holds until the next one.
fn outages(Samples { begin, samples }: &Samples, host: &str) -> Vec<Outage> {
    let begin = seconds(*begin);
    let ever: BTreeSet<&String> = samples
        .iter()
        .filter_map(|sample| match sample.servers.get(host)? {
            Seen::Serving { bricks, age: _ } => Some(bricks),
            Seen::KnownDown | Seen::Unreadable(_) => None,
        })
        .flatten()
        .collect();
    let mut outages: Vec<Outage> = Vec::new();
    for (sample, next) in samples.iter().zip(samples.iter().skip(1).chain(samples.last())) {
        let seen = match sample.servers.get(host) {
            Some(Seen::Serving { bricks, age: _ }) if bricks.len() == ever.len() => continue,
            Some(Seen::Serving { .. } | Seen::KnownDown) => true,
            Some(Seen::Unreadable(_)) => false,
            None => continue,
        };
        let (from, to) = (begin + sample.at.as_secs_f64(), begin + next.at.as_secs_f64());
        match outages.last_mut() {
            Some(last) if last.seen == seen && last.to >= from => last.to = to,
            Some(_) | None => outages.push(Outage { from, to, seen }),
        }
    }
    outages
}
