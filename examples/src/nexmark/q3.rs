//! Query 3, local item suggestion: who in Oregon, Idaho or California sells in category 10?
//!
//! An incremental join of persons and auctions by the seller, in the global window: a result comes
//! as soon as both sides are there. State holds the person, for [`WAIT`] after it registered, and
//! auctions that came before their seller did. Timers of event time clear both: a person by its
//! [`WAIT`], an auction as soon as the watermark says that its seller would have come. Times decide
//! what is joined and not the order of arrival, so the result is the same for any.

use std::time::Duration;

use purlin::prelude::*;

use super::model::{Auction, Event, Person};

/// An auction is joined if it opens at most this long after its seller registered.
pub const WAIT: Duration = Duration::from_secs(10);

const STATES: [&str; 3] = ["OR", "ID", "CA"];
const CATEGORY: i64 = 10;

/// Name, city and state of a seller, and the number of the auction.
pub type Lead = (Text, Text, Text, i64);

/// The sellers of these states with their auctions of this category.
pub fn local_item_suggestion(events: PCollection<Event>) -> PCollection<Lead> {
    let sides = events.flat_map(|event| match event {
        Event::Person(person) if STATES.iter().any(|state| person.state.as_str() == *state) => {
            Some((person.id, Event::Person(person)))
        }
        Event::Auction(auction) if auction.category == CATEGORY => {
            Some((auction.seller, Event::Auction(auction)))
        }
        _ => None,
    });
    sides.par_do_stateful(Join::new).named("Join").main()
}

#[derive(Clone)]
struct Join {
    person: Value<Person>,
    /// Auctions whose seller has not come.
    waiting: Bag<(Timestamp, i64)>,
    /// When the latest of them opened.
    latest: Value<Timestamp>,
    forget: EventTimer,
}

impl Join {
    fn new(s: &mut StateSpecs) -> Self {
        Self {
            person: s.value("person"),
            waiting: s.bag("waiting"),
            latest: s.value("latest"),
            forget: s.event_timer("forget"),
        }
    }

    fn add_person(&self, person: Person, cx: &mut Context<Lead>) -> Result<(), BoxError> {
        for (opened, auction) in self.waiting.read(cx)? {
            if is_joined(&person, opened) {
                cx.output(lead(&person, auction));
            }
        }
        self.waiting.clear(cx)?;
        self.latest.clear(cx)?;
        self.forget.set(cx, after(person.date_time + WAIT));
        self.person.write(cx, person)
    }

    fn add_auction(&self, auction: &Auction, cx: &mut Context<Lead>) -> Result<(), BoxError> {
        if let Some(person) = self.person.read(cx)? {
            if is_joined(&person, auction.date_time) {
                cx.output(lead(&person, auction.id));
            }
            return Ok(());
        }
        // Not from the bag, which would be read again for each auction.
        if self.latest.read(cx)?.is_none_or(|latest| latest < auction.date_time) {
            self.latest.write(cx, auction.date_time)?;
            self.forget.set(cx, after(auction.date_time));
        }
        self.waiting.add(cx, (auction.date_time, auction.id))
    }
}

impl StatefulDoFn for Join {
    type Key = i64;
    type In = Event;
    type Out = Lead;

    fn process(&mut self, _: &i64, event: Event, cx: &mut Context<Lead>) -> Result<(), BoxError> {
        match event {
            Event::Person(person) => self.add_person(*person, cx),
            Event::Auction(auction) => self.add_auction(&auction, cx),
            Event::Bid(_) => Ok(()),
        }
    }

    fn on_timer(&mut self, _: Timer, _: &i64, cx: &mut Context<Lead>) -> Result<(), BoxError> {
        self.person.clear(cx)?;
        self.latest.clear(cx)?;
        self.waiting.clear(cx)
    }
}

fn is_joined(person: &Person, opened: Timestamp) -> bool {
    (person.date_time..=person.date_time + WAIT).contains(&opened)
}

fn lead(person: &Person, auction: i64) -> Lead {
    (person.name.clone(), person.city.clone(), person.state.clone(), auction)
}

/// When all that happened up to `time` has come.
fn after(time: Timestamp) -> Timestamp {
    time + Duration::from_millis(1)
}
