//! The queries of event time: the result does not depend on the clock.

use std::collections::BTreeMap;
use std::path::Path;

use examples::nexmark::{
    DIGEST, Event, LogToShardedFiles, OUTPUTS, Query, SHARDS, average_price_for_category,
    average_selling_price_by_seller, currency_conversion, highest_bid, hot_items,
    local_item_suggestion, monitor_new_users, passthrough, selection, source, user_sessions,
    winning_bids,
};
use purlin::Timestamp;
use purlin::prelude::*;

use crate::brute;
use crate::harness::{Seen, check, compare, pipeline, runners, sorted, streams};

#[test]
fn q0_gives_all_events() {
    check(passthrough, <[Event]>::to_vec);
}

#[test]
fn q1_converts_the_price_of_each_bid() {
    check(currency_conversion, brute::q1);
}

#[test]
fn q2_gives_the_bids_on_chosen_auctions() {
    check(selection, brute::q2);
}

#[test]
fn q3_joins_local_sellers_with_their_auctions() {
    check(local_item_suggestion, brute::q3);
}

#[test]
fn q4_gives_the_mean_price_of_each_category() {
    check(average_price_for_category, brute::q4);
}

#[test]
fn q5_gives_the_auctions_with_most_bids() {
    check(hot_items, brute::q5);
}

#[test]
fn q6_gives_the_mean_of_the_last_ten_sales_of_a_seller() {
    check(average_selling_price_by_seller, brute::q6);
}

#[test]
fn q7_gives_the_highest_bids() {
    check(highest_bid, brute::q7);
}

#[test]
fn q8_joins_new_users_with_their_first_auctions() {
    check(monitor_new_users, brute::q8);
}

#[test]
fn q9_gives_the_winning_bids() {
    check(winning_bids, brute::q9);
}

#[test]
fn q11_counts_the_bids_of_each_session() {
    check(user_sessions, brute::q11);
}

/// How many lines each window has by its index, having compared that with the lines of its shards.
fn logged(window: &Path) -> (u64, Vec<String>) {
    let index = std::fs::read_to_string(window.join("index")).unwrap();
    let mut lines = Vec::new();
    for entry in index.lines() {
        let (shard, count) = entry.split_once(' ').unwrap();
        let text = std::fs::read_to_string(window.join(shard)).unwrap();
        assert_eq!(text.lines().count(), count.parse::<usize>().unwrap(), "{entry}");
        lines.extend(text.lines().map(str::to_owned));
    }
    let files = std::fs::read_dir(window).unwrap().count();
    assert_eq!(files, index.lines().count() + 1, "a file is not in the index");
    assert!(index.lines().count() <= SHARDS as usize);
    (lines.len() as u64, lines)
}

/// Time and kind of an event, as its line begins.
fn beginning(event: &Event) -> String {
    let kind = match event {
        Event::Person(person) => format!("person {}", person.id),
        Event::Auction(auction) => format!("auction {}", auction.id),
        Event::Bid(bid) => format!("bid {} {}", bid.auction, bid.price),
    };
    format!("{} {kind} ", event.timestamp().millis())
}

#[test]
fn q10_logs_each_event_once_in_a_shard_of_its_window() {
    for events in streams() {
        let expected = brute::q10(&events.list);
        for runner in runners() {
            let folder = tempfile::tempdir().unwrap();
            let p = pipeline(&runner);
            let events_read = p.apply(source(&events).events_per_bundle(170));
            let seen = Seen::of(&events_read.apply(LogToShardedFiles::new(folder.path())));
            p.run().unwrap();
            compare(&seen.sorted(), &sorted(&expected), &format!("{runner:?}"));
            let mut windows = BTreeMap::new();
            for window in std::fs::read_dir(folder.path()).unwrap() {
                let window = window.unwrap();
                let start: i64 = window.file_name().to_str().unwrap().parse().unwrap();
                windows.insert(Timestamp(start + 10_000), logged(&window.path()));
            }
            let counts: Vec<_> = windows.iter().map(|(end, (count, _))| (*end, *count)).collect();
            assert_eq!(counts, expected);
            for (end, (_, mut lines)) in windows {
                let here = events.list.iter().filter(|e| brute::fixed_end(e.timestamp()) == end);
                let mut expected: Vec<_> = here.map(beginning).collect();
                expected.sort();
                lines.sort();
                assert!(lines.iter().zip(&expected).all(|(line, start)| line.starts_with(start)));
            }
        }
    }
}

#[test]
fn the_digest_of_a_query_is_the_same_on_every_runner() {
    let folder = tempfile::tempdir().unwrap();
    let events = streams().nth(1).unwrap();
    for query in Query::ALL {
        let mut digests = Vec::new();
        for runner in runners() {
            let p = pipeline(&runner);
            query.apply(&p.apply(source(&events)), folder.path());
            let finished = p.run().unwrap();
            digests.push((finished.counter(OUTPUTS), finished.counter(DIGEST)));
        }
        assert!(digests[0].0 > 0, "{}", query.name);
        assert!(digests.iter().all(|digest| *digest == digests[0]), "{}: {digests:?}", query.name);
    }
}
