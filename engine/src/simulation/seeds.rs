//! Which seeds a simulation runs.

use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs a simulation with the seeds that `PURLIN_SEEDS` asks for (`100000`, or the range `17..18`),
/// or the first so many. Panics at the first that fails, and says which it is.
pub(crate) fn for_each_seed(count: u64, run: impl Fn(u64)) {
    for seed in seeds(count) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            let note = format!(
                "this was seed {seed}; it is run again by `cargo xtask simulate --from {seed} --seeds 1`\n"
            );
            // The harness shows what a failing test wrote.
            std::io::stderr().write_all(note.as_bytes()).ok();
            resume_unwind(panic);
        }
    }
}

fn seeds(count: u64) -> Range<u64> {
    let number = |text: &str| text.parse().expect("PURLIN_SEEDS is a number or a range");
    match std::env::var("PURLIN_SEEDS") {
        Ok(seeds) => match seeds.split_once("..") {
            Some((from, to)) => number(from)..number(to),
            None => 0..number(&seeds),
        },
        Err(_) => 0..count,
    }
}
