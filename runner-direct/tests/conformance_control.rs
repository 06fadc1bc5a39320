//! The control of the list: a runner that loses everything passes no case.

use std::sync::Arc;

use purlin_sdk::runner::{Gap, Job, JobState, Metrics, Runner, RunningPipeline};
use purlin_sdk::testing::conformance::run_all;
use purlin_sdk::{PipelineOptions, Result, Sealed};

/// Says that every pipeline is done, without running it.
struct Loses;

impl Runner for Loses {
    fn name(&self) -> &'static str {
        "loses"
    }

    fn gaps(&self) -> &'static [Gap] {
        &[]
    }

    fn start(&self, _: Sealed, _: &PipelineOptions) -> Result<RunningPipeline> {
        Ok(RunningPipeline::new(Arc::new(Done)))
    }
}

struct Done;

impl Job for Done {
    fn state(&self) -> JobState {
        JobState::Done
    }

    fn metrics(&self) -> Metrics {
        Metrics::default()
    }

    fn cancel(&self) {}

    fn drain(&self) {}

    fn wait(&self) -> Result<JobState> {
        Ok(JobState::Done)
    }
}

#[test]
fn a_runner_that_loses_everything_passes_no_case() {
    let report = run_all(&Loses, &PipelineOptions::default(), &[]);
    assert_eq!(report.passed().collect::<Vec<_>>(), [] as [&str; 0], "{report}");
    assert!(report.cases.len() >= 80);
}

#[test]
fn a_gap_that_passes_or_is_no_case_is_an_error() {
    let report = run_all(&Loses, &PipelineOptions::default(), &["no such case"]);
    assert_eq!(report.unknown_gaps, ["no such case"]);
}
