//! From the graph under construction to Beam's pipeline proto and the table of functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use purlin_proto::pipeline as proto;
use purlin_proto::urns;

use super::build::{Collection, Graph, Node, NodeId, ParDoSpec, SideInputSpec, Spec};
use super::grouping;
use super::names::unique_names;
use super::sealed::Sealed;
use super::stateful::stateful_requirements;
use crate::coders::CoderSpec;
use crate::error::{Error, Mistake, Result};
use crate::exec::{
    COMBINE_FN_URN, DO_FN_URN, FnTable, Function, WINDOW_FN_URN, WindowFunction, WindowMapping,
};
use crate::window::AnyWindowFn;

/// The id of the environment that all transforms of this SDK run in.
pub(crate) const ENVIRONMENT: &str = "purlin";
/// The annotation that holds the constants of a transform.
const CONSTANTS: &str = "purlin:constants:v1";
/// The annotation of a composite that checks a collection.
pub(crate) const ASSERTION: &str = "purlin:assertion:v1";

impl Graph {
    /// Checks the graph and describes it.
    ///
    /// # Errors
    /// With all mistakes that the author made.
    pub(crate) fn seal(&self) -> Result<Sealed> {
        let (names, clashes) = unique_names(self);
        let mut mistakes = self.mistakes.clone();
        mistakes.extend(clashes);
        mistakes.extend(self.check());
        if !mistakes.is_empty() {
            return Err(Error::Graph(mistakes));
        }
        Ok(Sealing { graph: self, names, components: environment(), table: FnTable::default() }
            .run())
    }

    /// Mistakes that only the whole graph shows.
    fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            match &node.spec {
                Spec::GroupByKey => {
                    for input in self.main_inputs(NodeId(index)) {
                        mistakes.extend(unusable_key(node, &self.collections[input.0]));
                        if !self.is_in_assertion(node) {
                            mistakes.extend(grouping::mistakes(node, &self.collections[input.0]));
                        }
                    }
                }
                Spec::ParDo(par_do) => {
                    if !par_do.accepts_retractions {
                        mistakes.extend(self.main_inputs(NodeId(index)).filter_map(|input| {
                            let input = &self.collections[input.0];
                            grouping::retracted(node, input, "this transform")
                        }));
                    }
                    if let Some(stateful) = &par_do.stateful {
                        mistakes.extend(self.check_stateful(NodeId(index), stateful));
                    }
                    for (side, input) in self.sides(node, par_do) {
                        mistakes.extend(grouping::side_mistakes(node, input));
                        mistakes.extend(grouping::unusable_side_key(node, side, input));
                    }
                }
                _ => {}
            }
        }
        mistakes
    }
}

impl Graph {
    /// The side inputs of a ParDo with their collections.
    fn sides<'g>(
        &'g self,
        node: &'g Node,
        par_do: &'g ParDoSpec,
    ) -> impl Iterator<Item = (&'g SideInputSpec, &'g Collection)> {
        par_do.side_inputs.iter().filter_map(|side| {
            let mut inputs = node.inputs.iter();
            let (_, id) = inputs.find(|(local, _)| *local == side.local_name)?;
            Some((side, &self.collections[id.0]))
        })
    }

    /// Whether a transform is part of an assertion, which waits for the end of its input.
    fn is_in_assertion(&self, node: &Node) -> bool {
        node.parent.is_some_and(|parent| matches!(self.nodes[parent.0].spec, Spec::Assertion))
    }
}

pub(super) fn unusable_key(node: &Node, input: &Collection) -> Option<Mistake> {
    let spec = input.codec.spec();
    let (key, _) = spec.as_kv()?;
    let reason = key.nondeterministic.clone()?;
    Some(Mistake {
        message: format!("these keys cannot be grouped: {reason}"),
        place: node.place.clone(),
        help: Some(
            "use a key whose equal values have equal bytes, such as a string or number".to_owned(),
        ),
    })
}

pub(super) struct Sealing<'g> {
    pub(super) graph: &'g Graph,
    names: Vec<String>,
    components: proto::Components,
    table: FnTable,
}

fn environment() -> proto::Components {
    let mut capabilities: Vec<String> = [
        urns::protocols::PROGRESS_REPORTING,
        urns::protocols::MULTI_CORE_BUNDLE_PROCESSING,
        urns::protocols::ELEMENT_METADATA,
        urns::transforms::TRUNCATE_SIZED_RESTRICTION,
    ]
    .map(str::to_owned)
    .into();
    let coders = urns::ALL.iter().filter(|(name, _)| name.starts_with("coders::"));
    // Its payload is undefined in the model: no environment needs to say that it knows it.
    capabilities
        .extend(coders.map(|(_, urn)| (*urn).to_owned()).filter(|urn| !urn.contains(":schema:")));
    let environment = proto::Environment {
        urn: urns::environments::DEFAULT.to_owned(),
        capabilities,
        ..proto::Environment::default()
    };
    let environments = BTreeMap::from([(ENVIRONMENT.to_owned(), environment)]);
    proto::Components { environments, ..proto::Components::default() }
}

fn transform_id(id: NodeId) -> String {
    format!("t{}", id.0)
}

fn collection_id(index: usize) -> String {
    format!("c{index}")
}

impl Sealing<'_> {
    fn run(mut self) -> Sealed {
        for (index, collection) in self.graph.collections.iter().enumerate() {
            self.collection(index, collection);
        }
        let children = self.graph.children();
        for (index, node) in self.graph.nodes.iter().enumerate() {
            let id = NodeId(index);
            let members = children.get(&id).map_or(&[][..], Vec::as_slice);
            let transform = self.transform(id, node, members);
            self.components.transforms.insert(transform_id(id), transform);
        }
        let nodes = self.graph.nodes.iter().enumerate();
        let roots = nodes.filter(|(_, node)| node.parent.is_none());
        let pipeline = proto::Pipeline {
            root_transform_ids: roots.map(|(index, _)| transform_id(NodeId(index))).collect(),
            requirements: self.requirements(),
            components: Some(self.components),
            display_data: Vec::new(),
        };
        Sealed { pipeline, table: Arc::new(self.table), at_end: self.graph.at_end.clone() }
    }

    fn collection(&mut self, index: usize, collection: &Collection) {
        let id = collection_id(index);
        let (producer, local) = &collection.producer;
        let bounded = if collection.is_bounded {
            proto::is_bounded::Enum::Bounded
        } else {
            proto::is_bounded::Enum::Unbounded
        };
        let message = proto::PCollection {
            unique_name: format!("{}.{local}", self.names[producer.0]),
            coder_id: self.coder(&collection.codec.spec()),
            is_bounded: bounded.into(),
            windowing_strategy_id: self.windowing(collection),
            display_data: Vec::new(),
        };
        self.components.pcollections.insert(id.clone(), message);
        self.table.codecs.insert(id, Arc::clone(&collection.codec));
    }

    /// The id of a coder, which is added once.
    pub(super) fn coder(&mut self, spec: &CoderSpec) -> String {
        let coder = proto::Coder {
            spec: Some(proto::FunctionSpec {
                urn: spec.urn.clone().into_owned(),
                payload: spec.payload.clone(),
            }),
            component_coder_ids: spec.components.iter().map(|part| self.coder(part)).collect(),
        };
        let known = self.components.coders.iter().find(|(_, known)| **known == coder);
        if let Some((id, _)) = known {
            return id.clone();
        }
        let id = format!("k{}", self.components.coders.len());
        self.components.coders.insert(id.clone(), coder);
        id
    }

    /// The id of a windowing strategy, which is added once.
    pub(super) fn windowing(&mut self, collection: &Collection) -> String {
        let windowing = &collection.windowing;
        let window_fn = self.window_fn(windowing.window_fn(), collection.windowed_by);
        let window_coder = self.coder(&windowing.window_coder());
        let strategy = windowing.to_proto(window_fn, window_coder, ENVIRONMENT);
        let strategies = &mut self.components.windowing_strategies;
        if let Some((id, _)) = strategies.iter().find(|(_, known)| **known == strategy) {
            return id.clone();
        }
        let id = format!("w{}", strategies.len());
        strategies.insert(id.clone(), strategy);
        id
    }

    /// A window function; a user's own goes by the name of the transform that windows by it.
    fn window_fn(&mut self, window_fn: &AnyWindowFn, by: Option<NodeId>) -> proto::FunctionSpec {
        match (window_fn, by) {
            (AnyWindowFn::Standard(standard), _) => standard.to_proto(),
            (AnyWindowFn::Custom(_), Some(by)) => {
                let (name, place) = (&self.names[by.0], &self.graph.nodes[by.0].place);
                let function = WindowFunction::of(window_fn.clone(), name.clone(), place.clone());
                self.table.window_fns.insert(function);
                self.function_spec(by, WINDOW_FN_URN)
            }
            // Only a transform can bring a function of a user's own into the graph.
            (AnyWindowFn::Custom(_), None) => proto::FunctionSpec::default(),
        }
    }

    fn transform(&mut self, id: NodeId, node: &Node, members: &[NodeId]) -> proto::PTransform {
        let map = |ports: &[(String, super::CollectionId)]| {
            ports.iter().map(|(local, id)| (local.clone(), collection_id(id.0))).collect()
        };
        let spec = self.spec(id, node);
        let is_ours = matches!(
            node.spec,
            Spec::ParDo(_)
                | Spec::WindowInto(_)
                | Spec::CombinePerKey { .. }
                | Spec::CombineGroupedValues
        );
        let mut annotations = BTreeMap::new();
        if !node.constants.is_empty() {
            annotations.insert(CONSTANTS.to_owned(), node.constants.clone());
        }
        if matches!(node.spec, Spec::Assertion) {
            annotations.insert(ASSERTION.to_owned(), Bytes::new());
        }
        proto::PTransform {
            unique_name: self.names[id.0].clone(),
            spec,
            subtransforms: members.iter().copied().map(transform_id).collect(),
            inputs: map(&node.inputs),
            outputs: map(&node.outputs),
            environment_id: if is_ours { ENVIRONMENT.to_owned() } else { String::new() },
            annotations,
            display_data: Vec::new(),
        }
    }

    fn spec(&mut self, id: NodeId, node: &Node) -> Option<proto::FunctionSpec> {
        let (urn, payload) = match &node.spec {
            Spec::Composite | Spec::Assertion => return None,
            Spec::Impulse => (urns::transforms::IMPULSE, Bytes::new()),
            Spec::TestStream(events) => {
                (urns::transforms::TEST_STREAM, self.test_stream(node, events))
            }
            Spec::GroupByKey => (urns::transforms::GROUP_BY_KEY, Bytes::new()),
            Spec::Flatten => (urns::transforms::FLATTEN, Bytes::new()),
            Spec::Reshuffle => (urns::transforms::RESHUFFLE, Bytes::new()),
            Spec::ParDo(par_do) => (urns::transforms::PAR_DO, self.par_do(id, node, par_do)),
            Spec::WindowInto(windowing) => {
                let window_fn = Some(self.window_fn(windowing.window_fn(), Some(id)));
                let payload = proto::WindowIntoPayload { window_fn }.encode_to_vec();
                (urns::transforms::ASSIGN_WINDOWS, payload.into())
            }
            Spec::CombinePerKey { operator, accumulator } => {
                let function =
                    Function { operator: Arc::clone(operator), applied_at: node.place.clone() };
                self.table.functions.insert(self.names[id.0].clone(), function);
                (urns::transforms::COMBINE_PER_KEY, self.combine(id, accumulator))
            }
            Spec::CombineGroupedValues => {
                let parent = node.parent.unwrap_or(id);
                let payload = match &self.graph.nodes[parent.0].spec {
                    Spec::CombinePerKey { accumulator, .. } => self.combine(parent, accumulator),
                    _ => Bytes::new(),
                };
                (urns::transforms::COMBINE_GROUPED_VALUES, payload)
            }
        };
        Some(proto::FunctionSpec { urn: urn.to_owned(), payload })
    }

    fn test_stream(&mut self, node: &Node, events: &[proto::test_stream_payload::Event]) -> Bytes {
        let output = node.outputs.first().map(|(_, id)| &self.graph.collections[id.0]);
        let payload = proto::TestStreamPayload {
            coder_id: output.map_or_else(String::new, |it| self.coder(&it.codec.spec())),
            events: events.to_vec(),
            endpoint: None,
        };
        payload.encode_to_vec().into()
    }

    fn combine(&mut self, id: NodeId, accumulator: &CoderSpec) -> Bytes {
        let payload = proto::CombinePayload {
            combine_fn: Some(self.function_spec(id, COMBINE_FN_URN)),
            accumulator_coder_id: self.coder(accumulator),
        };
        payload.encode_to_vec().into()
    }

    pub(super) fn function_spec(&self, id: NodeId, urn: &str) -> proto::FunctionSpec {
        let name = self.names[id.0].clone();
        proto::FunctionSpec { urn: urn.to_owned(), payload: name.into_bytes().into() }
    }

    fn par_do(&mut self, id: NodeId, node: &Node, par_do: &ParDoSpec) -> Bytes {
        let function =
            Function { operator: Arc::clone(&par_do.operator), applied_at: node.place.clone() };
        self.table.functions.insert(self.names[id.0].clone(), function);
        let graph = self.graph;
        let sides = graph.sides(node, par_do);
        let side_inputs = sides
            .map(|(side, input)| (side.local_name.clone(), self.side_input(side, input)))
            .collect();
        let mut payload = proto::ParDoPayload {
            do_fn: Some(self.function_spec(id, DO_FN_URN)),
            side_inputs,
            restriction_coder_id: par_do
                .restriction
                .as_ref()
                .map_or_else(String::new, |restriction| self.coder(restriction)),
            requests_finalization: par_do.finalizes,
            ..proto::ParDoPayload::default()
        };
        if let Some(stateful) = &par_do.stateful {
            self.stateful(id, stateful, &mut payload);
        }
        payload.encode_to_vec().into()
    }

    /// Runners know how elements are asked for; the view and the mapping of windows are the SDK's.
    fn side_input(&mut self, side: &SideInputSpec, input: &Collection) -> proto::SideInput {
        let spec = |urn: &str| proto::FunctionSpec { urn: urn.to_owned(), payload: Bytes::new() };
        let window_fn = input.windowing.window_fn();
        let mapping = WindowMapping::of(window_fn, self.window_fn(window_fn, input.windowed_by));
        proto::SideInput {
            access_pattern: Some(spec(side.pattern.urn())),
            view_fn: Some(spec("purlin:view:v1")),
            window_mapping_fn: Some(mapping.to_proto()),
        }
    }

    fn requirements(&self) -> Vec<String> {
        let par_dos = || {
            self.graph.nodes.iter().filter_map(|node| match &node.spec {
                Spec::ParDo(par_do) => Some(par_do),
                _ => None,
            })
        };
        let mut requirements = Vec::new();
        if par_dos().any(|par_do| par_do.restriction.is_some()) {
            requirements.push(urns::requirements::REQUIRES_SPLITTABLE_DOFN.to_owned());
        }
        if par_dos().any(|par_do| par_do.finalizes) {
            requirements.push(urns::requirements::REQUIRES_BUNDLE_FINALIZATION.to_owned());
        }
        requirements.extend(stateful_requirements(par_dos()));
        requirements
    }
}
