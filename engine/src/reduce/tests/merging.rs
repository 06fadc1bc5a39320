//! Windows that a function of a user's merges.

use bytes::Bytes;
use purlin_proto::pipeline::{WindowingStrategy, merge_status};
use purlin_sdk::exec::Failure;
use purlin_sdk::{Timestamp, Window};

use super::world::World;
use crate::reduce::{MergeWindows, MergedWindow, ReduceFn};

/// Merges windows whose encodings begin with the same byte, into one of that byte alone.
struct ByFirstByte;

impl MergeWindows for ByFirstByte {
    fn merge(&self, windows: &[Window]) -> Result<Vec<MergedWindow>, Box<Failure>> {
        let first = |window: &Window| match window {
            Window::Custom(_, encoded) => encoded[0],
            _ => 0,
        };
        let groups = windows.chunk_by(|a, b| first(a) == first(b));
        let several = groups.filter(|group| group.len() > 1);
        let merged = several.map(|from| {
            let max = from.iter().map(Window::max_timestamp).max();
            let encoded = Bytes::from(vec![first(&from[0])]);
            let into = Window::Custom(max.unwrap_or_default(), encoded);
            MergedWindow { into, from: from.to_vec() }
        });
        Ok(merged.collect())
    }
}

/// Says of all windows that they merge into one that is there and not among them.
struct Wrong;

impl MergeWindows for Wrong {
    fn merge(&self, windows: &[Window]) -> Result<Vec<MergedWindow>, Box<Failure>> {
        let (into, from) = windows.split_first().ok_or_else(|| Failure::new("no windows"))?;
        Ok(vec![MergedWindow { into: into.clone(), from: from.to_vec() }])
    }
}

fn custom(max: i64, encoded: &'static [u8]) -> Window {
    Window::Custom(Timestamp(max), Bytes::from_static(encoded))
}

fn strategy() -> WindowingStrategy {
    let merge_status = merge_status::Enum::NeedsMerge.into();
    WindowingStrategy { merge_status, ..WindowingStrategy::default() }
}

fn world(merger: Box<dyn MergeWindows>) -> World {
    World::new(ReduceFn::new(&strategy(), Some(merger)).unwrap())
}

#[test]
fn a_users_function_decides_which_windows_merge() {
    let mut world = world(Box::new(ByFirstByte));
    world.elements(&[(Timestamp(1), vec![custom(5, b"ax")], b"1".to_vec())]);
    world.elements(&[
        (Timestamp(2), vec![custom(6, b"ay"), custom(7, b"b")], b"2".to_vec()),
        (Timestamp(3), vec![custom(6, b"ay"), custom(5, b"ax")], b"3".to_vec()),
    ]);
    world.clocks.input_watermark = Timestamp(7);
    world.settle();
    let pane = &world.out.panes[0];
    assert_eq!(
        (pane.window.clone(), pane.values.concat(), pane.count),
        (custom(6, b"a"), b"123".to_vec(), 3)
    );
    world.clocks.input_watermark = Timestamp(8);
    world.settle();
    let pane = &world.out.panes[1];
    assert_eq!((pane.window.clone(), pane.values.concat()), (custom(7, b"b"), b"2".to_vec()));
    assert_eq!(world.out.panes.len(), 2);
}

#[test]
fn merging_into_a_window_that_is_not_among_the_merged_ones_is_refused() {
    let world = world(Box::new(Wrong));
    let elements = [custom(5, b"a"), custom(6, b"b")].map(|window| [window]);
    let elements = elements.each_ref().map(|windows| crate::reduce::Element {
        timestamp: Timestamp(1),
        windows,
        value: b"1",
    });
    let mut store = world.store.clone();
    let outcome =
        world.reduce.elements(&mut store, &world.clocks, &elements, &mut Default::default());
    assert!(outcome.unwrap_err().to_string().contains("merged windows into until 5 ms"));
}

#[test]
fn merging_windows_that_nothing_merges_are_refused() {
    assert!(ReduceFn::new(&strategy(), None).is_err());
}
