//! Query 12, the one whose result depends on the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use examples::nexmark::{Event, processing_time_windows, source};
use purlin::Timestamp;
use purlin::prelude::*;
use purlin::testing::TestStream;

use crate::brute;
use crate::harness::{Seen, compare, pipeline, runners, sorted, streams};

/// So many events come together, and then so much time passes.
const TOGETHER: usize = 300;
const STEP_MS: i64 = 4_000;

/// The panes of each bidder, if the clock says 0 for the first events, and then moves by steps.
fn panes(events: &[Event]) -> Vec<(i64, u64)> {
    let mut panes = Vec::new();
    let mut open: BTreeMap<i64, (i64, u64)> = BTreeMap::new();
    for (step, together) in (0..).zip(events.chunks(TOGETHER)) {
        let now = step * STEP_MS;
        let fired = open.extract_if(.., |_, (first, _)| *first + 10_000 <= now);
        panes.extend(fired.map(|(bidder, (_, count))| (bidder, count)));
        for bid in brute::bids(together) {
            open.entry(bid.bidder).or_insert((now, 0)).1 += 1;
        }
    }
    panes.extend(open.into_iter().map(|(bidder, (_, count))| (bidder, count)));
    panes
}

#[test]
fn q12_counts_the_bids_of_ten_seconds_of_the_clock() {
    for events in streams() {
        let expected = sorted(&panes(&events.list));
        for runner in runners() {
            let p = pipeline(&runner);
            let mut stream = TestStream::of::<Event>();
            for together in events.list.chunks(TOGETHER) {
                let timed = together.iter().map(|event| (event.clone(), event.timestamp()));
                stream = stream
                    .add_all_timestamped(timed)
                    .advance_processing_time(Duration::from_millis(STEP_MS as u64));
            }
            let bids = p.apply(stream.advance_watermark_to(Timestamp::MAX));
            let seen = Seen::of(&bids.apply(processing_time_windows));
            p.run().unwrap();
            compare(&seen.sorted(), &expected, &format!("{runner:?}"));
        }
    }
}

#[test]
fn q12_counts_each_bid_once_whatever_the_clock() {
    for events in streams() {
        for runner in runners() {
            let p = pipeline(&runner);
            let counts = p.apply(source(&events).readers(2)).apply(processing_time_windows);
            let seen = Seen::of(&counts);
            p.run().unwrap();
            let mut all: BTreeMap<i64, u64> = BTreeMap::new();
            seen.values().into_iter().for_each(|(bidder, n)| *all.entry(bidder).or_default() += n);
            assert_eq!(all, brute::bids_by_bidder(&events.list));
        }
    }
}
