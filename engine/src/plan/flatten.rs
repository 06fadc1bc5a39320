//! Lets producers write the output of a Flatten directly.
//!
//! A Flatten that only joins needs no stage: its output has several producers. What remains is
//! where an input is read elsewhere too, or occurs twice.

use std::collections::{BTreeMap, BTreeSet};

use purlin_proto::pipeline::FunctionSpec;
use purlin_proto::urns::transforms as urn;

use super::coders::Classes;
use super::error::{PlanError, Result};
use super::graph::{Derived, Graph, Node, NodeKind, Part, synthetic};

/// Redirects producers where `elide` and the graph allow it, and converts inputs of other coders.
/// The result is not in topological order.
pub(super) fn flatten(mut graph: Graph, elide: bool) -> Result<Graph> {
    let mut ends = Ends::of(&graph);
    let mut classes = Classes::default();
    let mut is_gone = BTreeSet::new();
    for index in 0..graph.nodes.len() {
        if !matches!(graph.nodes[index].kind, NodeKind::Flatten) {
            continue;
        }
        let was_empty = graph.nodes[index].transform.inputs.is_empty();
        convert_inputs(&mut graph, index, &mut ends, &mut classes)?;
        if elide {
            redirect_producers(&mut graph, index, &mut ends)?;
        }
        if !was_empty && graph.nodes[index].transform.inputs.is_empty() {
            is_gone.insert(graph.nodes[index].id.clone());
        }
    }
    graph.nodes.retain(|node| !is_gone.contains(&node.id));
    Ok(graph)
}

/// What this pass knows of each collection, kept up to date while it changes producers.
struct Ends {
    producers: BTreeMap<String, Vec<usize>>,
    /// How many inputs, of main and side kind, it is.
    readings: BTreeMap<String, usize>,
}

impl Ends {
    fn of(graph: &Graph) -> Self {
        let (mut producers, mut readings) = (BTreeMap::new(), BTreeMap::new());
        for (id, uses) in graph.uses() {
            readings.insert(id.to_owned(), uses.readers.len() + uses.side_readers.len());
            producers.insert(id.to_owned(), uses.producers);
        }
        Self { producers, readings }
    }
}

/// Adds a conversion for each input of the Flatten whose elements are encoded in another way than
/// its output's. The conversion writes the output itself.
fn convert_inputs(
    graph: &mut Graph,
    index: usize,
    ends: &mut Ends,
    classes: &mut Classes,
) -> Result<()> {
    let node = graph.nodes[index].clone();
    let output = node.output()?.1;
    let target = graph.collection(output)?.coder_id.clone();
    for (local, input) in &node.transform.inputs {
        let coder_id = &graph.collection(input)?.coder_id;
        if classes.equal(&graph.components.coders, coder_id, &target)? {
            continue;
        }
        let conversion = conversion(graph, &node, (local, input), ends)?;
        ends.producers.entry(output.clone()).or_default().push(graph.nodes.len());
        graph.nodes.push(conversion);
        graph.nodes[index].transform.inputs.remove(local);
    }
    Ok(())
}

/// A Flatten of one input inside an SDK, which decodes the input and encodes the output.
fn conversion(
    graph: &Graph,
    node: &Node,
    (local, input): (&str, &str),
    ends: &Ends,
) -> Result<Node> {
    let environment_id = environment_near(graph, input, ends).ok_or_else(|| {
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
        inputs: BTreeMap::from([(local.to_owned(), input.to_owned())]),
        outputs: BTreeMap::from([("out".to_owned(), node.output()?.1.clone())]),
    }
    .sdk_node()?;
    conversion.transform.environment_id = environment_id;
    Ok(conversion)
}

/// The environment where `input` comes from, or else of any transform: the nearer, the surer it
/// is to know both coders.
fn environment_near(graph: &Graph, input: &str, ends: &Ends) -> Option<String> {
    let environment = |index: usize| {
        let node: &Node = &graph.nodes[index];
        node.traits().map(|_| node.transform.environment_id.clone())
    };
    let mut stack = vec![input];
    let mut seen = BTreeSet::from([input]);
    while let Some(collection) = stack.pop() {
        for &producer in ends.producers.get(collection).into_iter().flatten() {
            if let Some(found) = environment(producer) {
                return Some(found);
            }
            let inputs = graph.nodes[producer].transform.inputs.values().map(String::as_str);
            stack.extend(inputs.filter(|id| seen.insert(id)));
        }
    }
    (0..graph.nodes.len()).find_map(environment)
}

/// Lets the producers of each input that nothing else reads write the output.
fn redirect_producers(graph: &mut Graph, index: usize, ends: &mut Ends) -> Result<()> {
    let output = graph.nodes[index].output()?.1.clone();
    let flatten = graph.nodes[index].transform.unique_name.clone();
    for (local, input) in graph.nodes[index].transform.inputs.clone() {
        if ends.readings.get(&input) != Some(&1) {
            continue;
        }
        let producers = ends.producers.remove(&input).unwrap_or_default();
        for &producer in &producers {
            redirect(graph, producer, (&input, &output), &flatten);
        }
        ends.producers.entry(output.clone()).or_default().extend(producers);
        graph.nodes[index].transform.inputs.remove(&local);
    }
    Ok(())
}

fn redirect(graph: &mut Graph, producer: usize, (from, to): (&str, &str), flatten: &str) {
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
