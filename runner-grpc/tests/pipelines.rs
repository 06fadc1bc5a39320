//! Whole pipelines on workers that are threads of this program.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin_runner_grpc::GrpcRunner;
use purlin_sdk::runner::JobState;
use purlin_sdk::{
    BoxError, Context, DoFn, Element, Error, FixedWindows, PCollection, Pipeline, SideView,
    SlidingWindows, Timestamp, TimestampCombiner, WindowInto,
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
    pipeline.run_with(&GrpcRunner::default().loopback()).expect("it runs")
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
fn groups_hold_all_values_of_a_key_on_any_number_of_workers() {
    for workers in 1..4usize {
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
        p.run_with(&GrpcRunner::default().loopback().workers(workers.try_into().expect("not 0")))
            .expect("it runs");
        let expected: Vec<(i64, Vec<i64>)> =
            (0..7).map(|key| (key, (0..1000).filter(|n| n % 7 == key).collect())).collect();
        assert_eq!(seen.sorted(), expected, "{workers} workers");
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
fn a_failing_element_is_named_and_tried_four_times() {
    let p = Pipeline::new();
    let _ = p.create([1i64, 2, 3]).map(|n| if n == 2 { panic!("two is too much") } else { n });
    let error = p.run_with(&GrpcRunner::default().loopback()).expect_err("it fails");
    let Error::UserFn(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.attempt, 4);
    assert!(failure.worker.is_some());
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

type List = Arc<Vec<i64>>;

/// Remembers the view of a side input that each bundle had.
#[derive(Clone)]
struct Remember {
    list: SideView<Vec<i64>>,
    is_first: bool,
    views: Arc<Mutex<Vec<List>>>,
}

impl DoFn for Remember {
    type In = i64;
    type Out = ();

    fn start_bundle(&mut self, _: &mut Context<()>) -> Result<(), BoxError> {
        self.is_first = true;
        Ok(())
    }

    fn process(&mut self, _: i64, cx: &mut Context<()>) -> Result<(), BoxError> {
        if std::mem::take(&mut self.is_first) {
            let view = cx.side(&self.list)?;
            self.views.lock().expect("no panic").push(view);
        }
        Ok(())
    }
}

#[test]
fn bundles_of_a_worker_share_the_view_of_a_side_input_that_stays_the_same() {
    let p = Pipeline::new();
    let views = Arc::default();
    let list = p.create([1i64, 2, 3]).as_list();
    let numbers = p.create(0i64..1000).reshuffle().with_side_input(list);
    let remember = Arc::clone(&views);
    drop(numbers.par_do(|list| Remember { list, is_first: true, views: remember }));
    run(p);
    let views: Vec<List> = std::mem::take(&mut *views.lock().expect("no panic"));
    assert!(views.iter().all(|view| ***view == [1, 2, 3]));
    // All of them are kept here, so no two views have been at one address.
    let mut different: Vec<_> = views.iter().map(Arc::as_ptr).collect();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() < views.len(), "{} bundles had a view each", views.len());
}
