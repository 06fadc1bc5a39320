//! What the workers of a job are doing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use purlin_engine::BundleId;
use purlin_sdk::Failure;
use tokio::sync::OwnedMutexGuard;

use crate::fn_api::Worker;
use crate::sync::lock;

/// The bundles that were given out and have not ended.
#[derive(Default)]
pub(crate) struct Running(Mutex<BTreeMap<BundleId, Entry>>);

struct Entry {
    /// The stage and attempt, for people.
    what: String,
    /// What it is to be asked as soon as it begins.
    asked: Asked,
    place: Option<Place>,
    /// Held while a split of it has no answer.
    splitting: Splitting,
    /// An answer to a split that no worker may give.
    offence: Option<String>,
}

type Splitting = Arc<tokio::sync::Mutex<()>>;

/// What was asked of a bundle before it began.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) checkpoint: bool,
    pub(super) split: Option<SplitAsk>,
}

/// A split, as the engine asks for it.
#[derive(Clone, Copy)]
pub(super) struct SplitAsk {
    pub(super) bundle: BundleId,
    /// The number that the answer repeats.
    pub(super) ask: u32,
    pub(super) fraction: f64,
}

/// A split that is to be made now. The bundle does not end before this is dropped.
pub(super) struct OpenSplit {
    pub(super) place: Place,
    _open: OwnedMutexGuard<()>,
}

/// Where a bundle runs.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) worker: Arc<Worker>,
    /// The bundle's name on the wire; never used twice.
    pub(super) instruction: String,
    /// The stage's read node.
    pub(super) source: String,
}

impl Running {
    pub(super) fn accepted(&self, id: BundleId, what: String) {
        let entry = Entry {
            what,
            asked: Asked::default(),
            place: None,
            splitting: Splitting::default(),
            offence: None,
        };
        lock(&self.0).insert(id, entry);
    }

    /// Notes where a bundle runs; says what was asked of it before.
    pub(super) fn began(&self, id: BundleId, place: Place) -> Asked {
        let mut all = lock(&self.0);
        let Some(entry) = all.get_mut(&id) else { return Asked::default() };
        entry.place = Some(place);
        entry.asked
    }

    /// Where to ask for a checkpoint; of a bundle that has not begun it is noted.
    pub(super) fn checkpoint(&self, id: BundleId) -> Option<Place> {
        let mut all = lock(&self.0);
        let entry = all.get_mut(&id)?;
        entry.asked.checkpoint = true;
        entry.place.clone()
    }

    /// Where to ask for a split; of a bundle that has not begun it is noted.
    pub(super) fn split(&self, ask: SplitAsk) -> Option<OpenSplit> {
        let mut all = lock(&self.0);
        let entry = all.get_mut(&ask.bundle)?;
        let Some(place) = entry.place.clone() else {
            entry.asked.split = Some(ask);
            return None;
        };
        let open = Arc::clone(&entry.splitting).try_lock_owned().ok()?;
        Some(OpenSplit { place, _open: open })
    }

    /// A worker answered a split in a way that leaves open who does what.
    pub(super) fn offended(&self, id: BundleId, offence: String) {
        if let Some(entry) = lock(&self.0).get_mut(&id) {
            entry.offence = Some(offence);
        }
    }

    /// Has a bundle split no more, once the answer to the last split has been passed on.
    ///
    /// # Errors
    /// When that answer leaves open which work the bundle has done.
    pub(super) async fn settle(&self, id: BundleId) -> Result<(), Box<Failure>> {
        let splitting = lock(&self.0).get(&id).map(|entry| Arc::clone(&entry.splitting));
        let Some(splitting) = splitting else { return Ok(()) };
        let _answered = splitting.lock().await;
        let mut all = lock(&self.0);
        let Some(entry) = all.get_mut(&id) else { return Ok(()) };
        entry.place = None;
        entry.offence.take().map_or(Ok(()), |offence| Err(Failure::new(offence)))
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
