//! Lets producers write the output of a Flatten directly.
//!
//! A Flatten that only joins needs no stage: its output has several producers. What remains is
//! where an input is read elsewhere too, or occurs twice.

use std::collections::BTreeMap;

use purlin_proto::pipeline::FunctionSpec;
use purlin_proto::urns::transforms as urn;

use super::coders::Classes;
use super::error::{PlanError, Result};
use super::graph::{Derived, Graph, Node, NodeKind, Part, synthetic};

/// Redirects producers where `elide` and the graph allow it, and converts inputs of other coders.
pub(super) fn flatten(mut graph: Graph, elide: bool) -> Result<Graph> {
    let mut classes = Classes::default();
    let mut index = 0;
    // By position, as redirecting changes nodes and converting inserts some.
    while index < graph.nodes.len() {
        if matches!(graph.nodes[index].kind, NodeKind::Flatten) {
            let was_empty = graph.nodes[index].transform.inputs.is_empty();
            let added = convert_inputs(&mut graph, index, &mut classes)?;
            index += added;
            if elide {
                redirect_producers(&mut graph, index)?;
            }
            if !was_empty && graph.nodes[index].transform.inputs.is_empty() {
                graph.nodes.remove(index);
                continue;
            }
        }
        index += 1;
    }
    Ok(graph)
}

/// Inserts a conversion before the Flatten at `index` for each input whose elements are encoded
/// in another way than its output's. Returns how many.
fn convert_inputs(graph: &mut Graph, index: usize, classes: &mut Classes) -> Result<usize> {
    let node = graph.nodes[index].clone();
    let output = node.output()?.1.clone();
    let target = graph.collection(&output)?.coder_id.clone();
    let mut added = 0;
    for (local, input) in &node.transform.inputs {
        let coder_id = &graph.collection(input)?.coder_id;
        if classes.equal(&graph.components.coders, coder_id, &target)? {
            continue;
        }
        let conversion = conversion(graph, &node, local)?;
        graph.nodes.insert(index, conversion);
        added += 1;
        graph.nodes[index + added].transform.inputs.remove(local);
    }
    Ok(added)
}

/// A Flatten of one input inside an SDK, which decodes the input and encodes the output.
fn conversion(graph: &Graph, node: &Node, local: &str) -> Result<Node> {
    let input = node.transform.inputs[local].clone();
    let output = node.output()?.1.clone();
    let environment_id = environment_near(graph, &input, &output).ok_or_else(|| {
        PlanError::unsupported(format!(
            "{} joins collections of different coders, and no environment can convert `{input}`",
            node.place()
        ))
        .help("give all collections that are flattened the same coder")
    })?;
    let mut conversion = Derived {
        id: synthetic(&node.id, &format!("convert:{local}")),
        of: node,
        suffix: "Convert",
        spec: FunctionSpec { urn: urn::FLATTEN.to_owned(), ..Default::default() },
        inputs: BTreeMap::from([(local.to_owned(), input)]),
        outputs: BTreeMap::from([("out".to_owned(), output)]),
    }
    .sdk_node()?;
    conversion.transform.environment_id = environment_id;
    Ok(conversion)
}

/// The environment where `input` comes from, or else of a reader of `output`, or else of any
/// transform: the nearer, the surer it is to know both coders.
fn environment_near(graph: &Graph, input: &str, output: &str) -> Option<String> {
    let uses = graph.uses();
    let environment = |index: usize| {
        let node: &Node = &graph.nodes[index];
        node.traits().map(|_| node.transform.environment_id.clone())
    };
    let mut stack = vec![input];
    while let Some(collection) = stack.pop() {
        for &producer in uses.get(collection).iter().flat_map(|uses| &uses.producers) {
            if let Some(found) = environment(producer) {
                return Some(found);
            }
            stack.extend(graph.nodes[producer].transform.inputs.values().map(String::as_str));
        }
    }
    let readers = uses.get(output).into_iter().flat_map(|uses| uses.readers.iter().copied());
    readers.chain(0..graph.nodes.len()).find_map(environment)
}

/// Lets the producers of each input that nothing else reads write the output.
fn redirect_producers(graph: &mut Graph, index: usize) -> Result<()> {
    let output = graph.nodes[index].output()?.1.clone();
    let flatten = graph.nodes[index].transform.unique_name.clone();
    for (local, input, producers) in sole_readings(graph, index) {
        for producer in producers {
            redirect(graph, producer, &input, &output, &flatten);
        }
        graph.nodes[index].transform.inputs.remove(&local);
    }
    Ok(())
}

/// Local name, collection and producers of each input that is read here and nowhere else.
fn sole_readings(graph: &Graph, index: usize) -> Vec<(String, String, Vec<usize>)> {
    let uses = graph.uses();
    let mut found = Vec::new();
    for (local, input) in &graph.nodes[index].transform.inputs {
        if let Some(uses) = uses.get(input.as_str())
            && uses.readers.len() == 1
            && uses.side_readers.is_empty()
        {
            found.push((local.clone(), input.clone(), uses.producers.clone()));
        }
    }
    found
}

fn redirect(graph: &mut Graph, producer: usize, from: &str, to: &str, flatten: &str) {
    let Graph { nodes, parts, .. } = graph;
    let node = &mut nodes[producer];
    for (local, id) in node.transform.outputs.iter_mut().filter(|(_, id)| *id == from) {
        to.clone_into(id);
        // Of a Flatten of Flattens the first name stays: it is the output as the SDK declared it.
        parts
            .entry((node.id.clone(), local.clone()))
            .or_insert_with(|| Part { collection: from.to_owned(), flatten: flatten.to_owned() });
    }
}
