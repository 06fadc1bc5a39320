//! Runs the Nexmark queries, each alone, and prints how fast they are as a Markdown table.
//!
//! ```text
//! cargo run --release -p examples --features runner-parallel --bin nexmark -- --events 1000000 --runner direct
//! ```

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::time::{Duration, Instant};

use examples::machine::cpu_time;
use examples::nexmark::{DIGEST, Events, Generator, OUTPUTS, Query, source};
use purlin::prelude::*;

const USAGE: &str = "\
Runs the Nexmark queries and prints how fast they are.

  --events=N       how many events, made beforehand (default 100000)
  --rate=N         how many of them happen in a second of event time (default 10000)
  --delay-ms=N     each arrives up to so much later than it happened (default 0)
  --event-seed=N   makes other events
  --bundle=N       the watermark moves after so many events (default 10000)
  --readers=N      how many readers share the events out (default 1)
  --queries=LIST   which to run, with commas between (default: all)
  --log=DIRECTORY  where query 10 writes (default: under the system's temporary directory)";

fn main() -> purlin::Result<()> {
    let options = Pipeline::from_args_or_help(USAGE)?.options().clone();
    let events = generate(&options)?;
    let asked = options.get("queries").unwrap_or_default();
    let is_asked = |query: &Query| asked.is_empty() || asked.split(',').any(|q| q == query.name);
    println!("| query | | events | wall s | CPU s | events/s | outputs | digest |");
    println!("|---|---|---:|---:|---:|---:|---:|---|");
    for query in Query::ALL.iter().filter(|query| is_asked(query)) {
        run(query, &events, &options)?;
    }
    Ok(())
}

fn generate(options: &PipelineOptions) -> purlin::Result<Events> {
    Ok(Generator::new(options.value("events")?.unwrap_or(100_000))
        .seed(options.value("event-seed")?.unwrap_or(1))
        .events_per_second(options.value("rate")?.unwrap_or(10_000))
        .out_of_orderness(Duration::from_millis(options.value("delay-ms")?.unwrap_or(0)))
        .generate())
}

/// Runs a query and prints its row.
fn run(query: &Query, events: &Events, options: &PipelineOptions) -> purlin::Result<()> {
    let log = match options.get("log") {
        Some(directory) => directory.into(),
        None => std::env::temp_dir().join(format!("nexmark-{}", std::process::id())),
    };
    let p = Pipeline::with_options(options.clone());
    let source = source(events)
        .events_per_bundle(options.value("bundle")?.unwrap_or(10_000))
        .readers(options.value("readers")?.unwrap_or(1));
    query.apply(&p.apply(source), &log);
    let (start, cpu) = (Instant::now(), cpu_time());
    let finished = p.run()?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), (cpu_time() - cpu).as_secs_f64());
    if options.get("log").is_none() {
        // It is not there where the query wrote nothing.
        let _ = std::fs::remove_dir_all(log);
    }
    let (name, title, count) = (query.name, query.title, events.list.len());
    let rate = count as f64 / wall;
    let (outputs, digest) = (finished.counter(OUTPUTS), finished.counter(DIGEST));
    println!(
        "| {name} | {title} | {count} | {wall:.2} | {cpu:.2} | {rate:.0} | {outputs} | {digest:x} |"
    );
    Ok(())
}
