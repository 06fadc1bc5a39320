//! Query 4, average price for a category: the mean of the winning bids.
//!
//! [Winning bids](super::winning_bids) have the time at which their auction closed, by which they
//! are in sliding windows of 10 seconds, one every 5 seconds. A window's means come at its end.

use std::time::Duration;

use purlin::prelude::*;

use super::model::Event;
use super::q9::winning;
use super::sold::{Price, Sale};
use super::window_end::with_window_end;

/// The end of each window, with each category and the mean price of its auctions that closed then.
pub fn average_price_for_category(
    events: PCollection<Event>,
) -> PCollection<(Timestamp, (i64, f64))> {
    let windows = SlidingWindows::of(Duration::from_secs(10)).every(Duration::from_secs(5));
    let sold = events.apply(winning::<Sale, Price>);
    let prices = sold.map(|(auction, bid)| (auction.category, bid.price));
    with_window_end(&prices.window_into(windows).combine_per_key(Mean))
}
