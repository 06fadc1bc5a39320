//! The events of an auction site.

use purlin::prelude::*;

/// Someone who registered: sells, bids, or both.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
pub struct Person {
    /// Its number.
    pub id: i64,
    /// First and last name.
    pub name: Text,
    /// Where mail reaches it.
    pub email_address: Text,
    /// Sixteen digits.
    pub credit_card: Text,
    /// Where it lives.
    pub city: Text,
    /// The state of the city, by its two letters.
    pub state: Text,
    /// When it registered.
    pub date_time: Timestamp,
    /// Filling, for the usual size.
    pub extra: Text,
}

/// An item that is sold to whoever bids most.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
pub struct Auction {
    /// Its number.
    pub id: i64,
    /// What is sold.
    pub item_name: Text,
    /// More about it.
    pub description: Text,
    /// Where bidding starts, in cents.
    pub initial_bid: i64,
    /// The least price at which it is sold, in cents.
    pub reserve: i64,
    /// When it opened.
    pub date_time: Timestamp,
    /// When it closes; a bid at this time is too late.
    pub expires: Timestamp,
    /// The number of the person that sells.
    pub seller: i64,
    /// The number of its category.
    pub category: i64,
    /// Filling, for the usual size.
    pub extra: Text,
}

/// An offer of a person for an item.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
pub struct Bid {
    /// The number of the auction.
    pub auction: i64,
    /// The number of the person.
    pub bidder: i64,
    /// What is offered, in cents.
    pub price: i64,
    /// When it was made.
    pub date_time: Timestamp,
    /// Filling, for the usual size.
    pub extra: Text,
}

/// Something that happened. Nearly all of it is bids, beside which the others need not be held: an event
/// is not larger than a line of the cache.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
pub enum Event {
    /// A person registered.
    Person(Box<Person>),
    /// An auction opened.
    Auction(Box<Auction>),
    /// A bid was made.
    Bid(Bid),
}

impl Event {
    /// When it happened.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        match self {
            Self::Person(person) => person.date_time,
            Self::Auction(auction) => auction.date_time,
            Self::Bid(bid) => bid.date_time,
        }
    }
}

/// The persons among events.
pub fn persons(events: &PCollection<Event>) -> PCollection<Person> {
    events.flat_map(|event| match event {
        Event::Person(person) => Some(*person),
        _ => None,
    })
}

/// The auctions among events.
pub fn auctions(events: &PCollection<Event>) -> PCollection<Auction> {
    events.flat_map(|event| match event {
        Event::Auction(auction) => Some(*auction),
        _ => None,
    })
}

/// The bids among events.
pub fn bids(events: &PCollection<Event>) -> PCollection<Bid> {
    events.flat_map(|event| match event {
        Event::Bid(bid) => Some(bid),
        _ => None,
    })
}
