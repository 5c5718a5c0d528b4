//! Inputs that nobody wrote: what real hosts said, cut, flipped, spliced and repeated. The same seed, the same inputs.

use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How many inputs a normal test tries.
const COUNT: u64 = 3000;

/// How long one input may take. None needs a tenth of it; a parser that takes longer than that goes in circles.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest input, in bytes: of a few, and of all others.
const LENGTH_MAX: usize = 1 << 20;
const LENGTH_MOSTLY: usize = 32 << 10;

/// Pieces that parsers stumble over.
const ODD: &[&str] = &[
    "<",
    ">",
    "]]>",
    "<!--",
    "<![CDATA[",
    "&#0;",
    "&lt;",
    "&amp",
    "\"",
    "'",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{feff}",
    "\r\n",
    "\n\n",
    "\t",
    "-",
    "-1",
    "0",
    "4294967296",
    "18446744073709551616",
    "99999999999999999999999999",
    "1e999",
    "NaN",
    "null",
    "N/A",
    "end\n",
    "../../etc/passwd",
    "$(reboot)",
    "%s",
    "ä",
];

/// Pieces that are repeated without end: nesting most of all.
const DEEP: &[&str] = &["<a>", "[", "{\"a\":", "(", "a.", "[[a]]\n", "&amp;", "x", "\n", "9"];

/// Numbers that look like chance and are not.
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Returns a number below this one; 0 where there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }
}

/// Changes an input a few times. `others`: what may be spliced in.
pub(crate) fn mutated(seed: &[u8], others: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let most = if chance.below(100) == 0 { LENGTH_MAX } else { LENGTH_MOSTLY.max(seed.len()) };
    for _ in 0..=chance.below(4) {
        let (from, to) = (chance.below(bytes.len()), chance.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match chance.below(10) {
            0 => bytes.truncate(to),
            1 => drop(bytes.drain(from..to)),
            2 | 3 => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << chance.below(8);
                }
            }
            4 => {
                let other = &others[chance.below(others.len())];
                let (start, end) = (chance.below(other.len()), chance.below(other.len() + 1));
                let piece = other[start.min(end)..start.max(end)].to_vec();
                drop(bytes.splice(from..to, piece));
            }
            5 => {
                let piece = bytes[from..to].to_vec();
                let times = if piece.is_empty() { 0 } else { chance.below(most / piece.len() + 1) };
                drop(bytes.splice(from..from, piece.repeat(times)));
            }
            6 => {
                let piece = DEEP[chance.below(DEEP.len())];
                let times = 1 + chance.below(most / piece.len());
                drop(bytes.splice(from..from, piece.repeat(times).into_bytes()));
            }
            _ => drop(bytes.splice(from..from, ODD[chance.below(ODD.len())].bytes())),
        }
        bytes.truncate(most);
    }
    bytes
}

/// Tries inputs made from `seeds` by `try_one`, which panics or hangs where a parser does. `FUZZ_COUNT` says how many,
/// `FUZZ_SEED` from which number on: what is printed repeats a failure.
pub(crate) fn fuzz(
    what: &str,
    seeds: Vec<Vec<u8>>,
    try_one: impl Fn(usize, &[u8], &mut Chance) + Send + 'static,
) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let (first, count) = (number("FUZZ_SEED").unwrap_or(1), number("FUZZ_COUNT").unwrap_or(COUNT));
    assert!(!seeds.is_empty(), "{what}: there is nothing to begin with");
    let began = Instant::now();
    let (tell, hear) = mpsc::channel();
    let number_of_seeds = seeds.len();
    let worker = std::thread::spawn(move || {
        let (mut slowest, mut longest) = ((Duration::ZERO, first), 0);
        for seed in first..first + count {
            // Nobody hears it any more where the test has failed already.
            let _ = tell.send(seed);
            let mut chance = Chance::new(seed);
            let which = chance.below(seeds.len());
            let input = mutated(&seeds[which], &seeds, &mut chance);
            let started = Instant::now();
            try_one(which, &input, &mut chance);
            slowest = slowest.max((started.elapsed(), seed));
            longest = longest.max(input.len());
        }
        (slowest, longest)
    });
    let mut last = first;
    loop {
        match hear.recv_timeout(PATIENCE) {
            Ok(seed) => last = seed,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("{what}: no end of the input FUZZ_SEED={last} FUZZ_COUNT=1 within {PATIENCE:?}")
            }
        }
    }
    let Ok((slowest, longest)) = worker.join() else {
        panic!("{what}: a panic at the input FUZZ_SEED={last} FUZZ_COUNT=1")
    };
    let (slowest, at) = slowest;
    println!(
        "{what}: {count} inputs from {number_of_seeds} seeds, FUZZ_SEED={first}: no panic, no hang; slowest {slowest:.1?} \
         (FUZZ_SEED={at}), longest {longest} bytes, {:.1?} in all, at most {} KiB of memory",
        began.elapsed(),
        memory_peak_kib()
    );
    assert!(memory_peak_kib() < MEMORY_MAX_KIB, "{what}: {} KiB", memory_peak_kib());
}

/// The most memory that the tests may have used, in KiB: inputs are at most a mebibyte, and XML takes its multiple.
const MEMORY_MAX_KIB: u64 = 2 << 20;

/// The most memory that this process has had, in KiB.
fn memory_peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or_default()
}
