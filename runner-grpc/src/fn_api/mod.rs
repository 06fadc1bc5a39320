//! The runner's side of Beam's Fn API: the streams of each worker, and who may open them.
//!
//! It knows Beam's messages and nothing of the engine. Who runs a bundle registers it as a
//! [`BundleEnd`] with the [`Worker`] and gets what the worker sends about it.

mod control;
mod data;
mod logging;
mod provision;
mod state;
mod worker;
mod workers;

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::Stream;
use tonic::Status;

pub(crate) use worker::{BundleEnd, Worker, WorkerKind, WorkerStatus};
pub(crate) use workers::{Workers, bearer};

use crate::transport::{LARGEST_CONTROL, LARGEST_GREETING, LARGEST_MESSAGE};

/// What a streaming call answers with.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The services, all for the same workers.
#[derive(Clone)]
pub(crate) struct FnApi {
    pub(crate) workers: Arc<Workers>,
}

/// Adds the services to a server.
pub(crate) fn add_services(
    router: tonic::transport::server::Router,
    workers: &Arc<Workers>,
) -> tonic::transport::server::Router {
    use purlin_proto::fn_execution as api;
    let this = FnApi { workers: Arc::clone(workers) };
    let control = api::beam_fn_control_server::BeamFnControlServer::new(this.clone());
    let data = api::beam_fn_data_server::BeamFnDataServer::new(this.clone());
    let state = api::beam_fn_state_server::BeamFnStateServer::new(this.clone());
    let logging = api::beam_fn_logging_server::BeamFnLoggingServer::new(this.clone());
    let provision = api::provision_service_server::ProvisionServiceServer::new(this);
    router
        .add_service(
            control
                .max_decoding_message_size(LARGEST_CONTROL)
                .max_encoding_message_size(LARGEST_CONTROL),
        )
        .add_service(
            data.max_decoding_message_size(LARGEST_MESSAGE)
                .max_encoding_message_size(LARGEST_MESSAGE),
        )
        .add_service(
            state
                .max_decoding_message_size(LARGEST_MESSAGE)
                .max_encoding_message_size(LARGEST_MESSAGE),
        )
        .add_service(logging.max_decoding_message_size(LARGEST_GREETING))
        .add_service(provision.max_decoding_message_size(LARGEST_GREETING))
}
