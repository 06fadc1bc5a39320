//! What the payloads of transforms refer to: coders of state, timers, restrictions, accumulators.

use prost::Message;
use purlin_proto::pipeline::{
    ParDoPayload, StateSpec, TestStreamPayload, state_spec::Spec as StateKind,
};
use purlin_proto::urns::transforms as urn;

use super::coders;
use super::error::{PlanError, Result};
use super::graph::{Graph, Node, NodeKind};
use super::lift_combine::accumulator_coder;
use super::traits::{is_par_do, par_do_payload};

/// Checks what a transform's payload refers to.
pub(super) fn check(graph: &Graph, node: &Node) -> Result<()> {
    match node.kind {
        NodeKind::Combine => check_coder(graph, node, &accumulator_coder(node)?),
        NodeKind::TestStream => check_coder(graph, node, &test_stream(node)?.coder_id),
        NodeKind::Sdk(_) if is_combine_part(node.urn()) => {
            check_coder(graph, node, &accumulator_coder(node)?)
        }
        NodeKind::Sdk(_) if is_par_do(node.urn()) => {
            check_par_do(graph, node, par_do_payload(&node.id, &node.transform)?)
        }
        _ => Ok(()),
    }
}

/// The payload of a TestStream.
pub(super) fn test_stream(node: &Node) -> Result<TestStreamPayload> {
    let payload = node.transform.spec.clone().unwrap_or_default().payload;
    TestStreamPayload::decode(payload).map_err(|error| {
        let place = node.place();
        PlanError::malformed(format!("the payload of {place} is no `TestStreamPayload`: {error}"))
    })
}

fn check_par_do(graph: &Graph, node: &Node, mut payload: ParDoPayload) -> Result<()> {
    if let Some(local) =
        payload.side_inputs.keys().find(|local| !node.transform.inputs.contains_key(*local))
    {
        return Err(PlanError::malformed(format!(
            "{} has side input `{local}` in its payload but not among its inputs",
            node.place()
        )));
    }
    if !payload.restriction_coder_id.is_empty() {
        check_coder(graph, node, &payload.restriction_coder_id)?;
        check_unkeyed(node, &payload)?;
    }
    let expiration = &payload.on_window_expiration_timer_family_spec;
    if !expiration.is_empty() && !payload.timer_family_specs.contains_key(expiration) {
        return Err(PlanError::dangling(&node.place(), "timer family", expiration));
    }
    for id in coder_ids(&mut payload) {
        check_coder(graph, node, id)?;
    }
    Ok(())
}

fn check_unkeyed(node: &Node, payload: &ParDoPayload) -> Result<()> {
    if payload.state_specs.is_empty() && payload.timer_family_specs.is_empty() {
        return Ok(());
    }
    Err(PlanError::unsupported(format!("{} is splittable and has state or timers", node.place()))
        .help("split it into a splittable and a stateful transform"))
}

fn check_coder(graph: &Graph, node: &Node, id: &str) -> Result<()> {
    if !graph.components.coders.contains_key(id) {
        return Err(PlanError::dangling(&node.place(), "coder", id));
    }
    coders::check(&graph.components.coders, id)
}

/// The ids of coders of state and timers, to read or to replace.
pub(super) fn coder_ids(payload: &mut ParDoPayload) -> Vec<&mut String> {
    let mut ids: Vec<&mut String> = Vec::new();
    for spec in payload.state_specs.values_mut() {
        ids.extend(state_coder_ids(spec));
    }
    for spec in payload.timer_family_specs.values_mut() {
        ids.push(&mut spec.timer_family_coder_id);
    }
    ids
}

fn state_coder_ids(spec: &mut StateSpec) -> Vec<&mut String> {
    match &mut spec.spec {
        Some(StateKind::ReadModifyWriteSpec(value)) => vec![&mut value.coder_id],
        Some(StateKind::BagSpec(bag)) => vec![&mut bag.element_coder_id],
        Some(StateKind::CombiningSpec(combining)) => vec![&mut combining.accumulator_coder_id],
        Some(StateKind::MapSpec(map)) => vec![&mut map.key_coder_id, &mut map.value_coder_id],
        Some(StateKind::SetSpec(set)) => vec![&mut set.element_coder_id],
        Some(StateKind::OrderedListSpec(list)) => vec![&mut list.element_coder_id],
        Some(StateKind::MultimapSpec(map)) => vec![&mut map.key_coder_id, &mut map.value_coder_id],
        None => Vec::new(),
    }
}

/// Whether the transform's payload is a `CombinePayload`.
pub(super) fn is_combine_part(transform_urn: &str) -> bool {
    matches!(
        transform_urn,
        urn::COMBINE_PER_KEY_PRECOMBINE
            | urn::COMBINE_PER_KEY_MERGE_ACCUMULATORS
            | urn::COMBINE_PER_KEY_EXTRACT_OUTPUTS
            | urn::COMBINE_PER_KEY_CONVERT_TO_ACCUMULATORS
            | urn::COMBINE_GROUPED_VALUES
    )
}
