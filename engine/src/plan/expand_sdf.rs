//! Expands splittable DoFns: pair with a restriction, split it, redistribute the parts, process.

use std::collections::BTreeMap;

use purlin_proto::pipeline::FunctionSpec;
use purlin_proto::urns::{coders as coder_urn, transforms as urn};

use super::coders;
use super::error::Result;
use super::graph::{Derived, Graph, Node, NodeKind, synthetic};

/// Replaces each splittable ParDo by its parts, which keep its payload.
pub(super) fn expand_sdf(mut graph: Graph) -> Result<Graph> {
    let nodes = std::mem::take(&mut graph.nodes);
    for node in nodes {
        match node.traits().and_then(|traits| traits.restriction_coder_id.clone()) {
            Some(restriction) => expand(&mut graph, &node, &restriction)?,
            None => graph.nodes.push(node),
        }
    }
    Ok(graph)
}

/// The collections between the parts.
struct Between {
    paired: String,
    sized: String,
    shuffled: String,
}

fn expand(graph: &mut Graph, node: &Node, restriction: &str) -> Result<()> {
    let (local, input) = node.main_input()?;
    let between = add_collections(graph, node, restriction)?;
    let Between { paired, sized, shuffled } = &between;
    let pair = part(node, "pair", "PairWithRestriction", urn::PAIR_WITH_RESTRICTION);
    let split = part(node, "split", "SplitAndSize", urn::SPLIT_AND_SIZE_RESTRICTIONS);
    let process = Derived {
        // Metrics and messages of the user's code carry this id: it stays that of the ParDo.
        id: node.id.clone(),
        ..part(node, "", "Process", urn::PROCESS_SIZED_ELEMENTS_AND_RESTRICTIONS)
    };
    let process = Derived { outputs: node.transform.outputs.clone(), ..process };
    graph.nodes.push(between_nodes(pair, local, input, Some(paired)).sdk_node()?);
    graph.nodes.push(between_nodes(split, local, paired, Some(sized)).sdk_node()?);
    graph.nodes.push(reshuffle(node, sized, shuffled));
    graph.nodes.push(between_nodes(process, local, shuffled, None).sdk_node()?);
    Ok(())
}

fn add_collections(graph: &mut Graph, node: &Node, restriction: &str) -> Result<Between> {
    let input = node.main_input()?.1;
    let element = graph.collection(input)?.coder_id.clone();
    let coders = &mut graph.components.coders;
    let paired_coder = coders::add(coders, coder_urn::KV, &[&element, restriction]);
    let size = coders::add(coders, coder_urn::DOUBLE, &[]);
    let sized_coder = coders::add(coders, coder_urn::KV, &[&paired_coder, &size]);
    Ok(Between {
        paired: graph.add_collection(node, "paired", &paired_coder, input)?,
        sized: graph.add_collection(node, "sized", &sized_coder, input)?,
        shuffled: graph.add_collection(node, "shuffled", &sized_coder, input)?,
    })
}

/// A part with the payload and all inputs of the ParDo.
fn part<'a>(node: &'a Node, id: &str, suffix: &'a str, part_urn: &str) -> Derived<'a> {
    let payload = node.transform.spec.clone().unwrap_or_default().payload;
    Derived {
        id: synthetic(&node.id, id),
        of: node,
        suffix,
        spec: FunctionSpec { urn: part_urn.to_owned(), payload },
        inputs: node.transform.inputs.clone(),
        outputs: BTreeMap::new(),
    }
}

/// Sets the main input, under the local name that the payload knows, and a sole output.
fn between_nodes<'a>(
    mut part: Derived<'a>,
    local: &str,
    input: &str,
    output: Option<&str>,
) -> Derived<'a> {
    part.inputs.insert(local.to_owned(), input.to_owned());
    part.outputs.extend(output.map(|output| ("out".to_owned(), output.to_owned())));
    part
}

fn reshuffle(node: &Node, sized: &str, shuffled: &str) -> Node {
    let spec = FunctionSpec { urn: urn::RESHUFFLE.to_owned(), ..Default::default() };
    let reshuffle = Derived {
        id: synthetic(&node.id, "reshuffle"),
        of: node,
        suffix: "Reshuffle",
        spec,
        inputs: BTreeMap::from([("in".to_owned(), sized.to_owned())]),
        outputs: BTreeMap::from([("out".to_owned(), shuffled.to_owned())]),
    };
    reshuffle.runner_node(NodeKind::Reshuffle)
}
