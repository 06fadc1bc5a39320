//! Runs a workload that other programs run as well, for `cargo xtask bench`, and prints a line with
//! what came out and what the pipeline took.
//!
//! ```text
//! cargo run --release -p examples --features runner-parallel --bin workloads -- --workload sum_zipf --elements 50000000
//! ```
//!
//! The workload `latency` is a stream: so many events a second, for so many seconds, are counted in
//! windows of a second, and it prints how long after the end of its window each count was there.

#![expect(clippy::print_stdout, reason = "it prints the result")]

use std::time::{Duration, Instant};

use examples::machine::cpu_time;
use examples::nexmark::{Generator, Query, source};
use examples::workloads::generated::Pairs;
use examples::workloads::latency::{EARLY, EVENTS, Latencies, latency};
use examples::workloads::{DIGEST, OUTPUTS, even_numbers, group, sum};
use purlin::prelude::*;

const USAGE: &str = "\
Runs a workload and prints the result.

  --workload=NAME   even_numbers, sum_uniform, sum_zipf, group, q0 to q12, or
                    latency
  --input=PATTERN   the files to read, of even_numbers
  --output=PATH     the file to write, of even_numbers
  --elements=N      of how many generated elements
  --readers=N       how many readers share the events of a query out (default 1)
  --rate=N          latency: how many events a second (default 20000)
  --seconds=N       latency: for how long (default 15)";

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    if p.options().required("workload")? == "latency" {
        return measure_latency(p);
    }
    build(&p, p.options().required("workload")?, p.options())?;
    // The events of a query are there now: they are not what is measured.
    let (start, cpu) = (Instant::now(), cpu_time());
    let finished = p.run()?;
    let (wall, cpu) = (start.elapsed().as_micros(), (cpu_time() - cpu).as_micros());
    let (outputs, digest) = (finished.counter(OUTPUTS), finished.counter(DIGEST));
    println!("outputs={outputs} digest={digest} wall_us={wall} cpu_us={cpu}");
    Ok(())
}

fn measure_latency(p: Pipeline) -> purlin::Result<()> {
    let rate = p.options().value("rate")?.unwrap_or(20_000);
    let time = Duration::from_secs(p.options().value("seconds")?.unwrap_or(15));
    latency(&p, rate, time);
    let (start, cpu) = (Instant::now(), cpu_time());
    let finished = p.run()?;
    let share = (cpu_time() - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    let latencies = Latencies::of(&finished.metrics);
    let [p50, p99, max] = [50, 99, 100].map(|hundredths| latencies.percentile(hundredths));
    println!(
        "events={} results={} early={} p50_us={p50} p99_us={p99} max_us={max} cpu_percent={:.1}",
        finished.counter(EVENTS),
        latencies.count(),
        finished.counter(EARLY),
        share * 100.0
    );
    Ok(())
}

fn build(p: &Pipeline, workload: &str, options: &PipelineOptions) -> purlin::Result<()> {
    let elements: u64 = options.value("elements")?.unwrap_or(1_000_000);
    let numbers = i64::try_from(elements).unwrap_or(i64::MAX);
    match workload {
        "even_numbers" => {
            even_numbers(p, options.required("input")?, options.required("output")?);
        }
        "sum_uniform" => sum(p, Pairs::uniform(), numbers),
        "sum_zipf" => sum(p, Pairs::zipf(), numbers),
        "group" => group(p, numbers),
        name => match Query::ALL.iter().find(|query| query.name == name) {
            Some(query) => {
                let events = Generator::new(elements).generate();
                let source = source(&events).readers(options.value("readers")?.unwrap_or(1));
                query.apply(&p.apply(source), &std::env::temp_dir());
            }
            None => return Err(purlin::Error::Options(format!("there is no workload `{name}`"))),
        },
    }
    Ok(())
}
