//! What the generator makes.

use std::time::Duration;

use examples::nexmark::{Event, Generator};
use purlin::Timestamp;

use crate::brute;

#[test]
fn the_same_seed_makes_the_same_events_and_another_others() {
    let generate = |seed| Generator::new(500).seed(seed).generate().list;
    assert_eq!(generate(1), generate(1));
    assert_ne!(generate(1), generate(2));
}

#[test]
fn of_fifty_events_one_is_a_person_and_three_are_auctions() {
    let events = Generator::new(5000).generate().list;
    assert_eq!(brute::persons(&events).len(), 100);
    assert_eq!(brute::auctions(&events).len(), 300);
    assert_eq!(brute::bids(&events).len(), 4600);
}

#[test]
fn events_are_as_far_apart_as_the_rate_says() {
    let events = Generator::new(1001).events_per_second(100).generate().list;
    assert_eq!(events[1000].timestamp() - Duration::from_secs(10), events[0].timestamp());
}

#[test]
fn events_are_out_of_order_up_to_the_bound() {
    let bound = Duration::from_secs(2);
    let generator = Generator::new(2000).events_per_second(100);
    let behind = |events: &[Event]| {
        let mut latest = Timestamp::MIN;
        let behind = events.iter().map(|event| {
            latest = latest.max(event.timestamp());
            latest.0 - event.timestamp().0
        });
        behind.max().unwrap()
    };
    assert_eq!(behind(&generator.generate().list), 0);
    let most = behind(&generator.out_of_orderness(bound).generate().list);
    assert!((1500..=2000).contains(&most), "{most}");
}

#[test]
fn auctions_and_bids_refer_to_what_was_there_before() {
    let events = Generator::new(20_000).seed(3).generate().list;
    let (mut persons, mut auctions) = (Vec::new(), Vec::new());
    for event in events.iter() {
        match event {
            Event::Person(person) => persons.push(person.id),
            Event::Auction(auction) => {
                assert!(persons.contains(&auction.seller));
                assert!(auction.expires > auction.date_time);
                auctions.push(auction.id);
            }
            Event::Bid(bid) => {
                assert!(persons.contains(&bid.bidder));
                assert!(auctions.contains(&bid.auction));
            }
        }
    }
}

#[test]
fn an_event_fits_a_line_of_the_cache() {
    assert!(size_of::<Event>() <= 64, "{}", size_of::<Event>());
}
