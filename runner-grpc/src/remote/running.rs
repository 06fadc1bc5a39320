//! What the workers of a job are doing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use purlin_engine::BundleId;

use crate::fn_api::Worker;
use crate::sync::lock;

/// The bundles that were given out and have not ended.
#[derive(Default)]
pub(crate) struct Running(Mutex<BTreeMap<BundleId, Entry>>);

struct Entry {
    /// The stage and attempt, for people.
    what: String,
    /// Whether it is to be checkpointed as soon as it begins.
    checkpoint: bool,
    place: Option<Place>,
}

/// Where a bundle runs.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) worker: Arc<Worker>,
    pub(super) instruction: String,
    pub(super) source: String,
}

impl Running {
    pub(super) fn accepted(&self, id: BundleId, what: String) {
        lock(&self.0).insert(id, Entry { what, checkpoint: false, place: None });
    }

    /// Notes where a bundle runs; says whether it was to be checkpointed before it began.
    pub(super) fn began(&self, id: BundleId, place: Place) -> bool {
        let mut all = lock(&self.0);
        let Some(entry) = all.get_mut(&id) else { return false };
        entry.place = Some(place);
        entry.checkpoint
    }

    /// Where to ask for a checkpoint; of a bundle that has not begun it is noted.
    pub(super) fn checkpoint(&self, id: BundleId) -> Option<Place> {
        let mut all = lock(&self.0);
        let entry = all.get_mut(&id)?;
        entry.checkpoint = true;
        entry.place.clone()
    }

    pub(super) fn ended(&self, id: BundleId) {
        lock(&self.0).remove(&id);
    }

    /// What a worker was given, for people.
    pub(super) fn of(&self, worker: &Arc<Worker>) -> Vec<String> {
        let all = lock(&self.0);
        let here = all.values().filter(|entry| {
            entry.place.as_ref().is_some_and(|place| Arc::ptr_eq(&place.worker, worker))
        });
        here.map(|entry| entry.what.clone()).collect()
    }
}
