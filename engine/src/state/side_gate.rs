//! When elements of a stage with side inputs may start.

use std::time::Duration;

use prost::Message;
use purlin_proto::pipeline::{FixedWindowsPayload, SlidingWindowsPayload, WindowingStrategy};
use purlin_proto::urns;
use purlin_sdk::Timestamp;

use super::{Entry, Facts, State};
use crate::plan::{StageId, StageKind};

impl State {
    /// Whether all side inputs of a stage are ready for the elements of an entry.
    pub(crate) fn sides_are_ready(&self, facts: &Facts, stage: StageId, entry: &Entry) -> bool {
        let StageKind::Sdk(sdk) = &facts.plan.stages[stage.0].kind else { return true };
        sdk.side_inputs.iter().all(|side| {
            let collection = &facts.plan.collections[side.collection.0];
            let watermark = self.watermarks[side.collection.0];
            watermark == Timestamp::MAX
                || watermark > needed(&collection.windowing, entry.latest_window)
        })
    }
}

/// The watermark that a side input must have passed for elements of a main window that ends at
/// `main`: the end of the side window that holds it, or a bound for it from above.
fn needed(windowing: &WindowingStrategy, main: Timestamp) -> Timestamp {
    match side_window_span(windowing) {
        Some(span) => main + span,
        None => Timestamp::MAX,
    }
}

/// How long the windows of a side input are; `None` where it must be complete.
pub(crate) fn side_window_span(windowing: &WindowingStrategy) -> Option<Duration> {
    let window_fn = windowing.window_fn.as_ref()?;
    let payload = window_fn.payload.clone();
    let size = match window_fn.urn.as_str() {
        urns::window_fns::FIXED_WINDOWS => FixedWindowsPayload::decode(payload).ok()?.size,
        urns::window_fns::SLIDING_WINDOWS => SlidingWindowsPayload::decode(payload).ok()?.size,
        _ => None,
    };
    Duration::try_from(size?).ok()
}
