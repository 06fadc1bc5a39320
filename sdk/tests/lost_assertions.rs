//! Assertions that were not evaluated, and what those of a window say.

use std::sync::Arc;
use std::time::Duration;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::runner::{Gap, Job, JobState, MetricValue, Metrics, Runner};
use purlin_sdk::testing::assert_that;
use purlin_sdk::{
    Error, FixedWindows, IntervalWindow, Pipeline, PipelineOptions, RunningPipeline, Sealed,
    Timestamp,
};

#[test]
fn what_does_not_hold_in_a_window_names_the_window() {
    let p = Pipeline::new();
    let windowed = p
        .create([1i64, 2])
        .with_timestamps(|n| Timestamp(n * 1000))
        .window_into(FixedWindows::of(Duration::from_secs(2)));
    let window = IntervalWindow::new(Timestamp(2000), Timestamp(4000));
    let line = line!() + 1;
    assert_that(&windowed).in_window(window).contains_in_any_order([3]);
    let Err(Error::UserFn(failure)) = p.run_with(&DirectRunner::default()) else {
        panic!("it should have failed");
    };
    assert_eq!(failure.applied_at.map(|place| place.line), Some(line));
    assert_eq!(failure.transform, "AssertThat/Check in the window [2000 ms, 4000 ms)");
    assert_eq!(failure.causes, ["1 element missing: 3; 1 element not expected: 2"]);
}

/// Says that every pipeline is done, and that these transforms evaluated an assertion.
struct Claims(&'static [(&'static str, i64)]);

impl Runner for Claims {
    fn name(&self) -> &'static str {
        "claims"
    }

    fn gaps(&self) -> &'static [Gap] {
        &[]
    }

    fn start(&self, _: Sealed, _: &PipelineOptions) -> purlin_sdk::Result<RunningPipeline> {
        Ok(RunningPipeline::new(Arc::new(Claimed(self.0))))
    }
}

struct Claimed(&'static [(&'static str, i64)]);

impl Job for Claimed {
    fn state(&self) -> JobState {
        JobState::Done
    }

    fn metrics(&self) -> Metrics {
        let key = |transform: &str| (transform.to_owned(), "assertions_evaluated".to_owned());
        let counters = self.0.iter();
        counters.map(|(name, count)| (key(name), MetricValue::Counter(*count))).collect()
    }

    fn cancel(&self) {}

    fn drain(&self) {}

    fn wait(&self) -> purlin_sdk::Result<JobState> {
        Ok(JobState::Done)
    }
}

fn with_two_assertions() -> Pipeline {
    let p = Pipeline::new();
    let numbers = p.create([1i64]);
    assert_that(&numbers).contains_in_any_order([1]);
    assert_that(&numbers).contains_in_any_order([1]);
    p
}

#[test]
fn a_run_is_not_done_until_each_assertion_was_evaluated() {
    const ALL: &[(&str, i64)] = &[("AssertThat 2/Check", 1), ("AssertThat/Check", 1)];
    assert_eq!(names_of_assertions(), ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for lost in [&[][..], &[("AssertThat/Check", 2)], &[("AssertThat 2/Check", 0)]] {
        let running = with_two_assertions().start_with(&Claims(lost)).expect("it starts");
        let text = running.wait().expect_err("an assertion is lost").to_string();
        assert!(text.contains("was not evaluated"), "{text}");
        assert!(with_two_assertions().run_with(&Claims(lost)).is_err());
    }
    with_two_assertions().run_with(&Claims(ALL)).expect("both were evaluated");
}

/// The transforms that evaluate them, as a runner reports them.
fn names_of_assertions() -> Vec<String> {
    let finished = with_two_assertions().run_with(&DirectRunner::default()).expect("it runs");
    let evaluated = finished.metrics.into_keys().filter(|(_, name)| name == "assertions_evaluated");
    evaluated.map(|(transform, _)| transform).collect()
}
