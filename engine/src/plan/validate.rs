//! Refuses pipelines that contradict themselves, naming what is wrong, before any pass relies on
//! what is checked here. A pipeline may come over the network: nothing in it is trusted.

use std::collections::BTreeSet;

use purlin_proto::urns::{requirements, window_fns};

use super::coders::{self, Classes};
use super::error::{PlanError, Result};
use super::graph::{Graph, Node, NodeKind, RESERVED_PREFIX};
use super::payload;

const REQUIREMENTS: &[&str] = &[
    requirements::REQUIRES_STATEFUL_PROCESSING,
    requirements::REQUIRES_BUNDLE_FINALIZATION,
    requirements::REQUIRES_STABLE_INPUT,
    requirements::REQUIRES_TIME_SORTED_INPUT,
    requirements::REQUIRES_SPLITTABLE_DOFN,
    requirements::REQUIRES_ON_WINDOW_EXPIRATION,
];

/// Refuses requirements that the planner has never heard of. Those that it knows are features of
/// the plan, which a runner accepts or refuses.
pub(super) fn requirements(required: &[String]) -> Result<()> {
    match required.iter().find(|required| !REQUIREMENTS.contains(&required.as_str())) {
        Some(unknown) => Err(PlanError::unsupported(format!(
            "the pipeline requires `{unknown}`, which is not implemented"
        ))),
        None => Ok(()),
    }
}

/// Refuses ids that could be mistaken for the planner's own. Comes before the first pass, as that
/// makes some.
pub(super) fn reserved_ids<'a>(mut ids: impl Iterator<Item = &'a String>) -> Result<()> {
    match ids.find(|id| id.starts_with(RESERVED_PREFIX)) {
        Some(id) => Err(PlanError::malformed(format!(
            "the id `{id}` begins with `{RESERVED_PREFIX}`, which is reserved for the planner"
        ))),
        None => Ok(()),
    }
}

/// Checks everything that the graph refers to, and sorts it.
pub(super) fn validate(mut graph: Graph) -> Result<Graph> {
    for node in &graph.nodes {
        check_shape(node)?;
        check_environment(&graph, node)?;
        payload::check(&graph, node)?;
    }
    check_collections(&graph)?;
    let mut classes = Classes::default();
    for node in &graph.nodes {
        match node.kind {
            NodeKind::GroupByKey { .. } | NodeKind::Combine => check_keyed(&graph, node)?,
            NodeKind::Flatten => check_windows_agree(&graph, node, &mut classes)?,
            NodeKind::Sdk(ref traits) if traits.is_keyed => check_keyed(&graph, node)?,
            _ => {}
        }
    }
    graph.sort()?;
    Ok(graph)
}

/// Checks the number of inputs and outputs.
fn check_shape(node: &Node) -> Result<()> {
    let (inputs, outputs) = (node.main_inputs().count(), node.transform.outputs.len());
    let (is_right, needs) = match node.kind {
        NodeKind::Impulse => (inputs == 0 && outputs == 1, "no input and one output"),
        NodeKind::TestStream => (inputs == 0 && outputs > 0, "no input and some output"),
        NodeKind::Flatten => (outputs == 1, "one output"),
        NodeKind::Sdk(_) => (inputs == 1, "exactly one main input"),
        NodeKind::GroupByKey { .. } | NodeKind::Reshuffle | NodeKind::Combine => {
            (inputs == 1 && outputs == 1, "one input and one output")
        }
    };
    if is_right { Ok(()) } else { Err(node.wrong_arity(needs)) }
}

fn check_environment(graph: &Graph, node: &Node) -> Result<()> {
    if !matches!(node.kind, NodeKind::Sdk(_) | NodeKind::Combine) {
        return Ok(());
    }
    let id = &node.transform.environment_id;
    if id.is_empty() {
        return Err(PlanError::malformed(format!("{} names no environment", node.place()))
            .help("set `environment_id`: an SDK executes this transform"));
    }
    if graph.components.environments.contains_key(id) {
        return Ok(());
    }
    Err(PlanError::dangling(&node.place(), "environment", id))
}

/// Checks that every collection in use exists, with its coders and windowing, and has a producer.
fn check_collections(graph: &Graph) -> Result<()> {
    let mut sound = BTreeSet::new();
    for node in &graph.nodes {
        for id in node.transform.inputs.values().chain(node.transform.outputs.values()) {
            if !graph.components.pcollections.contains_key(id) {
                return Err(PlanError::dangling(&node.place(), "collection", id));
            }
            if sound.insert(id) {
                check_collection(graph, id)?;
            }
        }
    }
    check_producers(graph)
}

fn check_collection(graph: &Graph, id: &str) -> Result<()> {
    let owner = format!("collection `{id}`");
    let components = &graph.components;
    let collection = graph.collection(id)?;
    let coder_id = &collection.coder_id;
    if !components.coders.contains_key(coder_id) {
        return Err(PlanError::dangling(&owner, "coder", coder_id));
    }
    coders::check(&components.coders, coder_id)?;
    let strategy_id = &collection.windowing_strategy_id;
    let Some(strategy) = components.windowing_strategies.get(strategy_id) else {
        return Err(PlanError::dangling(&owner, "windowing strategy", strategy_id));
    };
    let owner = format!("windowing strategy `{strategy_id}`");
    if !components.coders.contains_key(&strategy.window_coder_id) {
        return Err(PlanError::dangling(&owner, "coder", &strategy.window_coder_id));
    }
    coders::check(&components.coders, &strategy.window_coder_id)?;
    let environment = &strategy.environment_id;
    if !environment.is_empty() && !components.environments.contains_key(environment) {
        return Err(PlanError::dangling(&owner, "environment", environment));
    }
    match &strategy.window_fn {
        Some(window_fn) if !window_fn.urn.is_empty() => Ok(()),
        _ => Err(PlanError::malformed(format!("{owner} has no window function"))
            .help(&format!("for no windows at all use `{}`", window_fns::GLOBAL_WINDOWS))),
    }
}

fn check_producers(graph: &Graph) -> Result<()> {
    for (id, uses) in graph.uses() {
        match uses.producers.as_slice() {
            [] => {
                let mut readers = uses.readers.iter().chain(&uses.side_readers);
                let reader =
                    readers.next().map_or(String::new(), |&index| graph.nodes[index].place());
                return Err(PlanError::malformed(format!(
                    "{reader} reads collection `{id}`, which no transform produces"
                )));
            }
            [_] => {}
            [first, second, ..] => {
                return Err(PlanError::malformed(format!(
                    "collection `{id}` is produced by {} and by {}",
                    graph.nodes[*first].place(),
                    graph.nodes[*second].place()
                ))
                .help("join collections with a Flatten"));
            }
        }
    }
    Ok(())
}

fn check_keyed(graph: &Graph, node: &Node) -> Result<()> {
    let input = node.main_input()?.1;
    let coder_id = &graph.collection(input)?.coder_id;
    if coders::key_value(&graph.components.coders, coder_id).is_some() {
        return Ok(());
    }
    Err(PlanError::malformed(format!(
        "{} works by key but reads `{input}`, whose coder `{coder_id}` is not of key-value pairs",
        node.place()
    ))
    .help("turn the elements into key-value pairs first"))
}

/// The elements of a Flatten carry their windows along: they must be encoded alike.
fn check_windows_agree(graph: &Graph, node: &Node, classes: &mut Classes) -> Result<()> {
    let output = node.output()?.1;
    let target = window_coder(graph, output)?;
    for input in node.transform.inputs.values() {
        if !classes.equal(&graph.components.coders, window_coder(graph, input)?, target)? {
            return Err(PlanError::malformed(format!(
                "{} joins `{input}` into `{output}`, but their windows have different coders",
                node.place()
            ))
            .help("window all its inputs alike"));
        }
    }
    Ok(())
}

fn window_coder<'a>(graph: &'a Graph, collection: &str) -> Result<&'a str> {
    let strategy_id = &graph.collection(collection)?.windowing_strategy_id;
    let strategy = graph.components.windowing_strategies.get(strategy_id);
    let strategy = strategy.ok_or_else(|| {
        let owner = format!("collection `{collection}`");
        PlanError::dangling(&owner, "windowing strategy", strategy_id)
    })?;
    Ok(&strategy.window_coder_id)
}
