//! What a runner chooses about its engine.

use std::time::Duration;

use crate::spill::Spill;

/// What a runner chooses about its engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Into how many partitions keys are divided for grouping.
    pub partitions: u32,
    /// The same for groupings of bounded work whose windows fire once, where every partition is one
    /// piece of work.
    pub group_partitions: u32,
    /// Let stages that read groups make them of what the GroupByKey has collected, so that groups
    /// are never written. It is for executors in this process.
    pub hands_over_groups: bool,
    /// How often a bundle is tried in all before its failure ends the job.
    pub attempts: u32,
    /// How many bundles may run at a time.
    pub max_in_flight: usize,
    /// How many of them run at the same time; while fewer do, long ones are split.
    pub executors: usize,
    /// How long a bundle of bounded work runs before it is split for an idle executor.
    pub split_after: Duration,
    /// The size of a bundle's input, where there is enough.
    pub bundle_bytes: usize,
    /// The least size of a bundle's input when the queue is shared out to idle executors.
    pub min_bundle_bytes: usize,
    /// How many elements a bundle of a splittable stage gets at most, each of which may be a lot of
    /// work. It is one where that may not end. An executor that has several gives those back that it
    /// has not begun when another is idle.
    pub restrictions_per_bundle: usize,
    /// While the queues behind a stage hold more than this, it is not run.
    pub queue_bytes: usize,
    /// When a bundle that reads a bounded source is checkpointed.
    pub source_bytes: usize,
    /// When a bundle that reads an unbounded source is checkpointed.
    pub unbounded_bundle_time: Duration,
    /// When it is checkpointed already while nothing waits behind it, so that its readers, and
    /// those who wait for its watermark, go on. While they have work it may grow.
    pub eager_bundle_time: Duration,
    /// When accumulators that wait to be grouped take more than this, and twice what was left the
    /// last time, they are merged. It is shared out to the partitions.
    pub compact_bytes: usize,
    /// How much memory what waits to be grouped and state may take, and where the rest goes;
    /// without, all is held in memory.
    pub spill: Option<Spill>,
    /// Check coders at every edge.
    pub strict: bool,
    /// Vary the order of bundles, their boundaries and the order of keys.
    pub seed: Option<u64>,
    /// Keep commits for [`Engine::take_commits`](crate::Engine::take_commits).
    pub record: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            partitions: 1,
            group_partitions: 1,
            hands_over_groups: false,
            attempts: 4,
            max_in_flight: 1,
            executors: 1,
            split_after: Duration::from_millis(20),
            bundle_bytes: 8 << 20,
            min_bundle_bytes: 256 << 10,
            restrictions_per_bundle: 1,
            queue_bytes: 64 << 20,
            source_bytes: 8 << 20,
            unbounded_bundle_time: Duration::from_millis(100),
            eager_bundle_time: Duration::from_millis(100),
            compact_bytes: 8 << 20,
            spill: None,
            strict: false,
            seed: None,
            record: false,
        }
    }
}
