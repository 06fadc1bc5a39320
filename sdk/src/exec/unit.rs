//! A wired transform inside a stage.

use std::any::type_name;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::PTransform;

use super::{AnyBatch, Batch, Failure, Pairs, Router};

/// What running a unit returns; the failure names its transform once the router has seen it.
pub type UnitResult<T = ()> = Result<T, Box<Failure>>;

/// A wired transform: receives batches, and sends batches to the units behind it.
///
/// A call at a time, from one thread; the unit lives for many bundles.
pub trait Unit: Send {
    /// Before the first batch of a bundle.
    ///
    /// # Errors
    /// When user code fails; the bundle then fails.
    fn start_bundle(&mut self, _cx: &Cx<'_>) -> UnitResult {
        Ok(())
    }

    /// A batch of the main input.
    ///
    /// # Errors
    /// When user code fails; the bundle then fails.
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult;

    /// Pairs that were to be grouped by key for this unit, which may do without groups; `false`
    /// where it cannot.
    ///
    /// # Errors
    /// When the pairs cannot be read, or user code fails; the bundle then fails.
    fn process_pairs(&mut self, _pairs: &Pairs<'_>, _cx: &Cx<'_>) -> UnitResult<bool> {
        Ok(false)
    }

    /// Encoded timers of a family that have fired.
    ///
    /// # Errors
    /// When the unit has no such timers, the bytes are none, or user code fails.
    fn process_timers(&mut self, family: &str, _timers: &Bytes, _cx: &Cx<'_>) -> UnitResult {
        Err(Failure::new(format!("there are no timers `{family}`")))
    }

    /// In the middle of a bundle: what was written to state and timers must have been handed to the
    /// host when this returns.
    ///
    /// # Errors
    /// When the host takes it not.
    fn flush_state(&mut self) -> UnitResult {
        Ok(())
    }

    /// After the last batch of a bundle: everything must have been sent on when this returns.
    ///
    /// # Errors
    /// When user code fails; the bundle then fails.
    fn finish_bundle(&mut self, _cx: &Cx<'_>) -> UnitResult {
        Ok(())
    }

    /// The unit will not be used again; it may be in the middle of a failed bundle.
    fn teardown(&mut self) {}
}

/// A unit's place in its running stage.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// The stage.
    pub router: &'a Arc<Router>,
    /// The unit.
    pub unit: usize,
}

impl Cx<'_> {
    /// Sends a batch to the consumers of output `port`.
    ///
    /// # Errors
    /// When a unit behind fails.
    pub fn emit<T: Clone + Send + 'static>(&self, port: usize, batch: Batch<T>) -> UnitResult {
        if batch.values.is_empty() || !self.router.has_consumers(self.unit, port) {
            return Ok(());
        }
        self.router.emit(self.unit, port, Box::new(batch))
    }
}

/// What a unit is made from.
pub struct UnitSpec<'a> {
    /// The transform's id in the descriptor.
    pub transform_id: &'a str,
    /// The transform.
    pub transform: &'a PTransform,
    /// The stage.
    pub descriptor: &'a Arc<ProcessBundleDescriptor>,
    /// The codecs of the pipeline's collections by their ids.
    pub codecs: &'a BTreeMap<String, Arc<dyn super::PortCodec>>,
    /// The pipeline's own window functions.
    pub window_fns: &'a super::WindowFns,
    /// How the stage is executed.
    pub config: &'a super::ExecConfig,
    /// The index of each output by local name: its port.
    pub ports: BTreeMap<String, usize>,
}

impl UnitSpec<'_> {
    /// The port of an output by local name.
    #[must_use]
    pub fn port(&self, local_name: &str) -> Option<usize> {
        self.ports.get(local_name).copied()
    }

    /// The port of the only output; 0 where there is none, to which sending has no effect.
    #[must_use]
    pub fn only_port(&self) -> usize {
        self.ports.values().next().copied().unwrap_or(0)
    }
}

/// The batch as one of `T`: the single downcast per batch.
///
/// # Errors
/// When the graph connects different types, which only a mistake of Purlin's own can cause.
pub(crate) fn typed<T: Clone + Send + 'static>(batch: Box<dyn AnyBatch>) -> UnitResult<Batch<T>> {
    let typed = batch.into_any().downcast::<Batch<T>>();
    typed.map(|batch| *batch).map_err(|_| of_another_type::<T>())
}

/// The same for a batch that stays where it is.
///
/// # Errors
/// As those of [`typed`].
pub(crate) fn typed_ref<T: 'static>(batch: &dyn AnyBatch) -> UnitResult<&Batch<T>> {
    batch.as_any().downcast_ref().ok_or_else(of_another_type::<T>)
}

#[cold]
fn of_another_type<T>() -> Box<Failure> {
    Failure::new(format!("this input was wired for another type than `{}`", type_name::<T>()))
}
