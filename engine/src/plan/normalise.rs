//! From nested transforms to a flat graph of those that something executes.
//!
//! Composites are opened, except for those that the planner expands in its own way; what only
//! gives a name to other collections goes.

use std::collections::{BTreeMap, BTreeSet};

use purlin_proto::pipeline::{
    Components, FunctionSpec, PCollection, PTransform, Pipeline, Trigger, WindowingStrategy,
    accumulation_mode, closing_behavior, is_bounded, merge_status, on_time_behavior, output_time,
    trigger,
};
use purlin_proto::urns::{self, transforms as urn};

use super::coders;
use super::error::{PlanError, Result};
use super::graph::{Graph, Node, NodeKind, place, synthetic, urn as urn_of};
use super::traits::{Traits, is_sdk_primitive};

type Transforms = BTreeMap<String, PTransform>;

/// Transforms of Beam's model that a runner may implement but that no SDK executes.
const RUNNER_ONLY: &[&str] = &[
    urn::COMBINE_GLOBALLY,
    urn::WRITE_FILES,
    urn::PUBSUB_READ,
    urn::PUBSUB_WRITE,
    urn::PUBSUB_WRITE_V2,
    urn::GROUP_INTO_BATCHES,
    urn::GROUP_INTO_BATCHES_WITH_SHARDED_KEY,
    urn::CREATE_VIEW,
];

/// Flattens the hierarchy of transforms. Nothing is checked but what the walk itself needs.
pub(super) fn normalise(pipeline: &Pipeline) -> Result<Graph> {
    let components = pipeline.components.clone().unwrap_or_default();
    if pipeline.root_transform_ids.is_empty() && !components.transforms.is_empty() {
        return Err(PlanError::malformed(
            "the pipeline has transforms but names no root transform",
        )
        .help("list the outermost transforms in `root_transform_ids`"));
    }
    let leaves = leaves(pipeline, &components.transforms)?;
    let nodes = without_shells(leaves, &components.transforms)?;
    let components = Components { transforms: BTreeMap::new(), ..components };
    let mut graph = Graph { nodes, components, parts: BTreeMap::new() };
    add_impulses(&mut graph);
    Ok(graph)
}

/// The transforms that are not opened, in the order of the walk. The stack is explicit: how deep
/// a submitted pipeline nests is not ours to limit.
fn leaves<'a>(pipeline: &'a Pipeline, transforms: &'a Transforms) -> Result<Vec<&'a str>> {
    let mut stack: Vec<(&str, &str)> =
        pipeline.root_transform_ids.iter().rev().map(|id| (id.as_str(), "")).collect();
    let mut seen = BTreeSet::new();
    let mut leaves = Vec::new();
    while let Some((id, parent)) = stack.pop() {
        let Some(transform) = transforms.get(id) else {
            return Err(PlanError::dangling(&owner(parent, transforms), "transform", id));
        };
        if !seen.insert(id) {
            return Err(PlanError::malformed(format!(
                "{} is inside itself or inside two composites",
                place(id, transform)
            )));
        }
        if transform.subtransforms.is_empty() || is_unit(transform) {
            leaves.push(id);
        } else {
            stack.extend(transform.subtransforms.iter().rev().map(|sub| (sub.as_str(), id)));
        }
    }
    Ok(leaves)
}

fn owner(parent: &str, transforms: &Transforms) -> String {
    match transforms.get(parent) {
        Some(transform) => place(parent, transform),
        None => "the list of root transforms".to_owned(),
    }
}

/// Whether a transform is executed or expanded by the planner, whatever is inside.
fn is_unit(transform: &PTransform) -> bool {
    let is_one_to_one = transform.inputs.len() == 1 && transform.outputs.len() == 1;
    match urn_of(transform) {
        urn::IMPULSE | urn::TEST_STREAM | urn::GROUP_BY_KEY | urn::FLATTEN => true,
        urn::RESHUFFLE | urn::REDISTRIBUTE_BY_KEY | urn::REDISTRIBUTE_ARBITRARILY => is_one_to_one,
        // Java writes a combine with side inputs under this URN too, but without a payload.
        urn::COMBINE_PER_KEY => {
            is_one_to_one && transform.spec.as_ref().is_some_and(|spec| !spec.payload.is_empty())
        }
        other => is_sdk_primitive(other),
    }
}

/// Classifies the leaves. What nobody knows is a shell if it makes nothing of its own.
fn without_shells(leaves: Vec<&str>, transforms: &Transforms) -> Result<Vec<Node>> {
    let known = |id: &&str| transforms.get(*id).filter(|transform| is_unit(transform));
    let produced: BTreeSet<&str> = leaves
        .iter()
        .filter_map(known)
        .flat_map(|transform| transform.outputs.values().map(String::as_str))
        .collect();
    let mut nodes = Vec::new();
    for id in leaves {
        let Some(transform) = transforms.get(id) else { continue };
        let inputs: BTreeSet<&String> = transform.inputs.values().collect();
        let is_old = |id: &String| inputs.contains(id) || produced.contains(id.as_str());
        if is_unit(transform) || !transform.outputs.values().all(is_old) {
            nodes.push(node(id, transform, transforms)?);
        }
    }
    Ok(nodes)
}

fn node(id: &str, transform: &PTransform, transforms: &Transforms) -> Result<Node> {
    let mut transform = transform.clone();
    let kind = match urn_of(&transform) {
        urn::IMPULSE => NodeKind::Impulse,
        urn::TEST_STREAM => NodeKind::TestStream,
        urn::GROUP_BY_KEY => NodeKind::GroupByKey { combine: None },
        urn::FLATTEN => NodeKind::Flatten,
        urn::RESHUFFLE | urn::REDISTRIBUTE_BY_KEY | urn::REDISTRIBUTE_ARBITRARILY => {
            NodeKind::Reshuffle
        }
        urn::COMBINE_PER_KEY if is_unit(&transform) => {
            transform.environment_id = environment_inside(&transform, transforms);
            NodeKind::Combine
        }
        _ => NodeKind::Sdk(Box::new(sdk_traits(id, &transform)?)),
    };
    Ok(Node { id: id.to_owned(), transform, kind })
}

fn sdk_traits(id: &str, transform: &PTransform) -> Result<Traits> {
    let place = place(id, transform);
    let transform_urn = urn_of(transform);
    if transform_urn.is_empty() {
        return Err(PlanError::malformed(format!(
            "{place} has outputs of its own but neither a URN nor subtransforms"
        )));
    }
    if transform.environment_id.is_empty() || RUNNER_ONLY.contains(&transform_urn) {
        return Err(PlanError::unsupported(format!(
            "{place} has URN `{transform_urn}`, which is not implemented, and names no \
             environment that executes it"
        ))
        .help("submit the transform with its expansion into known transforms"));
    }
    Traits::of(id, transform)
}

/// The environment of a composite, or of the first transform inside that names one.
fn environment_inside(transform: &PTransform, transforms: &Transforms) -> String {
    let mut stack = vec![transform];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(transform) = stack.pop() {
        if !transform.environment_id.is_empty() {
            return transform.environment_id.clone();
        }
        for id in transform.subtransforms.iter().rev().filter(|id| seen.insert(id)) {
            stack.extend(transforms.get(id));
        }
    }
    String::new()
}

/// Gives an impulse to each transform that would never start for want of an input.
fn add_impulses(graph: &mut Graph) {
    let starved = |node: &Node| node.traits().is_some() && node.transform.inputs.is_empty();
    let Graph { nodes, components, .. } = graph;
    let mut impulses = Vec::new();
    for node in nodes.iter_mut().filter(|node| starved(node)) {
        let collection = synthetic(&node.id, "start");
        let start = start_collection(components, &node.transform.unique_name);
        components.pcollections.insert(collection.clone(), start);
        node.transform.inputs.insert("input".to_owned(), collection.clone());
        impulses.push(Node {
            id: synthetic(&node.id, "impulse"),
            transform: PTransform {
                unique_name: format!("{}/Impulse", node.transform.unique_name),
                spec: Some(FunctionSpec { urn: urn::IMPULSE.to_owned(), ..Default::default() }),
                outputs: BTreeMap::from([("output".to_owned(), collection)]),
                ..Default::default()
            },
            kind: NodeKind::Impulse,
        });
    }
    nodes.splice(0..0, impulses);
}

/// The output of a synthetic impulse, with what it refers to added.
fn start_collection(components: &mut Components, transform: &str) -> PCollection {
    let coder_id = coders::add(&mut components.coders, urns::coders::BYTES, &[]);
    let window_coder_id = coders::add(&mut components.coders, urns::coders::GLOBAL_WINDOW, &[]);
    let strategy_id = synthetic("windowing", "global");
    components.windowing_strategies.insert(strategy_id.clone(), global_windowing(window_coder_id));
    PCollection {
        unique_name: format!("{transform}.start"),
        coder_id,
        is_bounded: is_bounded::Enum::Bounded.into(),
        windowing_strategy_id: strategy_id,
        ..Default::default()
    }
}

/// The global window with Beam's defaults.
fn global_windowing(window_coder_id: String) -> WindowingStrategy {
    let window_fn = urns::window_fns::GLOBAL_WINDOWS.to_owned();
    WindowingStrategy {
        window_fn: Some(FunctionSpec { urn: window_fn, ..Default::default() }),
        merge_status: merge_status::Enum::NonMerging.into(),
        window_coder_id,
        trigger: Some(Trigger { trigger: Some(trigger::Trigger::Default(trigger::Default {})) }),
        accumulation_mode: accumulation_mode::Enum::Discarding.into(),
        output_time: output_time::Enum::EndOfWindow.into(),
        closing_behavior: closing_behavior::Enum::EmitIfNonempty.into(),
        on_time_behavior: on_time_behavior::Enum::FireIfNonempty.into(),
        assigns_to_one_window: true,
        ..Default::default()
    }
}
