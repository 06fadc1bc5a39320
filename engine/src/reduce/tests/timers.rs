//! Timers that come at other times than they were set for.

use purlin_proto::pipeline::WindowingStrategy;
use purlin_sdk::{IntervalWindow, Timestamp, Window};

use super::world::World;
use crate::reduce::ReduceFn;

fn window(start: i64) -> Window {
    let (start, end) = (Timestamp(start), Timestamp(start + 10));
    Window::Interval(IntervalWindow { start, end })
}

fn world() -> World {
    World::new(ReduceFn::new(&WindowingStrategy::default(), None).unwrap())
}

#[test]
fn a_timer_that_comes_too_early_is_set_again() {
    let mut world = world();
    world.elements(&[(Timestamp(1), vec![window(0)], b"v".to_vec())]);
    let set = std::mem::take(&mut world.store.timers);
    world.clocks.input_watermark = Timestamp(9);
    world.timers(&[window(0)]);
    assert!(world.out.panes.is_empty());
    assert_eq!(world.store.timers, set);
}

#[test]
fn a_timer_of_a_window_that_is_gone_does_nothing() {
    let mut world = world();
    world.elements(&[(Timestamp(1), vec![window(0)], b"v".to_vec())]);
    world.clocks.input_watermark = Timestamp(10);
    for _ in 0..2 {
        world.timers(&[window(0), window(0), window(50)]);
        assert_eq!(world.out.panes.len(), 1);
        assert!(world.store.records.is_empty());
    }
}

#[test]
fn elements_that_fire_at_once_are_never_stored() {
    let mut world = world();
    world.clocks.input_watermark = Timestamp(5);
    world.elements(&[(Timestamp(1), vec![Window::Global], b"v".to_vec())]);
    assert_eq!(world.store.values.len(), 1);
    world.clocks.input_watermark = Timestamp::END_OF_GLOBAL_WINDOW;
    let late = WindowingStrategy { allowed_lateness: 100, ..WindowingStrategy::default() };
    world.reduce = ReduceFn::new(&late, None).unwrap();
    let end = Timestamp::END_OF_GLOBAL_WINDOW.0;
    let over = window(end - 20);
    world.elements(&[(Timestamp(end - 15), vec![over.clone()], b"w".to_vec())]);
    assert_eq!(world.out.panes.len(), 1);
    assert!(!world.store.values.contains_key(&over));
}

#[test]
fn a_session_that_grows_with_every_element_is_one_pane() {
    let mut strategy = WindowingStrategy {
        merge_status: purlin_proto::pipeline::merge_status::Enum::NeedsMerge.into(),
        ..WindowingStrategy::default()
    };
    strategy.window_fn = Some(purlin_proto::pipeline::FunctionSpec {
        urn: purlin_proto::urns::window_fns::SESSION_WINDOWS.to_owned(),
        ..Default::default()
    });
    let mut world = World::new(ReduceFn::new(&strategy, None).unwrap());
    let inputs: Vec<_> =
        (0..100_000).map(|at| (Timestamp(at), vec![window(at)], vec![0; 8])).collect();
    world.elements(&inputs[..50_000]);
    for input in &inputs[50_000..52_000] {
        world.elements(std::slice::from_ref(input));
    }
    world.elements(&inputs[52_000..]);
    world.clocks.input_watermark = Timestamp::MAX;
    world.settle();
    assert_eq!(world.out.panes[0].count, 100_000);
    assert_eq!(world.out.panes.len(), 1);
}
