//! The graph under construction: nodes, collections and the scopes of composites.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_proto::pipeline::test_stream_payload;

use crate::coders::CoderSpec;
use crate::error::{Mistake, Place};
use crate::exec::{AccessPattern, Operator, PortCodec};
use crate::state::StateSpecs;
use crate::window::{GlobalWindows, WindowInto};

/// The position of a transform in the graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct NodeId(pub(crate) usize);

/// The position of a collection in the graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct CollectionId(pub(crate) usize);

/// A transform.
pub(crate) struct Node {
    /// What it is called where the author gives it no name.
    pub(crate) default_name: String,
    /// The author's name.
    pub(crate) name: Option<String>,
    pub(crate) place: Place,
    pub(crate) parent: Option<NodeId>,
    pub(crate) spec: Spec,
    pub(crate) inputs: Vec<(String, CollectionId)>,
    pub(crate) outputs: Vec<(String, CollectionId)>,
    /// Values that the transform's behaviour depends on, such as those of `create`: part of the
    /// graph's fingerprint.
    pub(crate) constants: Bytes,
}

/// What a transform does.
pub(crate) enum Spec {
    Composite,
    /// A composite that checks a collection once it has ended, and must have been evaluated when
    /// the pipeline is done.
    Assertion,
    Impulse,
    /// A source that plays the script of a test.
    TestStream(Vec<test_stream_payload::Event>),
    ParDo(ParDoSpec),
    GroupByKey,
    Flatten,
    Reshuffle,
    WindowInto(WindowInto),
    /// A composite of a GroupByKey and the combination of its groups, which runners may lift.
    CombinePerKey {
        operator: Arc<dyn Operator>,
        accumulator: CoderSpec,
    },
    /// The second half of a [`Spec::CombinePerKey`], its parent.
    CombineGroupedValues,
}

/// A ParDo.
pub(crate) struct ParDoSpec {
    pub(crate) operator: Arc<dyn Operator>,
    pub(crate) side_inputs: Vec<SideInputSpec>,
    /// The coder of restrictions, where it is splittable.
    pub(crate) restriction: Option<CoderSpec>,
    pub(crate) finalizes: bool,
    /// Whether it can be told that elements no longer hold. Most pass on what they are told.
    pub(crate) accepts_retractions: bool,
    /// What it declares, where it keeps state.
    pub(crate) stateful: Option<StatefulSpec>,
}

/// What a stateful ParDo declares.
pub(crate) struct StatefulSpec {
    pub(crate) specs: Arc<StateSpecs>,
    pub(crate) key: CoderSpec,
    pub(crate) requires_time_sorted_input: bool,
    pub(crate) requires_stable_input: bool,
    pub(crate) has_on_window_expiration: bool,
}

/// A side input of a ParDo; the view is the SDK's business, runners see how it is read.
pub(crate) struct SideInputSpec {
    pub(crate) local_name: String,
    pub(crate) pattern: AccessPattern,
}

impl ParDoSpec {
    pub(crate) fn new(operator: Arc<dyn Operator>) -> Self {
        Self {
            operator,
            side_inputs: Vec::new(),
            restriction: None,
            finalizes: false,
            stateful: None,
            accepts_retractions: true,
        }
    }
}

/// A collection.
pub(crate) struct Collection {
    pub(crate) codec: Arc<dyn PortCodec>,
    pub(crate) windowing: WindowInto,
    /// The transform that windowed it, by whose name a window function of a user's own goes.
    pub(crate) windowed_by: Option<NodeId>,
    pub(crate) is_bounded: bool,
    /// Whether elements may take back what earlier ones said.
    pub(crate) retracts: bool,
    pub(crate) producer: (NodeId, String),
}

/// Clears up after a run, whether it finished, failed or was cancelled.
pub(crate) type AtEnd = Arc<dyn Fn() + Send + Sync>;

/// The graph of a pipeline while it is built. Mistakes are collected, and all reported at its end.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) mistakes: Vec<Mistake>,
    /// What is called once a run of the pipeline has ended, in the process that started it.
    pub(crate) at_end: Vec<AtEnd>,
    /// The composites that are being expanded, outermost first.
    scope: Vec<NodeId>,
    /// The place of the outermost composite whose parts its author did not write, and its depth.
    whole: Option<(Place, usize)>,
}

impl Graph {
    /// Adds a transform to the present scope.
    pub(crate) fn add(&mut self, default_name: &str, place: Place, spec: Spec) -> NodeId {
        let id = NodeId(self.nodes.len());
        let place = self.whole.as_ref().map_or(place, |(whole, _)| whole.clone());
        self.nodes.push(Node {
            default_name: default_name.to_owned(),
            name: None,
            place,
            parent: self.scope.last().copied(),
            spec,
            inputs: Vec::new(),
            outputs: Vec::new(),
            constants: Bytes::new(),
        });
        id
    }

    /// Connects an input.
    pub(crate) fn connect(&mut self, node: NodeId, local_name: &str, input: CollectionId) {
        self.nodes[node.0].inputs.push((local_name.to_owned(), input));
    }

    /// Adds an output that is windowed and bounded as the transform's inputs are.
    pub(crate) fn output(
        &mut self,
        node: NodeId,
        local_name: &str,
        codec: Arc<dyn PortCodec>,
    ) -> CollectionId {
        let main: Vec<_> = self.main_inputs(node).collect();
        let windowing = match main.first() {
            Some(first) => self.windowing_behind(node, &self.collections[first.0].windowing),
            None => WindowInto::from(GlobalWindows),
        };
        let windowed_by = main.first().and_then(|first| self.collections[first.0].windowed_by);
        let is_bounded = main.iter().all(|input| self.collections[input.0].is_bounded);
        let retracts = self.retracts_behind(node, &main);
        let id = CollectionId(self.collections.len());
        let producer = (node, local_name.to_owned());
        self.collections.push(Collection {
            codec,
            windowing,
            windowed_by,
            is_bounded,
            retracts,
            producer,
        });
        self.nodes[node.0].outputs.push((local_name.to_owned(), id));
        id
    }

    /// The windowing of what a transform gives whose input is windowed as `input`.
    fn windowing_behind(&self, node: NodeId, input: &WindowInto) -> WindowInto {
        match self.nodes[node.0].spec {
            Spec::GroupByKey => input.after_grouping(),
            _ => input.clone(),
        }
    }

    /// Whether what a transform gives may take back what it gave earlier.
    fn retracts_behind(&self, node: NodeId, main: &[CollectionId]) -> bool {
        let groups = matches!(self.nodes[node.0].spec, Spec::GroupByKey);
        main.iter()
            .map(|input| &self.collections[input.0])
            .any(|input| input.retracts || groups && input.windowing.retracts())
    }

    /// The inputs of a transform that are not side inputs.
    pub(crate) fn main_inputs(&self, node: NodeId) -> impl Iterator<Item = CollectionId> {
        let node = &self.nodes[node.0];
        let side = |local: &str| match &node.spec {
            Spec::ParDo(par_do) => par_do.side_inputs.iter().any(|s| s.local_name == local),
            _ => false,
        };
        node.inputs.iter().filter(move |(local, _)| !side(local)).map(|(_, id)| *id)
    }

    /// Opens a composite: what is added until [`Graph::leave`] belongs to it.
    /// With `is_whole`, its parts are shown at its own place.
    pub(crate) fn enter(
        &mut self,
        default_name: &str,
        place: Place,
        spec: Spec,
        is_whole: bool,
    ) -> NodeId {
        let id = self.add(default_name, place.clone(), spec);
        if is_whole && self.whole.is_none() {
            self.whole = Some((place, self.scope.len()));
        }
        self.scope.push(id);
        id
    }

    /// Closes the innermost composite.
    pub(crate) fn leave(&mut self) {
        self.scope.pop();
        if self.whole.as_ref().is_some_and(|(_, depth)| *depth == self.scope.len()) {
            self.whole = None;
        }
    }

    /// Where the composite that is being expanded was applied: the line that the author of a
    /// pipeline knows, while the steps inside are ours.
    pub(crate) fn scope_place(&self) -> Option<Place> {
        self.scope.last().map(|composite| self.nodes[composite.0].place.clone())
    }

    /// Notes a mistake of the author.
    pub(crate) fn mistake(&mut self, message: impl Into<String>, place: Place, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.mistakes.push(Mistake { message: message.into(), place, help });
    }

    /// The children of each composite.
    pub(crate) fn children(&self) -> BTreeMap<NodeId, Vec<NodeId>> {
        let mut children: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                children.entry(parent).or_default().push(NodeId(index));
            }
        }
        children
    }

    /// Gives the outermost transform that produced a collection a name: the composite, where a
    /// whole composite has just been applied.
    pub(crate) fn rename(&mut self, node: NodeId, name: &str) {
        self.nodes[node.0].name = Some(name.to_owned());
    }

    /// The composite, directly inside the present scope, that `node` belongs to; or itself.
    pub(crate) fn outermost(&self, node: NodeId) -> NodeId {
        let scope = self.scope.last().copied();
        let mut at = node;
        while let Some(parent) = self.nodes[at.0].parent.filter(|parent| Some(*parent) != scope) {
            at = parent;
        }
        at
    }
}
