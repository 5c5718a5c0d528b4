//! The exhaustive matrix: every command cut at every stroke, every record lost, the host rebooted, the program killed;
//! then all of that twice. And every start of a brick that comes to nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use executor::fake_pool::{Acted, Fault, Strike};

use crate::play::{Played, Plot, Written, play};
use crate::upgrade::Upgrade;

/// What came of many plays.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// All of them.
    pub(crate) cases: usize,
    /// Those that were resumed and came to the goal by that alone.
    pub(crate) resumed: usize,
    /// Those in which something was repaired by hand, by code.
    pub(crate) repaired: BTreeMap<&'static str, usize>,
    /// Those for which a new plan was made, by the code that resuming did not mend.
    pub(crate) anew: BTreeMap<&'static str, usize>,
    /// Reboots that were left out.
    pub(crate) spared: usize,
    /// What failed, with its plot.
    pub(crate) failures: Vec<(Plot, String)>,
}

/// What a play may take at most, in time that costs nothing: whatever takes longer waits for something that never comes.
const WHOLE_PLAY: Duration = Duration::from_secs(30 * 86_400);

/// Plays once, in time that costs nothing. What breaks the safety rule panics, and is an error here; so is what hangs.
pub(crate) fn once(upgrade: &Upgrade, plot: &Plot) -> Result<Played, String> {
    let folder = folder();
    let played = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let played = async { tokio::time::timeout(WHOLE_PLAY, play(upgrade, plot, folder.path())).await };
        runtime.unwrap().block_on(played).unwrap_or_else(|_| Err("it hangs".to_owned()))
    }));
    played.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        Err(words
            .or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()))
            .unwrap_or_default())
    })
}

/// A folder for journals. In memory where there is such a place: they are real files, synced at every record, and a disk
/// would take most of the time.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Plays many, on all processors.
pub(crate) fn many(upgrade: &Upgrade, plots: &[Plot]) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(plot) = plots.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let played = once(upgrade, plot);
                    tally.lock().unwrap().add(plot, played);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

impl Tally {
    /// Adds a play.
    pub(crate) fn add(&mut self, plot: &Plot, played: Result<Played, String>) {
        self.cases += 1;
        let played = match played {
            Ok(played) => played,
            Err(error) => return self.failures.push((plot.clone(), error)),
        };
        self.spared += played.spared;
        let count = |codes: &[&'static str], into: &mut BTreeMap<&'static str, usize>| {
            let codes: BTreeSet<_> = codes.iter().copied().collect();
            codes.into_iter().for_each(|code| *into.entry(code).or_default() += 1);
        };
        count(&played.repaired, &mut self.repaired);
        count(&played.anew, &mut self.anew);
        if played.repaired.is_empty() && played.anew.is_empty() && played.resumed > 0 {
            self.resumed += 1;
        }
    }

    /// Adds another tally.
    pub(crate) fn join(&mut self, other: Tally) {
        self.cases += other.cases;
        self.resumed += other.resumed;
        self.spared += other.spared;
        for (mine, theirs) in [(&mut self.repaired, other.repaired), (&mut self.anew, other.anew)] {
            theirs.into_iter().for_each(|(code, count)| *mine.entry(code).or_default() += count);
        }
        self.failures.extend(other.failures);
    }

    /// Prints the closing line.
    pub(crate) fn print_sum(mut self) {
        let failed = self.failures.len();
        self.failures.clear();
        self.print("all");
        println!("crashes: {} cases, {failed} failed", self.cases);
    }

    /// Prints the line of numbers. Returns whether all of them came to the goal.
    pub(crate) fn print(&self, name: &str) -> bool {
        let codes = |counts: &BTreeMap<&'static str, usize>| {
            let each: Vec<String> = counts.iter().map(|(code, count)| format!("{code} {count}")).collect();
            if each.is_empty() { "none".to_owned() } else { each.join(", ") }
        };
        for (plot, error) in self.failures.iter().take(10) {
            println!("{name}: FAILED {plot:?}\n    {error}");
        }
        println!(
            "{name}: {} cases, {} failed; {} by resume alone; repaired first: {}; planned anew: {}; \
             {} reboots left out, since they alone take two of a set",
            self.cases,
            self.failures.len(),
            self.resumed,
            codes(&self.repaired),
            codes(&self.anew),
            self.spared
        );
        self.failures.is_empty()
    }
}

/// How much of the matrix is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Every command cut midway.
    Cuts,
    /// Every command in one way of each kind, every fourth record torn, and every brick that may not start.
    Reduced,
    /// Every command at every stroke in every way, every record in every way, and every brick that may not start.
    Whole,
}

/// Every single fault of an upgrade, by what it does when nothing goes wrong.
pub(crate) fn singles(smooth: &Played, extent: Extent) -> Vec<Plot> {
    let strikes = smooth.acted.iter().enumerate().flat_map(|(number, acted)| {
        faults(acted, extent)
            .into_iter()
            .map(move |strike| Plot { strikes: BTreeMap::from([(number, strike)]), ..Plot::default() })
    });
    let (ends, every): (&[Written], usize) = match extent {
        Extent::Cuts => (&[], 1),
        Extent::Reduced => (&[Written::Torn], 4),
        Extent::Whole => (&[Written::Whole, Written::Lost, Written::Torn], 1),
    };
    let kills = (1..=smooth.records).step_by(every).flat_map(|number| {
        ends.iter()
            .map(move |written| Plot { kills: BTreeMap::from([(number, *written)]), ..Plot::default() })
    });
    let starts = match extent {
        Extent::Cuts => 0,
        Extent::Reduced | Extent::Whole => smooth.starts,
    };
    let stuck = (0..starts).map(|number| Plot { stuck: BTreeSet::from([number]), ..Plot::default() });
    strikes.chain(kills).chain(stuck).collect()
}

/// What can become of a command.
fn faults(acted: &Acted, extent: Extent) -> Vec<Strike> {
    let all = acted.strokes;
    let strike = |fault, killed| Strike { fault, killed };
    match extent {
        Extent::Cuts => vec![strike(Fault::Cut(all / 2), false)],
        // Midway; gone on alone with the program killed; rebooted midway.
        Extent::Reduced => vec![
            strike(Fault::Cut(all / 2), false),
            strike(Fault::Late(0), true),
            strike(Fault::Reboot(all / 2), false),
        ],
        Extent::Whole => (0..=all)
            .flat_map(|at| [Fault::Cut(at), Fault::Late(at), Fault::Reboot(at)])
            .flat_map(|fault| [strike(fault, false), strike(fault, true)])
            .collect(),
    }
}

/// Every pair: a fault in the middle of each command, and another one at each command that follows it then, in the
/// run that goes on as well; or a brick that does not start.
pub(crate) fn pairs(upgrade: &Upgrade, smooth: &Played) -> Vec<Plot> {
    let kinds = |acted: &Acted| {
        let middle = acted.strokes / 2;
        [(Fault::Cut(middle), false), (Fault::Late(0), true), (Fault::Reboot(middle), false)]
            .map(|(fault, killed)| Strike { fault, killed })
    };
    let mut pairs = Vec::new();
    for (number, acted) in smooth.acted.iter().enumerate() {
        for first in kinds(acted) {
            let strikes = BTreeMap::from([(number, first)]);
            // What fails by itself is told by the singles.
            let Ok(played) = once(upgrade, &Plot { strikes: strikes.clone(), ..Plot::default() }) else {
                continue;
            };
            pairs.extend((0..played.starts).map(|stuck| Plot {
                strikes: strikes.clone(),
                stuck: BTreeSet::from([stuck]),
                ..Plot::default()
            }));
            for (later, acted) in played.acted.iter().enumerate().skip(number + 1) {
                pairs.extend(kinds(acted).map(|second| {
                    let mut strikes = strikes.clone();
                    strikes.insert(later, second);
                    Plot { strikes, ..Plot::default() }
                }));
            }
        }
    }
    pairs
}
