//! The Nexmark queries, with the same outputs as Purlin's.
//!
//! The events are those of Purlin's examples, made before the clock starts; windows begin at
//! multiples of their distance, which takes [a window of our own](windows): renoir's begin with the
//! first element of a key.

mod carried;
mod windows;
mod winning;

use std::{sync::Arc, time::Instant};

use examples::{
    machine::cpu_time,
    nexmark::{Auction, Bid, Event, Events, Generator, Person, WAIT, digest_of},
};
use purlin::{Element, Timestamp};
use renoir::{BatchMode, Stream, StreamContext, operator::Operator};

use crate::{Outcome, Result, shared::Failures};

use super::Totals;
use carried::Carried;
use windows::{Aligned, with_end};

/// As many as Purlin's source gives before its watermark moves.
const EVENTS_A_WATERMARK: usize = 10_000;
/// As in renoir's own Nexmark.
const BATCH: usize = 16 << 10;
const STATES: [&str; 3] = ["OR", "ID", "CA"];
const SECOND: i64 = 1000;

/// Runs a query over so many events.
pub(super) fn run(
    query: &str,
    count: u64,
    context: StreamContext,
    threads: usize,
) -> Result<Outcome> {
    let events = Generator::new(count).generate();
    let sink = Sink::default();
    build(query, source(&context, &events, threads), sink.clone())?;
    let (start, cpu) = (Instant::now(), cpu_time());
    context.execute_blocking();
    let times = (start.elapsed(), cpu_time() - cpu);
    sink.failures.check()?;
    Ok(Outcome { summary: sink.totals.all(), times: Some(times) })
}

fn build(
    query: &str,
    events: Stream<impl Operator<Out = Carried<Event>> + 'static>,
    sink: Sink,
) -> Result {
    match query {
        "q0" => sink.take(events.map(|event| event.0)),
        "q1" => sink.take(bids(events).map(|bid| Bid { price: bid.price * 908 / 1000, ..bid })),
        "q2" => {
            let chosen = bids(events).filter(|bid| bid.auction % 123 == 0);
            sink.take(chosen.map(|bid| (bid.auction, bid.price)));
        }
        "q3" => local_item_suggestion(events, sink),
        "q4" => average_price_for_category(events, sink),
        "q5" => hot_items(events, sink),
        "q6" => average_selling_price_by_seller(events, sink),
        "q7" => highest_bid(events, sink),
        "q8" => monitor_new_users(events, sink),
        name => return Err(format!("there is no query `{name}`").into()),
    }
    Ok(())
}

/// Each thread reads every so-manyth event, as Purlin's readers do.
fn source(
    context: &StreamContext,
    events: &Events,
    threads: usize,
) -> Stream<impl Operator<Out = Carried<Event>> + 'static> {
    let list = Arc::clone(&events.list);
    context
        .stream_par_iter(move |index, _| {
            let len = list.len();
            (index as usize..len).step_by(threads).map(move |n| Carried(list[n].clone()))
        })
        .batch_mode(BatchMode::fixed(BATCH))
}

/// Gives events their times, and the stream its watermark.
fn timed(
    events: Stream<impl Operator<Out = Carried<Event>> + 'static>,
) -> Stream<impl Operator<Out = Carried<Event>> + 'static> {
    let mut count = 0;
    events.add_timestamps(
        |event| event.0.timestamp().0,
        move |_, time| {
            count = (count + 1) % EVENTS_A_WATERMARK;
            (count == 0).then_some(*time)
        },
    )
}

fn bids(
    events: Stream<impl Operator<Out = Carried<Event>> + 'static>,
) -> Stream<impl Operator<Out = Bid> + 'static> {
    events.filter_map(|event| match event.0 {
        Event::Bid(bid) => Some(bid),
        _ => None,
    })
}

/// Takes the outputs of a query.
#[derive(Clone, Default)]
struct Sink {
    totals: Totals,
    failures: Failures,
}

impl Sink {
    fn take<T: Element>(self, outputs: Stream<impl Operator<Out = T> + 'static>) {
        let (mut sink, mut bytes) = (self, Vec::new());
        outputs.for_each(move |output| {
            if let Some(digest) = sink.failures.note(digest_of(&output, &mut bytes)) {
                sink.totals.add(digest);
            }
        });
    }
}

fn local_item_suggestion(
    events: Stream<impl Operator<Out = Carried<Event>> + 'static>,
    sink: Sink,
) {
    let routes = events
        .route()
        .add_route(|event| {
            matches!(&event.0, Event::Person(person) if STATES.contains(&person.state.as_str()))
        })
        .add_route(|event| matches!(&event.0, Event::Auction(auction) if auction.category == 10));
    let [persons, auctions] = persons_and_auctions(routes.build());
    let leads = persons.join(auctions, |person| key(&person.0), |auction| key(&auction.0));
    sink.take(leads.drop_key().filter_map(|(person, auction)| {
        let (Event::Person(person), Event::Auction(auction)) = (person.0, auction.0) else {
            return None;
        };
        let is_in_time = is_joined(&person, &auction);
        is_in_time.then_some((person.name, person.city, person.state, auction.id))
    }));
}

fn is_joined(person: &Person, auction: &Auction) -> bool {
    (person.date_time..=person.date_time + WAIT).contains(&auction.date_time)
}

/// The number of the person that an event is about.
fn key(event: &Event) -> i64 {
    match event {
        Event::Person(person) => person.id,
        Event::Auction(auction) => auction.seller,
        Event::Bid(bid) => bid.bidder,
    }
}

fn average_price_for_category(
    events: Stream<impl Operator<Out = Carried<Event>> + 'static>,
    sink: Sink,
) {
    let prices = winning::bids(timed(events)).map(|won| (won.category, won.price));
    let sums = prices
        .group_by(|(category, _)| *category)
        .window(Aligned::sliding(10 * SECOND, 5 * SECOND))
        .fold((0.0, 0_u64), |(sum, count), (_, price)| {
            *sum += *price as f64;
            *count += 1;
        });
    let ended = sums.rich_map_custom(|mut elements| with_end(elements.next()));
    sink.take(
        ended.map(|(end, (category, (sum, count)))| {
            (Timestamp(end), (category, sum / count as f64))
        }),
    );
}

fn hot_items(events: Stream<impl Operator<Out = Carried<Event>> + 'static>, sink: Sink) {
    let counts = bids(timed(events))
        .map(|bid| bid.auction)
        .group_by(|auction| *auction)
        .window(Aligned::sliding(10 * SECOND, 5 * SECOND))
        .fold(0_u64, |count, _| *count += 1)
        .rich_map_custom(|mut elements| with_end(elements.next()));
    // What ends together is in one window of a millisecond.
    let hottest = counts.group_by(|(end, _)| *end).window(Aligned::tumbling(1)).fold(
        (0, Vec::new()),
        |(most, auctions), (_, (auction, count))| {
            if count > most {
                (*most, *auctions) = (*count, Vec::new());
            }
            if count == most {
                auctions.push(*auction);
            }
        },
    );
    sink.take(hottest.unkey().flat_map(|(end, (count, auctions))| {
        auctions.into_iter().map(move |auction| (Timestamp(end), (auction, count)))
    }));
}

fn average_selling_price_by_seller(
    events: Stream<impl Operator<Out = Carried<Event>> + 'static>,
    sink: Sink,
) {
    let mut means = winning::Means::default();
    let won = winning::bids(timed(events)).group_by(|won| won.seller);
    sink.take(won.rich_map_custom(move |mut elements| means.next(|| elements.next())));
}

fn highest_bid(events: Stream<impl Operator<Out = Carried<Event>> + 'static>, sink: Sink) {
    let best = bids(timed(events))
        .key_by(|_| ())
        .window(Aligned::tumbling(10 * SECOND))
        .fold(Vec::new(), keep_best)
        .rich_map_custom(|mut elements| with_end(elements.next()))
        .map(|(end, ((), best))| (end, best.into_iter().map(Carried).collect::<Vec<_>>()));
    let best = best
        .group_by(|(end, _)| *end)
        .window(Aligned::tumbling(1))
        .fold(Vec::new(), |best, (_, more)| more.iter().for_each(|bid| keep_best(best, &bid.0)));
    sink.take(
        best.unkey().flat_map(|(end, best)| best.into_iter().map(move |bid| (Timestamp(end), bid))),
    );
}

fn keep_best(best: &mut Vec<Bid>, bid: &Bid) {
    let most = best.first().map_or(i64::MIN, |best| best.price);
    if bid.price > most {
        best.clear();
    }
    if bid.price >= most {
        best.push(bid.clone());
    }
}

fn monitor_new_users(events: Stream<impl Operator<Out = Carried<Event>> + 'static>, sink: Sink) {
    let routes = timed(events)
        .route()
        .add_route(|event| matches!(&event.0, Event::Person(_)))
        .add_route(|event| matches!(&event.0, Event::Auction(_)));
    let [persons, auctions] = persons_and_auctions(routes.build());
    let persons = persons.filter_map(|event| match event.0 {
        Event::Person(person) => Some((person.id, Carried(person.name))),
        _ => None,
    });
    let auctions = auctions.filter_map(|event| match event.0 {
        Event::Auction(auction) => Some((auction.seller, auction.reserve)),
        _ => None,
    });
    let joined = persons
        .group_by(|(id, _)| *id)
        .window_join(Aligned::tumbling(10 * SECOND), auctions.group_by(|(seller, _)| *seller))
        .rich_map_custom(|mut elements| with_end(elements.next()));
    sink.take(
        joined
            .map(|(end, (id, ((_, name), (_, reserve))))| (Timestamp(end), (id, name.0, reserve))),
    );
}

/// The streams of the two routes.
fn persons_and_auctions<O: Operator + 'static>(routes: Vec<Stream<O>>) -> [Stream<O>; 2] {
    // There are as many as were added.
    routes.try_into().unwrap_or_else(|_| unreachable!("two routes were added"))
}
