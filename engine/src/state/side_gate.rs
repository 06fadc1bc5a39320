//! When elements of a stage with side inputs may start, and how long contents are kept for them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use purlin_sdk::{Timestamp, Window};

use super::{Entry, Facts, State};
use crate::plan::{CollectionId, StageId, StageKind};
use crate::side_facts::{Mapping, SideFacts};

impl State {
    /// Whether all side inputs of a stage are ready for the elements of an entry.
    pub(crate) fn sides_are_ready(&self, facts: &Facts, stage: StageId, entry: &Entry) -> bool {
        sides(facts, stage).all(|(collection, side)| {
            let is_whole = self.watermarks[collection.0] == Timestamp::MAX;
            let has_begun = entry.windows.is_empty() && !side.is_ready_at_once;
            let is_ready = |main| {
                let window = self.seen_window(stage, collection, side, main);
                window.is_some_and(|window| self.is_ready(collection, side, &window))
            };
            is_whole || has_begun || (!side.is_ready_at_once && entry.windows.iter().all(is_ready))
        })
    }

    /// Whether a window of a side input is ready: nothing but late elements can come for it, or a
    /// pane of it has come.
    fn is_ready(&self, collection: CollectionId, side: &SideFacts, window: &Window) -> bool {
        let has_pane = || side.is_triggered && self.side_inputs.has(collection, window);
        self.watermarks[collection.0] > window.max_timestamp() || has_pane()
    }

    /// The window of a side input that elements in the main window see, if that is known.
    fn seen_window<'a>(
        &'a self,
        stage: StageId,
        collection: CollectionId,
        side: &SideFacts,
        main: &Window,
    ) -> Option<Cow<'a, Window>> {
        match &side.mapping {
            Mapping::Known(window_fn) => Some(Cow::Owned(window_fn.side_input_window(main))),
            Mapping::Asked { .. } => {
                let seen = self.stages[stage.0].side_windows.seen(collection, main);
                seen.map(Cow::Borrowed)
            }
            Mapping::Unknown => None,
        }
    }

    /// The windows of waiting elements about which users' functions have to be asked, each with the
    /// side input. What is complete needs no question.
    pub(crate) fn questions(
        &self,
        stage: StageId,
    ) -> impl Iterator<Item = (CollectionId, &Window)> {
        let unknown = self.stages[stage.0].side_windows.unknown();
        unknown.filter(|(side, _)| self.watermarks[side.0] < Timestamp::MAX)
    }

    /// Whether elements come so late that what they would see was dropped.
    pub(super) fn lacks_sides(&self, facts: &Facts, stage: StageId, entry: &Entry) -> bool {
        let Some(sdk) = facts.plan.stages[stage.0].sdk() else { return false };
        let arrival = self.watermarks[sdk.input.0];
        sides(facts, stage).any(|(collection, side)| {
            let readers = self.side_readers(facts, collection);
            let is_gone = |main| side.may_lack(main, readers, arrival);
            !side.is_ready_at_once && entry.windows.iter().any(is_gone)
        })
    }

    /// How far all readers of a side input have come.
    pub(super) fn side_readers(&self, facts: &Facts, collection: CollectionId) -> Timestamp {
        let readers = facts.plan.collections[collection.0].side_consumers.iter();
        let watermarks = readers.map(|stage| self.stages[stage.0].output_watermark);
        watermarks.min().unwrap_or(Timestamp::MAX)
    }

    /// Drops the contents of side inputs that no element can see any more.
    pub(super) fn expire_side_inputs(&mut self, facts: &Facts) {
        for (position, side) in facts.topology.sides.iter().enumerate() {
            let Some(side) = side else { continue };
            let collection = CollectionId(position);
            let readers = self.side_readers(facts, collection);
            self.side_inputs.expire(collection, |window| side.is_expired(window, readers));
        }
    }
}

/// The side inputs of a stage of which users' functions know what elements see.
pub(super) fn asked_sides(facts: &Facts, stage: StageId) -> Vec<CollectionId> {
    let asked = sides(facts, stage).filter(|(_, side)| side.is_asked());
    let distinct: BTreeSet<CollectionId> = asked.map(|(collection, _)| collection).collect();
    distinct.into_iter().collect()
}

/// The side inputs of a stage.
fn sides(facts: &Facts, stage: StageId) -> impl Iterator<Item = (CollectionId, &SideFacts)> {
    let sides: &[_] = match &facts.plan.stages[stage.0].kind {
        StageKind::Sdk(sdk) => &sdk.side_inputs,
        _ => &[],
    };
    sides.iter().filter_map(|side| {
        Some((side.collection, facts.topology.sides[side.collection.0].as_ref()?))
    })
}
