//! Compares the runners of this build with each other, on sums and groups of generated elements.
//!
//! ```text
//! cargo bench -p examples --features runner-parallel -- --elements 5000000
//! ```
//!
//! It runs everything in one process and in seconds: for a look at what a change does. What is
//! published comes from `cargo xtask bench`, which has other programs to compare with, whole
//! processes and their memory.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::time::Instant;

use examples::machine::cpu_time;
use examples::workloads::generated::Pairs;
use examples::workloads::{DIGEST, group, sum};
use purlin::prelude::*;

const WORKLOADS: [(&str, fn(&Pipeline, i64)); 3] = [
    ("sum_uniform", |p, elements| sum(p, Pairs::uniform(), elements)),
    ("sum_zipf", |p, elements| sum(p, Pairs::zipf(), elements)),
    ("group", group),
];
const RUNS: u32 = 3;

fn main() -> purlin::Result<()> {
    // Cargo says `--bench` to whatever it runs as a benchmark.
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let options = PipelineOptions::parse(arguments)?;
    let elements = options.value("elements")?.unwrap_or(2_000_000);
    println!("| workload | runner | ns/element, best of {RUNS} | CPU ns/element | digest |");
    println!("|---|---|---:|---:|---|");
    for (name, build) in WORKLOADS {
        // A worker process would be this program again, which does not say so.
        for runner in purlin::runner_names().iter().filter(|runner| **runner != "grpc") {
            measure(name, build, runner, elements)?;
        }
    }
    Ok(())
}

fn measure(
    workload: &str,
    build: fn(&Pipeline, i64),
    runner: &str,
    elements: i64,
) -> purlin::Result<()> {
    let (mut best, mut digest) = (None, 0);
    for _ in 0..RUNS {
        let mut options = PipelineOptions::default();
        options.set("runner", runner);
        let p = Pipeline::with_options(options);
        build(&p, elements);
        let (start, cpu) = (Instant::now(), cpu_time());
        digest = p.run()?.counter(DIGEST);
        let run = (start.elapsed().as_nanos(), (cpu_time() - cpu).as_nanos());
        best = Some(best.map_or(run, |best| run.min(best)));
    }
    let (wall, cpu) = best.unwrap_or_default();
    let each = |nanos: u128| nanos as f64 / elements.max(1) as f64;
    println!("| {workload} | {runner} | {:.0} | {:.0} | {digest:x} |", each(wall), each(cpu));
    Ok(())
}
