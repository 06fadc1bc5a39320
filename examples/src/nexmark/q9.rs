//! Query 9, winning bids: who buys each item?
//!
//! The highest bid that was made before the auction closed and reaches its reserve; the first of
//! them, if there are several. In the global window, with state for each auction and a timer of
//! event time at its close. That is the choice here; Beam's own suite has a window function that
//! gives each auction a window up to its close, which needs windows that merge.
//!
//! A bid may arrive before its auction. It is kept until the watermark has passed its time: then the
//! auction, which opened before, would have come, so it has closed and the bid is too late.

use std::cmp::Reverse;
use std::time::Duration;

use purlin::prelude::*;

use super::model::{Auction, Bid, Event};

/// Each auction that is sold, with the bid that buys it, at the time when the auction closed.
pub fn winning_bids(events: PCollection<Event>) -> PCollection<(Auction, Bid)> {
    winning(events)
}

/// The same, of which as much is kept as the types hold: what a query does not ask for needs not be
/// brought to where an auction's bids meet.
pub(super) fn winning<L: Lot, O: Offer>(events: PCollection<Event>) -> PCollection<(L, O)> {
    let by_auction = events.flat_map(|event| match event {
        Event::Person(_) => None,
        Event::Auction(auction) => Some((auction.id, (Some(L::from(*auction)), None))),
        Event::Bid(bid) => Some((bid.auction, (None, Some(O::from(bid))))),
    });
    by_auction.par_do_stateful(Close::<L, O>::new).named("Close").main()
}

/// What is kept of an auction.
pub(super) trait Lot: Element + From<Auction> {
    /// When it closes, and the reserve.
    fn terms(&self) -> (Timestamp, i64);
}

impl Lot for Auction {
    fn terms(&self) -> (Timestamp, i64) {
        (self.expires, self.reserve)
    }
}

/// What is kept of a bid.
pub(super) trait Offer: Element + From<Bid> {
    /// Price, time and the number of the bidder.
    fn offer(&self) -> (i64, Timestamp, i64);

    /// Whether it was made in time and reaches the reserve.
    fn is_valid(&self, (expires, reserve): (Timestamp, i64)) -> bool {
        let (price, time, _) = self.offer();
        time < expires && price >= reserve
    }

    /// Whether it is higher, or as high and earlier; the bidder's number decides between bids of the
    /// same millisecond.
    fn is_better(&self, best: &Self) -> bool {
        let rank = |(price, time, bidder)| (Reverse(price), time, bidder);
        rank(self.offer()) < rank(best.offer())
    }
}

impl Offer for Bid {
    fn offer(&self) -> (i64, Timestamp, i64) {
        (self.price, self.date_time, self.bidder)
    }
}

#[derive(Clone)]
struct Close<L, O> {
    /// What is sold, which is read at the end only.
    auction: Value<L>,
    /// What bids are compared with: when it closes, and the reserve.
    terms: Value<(Timestamp, i64)>,
    best: Value<O>,
    /// Bids that came before their auction.
    early: Bag<O>,
    /// The time of the latest of them.
    latest: Value<Timestamp>,
    close: EventTimer,
    forget: EventTimer,
}

impl<L: Lot, O: Offer> Close<L, O> {
    fn new(s: &mut StateSpecs) -> Self {
        Self {
            auction: s.value("auction"),
            terms: s.value("terms"),
            best: s.value("best"),
            early: s.bag("early"),
            latest: s.value("latest"),
            close: s.event_timer("close"),
            forget: s.event_timer("forget"),
        }
    }

    fn open(&self, auction: L, cx: &mut Context<(L, O)>) -> Result<(), BoxError> {
        let terms = auction.terms();
        let early = self.early.read(cx)?;
        if !early.is_empty() {
            self.forget_early(cx)?;
            self.forget.clear(cx);
        }
        let valid = early.into_iter().filter(|bid| bid.is_valid(terms));
        if let Some(best) = valid.reduce(|best, bid| if bid.is_better(&best) { bid } else { best })
        {
            self.best.write(cx, best)?;
        }
        self.close.set(cx, terms.0);
        self.terms.write(cx, terms)?;
        self.auction.write(cx, auction)
    }

    fn bid(&self, bid: O, cx: &mut Context<(L, O)>) -> Result<(), BoxError> {
        let Some(terms) = self.terms.read(cx)? else {
            let (_, time, _) = bid.offer();
            // Not from the bag, which would be read again for each bid.
            if self.latest.read(cx)?.is_none_or(|latest| latest < time) {
                self.latest.write(cx, time)?;
                self.forget.set(cx, time + Duration::from_millis(1));
            }
            return self.early.add(cx, bid);
        };
        if !bid.is_valid(terms) {
            return Ok(());
        }
        match self.best.read(cx)? {
            Some(best) if !bid.is_better(&best) => Ok(()),
            _ => self.best.write(cx, bid),
        }
    }

    fn forget_early(&self, cx: &mut Context<(L, O)>) -> Result<(), BoxError> {
        self.early.clear(cx)?;
        self.latest.clear(cx)
    }
}

impl<L: Lot, O: Offer> StatefulDoFn for Close<L, O> {
    type Key = i64;
    /// One of the two.
    type In = (Option<L>, Option<O>);
    type Out = (L, O);

    fn process(
        &mut self,
        _: &i64,
        (auction, bid): Self::In,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        if let Some(auction) = auction {
            self.open(auction, cx)?;
        }
        bid.map_or(Ok(()), |bid| self.bid(bid, cx))
    }

    fn on_timer(
        &mut self,
        timer: Timer,
        _: &i64,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        if timer == self.forget {
            return self.forget_early(cx);
        }
        if let (Some(auction), Some(best)) = (self.auction.read(cx)?, self.best.read(cx)?) {
            cx.output((auction, best));
        }
        self.auction.clear(cx)?;
        self.terms.clear(cx)?;
        self.best.clear(cx)
    }
}
