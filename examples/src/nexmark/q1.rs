//! Query 1, currency conversion: each bid with its price in euro instead of dollars.
//!
//! In the global window; nothing waits for the watermark.

use purlin::prelude::*;

use super::model::{Bid, Event, bids};

/// The bids, in euro cents, rounded down.
pub fn currency_conversion(events: PCollection<Event>) -> PCollection<Bid> {
    bids(&events).map(|bid| Bid { price: bid.price * 908 / 1000, ..bid })
}
