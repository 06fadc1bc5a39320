//! Whole pipelines on threads.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::{Arc, Mutex};

use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::runner::JobState;
use purlin_sdk::{PCollection, Pipeline};

/// Runs a pipeline on so many threads, and returns what reached `collection` of it, sorted.
fn collected<T: purlin_sdk::Element + Ord>(
    threads: usize,
    build: impl Fn(&Pipeline) -> PCollection<T>,
) -> Vec<T> {
    let p = Pipeline::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    drop(build(&p).map(move |value| sink.lock().unwrap().push(value)));
    let runner = ParallelRunner::default().parallelism(threads.try_into().unwrap());
    assert_eq!(p.run_with(&runner).unwrap().state, JobState::Done);
    let mut values = std::mem::take(&mut *seen.lock().unwrap());
    values.sort();
    values
}

#[test]
fn groups_are_whole_on_any_number_of_threads() {
    let expected: Vec<(i64, Vec<i64>)> =
        (0..7).map(|key| (key, (0..1000).filter(|n| n % 7 == key).collect())).collect();
    for threads in [1, 2, 4] {
        let groups = collected(threads, |p| {
            p.create(0..1000i64).reshuffle().key_by(|n| n % 7).group_by_key().map(|(key, group)| {
                let mut values: Vec<i64> = group.into_iter().collect();
                values.sort_unstable();
                (key, values)
            })
        });
        assert_eq!(groups, expected, "{threads} threads");
    }
}

#[test]
fn an_error_and_a_panic_end_the_job_and_name_the_element() {
    for panics in [false, true] {
        let p = Pipeline::new();
        let numbers = p.create(0..100i64).reshuffle();
        let checked = numbers.try_map(move |n| match n {
            42 if panics => panic!("forty-two"),
            42 => Err("forty-two"),
            n => Ok(n),
        });
        drop(checked.named("Check").map(|n| n));
        let error = p.run_with(&ParallelRunner::default()).unwrap_err().to_string();
        for part in ["`Check`", "forty-two", "element: 42", "pipelines.rs:", "attempt: 4"] {
            assert!(error.contains(part), "no `{part}` in:\n{error}");
        }
    }
}
