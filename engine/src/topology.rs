//! Who reads what, with flattens and reshuffles looked through.

use std::collections::BTreeMap;

use purlin_proto::pipeline::output_time;

use crate::plan::{CollectionId, Plan, Stage, StageId, StageKind};
use crate::side_facts::SideFacts;

/// Facts about a plan that the engine and the shuffle look up often.
#[derive(Debug)]
pub(crate) struct Topology {
    /// By collection: where its elements go.
    pub(crate) deliveries: Vec<Vec<Delivery>>,
    /// By collection: what its readers need of each chunk.
    pub(crate) needs: Vec<Needs>,
    /// By collection: what the engine knows of those that are side inputs.
    pub(crate) sides: Vec<Option<SideFacts>>,
    /// By stage: main inputs.
    pub(crate) inputs: Vec<Vec<CollectionId>>,
    /// By stage: the SDK stages whose queues its outputs enter.
    pub(crate) downstream: Vec<Vec<StageId>>,
    /// By stage: whether anything reads its outputs.
    pub(crate) has_readers: Vec<bool>,
    /// By stage: whether what it makes may not end. That of a source that is fused with its sink
    /// is never written.
    pub(crate) is_endless: Vec<bool>,
    /// By stage: whether its input was cut into pieces, each for an executor of its own.
    pub(crate) is_spread: Vec<bool>,
    /// The GroupByKey stages that do not write their groups, by the stage that reads them.
    pub(crate) handed_by: BTreeMap<StageId, StageId>,
}

/// Where the elements of a collection go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Delivery {
    /// The collection as the reader knows it: behind flattens, another than the one delivered.
    pub(crate) collection: CollectionId,
    /// Who reads it.
    pub(crate) reader: Reader,
}

/// Who reads a collection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reader {
    /// An SDK stage or a grouping that keeps something for each key, from its queue.
    Queue(StageId),
    /// Another GroupByKey stage, from its buffers.
    Group(StageId),
    /// Any stage, as a side input.
    Side,
}

/// What the readers of a collection need of each chunk.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Needs {
    /// Partitions by key.
    pub(crate) partitions: bool,
    /// Which elements are in which window.
    pub(crate) windows: bool,
    /// Chunks of one element each, since each may be much work.
    pub(crate) single: bool,
    /// Small chunks, to be spread over executors.
    pub(crate) spread: bool,
    /// Chunks whose elements are all in the same windows, since each waits for its side inputs.
    pub(crate) uniform: bool,
    /// Which elements are in which pane.
    pub(crate) panes: bool,
    /// Where the keys of elements lie, for side inputs that are looked up by key.
    pub(crate) keys: bool,
}

impl Needs {
    /// Whether a reader must find elements inside a chunk.
    pub(crate) fn index(self) -> bool {
        self != Self::default()
    }
}

impl Topology {
    /// The topology of a plan, in which `is_keyed` says which stages keep something for each key.
    /// With `hands_over`, stages that can do so group what they read themselves.
    pub(crate) fn new(plan: &Plan, hands_over: bool, is_keyed: impl Fn(StageId) -> bool) -> Self {
        let all = || (0..plan.collections.len()).map(CollectionId);
        let deliveries: Vec<Vec<Delivery>> =
            all().map(|id| deliveries(plan, id, &is_keyed)).collect();
        let needs = all().map(|id| needs(plan, id, &deliveries[id.0], &is_keyed)).collect();
        let inputs = plan.stages.iter().map(inputs_of).collect();
        let downstream = plan.stages.iter().map(|stage| downstream(stage, &deliveries)).collect();
        let is_read = |output: CollectionId| !deliveries[output.0].is_empty();
        let has_readers =
            plan.stages.iter().map(|stage| outputs_of(stage).into_iter().any(is_read)).collect();
        let is_endless = plan.stages.iter().map(|stage| plan.is_endless(stage)).collect();
        let is_side = |id: CollectionId| !plan.collections[id.0].side_consumers.is_empty();
        let sides = all().map(|id| is_side(id).then(|| SideFacts::of(plan, id)));
        let groupings = plan.stages.iter().filter(|stage| hands_over && !is_keyed(stage.id));
        let handed_by = groupings
            .filter_map(|stage| Some((handed_to(plan, stage, &deliveries, &is_keyed)?, stage.id)));
        let handed_by = handed_by.collect();
        let is_spread = plan.stages.iter().map(|stage| reads_reshuffle(plan, stage)).collect();
        let sides = sides.collect();
        Self {
            deliveries,
            needs,
            sides,
            inputs,
            downstream,
            has_readers,
            is_endless,
            is_spread,
            handed_by,
        }
    }

    /// The stage that groups what a GroupByKey stage has collected, if not that one itself.
    pub(crate) fn handed_to(&self, group: StageId) -> Option<StageId> {
        self.handed_by.iter().find(|(_, by)| **by == group).map(|(to, _)| *to)
    }
}

/// The only reader of a GroupByKey stage, where it can group by itself: it must take its input as
/// it comes, and what a group is stamped with must not depend on its elements.
fn handed_to(
    plan: &Plan,
    stage: &Stage,
    deliveries: &[Vec<Delivery>],
    is_keyed: &impl Fn(StageId) -> bool,
) -> Option<StageId> {
    let StageKind::GroupByKey { output, .. } = stage.kind else { return None };
    let [Delivery { collection, reader: Reader::Queue(reader) }] = deliveries[output.0][..] else {
        return None;
    };
    let StageKind::Sdk(sdk) = &plan.stages[reader.0].kind else { return None };
    let is_only_writer = plan.collections[output.0].producers == [stage.id];
    let has_needs = is_keyed(reader) || sdk.is_splittable || !sdk.side_inputs.is_empty();
    let time = plan.collections[output.0].windowing.output_time();
    (collection == output && is_only_writer && !has_needs && time == output_time::Enum::EndOfWindow)
        .then_some(reader)
}

fn deliveries(
    plan: &Plan,
    collection: CollectionId,
    is_keyed: &impl Fn(StageId) -> bool,
) -> Vec<Delivery> {
    let this = &plan.collections[collection.0];
    let mut found = Vec::new();
    if !this.side_consumers.is_empty() {
        found.push(Delivery { collection, reader: Reader::Side });
    }
    for &consumer in &this.consumers {
        match &plan.stages[consumer.0].kind {
            StageKind::Impulse { .. } | StageKind::TestStream { .. } => {}
            StageKind::GroupByKey { .. } if !is_keyed(consumer) => {
                found.push(Delivery { collection, reader: Reader::Group(consumer) });
            }
            StageKind::Sdk(_) | StageKind::GroupByKey { .. } => {
                found.push(Delivery { collection, reader: Reader::Queue(consumer) });
            }
            StageKind::Reshuffle { output, .. } => {
                found.extend(deliveries(plan, *output, is_keyed));
            }
            StageKind::Flatten { inputs, output } => {
                let times = multiplicity(inputs, collection, &this.consumers, consumer);
                (0..times).for_each(|_| found.extend(deliveries(plan, *output, is_keyed)));
            }
        }
    }
    found
}

/// How often a flatten gets each element, per mention of it among the consumers: a plan may name a
/// flatten that reads a collection twice once or twice.
fn multiplicity(
    inputs: &[CollectionId],
    collection: CollectionId,
    consumers: &[StageId],
    consumer: StageId,
) -> usize {
    let read = inputs.iter().filter(|input| **input == collection).count();
    let mentioned = consumers.iter().filter(|stage| **stage == consumer).count();
    read / mentioned.max(1)
}

fn needs(
    plan: &Plan,
    collection: CollectionId,
    deliveries: &[Delivery],
    is_keyed: &impl Fn(StageId) -> bool,
) -> Needs {
    let mut needs = Needs { spread: is_spread(plan, collection), ..Needs::default() };
    for delivery in deliveries {
        match delivery.reader {
            Reader::Group(_) => {
                needs.partitions = true;
                needs.windows = true;
            }
            Reader::Side => {
                let side = SideFacts::of(plan, delivery.collection);
                needs.windows = true;
                needs.panes |= side.has_panes;
                needs.keys |= is_looked_up(plan, delivery.collection);
            }
            Reader::Queue(stage) => {
                needs.partitions |= is_keyed(stage);
                if let StageKind::Sdk(sdk) = &plan.stages[stage.0].kind {
                    let mut sides = sdk.side_inputs.iter();
                    needs.uniform |=
                        sides.any(|side| !SideFacts::of(plan, side.collection).is_ready_at_once);
                    needs.windows |= needs.uniform;
                    needs.single |= sdk.is_splittable;
                }
            }
        }
    }
    needs
}

/// Whether a reader of a side input looks its elements up by key.
fn is_looked_up(plan: &Plan, collection: CollectionId) -> bool {
    let readers = plan.collections[collection.0].side_consumers.iter();
    let sides = readers.filter_map(|stage| plan.stages[stage.0].sdk());
    sides.flat_map(|sdk| &sdk.side_inputs).any(|side| side.by_key && side.collection == collection)
}

fn is_spread(plan: &Plan, collection: CollectionId) -> bool {
    plan.collections[collection.0].consumers.iter().any(|stage| match &plan.stages[stage.0].kind {
        StageKind::Reshuffle { .. } => true,
        StageKind::Flatten { output, .. } => is_spread(plan, *output),
        _ => false,
    })
}

fn reads_reshuffle(plan: &Plan, stage: &Stage) -> bool {
    inputs_of(stage)
        .iter()
        .flat_map(|input| &plan.collections[input.0].producers)
        .any(|producer| matches!(plan.stages[producer.0].kind, StageKind::Reshuffle { .. }))
}

fn inputs_of(stage: &Stage) -> Vec<CollectionId> {
    match &stage.kind {
        StageKind::Impulse { .. } | StageKind::TestStream { .. } => Vec::new(),
        StageKind::GroupByKey { input, .. } | StageKind::Reshuffle { input, .. } => vec![*input],
        StageKind::Flatten { inputs, .. } => inputs.clone(),
        StageKind::Sdk(sdk) => vec![sdk.input],
    }
}

fn outputs_of(stage: &Stage) -> Vec<CollectionId> {
    match &stage.kind {
        StageKind::Impulse { output }
        | StageKind::GroupByKey { output, .. }
        | StageKind::Reshuffle { output, .. }
        | StageKind::Flatten { output, .. } => vec![*output],
        StageKind::TestStream { outputs, .. } => ids(outputs),
        StageKind::Sdk(sdk) => ids(&sdk.outputs),
    }
}

fn ids(named: &[(String, CollectionId)]) -> Vec<CollectionId> {
    named.iter().map(|(_, collection)| *collection).collect()
}

fn downstream(stage: &Stage, deliveries: &[Vec<Delivery>]) -> Vec<StageId> {
    let outputs = outputs_of(stage);
    let readers = outputs.iter().flat_map(|output| &deliveries[output.0]);
    let mut stages: Vec<StageId> = readers
        .filter_map(|delivery| match delivery.reader {
            Reader::Queue(reader) => Some(reader),
            _ => None,
        })
        .collect();
    stages.sort_unstable();
    stages.dedup();
    stages
}
