//! Query 2, selection: auction and price of the bids on some auctions.
//!
//! In the global window; nothing waits for the watermark.

use purlin::prelude::*;

use super::model::{Event, bids};

/// Auctions whose number is a multiple of this are chosen.
const EVERY: i64 = 123;

/// Auction and price of bids on chosen auctions.
pub fn selection(events: PCollection<Event>) -> PCollection<(i64, i64)> {
    let chosen = bids(&events).filter(|bid| bid.auction % EVERY == 0);
    chosen.map(|bid| (bid.auction, bid.price))
}
