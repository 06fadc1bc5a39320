//! The list of pipelines that every runner passes, on one thread and in several orders.

use purlin_runner_direct::DirectRunner;
use purlin_sdk::PipelineOptions;
use purlin_sdk::testing::conformance::run_all;

/// The cases that the runner does not pass, each with its reason.
const GAPS: &[&str] = &[];

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
