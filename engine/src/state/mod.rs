//! The durable state of a job: what a log of commits determines.

mod apply;
mod audit;
mod deliver;
mod entry;
mod groups;
mod holds;
mod quiescence;
mod script;
mod side_gate;
mod side_windows;
mod watermarks;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::runner::Metrics;
use purlin_sdk::{Error, Timestamp, Window};

pub(crate) use self::apply::Effects;
pub(crate) use self::deliver::DROPPED;
pub(crate) use self::entry::{Entry, Work};
use self::groups::GroupBuffer;
pub(crate) use self::groups::Part;
pub(crate) use self::holds::Holds;
use self::quiescence::Quiescence;
use self::script::Script;
use self::side_gate::asked_sides;
use self::side_windows::SideWindows;
use crate::bundle::BundleId;
use crate::commit::KeyChanges;
use crate::keyed::{KeyChange, KeyedFacts, KeyedState, Now, Table, TableSize};
use crate::plan::{CollectionId, Plan, StageId};
use crate::side_inputs::SideInputs;
use crate::topology::Topology;
use crate::user_windows::UserWindowsSlot;

/// What never changes during a job.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) plan: Arc<Plan>,
    pub(crate) topology: Topology,
    /// By stage; `None` for those that keep nothing per key.
    pub(crate) keyed: Vec<Option<KeyedFacts>>,
    pub(crate) user_windows: UserWindowsSlot,
}

impl Facts {
    /// With `hands_over`, as [`EngineConfig`](crate::EngineConfig) has it.
    ///
    /// # Errors
    /// When a stage with keys is described in a way that the engine cannot follow.
    pub(crate) fn new(plan: Arc<Plan>, hands_over: bool) -> Result<Self, Error> {
        let user_windows = UserWindowsSlot::default();
        let keyed = KeyedFacts::of_plan(&plan, &user_windows)?;
        let is_keyed = |stage: StageId| keyed[stage.0].is_some();
        let topology = Topology::new(&plan, hands_over, is_keyed);
        Ok(Self { plan, topology, keyed, user_windows })
    }
}

/// The durable state of a job: queues, buffers, watermarks, holds, side inputs and metrics.
///
/// It changes by [`Commit`](crate::Commit)s alone, and equal commits give equal states.
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    stages: Vec<StageState>,
    /// By collection.
    watermarks: Vec<Timestamp>,
    next_entry: u64,
    /// How many processes took up the job.
    starts: u64,
    metrics: Metrics,
    side_inputs: SideInputs,
    quiescence: Quiescence,
    is_draining: bool,
    /// Processing time, where a script decides about it.
    clock: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Debug)]
struct StageState {
    /// What waits or runs, by the number that it got on arrival.
    entries: BTreeMap<u64, Entry>,
    entry_bytes: usize,
    input_holds: Holds,
    output_holds: Holds,
    input_watermark: Timestamp,
    output_watermark: Timestamp,
    /// Of an impulse.
    has_emitted: bool,
    /// Of a GroupByKey.
    groups: GroupBuffer,
    /// Of a stage that keeps something for each key.
    keyed: KeyedState,
    /// Of a source that a test scripts.
    script: Script,
    /// Of a stage with side inputs of which only users' functions know what elements see.
    side_windows: SideWindows,
}

impl StageState {
    fn new(facts: &Facts, stage: StageId) -> Self {
        Self {
            entries: BTreeMap::new(),
            entry_bytes: 0,
            input_holds: Holds::default(),
            output_holds: Holds::default(),
            input_watermark: Timestamp::MIN,
            output_watermark: Timestamp::MIN,
            has_emitted: false,
            groups: GroupBuffer::default(),
            keyed: KeyedState::default(),
            script: Script::default(),
            side_windows: SideWindows::of(asked_sides(facts, stage)),
        }
    }
}

impl State {
    pub(crate) fn new(facts: &Facts) -> Self {
        let mut state = Self {
            stages: facts
                .plan
                .stages
                .iter()
                .map(|stage| StageState::new(facts, stage.id))
                .collect(),
            watermarks: vec![Timestamp::MIN; facts.plan.collections.len()],
            next_entry: 0,
            starts: 0,
            metrics: Metrics::default(),
            side_inputs: SideInputs::default(),
            quiescence: Quiescence::default(),
            is_draining: false,
            clock: None,
        };
        state.start_clock(facts);
        state.propagate(facts);
        state
    }

    /// What was counted so far, by the transform's unique name and the metric's name.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The watermark of a collection: no element before it will come, but late ones.
    #[must_use]
    pub fn watermark(&self, collection: CollectionId) -> Timestamp {
        self.watermarks[collection.0]
    }

    /// The watermarks at the inputs and at the outputs of a stage.
    #[must_use]
    pub fn stage_watermarks(&self, stage: StageId) -> (Timestamp, Timestamp) {
        let stage = &self.stages[stage.0];
        (stage.input_watermark, stage.output_watermark)
    }

    /// The bytes that wait for a stage or run in it.
    #[must_use]
    pub fn queue_bytes(&self, stage: StageId) -> usize {
        self.stages[stage.0].entry_bytes
    }

    /// The bytes of queues, buffers and side inputs.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let stages = self
            .stages
            .iter()
            .map(|stage| stage.entry_bytes + stage.groups.bytes() + stage.keyed.size_bytes());
        stages.sum::<usize>() + self.side_inputs.size_bytes()
    }

    /// Whether every element was processed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.watermarks.iter().all(|watermark| *watermark == Timestamp::MAX)
            && self.stages.iter().all(|stage| {
                stage.entries.is_empty()
                    && stage.groups.is_empty()
                    && stage.keyed.is_empty()
                    && stage.output_watermark == Timestamp::MAX
            })
    }

    /// Whether the job was told to drain.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining
    }

    pub(crate) fn starts(&self) -> u64 {
        self.starts
    }

    pub(crate) fn entry(&self, stage: StageId, id: u64) -> Option<&Entry> {
        self.stages[stage.0].entries.get(&id)
    }

    pub(crate) fn entries(&self, stage: StageId) -> impl Iterator<Item = (u64, &Entry)> {
        self.stages[stage.0].entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// What was committed about the keys of a partition.
    pub(crate) fn table(&self, stage: StageId, partition: u32) -> Arc<Table> {
        self.stages[stage.0].keyed.table(partition)
    }

    /// What the tables of a stage take together.
    pub(crate) fn keyed_size(&self, stage: StageId) -> TableSize {
        self.stages[stage.0].keyed.size()
    }

    /// What the tables of a stage take, by partition.
    pub(crate) fn keyed_sizes(&self, stage: StageId) -> impl Iterator<Item = (u32, TableSize)> {
        self.stages[stage.0].keyed.sizes()
    }

    /// Checks that what changes is in memory, or comes back into it.
    ///
    /// # Errors
    /// When cells change that are in a file.
    pub(crate) fn check_transfers(&self, stage: StageId, keyed: &KeyChanges) -> Result<(), String> {
        let state = &self.stages[stage.0].keyed;
        let KeyChanges { partition, changes, transfers } = keyed;
        if state.size().keys_away == 0 {
            return Ok(());
        }
        let lacks = |(key, change): &&(Bytes, KeyChange)| {
            change.needs_cells() && state.is_away(*partition, key) && !transfers.has_back(key)
        };
        match changes.iter().find(lacks) {
            None => Ok(()),
            Some((key, _)) => {
                Err(format!("the state of key `{}` changed in its file", key.escape_ascii()))
            }
        }
    }

    /// When the first timer of processing time of a stage is due.
    pub(crate) fn next_processing(&self, stage: StageId) -> Option<Timestamp> {
        self.stages[stage.0].keyed.next_processing()
    }

    /// What a stage keeps for its keys, with its facts and clocks.
    pub(crate) fn keyed<'a>(
        &'a self,
        facts: &'a Facts,
        stage: StageId,
        now: Timestamp,
    ) -> Option<(&'a KeyedFacts, &'a KeyedState, Now)> {
        let state = &self.stages[stage.0];
        let now = Now { watermark: state.input_watermark, processing_time: now };
        Some((facts.keyed[stage.0].as_ref()?, &state.keyed, now))
    }

    pub(crate) fn has_emitted(&self, stage: StageId) -> bool {
        self.stages[stage.0].has_emitted
    }

    /// The windows of a GroupByKey stage that the watermark has passed.
    pub(crate) fn complete_windows(&self, stage: StageId) -> Vec<Window> {
        let stage = &self.stages[stage.0];
        stage.groups.complete(stage.input_watermark)
    }

    /// Whether what a GroupByKey stage holds for a part takes more than `most` bytes and so much
    /// more than after its last compaction that merging it again pays. A window that is complete
    /// is about to fire instead.
    pub(crate) fn should_compact(&self, stage: StageId, part: &Part, most: usize) -> bool {
        let stage = &self.stages[stage.0];
        part.0.max_timestamp() >= stage.input_watermark && stage.groups.is_too_large(part, most)
    }

    /// The side inputs of a stage as they are now.
    pub(crate) fn side_inputs_of(&self, facts: &Facts, stage: StageId) -> SideInputs {
        match &facts.plan.stages[stage.0].kind {
            crate::plan::StageKind::Sdk(sdk) if !sdk.side_inputs.is_empty() => {
                self.side_inputs.restricted(sdk.side_inputs.iter().map(|side| side.collection))
            }
            _ => SideInputs::default(),
        }
    }

    /// The bundles whose finalisers wait, for the end of a job.
    pub(crate) fn unfinalized(&self) -> Vec<BundleId> {
        self.quiescence.rest()
    }

    /// Holds a stage without a reason, as a mistake in the engine would.
    #[cfg(test)]
    pub(crate) fn hold_for_ever(&mut self, stage: StageId, at: Timestamp) {
        self.stages[stage.0].output_holds.add(at);
    }

    /// Has a key of a grouping hold its stage by a timer that never fires.
    #[cfg(test)]
    pub(crate) fn hold_key_for_ever(
        &mut self,
        facts: &Facts,
        stage: StageId,
        key: &'static [u8],
        at: Timestamp,
    ) {
        use crate::keyed::{KeptBytes, KeyChange, Timer, TimerId};
        let keyed = facts.keyed[stage.0].as_ref().expect("a stage with keys");
        let family = keyed.family("event").expect("a grouping");
        // Nine milliseconds long, and ends nine milliseconds after the epoch.
        let window = KeptBytes::from(&[0x80, 0, 0, 0, 0, 0, 0, 9, 9][..]);
        let id = TimerId { window, family, tag: KeptBytes::default() };
        let timers = [(id, Some(Timer { fire: Timestamp::MAX, hold: at }))].into_iter().collect();
        let change = KeyChange { timers, ..KeyChange::default() };
        let changes = [(bytes::Bytes::from_static(key), change)];
        let stage = &mut self.stages[stage.0];
        stage.keyed.change(keyed, 0, &changes, &mut stage.output_holds);
    }

    /// What holds a stage that does not end, for the message of a job that is stuck.
    pub(crate) fn describe(&self, facts: &Facts, stage: StageId) -> String {
        let keyed = facts.keyed[stage.0].as_ref();
        let stage = &self.stages[stage.0];
        let example = keyed.and_then(|facts| stage.keyed.example(facts));
        let example = example.map_or_else(String::new, |key| format!(", such as {key}"));
        format!(
            "input watermark {}, output watermark {}, input hold {}, output hold {}, \
             {} queue entries, {} buffered bytes, {} keys with state{example}",
            stage.input_watermark,
            stage.output_watermark,
            stage.input_holds.least(),
            stage.output_holds.least(),
            stage.entries.len(),
            stage.groups.bytes(),
            stage.keyed.keys(),
        )
    }
}
