//! The list of pipelines that every runner passes, on one thread and in several orders.

use purlin_runner_direct::DirectRunner;
use purlin_sdk::PipelineOptions;
use purlin_sdk::testing::conformance::run_all;

/// The cases that the runner does not pass, each with its reason.
const GAPS: &[&str] = &[
    // A failure does not know the stamp of its element.
    "an_error_names_time_and_window",
    // An element that the window function puts in no window is refused instead of dropped.
    "sliding_windows_can_leave_gaps",
    // What is shuffled does not keep the coder that was chosen for it.
    "a_collection_has_a_coder_of_its_own",
];

fn conforms(runner: DirectRunner) {
    let report = run_all(&runner, &PipelineOptions::default(), GAPS);
    assert!(report.is_ok(), "{report}");
}

#[test]
fn all_cases_pass() {
    conforms(DirectRunner::default());
}

#[test]
fn all_cases_pass_in_other_orders() {
    for seed in 1..=5 {
        conforms(DirectRunner::default().seed(seed));
    }
}
