//! What the source makes of a list of events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use examples::nexmark::{Event, Generator, source};
use purlin::prelude::*;

use crate::brute;
use crate::harness::{Seen, compare, pipeline, runners, sorted, streams};

#[test]
fn windows_end_while_the_source_still_reads() {
    let events = Generator::new(2000).events_per_second(50).generate();
    let p = pipeline(&[("runner", "direct")]);
    let order = Arc::new(Mutex::new(Vec::new()));
    let (read, ended) = (Arc::clone(&order), Arc::clone(&order));
    let passed = p.apply(source(&events).events_per_bundle(100)).map(move |event| {
        read.lock().unwrap().push("read");
        event
    });
    let counts = passed.window_into(FixedWindows::of(Duration::from_secs(10))).count_globally();
    let _ = counts.map(move |_| ended.lock().unwrap().push("ended"));
    p.run().unwrap();
    let order = order.lock().unwrap();
    let last_read = order.iter().rposition(|what| *what == "read").unwrap();
    let on_the_way = order[..last_read].iter().filter(|what| **what == "ended").count();
    assert_eq!(on_the_way, 3, "of four windows of 10 seconds, only the last ends with the source");
}

#[test]
fn each_event_is_read_once_at_its_own_time_however_many_readers_there_are() {
    for events in streams() {
        let stamped: Vec<_> = events.list.iter().map(|e| (e.clone(), e.timestamp())).collect();
        for runner in runners() {
            for readers in [1, 3] {
                let p = pipeline(&runner);
                let read = p.apply(source(&events).events_per_bundle(77).readers(readers));
                let seen = Seen::of(&read.reify_timestamps());
                p.run().unwrap();
                compare(&seen.sorted(), &sorted(&stamped), &format!("{readers} of {runner:?}"));
            }
        }
    }
}

#[test]
fn more_readers_than_events_read_them_all() {
    let events = Generator::new(2).generate();
    let p = pipeline(&runners()[0]);
    let seen = Seen::<Event>::of(&p.apply(source(&events).readers(5)));
    p.run().unwrap();
    assert_eq!(seen.values().len(), brute::persons(&events.list).len() + 1);
}
