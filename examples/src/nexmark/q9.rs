//! Query 9, winning bids: who buys each item?
//!
//! The highest bid that was made before the auction closed and reaches its reserve; the first of
//! them, if there are several. In the global window, with state for each auction and a timer of
//! event time at its close. That is the choice here; Beam's own suite has a window function that
//! gives each auction a window up to its close, which needs windows that merge.
//!
//! A bid may arrive before its auction. It is kept until the watermark has passed its time: then the
//! auction, which opened before, would have come, so it has closed and the bid is too late.

use std::time::Duration;

use purlin::prelude::*;

use super::model::{Auction, Bid, Event};

/// Each auction that is sold, with the bid that buys it, at the time when the auction closed.
pub fn winning_bids(events: PCollection<Event>) -> PCollection<(Auction, Bid)> {
    let by_auction = events.flat_map(|event| match &event {
        Event::Person(_) => None,
        Event::Auction(auction) => Some((auction.id, event)),
        Event::Bid(bid) => Some((bid.auction, event)),
    });
    by_auction.par_do_stateful(Close::new).named("Close").main()
}

#[derive(Clone)]
struct Close {
    /// What is sold, which is read at the end only.
    auction: Value<Auction>,
    /// What bids are compared with: when it closes, and the reserve.
    terms: Value<(Timestamp, i64)>,
    best: Value<Bid>,
    /// Bids that came before their auction.
    early: Bag<Bid>,
    /// The time of the latest of them.
    latest: Value<Timestamp>,
    close: EventTimer,
    forget: EventTimer,
}

impl Close {
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

    fn open(&self, auction: Auction, cx: &mut Context<(Auction, Bid)>) -> Result<(), BoxError> {
        let terms = (auction.expires, auction.reserve);
        let early = self.early.read(cx)?.into_iter();
        if let Some(best) = early.filter(|bid| is_valid(bid, terms)).reduce(better) {
            self.best.write(cx, best)?;
        }
        self.forget_early(cx)?;
        self.forget.clear(cx);
        self.close.set(cx, auction.expires);
        self.terms.write(cx, terms)?;
        self.auction.write(cx, auction)
    }

    fn bid(&self, bid: Bid, cx: &mut Context<(Auction, Bid)>) -> Result<(), BoxError> {
        let Some(terms) = self.terms.read(cx)? else {
            // Not from the bag, which would be read again for each bid.
            if self.latest.read(cx)?.is_none_or(|latest| latest < bid.date_time) {
                self.latest.write(cx, bid.date_time)?;
                self.forget.set(cx, bid.date_time + Duration::from_millis(1));
            }
            return self.early.add(cx, bid);
        };
        if !is_valid(&bid, terms) {
            return Ok(());
        }
        match self.best.read(cx)? {
            Some(best) if !is_better(&bid, &best) => Ok(()),
            _ => self.best.write(cx, bid),
        }
    }

    fn forget_early(&self, cx: &mut Context<(Auction, Bid)>) -> Result<(), BoxError> {
        self.early.clear(cx)?;
        self.latest.clear(cx)
    }
}

impl StatefulDoFn for Close {
    type Key = i64;
    type In = Event;
    type Out = (Auction, Bid);

    fn process(
        &mut self,
        _: &i64,
        event: Event,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        match event {
            Event::Person(_) => Ok(()),
            Event::Auction(auction) => self.open(auction, cx),
            Event::Bid(bid) => self.bid(bid, cx),
        }
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

fn is_valid(bid: &Bid, (expires, reserve): (Timestamp, i64)) -> bool {
    bid.date_time < expires && bid.price >= reserve
}

fn better(best: Bid, bid: Bid) -> Bid {
    if is_better(&bid, &best) { bid } else { best }
}

/// Whether a bid is higher, or as high and earlier; the bidder's number decides between bids of the
/// same millisecond.
fn is_better(bid: &Bid, best: &Bid) -> bool {
    let rank = |bid: &Bid| (-bid.price, bid.date_time, bid.bidder);
    rank(bid) < rank(best)
}
