//! A worker's connection to its runner, on which every call says who calls.

use purlin_sdk::{Error, Result};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::transport;

/// A connection whose calls carry the worker's id.
pub(super) type WorkerChannel = InterceptedService<Channel, Identity>;

/// Adds to each call who makes it.
#[derive(Clone)]
pub(super) struct Identity {
    worker_id: MetadataValue<Ascii>,
    /// Lets a worker in that the runner did not start.
    token: Option<MetadataValue<Ascii>>,
}

impl Identity {
    pub(super) fn new(worker_id: &str, token: Option<&str>) -> Result<Self> {
        let secret = |text: String| {
            let value = MetadataValue::try_from(text).map_err(|_| {
                Error::Options("a worker's id and token must be of visible letters".to_owned())
            });
            value.map(|mut value| {
                value.set_sensitive(true);
                value
            })
        };
        Ok(Self {
            worker_id: secret(worker_id.to_owned())?,
            token: token.map(|token| secret(format!("Bearer {token}"))).transpose()?,
        })
    }
}

impl Interceptor for Identity {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        metadata.insert("worker_id", self.worker_id.clone());
        if let Some(token) = &self.token {
            metadata.insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// Connects as a worker.
pub(super) async fn connect(address: &str, identity: Identity) -> Result<WorkerChannel> {
    let channel = transport::connect(address).await?;
    Ok(InterceptedService::new(channel, identity))
}
