//! What workers are told before they begin.

use purlin_proto::fn_execution::provision_service_server::ProvisionService;
use purlin_proto::fn_execution::{GetProvisionInfoRequest, GetProvisionInfoResponse};
use tonic::{Request, Response, Status};

use super::FnApi;

#[tonic::async_trait]
impl ProvisionService for FnApi {
    /// The first call of a worker; one that joins a running job is let in here.
    async fn get_provision_info(
        &self,
        request: Request<GetProvisionInfoRequest>,
    ) -> Result<Response<GetProvisionInfoResponse>, Status> {
        let worker = self.workers.caller_or_joining(request.metadata())?;
        let info = Some(worker.kind.provision.clone());
        Ok(Response::new(GetProvisionInfoResponse { info }))
    }
}
