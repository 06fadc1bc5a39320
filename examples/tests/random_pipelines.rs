//! Random pipelines give the same on one thread, strictly checked, and on any number of threads.

#![cfg(all(feature = "runner-direct", feature = "runner-parallel"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin::prelude::*;
use purlin::runners::{DirectRunner, ParallelRunner};
use purlin::{AssignContext, IntervalWindow};

/// A pipeline in the making: pairs that are transformed step by step.
type Pairs = PCollection<(u64, i64)>;
/// What came out, in order.
type Rows = Vec<(u64, i64)>;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (n ^ (n >> 31)) % end
    }
}

fn source(p: &Pipeline, random: &mut Random) -> Pairs {
    let (count, keys) = (random.below(20_000), 1 + random.below(3000));
    let spread = 1 + random.below(1000);
    p.apply(io::generate_sequence(0..i64::try_from(count).unwrap()))
        .map(move |n| (n.unsigned_abs().wrapping_mul(0x9e37_79b9) % keys, n))
        .with_timestamps(move |(_, n)| Timestamp(n * i64::try_from(spread).unwrap()))
}

/// Consecutive windows, of which elements see the one before their own.
#[derive(Debug)]
struct Ago {
    length: i64,
}

impl Ago {
    fn window(&self, at: i64) -> IntervalWindow {
        let last = Timestamp::END_OF_GLOBAL_WINDOW.millis();
        let start = at.div_euclid(self.length) * self.length;
        IntervalWindow { start: Timestamp(start), end: Timestamp((start + self.length).min(last)) }
    }
}

impl WindowFn for Ago {
    type Window = IntervalWindow;

    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<IntervalWindow>, BoxError> {
        Ok(vec![self.window(cx.timestamp.millis())])
    }

    fn side_input_window(&self, main: &Window) -> Result<IntervalWindow, BoxError> {
        Ok(self.window(main.max_timestamp().millis() - self.length))
    }

    fn maximum_lookback(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.length.unsigned_abs()))
    }
}

/// All combinations and groupings here give the same in any order of elements.
fn step(pairs: &Pairs, random: &mut Random) -> Pairs {
    match random.below(13) {
        0 => pairs.map(|(key, n)| (key / 2, n + 1)),
        1 => pairs.filter(|(key, n)| (key ^ n.unsigned_abs()) % 3 != 0),
        2 => pairs.flat_map(|(key, n)| (0..key % 3).map(move |part| (key + part, n))),
        3 => pairs.combine_per_key(Sum),
        4 => pairs.combine_per_key(Max),
        5 => pairs.group_by_key().map(|(key, values)| {
            let digest = values.iter().map(|n| n.rotate_left(7) ^ n).fold(0, i64::wrapping_add);
            (key, (digest & 0xffff) + i64::try_from(values.len()).unwrap())
        }),
        6 => pairs.reshuffle(),
        7 => pairs.distinct(),
        8 => pairs.count_per_key().map(|(key, count)| (key, i64::try_from(count).unwrap())),
        9 => {
            let size = Duration::from_millis(1 + random.below(5_000_000));
            pairs.window_into(FixedWindows::of(size))
        }
        10 => {
            let even = pairs.filter(|(_, n)| n % 2 == 0);
            let joined = even.inner_join(&pairs.map(|(key, n)| (key, n & 1)).distinct());
            joined.map(|(key, (left, right))| (key, left.wrapping_mul(right)))
        }
        11 => {
            let length = 1 + i64::try_from(random.below(5_000_000)).unwrap();
            let side = pairs.map(|(_, n)| n).window_into(Ago { length }).combine_globally(Sum);
            let before = pairs.with_side_input(side.as_singleton_or(0));
            before.map(|(key, n), before| (key, n ^ (before & 0xff)))
        }
        _ => pairs.flatten_with([pairs.map(|(key, n)| (key + 1, n ^ 1))]),
    }
}

fn rows(seed: u64, runner: &dyn purlin::Runner) -> Rows {
    let mut random = Random(seed);
    let p = Pipeline::new();
    let mut pairs = source(&p, &mut random);
    for _ in 0..1 + random.below(5) {
        pairs = step(&pairs, &mut random);
    }
    let rows: Arc<Mutex<Rows>> = Arc::default();
    let kept = Arc::clone(&rows);
    let _ = pairs.map(move |row| kept.lock().unwrap().push(row));
    p.run_with(runner).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let mut rows = std::mem::take(&mut *rows.lock().unwrap());
    rows.sort_unstable();
    rows
}

#[test]
fn threads_make_no_difference() {
    let seeds = std::env::var("PURLIN_SEEDS").map_or(60, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let expected = rows(seed, &DirectRunner::default());
        for threads in [1, 2, 8].map(|threads| NonZeroUsize::new(threads).unwrap()) {
            let found = rows(seed, &ParallelRunner::default().parallelism(threads));
            assert!(found == expected, "seed {seed} on {threads} threads");
        }
    }
}
