//! Query 5, hot items: the auctions with the most bids.
//!
//! Bids are in sliding windows of 10 seconds, one every 5 seconds. At the end of a window, bids are
//! counted by auction, and all auctions with the greatest count are given.

use std::time::Duration;

use purlin::prelude::*;

use super::model::{Event, bids};
use super::window_end::with_window_end;

/// The end of each window, with an auction that has the most bids and how many these are.
pub fn hot_items(events: PCollection<Event>) -> PCollection<(Timestamp, (i64, u64))> {
    let windows = SlidingWindows::of(Duration::from_secs(10)).every(Duration::from_secs(5));
    let auctions = bids(&events).map(|bid| bid.auction).window_into(windows);
    let hottest = auctions.count_per_element().combine_globally(Hottest);
    let each = hottest
        .flat_map(|(count, auctions)| auctions.into_iter().map(move |auction| (auction, count)));
    with_window_end(&each)
}

/// The greatest count and the auctions that have it.
#[derive(Clone)]
struct Hottest;

impl CombineFn<(i64, u64)> for Hottest {
    type Acc = (u64, Vec<i64>);
    type Out = (u64, Vec<i64>);

    fn create(&self) -> Self::Acc {
        (0, Vec::new())
    }

    fn add(&self, hottest: &mut Self::Acc, (auction, count): (i64, u64)) {
        self.merge(hottest, (count, vec![auction]));
    }

    fn merge(&self, hottest: &mut Self::Acc, mut other: Self::Acc) {
        if hottest.0 < other.0 {
            *hottest = other;
        } else if hottest.0 == other.0 {
            hottest.1.append(&mut other.1);
        }
    }

    fn extract(&self, hottest: Self::Acc) -> Self::Out {
        hottest
    }
}
