//! The direct runner: runs pipelines in this process on one thread, strictly checked.
//!
//! It is for tests and for first steps. Each transform is a stage of its own and every edge between
//! two of them is encoded, decoded and compared, so a coder that is not faithful is found here and
//! not on a cluster. With a seed, the order of bundles, their boundaries and the order of keys vary:
//! a correct pipeline gives the same result for every seed.
//!
//! ```
//! use purlin_runner_direct::DirectRunner;
//! use purlin_sdk::Pipeline;
//! use purlin_sdk::runner::JobState;
//!
//! # fn main() -> purlin_sdk::Result<()> {
//! let p = Pipeline::new();
//! let doubled = p.create([1i64, 2, 3]).map(|n| n * 2);
//! # let _ = doubled;
//! let finished = p.run_with(&DirectRunner::default().seed(7))?;
//! assert_eq!(finished.state, JobState::Done);
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use purlin_engine::plan::PlanOptions;
use purlin_engine::{
    Engine, EngineConfig, GAPS, JobHandle, LocalExecutor, Threads, drive_on_thread, plan_for,
};
use purlin_sdk::runner::{Gap, Runner, RunningPipeline};
use purlin_sdk::{PipelineOptions, Result, Sealed};

/// Runs pipelines in this process on one thread, strictly checked.
///
/// Option `--seed=N` is the same as [`DirectRunner::seed`].
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectRunner {
    seed: Option<u64>,
}

impl DirectRunner {
    /// Varies the order of bundles, their boundaries and the order of keys, the same way for the
    /// same seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    fn config(self, options: &PipelineOptions) -> Result<EngineConfig> {
        let seed = options.value("seed")?.or(self.seed);
        Ok(EngineConfig { attempts: 2, strict: true, seed, ..EngineConfig::default() })
    }
}

impl Runner for DirectRunner {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn gaps(&self) -> &'static [Gap] {
        GAPS
    }

    fn start(&self, pipeline: Sealed, options: &PipelineOptions) -> Result<RunningPipeline> {
        let plan = plan_for(self.name(), &pipeline.pipeline, &PlanOptions::unfused())?;
        let engine = Engine::new(plan, self.config(options)?)?;
        let local = LocalExecutor::new(Arc::clone(engine.shuffle()), pipeline.table);
        let (job, events) = JobHandle::new();
        let threads = Threads::start(local, 1, job.events())?;
        drive_on_thread("purlin-direct", engine, threads, events, job.clone())?;
        Ok(RunningPipeline::new(Arc::new(job)))
    }
}
