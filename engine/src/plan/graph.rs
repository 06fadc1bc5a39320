//! The graph that the passes work on: transforms in topological order, connected by collections.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use purlin_proto::pipeline::{Components, FunctionSpec, PCollection, PTransform};

use super::error::{PlanError, Result};
use super::traits::{SideTraits, Traits};

/// What all ids begin with that the planner makes up.
pub(super) const RESERVED_PREFIX: &str = "purlin:";

/// A pipeline without its composites.
#[derive(Debug)]
pub(super) struct Graph {
    /// Producers come before their consumers.
    pub(super) nodes: Vec<Node>,
    /// Everything but the transforms.
    pub(super) components: Components,
    /// What an output was before the output of a Flatten took its place, by node id and local
    /// output name.
    pub(super) parts: BTreeMap<(String, String), Part>,
}

/// An input of a Flatten whose producer writes the Flatten's output directly.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The id of the collection that it was.
    pub(super) collection: String,
    /// The unique name of the Flatten.
    pub(super) flatten: String,
}

/// A transform that something executes.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) transform: PTransform,
    pub(super) kind: NodeKind,
}

/// Who executes a transform, and how.
#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Impulse,
    TestStream,
    /// Names the combine, if it groups the accumulators of one.
    GroupByKey {
        combine: Option<String>,
    },
    Reshuffle,
    Flatten,
    /// A combine per key, until a pass has expanded it.
    Combine,
    /// An SDK executes it.
    Sdk(Box<Traits>),
}

/// The nodes that touch a collection. A node that reads it twice is there twice.
#[derive(Default, Debug)]
pub(super) struct Uses {
    pub(super) producers: Vec<usize>,
    pub(super) readers: Vec<usize>,
    pub(super) side_readers: Vec<usize>,
}

impl Node {
    pub(super) fn urn(&self) -> &str {
        urn(&self.transform)
    }

    /// The traits of an SDK's transform.
    pub(super) fn traits(&self) -> Option<&Traits> {
        match &self.kind {
            NodeKind::Sdk(traits) => Some(traits),
            _ => None,
        }
    }

    /// What is known of an input that is a side input.
    pub(super) fn side_traits(&self, local_name: &str) -> Option<&SideTraits> {
        self.traits()?.side_inputs.get(local_name)
    }

    fn is_side_input(&self, local_name: &str) -> bool {
        self.side_traits(local_name).is_some()
    }

    /// Local name and collection of each input that is no side input.
    pub(super) fn main_inputs(&self) -> impl Iterator<Item = (&String, &String)> {
        self.transform.inputs.iter().filter(|(local, _)| !self.is_side_input(local))
    }

    /// Local name and collection of each side input.
    pub(super) fn side_inputs(&self) -> impl Iterator<Item = (&String, &String)> {
        self.transform.inputs.iter().filter(|(local, _)| self.is_side_input(local))
    }

    /// The one main input. `validate` has made sure that there is one, so passes after it never
    /// see the error.
    pub(super) fn main_input(&self) -> Result<(&String, &String)> {
        let mut inputs = self.main_inputs();
        match (inputs.next(), inputs.next()) {
            (Some(input), None) => Ok(input),
            _ => Err(self.wrong_arity("exactly one main input")),
        }
    }

    /// The one output, checked like [`Node::main_input`].
    pub(super) fn output(&self) -> Result<(&String, &String)> {
        let mut outputs = self.transform.outputs.iter();
        match (outputs.next(), outputs.next()) {
            (Some(output), None) => Ok(output),
            _ => Err(self.wrong_arity("exactly one output")),
        }
    }

    pub(super) fn wrong_arity(&self, needs: &str) -> PlanError {
        let (inputs, outputs) = (self.main_inputs().count(), self.transform.outputs.len());
        PlanError::malformed(format!(
            "{} (`{}`) has {inputs} main inputs and {outputs} outputs but needs {needs}",
            self.place(),
            self.urn(),
        ))
    }

    /// How messages call it.
    pub(super) fn place(&self) -> String {
        place(&self.id, &self.transform)
    }
}

/// How messages call a transform.
pub(super) fn place(id: &str, transform: &PTransform) -> String {
    let name = if transform.unique_name.is_empty() { id } else { &transform.unique_name };
    format!("transform `{name}`")
}

pub(super) fn urn(transform: &PTransform) -> &str {
    transform.spec.as_ref().map_or("", |spec| &spec.urn)
}

/// The id of a part that a pass makes out of transform `id`.
pub(super) fn synthetic(id: &str, part: &str) -> String {
    format!("{RESERVED_PREFIX}{id}/{part}")
}

impl Graph {
    /// Who produces and who reads each collection.
    pub(super) fn uses(&self) -> BTreeMap<&str, Uses> {
        let mut uses: BTreeMap<&str, Uses> = BTreeMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            for output in node.transform.outputs.values() {
                uses.entry(output).or_default().producers.push(index);
            }
            for (_, input) in node.main_inputs() {
                uses.entry(input).or_default().readers.push(index);
            }
            for (_, input) in node.side_inputs() {
                uses.entry(input).or_default().side_readers.push(index);
            }
        }
        uses
    }

    /// The collection of this id.
    pub(super) fn collection(&self, id: &str) -> Result<&PCollection> {
        let found = self.components.pcollections.get(id);
        found.ok_or_else(|| PlanError::dangling("the pipeline", "collection", id))
    }

    /// Adds a collection between the parts of a transform, windowed and bounded like another.
    pub(super) fn add_collection(
        &mut self,
        of: &Node,
        part: &str,
        coder_id: &str,
        like: &str,
    ) -> Result<String> {
        let mut collection = self.collection(like)?.clone();
        collection.unique_name = format!("{}.{part}", of.transform.unique_name);
        coder_id.clone_into(&mut collection.coder_id);
        let id = synthetic(&of.id, part);
        self.components.pcollections.insert(id.clone(), collection);
        Ok(id)
    }

    /// Puts producers before consumers, otherwise keeping the order.
    pub(super) fn sort(&mut self) -> Result<()> {
        let order = self.topological_order()?;
        let mut nodes: Vec<Option<Node>> =
            std::mem::take(&mut self.nodes).into_iter().map(Some).collect();
        self.nodes = order.into_iter().filter_map(|index| nodes[index].take()).collect();
        Ok(())
    }

    fn topological_order(&self) -> Result<Vec<usize>> {
        let edges = self.edges();
        let mut waiting = vec![0_usize; self.nodes.len()];
        edges.iter().flatten().for_each(|&to| waiting[to] += 1);
        let order = ready_order(&edges, waiting);
        if order.len() == self.nodes.len() { Ok(order) } else { Err(self.cycle(&order)) }
    }

    /// For each node, the nodes that read its outputs, once per reading.
    fn edges(&self) -> Vec<Vec<usize>> {
        let mut edges = vec![Vec::new(); self.nodes.len()];
        for uses in self.uses().values() {
            for &producer in &uses.producers {
                edges[producer].extend(uses.readers.iter().chain(&uses.side_readers));
            }
        }
        edges
    }

    /// Names the transforms of a cycle, given those that are in none and behind none.
    fn cycle(&self, sorted: &[usize]) -> PlanError {
        let mut producer_in_cycle: BTreeMap<&str, usize> = BTreeMap::new();
        let mut path = Vec::new();
        let sorted: BTreeSet<usize> = sorted.iter().copied().collect();
        let mut stuck: Vec<usize> =
            (0..self.nodes.len()).filter(|index| !sorted.contains(index)).collect();
        for &index in &stuck {
            for output in self.nodes[index].transform.outputs.values() {
                producer_in_cycle.insert(output, index);
            }
        }
        // Every stuck node waits for a stuck producer: walking back must come round.
        let mut at = stuck.pop();
        let mut seen = BTreeSet::new();
        while let Some(index) = at.filter(|index| seen.insert(*index)) {
            path.push(index);
            let mut inputs = self.nodes[index].transform.inputs.values();
            at = inputs.find_map(|input| producer_in_cycle.get(input.as_str()).copied());
        }
        let start = path.iter().position(|index| Some(*index) == at).unwrap_or(0);
        let mut names: Vec<String> =
            path[start..].iter().rev().take(8).map(|&index| self.nodes[index].place()).collect();
        names.extend(names.first().cloned());
        PlanError::malformed(format!("the graph has a cycle: {}", names.join(" → ")))
    }
}

/// Kahn's algorithm; of those that are ready the lowest index goes first.
pub(super) fn ready_order(edges: &[Vec<usize>], mut waiting: Vec<usize>) -> Vec<usize> {
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..edges.len()).filter(|&index| waiting[index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &to in &edges[index] {
            waiting[to] -= 1;
            if waiting[to] == 0 {
                ready.push(Reverse(to));
            }
        }
    }
    order
}

/// A transform that a pass makes out of another: same environment, one input and one output.
pub(super) struct Derived<'a> {
    pub(super) id: String,
    pub(super) of: &'a Node,
    /// What is appended to the unique name.
    pub(super) suffix: &'a str,
    pub(super) spec: FunctionSpec,
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) outputs: BTreeMap<String, String>,
}

impl Derived<'_> {
    fn transform(self) -> (String, PTransform) {
        // The part that stands for the user's transform keeps its name as well as its id, so that
        // metrics and messages name what the user wrote.
        let unique_name = if self.id == self.of.id {
            self.of.transform.unique_name.clone()
        } else {
            format!("{}/{}", self.of.transform.unique_name, self.suffix)
        };
        let transform = PTransform {
            unique_name,
            spec: Some(self.spec),
            inputs: self.inputs,
            outputs: self.outputs,
            environment_id: self.of.transform.environment_id.clone(),
            ..PTransform::default()
        };
        (self.id, transform)
    }

    /// As a transform that the runner executes.
    pub(super) fn runner_node(self, kind: NodeKind) -> Node {
        let (id, transform) = self.transform();
        Node { id, transform: PTransform { environment_id: String::new(), ..transform }, kind }
    }

    /// As a transform that the SDK executes.
    pub(super) fn sdk_node(self) -> Result<Node> {
        let (id, transform) = self.transform();
        let traits = Traits::of(&id, &transform)?;
        Ok(Node { id, transform, kind: NodeKind::Sdk(Box::new(traits)) })
    }
}
