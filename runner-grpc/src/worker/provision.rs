//! What a runner tells a worker before it begins.

use std::num::NonZero;

use purlin_proto::fn_execution::provision_service_client::ProvisionServiceClient;
use purlin_proto::fn_execution::{GetProvisionInfoRequest, ProvisionInfo};
use purlin_sdk::{Error, Result};

use super::connection::{Identity, connect};
use super::serve::WorkerConfig;
use crate::failure;

/// The key of the job's fingerprint in the metadata of a `ProvisionInfo`.
pub(crate) const FINGERPRINT: &str = "purlin:fingerprint";
/// The key of the number of bundles that the runner wants to have run at a time.
pub(crate) const THREADS: &str = "purlin:threads";

/// Asks the runner at `address` what this worker needs to know.
pub(super) async fn fetch(address: &str, identity: Identity) -> Result<ProvisionInfo> {
    let channel = connect(address, identity).await?;
    let answer = ProvisionServiceClient::new(channel)
        .get_provision_info(GetProvisionInfoRequest {})
        .await
        .map_err(|status| {
            Error::environment(format!(
                "the runner at `{address}` does not accept this worker: {}",
                status.message()
            ))
        })?;
    Ok(answer.into_inner().info.unwrap_or_default())
}

/// How to work for that runner. Where it names no endpoint, the one that was asked serves all.
pub(super) fn config(worker_id: &str, address: &str, info: &ProvisionInfo) -> WorkerConfig {
    let url = |endpoint: &Option<purlin_proto::pipeline::ApiServiceDescriptor>| {
        let given = endpoint.as_ref().map(|endpoint| endpoint.url.clone());
        given.filter(|url| !url.is_empty()).unwrap_or_else(|| address.to_owned())
    };
    let threads = info.metadata.get(THREADS).and_then(|threads| threads.parse().ok());
    WorkerConfig {
        worker_id: worker_id.to_owned(),
        control: url(&info.control_endpoint),
        logging: url(&info.logging_endpoint),
        threads: threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get)),
        is_structured: info.runner_capabilities.iter().any(|it| it == failure::CAPABILITY),
    }
}
