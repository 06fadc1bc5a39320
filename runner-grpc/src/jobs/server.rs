//! The one port on which everything is served.

use std::net::SocketAddr;
use std::sync::Arc;

use purlin_proto::jobs::artifact_retrieval_service_server::ArtifactRetrievalServiceServer;
use purlin_proto::jobs::artifact_staging_service_server::ArtifactStagingServiceServer;
use purlin_proto::jobs::job_service_server::JobServiceServer;
use purlin_sdk::Result;
use tokio::sync::oneshot;
use tonic::service::interceptor::InterceptedService;

use super::artifacts::Artifacts;
use super::auth::Guard;
use super::run::Surroundings;
use super::service::Jobs;
use crate::fn_api::{self, Workers};
use crate::runtime::runtime;
use crate::transport::{self, LARGEST_CONTROL, LARGEST_GREETING};
use crate::{secret, settings};

/// A running server; it stops listening when this is dropped.
pub(crate) struct Server {
    /// Where it is reached: `HOST:PORT`.
    pub(crate) address: String,
    /// What callers of the job service must know.
    pub(crate) token: String,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Serves jobs and their workers at `bind`; callers know the server as `advertised`, or by the
    /// address it is bound to.
    pub(crate) fn start(bind: SocketAddr, advertised: Option<&str>) -> Result<Self> {
        let runtime = runtime()?;
        let _entered = runtime.enter();
        let (incoming, bound) = transport::listen(bind)?;
        let address = settings::advertised(bound, advertised);
        let token = secret::random()?;
        let workers = Arc::new(Workers::default());
        let guard = Guard(Arc::from(token.as_str()));
        let around = Surroundings { address: address.clone(), workers: Arc::clone(&workers) };
        let jobs = JobServiceServer::new(Jobs::new(around))
            .max_decoding_message_size(LARGEST_CONTROL)
            .max_encoding_message_size(LARGEST_CONTROL);
        let retrieval = ArtifactRetrievalServiceServer::new(Artifacts)
            .max_decoding_message_size(LARGEST_GREETING);
        let staging = ArtifactStagingServiceServer::new(Artifacts)
            .max_decoding_message_size(LARGEST_GREETING);
        let router = transport::server()
            .add_service(InterceptedService::new(jobs, guard.clone()))
            .add_service(InterceptedService::new(retrieval, guard.clone()))
            .add_service(InterceptedService::new(staging, guard));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving =
            fn_api::add_services(router, &workers).serve_with_incoming_shutdown(incoming, async {
                // Dropping the other end counts as well.
                drop(stopped.await);
            });
        runtime.spawn(serving);
        Ok(Self { address, token, _stop: stop })
    }
}
