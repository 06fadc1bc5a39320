//! Moves batches between the units of a stage.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use purlin_proto::fn_execution::StateKey;

use super::metrics::BundleMetrics;
use super::requests::Requests;
use super::unit::{Cx, Unit, UnitResult};
use super::{AnyBatch, Failure, Finalizer, Host, Residual};
use crate::error::Place;

/// A running stage: its units, the edges between them, and the bundle's host and effects.
///
/// Units form an acyclic graph and are entered depth first, so a unit is never entered twice; the
/// locks are taken once per batch and never contended. They exist because a user's context, which
/// has no lifetime, sends batches on from inside a call.
pub struct Router {
    slots: Vec<Slot>,
    host: Mutex<Option<Box<dyn Host>>>,
    effects: Mutex<Effects>,
    has_failed: AtomicBool,
    requests: Arc<Requests>,
}

/// What a bundle brings about beside its outputs.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) failure: Option<Box<Failure>>,
    pub(crate) residuals: Vec<Residual>,
    pub(crate) finalizers: Vec<Finalizer>,
    pub(crate) metrics: BundleMetrics,
}

pub(crate) struct Slot {
    pub(crate) unit: Mutex<Option<Box<dyn Unit>>>,
    /// The transform's id in the descriptor.
    pub(crate) transform_id: String,
    /// The transform's unique name, for messages.
    pub(crate) name: String,
    pub(crate) applied_at: Option<Place>,
    /// The units behind each output port.
    pub(crate) consumers: Vec<Vec<usize>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in user code is caught before it can leave shared state half-changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Router {
    pub(crate) fn new(slots: Vec<Slot>) -> Self {
        Self {
            slots,
            host: Mutex::new(None),
            effects: Mutex::default(),
            has_failed: AtomicBool::new(false),
            requests: Arc::default(),
        }
    }

    /// What the runner asks of the running bundle.
    pub(crate) fn requests(&self) -> &Arc<Requests> {
        &self.requests
    }

    pub(crate) fn set_host(&self, host: Option<Box<dyn Host>>) {
        *lock(&self.host) = host;
    }

    pub(crate) fn take_effects(&self) -> Effects {
        std::mem::take(&mut *lock(&self.effects))
    }

    pub(crate) fn effects<R>(&self, change: impl FnOnce(&mut Effects) -> R) -> R {
        change(&mut lock(&self.effects))
    }

    /// The id of a unit's transform.
    #[must_use]
    pub fn transform_id(&self, unit: usize) -> &str {
        &self.slots[unit].transform_id
    }

    /// The unit of a transform.
    pub(crate) fn position(&self, transform_id: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.transform_id == transform_id)
    }

    /// What stays the same as long as a state cell or side input does, where the runner says so.
    pub(crate) fn cache_token(&self, key: &StateKey) -> UnitResult<Option<Bytes>> {
        self.with_host(|host| Ok(host.cache_token(key)))
    }

    /// Reads a state cell or side input, all pages of it: a page may end inside a value.
    pub(crate) fn read_state(&self, key: &StateKey) -> UnitResult<Bytes> {
        let first = self.with_host(|host| host.get_state(key, &Bytes::new()))?;
        if first.next.is_empty() {
            return Ok(first.data);
        }
        let mut data = BytesMut::from(first.data);
        let mut token = first.next;
        while !token.is_empty() {
            let page = self.with_host(|host| host.get_state(key, &token))?;
            data.extend_from_slice(&page.data);
            token = page.next;
        }
        Ok(data.freeze())
    }

    /// Whether anything reads output `port` of `unit`.
    #[must_use]
    pub fn has_consumers(&self, unit: usize, port: usize) -> bool {
        self.slots[unit].consumers.get(port).is_some_and(|units| !units.is_empty())
    }

    /// The units behind an output port.
    pub(crate) fn consumers(&self, unit: usize, port: usize) -> &[usize] {
        self.slots[unit].consumers.get(port).map_or(&[], Vec::as_slice)
    }

    /// Whether the bundle has failed already, so that further output is of no use.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Calls the host.
    ///
    /// # Errors
    /// When the host does, or outside a bundle.
    pub fn with_host<R>(&self, call: impl FnOnce(&mut dyn Host) -> UnitResult<R>) -> UnitResult<R> {
        match lock(&self.host).as_deref_mut() {
            Some(host) => call(host),
            None => Err(Failure::new("the runner was called outside a bundle")),
        }
    }

    /// Sends a batch to all consumers of a port.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn emit(
        self: &Arc<Self>,
        unit: usize,
        port: usize,
        batch: Box<dyn AnyBatch>,
    ) -> UnitResult {
        let Some((&last, others)) =
            self.slots[unit].consumers.get(port).and_then(|units| units.split_last())
        else {
            return Ok(());
        };
        for &consumer in others {
            let copy = batch.copied();
            self.enter(consumer, |unit, cx| unit.process(copy, cx))?;
        }
        self.enter(last, |unit, cx| unit.process(batch, cx))
    }

    /// Runs a call on a unit, fenced: a panic or error ends the bundle and names the transform.
    pub(crate) fn enter(
        self: &Arc<Self>,
        index: usize,
        call: impl FnOnce(&mut dyn Unit, &Cx<'_>) -> UnitResult,
    ) -> UnitResult {
        let slot = &self.slots[index];
        let Some(mut unit) = lock(&slot.unit).take() else {
            return Err(Failure::new(format!("`{}` was entered while it ran", slot.name)));
        };
        let cx = Cx { router: self, unit: index };
        let result = catch_unwind(AssertUnwindSafe(|| call(unit.as_mut(), &cx)))
            .unwrap_or_else(|panic| Err(panic_failure(panic.as_ref())));
        *lock(&slot.unit) = Some(unit);
        result.map_err(|failure| self.note(slot, failure))
    }

    /// Names the transform in a failure and remembers the first failure of the bundle.
    fn note(&self, slot: &Slot, mut failure: Box<Failure>) -> Box<Failure> {
        if failure.transform.is_empty() && failure.text.is_none() {
            failure.transform.clone_from(&slot.name);
            failure.applied_at = failure.applied_at.or_else(|| slot.applied_at.clone());
        }
        self.has_failed.store(true, Ordering::Relaxed);
        self.effects(|effects| effects.failure.get_or_insert_with(|| failure.clone()).clone())
    }

    /// Starts or finishes a bundle on every unit, in topological order.
    pub(crate) fn each(
        self: &Arc<Self>,
        mut call: impl FnMut(&mut dyn Unit, &Cx<'_>) -> UnitResult,
    ) -> UnitResult {
        (0..self.slots.len()).try_for_each(|index| self.enter(index, &mut call))
    }

    pub(crate) fn teardown(&self) {
        for slot in &self.slots {
            if let Some(mut unit) = lock(&slot.unit).take() {
                // A panic in a teardown has nobody left to hear it.
                drop(catch_unwind(AssertUnwindSafe(|| unit.teardown())));
            }
        }
    }
}

/// The failure that a panic is: what it said.
#[must_use]
pub fn panic_failure(panic: &(dyn std::any::Any + Send)) -> Box<Failure> {
    if let Some(failure) = panic.downcast_ref::<Failure>() {
        // A call that could not return it ended the user's function by it.
        return Box::new(failure.clone());
    }
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    let mut failure = Failure::new(message);
    failure.panicked = true;
    failure
}
