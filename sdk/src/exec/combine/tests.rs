//! What the parts of a combination make of batches.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::exec::testing::{TestHost, run};
use crate::exec::{Batch, Column, Grouped, Role, Stamps};
use crate::transforms::{Count, Sum};
use crate::window::{PaneInfo, Stamp, TimestampCombiner, Windows};
use crate::{
    CombineFn, Element, FixedWindows, Pipeline, SlidingWindows, Text, Timestamp, WindowInto,
};

fn sums<K: Element + Ord>(
    windowing: WindowInto,
    bundles: Vec<Vec<Batch<(K, i64)>>>,
    sample: K,
) -> Vec<Vec<((K, i64), Stamp)>> {
    let p = Pipeline::new();
    let _ = p.create([(sample, 1i64)]).window_into(windowing).combine_per_key(Sum).named("Sum");
    let mut outputs =
        run::<(K, i64), (K, i64)>(&p, "Sum", Role::Precombine, &TestHost::default(), bundles)
            .expect("it runs");
    for output in &mut outputs {
        output.sort_by(|((a, _), at), ((b, _), bt)| (a, at.timestamp).cmp(&(b, bt.timestamp)));
    }
    outputs
}

fn windowed<K>(windowing: &WindowInto, elements: Vec<(K, i64, i64)>) -> Batch<(K, i64)> {
    let mut stamps = Stamps::default();
    let mut values = Vec::new();
    for (key, value, time) in elements {
        let windows = windowing.window_fn().standard().expect("it is").assign(Timestamp(time));
        let stamp = Stamp { timestamp: Timestamp(time), windows, ..Stamp::default() };
        stamps.push(&stamp, values.len());
        values.push((key, value));
    }
    Batch::new(values, stamps)
}

fn brief<K: Clone>(outputs: &[((K, i64), Stamp)]) -> Vec<(K, i64, i64)> {
    outputs.iter().map(|((k, v), stamp)| (k.clone(), *v, stamp.timestamp.0)).collect()
}

#[test]
fn values_of_a_bundle_are_combined_by_key_and_bundles_are_not_mixed() {
    let global = WindowInto::from(crate::GlobalWindows);
    let batch = |v| {
        Batch::new(vec![(Text::from("a"), v), ("b".into(), v), ("a".into(), v)], Stamps::default())
    };
    let outputs = sums(global, vec![vec![batch(1), batch(2)], vec![batch(10)], vec![]], "".into());
    let end = Timestamp::END_OF_GLOBAL_WINDOW.0;
    assert_eq!(brief(&outputs[0]), [("a".into(), 6, end), ("b".into(), 3, end)]);
    assert_eq!(brief(&outputs[1]), [("a".into(), 20, end), ("b".into(), 10, end)]);
    assert!(outputs[2].is_empty());
}

#[test]
fn keys_without_typed_equality_are_combined_by_their_bytes() {
    type Key = Vec<String>;
    assert!(Key::typed_key().is_none());
    let key = |text: &str| vec![text.to_owned()];
    let batch = Batch::new(vec![(key("a"), 1), (key("b"), 2), (key("a"), 3)], Stamps::default());
    let outputs = sums(crate::GlobalWindows.into(), vec![vec![batch]], key(""));
    let values: Vec<_> = outputs[0].iter().map(|(element, _)| element.clone()).collect();
    assert_eq!(values, [(key("a"), 4), (key("b"), 2)]);
}

#[test]
fn windows_are_kept_apart_and_give_their_end_or_the_earliest_timestamp() {
    let windowing = WindowInto::from(FixedWindows::of(Duration::from_millis(10)));
    let elements = || vec![(1i64, 1, 3), (1, 2, 12), (1, 4, 1), (2, 8, 15), (1, 16, 11)];
    let batch = windowed(&windowing, elements());
    let outputs = sums(windowing.clone(), vec![vec![batch.clone()]], 0);
    assert_eq!(brief(&outputs[0]), [(1, 5, 9), (1, 18, 19), (2, 8, 19)]);
    let outputs =
        sums(windowing.timestamp_combiner(TimestampCombiner::Earliest), vec![vec![batch]], 0);
    assert_eq!(brief(&outputs[0]), [(1, 5, 1), (1, 18, 11), (2, 8, 15)]);
}

#[test]
fn an_element_counts_in_each_of_its_windows() {
    let sliding = SlidingWindows::of(Duration::from_millis(10)).every(Duration::from_millis(5));
    let windowing = WindowInto::from(sliding);
    let batch = windowed(&windowing, vec![(1i64, 1, 7), (1, 2, 12)]);
    let outputs = sums(windowing, vec![vec![batch]], 0);
    assert_eq!(brief(&outputs[0]), [(1, 1, 9), (1, 3, 14), (1, 2, 19)]);
}

#[test]
fn more_keys_than_a_unit_holds_are_sent_on_early() {
    let batch = |from: i64| {
        Batch::new((from..from + 1024).map(|key| (key, 1)).collect(), Stamps::default())
    };
    let batches: Vec<_> = (0..1000).map(|index| batch(index * 1024 % (500 * 1024))).collect();
    let outputs = sums(crate::GlobalWindows.into(), vec![batches], 0);
    let total: i64 = outputs[0].iter().map(|((_, count), _)| count).sum();
    assert_eq!(total, 1000 * 1024);
    assert!(outputs[0].len() > 500 * 1024);
}

#[test]
fn merging_and_extracting_keep_what_elements_carry() {
    let p = Pipeline::new();
    let _ = p.create([(0i64, 0i64)]).count_per_key().named("Count");
    let stamp = Stamp {
        timestamp: Timestamp(7),
        windows: Windows::GLOBAL,
        pane: PaneInfo::ON_TIME_AND_ONLY,
        ..Stamp::default()
    };
    type Counted = <Count as CombineFn<i64>>::Acc;
    let group: Grouped<Counted> = [1, 2, 3].map(Counted::from).into_iter().collect();
    let batch = Batch::new(
        vec![(5i64, group), (6, [].into_iter().collect())],
        Stamps::constant(stamp.clone()),
    );
    let host = TestHost::default();
    let merged = run::<(i64, Grouped<Counted>), (i64, Counted)>(
        &p,
        "Count",
        Role::MergeAccumulators,
        &host,
        vec![vec![batch]],
    )
    .expect("it runs");
    let counts = [(5, 6), (6, 0)].map(|(key, count)| ((key, count.into()), stamp.clone()));
    assert_eq!(merged[0], counts);
    let grouped: Grouped<i64> = [7, 7].into_iter().collect();
    let mut stamps = Stamps::constant(stamp.clone());
    stamps.timestamps = Column::Each(vec![Timestamp(1)]);
    let combined = run::<(i64, Grouped<i64>), (i64, u64)>(
        &p,
        "Count",
        Role::CombineGroupedValues,
        &host,
        vec![vec![Batch::new(vec![(5, grouped)], stamps)]],
    )
    .expect("it runs");
    assert_eq!(combined[0], [((5, 2), Stamp { timestamp: Timestamp(1), ..stamp })]);
}

/// The sums of each key of a window, of outputs in any number of parts.
fn totals<K: Clone + Ord>(outputs: &[((K, i64), Stamp)]) -> BTreeMap<(K, Timestamp), i64> {
    let mut totals = BTreeMap::new();
    for ((key, sum), stamp) in outputs {
        *totals.entry((key.clone(), stamp.timestamp)).or_default() += sum;
    }
    totals
}

/// Batches of few keys that are frequent and many that are not, two of three in the first window.
fn frequent_and_rare<K: Element>(
    windowing: &WindowInto,
    key: impl Fn(i64) -> K,
) -> Vec<Batch<(K, i64)>> {
    let batch = |number: i64| {
        let time = if number % 3 == 2 { 15 } else { 5 };
        let element = |n: i64| {
            let n = number * 1024 + n;
            let number = if n % 2 == 0 { n % 16 } else { n * 7919 % 40_000 };
            (key(number), n, time)
        };
        windowed(windowing, (0..1024).map(element).collect())
    };
    (0..48).map(batch).collect()
}

fn check_frequent_and_rare<K: Element + Ord + std::fmt::Debug>(key: impl Fn(i64) -> K) {
    for times in [TimestampCombiner::EndOfWindow, TimestampCombiner::Earliest] {
        let windowing = WindowInto::from(FixedWindows::of(Duration::from_millis(10)));
        let windowing = windowing.timestamp_combiner(times);
        let batches = frequent_and_rare(&windowing, &key);
        let mut expected = BTreeMap::new();
        for batch in &batches {
            let start = batch.stamps.timestamps.get(0).0 / 10 * 10;
            let time = if times == TimestampCombiner::Earliest { start + 5 } else { start + 9 };
            for (key, value) in &batch.values {
                *expected.entry((key.clone(), Timestamp(time))).or_default() += value;
            }
        }
        // The second bundle begins with what the first left of tables.
        let bundles = vec![batches.clone(), batches];
        for outputs in sums(windowing, bundles, key(0)) {
            assert_eq!(totals(&outputs), expected);
            assert!(outputs.len() < 2 * expected.len(), "{}", outputs.len());
        }
    }
}

#[test]
fn frequent_keys_among_many_others_are_combined_in_each_window() {
    check_frequent_and_rare(|n| n);
    check_frequent_and_rare(|n| Text::from(format!("{n} of many keys, a long one")));
    check_frequent_and_rare(|n| vec![n.to_string()]);
}

#[test]
fn keys_that_hardly_repeat_are_not_kept() {
    let batch = |number: i64| {
        let element = |n: i64| {
            let n = number * 1024 + n;
            (if n % 8 == 0 { -n % 64 } else { n }, 1)
        };
        Batch::new((0..1024).map(element).collect(), Stamps::default())
    };
    let batches: Vec<_> = (0..540).map(batch).collect();
    let elements = batches.iter().flat_map(|batch| &batch.values);
    let mut expected = BTreeMap::new();
    elements.for_each(|(key, one)| {
        *expected.entry((*key, Timestamp::END_OF_GLOBAL_WINDOW)).or_default() += one;
    });
    let outputs = sums(crate::GlobalWindows.into(), vec![batches.clone(), batches], 0i64);
    for outputs in outputs {
        assert_eq!(totals(&outputs), expected);
        // The frequent ones are combined all the same.
        let frequent = outputs.iter().filter(|((key, _), _)| *key <= 0).count();
        assert!(frequent < 4 * 1024, "{frequent}");
    }
}

#[test]
fn recent_keys_are_combined_in_each_window_where_keys_hardly_repeat() {
    let windowing = WindowInto::from(FixedWindows::of(Duration::from_millis(10)));
    let new_keys = |number: i64| {
        let element = |n: i64| (-1 - number * 1024 - n, 1, 5);
        windowed(&windowing, (0..1024).map(element).collect())
    };
    let batches = frequent_and_rare(&windowing, |n| n);
    let mut expected = BTreeMap::new();
    for batch in &batches {
        let end = batch.stamps.timestamps.get(0).0 / 10 * 10 + 9;
        for (key, value) in &batch.values {
            *expected.entry((*key, Timestamp(end))).or_default() += value;
        }
    }
    let bundles = vec![(0..500).map(new_keys).collect(), batches.clone(), batches];
    for outputs in sums(windowing, bundles, 0).split_off(1) {
        assert_eq!(totals(&outputs), expected);
        let frequent = outputs.iter().filter(|((key, _), _)| *key < 16).count();
        assert!(frequent < 48 * 8, "{frequent}");
    }
}

#[derive(Clone)]
struct SmallOnly;

impl CombineFn<i64> for SmallOnly {
    type Acc = i64;
    type Out = i64;
    fn create(&self) -> i64 {
        0
    }
    fn add(&self, acc: &mut i64, value: i64) {
        assert!(value < 10, "it is large");
        *acc += value;
    }
    fn merge(&self, acc: &mut i64, other: i64) {
        *acc += other;
    }
    fn extract(&self, acc: i64) -> i64 {
        acc
    }
}

#[test]
fn a_failure_shows_the_pair_also_where_its_key_is_on_the_heap() {
    let p = Pipeline::new();
    let key = |n: i64| Text::from(format!("the key with the number {n}"));
    let _ = p.create([(key(0), 0i64)]).combine_per_key(SmallOnly).named("Small");
    let batch = Batch::new((8..12).map(|n| (key(n), n)).collect(), Stamps::default());
    let bundles = vec![vec![batch]];
    let host = TestHost::default();
    let outcome = run::<(Text, i64), (Text, i64)>(&p, "Small", Role::Precombine, &host, bundles);
    let failure = outcome.expect_err("a value is large");
    assert_eq!(failure.causes, ["it is large"]);
    assert_eq!(failure.element.as_deref(), Some("(\"the key with the number 10\", 10)"));
}
