//! Accumulators that wait for the end of their window are merged: what they take depends on the
//! number of keys and not on the length of the input.

use std::sync::Arc;

use purlin_engine::plan::PlanOptions;
use purlin_engine::{
    Action, BundleInput, Engine, EngineConfig, Event, LocalExecutor, Outcome, plan_for,
};
use purlin_sdk::testing::assert_that;
use purlin_sdk::{Pipeline, Timestamp};

const KEYS: u64 = 1000;

/// Counts `ranges` times [`KEYS`] keys, each range in a bundle of its own. The most bytes that the
/// engine held, and how often it had accumulators merged.
fn count(ranges: u64, compact_bytes: usize) -> (usize, usize) {
    let p = Pipeline::new();
    let keys = p.create(0..ranges).reshuffle().flat_map(|_| 0..KEYS);
    assert_that(&keys.count_per_element())
        .contains_in_any_order((0..KEYS).map(|key| (key, ranges)));
    let sealed = p.seal().expect("a pipeline");
    let plan = plan_for("test", &sealed.pipeline, &PlanOptions::default()).expect("a plan");
    let config = EngineConfig {
        partitions: 4,
        max_in_flight: 64,
        bundle_bytes: 1,
        min_bundle_bytes: 1,
        compact_bytes,
        ..EngineConfig::default()
    };
    let mut engine = Engine::new(plan, config).expect("an engine");
    let executor = LocalExecutor::new(Arc::clone(engine.shuffle()), sealed.table);
    let (mut most, mut compactions) = (0, 0);
    let mut actions = engine.step(Event::Start { now: Timestamp(0) });
    // The newest first, as if the others had still to begin.
    while let Some(action) = actions.pop() {
        most = most.max(engine.memory_bytes());
        match action {
            Action::Run(bundle) => {
                compactions += usize::from(matches!(bundle.input, BundleInput::Compact(_)));
                actions.extend(engine.step(executor.run(bundle)));
            }
            Action::Finished(outcome) => assert_eq!(outcome, Outcome::Done),
            _ => {}
        }
    }
    assert!(engine.state().is_complete());
    (most, compactions)
}

#[test]
fn what_waits_does_not_grow_with_the_input() {
    let enough = 64 << 10;
    let (short, _) = count(10, enough);
    let (long, compactions) = count(200, enough);
    assert!(compactions > 0);
    // The elements to be read are held too, and there are more of them.
    assert!(long < short + short / 2, "{long} bytes, for a short input {short}");
    let (unmerged, compactions) = count(200, usize::MAX);
    assert_eq!(compactions, 0);
    assert!(unmerged > 4 * long, "{unmerged} bytes, and {long} where they are merged");
}
