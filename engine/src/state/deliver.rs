//! Where the outputs of a bundle go: queues, group buffers, side inputs.

use std::sync::Arc;

use purlin_proto::pipeline::output_time;
use purlin_sdk::Timestamp;
use purlin_sdk::exec::{Framing, MetricValue};

use super::entry::{Hold, windows};
use super::quiescence::Tokens;
use super::{Effects, Entry, Facts, State, Work};
use crate::bundle::{HeldSlice, Output, WindowSlice};
use crate::plan::{CollectionId, StageId, StageKind};
use crate::side_panes::Kept;
use crate::topology::Reader;

/// The metric that counts elements which came after their window had ended.
pub(crate) const DROPPED: &str = "droppedDueToLateness";

impl State {
    pub(super) fn deliver(
        &mut self,
        facts: &Facts,
        output: &Output,
        tokens: &Tokens,
        effects: &mut Effects,
    ) {
        if output.chunk.count() == 0 {
            return;
        }
        for delivery in &facts.topology.deliveries[output.collection.0] {
            match delivery.reader {
                Reader::Queue(stage) => {
                    let hold = Hold::input(self.pending_hold(delivery.collection, output));
                    let is_gated = facts.topology.needs[output.collection.0].uniform;
                    let entry = Entry {
                        work: Work::Elements(Arc::clone(output.chunk.in_memory())),
                        bytes: output.chunk.size_bytes(),
                        windows: if is_gated { windows(output) } else { Vec::new() },
                        hold,
                        tokens: tokens.clone(),
                    };
                    if self.lacks_sides(facts, stage, &entry) {
                        self.drop_late(facts, stage, output.chunk.count().into());
                    } else {
                        effects.added.push((stage, self.enqueue(stage, entry)));
                    }
                }
                Reader::Group(stage) => {
                    self.quiescence.lose(tokens);
                    self.buffer(facts, stage, output, effects);
                }
                Reader::Side => {
                    self.quiescence.lose(tokens);
                    self.add_to_side_input(facts, delivery.collection, output);
                }
            }
        }
    }

    /// A bound from below for the timestamps of elements that wait.
    ///
    /// Elements before the collection's watermark are late, and late elements hold nothing; so the
    /// watermark at their arrival is such a bound, and the bytes need not be looked at.
    fn pending_hold(&self, collection: CollectionId, output: &Output) -> Timestamp {
        let arrival = self.watermarks[collection.0];
        match output.chunk.framing() {
            Framing::Constant(stamp) => stamp.timestamp.max(arrival),
            Framing::Each => arrival,
        }
    }

    /// Puts elements into the buffers of a GroupByKey stage, but those that come too late.
    fn buffer(&mut self, facts: &Facts, stage: StageId, output: &Output, effects: &mut Effects) {
        let can_merge = facts.plan.stages[stage.0].sdk().is_some();
        let holds_elements = facts.holds_elements(stage);
        let partition = output.chunk.partition().unwrap_or(0);
        let mut dropped = 0;
        for WindowSlice { window, elements, min_timestamp, .. } in window_slices(output) {
            let slice = HeldSlice { chunk: output.chunk.clone(), elements };
            let state = &mut self.stages[stage.0];
            let last = window.max_timestamp();
            if last < state.input_watermark {
                dropped += i64::try_from(slice.count()).unwrap_or(i64::MAX);
                continue;
            }
            let hold = if holds_elements { min_timestamp.min(last) } else { last };
            let part = (window, partition);
            let (before, after) = state.groups.push(&part, slice, hold);
            if can_merge {
                effects.grown.push((stage, part));
            }
            state.output_holds.add(after);
            if let Some(before) = before {
                state.output_holds.remove(before);
            }
        }
        if dropped > 0 {
            self.drop_late(facts, stage, dropped);
        }
    }

    fn drop_late(&mut self, facts: &Facts, stage: StageId, dropped: i64) {
        let key = (facts.plan.stages[stage.0].name.clone(), DROPPED.to_owned());
        let value = MetricValue::Counter(dropped);
        self.metrics.entry(key).and_modify(|old| old.merge(value)).or_insert(value);
    }

    fn add_to_side_input(&mut self, facts: &Facts, collection: CollectionId, output: &Output) {
        let Some(side) = &facts.topology.sides[collection.0] else { return };
        let readers = self.side_readers(facts, collection);
        for WindowSlice { window, elements, pane, .. } in window_slices(output) {
            if !side.is_expired(&window, readers) {
                let slice = HeldSlice { chunk: output.chunk.clone(), elements };
                let new = Kept { slice, pane };
                self.side_inputs.push(collection, window, new, side.panes_replace);
            }
        }
    }
}

/// The elements of an output by window; those of constant windows need no preparation.
fn window_slices(output: &Output) -> Vec<WindowSlice> {
    match output.chunk.framing() {
        Framing::Constant(stamp) if output.slices.is_empty() => {
            let windows = stamp.windows.as_slice().iter();
            let slice = |window: &purlin_sdk::Window| WindowSlice {
                window: window.clone(),
                elements: None,
                min_timestamp: stamp.timestamp,
                pane: stamp.pane.index,
            };
            windows.map(slice).collect()
        }
        _ => output.slices.clone(),
    }
}

impl Facts {
    /// Whether the output timestamps of a GroupByKey stage are those of elements.
    fn holds_elements(&self, stage: StageId) -> bool {
        self.windowing(stage)
            .is_some_and(|windowing| windowing.output_time() != output_time::Enum::EndOfWindow)
    }

    fn windowing(&self, stage: StageId) -> Option<&purlin_proto::pipeline::WindowingStrategy> {
        match self.plan.stages[stage.0].kind {
            StageKind::GroupByKey { input, .. } => Some(&self.plan.collections[input.0].windowing),
            _ => None,
        }
    }
}
