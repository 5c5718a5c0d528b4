//! Random schedules: pools, plans and faults drawn by a seed. One that fails is made smaller, fault by fault.

use executor::core::georep::PoolRole;
use executor::core::plan::Procedure;
use executor::fake_pool::{Fault, Layout, Shape, Strike, Stuck, release};

use crate::matrix::{Tally, once};
use crate::play::{Played, Plot, Written};
use crate::upgrade::Upgrade;

/// Numbers drawn by a seed: the same ones from the same seed, on every machine.
struct Draw(fastrand::Rng);

impl Draw {
    /// Draws a number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// Draws a pool and what is asked for.
fn upgrade(draw: &mut Draw) -> Upgrade {
    let procedure = draw.one_of(&[Procedure::Online, Procedure::Online, Procedure::Offline]);
    let layouts: &[Layout] = match procedure {
        Procedure::Online => &[Layout::Replica(3), Layout::Arbiter],
        Procedure::Offline => &[
            Layout::Replica(3),
            Layout::Arbiter,
            Layout::Disperse { bricks: 3, redundancy: 1 },
            Layout::Distribute,
        ],
    };
    let volumes = (0..=draw.below(2)).map(|at| (format!("vol{at}"), draw.one_of(layouts))).collect();
    let (from, to) = draw.one_of(&[("10.3", "11.1"), ("9.2", "10.3"), ("9.2", "11.1")]);
    let shape = Shape {
        servers: draw.one_of(&[3, 3, 3, 4, 6]),
        from: release(from),
        to: release(to),
        volumes,
        clients: draw.below(3),
        starts_at_boot: draw.below(2) == 0,
        reconnect_seconds: draw.one_of(&[1, 3, 10]),
        other_pool: draw.one_of(&[None, None, None, Some(PoolRole::Secondary), Some(PoolRole::Primary)]),
    };
    let clients_at_once = match procedure {
        Procedure::Online => draw.below(3),
        // Those that no step unmounts would be waited for.
        Procedure::Offline => 1 + draw.below(2),
    };
    // Clients that stay behind could not speak it.
    let keep_op_version = draw.below(4) == 0 || (clients_at_once == 0 && shape.clients > 0);
    Upgrade { name: "random".to_owned(), procedure, clients_at_once, keep_op_version, finish: false, shape }
}

/// Draws what goes wrong.
fn plot(draw: &mut Draw) -> Plot {
    let mut plot = Plot::default();
    for _ in 0..draw.below(4) {
        let at = draw.below(6);
        let fault = draw.one_of(&[Fault::Cut(at), Fault::Late(at), Fault::Reboot(at)]);
        plot.strikes.insert(draw.below(60), Strike { fault, killed: draw.below(3) == 0 });
    }
    for _ in 0..draw.below(3) {
        let written = draw.one_of(&[Written::Whole, Written::Lost, Written::Torn]);
        plot.kills.insert(1 + draw.below(300), written);
    }
    if draw.below(3) == 0 {
        plot.stuck.insert(draw.below(12));
    }
    plot
}

/// Plays the schedule of a seed.
pub(crate) fn schedule(seed: u64) -> (Upgrade, Plot) {
    let mut draw = Draw(fastrand::Rng::with_seed(seed));
    (upgrade(&mut draw), plot(&mut draw))
}

/// Plays so many schedules, from a seed on. Returns whether all came to the goal.
pub(crate) fn explore(first: u64, count: u64) -> bool {
    let next = std::sync::atomic::AtomicU64::new(0);
    let tally = std::sync::Mutex::new((Tally::default(), None::<u64>));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if at >= count || tally.lock().unwrap().1.is_some() {
                        return;
                    }
                    let seed = first.wrapping_add(at);
                    let (upgrade, plot) = schedule(seed);
                    let played = played(&upgrade, &plot);
                    let mut tally = tally.lock().unwrap();
                    if played.is_err() {
                        tally.1 = Some(seed);
                    }
                    tally.0.add(&plot, played);
                }
            });
        }
    });
    let (tally, failed) = tally.into_inner().unwrap();
    if let Some(seed) = failed {
        let (upgrade, plot) = schedule(seed);
        let (plot, error) = smallest(&upgrade, plot);
        println!("EXECUTOR_SEED={seed} fails: {error}\n    {upgrade:?}\n    made smaller to {plot:?}");
    }
    tally.print(&format!("random schedules from seed {first} on"));
    failed.is_none()
}

/// Plays one. Where nothing goes wrong, a run comes to its end by itself: a plan may be refused by a pool that is busy.
fn played(upgrade: &Upgrade, plot: &Plot) -> Result<Played, String> {
    let played = once(upgrade, plot)?;
    if *plot == Plot::default() && (played.resumed > 0 || !played.anew.is_empty()) {
        return Err(format!("nothing went wrong, and it needs help: {played:?}"));
    }
    Ok(played)
}

/// Leaves out one fault after the other, as long as it still fails.
fn smallest(upgrade: &Upgrade, plot: Plot) -> (Plot, String) {
    let Err(mut error) = played(upgrade, &plot) else { return (plot, "not the second time".to_owned()) };
    let mut least = plot.clone();
    let strikes = plot.strikes.keys().map(|at| (true, *at));
    for (strike, at) in strikes.chain(plot.kills.keys().map(|at| (false, *at))) {
        let mut fewer = least.clone();
        if strike {
            fewer.strikes.remove(&at);
        } else {
            fewer.kills.remove(&at);
        }
        if let Err(still) = played(upgrade, &fewer) {
            (least, error) = (fewer, still);
        }
    }
    let fewer = Plot { stuck: Stuck::new(), ..least.clone() };
    if let Err(still) = played(upgrade, &fewer) {
        (least, error) = (fewer, still);
    }
    (least, error)
}
