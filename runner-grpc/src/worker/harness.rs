//! A worker at work: the streams to its runner, and what it does with each instruction.

use std::sync::Arc;

use purlin_proto::fn_execution::beam_fn_control_client::BeamFnControlClient;
use purlin_proto::fn_execution::{
    Elements, FinalizeBundleResponse, GetProcessBundleDescriptorRequest,
    HarnessMonitoringInfosResponse, InstructionRequest, InstructionResponse,
    MonitoringInfosMetadataResponse, ProcessBundleDescriptor, ProcessBundleProgressResponse,
    ProcessBundleRequest, ProcessBundleSplitRequest, RegisterResponse, SampleDataResponse,
    instruction_request as ask, instruction_response as answer,
};
use purlin_sdk::{Failure, Result};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Sender, UnboundedSender};

use super::active::Active;
use super::bundle;
use super::connection::WorkerChannel;
use super::finalizers::Finalizers;
use super::inputs::Inputs;
use super::log::{Log, Severity};
use super::processors::Processors;
use super::split::{self, SplitReply, Wish};
use super::state::StateClient;
use crate::failure;
use crate::threads::Threads;

/// Everything that the bundles of a worker share.
pub(super) struct Harness {
    pub(super) processors: Processors,
    pub(super) inputs: Inputs,
    /// The way to the data stream.
    pub(super) data: Sender<Elements>,
    pub(super) state: Arc<StateClient>,
    pub(super) active: Active,
    pub(super) finalizers: Finalizers,
    pub(super) log: Log,
    pub(super) control: BeamFnControlClient<WorkerChannel>,
    pub(super) responses: UnboundedSender<InstructionResponse>,
    /// Whether the runner understands failures as data.
    pub(super) is_structured: bool,
    pub(super) runtime: Handle,
}

impl Harness {
    /// Begins an instruction, and answers it at once where that takes no time.
    pub(super) fn instruct(self: &Arc<Self>, threads: &Threads, request: InstructionRequest) {
        let id = request.instruction_id;
        match request.request {
            Some(ask::Request::ProcessBundle(request)) => self.bundle(threads, id, request),
            Some(ask::Request::FinalizeBundle(request)) => {
                self.finalize(id, request.instruction_id);
            }
            Some(ask::Request::ProcessBundleSplit(request)) => self.split(id, &request),
            Some(other) => self.respond(id, self.answer_at_once(other)),
            None => self.respond(id, Err("the instruction is unknown to this worker".to_owned())),
        }
    }

    fn bundle(self: &Arc<Self>, threads: &Threads, id: String, request: ProcessBundleRequest) {
        self.active.accepted(&id);
        let harness = Arc::clone(self);
        threads.submit(move || {
            let result = bundle::run(&harness, &id, &request);
            harness.active.finished(&id);
            harness.inputs.finish(&id);
            if let Err(failure) = &result {
                harness.log.write(Severity::Error, &id, failure.to_string());
            }
            let is_structured = harness.is_structured;
            let result = result.map(answer::Response::ProcessBundle);
            harness.respond(id, result.map_err(|failure| failure::encode(&failure, is_structured)));
        });
    }

    /// Finalisers are users' code, which may block; they do not wait behind bundles.
    fn finalize(self: &Arc<Self>, id: String, bundle: String) {
        let harness = Arc::clone(self);
        self.runtime.spawn_blocking(move || {
            let result = harness.finalizers.run(&bundle);
            let done = answer::Response::FinalizeBundle(FinalizeBundleResponse {});
            harness.respond(id, result.map(|()| done));
        });
    }

    fn answer_at_once(&self, request: ask::Request) -> Result<answer::Response, String> {
        Ok(match request {
            ask::Request::ProcessBundleProgress(request) => {
                let mut progress = ProcessBundleProgressResponse::default();
                if self.active.is_running(&request.instruction_id) {
                    progress.consuming_received_data = Some(true);
                }
                answer::Response::ProcessBundleProgress(progress)
            }
            // Metrics are always sent in full, so there are no short ids to explain.
            ask::Request::MonitoringInfos(_) => {
                answer::Response::MonitoringInfos(MonitoringInfosMetadataResponse::default())
            }
            ask::Request::HarnessMonitoringInfos(_) => {
                answer::Response::HarnessMonitoringInfos(HarnessMonitoringInfosResponse::default())
            }
            ask::Request::SampleData(_) => {
                answer::Response::SampleData(SampleDataResponse::default())
            }
            // Descriptors are fetched at their first use in any case.
            ask::Request::Register(_) => answer::Response::Register(RegisterResponse {}),
            ask::Request::ProcessBundle(_)
            | ask::Request::ProcessBundleSplit(_)
            | ask::Request::FinalizeBundle(_) => {
                return Err("the instruction is answered elsewhere".to_owned());
            }
        })
    }

    /// Has a bundle stop early, or give a part of its element away; the answer to that comes once
    /// the bundle has looked at the request.
    fn split(&self, id: String, request: &ProcessBundleSplitRequest) {
        let reply = SplitReply::new(id, self.responses.clone());
        let mut desired = request.desired_splits.iter();
        let (Some((source, split)), None) = (desired.next(), desired.next()) else { return };
        let bundle = &request.instruction_id;
        match split::wish(split) {
            // What is left comes in the bundle's response.
            Wish::Stop => self.active.checkpoint(bundle),
            Wish::Share(fraction) => {
                let source = source.clone();
                let answer = Box::new(move |split| reply.give(split::response(source, split)));
                self.active.split(bundle, fraction, answer);
            }
            Wish::Nothing => {}
        }
    }

    fn respond(&self, id: String, result: Result<answer::Response, String>) {
        let (error, response) = match result {
            Ok(response) => (String::new(), Some(response)),
            Err(error) => (error, None),
        };
        // It fails only when the runner has gone.
        drop(self.responses.send(InstructionResponse { instruction_id: id, error, response }));
    }

    /// Asks the runner for a descriptor. Blocks, so it is for threads that run bundles.
    pub(super) fn descriptor(&self, id: &str) -> Result<ProcessBundleDescriptor, Box<Failure>> {
        let request =
            GetProcessBundleDescriptorRequest { process_bundle_descriptor_id: id.to_owned() };
        let mut client = self.control.clone();
        let answer = self.runtime.block_on(client.get_process_bundle_descriptor(request));
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| Failure::new(format!("no descriptor `{id}`: {}", status.message())))
    }
}
