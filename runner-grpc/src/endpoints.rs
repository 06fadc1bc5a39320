//! Fills in where the services of a descriptor are.

use prost::Message;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort};
use purlin_proto::urns::fn_api;

use crate::transport;

/// The descriptor with the endpoints of its data, state and timers, which the planner left out.
pub(crate) fn complete(
    descriptor: &ProcessBundleDescriptor,
    address: &str,
) -> ProcessBundleDescriptor {
    let here = || Some(transport::descriptor(address));
    let mut complete = descriptor.clone();
    complete.state_api_service_descriptor = here();
    complete.timer_api_service_descriptor = here();
    let specs = complete.transforms.values_mut().filter_map(|transform| transform.spec.as_mut());
    for spec in specs.filter(|spec| is_port(&spec.urn)) {
        // The planner wrote it, so it can be read.
        if let Ok(mut port) = RemoteGrpcPort::decode(spec.payload.clone()) {
            port.api_service_descriptor = here();
            spec.payload = port.encode_to_vec().into();
        }
    }
    complete
}

fn is_port(urn: &str) -> bool {
    urn == fn_api::DATA_SOURCE || urn == fn_api::DATA_SINK
}
