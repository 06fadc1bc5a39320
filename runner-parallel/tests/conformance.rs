//! The list of pipelines that every runner passes, on several numbers of threads.

use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::PipelineOptions;
use purlin_sdk::testing::conformance::run_all;

/// The cases that the runner does not pass, each with its reason.
const GAPS: &[&str] = &[];

fn conforms(threads: usize) {
    let threads = threads.try_into().expect("at least one thread");
    let runner = ParallelRunner::default().parallelism(threads);
    let report = run_all(&runner, &PipelineOptions::default(), GAPS);
    assert!(report.is_ok(), "{report}");
}

#[test]
fn all_cases_pass_where_nothing_fits_into_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = PipelineOptions::default();
    options.set("memory", "1B");
    options.set("spill-dir", folder.path().display().to_string());
    let report = run_all(&ParallelRunner::default(), &options, GAPS);
    assert!(report.is_ok(), "{report}");
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0, "files are left");
}

#[test]
fn all_cases_pass_on_one_thread() {
    conforms(1);
}

#[test]
fn all_cases_pass_on_two_threads() {
    conforms(2);
}

#[test]
fn all_cases_pass_on_four_threads() {
    conforms(4);
}
