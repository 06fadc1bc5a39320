//! Has users' functions merge windows, on the workers that have them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_engine::WindowMerger;
use purlin_proto::fn_execution::{
    Elements, ProcessBundleRequest, StateRequest, StateResponse, elements,
    instruction_request as ask,
};
use purlin_proto::pipeline::FunctionSpec;
use purlin_sdk::{Failure, Window};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::merging::{MergeStage, Merging};
use super::pool::Pool;
use crate::failure;
use crate::fn_api::{BundleEnd, Worker, WorkerStatus};
use crate::stage::Stage;
use crate::sync::lock;

/// How many answers are remembered.
const REMEMBERED: usize = 4096;

/// Merges windows by a bundle of a helper stage for each set of windows.
///
/// Its bundles need no lease: who asks holds one of the runner's cores, for which a bundle with a
/// lease may be waiting. They wait at the worker for a thread, and a bundle there waits for nothing
/// that the runner's cores have to do.
pub(super) struct Merger {
    stages: Vec<(MergeStage, Arc<Stage>, Option<Arc<Pool>>)>,
    runtime: Handle,
    asked: AtomicU64,
    known: Mutex<HashMap<(usize, Vec<Window>), Merging>>,
    /// Set once there was no worker left to ask.
    is_forsaken: Arc<AtomicBool>,
}

impl Merger {
    /// One that asks the workers of each stage's pool.
    pub(super) fn new(
        stages: &[MergeStage],
        pool: impl Fn(&str) -> Option<Arc<Pool>>,
        runtime: &Handle,
    ) -> Result<Self, Box<Failure>> {
        let ready = stages.iter().map(|stage| {
            let described = Stage::new(stage.descriptor.as_ref().clone())?;
            Ok((stage.clone(), Arc::new(described), pool(&stage.environment_id)))
        });
        Ok(Self {
            stages: ready.collect::<Result<_, Box<Failure>>>()?,
            runtime: runtime.clone(),
            asked: AtomicU64::new(1),
            known: Mutex::default(),
            is_forsaken: Arc::default(),
        })
    }

    /// Says whether groupings fail because all workers are lost, which is not their fault.
    pub(super) fn is_forsaken(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_forsaken)
    }

    async fn ask(&self, index: usize, windows: &[Window]) -> Result<Merging, Box<Failure>> {
        let (merging, described, pool) = &self.stages[index];
        let pool = pool.as_ref().ok_or_else(|| {
            Failure::new(format!("environment `{}` has no workers", merging.environment_id))
        })?;
        let Some(worker) = pool.connected().await else {
            self.is_forsaken.store(true, Ordering::Relaxed);
            return Err(lost());
        };
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let request = Request {
            worker: Arc::clone(&worker),
            instruction: format!("merge-{number}"),
            stage: Arc::clone(described),
            end: Arc::default(),
        };
        let data = request.hold(merging.source(), merging.request(windows)?).await;
        let data = data.map_err(|mut failure| {
            failure.worker.get_or_insert_with(|| worker.label.clone());
            failure
        })?;
        merging.answer(&data)
    }
}

impl WindowMerger for Merger {
    fn merge(&self, window_fn: &FunctionSpec, windows: &[Window]) -> Result<Merging, Box<Failure>> {
        let index = self.stages.iter().position(|(stage, ..)| stage.window_fn == *window_fn);
        let index = index.ok_or_else(|| {
            Failure::new(format!("no worker was told of the window function `{}`", window_fn.urn))
        })?;
        let mut sorted = windows.to_vec();
        sorted.sort();
        let question = (index, sorted);
        if let Some(merging) = lock(&self.known).get(&question) {
            return Ok(merging.clone());
        }
        // Groupings run on threads that may block.
        let merging = self.runtime.block_on(self.ask(index, &question.1))?;
        let mut known = lock(&self.known);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(question, merging.clone());
        Ok(merging)
    }
}

/// A bundle with one request.
struct Request {
    worker: Arc<Worker>,
    instruction: String,
    stage: Arc<Stage>,
    end: Arc<Answer>,
}

impl Request {
    /// The elements of the answer.
    async fn hold(&self, source: &str, data: Bytes) -> Result<Bytes, Box<Failure>> {
        let end: Arc<dyn BundleEnd> = Arc::clone(&self.end) as Arc<dyn BundleEnd>;
        self.worker.register(&self.instruction, end);
        let mut status = self.worker.status();
        let gone = status.wait_for(|status| *status != WorkerStatus::Connected);
        let result = tokio::select! {
            result = self.exchange(source, data) => result,
            _ = gone => Err(lost()),
        };
        self.worker.unregister(&self.instruction);
        result
    }

    async fn exchange(&self, source: &str, data: Bytes) -> Result<Bytes, Box<Failure>> {
        let request = ask::Request::ProcessBundle(ProcessBundleRequest {
            process_bundle_descriptor_id: self.stage.descriptor.id.clone(),
            ..Default::default()
        });
        let answered = self.worker.send(&self.instruction, request).await.ok_or_else(lost)?;
        let asking = elements::Data {
            instruction_id: self.instruction.clone(),
            transform_id: source.to_owned(),
            data,
            is_last: false,
        };
        let asking = Elements { data: vec![asking], ..Elements::default() };
        self.worker.send_data(asking).await.ok_or_else(lost)?;
        let terminators = self.stage.inputs.message(&self.instruction);
        self.worker.send_data(terminators).await.ok_or_else(lost)?;
        let response = answered.await.map_err(|_| lost())?;
        if !response.error.is_empty() {
            return Err(failure::decode(&response.error));
        }
        self.end.ended.notified().await;
        Ok(std::mem::take(&mut *lock(&self.end.data)).into())
    }
}

fn lost() -> Box<Failure> {
    Failure::new("the worker was lost that was to merge windows")
}

/// What a worker sends about a request.
#[derive(Default)]
struct Answer {
    data: Mutex<Vec<u8>>,
    ended: Notify,
}

impl BundleEnd for Answer {
    fn data(&self, _: &str, data: Bytes, is_last: bool) {
        lock(&self.data).extend_from_slice(&data);
        if is_last {
            self.ended.notify_one();
        }
    }

    fn timers(&self, _: &str, _: &str, _: Bytes, _: bool) {}

    fn state(&self, _: &StateRequest) -> StateResponse {
        StateResponse {
            error: "a stage that merges windows has no state".to_owned(),
            ..StateResponse::default()
        }
    }
}
