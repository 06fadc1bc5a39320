//! Timers that set timers.

use std::time::Duration;

use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::state::{EventTimer, StateSpecs, Timer, Value};
use purlin_sdk::{BoxError, Context, Pipeline, StatefulDoFn, Timestamp};

const LINKS: i64 = 500;
const BUNDLES: &str = "bundles";
const FIRED: &str = "fired";

/// A timer that sets itself again, some times.
#[derive(Clone)]
struct Chain {
    left: Value<i64>,
    next: EventTimer,
}

impl Chain {
    fn new(s: &mut StateSpecs) -> Self {
        Self { left: s.value("left"), next: s.event_timer("next") }
    }
}

impl StatefulDoFn for Chain {
    type Key = i64;
    type In = i64;
    type Out = i64;

    fn start_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count(BUNDLES, 1);
        Ok(())
    }

    fn process(&mut self, _: &i64, links: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        self.next.set(cx, Timestamp(0));
        self.left.write(cx, links)
    }

    fn on_timer(&mut self, _: Timer, _: &i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count(FIRED, 1);
        let left = self.left.read(cx)?.unwrap_or_default() - 1;
        if left == 0 {
            return self.left.clear(cx);
        }
        let now = cx.fire_timestamp().ok_or("a timer has a time")?;
        self.next.set(cx, now + Duration::from_millis(1));
        self.left.write(cx, left)
    }
}

#[test]
fn a_chain_of_timers_that_are_due_takes_few_bundles() {
    let p = Pipeline::new();
    drop(p.create((0..10).map(|key| (key, LINKS))).par_do_stateful(Chain::new));
    let finished = p.run_with(&ParallelRunner::default()).unwrap();
    assert_eq!(finished.counter(FIRED), 10 * LINKS);
    let bundles = finished.counter(BUNDLES);
    assert!(bundles < 50, "{bundles} bundles");
}

#[test]
fn a_chain_longer_than_a_bundle_may_be_goes_on_in_others() {
    let links = 10_000;
    let p = Pipeline::new();
    drop(p.create([(1, links)]).par_do_stateful(Chain::new));
    let finished = p.run_with(&ParallelRunner::default()).unwrap();
    assert_eq!(finished.counter(FIRED), links);
    assert!((3..20).contains(&finished.counter(BUNDLES)));
}
