//! Makes the events.

use std::sync::Arc;
use std::time::Duration;

use purlin::prelude::*;

use super::model::{Auction, Bid, Event, Person};
use super::random::Random;

/// Of so many events in a row, the first is a person, then come auctions, then bids.
const GROUP: u64 = 50;
const AUCTIONS_IN_GROUP: u64 = 3;

/// The number of the first person, and of the first auction.
const FIRST_ID: u64 = 1000;
const FIRST_CATEGORY: u64 = 10;
const CATEGORIES: u64 = 5;

/// How many of the last persons sell and bid, and how many of the last auctions get bids.
const ACTIVE_PERSONS: u64 = 1000;
const OPEN_AUCTIONS: u64 = 100;
/// Every so many persons and auctions, one is hot: it gets most of the attention meanwhile.
const HOT_EVERY: u64 = 100;

/// The time of the first event, a multiple of all usual windows: 2015-07-15 00:00 UTC.
const START_MS: u64 = 1_436_918_400_000;

const FIRST_NAMES: [&str; 8] = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo"];
const LAST_NAMES: [&str; 6] = ["Abel", "Brook", "Cruz", "Dorn", "Engel", "Frost"];
const CITIES: [(&str, &str); 9] = [
    ("Phoenix", "AZ"),
    ("Los Angeles", "CA"),
    ("San Francisco", "CA"),
    ("Boise", "ID"),
    ("Portland", "OR"),
    ("Bend", "OR"),
    ("Seattle", "WA"),
    ("Spokane", "WA"),
    ("Cheyenne", "WY"),
];
const ITEMS: [&str; 6] = ["clock", "chair", "violin", "bicycle", "lamp", "map"];

/// About what a person, an auction and a bid are filled up with, in bytes.
const FILLING: [u64; 3] = [100, 380, 60];

/// Makes events: always the same for the same seed.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    events: u64,
    seed: u64,
    events_per_second: u64,
    out_of_orderness: Duration,
}

/// Events in the order in which they arrive.
#[derive(Clone, Debug)]
pub struct Events {
    /// The events.
    pub list: Arc<[Event]>,
    /// How much earlier an event may be than one that arrived before it.
    pub out_of_orderness: Duration,
}

impl Generator {
    /// Makes so many events, in order and ten thousand a second of event time.
    #[must_use]
    pub fn new(events: u64) -> Self {
        Self { events, seed: 0, events_per_second: 10_000, out_of_orderness: Duration::ZERO }
    }

    /// Other events for another seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// How many happen in a second of event time, at least 1.
    #[must_use]
    pub fn events_per_second(self, events: u64) -> Self {
        Self { events_per_second: events.max(1), ..self }
    }

    /// Each event arrives up to so much later than it happened.
    #[must_use]
    pub fn out_of_orderness(self, out_of_orderness: Duration) -> Self {
        Self { out_of_orderness, ..self }
    }

    /// The events.
    #[must_use]
    pub fn generate(&self) -> Events {
        let mut random = Random::new(self.seed);
        let filling = (0..1024).map(|_| letter(&mut random)).collect();
        let mut site = Site { random, filling, events_per_second: self.events_per_second };
        let delay = self.out_of_orderness.as_millis() as i64;
        let mut arrivals: Vec<(i64, Event)> = (0..self.events)
            .map(|n| {
                let event = site.event(n);
                let delayed = site.random.below(delay as u64 + 1) as i64;
                (event.timestamp().millis() + delayed, event)
            })
            .collect();
        arrivals.sort_by_key(|(arrival, _)| *arrival);
        let list = arrivals.into_iter().map(|(_, event)| event).collect();
        Events { list, out_of_orderness: self.out_of_orderness }
    }
}

fn letter(random: &mut Random) -> char {
    char::from(b'a' + random.below(26) as u8)
}

/// What events are made from.
struct Site {
    random: Random,
    filling: String,
    events_per_second: u64,
}

impl Site {
    fn event(&mut self, n: u64) -> Event {
        let (group, place) = (n / GROUP, n % GROUP);
        let at = Timestamp((START_MS + n * 1000 / self.events_per_second) as i64);
        match place {
            0 => Event::Person(Box::new(self.person(group, at))),
            1..=AUCTIONS_IN_GROUP => {
                let number = group * AUCTIONS_IN_GROUP + place - 1;
                Event::Auction(Box::new(self.auction(number, group, at)))
            }
            _ => Event::Bid(self.bid((group + 1) * AUCTIONS_IN_GROUP - 1, group, at)),
        }
    }

    fn person(&mut self, number: u64, date_time: Timestamp) -> Person {
        let random = &mut self.random;
        let (first, last) = (random.choose(&FIRST_NAMES), random.choose(&LAST_NAMES));
        let (city, state) = random.choose(&CITIES);
        let card = random.below(10_000_000_000_000_000);
        Person {
            id: (FIRST_ID + number) as i64,
            name: format!("{first} {last}").into(),
            email_address: format!("{first}.{last}@mail{}.example", number % 100).into(),
            credit_card: format!("{card:016}").into(),
            city: city.into(),
            state: state.into(),
            date_time,
            extra: self.filling(FILLING[0]),
        }
    }

    fn auction(&mut self, number: u64, last_person: u64, date_time: Timestamp) -> Auction {
        let open_ms = 1000 * OPEN_AUCTIONS * GROUP / AUCTIONS_IN_GROUP / self.events_per_second;
        let expires = Timestamp(date_time.0 + 1 + self.random.below(2 * open_ms.max(1)) as i64);
        let initial_bid = self.price();
        let item = self.random.choose(&ITEMS);
        Auction {
            id: (FIRST_ID + number) as i64,
            item_name: item.into(),
            description: format!("a {item}, number {number}").into(),
            initial_bid,
            reserve: initial_bid + self.price(),
            date_time,
            expires,
            seller: self.person_of_interest(last_person, 0),
            category: (FIRST_CATEGORY + self.random.below(CATEGORIES)) as i64,
            extra: self.filling(FILLING[1]),
        }
    }

    fn bid(&mut self, last_auction: u64, last_person: u64, date_time: Timestamp) -> Bid {
        let auction = match self.random.chance(1, 2) {
            true => last_auction / HOT_EVERY * HOT_EVERY,
            false => last_auction - self.random.below(OPEN_AUCTIONS.min(last_auction + 1)),
        };
        Bid {
            auction: (FIRST_ID + auction) as i64,
            bidder: self.person_of_interest(last_person, 1),
            price: self.price(),
            date_time,
            extra: self.filling(FILLING[2]),
        }
    }

    /// The number of a person that sells or bids: most often the hot one of its kind.
    fn person_of_interest(&mut self, last: u64, kind: u64) -> i64 {
        let number = match self.random.chance(3, 4) {
            true => (last / HOT_EVERY * HOT_EVERY + kind).min(last),
            false => last - self.random.below(ACTIVE_PERSONS.min(last + 1)),
        };
        (FIRST_ID + number) as i64
    }

    /// From a dollar to a million, in cents.
    fn price(&mut self) -> i64 {
        (self.random.log_uniform() * 100.0).round() as i64
    }

    /// A text of `about` so many bytes, and of its own, as those are that come from elsewhere: threads
    /// that clone parts of one block wait for each other at its count.
    fn filling(&mut self, about: u64) -> Text {
        let bytes = (about * 4 / 5 + self.random.below(about * 2 / 5)) as usize;
        let start = self.random.below((self.filling.len() - bytes) as u64) as usize;
        self.filling[start..start + bytes].into()
    }
}
