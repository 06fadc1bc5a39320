//! Wired stages that wait for their next bundle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use purlin_sdk::exec::{BundleProcessor, Failure, FnTable};

use super::lock;
use crate::bundle::Bundle;
use crate::plan::{SdkStage, StageId};
use crate::shuffle::Shuffle;

pub(super) struct Pool {
    shuffle: Arc<Shuffle>,
    table: Arc<FnTable>,
    idle: Mutex<BTreeMap<(StageId, bool), Vec<BundleProcessor>>>,
}

impl Pool {
    pub(super) fn new(shuffle: Arc<Shuffle>, table: Arc<FnTable>) -> Self {
        Self { shuffle, table, idle: Mutex::default() }
    }

    /// A wired stage: one that has run bundles, or a new one. Retries get a new one that finds out
    /// which element fails.
    pub(super) fn take(
        &self,
        bundle: &Bundle,
        sdk: &SdkStage,
    ) -> Result<BundleProcessor, Box<Failure>> {
        if bundle.attempt == 1
            && let Some(idle) = lock(&self.idle).get_mut(&variant(bundle)).and_then(Vec::pop)
        {
            return Ok(idle);
        }
        let mut config = self.shuffle.exec_config(bundle.stage);
        config.diagnose = bundle.attempt > 1;
        let descriptor = match &sdk.draining {
            Some(draining) if bundle.truncates => draining,
            _ => &sdk.descriptor,
        };
        BundleProcessor::new(descriptor, &self.table, &config)
    }

    pub(super) fn put(&self, bundle: &Bundle, processor: BundleProcessor) {
        // The processor of a retry is slower.
        if bundle.attempt == 1 {
            lock(&self.idle).entry(variant(bundle)).or_default().push(processor);
        }
    }
}

/// Bundles of a stage that truncate are wired in another way.
fn variant(bundle: &Bundle) -> (StageId, bool) {
    (bundle.stage, bundle.truncates)
}
