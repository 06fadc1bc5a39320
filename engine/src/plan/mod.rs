//! From a submitted pipeline to the stages that an executor runs.
//!
//! Each pass has a file: `normalise` → `validate` → `expand_sdf` → `lift_combine` → `settle` →
//! `flatten`, from graph to graph; then `fuse` groups transforms, and `stage` describes each group
//! as Beam does (`descriptor`), with coders at its edges that a runner can read (`edge`). Nothing
//! here reads a clock, opens a file or knows a user's type.

mod coders;
mod descriptor;
mod dot;
mod drain;
mod edge;
mod error;
mod expand_sdf;
mod explain;
mod features;
mod flatten;
mod fuse;
mod graph;
mod lift_combine;
mod name;
mod normalise;
mod options;
mod payload;
mod settle;
mod stage;
#[cfg(test)]
mod tests;
mod traits;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::{
    FunctionSpec, Pipeline, TestStreamPayload, WindowingStrategy, is_bounded, merge_status,
    time_domain,
};
use purlin_sdk::StandardWindowFn;

pub use error::PlanError;
pub use features::{Feature, feature};
pub use options::PlanOptions;
pub(crate) use traits::par_do_payload;

/// Plans a pipeline.
///
/// # Errors
/// When the pipeline contradicts itself, or needs what no plan can give it. What only some runners
/// lack is no error here: see [`Plan::features`].
pub fn plan(pipeline: &Pipeline, options: &PlanOptions) -> Result<Plan, PlanError> {
    validate::requirements(&pipeline.requirements)?;
    if let Some(components) = &pipeline.components {
        validate::reserved_ids(components.transforms.keys())?;
        validate::reserved_ids(components.pcollections.keys())?;
        validate::reserved_ids(components.coders.keys())?;
    }
    let graph = normalise::normalise(pipeline)?;
    let graph = validate::validate(graph)?;
    let graph = expand_sdf::expand_sdf(graph)?;
    let graph = lift_combine::lift_combine(graph, options.lift_combiners)?;
    let graph = settle::settle(graph)?;
    let mut graph = flatten::flatten(graph, options.fuse)?;
    graph.sort()?;
    let groups = fuse::fuse(&graph, options.fuse);
    stage::assemble(graph, &groups, options)
}

impl Plan {
    /// What it needs of its runner beyond the plain model.
    #[must_use]
    pub fn features(&self) -> Vec<Feature> {
        features::features(self)
    }

    /// Whether a stage truncates restrictions in a drain.
    pub(crate) fn truncates(&self, stage: StageId) -> bool {
        matches!(&self.stages[stage.0].kind, StageKind::Sdk(sdk) if sdk.draining.is_some())
    }

    /// Whether what a stage makes may not end, also where none of it leaves the stage: a source may
    /// be fused with its sink.
    #[must_use]
    pub fn is_endless(&self, stage: &Stage) -> bool {
        let is_unbounded = |id: &CollectionId| !self.collections[id.0].is_bounded;
        match &stage.kind {
            StageKind::Impulse { .. } => false,
            StageKind::TestStream { outputs, .. } => {
                outputs.iter().any(|(_, output)| is_unbounded(output))
            }
            StageKind::GroupByKey { output, .. }
            | StageKind::Reshuffle { output, .. }
            | StageKind::Flatten { output, .. } => is_unbounded(output),
            StageKind::Sdk(sdk) => {
                let mut inside = sdk.descriptor.pcollections.values();
                sdk.outputs.iter().any(|(_, output)| is_unbounded(output))
                    || inside.any(|made| made.is_bounded() == is_bounded::Enum::Unbounded)
            }
        }
    }

    /// Its stages and collections as text.
    #[must_use]
    pub fn explain(&self) -> String {
        explain::explain(self)
    }

    /// Its stages and collections as a graph for Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        dot::dot(self)
    }
}

/// The executable form of a pipeline: stages in topological order, connected by collections.
#[derive(Debug)]
pub struct Plan {
    /// Producers come before their consumers.
    pub stages: Vec<Stage>,
    /// The materialised collections between stages.
    pub collections: Vec<Collection>,
}

/// The position of a stage in [`Plan::stages`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StageId(pub usize);

/// The position of a collection in [`Plan::collections`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CollectionId(pub usize);

/// A collection that passes between stages as encoded chunks.
#[derive(Debug)]
pub struct Collection {
    /// Its id in the pipeline proto, or a synthetic one.
    pub id: String,
    /// Its unique name, for people.
    pub name: String,
    /// All stages that write it; several where a Flatten joins them.
    pub producers: Vec<StageId>,
    /// The stages that read it as their main input.
    pub consumers: Vec<StageId>,
    /// The stages that read it as a side input.
    pub side_consumers: Vec<StageId>,
    /// Whether it ends by itself.
    pub is_bounded: bool,
    /// The coder of an element in all descriptors, by id in [`Collection::coders`].
    pub coder_id: String,
    /// The coder of an element with timestamp, windows and pane, as read and write nodes name it.
    pub windowed_coder_id: String,
    /// The closure of that coder: it includes those of elements and windows.
    pub coders: BTreeMap<String, purlin_proto::pipeline::Coder>,
    /// How it is windowed.
    pub windowing: Arc<WindowingStrategy>,
}

impl Collection {
    /// Whether only a function of its SDK knows which of its windows elements see, that read it as a
    /// side input. Windows that merge are none before its end.
    #[must_use]
    pub fn is_mapped_by_sdk(&self) -> bool {
        let window_fn = self.windowing.window_fn.as_ref();
        window_fn.and_then(StandardWindowFn::from_proto).is_none()
            && self.windowing.merge_status() == merge_status::Enum::NonMerging
    }
}

/// A unit of scheduling.
#[derive(Debug)]
pub struct Stage {
    /// Its position.
    pub id: StageId,
    /// Shown in plans, logs and messages: the unique names of its transforms, shortened.
    pub name: String,
    /// What it does.
    pub kind: StageKind,
}

/// What a stage does.
#[derive(Debug)]
pub enum StageKind {
    /// Emits one empty byte string at the start.
    Impulse {
        /// Where it is emitted.
        output: CollectionId,
    },
    /// Plays the script of a test.
    TestStream {
        /// The script. Its elements are encoded in the outer context.
        payload: Arc<TestStreamPayload>,
        /// Where it goes, by the tag that events name.
        outputs: Vec<(String, CollectionId)>,
    },
    /// Groups key-value pairs by key and window.
    GroupByKey {
        /// Pairs.
        input: CollectionId,
        /// A pair of key and iterable of values for each key and pane.
        output: CollectionId,
        /// The combine whose accumulators it groups, if it is part of a lifted one.
        combine: Option<Box<LiftedCombine>>,
    },
    /// Redistributes elements and breaks fusion; timestamps, windows and panes stay.
    Reshuffle {
        /// Elements.
        input: CollectionId,
        /// The same elements.
        output: CollectionId,
    },
    /// Joins collections whose producers cannot write to the joined one directly, such as a
    /// collection that is consumed on its own as well.
    Flatten {
        /// The joined collections; one may occur several times.
        inputs: Vec<CollectionId>,
        /// All their elements.
        output: CollectionId,
    },
    /// Runs transforms of an SDK.
    Sdk(Box<SdkStage>),
}

/// A combine whose accumulators a GroupByKey groups: its input comes from a precombine, and its
/// output goes to a merge of the combine.
#[derive(Debug)]
pub struct LiftedCombine {
    /// The id of the combine.
    pub id: String,
    /// Merges accumulators that wait, so that there are fewer: it reads groups as the GroupByKey
    /// writes them, and what it writes goes to the input of the GroupByKey again.
    pub merge: SdkStage,
}

impl Stage {
    /// The user code that bundles of this stage run: of a GroupByKey, that of the combine which
    /// merges what it holds.
    #[must_use]
    pub fn sdk(&self) -> Option<&SdkStage> {
        match &self.kind {
            StageKind::Sdk(sdk) => Some(sdk),
            StageKind::GroupByKey { combine: Some(combine), .. } => Some(&combine.merge),
            _ => None,
        }
    }
}

/// A fused chain of an SDK's transforms, as a worker executes it.
#[derive(Debug)]
pub struct SdkStage {
    /// Beam's own description of the stage, complete but for the service endpoints.
    pub descriptor: Arc<ProcessBundleDescriptor>,
    /// The id of the read node (`beam:runner:source:v1`).
    pub source: String,
    /// What the read node reads.
    pub input: CollectionId,
    /// The write nodes (`beam:runner:sink:v1`) and what they write.
    pub outputs: Vec<(String, CollectionId)>,
    /// The side inputs of its transforms.
    pub side_inputs: Vec<SideInput>,
    /// Whether it is the processing part of a splittable DoFn: then its input holds restrictions,
    /// and residuals return to it.
    pub is_splittable: bool,
    /// The same stage with its restrictions truncated before they are worked on, for a drain.
    /// `None` where it has none, or its SDK cannot truncate.
    pub draining: Option<Arc<ProcessBundleDescriptor>>,
    /// Whether it has state or timers: then elements of one key and window must not run in two
    /// bundles at once.
    pub is_keyed: bool,
    /// The timers that it may set.
    pub timers: Vec<TimerFamily>,
    /// Whether it may need bundle finalisation.
    pub finalizes: bool,
    /// Environment ids of the pipeline; all its transforms run in this one.
    pub environment_id: String,
}

/// A side input of a stage.
#[derive(Clone, Debug)]
pub struct SideInput {
    /// The transform that reads it.
    pub transform_id: String,
    /// Its local name there.
    pub local_name: String,
    /// What it reads.
    pub collection: CollectionId,
    /// Whether its elements are pairs that are looked up by key.
    pub by_key: bool,
    /// How the SDK calls what finds the window of it that elements see.
    pub mapping: FunctionSpec,
}

/// A family of timers of a stage.
#[derive(Clone, Debug)]
pub struct TimerFamily {
    /// The transform that sets them.
    pub transform_id: String,
    /// The family's name there.
    pub name: String,
    /// Which clock fires them.
    pub time_domain: time_domain::Enum,
    /// Their coder, by id in the descriptor.
    pub coder_id: String,
}
