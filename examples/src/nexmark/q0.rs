//! Query 0, passthrough: all events as they are. What a pipeline costs that does nothing.
//!
//! In the global window; nothing waits for the watermark.

use purlin::prelude::*;

use super::model::Event;

/// All events.
pub fn passthrough(events: PCollection<Event>) -> PCollection<Event> {
    events.map(|event| event)
}
