//! Assertions about collections, on the direct runner.

use std::time::Duration;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::testing::assert_that;
use purlin_sdk::transforms::Sum;
use purlin_sdk::{
    BoxError, Context, Continuation, Failure, FixedWindows, OffsetRange, PCollection, Pipeline,
    SplittableDoFn, Timestamp, Tracker,
};

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

/// A number each second: a stream, by its declaration, that ends when it has given all.
#[derive(Clone)]
struct Seconds;

impl SplittableDoFn for Seconds {
    type In = i64;
    type Out = i64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, end: &i64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, u64::try_from(*end)?))
    }

    fn process(
        &mut self,
        _: &i64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<i64>,
    ) -> Result<Continuation, BoxError> {
        let mut next = tracker.restriction().start;
        while tracker.try_claim(next) {
            let number = i64::try_from(next)?;
            cx.output_with_timestamp(number, Timestamp(number * 1000));
            next += 1;
        }
        Ok(Continuation::Stop)
    }
}

fn stream(p: &Pipeline, end: i64) -> PCollection<i64> {
    p.create([end]).par_do_splittable(Seconds, false).main()
}

#[test]
fn a_stream_is_looked_at_when_it_has_ended() {
    let p = Pipeline::new();
    let numbers = stream(&p, 6);
    assert!(!numbers.is_bounded());
    assert_that(&numbers).contains_in_any_order([0, 1, 2, 3, 4, 5]);
    let windowed = numbers.window_into(FixedWindows::of(Duration::from_secs(3)));
    let sums = windowed.combine_globally(Sum);
    assert_that(&sums).contains_in_any_order([3, 12]);
    let shares = windowed.with_side_input(sums.as_singleton()).map(|n, sum| (n, *sum));
    assert_that(&shares).contains_in_any_order([(0, 3), (1, 3), (2, 3), (3, 12), (4, 12), (5, 12)]);
    p.run_with(&DirectRunner::default()).expect("it runs");
}

#[test]
fn a_stream_in_the_global_window_is_no_side_input_and_has_no_sum() {
    let p = Pipeline::new();
    let numbers = stream(&p, 6);
    let _ = p.create([1i64]).with_side_input(numbers.as_iter()).map(|n, _| n);
    let _ = numbers.map(|n| (n, n)).combine_per_key(Sum);
    let text = p.run_with(&DirectRunner::default()).expect_err("mistakes").to_string();
    let expected = expect_test::expect![[r#"
        the pipeline has 2 mistake(s)
        error: an unbounded side input in the global window would never be ready
          at: sdk/tests/assertions.rs:104:65
          help: window it first, for example `.window_into(FixedWindows::of(…))`, or give the window a trigger
        error: grouping an unbounded collection in the global window would never end
          at: sdk/tests/assertions.rs:105:37
          help: window it first, for example `.window_into(FixedWindows::of(…))`, or give the window a trigger"#]];
    expected.assert_eq(&text);
}
