//! Query 11, user sessions: how many bids a user makes in each session.
//!
//! Bids are in sessions, by bidder: a session ends when 10 seconds pass without a bid. Its count
//! comes when the watermark has passed its end.

use std::time::Duration;

use purlin::prelude::*;

use super::model::{Event, bids};

/// A bidder, and start, end and number of bids of one of its sessions.
pub fn user_sessions(events: PCollection<Event>) -> PCollection<(i64, Timestamp, Timestamp, u64)> {
    let sessions = Sessions::with_gap(Duration::from_secs(10));
    let counts = bids(&events).map(|bid| bid.bidder).window_into(sessions).count_per_element();
    counts.reify_windows().flat_map(|session| {
        let window = session.window.as_interval()?;
        let (bidder, count) = session.value;
        Some((bidder, window.start, window.end, count))
    })
}
