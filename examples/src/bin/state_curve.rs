//! Measures what an element costs beside many keys that are idle: each with state and a timer.
//!
//! All keys are touched once, which sets a timer far ahead. Then a small set of hot keys gets a fixed
//! number of elements, each of which reads and writes state and sets the key's timer to fire soon:
//! only this phase is measured, the firing of those timers with it.
//!
//! ```text
//! cargo run --release -p examples --bin state_curve -- --runner direct
//! ```

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::sync::Arc;

use examples::state_curve::{Count, Touches};
use purlin::prelude::*;

const USAGE: &str = "\
Measures what an element of a stateful transform costs beside many idle keys.

  --keys=LIST    how many keys, with commas between (default 10000,100000,1000000)
  --hot=N        how many of them are hot (default 1000)
  --elements=N   how many elements the hot keys get (default 500000)
  --bundle=N     how many elements are read at a time (default 10000)
  --state=N      how many bytes of state each key has beside a count (default 0)";

fn main() -> purlin::Result<()> {
    let options = Pipeline::from_args_or_help(USAGE)?.options().clone();
    let template = Touches {
        hot: options.value("hot")?.unwrap_or(1000),
        elements: options.value("elements")?.unwrap_or(500_000),
        bundle: options.value("bundle")?.unwrap_or(10_000),
        state_bytes: options.value("state")?.unwrap_or(0),
        ..Touches::default()
    };
    let sizes = options.get("keys").unwrap_or("10000,100000,1000000").to_owned();
    let Touches { hot, elements, .. } = template;
    println!(
        "First each key gets one element, which sets a timer far ahead. Then the keys from 0 to {} \
         get {elements} elements and fire their timers; the others are idle. All columns but the \
         second are of that phase alone.\n",
        hot.saturating_sub(1)
    );
    println!(
        "| keys | ns/key, first touch | ns/element, hot | CPU ns | timers fired | memory MiB |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    for keys in sizes.split(',').filter_map(|keys| keys.parse().ok()) {
        let touches = Touches { keys, progress: Arc::default(), ..template.clone() };
        measure(&touches, &options)?;
    }
    Ok(())
}

fn measure(touches: &Touches, options: &PipelineOptions) -> purlin::Result<()> {
    let p = Pipeline::with_options(options.clone());
    let read = p.create([0u8]).par_do_splittable(touches.clone(), false).named("Read");
    let _ = read.par_do_stateful(|s| Count::new(s, touches)).named("Count");
    p.run()?;
    if !touches.is_right() {
        return Err(purlin::Error::Internal("elements did not find those before them".to_owned()));
    }
    let [start, touched, end] = touches.progress.marks()[..] else {
        return Err(purlin::Error::Internal("the source did not mark the phases".to_owned()));
    };
    let Touches { keys, elements, .. } = touches;
    let first = (touched.at - start.at).as_nanos() as f64 / *keys as f64;
    let hot = (end.at - touched.at).as_nanos() as f64 / *elements as f64;
    let cpu = (end.cpu - touched.cpu).as_nanos() as f64 / *elements as f64;
    let (fired, memory) = (end.fired, end.resident_mib);
    println!("| {keys} | {first:.0} | {hot:.0} | {cpu:.0} | {fired} | {memory} |");
    Ok(())
}
