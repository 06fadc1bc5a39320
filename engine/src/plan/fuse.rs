//! Fuses transforms of an SDK into stages.
//!
//! Greedy, in topological order: a transform joins the stage of its producer, or else a stage that
//! reads the same collection, unless that would make a stage wait for itself.

use std::collections::{BTreeMap, BTreeSet};

use purlin_proto::pipeline::{Environment, is_bounded};
use purlin_proto::urns::window_fns;

use super::graph::{Graph, Node, Uses, ready_order};

/// The nodes of each stage by position in the graph; producers first, inside stages and among
/// them. Transforms of the runner are alone in theirs.
pub(super) fn fuse(graph: &Graph, is_fusing: bool) -> Vec<Vec<usize>> {
    let mut fusion = Fusion {
        graph,
        uses: graph.uses(),
        environments: equal_environments(&graph.components.environments),
        stages: Vec::new(),
        stage_of: Vec::new(),
        readers: BTreeMap::new(),
    };
    for (index, node) in graph.nodes.iter().enumerate() {
        let stage = if is_fusing { fusion.stage_to_join(node) } else { None };
        fusion.place(index, stage);
    }
    fusion.in_topological_order()
}

struct Fusion<'a> {
    graph: &'a Graph,
    uses: BTreeMap<&'a str, Uses>,
    /// The first of all environments that equal this one.
    environments: BTreeMap<&'a str, &'a str>,
    stages: Vec<Draft>,
    /// Of the nodes so far.
    stage_of: Vec<usize>,
    /// The stages whose main input is this collection, and which more readers of it may join.
    readers: BTreeMap<&'a str, Vec<usize>>,
}

/// A stage in the making.
#[derive(Default)]
struct Draft {
    nodes: Vec<usize>,
    /// The stages that read what this one writes.
    next: BTreeSet<usize>,
}

impl<'a> Fusion<'a> {
    fn stage_to_join(&self, node: &'a Node) -> Option<usize> {
        if self.must_be_root(node) {
            return None;
        }
        let input = node.main_input().ok()?.1.as_str();
        let siblings = self.readers.get(input).into_iter().flatten().copied();
        let mut candidates = self.producing_stage(input).into_iter().chain(siblings);
        candidates.find(|&stage| self.accepts(stage, node) && !self.would_feed_itself(stage, node))
    }

    fn must_be_root(&self, node: &Node) -> bool {
        let Some(traits) = node.traits() else { return true };
        traits.is_root
            || traits.is_alone
            || node.side_inputs().any(|(_, id)| !is_ready_at_once(self.graph, id))
    }

    /// The stage that holds all producers of a collection.
    fn producing_stage(&self, collection: &str) -> Option<usize> {
        let producers = &self.uses.get(collection)?.producers;
        let (first, rest) = producers.split_first()?;
        let stage = self.stage_of[*first];
        rest.iter().all(|&other| self.stage_of[other] == stage).then_some(stage)
    }

    /// Whether a stage runs in the node's environment and may be added to.
    fn accepts(&self, stage: usize, node: &Node) -> bool {
        let Some(&root) = self.stages[stage].nodes.first() else { return false };
        let root = &self.graph.nodes[root];
        let Some(traits) = root.traits() else { return false };
        let environment =
            |node: &Node| self.environments.get(node.transform.environment_id.as_str()).copied();
        !traits.is_alone && environment(root) == environment(node)
    }

    /// Whether a side input of the node is made by the stage or by one that waits for it.
    fn would_feed_itself(&self, stage: usize, node: &Node) -> bool {
        let producers: BTreeSet<usize> = node
            .side_inputs()
            .filter_map(|(_, id)| self.uses.get(id.as_str()))
            .flat_map(|uses| uses.producers.iter().map(|&producer| self.stage_of[producer]))
            .collect();
        !producers.is_empty() && self.reaches(stage, &producers)
    }

    fn reaches(&self, from: usize, targets: &BTreeSet<usize>) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut stack = vec![from];
        while let Some(stage) = stack.pop() {
            if targets.contains(&stage) {
                return true;
            }
            stack.extend(self.stages[stage].next.iter().filter(|&&next| seen.insert(next)));
        }
        false
    }

    /// Puts the next node into a stage, or into a new one.
    fn place(&mut self, index: usize, stage: Option<usize>) {
        let node = &self.graph.nodes[index];
        let may_be_joined = !self.must_be_root(node);
        let stage = stage.unwrap_or_else(|| {
            self.stages.push(Draft::default());
            let stage = self.stages.len() - 1;
            // Beside a first transform with needs of its own (state, restrictions, sorted input)
            // nothing else reads its input.
            for (_, input) in node.main_inputs().filter(|_| may_be_joined) {
                self.readers.entry(input).or_default().push(stage);
            }
            stage
        });
        self.stages[stage].nodes.push(index);
        self.stage_of.push(stage);
        for input in node.transform.inputs.values() {
            let producers =
                self.uses.get(input.as_str()).into_iter().flat_map(|uses| &uses.producers);
            for &producer in producers {
                let from = self.stage_of[producer];
                if from != stage {
                    self.stages[from].next.insert(stage);
                }
            }
        }
    }

    fn in_topological_order(self) -> Vec<Vec<usize>> {
        let edges: Vec<Vec<usize>> =
            self.stages.iter().map(|stage| stage.next.iter().copied().collect()).collect();
        let mut waiting = vec![0; edges.len()];
        edges.iter().flatten().for_each(|&to| waiting[to] += 1);
        let order = ready_order(&edges, waiting);
        debug_assert_eq!(order.len(), edges.len(), "fusing made a cycle of stages");
        let mut stages: Vec<Vec<usize>> =
            self.stages.into_iter().map(|stage| stage.nodes).collect();
        order.into_iter().map(|index| std::mem::take(&mut stages[index])).collect()
    }
}

/// Whether readers of a side input wait for its end and for nothing else, so that they can wait
/// as a whole stage. Else each element waits on its own, which only the first transform of a stage
/// can do.
fn is_ready_at_once(graph: &Graph, id: &str) -> bool {
    let Some(collection) = graph.components.pcollections.get(id) else { return false };
    let strategy = graph.components.windowing_strategies.get(&collection.windowing_strategy_id);
    let window_fn = strategy.and_then(|strategy| strategy.window_fn.as_ref());
    collection.is_bounded() == is_bounded::Enum::Bounded
        && window_fn.is_some_and(|window_fn| window_fn.urn == window_fns::GLOBAL_WINDOWS)
}

/// Maps each environment to the first that starts the same worker. Hints on resources and texts
/// for people make no difference to that.
fn equal_environments(environments: &BTreeMap<String, Environment>) -> BTreeMap<&str, &str> {
    let mut first: Vec<(&str, Environment)> = Vec::new();
    let mut equal = BTreeMap::new();
    for (id, environment) in environments {
        let mut essence = environment.clone();
        essence.display_data.clear();
        essence.resource_hints.clear();
        let found = first.iter().find(|(_, other)| *other == essence).map(|(id, _)| *id);
        equal.insert(id.as_str(), found.unwrap_or(id));
        if found.is_none() {
            first.push((id, essence));
        }
    }
    equal
}
