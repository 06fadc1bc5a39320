//! Assertions about collections, on the direct runner.

use std::time::Duration;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::testing::assert_that;
use purlin_sdk::{Failure, FixedWindows, PCollection, Pipeline, Timestamp};

fn failing(assertion: impl Fn(&PCollection<i64>)) -> Box<Failure> {
    let p = Pipeline::new();
    assertion(&p.create([1i64, 2]));
    match p.run_with(&DirectRunner::default()) {
        Err(purlin_sdk::Error::UserFn(failure)) => failure,
        other => panic!("it should have failed: {other:?}"),
    }
}

#[test]
fn what_holds_passes() {
    let p = Pipeline::new();
    let numbers = p.create([3i64, 1, 3]);
    assert_that(&numbers).contains_in_any_order([1, 3, 3]);
    assert_that(&numbers).satisfies(|numbers| assert_eq!(numbers.len(), 3));
    assert_that(&numbers.filter(|n| *n > 5)).is_empty();
    let windowed = numbers
        .with_timestamps(|n| Timestamp(n * 1000))
        .window_into(FixedWindows::of(Duration::from_secs(1)));
    assert_that(&windowed).contains_in_any_order([3, 3, 1]);
    let finished = p.run_with(&DirectRunner::default()).expect("it runs");
    assert_eq!(finished.counter("assertions_evaluated"), 4);
}

#[test]
fn what_does_not_hold_fails_with_its_place() {
    let line = line!() + 1;
    let failure = failing(|numbers| assert_that(numbers).contains_in_any_order([1, 3]));
    assert_eq!(failure.causes, ["1 element missing: 3; 1 element not expected: 2"]);
    let place = failure.applied_at.as_ref().expect("it has a place");
    assert_eq!((place.file.as_ref(), place.line), (file!(), line));
    let failure = failing(|numbers| assert_that(numbers).is_empty());
    assert!(failure.causes[0].starts_with("2 elements not expected: "), "{failure}");
    let failure = failing(|numbers| {
        assert_that(numbers).satisfies(|numbers| assert!(numbers.is_empty(), "there are some"));
    });
    assert!(failure.panicked);
    assert_eq!(failure.causes, ["there are some"]);
}
