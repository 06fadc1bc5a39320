//! A stage, wired and ready to run bundle after bundle.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_proto::fn_execution::{DelayedBundleApplication, ProcessBundleDescriptor};

use super::metrics::BundleMetrics;
use super::requests::BundleControl;
use super::router::Router;
use super::source::Source;
use super::unit::UnitResult;
use super::wire::wire;
use super::{Chunk, FnTable, Host, PagedGroup, Pairs};
use crate::error::BoxError;

/// Work that a splittable DoFn left for later: an encoded element with its restriction, the
/// watermarks that it holds, and when to resume.
pub type Residual = DelayedBundleApplication;

/// Called once a bundle's effects are durable, at most once.
pub type Finalizer = Box<dyn FnOnce() -> Result<(), BoxError> + Send>;

/// How a stage is executed.
#[derive(Clone, Debug, Default)]
pub struct ExecConfig {
    /// Check at every edge that coders are faithful.
    pub strict: bool,
    /// Remember each element while user code runs on it, so that a failure can show it. Costs a
    /// clone per element, so it is for the retry of a failed bundle.
    pub diagnose: bool,
    /// Frame elements exactly as the descriptor's coders say, for a data plane; otherwise a
    /// constant stamp is kept once per chunk.
    pub framing_as_declared: bool,
    /// How many bytes of accumulators a combine keeps before a shuffle, where that is less than it
    /// would by itself.
    pub combine_bytes: Option<usize>,
    /// How each write node writes; one that is not listed does not partition.
    pub sinks: BTreeMap<String, SinkConfig>,
}

/// How a write node writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SinkConfig {
    /// The number of partitions, by the key's hash; 0 for none.
    pub partitions: u32,
    /// Whether to keep where elements and keys lie.
    pub index: bool,
}

/// What a finished bundle brought about beside its outputs.
#[derive(Default)]
pub struct BundleOutcome {
    /// What is left to do later.
    pub residuals: Vec<Residual>,
    /// To call once the bundle is committed.
    pub finalizers: Vec<Finalizer>,
    /// What it counted.
    pub metrics: BundleMetrics,
}

/// A wired stage. Not to be used after a call that failed: user code may be in any state then.
pub struct BundleProcessor {
    router: Arc<Router>,
    sources: BTreeMap<String, Source>,
}

impl BundleProcessor {
    /// Wires the transforms of a descriptor.
    ///
    /// # Errors
    /// When the descriptor is malformed, names functions that the table lacks, or a function's
    /// setup fails.
    pub fn new(
        descriptor: &Arc<ProcessBundleDescriptor>,
        table: &FnTable,
        config: &ExecConfig,
    ) -> UnitResult<Self> {
        let (router, sources) = wire(descriptor, table, config)?;
        Ok(Self { router: Arc::new(router), sources })
    }

    /// The way to stop or split a running bundle.
    #[must_use]
    pub fn control(&self) -> BundleControl {
        BundleControl(Arc::clone(self.router.requests()))
    }

    /// Begins a bundle whose outputs, state and side inputs go through `host`.
    ///
    /// # Errors
    /// When user code fails.
    pub fn start_bundle(&mut self, host: Box<dyn Host>) -> UnitResult {
        self.router.requests().clear();
        self.router.set_host(Some(host));
        self.router.each(|unit, cx| unit.start_bundle(cx))
    }

    /// Processes elements that arrive at the read node `source`.
    ///
    /// # Errors
    /// When they cannot be decoded, or user code fails.
    pub fn process(&mut self, source: &str, chunk: &Chunk) -> UnitResult {
        self.source(source)?.process(chunk, &self.router)
    }

    /// Processes pairs that arrive at the read node `source`, which reads groups. `false` where
    /// nothing was done, because the node can only read groups as bytes.
    ///
    /// # Errors
    /// When they cannot be decoded, or user code fails.
    pub fn process_pairs(&mut self, source: &str, pairs: &Pairs<'_>) -> UnitResult<bool> {
        self.source(source)?.process_pairs(pairs, &self.router)
    }

    /// Processes a group in pages that arrives at the read node `source`. `false` where nothing was
    /// done, because the node can only read groups as bytes.
    ///
    /// # Errors
    /// When its key cannot be decoded, or user code fails.
    pub fn process_paged(&mut self, source: &str, group: &PagedGroup) -> UnitResult<bool> {
        self.source(source)?.process_paged(group, &self.router)
    }

    fn source(&self, id: &str) -> UnitResult<&Source> {
        let missing = || super::Failure::new(format!("the stage has no read node `{id}`"));
        self.sources.get(id).ok_or_else(missing)
    }

    /// Processes timers of a family of a transform that have fired, encoded as
    /// `beam:coder:timer:v1`, in their order. Where the family is the transform's
    /// `on_window_expiration_timer_family_spec`, they say that windows end.
    ///
    /// # Errors
    /// When they cannot be decoded, or user code fails.
    pub fn process_timers(
        &mut self,
        transform_id: &str,
        family: &str,
        timers: &Bytes,
    ) -> UnitResult {
        match self.router.position(transform_id) {
            Some(unit) => {
                self.router.enter(unit, |unit, cx| unit.process_timers(family, timers, cx))
            }
            None => {
                Err(super::Failure::new(format!("the stage has no transform `{transform_id}`")))
            }
        }
    }

    /// Has all that user code wrote to state and timers handed to the host, in the middle of a bundle.
    ///
    /// # Errors
    /// When the host takes it not.
    pub fn flush_state(&mut self) -> UnitResult {
        self.router.each(|unit, _| unit.flush_state())
    }

    /// Ends the bundle: everything that it made was handed to the host when this returns.
    ///
    /// # Errors
    /// When user code fails.
    pub fn finish_bundle(&mut self) -> UnitResult<BundleOutcome> {
        self.router.each(|unit, cx| unit.finish_bundle(cx))?;
        self.router.set_host(None);
        let effects = self.router.take_effects();
        match effects.failure {
            Some(failure) => Err(failure),
            None => Ok(BundleOutcome {
                residuals: effects.residuals,
                finalizers: effects.finalizers,
                metrics: effects.metrics,
            }),
        }
    }

    /// The failure that user code met in a context that could not return it, if any.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.router.has_failed()
    }
}

impl Drop for BundleProcessor {
    fn drop(&mut self) {
        self.router.set_host(None);
        self.router.teardown();
    }
}
