//! Stores that lie.

use bytes::Bytes;
use purlin_proto::pipeline::{
    FunctionSpec, Trigger, WindowingStrategy, accumulation_mode, merge_status, trigger as t,
};
use purlin_proto::urns::window_fns;
use purlin_sdk::{IntervalWindow, Timestamp, Window};

use super::world::World;
use crate::random::Random;
use crate::reduce::{Element, Panes, ReduceFn};

/// Sessions that take back with every element, so that records have all that they can have.
fn strategy() -> WindowingStrategy {
    WindowingStrategy {
        window_fn: Some(FunctionSpec {
            urn: window_fns::SESSION_WINDOWS.to_owned(),
            ..FunctionSpec::default()
        }),
        merge_status: merge_status::Enum::NeedsMerge.into(),
        trigger: Some(Trigger { trigger: Some(t::Trigger::Always(t::Always {})) }),
        accumulation_mode: accumulation_mode::Enum::Retracting.into(),
        allowed_lateness: 100,
        ..WindowingStrategy::default()
    }
}

fn session(start: i64) -> Window {
    let (start, end) = (Timestamp(start), Timestamp(start + 10));
    Window::Interval(IntervalWindow { start, end })
}

#[test]
fn damaged_records_and_lost_values_make_no_call_panic() {
    let mut world = World::new(ReduceFn::new(&strategy(), None).unwrap());
    for at in [0, 20, 25, 60] {
        world.elements(&[(Timestamp(at), vec![session(at)], b"value".to_vec())]);
    }
    let mut random = Random::new(3);
    let mut failures = 0;
    for _ in 0..5000 {
        let mut store = world.store.clone();
        for record in store.records.values_mut() {
            let mut bytes = record.to_vec();
            let at = 1 + random.below(bytes.len() - 1);
            bytes[at] = random.next_u64().to_le_bytes()[0];
            *record = bytes.into();
        }
        if random.one_in(2) {
            store.values.values_mut().for_each(|values| *values = vec![Bytes::new()]);
        }
        let (windows, mut out) = ([session(15)], Panes::default());
        let element = Element { timestamp: Timestamp(15), windows: &windows, value: b"v" };
        let elements = world.reduce.elements(&mut store, &world.clocks, &[element], &mut out);
        let mut clocks = world.clocks;
        clocks.input_watermark = Timestamp(50);
        let all: Vec<_> = store.records.keys().cloned().collect();
        let timers = world.reduce.timers(&mut store, &clocks, &all, &mut out);
        failures += u32::from(elements.is_err()) + u32::from(timers.is_err());
    }
    assert!(failures > 1000);
}

#[test]
fn malformed_strategies_are_refused() {
    let refused = |change: fn(&mut WindowingStrategy)| {
        let mut strategy = strategy();
        change(&mut strategy);
        ReduceFn::new(&strategy, None).err().expect("it is malformed").to_string()
    };
    let trigger = |trigger| Some(Trigger { trigger: Some(trigger) });
    assert!(refused(|s| s.allowed_lateness = -1).contains("negative"));
    assert!(refused(|s| s.accumulation_mode = 77).contains("accumulation mode 77"));
    assert!(refused(|s| s.trigger = Some(Trigger { trigger: None })).contains("kind"));
    assert!(refused(|s| s.window_fn = None).contains("nothing merges"));
    let none = ReduceFn::new(
        &WindowingStrategy {
            trigger: trigger(t::Trigger::AfterAll(t::AfterAll::default())),
            ..strategy()
        },
        None,
    );
    assert!(none.err().expect("it is malformed").to_string().contains("of none"));
}
