//! The stage of a splittable DoFn as it runs in a drain: each restriction is truncated first.

use std::collections::BTreeMap;

use prost::Message;
use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::FunctionSpec;
use purlin_proto::urns::transforms as urn;

use super::coders::Fnv;
use super::graph::{RESERVED_PREFIX, synthetic};

/// The descriptor with a truncation before `process`, whose main input is `local`. It reads and
/// writes the same, so what waits for the one can be given to the other. `None` where the SDK does
/// not say that it can truncate.
pub(super) fn draining(
    descriptor: &ProcessBundleDescriptor,
    process: &str,
    local: &str,
) -> Option<ProcessBundleDescriptor> {
    let mut draining = descriptor.clone();
    let transform = draining.transforms.get_mut(process)?;
    let environment = descriptor.environments.get(&transform.environment_id)?;
    if !environment.capabilities.iter().any(|it| it == urn::TRUNCATE_SIZED_RESTRICTION) {
        return None;
    }
    let truncated = synthetic(process, "truncated");
    let mut truncate = transform.clone();
    let input = transform.inputs.insert(local.to_owned(), truncated.clone())?;
    truncate.unique_name.push_str("/Truncate");
    truncate.spec = Some(FunctionSpec {
        urn: urn::TRUNCATE_SIZED_RESTRICTION.to_owned(),
        payload: truncate.spec?.payload,
    });
    truncate.outputs = BTreeMap::from([("out".to_owned(), truncated.clone())]);
    draining.transforms.insert(synthetic(process, "truncate"), truncate);
    let like = draining.pcollections.get(&input)?.clone();
    draining.pcollections.insert(truncated, like);
    draining.id.clear();
    let mut hash = Fnv::new();
    hash.write(&draining.encode_to_vec());
    draining.id = format!("{RESERVED_PREFIX}stage:{:016x}", hash.0);
    Some(draining)
}
