//! Workers on threads of the program that submits a job: Beam's LOOPBACK environment.
//!
//! The program serves an external worker pool, and the runner asks it to start workers, which
//! connect to the runner like any others. They use the functions that the program has at hand.

use std::sync::Arc;

use purlin_proto::fn_execution::beam_fn_external_worker_pool_server::{
    BeamFnExternalWorkerPool, BeamFnExternalWorkerPoolServer,
};
use purlin_proto::fn_execution::{
    StartWorkerRequest, StartWorkerResponse, StopWorkerRequest, StopWorkerResponse,
};
use purlin_sdk::exec::FnTable;
use purlin_sdk::{Error, Result};
use tokio::sync::oneshot;
use tonic::{Request, Response, Status};
use tracing::warn;

use super::connection::Identity;
use super::provision;
use super::serve::serve;
use crate::runtime::{runtime, wait};
use crate::transport;

/// A pool that is served until this is dropped.
pub(crate) struct WorkerPool {
    /// Where it is served: `HOST:PORT`.
    pub(crate) address: String,
    _stop: oneshot::Sender<()>,
}

impl WorkerPool {
    /// Serves a pool on a free port of the loopback interface.
    pub(crate) fn start(table: &Arc<FnTable>) -> Result<Self> {
        let runtime = runtime()?;
        let _entered = runtime.enter();
        let (incoming, address) = transport::listen(([127, 0, 0, 1], 0).into())?;
        let (stop, stopped) = oneshot::channel::<()>();
        let service = BeamFnExternalWorkerPoolServer::new(Pool { table: Arc::clone(table) })
            .max_decoding_message_size(transport::LARGEST_GREETING);
        let serving = transport::server().add_service(service).serve_with_incoming_shutdown(
            incoming,
            async {
                // Dropping the other end counts as well.
                drop(stopped.await);
            },
        );
        runtime.spawn(serving);
        Ok(Self { address: address.to_string(), _stop: stop })
    }
}

struct Pool {
    table: Arc<FnTable>,
}

#[tonic::async_trait]
impl BeamFnExternalWorkerPool for Pool {
    async fn start_worker(
        &self,
        request: Request<StartWorkerRequest>,
    ) -> Result<Response<StartWorkerResponse>, Status> {
        let request = request.into_inner();
        let table = Arc::clone(&self.table);
        // A thread of its own: a worker waits for its streams in blocking calls.
        let started =
            std::thread::Builder::new().name("purlin-worker".to_owned()).spawn(move || {
                if let Err(error) = work(&request, table) {
                    warn!(%error, "a worker of this program has ended");
                }
            });
        let error = started.err().map(|error| error.to_string()).unwrap_or_default();
        Ok(Response::new(StartWorkerResponse { error }))
    }

    /// Workers end when the runner closes their control streams.
    async fn stop_worker(
        &self,
        _request: Request<StopWorkerRequest>,
    ) -> Result<Response<StopWorkerResponse>, Status> {
        Ok(Response::new(StopWorkerResponse::default()))
    }
}

fn work(request: &StartWorkerRequest, table: Arc<FnTable>) -> Result<()> {
    let endpoint = request.provision_endpoint.as_ref().or(request.control_endpoint.as_ref());
    let endpoint = endpoint.ok_or_else(|| {
        Error::environment("the runner starts a worker without a provision or control endpoint")
    })?;
    let identity = Identity::new(&request.worker_id, None)?;
    let info = wait(provision::fetch(&endpoint.url, identity))?;
    serve(&provision::config(&request.worker_id, &endpoint.url, &info), table)
}
