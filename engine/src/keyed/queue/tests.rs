//! Which timers are due, and in which order.

use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderSpec, Skipper};
use purlin_sdk::{IntervalWindow, Window};

use super::*;
use crate::keyed::change::KeyChange;
use crate::keyed::facts::{Clock, Family, Kind, User};
use crate::keyed::timer_coding::window_bytes;

/// The families of the function, and those of the engine behind them.
const EVENT: u16 = 0;
const PROCESSING: u16 = 1;
const SORTING: u16 = 2;
const EXPIRY: u16 = 3;

fn facts(is_time_sorted: bool, lateness: i64) -> KeyedFacts {
    let spec = CoderSpec::new(purlin_proto::urns::coders::BYTES, vec![]);
    let clocks =
        [Clock::EventTime, Clock::ProcessingTime, Clock::AfterEventTime, Clock::AfterEventTime];
    KeyedFacts {
        cells: Vec::new(),
        families: clocks.map(|clock| Family { name: String::new(), clock }).into(),
        windows: WindowCoder::Interval,
        lateness,
        kind: Kind::User(User {
            transform_id: String::new(),
            key: Skipper::new(&spec).unwrap(),
            on_expiration: None,
            sorting: SORTING,
            expiry: EXPIRY,
            is_time_sorted,
        }),
    }
}

/// The timers of keys, set for times in the window from 0 to 10.
fn set(facts: &KeyedFacts, timers: &[(&str, u16, i64)]) -> (TimerQueue, Table) {
    let (mut queue, mut table) = (TimerQueue::default(), Table::default());
    let window = IntervalWindow { start: Timestamp(0), end: Timestamp(10) };
    let window = window_bytes(&Window::Interval(window), facts.windows);
    for (key, family, fire) in timers {
        let id = TimerId { window: window.clone(), family: *family, tag: KeptBytes::default() };
        let timer = Timer { fire: Timestamp(*fire), hold: Timestamp::MAX };
        let timers = [(id, Some(timer))].into_iter().collect();
        let before = Firsts::of(facts, table.key(key.as_bytes()));
        let change = KeyChange { timers, ..KeyChange::default() };
        table.change(key.as_bytes(), &change, |_, _| {});
        let after = Firsts::of(facts, table.key(key.as_bytes()));
        queue.reposition(key.as_bytes(), before, after);
    }
    (queue, table)
}

/// What fires at a watermark and a processing time.
fn fires(
    facts: &KeyedFacts,
    timers: &[(&str, u16, i64)],
    (watermark, processing_time): (i64, i64),
) -> Vec<(String, u16)> {
    let (queue, table) = set(facts, timers);
    let (watermark, processing_time) = (Timestamp(watermark), Timestamp(processing_time));
    let due = queue.due(facts, &table, Now { watermark, processing_time }, 100);
    assert_eq!(queue.is_due(Now { watermark, processing_time }), !due.is_empty());
    let text = |key: &[u8]| String::from_utf8(key.to_vec()).unwrap();
    due.iter().map(|due| (text(&due.key), due.id.family)).collect()
}

fn of(expected: &[(&str, u16)]) -> Vec<(String, u16)> {
    expected.iter().map(|(key, family)| ((*key).to_owned(), *family)).collect()
}

#[test]
fn of_each_key_the_first_timer_fires_in_the_order_of_time() {
    let timers =
        [("a", EVENT, 5), ("b", EVENT, 3), ("c", EVENT, 9), ("b", EXPIRY, 9), ("a", PROCESSING, 7)];
    let facts = facts(false, 0);
    assert_eq!(fires(&facts, &timers, (2, 6)), []);
    assert_eq!(fires(&facts, &timers, (3, 6)), of(&[("b", EVENT)]));
    assert_eq!(fires(&facts, &timers, (5, 6)), of(&[("b", EVENT), ("a", EVENT)]));
    assert_eq!(fires(&facts, &timers, (5, 7)), of(&[("a", PROCESSING), ("b", EVENT)]));
}

#[test]
fn at_the_end_of_the_input_processing_time_does_not_count() {
    let timers = [("a", PROCESSING, 7)];
    let facts = facts(false, 0);
    assert_eq!(fires(&facts, &timers, (9, 6)), []);
    assert_eq!(fires(&facts, &timers, (Timestamp::MAX.0, 6)), of(&[("a", PROCESSING)]));
}

#[test]
fn a_timer_waits_for_the_elements_of_its_time_where_they_are_sorted() {
    let timers = [("a", EVENT, 5)];
    assert_eq!(fires(&facts(false, 3), &timers, (5, 0)), of(&[("a", EVENT)]));
    assert_eq!(fires(&facts(true, 3), &timers, (8, 0)), []);
    assert_eq!(fires(&facts(true, 3), &timers, (9, 0)), of(&[("a", EVENT)]));
}

#[test]
fn sorted_elements_come_before_timers_of_their_time() {
    let timers = [("a", EVENT, 5), ("a", SORTING, 8)];
    assert_eq!(fires(&facts(true, 3), &timers, (20, 0)), of(&[("a", SORTING)]));
    let timers = [("a", EVENT, 5), ("a", SORTING, 9)];
    assert_eq!(fires(&facts(true, 3), &timers, (20, 0)), of(&[("a", EVENT)]));
}

#[test]
fn whatever_waits_in_a_window_happens_before_it_expires() {
    let facts = facts(true, 3);
    // Both would be due after the window has expired: by the lateness, and by the element's time.
    for (family, fire) in [(EVENT, 12), (SORTING, 40)] {
        let timers = [("a", EXPIRY, 12), ("a", family, fire)];
        assert_eq!(fires(&facts, &timers, (12, 0)), []);
        assert_eq!(fires(&facts, &timers, (13, 0)), of(&[("a", family)]));
    }
    assert_eq!(fires(&facts, &[("a", EXPIRY, 12)], (13, 0)), of(&[("a", EXPIRY)]));
}

#[test]
fn a_timer_taken_back_leaves_no_place() {
    let facts = facts(false, 0);
    let (mut queue, mut table) = set(&facts, &[("a", EVENT, 5)]);
    let before = Firsts::of(&facts, table.key(b"a"));
    let timers = table.key(b"a").unwrap().timers.keys().map(|id| (id.clone(), None)).collect();
    table.change(b"a", &KeyChange { timers, ..KeyChange::default() }, |_, _| {});
    queue.reposition(b"a", before, Firsts::of(&facts, table.key(b"a")));
    assert!(queue.is_empty() && table.is_empty());
    assert_eq!(table.size().bytes(), 0);
}
