//! The queries by name.

use std::path::Path;

use purlin::prelude::*;

use super::{
    Event, LogToShardedFiles, average_price_for_category, average_selling_price_by_seller,
    currency_conversion, digest, highest_bid, hot_items, local_item_suggestion, monitor_new_users,
    passthrough, processing_time_windows, selection, user_sessions, winning_bids,
};

/// A query whose outputs are [digested](digest).
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// Its short name, such as `q5`.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    build: fn(&PCollection<Event>, &Path),
}

impl Query {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::new("q0", "passthrough", |e, _| digest(&e.apply(passthrough))),
        Self::new("q1", "currency conversion", |e, _| digest(&e.apply(currency_conversion))),
        Self::new("q2", "selection", |e, _| digest(&e.apply(selection))),
        Self::new("q3", "local item suggestion", |e, _| digest(&e.apply(local_item_suggestion))),
        Self::new("q4", "average price for a category", |e, _| {
            digest(&e.apply(average_price_for_category));
        }),
        Self::new("q5", "hot items", |e, _| digest(&e.apply(hot_items))),
        Self::new("q6", "average selling price by seller", |e, _| {
            digest(&e.apply(average_selling_price_by_seller));
        }),
        Self::new("q7", "highest bid", |e, _| digest(&e.apply(highest_bid))),
        Self::new("q8", "monitor new users", |e, _| digest(&e.apply(monitor_new_users))),
        Self::new("q9", "winning bids", |e, _| digest(&e.apply(winning_bids))),
        Self::new("q10", "log to sharded files", |e, directory| {
            digest(&e.apply(LogToShardedFiles::new(directory)));
        }),
        Self::new("q11", "user sessions", |e, _| digest(&e.apply(user_sessions))),
        Self::new("q12", "processing-time windows", |e, _| {
            digest(&e.apply(processing_time_windows));
        }),
    ];

    const fn new(
        name: &'static str,
        title: &'static str,
        build: fn(&PCollection<Event>, &Path),
    ) -> Self {
        Self { name, title, build }
    }

    /// Adds its steps to the pipeline of `events`; what writes files does so in `directory`.
    pub fn apply(&self, events: &PCollection<Event>, directory: &Path) {
        (self.build)(events, directory);
    }
}
