//! The list of pipelines that every runner passes, on workers that are threads of this program.

use purlin_runner_grpc::GrpcRunner;
use purlin_sdk::PipelineOptions;
use purlin_sdk::testing::conformance::run_all;

/// The cases that the runner does not pass, each with its reason.
const GAPS: &[&str] = &[];

fn conforms(workers: usize) {
    let workers = workers.try_into().expect("at least one worker");
    let runner = GrpcRunner::default().loopback().workers(workers);
    let report = run_all(&runner, &PipelineOptions::default(), GAPS);
    assert!(report.is_ok(), "{report}");
}

#[test]
fn all_cases_pass_on_one_worker() {
    conforms(1);
}

#[test]
fn all_cases_pass_on_two_workers() {
    conforms(2);
}
