//! A bundle of a helper stage: what is asked, and what comes back.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_proto::fn_execution::{
    Elements, ProcessBundleRequest, StateRequest, StateResponse, elements,
    instruction_request as ask,
};
use purlin_sdk::Failure;
use tokio::sync::Notify;

use crate::failure;
use crate::fn_api::{BundleEnd, Worker, WorkerStatus};
use crate::stage::Stage;
use crate::sync::lock;

/// A bundle that asks.
pub(super) struct Question {
    pub(super) worker: Arc<Worker>,
    pub(super) instruction: String,
    pub(super) stage: Arc<Stage>,
    pub(super) end: Arc<Answer>,
}

impl Question {
    /// The elements of the answer.
    pub(super) async fn hold(&self, source: &str, data: Bytes) -> Result<Bytes, Box<Failure>> {
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

pub(super) fn lost() -> Box<Failure> {
    Failure::new("the worker was lost that was asked about windows")
}

/// What a worker sends about a question.
#[derive(Default)]
pub(super) struct Answer {
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
            error: "a stage that answers questions about windows has no state".to_owned(),
            ..StateResponse::default()
        }
    }
}
