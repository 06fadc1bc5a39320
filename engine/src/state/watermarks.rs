//! How watermarks move: never back, and never past a hold or a pending element.

use purlin_sdk::Timestamp;

use super::{Facts, State};
use crate::plan::{CollectionId, StageKind};

impl State {
    /// Recomputes all watermarks, producers before consumers.
    pub(super) fn propagate(&mut self, facts: &Facts) {
        for stage in &facts.plan.stages {
            let inputs = &facts.topology.inputs[stage.id.0];
            let mut input = Timestamp::MAX;
            for collection in inputs {
                self.propagate_collection(facts, *collection);
                input = input.min(self.watermarks[collection.0]);
            }
            let state = &mut self.stages[stage.id.0];
            input = input.min(state.input_holds.least());
            if matches!(stage.kind, StageKind::Impulse { .. }) && !state.has_emitted {
                input = Timestamp::MIN;
            }
            if let StageKind::TestStream { outputs, .. } = &stage.kind {
                input = state.script.least(outputs);
            }
            let output = input.min(state.output_holds.least());
            if input > state.input_watermark {
                state.input_watermark = input;
                state.side_windows.forget(input);
            }
            state.keyed.end(state.input_watermark);
            state.output_watermark = state.output_watermark.max(output);
        }
        for position in 0..facts.plan.collections.len() {
            self.propagate_collection(facts, CollectionId(position));
        }
        self.expire_side_inputs(facts);
    }

    fn propagate_collection(&mut self, facts: &Facts, id: CollectionId) {
        let producers = &facts.plan.collections[id.0].producers;
        let of_producers = producers.iter().map(|stage| match facts.plan.stages[stage.0].kind {
            StageKind::TestStream { .. } => self.stages[stage.0].script.watermark(id),
            _ => self.stages[stage.0].output_watermark,
        });
        let watermark = of_producers.min().unwrap_or(Timestamp::MAX);
        self.watermarks[id.0] = self.watermarks[id.0].max(watermark);
    }
}
