//! Whole pipelines on the direct runner.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::runner::JobState;
use purlin_sdk::{
    Element, Error, FixedWindows, PCollection, Pipeline, PipelineOptions, SlidingWindows,
    Timestamp, TimestampCombiner, WindowInto,
};

/// What a collection contained when the pipeline ended, in the order of arrival.
#[derive(Clone)]
struct Seen<T>(Arc<Mutex<Vec<T>>>);

impl<T: Element + Ord> Seen<T> {
    fn of(collection: &PCollection<T>) -> Self {
        let seen = Self(Arc::default());
        let values = Arc::clone(&seen.0);
        let _ = collection.map(move |value| values.lock().expect("no panic").push(value));
        seen
    }

    fn sorted(&self) -> Vec<T> {
        let mut values = self.0.lock().expect("no panic").clone();
        values.sort();
        values
    }
}

fn run(pipeline: Pipeline) -> purlin_sdk::Finished {
    pipeline.run_with(&DirectRunner::default()).expect("it runs")
}

#[test]
fn elements_pass_through_maps() {
    let p = Pipeline::new();
    let even = p.create(0i64..10).filter(|n| n % 2 == 0).map(|n| n * 10);
    let seen = Seen::of(&even);
    assert_eq!(run(p).state, JobState::Done);
    assert_eq!(seen.sorted(), [0, 20, 40, 60, 80]);
}

#[test]
fn groups_hold_all_values_of_a_key_for_every_seed() {
    for seed in 0..20 {
        let p = Pipeline::new();
        let groups = p
            .create(0i64..1000)
            .map(|n| (n % 7, n))
            .group_by_key()
            .map(|(key, values)| (key, values.iter().collect::<Vec<i64>>()))
            .map(|(key, mut values)| {
                values.sort_unstable();
                (key, values)
            });
        let seen = Seen::of(&groups);
        p.run_with(&DirectRunner::default().seed(seed)).expect("it runs");
        let expected: Vec<(i64, Vec<i64>)> =
            (0..7).map(|key| (key, (0..1000).filter(|n| n % 7 == key).collect())).collect();
        assert_eq!(seen.sorted(), expected, "seed {seed}");
    }
}

#[test]
fn windows_are_grouped_apart() {
    let p = Pipeline::new();
    let windowed = p
        .create(0i64..60)
        .with_timestamps(|n| Timestamp(n * 1000))
        .window_into(FixedWindows::of(Duration::from_secs(20)))
        .map(|n| ("all".to_owned(), n));
    let counts = windowed.group_by_key().map(|(_, values)| values.len() as u64);
    let seen = Seen::of(&counts);
    run(p);
    assert_eq!(seen.sorted(), [20, 20, 20]);
}

#[test]
fn an_element_counts_in_each_of_its_sliding_windows() {
    let p = Pipeline::new();
    let windowed = p
        .create(0i64..10)
        .with_timestamps(|n| Timestamp(n * 1000))
        .window_into(SlidingWindows::of(Duration::from_secs(10)).every(Duration::from_secs(5)))
        .map(|n| ((), n));
    let counts = windowed.group_by_key().map(|(_, values)| values.len() as u64);
    let seen = Seen::of(&counts);
    run(p);
    // Windows [-5, 5), [0, 10) and [5, 15).
    assert_eq!(seen.sorted(), [5, 5, 10]);
}

#[test]
fn a_failing_element_is_named_and_tried_twice() {
    let p = Pipeline::new();
    let _ = p.create([1i64, 2, 3]).map(|n| if n == 2 { panic!("two is too much") } else { n });
    let error = p.run_with(&DirectRunner::default()).expect_err("it fails");
    let Error::UserFn(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.attempt, 2);
    assert_eq!(failure.element.as_deref(), Some("2"));
    assert!(error.to_string().contains("two is too much"), "{error}");
}

#[test]
fn the_latest_timestamp_is_given_to_groups_on_request() {
    let p = Pipeline::new();
    let windowing = WindowInto::from(FixedWindows::of(Duration::from_secs(60)))
        .timestamp_combiner(TimestampCombiner::Latest);
    let groups = p
        .create(0i64..10)
        .with_timestamps(|n| Timestamp(n * 1000))
        .window_into(windowing)
        .map(|n| (n % 2, n))
        .group_by_key();
    let again = groups
        .map(|(key, values)| (key, values.len() as u64))
        .window_into(FixedWindows::of(Duration::from_secs(1)))
        .group_by_key()
        .map(|(key, values)| (key, values.len() as u64));
    let seen = Seen::of(&again);
    run(p);
    assert_eq!(seen.sorted(), [(0, 1), (1, 1)]);
}

#[test]
fn flattened_and_reshuffled_elements_arrive_once() {
    let p = Pipeline::new();
    let one = p.create(0i64..5);
    let two = p.create(5i64..10).reshuffle();
    let all = one.flatten_with([two, one.clone()]).reshuffle();
    let seen = Seen::of(&all.map(|n| n));
    let grouped = Seen::of(&all.map(|n| (n, ())).group_by_key().map(|(n, g)| (n, g.len() as u64)));
    run(p);
    assert_eq!(seen.sorted(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9]);
    let expected: Vec<(i64, u64)> = (0..10).map(|n| (n, if n < 5 { 2 } else { 1 })).collect();
    assert_eq!(grouped.sorted(), expected);
}

#[test]
fn an_empty_collection_ends() {
    let p = Pipeline::new();
    let none = p.create(Vec::<i64>::new()).map(|n| (n, n)).group_by_key().map(|(key, _)| key);
    let seen = Seen::of(&none);
    run(p);
    assert_eq!(seen.sorted(), [] as [i64; 0]);
}

#[test]
fn combined_values_are_summed() {
    let p = Pipeline::new();
    let counts = p.create(["a", "b", "a"].map(str::to_owned)).count_per_element();
    let seen = Seen::of(&counts);
    run(p);
    assert_eq!(seen.sorted(), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
}

#[test]
fn elements_wait_for_their_side_inputs() {
    for seed in 0..10 {
        let p = Pipeline::new();
        // What the side input holds is known only after a grouping.
        let totals = p.create(0i64..100).map(|n| (n % 2, n)).group_by_key();
        let totals = totals.map(|(key, values)| (key, values.iter().sum::<i64>()));
        let numbers = p.create([0i64, 1]);
        let joined = numbers
            .with_side_input((totals.as_map(), numbers.as_iter()))
            .map(|n, (totals, all)| (n, totals[&n], i64::try_from(all.iter().count()).unwrap_or(0)))
            .map(|(n, total, count)| (n, total * 10 + count));
        let seen = Seen::of(&joined);
        p.run_with(&DirectRunner::default().seed(seed)).expect("it runs");
        assert_eq!(seen.sorted(), [(0, 24_502), (1, 25_002)], "seed {seed}");
    }
}

#[test]
fn an_element_sees_the_side_window_of_its_own() {
    let p = Pipeline::new();
    let timed = p.create(0i64..40).with_timestamps(|n| Timestamp(n * 1000));
    let seconds = |n| FixedWindows::of(Duration::from_secs(n));
    let side = timed.window_into(seconds(20)).as_iter();
    let firsts = timed
        .window_into(seconds(10))
        .with_side_input(side)
        .map(|n, all| (n / 10, all.iter().min().unwrap_or(-1)));
    let seen = Seen::of(&firsts);
    run(p);
    let mut firsts = seen.sorted();
    firsts.dedup();
    assert_eq!(firsts, [(0, 0), (1, 0), (2, 20), (3, 20)]);
}

#[test]
fn the_seed_can_be_an_option() {
    let order_of = |arguments: &[&str]| {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        let options = PipelineOptions::parse(arguments).expect("options");
        let p = Pipeline::with_options(options);
        let keys = p.create(0i64..50).map(|n| (n, n)).group_by_key().map(|(key, _)| key);
        let seen = Seen::of(&keys);
        run(p);
        seen.0.lock().expect("no panic").clone()
    };
    assert_eq!(order_of(&[]), (0..50).collect::<Vec<_>>());
    assert_ne!(order_of(&["--seed=1"]), order_of(&[]));
    assert_eq!(order_of(&["--seed=1"]), order_of(&["--seed=1"]));
}
