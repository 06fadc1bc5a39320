//! The queries again, as loops over the list of all events. Nothing here is a pipeline, and nothing
//! depends on the order of the list.

use std::collections::{BTreeMap, BTreeSet};

use examples::nexmark::{Auction, Bid, Event, Lead, Person};
use purlin::{Text, Timestamp};

pub(crate) fn persons(events: &[Event]) -> Vec<&Person> {
    let persons = events.iter().filter_map(|event| match event {
        Event::Person(person) => Some(&**person),
        _ => None,
    });
    persons.collect()
}

pub(crate) fn auctions(events: &[Event]) -> Vec<&Auction> {
    let auctions = events.iter().filter_map(|event| match event {
        Event::Auction(auction) => Some(&**auction),
        _ => None,
    });
    auctions.collect()
}

pub(crate) fn bids(events: &[Event]) -> Vec<&Bid> {
    let bids = events.iter().filter_map(|event| match event {
        Event::Bid(bid) => Some(bid),
        _ => None,
    });
    bids.collect()
}

/// The ends of all windows of `size_ms`, one every `period_ms`, that hold a time.
fn window_ends(time: Timestamp, size_ms: i64, period_ms: i64) -> Vec<i64> {
    let first = (time.0 / period_ms + 1) * period_ms;
    (0..size_ms / period_ms).map(|n| first + n * period_ms).collect()
}

pub(crate) fn fixed_end(time: Timestamp) -> Timestamp {
    Timestamp(window_ends(time, 10_000, 10_000)[0])
}

pub(crate) fn q1(events: &[Event]) -> Vec<Bid> {
    let mut bids: Vec<Bid> = bids(events).into_iter().cloned().collect();
    bids.iter_mut().for_each(|bid| bid.price = bid.price * 908 / 1000);
    bids
}

pub(crate) fn q2(events: &[Event]) -> Vec<(i64, i64)> {
    let chosen = bids(events).into_iter().filter(|bid| bid.auction % 123 == 0);
    chosen.map(|bid| (bid.auction, bid.price)).collect()
}

pub(crate) fn q3(events: &[Event]) -> Vec<Lead> {
    let mut leads = Vec::new();
    for person in persons(events) {
        let is_local = ["OR", "ID", "CA"].contains(&person.state.as_str());
        for auction in auctions(events) {
            let wait = auction.date_time.0 - person.date_time.0;
            let is_theirs = auction.seller == person.id && auction.category == 10;
            if is_local && is_theirs && (0..=10_000).contains(&wait) {
                let (name, city) = (person.name.clone(), person.city.clone());
                leads.push((name, city, person.state.clone(), auction.id));
            }
        }
    }
    leads
}

pub(crate) fn q4(events: &[Event]) -> Vec<(Timestamp, (i64, f64))> {
    let mut prices: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
    for (auction, bid) in q9(events) {
        for end in window_ends(auction.expires, 10_000, 5_000) {
            prices.entry((end, auction.category)).or_default().push(bid.price);
        }
    }
    let mean = |prices: &[i64]| prices.iter().sum::<i64>() as f64 / prices.len() as f64;
    let means = prices.into_iter();
    means.map(|((end, category), prices)| (Timestamp(end), (category, mean(&prices)))).collect()
}

pub(crate) fn q5(events: &[Event]) -> Vec<(Timestamp, (i64, u64))> {
    let mut counts: BTreeMap<i64, BTreeMap<i64, u64>> = BTreeMap::new();
    for bid in bids(events) {
        for end in window_ends(bid.date_time, 10_000, 5_000) {
            *counts.entry(end).or_default().entry(bid.auction).or_default() += 1;
        }
    }
    let mut hottest = Vec::new();
    for (end, counts) in counts {
        let most = counts.values().copied().max().unwrap_or(0);
        let hot = counts.into_iter().filter(|(_, count)| *count == most);
        hottest.extend(hot.map(|hot| (Timestamp(end), hot)));
    }
    hottest
}

pub(crate) fn q6(events: &[Event]) -> Vec<(i64, i64)> {
    let mut sold = q9(events);
    sold.sort_by_key(|(auction, _)| (auction.expires, auction.id));
    let mut means = Vec::new();
    for (position, (auction, _)) in sold.iter().enumerate() {
        let same = sold[..=position].iter().rev().filter(|(a, _)| a.seller == auction.seller);
        let last: Vec<i64> = same.take(10).map(|(_, bid)| bid.price).collect();
        means.push((auction.seller, last.iter().sum::<i64>() / last.len() as i64));
    }
    means
}

pub(crate) fn q7(events: &[Event]) -> Vec<(Timestamp, Bid)> {
    let bids = bids(events);
    let is_highest = |bid: &Bid| {
        let end = fixed_end(bid.date_time);
        bids.iter().all(|other| fixed_end(other.date_time) != end || other.price <= bid.price)
    };
    let highest = bids.iter().filter(|bid| is_highest(bid));
    highest.map(|bid| (fixed_end(bid.date_time), (*bid).clone())).collect()
}

pub(crate) fn q8(events: &[Event]) -> Vec<(Timestamp, (i64, Text, i64))> {
    let mut new = Vec::new();
    for person in persons(events) {
        let end = fixed_end(person.date_time);
        for auction in auctions(events) {
            if auction.seller == person.id && fixed_end(auction.date_time) == end {
                new.push((end, (person.id, person.name.clone(), auction.reserve)));
            }
        }
    }
    new
}

pub(crate) fn q9(events: &[Event]) -> Vec<(Auction, Bid)> {
    let bids = bids(events);
    let mut sold = Vec::new();
    for auction in auctions(events) {
        let mut valid: Vec<&Bid> = bids
            .iter()
            .copied()
            .filter(|bid| bid.auction == auction.id && bid.price >= auction.reserve)
            .filter(|bid| bid.date_time < auction.expires)
            .collect();
        valid.sort_by_key(|bid| (-bid.price, bid.date_time, bid.bidder));
        sold.extend(valid.first().map(|bid| (auction.clone(), (*bid).clone())));
    }
    sold
}

/// The number of events by the end of their window.
pub(crate) fn q10(events: &[Event]) -> Vec<(Timestamp, u64)> {
    let mut counts: BTreeMap<Timestamp, u64> = BTreeMap::new();
    for event in events {
        *counts.entry(fixed_end(event.timestamp())).or_default() += 1;
    }
    counts.into_iter().collect()
}

pub(crate) fn q11(events: &[Event]) -> Vec<(i64, Timestamp, Timestamp, u64)> {
    let bids = bids(events);
    let bidders: BTreeSet<i64> = bids.iter().map(|bid| bid.bidder).collect();
    let mut sessions = Vec::new();
    for bidder in bidders {
        let own = bids.iter().filter(|bid| bid.bidder == bidder);
        let mut times: Vec<i64> = own.map(|bid| bid.date_time.0).collect();
        times.sort_unstable();
        // A gap of exactly 10 seconds parts two sessions: they touch and do not overlap.
        for session in times.chunk_by(|before, after| after - before < 10_000) {
            let (start, end) = (session[0], session[session.len() - 1] + 10_000);
            let count = session.len() as u64;
            sessions.push((bidder, Timestamp(start), Timestamp(end), count));
        }
    }
    sessions
}

/// The number of bids by bidder, for all time.
pub(crate) fn bids_by_bidder(events: &[Event]) -> BTreeMap<i64, u64> {
    let mut counts = BTreeMap::new();
    bids(events).iter().for_each(|bid| *counts.entry(bid.bidder).or_default() += 1);
    counts
}
