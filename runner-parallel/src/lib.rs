//! The parallel runner: runs pipelines on all cores of this machine.
//!
//! The engine decides on one thread what runs; bundles run on others. Those of bounded work go to a
//! rayon pool, whose threads take what there is; those of streams, which may wait for data, go
//! through a bounded crossbeam channel to threads that live as long as the job, so that a waiting
//! source never holds up bounded work.
//!
//! What a source gives reaches its readers, and moves the watermark, at the end of a bundle. One of
//! a stream is short while nothing waits behind it, so that results are there within milliseconds,
//! and grows while its readers have work, so that a loaded stream moves in large batches; a source
//! with a full queue behind it does not run.
//!
//! A partition of keys is worked on by one thread at a time, but by any: what is kept for keys
//! changes on the engine's thread, when a bundle is committed, so a thread that had the partition
//! before has little of it in its cache. A channel for each thread, with the partitions divided
//! among them and idle threads taking from all, changed the CPU time of Nexmark Q4, Q5 and Q6 on two
//! cores from 1.44, 0.20 and 2.5 s to 1.41, 0.21 and 2.4 s: no more than it varies.

mod executor;
mod memory;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use purlin_engine::plan::PlanOptions;
use purlin_engine::{
    Engine, EngineConfig, GAPS, JobHandle, LocalExecutor, Spill, drive_on_thread, plan_for,
};
use purlin_sdk::runner::{Gap, Runner, RunningPipeline};
use purlin_sdk::{PipelineOptions, Result, Sealed};

use crate::executor::ParallelExecutor;

/// Runs pipelines on all cores of this machine.
///
/// Option `--parallelism=N` is the same as [`ParallelRunner::parallelism`]. What waits for its group,
/// side inputs, and the state of keys take at most `--memory=SIZE`, such as `2GB`, by default half of what the machine has
/// available; what exceeds it goes to files in a folder of `--spill-dir=DIR`, by default that of temporary
/// files, with `--spill-compression=lz4` compressed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParallelRunner {
    parallelism: Option<NonZeroUsize>,
}

impl ParallelRunner {
    /// Runs bundles on so many threads; by default one per core.
    #[must_use]
    pub fn parallelism(mut self, threads: NonZeroUsize) -> Self {
        self.parallelism = Some(threads);
        self
    }

    fn threads(self, options: &PipelineOptions) -> Result<usize> {
        let asked = options.value::<NonZeroUsize>("parallelism")?.or(self.parallelism);
        let threads = asked.map_or_else(std::thread::available_parallelism, Ok);
        // Where the system does not say how many cores there are, one thread still works.
        Ok(threads.map_or(1, NonZeroUsize::get))
    }
}

/// Bundles of `threads` threads: two for each, so that none waits for the engine.
fn config(threads: usize, spill: Option<Spill>) -> EngineConfig {
    let times = |factor| u32::try_from(threads.saturating_mul(factor)).unwrap_or(u32::MAX).min(256);
    let default = EngineConfig::default();
    // Accumulators should be merged rather than spilled.
    let most = spill.as_ref().map_or(usize::MAX, |spill| spill.memory_bytes / 8);
    EngineConfig {
        partitions: times(4),
        // What is grouped at once should fit into the cache of a core.
        group_partitions: times(32),
        hands_over_groups: true,
        attempts: 4,
        max_in_flight: threads.saturating_mul(2),
        executors: threads,
        restrictions_per_bundle: 256,
        queue_bytes: 64 << 20,
        compact_bytes: default.compact_bytes.min(most),
        spill,
        // Ending a bundle takes about a tenth of a millisecond, a fiftieth of this.
        eager_bundle_time: Duration::from_millis(5),
        ..default
    }
}

impl Runner for ParallelRunner {
    fn name(&self) -> &'static str {
        "parallel"
    }

    fn gaps(&self) -> &'static [Gap] {
        GAPS
    }

    fn start(&self, pipeline: Sealed, options: &PipelineOptions) -> Result<RunningPipeline> {
        let threads = self.threads(options)?;
        let plan = plan_for(self.name(), &pipeline.pipeline, &PlanOptions::default())?;
        let engine = Engine::new(Arc::clone(&plan), config(threads, memory::spill(options)?))?;
        let local = LocalExecutor::new(Arc::clone(engine.shuffle()), pipeline.table);
        let (job, events) = JobHandle::new();
        let executor = ParallelExecutor::start(&plan, local, threads, job.events())?;
        drive_on_thread("purlin-parallel", engine, executor, events, job.clone())?;
        Ok(RunningPipeline::new(Arc::new(job)))
    }
}
