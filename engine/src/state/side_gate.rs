//! When elements of a stage with side inputs may start, and how long contents are kept for them.

use purlin_sdk::{Timestamp, Window};

use super::{Entry, Facts, State};
use crate::plan::{CollectionId, StageId, StageKind};
use crate::side_facts::SideFacts;

impl State {
    /// Whether all side inputs of a stage are ready for the elements of an entry.
    pub(crate) fn sides_are_ready(&self, facts: &Facts, stage: StageId, entry: &Entry) -> bool {
        sides(facts, stage).all(|(collection, side)| {
            let is_whole = self.watermarks[collection.0] == Timestamp::MAX;
            let has_begun = entry.windows.is_empty() && !side.is_ready_at_once;
            is_whole
                || has_begun
                || (!side.is_ready_at_once
                    && entry.windows.iter().all(|main| self.is_ready(collection, side, main)))
        })
    }

    /// Whether a side input is ready for elements in the main window: nothing but late elements can
    /// come for the window that they see, or a pane of it has come.
    fn is_ready(&self, collection: CollectionId, side: &SideFacts, main: &Window) -> bool {
        let Some(window) = side.window(main) else { return false };
        let has_pane = || side.is_triggered && self.side_inputs.has(collection, &window);
        self.watermarks[collection.0] > window.max_timestamp() || has_pane()
    }

    /// Whether elements come so late that what they would see was dropped.
    pub(super) fn lacks_sides(&self, facts: &Facts, stage: StageId, entry: &Entry) -> bool {
        sides(facts, stage).any(|(collection, side)| {
            let readers = self.side_readers(facts, collection);
            let is_gone = |window: Window| side.is_expired(&window, readers);
            !side.is_ready_at_once
                && entry.windows.iter().any(|main| side.window(main).is_some_and(is_gone))
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
