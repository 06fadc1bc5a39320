//! What queries about prices keep of auctions and bids: not the texts, which are most of their bytes.

use purlin::prelude::*;

use super::model::{Auction, Bid};
use super::q9::{Lot, Offer};

/// An auction without its texts.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
pub(super) struct Sale {
    /// Its number.
    pub(super) id: i64,
    /// The number of the person that sells.
    pub(super) seller: i64,
    /// The number of its category.
    pub(super) category: i64,
    /// The least price at which it is sold, in cents.
    pub(super) reserve: i64,
    /// When it closes.
    pub(super) expires: Timestamp,
}

impl From<Auction> for Sale {
    fn from(auction: Auction) -> Self {
        let Auction { id, seller, category, reserve, expires, .. } = auction;
        Self { id, seller, category, reserve, expires }
    }
}

impl Lot for Sale {
    fn terms(&self) -> (Timestamp, i64) {
        (self.expires, self.reserve)
    }
}

/// A bid without its text.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
pub(super) struct Price {
    /// What is offered, in cents.
    pub(super) price: i64,
    /// When.
    pub(super) time: Timestamp,
    /// The number of the person.
    pub(super) bidder: i64,
}

impl From<Bid> for Price {
    fn from(bid: Bid) -> Self {
        Self { price: bid.price, time: bid.date_time, bidder: bid.bidder }
    }
}

impl Offer for Price {
    fn offer(&self) -> (i64, Timestamp, i64) {
        (self.price, self.time, self.bidder)
    }
}
