//! What is said between runner and worker about one bundle.

use std::sync::Arc;

use bytes::Bytes;
use purlin_engine::FiredTimers;
use purlin_proto::fn_execution::{
    InstructionResponse, ProcessBundleRequest, ProcessBundleResponse, instruction_request as ask,
    instruction_response as answer,
};
use purlin_sdk::Failure;
use tokio::sync::oneshot;

use super::frames;
use super::open::OpenBundle;
use super::running::Place;
use super::split::checkpoint;
use crate::failure;
use crate::fn_api::{BundleEnd, WorkerStatus};
use crate::stage::Stage;

/// A bundle on its way through a worker.
pub(super) struct Conversation {
    pub(super) place: Place,
    pub(super) stage: Arc<Stage>,
    pub(super) end: Arc<OpenBundle>,
}

/// What a worker gets for a bundle.
pub(super) struct Input {
    /// Elements for the read node.
    pub(super) frames: Vec<Bytes>,
    pub(super) timers: Vec<FiredTimers>,
}

/// Why a bundle came to nothing.
pub(super) enum Trouble {
    /// The worker was lost; whoever watches it says so.
    Lost,
    /// The worker answered with an error.
    Failed(Box<Failure>),
}

impl Conversation {
    /// Runs the bundle: its end is the worker's answer and the end of all its outputs.
    pub(super) async fn hold(
        &self,
        input: Input,
        began: impl FnOnce(),
    ) -> Result<ProcessBundleResponse, Trouble> {
        let end: Arc<dyn BundleEnd> = Arc::clone(&self.end) as Arc<dyn BundleEnd>;
        self.place.worker.register(&self.place.instruction, end);
        let mut status = self.place.worker.status();
        let lost = status.wait_for(|status| *status != WorkerStatus::Connected);
        let result = tokio::select! {
            result = self.exchange(input, began) => result,
            _ = lost => Err(Trouble::Lost),
        };
        self.place.worker.unregister(&self.place.instruction);
        result
    }

    async fn exchange(
        &self,
        input: Input,
        began: impl FnOnce(),
    ) -> Result<ProcessBundleResponse, Trouble> {
        let request = ask::Request::ProcessBundle(ProcessBundleRequest {
            process_bundle_descriptor_id: self.stage.descriptor.id.clone(),
            cache_tokens: self.end.cache_tokens(),
            ..Default::default()
        });
        let sent = self.place.worker.send(&self.place.instruction, request).await;
        let mut answered = sent.ok_or(Trouble::Lost)?;
        began();
        let early = tokio::select! {
            // A worker that failed does not read on: sending it the rest could wait for ever.
            biased;
            answer = &mut answered => Some(answer),
            sent = self.feed(input) => { sent?; None }
        };
        let answer = match early {
            Some(answer) => answer,
            None => self.wait(&mut answered).await,
        };
        let response = read(answer.map_err(|_| Trouble::Lost)?)?;
        self.end.intake.ended.notified().await;
        Ok(response)
    }

    async fn feed(&self, input: Input) -> Result<(), Trouble> {
        for message in frames::messages(&self.place.instruction, &self.place.source, input.frames) {
            self.place.worker.send_data(message).await.ok_or(Trouble::Lost)?;
        }
        // Behind the elements, in a message of their own: readers differ in which of the two they
        // take first.
        if !input.timers.is_empty() {
            let message = frames::timers(&self.place.instruction, input.timers);
            self.place.worker.send_data(message).await.ok_or(Trouble::Lost)?;
        }
        let terminators = self.stage.inputs.message(&self.place.instruction);
        self.place.worker.send_data(terminators).await.ok_or(Trouble::Lost)
    }

    /// Waits for the answer, and asks the bundle to stop early once it has put out enough.
    async fn wait(
        &self,
        answered: &mut oneshot::Receiver<InstructionResponse>,
    ) -> Result<InstructionResponse, oneshot::error::RecvError> {
        tokio::select! {
            biased;
            answer = &mut *answered => return answer,
            () = self.end.intake.is_over_limit.notified() => {}
        }
        let asking = checkpoint(&self.place);
        let (_, answer) = tokio::join!(asking, answered);
        answer
    }
}

fn read(response: InstructionResponse) -> Result<ProcessBundleResponse, Trouble> {
    if !response.error.is_empty() {
        return Err(Trouble::Failed(failure::decode(&response.error)));
    }
    match response.response {
        Some(answer::Response::ProcessBundle(response)) => Ok(response),
        _ => Err(Trouble::Failed(Failure::new("the worker answered a bundle with something else"))),
    }
}
