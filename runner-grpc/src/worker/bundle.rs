//! One bundle in a worker, from its request to its response.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_proto::fn_execution::process_bundle_request::CacheToken;
use purlin_proto::fn_execution::{ProcessBundleRequest, ProcessBundleResponse};
use purlin_sdk::Failure;
use purlin_sdk::exec::{BundleOutcome, BundleProcessor, Chunk};

use super::harness::Harness;
use super::host::FnApiHost;
use super::inputs::{Arrival, Queue};
use super::outbox::Outbox;
use super::state::Writes;
use crate::monitoring;
use crate::stage::Stage;
use crate::sync::lock;

/// Runs a bundle on the calling thread. Whatever happens, the thread survives.
pub(super) fn run(
    harness: &Harness,
    instruction: &str,
    request: &ProcessBundleRequest,
) -> Result<ProcessBundleResponse, Box<Failure>> {
    let result = catch_unwind(AssertUnwindSafe(|| attempt(harness, instruction, request)));
    result.unwrap_or_else(|_| {
        Err(Failure::new("the worker panicked outside of a transform, while it made a stage ready"))
    })
}

fn attempt(
    harness: &Harness,
    instruction: &str,
    request: &ProcessBundleRequest,
) -> Result<ProcessBundleResponse, Box<Failure>> {
    let Some(queue) = harness.inputs.queue(instruction) else {
        return Err(Failure::new(format!("`{instruction}` was run before, or the job has ended")));
    };
    queue.run();
    let descriptor_id = request.process_bundle_descriptor_id.as_str();
    let known = harness.processors.known(descriptor_id);
    let result = known.stage(|| harness.descriptor(descriptor_id)).and_then(|stage| {
        let mut processor = harness.processors.take(&known, &stage)?;
        let tokens = &request.cache_tokens;
        let bundle = Bundle { harness, instruction, stage: &stage, queue: &queue, tokens };
        let outcome = bundle.process(&mut processor)?;
        known.put_back(processor);
        Ok(outcome)
    });
    match result {
        Ok(outcome) => Ok(respond(harness, instruction, outcome)),
        Err(failure) => {
            known.note_failure();
            Err(failure)
        }
    }
}

struct Bundle<'a> {
    harness: &'a Harness,
    instruction: &'a str,
    stage: &'a Stage,
    queue: &'a Queue,
    tokens: &'a [CacheToken],
}

impl Bundle<'_> {
    fn process(&self, processor: &mut BundleProcessor) -> Result<BundleOutcome, Box<Failure>> {
        let outbox = Outbox::new(self.instruction, self.harness.data.clone());
        let outbox = Arc::new(Mutex::new(outbox));
        let writes = Arc::<Writes>::default();
        let host = FnApiHost {
            instruction: self.instruction.to_owned(),
            outbox: Arc::clone(&outbox),
            state: Arc::clone(&self.harness.state),
            writes: Arc::clone(&writes),
            cache_tokens: self.tokens.to_vec(),
        };
        processor.start_bundle(Box::new(host))?;
        self.harness.active.started(self.instruction, processor.control());
        self.feed(processor)?;
        let outcome = processor.finish_bundle()?;
        // Before another bundle gets the processor.
        self.harness.active.finished(self.instruction);
        writes.settle()?;
        lock(&outbox).finish(&self.stage.outputs)?;
        Ok(outcome)
    }

    /// Processes what arrives, as it arrives, until all streams of the bundle have ended.
    fn feed(&self, processor: &mut BundleProcessor) -> Result<(), Box<Failure>> {
        let mut open = self.stage.inputs.clone();
        while !open.is_empty() {
            match self.queue.next() {
                Some(Arrival::Data(source, data)) => self.elements(processor, &source, data)?,
                Some(Arrival::DataEnd(source)) => {
                    open.data.remove(&source);
                }
                Some(Arrival::Timers(transform, family, timers)) => {
                    processor.process_timers(&transform, &family, &timers)?;
                }
                Some(Arrival::TimersEnd(transform, family)) => {
                    open.timers.remove(&(transform, family));
                }
                None => return Err(Failure::new("the runner has gone")),
            }
        }
        Ok(())
    }

    fn elements(
        &self,
        processor: &mut BundleProcessor,
        source: &str,
        data: Bytes,
    ) -> Result<(), Box<Failure>> {
        let Some(framing) = self.stage.sources.get(source) else {
            return Err(Failure::new(format!("the stage has no read node `{source}`")));
        };
        let chunk = Chunk {
            data,
            framing: framing.clone(),
            // Not on the wire; the read node counts as it decodes.
            count: 0,
            partition: None,
            index: None,
        };
        processor.process(source, &chunk)
    }
}

fn respond(harness: &Harness, instruction: &str, outcome: BundleOutcome) -> ProcessBundleResponse {
    let values = outcome.metrics.values.iter();
    let infos = values.map(|((transform, name), value)| monitoring::info(transform, name, value));
    let requires_finalization = !outcome.finalizers.is_empty();
    if requires_finalization {
        harness.finalizers.keep(instruction, outcome.finalizers);
    }
    ProcessBundleResponse {
        residual_roots: outcome.residuals,
        monitoring_infos: infos.collect(),
        requires_finalization,
        ..Default::default()
    }
}
