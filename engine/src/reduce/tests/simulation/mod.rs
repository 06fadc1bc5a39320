//! The machine beside the model, under random strategies and random schedules.
//!
//! `PURLIN_REDUCE_SEEDS=100000` runs that many seeds, and `PURLIN_REDUCE_SEEDS=17..18` those of a
//! range; best with `--release`.

mod schedule;
mod strategy;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs machine and model with schedules made from seeds, and compares them. Panics at the first
/// difference, with the seed that shows it.
pub(super) fn simulate(seeds: Range<u64>) {
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| schedule::run(seed))) {
            let note = format!("this was seed {seed}\n");
            // The harness shows what a failing test wrote.
            std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes()).ok();
            resume_unwind(panic);
        }
    }
}

/// The seeds that the environment asks for, or the first 2,000.
fn seeds() -> Range<u64> {
    let number = |text: &str| text.parse().expect("PURLIN_REDUCE_SEEDS is a number or a range");
    match std::env::var("PURLIN_REDUCE_SEEDS") {
        Ok(seeds) => match seeds.split_once("..") {
            Some((from, to)) => number(from)..number(to),
            None => 0..number(&seeds),
        },
        Err(_) => 0..2000,
    }
}

#[test]
fn the_machine_does_what_the_model_says() {
    simulate(seeds());
}
