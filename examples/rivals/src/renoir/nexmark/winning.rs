//! Who buys each item, and what comes of it, as operators with state.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
};

use examples::nexmark::{Auction, Bid, Event};
use foldhash::fast::RandomState;
use renoir::{
    Stream,
    operator::{Operator, StreamElement},
};
use serde::{Deserialize, Serialize};

use super::Carried;

type Table<V> = HashMap<i64, V, RandomState>;

/// An auction that is sold.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Won {
    pub(super) expires: i64,
    pub(super) auction: i64,
    pub(super) seller: i64,
    pub(super) category: i64,
    pub(super) price: i64,
}

/// The highest valid bid for each auction, when it closes.
pub(super) fn bids(
    events: Stream<impl Operator<Out = Carried<Event>> + 'static>,
) -> Stream<impl Operator<Out = Won> + 'static> {
    let mut auctions = Auctions::default();
    events
        .filter(|event| !matches!(event.0, Event::Person(_)))
        .group_by(|event| match &event.0 {
            Event::Person(person) => person.id,
            Event::Auction(auction) => auction.id,
            Event::Bid(bid) => bid.auction,
        })
        .rich_map_custom(move |mut elements| auctions.next(|| elements.next()))
}

/// Does what waits for the watermark, before it gives the watermark on.
#[derive(Clone, Default)]
struct Waiting<T: Ord> {
    /// By time.
    queue: BinaryHeap<Reverse<(i64, T)>>,
    watermark: Option<i64>,
    /// The message that moved the watermark.
    moved_by: Option<StreamElement<()>>,
}

impl<T: Ord> Waiting<T> {
    fn push(&mut self, time: i64, item: T) {
        self.queue.push(Reverse((time, item)));
    }

    fn move_to<O>(&mut self, watermark: i64, by: StreamElement<O>) {
        self.watermark = Some(watermark);
        self.moved_by = Some(by.map(drop));
    }

    /// The next that is due.
    fn due(&mut self) -> Option<(i64, T)> {
        let watermark = self.watermark?;
        self.queue.peek().filter(|first| first.0.0 <= watermark)?;
        self.queue.pop().map(|first| first.0)
    }

    /// The message to give on, when nothing is due any more.
    fn message<O>(&mut self) -> Option<StreamElement<O>> {
        match self.moved_by.take()? {
            StreamElement::Watermark(time) => Some(StreamElement::Watermark(time)),
            _ => {
                self.watermark = None;
                Some(StreamElement::FlushAndRestart)
            }
        }
    }
}

/// The open auctions of a thread.
#[derive(Clone, Default)]
struct Auctions {
    open: Table<Open>,
    closing: Waiting<i64>,
}

#[derive(Clone, Default)]
struct Open {
    auction: Option<Box<Auction>>,
    best: Option<Bid>,
    /// Bids that came before their auction.
    early: Vec<Bid>,
}

impl Auctions {
    fn next(
        &mut self,
        mut next: impl FnMut() -> StreamElement<(i64, Carried<Event>)>,
    ) -> StreamElement<Won> {
        loop {
            while let Some((expires, key)) = self.closing.due() {
                if let Some(won) = self.open.remove(&key).and_then(Open::close) {
                    return StreamElement::Timestamped(won, expires);
                }
            }
            if let Some(message) = self.closing.message() {
                if matches!(message, StreamElement::FlushAndRestart) {
                    self.open.clear();
                }
                return message;
            }
            match next() {
                StreamElement::Item((key, event)) | StreamElement::Timestamped((key, event), _) => {
                    self.add(key, event.0);
                }
                by @ StreamElement::Watermark(time) => self.closing.move_to(time, by),
                by @ StreamElement::FlushAndRestart => self.closing.move_to(i64::MAX, by),
                StreamElement::FlushBatch => return StreamElement::FlushBatch,
                StreamElement::Terminate => return StreamElement::Terminate,
            }
        }
    }

    fn add(&mut self, key: i64, event: Event) {
        let open = self.open.entry(key).or_default();
        match event {
            Event::Person(_) => {}
            Event::Auction(auction) => {
                self.closing.push(auction.expires.0, key);
                open.auction = Some(auction);
                std::mem::take(&mut open.early).into_iter().for_each(|bid| open.bid(bid));
            }
            Event::Bid(bid) => open.bid(bid),
        }
    }
}

impl Open {
    fn bid(&mut self, bid: Bid) {
        match &self.auction {
            None => self.early.push(bid),
            Some(auction) => {
                let is_valid = bid.date_time < auction.expires && bid.price >= auction.reserve;
                if is_valid && self.best.as_ref().is_none_or(|best| rank(&bid) < rank(best)) {
                    self.best = Some(bid);
                }
            }
        }
    }

    fn close(self) -> Option<Won> {
        let (auction, best) = (self.auction?, self.best?);
        Some(Won {
            expires: auction.expires.0,
            auction: auction.id,
            seller: auction.seller,
            category: auction.category,
            price: best.price,
        })
    }
}

fn rank(bid: &Bid) -> (i64, i64, i64) {
    (-bid.price, bid.date_time.0, bid.bidder)
}

/// Over so many auctions a mean is taken.
const LAST: usize = 10;

/// The mean price of each seller's last auctions, in the order in which they closed.
#[derive(Clone, Default)]
pub(super) struct Means {
    /// Auction, seller and price.
    closed: Waiting<(i64, i64, i64)>,
    last: Table<VecDeque<i64>>,
}

impl Means {
    pub(super) fn next(
        &mut self,
        mut next: impl FnMut() -> StreamElement<(i64, Won)>,
    ) -> StreamElement<(i64, i64)> {
        loop {
            if let Some((time, (_, seller, price))) = self.closed.due() {
                let last = self.last.entry(seller).or_default();
                last.push_back(price);
                if last.len() > LAST {
                    last.pop_front();
                }
                let mean = last.iter().sum::<i64>() / last.len() as i64;
                return StreamElement::Timestamped((seller, mean), time);
            }
            if let Some(message) = self.closed.message() {
                return message;
            }
            match next() {
                StreamElement::Item((_, won)) | StreamElement::Timestamped((_, won), _) => {
                    self.closed.push(won.expires, (won.auction, won.seller, won.price));
                }
                by @ StreamElement::Watermark(time) => self.closed.move_to(time, by),
                by @ StreamElement::FlushAndRestart => self.closed.move_to(i64::MAX, by),
                StreamElement::FlushBatch => return StreamElement::FlushBatch,
                StreamElement::Terminate => return StreamElement::Terminate,
            }
        }
    }
}
