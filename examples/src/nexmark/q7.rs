//! Query 7, highest bid: the bids with the highest price.
//!
//! Bids are in fixed windows of 10 seconds. The highest price of each window is a side input, for
//! which the bids of the window wait: at its end, those of that price are given.

use std::time::Duration;

use purlin::prelude::*;

use super::model::{Bid, Event, bids};
use super::window_end::with_window_end;

/// The end of each window, with each bid of the highest price in it.
pub fn highest_bid(events: PCollection<Event>) -> PCollection<(Timestamp, Bid)> {
    let bids = bids(&events).window_into(FixedWindows::of(Duration::from_secs(10)));
    let highest = bids.map(|bid| bid.price).combine_globally(Max).as_singleton();
    with_window_end(&bids.with_side_input(highest).filter(|bid, price| bid.price == *price))
}
