//! What a read or write node says about its data: window coder and framing.

use prost::Message;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort};
use purlin_proto::pipeline::{Coder, PTransform, WindowingStrategy};
use purlin_proto::urns;

use super::unit::{UnitResult, UnitSpec};
use super::{Failure, Framing};
use crate::coders::CoderSpec;
use crate::coders::windowed::{WindowCoder, read_param_payload};

/// How elements are framed at a read or write node.
#[derive(Clone, Debug)]
pub struct Port {
    /// The coder of an element, as the descriptor names it.
    element_coder: String,
    /// The coder of the elements' windows.
    pub windows: WindowCoder,
    /// How the node's coder frames elements, which is how they travel on the data plane.
    pub declared: Framing,
}

/// Reads the port of a read or write node.
///
/// # Errors
/// When the descriptor lacks its coders, or they do not carry windowed values.
pub fn read_port(transform: &PTransform, descriptor: &ProcessBundleDescriptor) -> UnitResult<Port> {
    let spec = transform.spec.clone().unwrap_or_default();
    let port = RemoteGrpcPort::decode(spec.payload).map_err(|error| Failure::from_error(&error))?;
    let coder = find(descriptor, &port.coder_id)?;
    let window_id = coder.component_coder_ids.get(1).ok_or_else(|| {
        Failure::new(format!("coder `{}` of a read or write node has no window", port.coder_id))
    })?;
    let windows = window_coder(descriptor, window_id)?;
    let spec = coder.spec.clone().unwrap_or_default();
    let declared = match spec.urn.as_str() {
        urns::coders::WINDOWED_VALUE => Framing::Each,
        urns::coders::PARAM_WINDOWED_VALUE => Framing::Constant(
            read_param_payload(&spec.payload, &windows)
                .map_err(|error| Failure::from_error(&error))?,
        ),
        other => {
            return Err(Failure::new(format!("coder `{other}` does not carry windowed values")));
        }
    };
    let element_coder = coder.component_coder_ids[0].clone();
    Ok(Port { element_coder, windows, declared })
}

impl Port {
    /// Checks that the descriptor's elements are encoded as this program encodes them: a runner
    /// that wraps coders which it does not know would otherwise misread every element.
    pub(super) fn check(
        &self,
        spec: &CoderSpec,
        descriptor: &ProcessBundleDescriptor,
    ) -> UnitResult {
        if matches(&self.element_coder, spec, descriptor) {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the runner encodes these elements by coder `{}`, this program by `{}`",
            self.element_coder, spec.urn
        )))
    }
}

/// Whether `id` is this coder in a stage.
pub(super) fn has_coder(descriptor: &ProcessBundleDescriptor, id: &str, spec: &CoderSpec) -> bool {
    matches(id, spec, descriptor)
}

fn matches(id: &str, spec: &CoderSpec, descriptor: &ProcessBundleDescriptor) -> bool {
    let Some(coder) = descriptor.coders.get(id) else { return false };
    let function = coder.spec.clone().unwrap_or_default();
    function.urn == spec.urn
        && function.payload == spec.payload
        && coder.component_coder_ids.len() == spec.components.len()
        && coder
            .component_coder_ids
            .iter()
            .zip(&spec.components)
            .all(|(id, part)| matches(id, part, descriptor))
}

/// The local name of a transform's main input, and the coder of its windows.
pub(super) fn main_input_windows(spec: &UnitSpec<'_>) -> UnitResult<(String, WindowCoder)> {
    let (local, strategy) = main_input(spec)?;
    Ok((local, window_coder(spec.descriptor, &strategy.window_coder_id)?))
}

/// The local name of a transform's main input, and how it is windowed.
pub(super) fn main_input<'a>(spec: &UnitSpec<'a>) -> UnitResult<(String, &'a WindowingStrategy)> {
    let inputs = super::wire::main_inputs(spec.transform)?;
    let collections = inputs.collect::<Vec<_>>();
    let found = spec.transform.inputs.iter().find(|(_, id)| collections.contains(&id.as_str()));
    let (local, id) = found.ok_or_else(|| Failure::new("the transform has no main input"))?;
    let descriptor = spec.descriptor;
    let strategy = descriptor
        .pcollections
        .get(id)
        .and_then(|collection| {
            descriptor.windowing_strategies.get(&collection.windowing_strategy_id)
        })
        .ok_or_else(|| Failure::new(format!("the descriptor lacks the windowing of `{id}`")))?;
    Ok((local.clone(), strategy))
}

fn find<'a>(descriptor: &'a ProcessBundleDescriptor, id: &str) -> UnitResult<&'a Coder> {
    descriptor
        .coders
        .get(id)
        .ok_or_else(|| Failure::new(format!("the descriptor lacks coder `{id}`")))
}

pub(super) fn window_coder(
    descriptor: &ProcessBundleDescriptor,
    id: &str,
) -> UnitResult<WindowCoder> {
    let coder = find(descriptor, id)?;
    match coder.spec.as_ref().map_or("", |spec| spec.urn.as_str()) {
        urns::coders::GLOBAL_WINDOW => Ok(WindowCoder::Global),
        urns::coders::INTERVAL_WINDOW => Ok(WindowCoder::Interval),
        urns::coders::CUSTOM_WINDOW => Ok(WindowCoder::Custom),
        other => Err(Failure::new(format!("windows of coder `{other}` are unknown here"))),
    }
}
