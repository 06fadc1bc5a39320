//! Bundles on threads: rayon for bounded work, a channel to long-lived threads for streams.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, bounded};
use purlin_engine::plan::{CollectionId, Plan, Stage, StageKind};
use purlin_engine::{Bundle, BundleId, Event, Executor, LocalExecutor};
use purlin_sdk::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Runs bundles on threads of this process. Dropping it waits for the bundles that run.
pub(crate) struct ParallelExecutor {
    local: Arc<LocalExecutor>,
    events: Sender<Event>,
    pool: ThreadPool,
    /// By stage: whether its input is unbounded.
    is_stream: Vec<bool>,
    /// Taken when dropped, so that the threads end.
    streams: Option<crossbeam_channel::Sender<Bundle>>,
    threads: Vec<JoinHandle<()>>,
}

impl ParallelExecutor {
    /// Starts `threads` threads, and as many again where the plan has streams.
    pub(crate) fn start(
        plan: &Plan,
        local: LocalExecutor,
        threads: usize,
        events: &Sender<Event>,
    ) -> Result<Self> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("purlin-batch-{number}"))
            .build()
            .map_err(|error| Error::caused("the threads cannot be started", error))?;
        let is_stream: Vec<bool> = plan.stages.iter().map(|stage| is_stream(plan, stage)).collect();
        // The engine keeps at most two bundles per thread in flight, so a send never blocks.
        let (sender, bundles) = bounded(threads.saturating_mul(2));
        let count = if is_stream.contains(&true) { threads } else { 0 };
        let mut this = Self {
            local: Arc::new(local),
            events: events.clone(),
            pool,
            is_stream,
            streams: Some(sender),
            threads: Vec::new(),
        };
        for number in 0..count {
            this.threads.push(this.stream_thread(number, bundles.clone())?);
        }
        Ok(this)
    }

    fn stream_thread(&self, number: usize, bundles: Receiver<Bundle>) -> Result<JoinHandle<()>> {
        let (local, events) = (Arc::clone(&self.local), self.events.clone());
        let work = move || {
            for bundle in bundles {
                if events.send(local.run(bundle)).is_err() {
                    return;
                }
            }
        };
        Builder::new()
            .name(format!("purlin-stream-{number}"))
            .spawn(work)
            .map_err(|error| Error::caused("a thread cannot be started", error))
    }
}

/// Whether a stage reads or makes what does not end by itself.
fn is_stream(plan: &Plan, stage: &Stage) -> bool {
    let is_unbounded = |input: CollectionId| !plan.collections[input.0].is_bounded;
    match &stage.kind {
        StageKind::TestStream { .. } => true,
        StageKind::GroupByKey { input, .. } | StageKind::Reshuffle { input, .. } => {
            is_unbounded(*input)
        }
        StageKind::Sdk(sdk) => is_unbounded(sdk.input) || plan.is_endless(stage),
        StageKind::Impulse { .. } | StageKind::Flatten { .. } => plan.is_endless(stage),
    }
}

impl Executor for ParallelExecutor {
    fn run(&self, bundle: Bundle) {
        if self.is_stream[bundle.stage.0] {
            if let Some(streams) = &self.streams {
                // The threads end only after this sender is dropped.
                let _ = streams.send(bundle);
            }
            return;
        }
        let (local, events) = (Arc::clone(&self.local), self.events.clone());
        self.pool.spawn_fifo(move || {
            // A job that has ended does not listen any more.
            let _ = events.send(local.run(bundle));
        });
    }

    fn checkpoint(&self, id: BundleId) {
        self.local.checkpoint(id);
    }

    fn split(&self, id: BundleId, ask: u32, fraction: f64) {
        self.local.split(id, ask, fraction, &self.events);
    }

    fn finalize(&self, id: BundleId) {
        self.local.finalize(id);
    }

    fn forget(&self, id: BundleId) {
        self.local.forget(id);
    }
}

impl Drop for ParallelExecutor {
    fn drop(&mut self) {
        self.streams = None;
        for thread in self.threads.drain(..) {
            // Bundles are fenced; a thread that panicked all the same has nothing more to say.
            let _ = thread.join();
        }
        // Waits for what was spawned before on every thread of the pool.
        self.pool.broadcast(|_| ());
    }
}
