//! Query 12, processing-time windows: how many bids a user makes in 10 seconds of the clock.
//!
//! The one global window, and a trigger of processing time: a bidder's first bid opens a pane, which
//! fires 10 seconds later by the clock of the runner, and discards what it had. At the end of a
//! stream that ends, what has not fired does, but no pane without a bid.

use std::time::Duration;

use purlin::EmptyPane;
use purlin::prelude::*;

use super::model::{Event, bids};

/// A bidder, and how many bids it made in a pane.
pub fn processing_time_windows(events: PCollection<Event>) -> PCollection<(i64, u64)> {
    let trigger = Trigger::after_processing_time(Duration::from_secs(10)).repeatedly();
    let panes = WindowInto::from(GlobalWindows).triggering(trigger).discarding();
    let panes = panes.on_time_behavior(EmptyPane::IfNonempty);
    bids(&events).map(|bid| bid.bidder).window_into(panes).count_per_element()
}
