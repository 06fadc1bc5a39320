//! Query 7, highest bid: the bids with the highest price.
//!
//! Bids are in fixed windows of 10 seconds. At the end of a window, its bids of the highest price are
//! given: there may be several.

use std::time::Duration;

use purlin::prelude::*;

use super::model::{Bid, Event, bids};
use super::window_end::with_window_end;

/// The end of each window, with each bid of the highest price in it.
pub fn highest_bid(events: PCollection<Event>) -> PCollection<(Timestamp, Bid)> {
    let bids = bids(&events).window_into(FixedWindows::of(Duration::from_secs(10)));
    with_window_end(&bids.combine_globally(Highest).flat_map(|bids| bids))
}

/// The bids of the highest price.
#[derive(Clone)]
struct Highest;

impl CombineFn<Bid> for Highest {
    type Acc = Vec<Bid>;
    type Out = Vec<Bid>;

    fn create(&self) -> Vec<Bid> {
        Vec::new()
    }

    fn add(&self, highest: &mut Vec<Bid>, bid: Bid) {
        let most = highest.first().map(|highest| highest.price);
        if most < Some(bid.price) {
            highest.clear();
        }
        if most <= Some(bid.price) {
            highest.push(bid);
        }
    }

    fn merge(&self, highest: &mut Vec<Bid>, other: Vec<Bid>) {
        other.into_iter().for_each(|bid| self.add(highest, bid));
    }

    fn extract(&self, highest: Vec<Bid>) -> Vec<Bid> {
        highest
    }
}
