//! What a runner is, and the handle of a running pipeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
pub use crate::exec::MetricValue;
use crate::graph::{ASSERTION, AtEnd, Sealed};
use crate::options::PipelineOptions;

/// Executes pipelines.
pub trait Runner {
    /// Its name, as `--runner` takes it.
    fn name(&self) -> &'static str;

    /// The features of the model that it refuses, each before the first element.
    fn gaps(&self) -> &'static [Gap];

    /// Starts a pipeline and returns at once.
    ///
    /// # Errors
    /// When the pipeline needs what the runner lacks, or cannot be started.
    fn start(&self, pipeline: Sealed, options: &PipelineOptions) -> Result<RunningPipeline>;
}

/// Starts a pipeline, whose handle clears up when it sees that the pipeline has ended: temporary
/// files of a write that failed go with it.
///
/// # Errors
/// When the pipeline needs what the runner lacks, or cannot be started.
pub fn start(
    runner: &dyn Runner,
    pipeline: Sealed,
    options: &PipelineOptions,
) -> Result<RunningPipeline> {
    let at_end = pipeline.at_end.clone();
    let assertions = assertions(&pipeline);
    let running = runner.start(pipeline, options)?;
    Ok(RunningPipeline { at_end: at_end.into(), assertions: assertions.into(), ..running })
}

/// A feature of the model that a runner refuses.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The feature, in Beam's words.
    pub feature: &'static str,
    /// Why it is refused.
    pub reason: &'static str,
}

/// The state of a job, by the names of Beam's job service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum JobState {
    /// It processes elements.
    Running,
    /// It processed all elements.
    Done,
    /// An error ended it.
    Failed,
    /// It was told to stop at once.
    Cancelled,
    /// It stops reading, and finishes what it has read.
    Draining,
    /// It finished what it had read after it was told to stop.
    Drained,
}

impl JobState {
    /// Whether the job has ended.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled | Self::Drained)
    }
}

/// The counter of the assertions that were evaluated.
pub(crate) const EVALUATED: &str = "assertions_evaluated";

/// What a pipeline counted: by the transform's unique name and the metric's name.
pub type Metrics = BTreeMap<(String, String), MetricValue>;

/// What a runner implements for the jobs that it started.
pub trait Job: Send + Sync {
    /// The present state.
    fn state(&self) -> JobState;
    /// The committed metrics so far.
    fn metrics(&self) -> Metrics;
    /// Asks the job to stop at once. What was not committed is lost.
    fn cancel(&self);
    /// Asks the job to stop reading and to finish what it has read.
    fn drain(&self);
    /// Blocks until the job has ended.
    ///
    /// # Errors
    /// When it failed or was cancelled.
    fn wait(&self) -> Result<JobState>;
}

/// A pipeline that was started. Dropping the handle leaves it running.
#[must_use = "the pipeline goes on in the background; call `wait`"]
#[derive(Clone)]
pub struct RunningPipeline {
    job: Arc<dyn Job>,
    at_end: Arc<[AtEnd]>,
    /// The unique names of the assertions, each of which must have been evaluated.
    assertions: Arc<[String]>,
}

impl RunningPipeline {
    /// The handle of a job, for runners to return.
    pub fn new(job: Arc<dyn Job>) -> Self {
        Self { job, at_end: Arc::default(), assertions: Arc::default() }
    }

    /// Blocks until the pipeline has ended.
    ///
    /// # Errors
    /// When it failed, or was cancelled; and when it is done without having evaluated an assertion.
    pub fn wait(&self) -> Result<Finished> {
        let state = self.job.wait();
        // A lost connection ends the wait as well, but the job goes on.
        if self.job.state().is_terminal() {
            self.at_end.iter().for_each(|clear_up| clear_up());
        }
        match state? {
            JobState::Cancelled => Err(Error::Cancelled),
            state => {
                let finished = Finished { state, metrics: self.job.metrics() };
                finished.evaluated(&self.assertions)?;
                Ok(finished)
            }
        }
    }

    /// Asks the pipeline to stop at once; what was not committed is lost.
    pub fn cancel(&self) {
        self.job.cancel();
    }

    /// Asks the pipeline to stop reading and to finish what it has read.
    pub fn drain(&self) {
        self.job.drain();
    }

    /// The present state.
    #[must_use]
    pub fn state(&self) -> JobState {
        self.job.state()
    }

    /// The committed metrics so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.job.metrics()
    }
}

/// A pipeline that ended without an error.
#[derive(Clone, Debug)]
pub struct Finished {
    /// How it ended.
    pub state: JobState,
    /// What it counted.
    pub metrics: Metrics,
}

impl Finished {
    /// Checks that every assertion of the pipeline was evaluated, which only a mistake of the runner
    /// prevents.
    ///
    /// # Errors
    /// When one was not.
    pub fn verify(&self, pipeline: &Sealed) -> Result<()> {
        self.evaluated(&assertions(pipeline))
    }

    /// Checks that each assertion was evaluated: by its own counter, because one that was evaluated
    /// twice must not make up for another.
    fn evaluated(&self, assertions: &[String]) -> Result<()> {
        let is_lost = |assertion: &&String| {
            let is_part = |transform: &str| {
                let rest = transform.strip_prefix(assertion.as_str());
                rest.is_some_and(|rest| rest.starts_with('/'))
            };
            let mut counters = self.metrics.iter().filter(|((_, metric), _)| metric == EVALUATED);
            !counters.any(|((transform, _), value)| {
                is_part(transform) && value.as_counter().unwrap_or(0) > 0
            })
        };
        if self.state != JobState::Done {
            return Ok(());
        }
        match assertions.iter().find(is_lost) {
            Some(lost) => Err(Error::Internal(format!("the assertion `{lost}` was not evaluated"))),
            None => Ok(()),
        }
    }

    /// The counter `name`, summed over all transforms.
    #[must_use]
    pub fn counter(&self, name: &str) -> i64 {
        let named = self.metrics.iter().filter(|((_, metric), _)| metric == name);
        named.map(|(_, value)| value.as_counter().unwrap_or(0)).sum()
    }
}

/// The unique names of a pipeline's assertions.
fn assertions(pipeline: &Sealed) -> Vec<String> {
    let components = pipeline.pipeline.components.as_ref();
    let transforms = components.into_iter().flat_map(|components| components.transforms.values());
    let assertions = transforms.filter(|transform| transform.annotations.contains_key(ASSERTION));
    assertions.map(|transform| transform.unique_name.clone()).collect()
}
