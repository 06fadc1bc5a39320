//! Instructions to workers, and their answers.

use std::sync::Arc;

use purlin_proto::fn_execution::beam_fn_control_server::BeamFnControl;
use purlin_proto::fn_execution::{
    GetProcessBundleDescriptorRequest, InstructionRequest, InstructionResponse,
    ProcessBundleDescriptor,
};
use tonic::{Request, Response, Status, Streaming};

use super::worker::Worker;
use super::{Answers, FnApi};

#[tonic::async_trait]
impl BeamFnControl for FnApi {
    type ControlStream = Answers<InstructionRequest>;

    async fn control(
        &self,
        request: Request<Streaming<InstructionResponse>>,
    ) -> Result<Response<Self::ControlStream>, Status> {
        let worker = self.workers.caller(request.metadata())?;
        let Some(requests) = worker.control.attach() else { return Err(twice("control")) };
        tokio::spawn(read(Arc::clone(&worker), request.into_inner()));
        worker.connected();
        Ok(Response::new(worker.answers(requests)))
    }

    async fn get_process_bundle_descriptor(
        &self,
        request: Request<GetProcessBundleDescriptorRequest>,
    ) -> Result<Response<ProcessBundleDescriptor>, Status> {
        let worker = self.workers.caller(request.metadata())?;
        let id = request.into_inner().process_bundle_descriptor_id;
        match worker.kind.descriptors.get(&id) {
            Some(descriptor) => Ok(Response::new(descriptor.clone())),
            None => Err(Status::not_found(format!("the job has no descriptor `{id}`"))),
        }
    }
}

/// A worker whose control stream ends is dead, however it ends.
async fn read(worker: Arc<Worker>, mut responses: Streaming<InstructionResponse>) {
    loop {
        match responses.message().await {
            Ok(Some(response)) => worker.answered(response),
            Ok(None) => return worker.lost("it closed its control stream"),
            Err(status) => {
                return worker.lost(&format!("its control stream broke: {}", status.message()));
            }
        }
    }
}

/// The status for a stream that a worker opens once more: ids are not used again.
pub(super) fn twice(stream: &str) -> Status {
    Status::already_exists(format!("the {stream} stream of this worker id was opened before"))
}
