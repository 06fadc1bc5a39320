//! From groups of nodes to the stages of a plan and the collections between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use purlin_proto::pipeline::{WindowingStrategy, is_bounded};
use purlin_proto::urns::transforms as urn;

use super::coders;
use super::descriptor::{Parts, sink_id, source_id};
use super::drain;
use super::edge::settle_edges;
use super::error::{PlanError, Result};
use super::graph::{Graph, Node, NodeKind, Uses, synthetic};
use super::name::stage_name;
use super::options::PlanOptions;
use super::payload;
use super::traits::{is_par_do, par_do_payload};
use super::{
    Collection, CollectionId, LiftedCombine, Plan, SdkStage, SideInput, Stage, StageId, StageKind,
    TimerFamily,
};

/// Builds the plan whose stages are the given groups of nodes.
pub(super) fn assemble(
    mut graph: Graph,
    groups: &[Vec<usize>],
    options: &PlanOptions,
) -> Result<Plan> {
    let traffic = Traffic::of(&graph, groups);
    let ids = traffic.edges.iter().map(|edge| &edge.id);
    let windowed = settle_edges(&mut graph, ids, &options.known_coders)?;
    let assembly = Assembly { graph: &graph, traffic: &traffic, windowed: &windowed };
    let stages =
        groups.iter().enumerate().map(|(index, group)| assembly.stage(StageId(index), group));
    let stages = stages.collect::<Result<_>>()?;
    Ok(Plan { stages, collections: assembly.collections()? })
}

/// Which collections pass between stages.
struct Traffic {
    edges: Vec<Edge>,
    index: BTreeMap<String, CollectionId>,
}

/// A collection between stages.
struct Edge {
    id: String,
    producers: BTreeSet<StageId>,
    consumers: BTreeSet<StageId>,
    side_consumers: BTreeSet<StageId>,
}

impl Traffic {
    fn of(graph: &Graph, groups: &[Vec<usize>]) -> Self {
        let mut stage_of = vec![StageId(0); graph.nodes.len()];
        for (stage, group) in groups.iter().enumerate() {
            group.iter().for_each(|&node| stage_of[node] = StageId(stage));
        }
        let mut edges: Vec<Edge> = graph
            .uses()
            .iter()
            .filter_map(|(id, uses)| Edge::of(graph, id, uses, &stage_of))
            .collect();
        edges.sort_by(|a, b| (a.producers.first(), &a.id).cmp(&(b.producers.first(), &b.id)));
        let position = edges.iter().enumerate();
        let index = position.map(|(at, edge)| (edge.id.clone(), CollectionId(at))).collect();
        Self { edges, index }
    }

    fn find(&self, id: &str) -> Result<CollectionId> {
        let found = self.index.get(id).copied();
        found.ok_or_else(|| PlanError::dangling("a stage", "collection", id))
    }
}

impl Edge {
    /// `None` if the collection stays inside a stage.
    fn of(graph: &Graph, id: &str, uses: &Uses, stage_of: &[StageId]) -> Option<Self> {
        let stages = |nodes: &[usize]| nodes.iter().map(|&node| stage_of[node]).collect();
        let producers: BTreeSet<StageId> = stages(&uses.producers);
        let mut consumers: BTreeSet<StageId> = stages(&uses.readers);
        let side_consumers: BTreeSet<StageId> = stages(&uses.side_readers);
        // A stage that both makes and reads it does so inside.
        consumers.retain(|stage| !producers.contains(stage));
        let mut ends = uses.producers.iter().chain(&uses.readers);
        let touches_runner = ends.any(|&node| graph.nodes[node].traits().is_none());
        let is_edge = touches_runner || !consumers.is_empty() || !side_consumers.is_empty();
        is_edge.then(|| Self { id: id.to_owned(), producers, consumers, side_consumers })
    }
}

struct Assembly<'a> {
    graph: &'a Graph,
    traffic: &'a Traffic,
    windowed: &'a BTreeMap<String, String>,
}

impl<'a> Assembly<'a> {
    fn stage(&self, id: StageId, group: &[usize]) -> Result<Stage> {
        let nodes: Vec<&Node> = group.iter().map(|&index| &self.graph.nodes[index]).collect();
        let name = stage_name(nodes.iter().map(|node| node.transform.unique_name.as_str()));
        Ok(Stage { id, name, kind: self.kind(&nodes)? })
    }

    fn kind(&self, nodes: &[&'a Node]) -> Result<StageKind> {
        let first = nodes[0];
        let output = || self.traffic.find(first.output()?.1);
        let input = || self.traffic.find(first.main_input()?.1);
        Ok(match &first.kind {
            NodeKind::Impulse => StageKind::Impulse { output: output()? },
            NodeKind::TestStream => self.test_stream(first)?,
            NodeKind::GroupByKey { combine } => StageKind::GroupByKey {
                input: input()?,
                output: output()?,
                combine: match combine {
                    Some(id) => Some(Box::new(self.lifted(id, first)?)),
                    None => None,
                },
            },
            NodeKind::Reshuffle => StageKind::Reshuffle { input: input()?, output: output()? },
            NodeKind::Flatten => {
                let inputs = first.transform.inputs.values();
                let inputs = inputs.map(|id| self.traffic.find(id)).collect::<Result<_>>()?;
                StageKind::Flatten { inputs, output: output()? }
            }
            NodeKind::Sdk(_) => StageKind::Sdk(Box::new(self.sdk_stage(nodes)?)),
            NodeKind::Combine => {
                let place = first.place();
                return Err(PlanError::unsupported(format!("{place} was not expanded")));
            }
        })
    }

    /// The combine whose accumulators `group` groups.
    fn lifted(&self, id: &str, group: &Node) -> Result<LiftedCombine> {
        let (waiting, groups) = (group.main_input()?.1, group.output()?.1);
        let mut nodes = self.graph.nodes.iter();
        let merge = nodes.find(|node| {
            node.urn() == urn::COMBINE_PER_KEY_MERGE_ACCUMULATORS
                && node.transform.inputs.values().any(|input| input == groups)
        });
        let Some(merge) = merge else {
            return Err(PlanError::malformed(format!("nothing merges {}", group.place())));
        };
        let mut merge = Node { id: synthetic(id, "compact"), ..merge.clone() };
        merge.transform.outputs.values_mut().for_each(|output| output.clone_from(waiting));
        Ok(LiftedCombine { id: id.to_owned(), merge: self.sdk_stage(&[&merge])? })
    }

    fn test_stream(&self, node: &Node) -> Result<StageKind> {
        let outputs = node.transform.outputs.iter();
        let outputs = outputs.map(|(tag, id)| Ok((tag.clone(), self.traffic.find(id)?)));
        let outputs = outputs.collect::<Result<_>>()?;
        Ok(StageKind::TestStream { payload: Arc::new(payload::test_stream(node)?), outputs })
    }

    fn sdk_stage(&self, nodes: &[&Node]) -> Result<SdkStage> {
        let root = nodes[0];
        let (local, input) = root.main_input()?;
        let written: BTreeSet<&str> = nodes
            .iter()
            .flat_map(|node| node.transform.outputs.values().map(String::as_str))
            .collect();
        let outputs: Vec<&str> =
            written.into_iter().filter(|id| self.traffic.index.contains_key(*id)).collect();
        let any = |holds: fn(&super::traits::Traits) -> bool| {
            nodes.iter().any(|node| node.traits().is_some_and(holds))
        };
        let sink = |id: &&str| Ok((sink_id(id), self.traffic.find(id)?));
        let written = outputs.iter().map(sink).collect::<Result<_>>()?;
        let is_splittable = any(|traits| traits.is_splittable);
        let descriptor = Parts {
            graph: self.graph,
            nodes: nodes.to_vec(),
            input,
            outputs,
            windowed: self.windowed,
        }
        .descriptor()?;
        let draining = is_splittable.then(|| drain::draining(&descriptor, &root.id, local));
        Ok(SdkStage {
            source: source_id(input),
            input: self.traffic.find(input)?,
            outputs: written,
            side_inputs: self.side_inputs(nodes)?,
            is_splittable,
            is_keyed: any(|traits| traits.is_keyed),
            timers: timers(nodes)?,
            finalizes: any(|traits| traits.finalizes),
            environment_id: root.transform.environment_id.clone(),
            descriptor: Arc::new(descriptor),
            draining: draining.flatten().map(Arc::new),
        })
    }

    fn side_inputs(&self, nodes: &[&Node]) -> Result<Vec<SideInput>> {
        let mut side_inputs = Vec::new();
        for node in nodes {
            for (local_name, id) in node.side_inputs() {
                let traits = node.side_traits(local_name).cloned().unwrap_or_default();
                side_inputs.push(SideInput {
                    transform_id: node.id.clone(),
                    local_name: local_name.clone(),
                    collection: self.traffic.find(id)?,
                    by_key: traits.is_by_key,
                    mapping: traits.mapping,
                });
            }
        }
        Ok(side_inputs)
    }

    fn collections(&self) -> Result<Vec<Collection>> {
        let mut windowings = BTreeMap::new();
        self.traffic.edges.iter().map(|edge| self.collection(edge, &mut windowings)).collect()
    }

    fn collection(
        &self,
        edge: &Edge,
        windowings: &mut BTreeMap<String, Arc<WindowingStrategy>>,
    ) -> Result<Collection> {
        let proto = self.graph.collection(&edge.id)?;
        let components = &self.graph.components;
        let strategy_id = &proto.windowing_strategy_id;
        let windowing = windowings.entry(strategy_id.clone()).or_insert_with(|| {
            let strategy = components.windowing_strategies.get(strategy_id);
            Arc::new(strategy.cloned().unwrap_or_default())
        });
        let windowed_coder_id = self.windowed.get(&edge.id).cloned().unwrap_or_default();
        let mut closure = BTreeMap::new();
        coders::close_over(&components.coders, &windowed_coder_id, &mut closure)?;
        Ok(Collection {
            id: edge.id.clone(),
            name: proto.unique_name.clone(),
            producers: edge.producers.iter().copied().collect(),
            consumers: edge.consumers.iter().copied().collect(),
            side_consumers: edge.side_consumers.iter().copied().collect(),
            is_bounded: proto.is_bounded() == is_bounded::Enum::Bounded,
            coder_id: proto.coder_id.clone(),
            windowed_coder_id,
            coders: closure,
            windowing: Arc::clone(windowing),
        })
    }
}

fn timers(nodes: &[&Node]) -> Result<Vec<TimerFamily>> {
    let mut timers = Vec::new();
    for node in nodes.iter().filter(|node| is_par_do(node.urn())) {
        let payload = par_do_payload(&node.id, &node.transform)?;
        for (name, spec) in payload.timer_family_specs {
            timers.push(TimerFamily {
                transform_id: node.id.clone(),
                time_domain: spec.time_domain(),
                name,
                coder_id: spec.timer_family_coder_id,
            });
        }
    }
    Ok(timers)
}
