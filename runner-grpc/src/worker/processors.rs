//! Wired stages, kept from bundle to bundle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_sdk::Failure;
use purlin_sdk::exec::{BundleProcessor, ExecConfig, FnTable};

use crate::stage::Stage;
use crate::sync::lock;

/// The stages that a worker knows, by descriptor id.
pub(super) struct Processors {
    table: Arc<FnTable>,
    known: Mutex<HashMap<String, Arc<Known>>>,
}

/// A stage and its processors.
#[derive(Default)]
pub(super) struct Known {
    stage: OnceLock<Arc<Stage>>,
    idle: Mutex<Vec<BundleProcessor>>,
    /// Whether a bundle of it has failed: then elements are remembered to be shown.
    has_failed: AtomicBool,
}

impl Processors {
    pub(super) fn new(table: Arc<FnTable>) -> Self {
        Self { table, known: Mutex::default() }
    }

    /// The entry of a descriptor, which may not have been fetched yet.
    pub(super) fn known(&self, descriptor_id: &str) -> Arc<Known> {
        Arc::clone(lock(&self.known).entry(descriptor_id.to_owned()).or_default())
    }

    /// An idle processor, or a new one.
    pub(super) fn take(
        &self,
        known: &Known,
        stage: &Stage,
    ) -> Result<BundleProcessor, Box<Failure>> {
        if let Some(idle) = lock(&known.idle).pop() {
            return Ok(idle);
        }
        let config = ExecConfig {
            framing_as_declared: true,
            diagnose: known.has_failed.load(Ordering::Relaxed),
            ..ExecConfig::default()
        };
        BundleProcessor::new(&stage.descriptor, &self.table, &config)
    }

    /// Tears down what is idle, at the end of the job.
    pub(super) fn close(&self) {
        let known = std::mem::take(&mut *lock(&self.known));
        // Dropped without the lock, since it runs users' teardown.
        drop(known);
    }
}

impl Known {
    /// The stage; `fetch` asks the runner for its descriptor at the first use. Two bundles that
    /// start at once may both ask.
    pub(super) fn stage(
        &self,
        fetch: impl FnOnce() -> Result<ProcessBundleDescriptor, Box<Failure>>,
    ) -> Result<Arc<Stage>, Box<Failure>> {
        if let Some(stage) = self.stage.get() {
            return Ok(Arc::clone(stage));
        }
        let stage = Arc::new(Stage::new(fetch()?)?);
        Ok(Arc::clone(self.stage.get_or_init(|| stage)))
    }

    /// Keeps a processor whose bundle ended well.
    pub(super) fn put_back(&self, processor: BundleProcessor) {
        lock(&self.idle).push(processor);
    }

    /// After a failure: the next processors remember elements, so the present ones go.
    pub(super) fn note_failure(&self) {
        self.has_failed.store(true, Ordering::Relaxed);
        let idle = std::mem::take(&mut *lock(&self.idle));
        // Dropped without the lock, since it runs users' teardown.
        drop(idle);
    }
}
