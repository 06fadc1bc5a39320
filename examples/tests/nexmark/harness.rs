//! Runs a query over many streams of events, on every runner.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use examples::nexmark::{Event, Events, Generator, source};
use purlin::prelude::*;

/// What a step saw, in the process that built the pipeline.
pub(crate) struct Seen<T>(Arc<Mutex<Vec<T>>>);

impl<T: Element + Debug> Seen<T> {
    /// Sees all elements of a collection. No bundle of these tests is tried twice.
    pub(crate) fn of(collection: &PCollection<T>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&seen);
        let _ = collection.map(move |value| into.lock().unwrap().push(value));
        Self(seen)
    }

    /// What was seen, in any order.
    pub(crate) fn values(self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// What was seen, in an order that does not depend on the run.
    pub(crate) fn sorted(self) -> Vec<String> {
        sorted(&self.values())
    }
}

pub(crate) fn sorted<T: Debug>(values: &[T]) -> Vec<String> {
    let mut shown: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
    shown.sort();
    shown
}

/// The ways to run a pipeline that this build contains.
pub(crate) fn runners() -> Vec<Vec<(&'static str, &'static str)>> {
    let mut runners = Vec::new();
    if cfg!(feature = "runner-direct") {
        runners.push(vec![("runner", "direct")]);
        runners.push(vec![("runner", "direct"), ("seed", "7")]);
        runners.push(vec![("runner", "direct"), ("seed", "8")]);
    }
    if cfg!(feature = "runner-parallel") {
        runners.push(vec![("runner", "parallel"), ("parallelism", "1")]);
        runners.push(vec![("runner", "parallel"), ("parallelism", "3")]);
    }
    assert!(!runners.is_empty(), "build the tests with a runner");
    runners
}

pub(crate) fn pipeline(runner: &[(&str, &str)]) -> Pipeline {
    let mut options = PipelineOptions::default();
    runner.iter().for_each(|(name, value)| options.set(name, *value));
    Pipeline::with_options(options)
}

/// Streams of several seeds, in order and not, slow and fast.
pub(crate) fn streams() -> impl Iterator<Item = Events> {
    let streams = [(1, 50, 0), (2, 50, 3_000), (3, 200, 40_000), (4, 1000, 500)];
    streams.into_iter().map(|(seed, rate, delay_ms)| {
        Generator::new(3000)
            .seed(seed)
            .events_per_second(rate)
            .out_of_orderness(Duration::from_millis(delay_ms))
            .generate()
    })
}

/// Checks that a query gives what `expected` says, on every stream and runner.
pub(crate) fn check<T: Element + Debug>(
    query: impl Fn(PCollection<Event>) -> PCollection<T>,
    expected: impl Fn(&[Event]) -> Vec<T>,
) {
    let mut outputs = 0;
    for (stream, events) in streams().enumerate() {
        let expected = sorted(&expected(&events.list));
        outputs += expected.len();
        for (runner, readers) in runners().iter().zip([1, 2, 3].into_iter().cycle()) {
            let p = pipeline(runner);
            let source = source(&events).events_per_bundle(170).readers(readers);
            let seen = Seen::of(&query(p.apply(source)));
            p.run().unwrap();
            compare(&seen.sorted(), &expected, &format!("stream {stream} on {runner:?}"));
        }
    }
    assert!(outputs > 0, "these streams say nothing about the query");
}

pub(crate) fn compare(seen: &[String], expected: &[String], what: &str) {
    let first = seen.iter().zip(expected).find(|(seen, expected)| seen != expected);
    assert!(
        first.is_none() && seen.len() == expected.len(),
        "{what}: {} outputs, not {}; the first that differ: {first:#?}",
        seen.len(),
        expected.len()
    );
}
