//! Query 6, average selling price by seller: over the last ten auctions of a seller that closed.
//!
//! In the global window, with state: each [winning bid](super::winning_bids) gives a new mean. The
//! order in which auctions close decides, not that of arrival: a list sorted by time holds the
//! closed auctions, until a timer of event time says that none comes any more that closed before. It
//! fires at whole seconds, so that a seller of many auctions is not looked at for each.

use purlin::prelude::*;

use super::model::Event;
use super::q9::winning;
use super::sold::{Price, Sale};

/// Over so many auctions the mean is taken.
const LAST: usize = 10;

/// For each auction that is sold: the seller, and the mean price of its last auctions in cents,
/// rounded down.
pub fn average_selling_price_by_seller(events: PCollection<Event>) -> PCollection<(i64, i64)> {
    let sold = events.apply(winning::<Sale, Price>);
    let sold =
        sold.map(|(auction, bid)| (auction.seller, (auction.expires, auction.id, bid.price)));
    sold.par_do_stateful(MovingMean::new).named("MovingMean").main()
}

#[derive(Clone)]
struct MovingMean {
    /// Number and price of closed auctions that are not in the mean.
    closed: OrderedList<(i64, i64)>,
    /// The prices of the last ones, oldest first.
    last: Value<Vec<i64>>,
    /// When the timer is set to fire.
    next: Value<Timestamp>,
    settle: EventTimer,
}

impl MovingMean {
    fn new(s: &mut StateSpecs) -> Self {
        Self {
            closed: s.ordered_list("closed"),
            last: s.value("last"),
            next: s.value("next"),
            settle: s.event_timer("settle"),
        }
    }

    /// Sets the timer to the first whole second after an auction has closed.
    fn set(&self, closed: Timestamp, cx: &mut Context<(i64, i64)>) -> Result<(), BoxError> {
        let after = Timestamp((closed.millis().div_euclid(1000) + 1) * 1000);
        self.settle.set(cx, after);
        self.next.write(cx, after)
    }
}

impl StatefulDoFn for MovingMean {
    type Key = i64;
    type In = (Timestamp, i64, i64);
    type Out = (i64, i64);

    fn process(
        &mut self,
        _: &i64,
        (expires, auction, price): Self::In,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        if self.next.read(cx)?.is_none_or(|next| expires < next) {
            self.set(expires, cx)?;
        }
        self.closed.add(cx, expires, (auction, price))
    }

    fn on_timer(
        &mut self,
        _: Timer,
        seller: &i64,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        let now = cx.fire_timestamp().ok_or("a timer has a time")?;
        let mut closed = self.closed.read_range(cx, Timestamp::MIN..now)?;
        self.closed.clear_range(cx, Timestamp::MIN..now)?;
        closed.sort_unstable();
        let mut last = self.last.read(cx)?.unwrap_or_default();
        for (_, (_, price)) in closed {
            last.push(price);
            last.drain(..last.len().saturating_sub(LAST));
            cx.output((*seller, last.iter().sum::<i64>() / i64::try_from(last.len())?));
        }
        self.last.write(cx, last)?;
        match self.closed.read(cx)?.first() {
            Some((next, _)) => self.set(*next, cx),
            None => self.next.clear(cx),
        }
    }
}
