//! One key, its state in maps, and clocks that tests move.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use purlin_sdk::{Timestamp, Window};

use crate::reduce::{Clocks, Element, KeyStore, Panes, ReduceFn, TimerDomain};

/// What is kept of a key, in maps.
#[derive(Clone, Debug)]
pub(super) struct MapStore {
    pub(super) records: BTreeMap<Window, Bytes>,
    pub(super) values: BTreeMap<Window, Vec<Bytes>>,
    pub(super) holds: BTreeMap<Window, Timestamp>,
    pub(super) timers: BTreeMap<(Window, TimerDomain), Timestamp>,
    output_watermark: Timestamp,
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

impl KeyStore for MapStore {
    fn windows(&self) -> Vec<Window> {
        self.records.keys().cloned().collect()
    }

    fn record(&self, window: &Window) -> Option<Bytes> {
        self.records.get(window).cloned()
    }

    fn put_record(&mut self, window: &Window, record: Option<Bytes>) {
        put(&mut self.records, window.clone(), record);
    }

    fn append(&mut self, window: &Window, values: Bytes) {
        self.values.entry(window.clone()).or_default().push(values);
    }

    fn values(&self, window: &Window) -> Vec<Bytes> {
        self.values.get(window).cloned().unwrap_or_default()
    }

    fn clear_values(&mut self, window: &Window) {
        self.values.remove(window);
    }

    fn move_values(&mut self, from: &Window, to: &Window) {
        let moved = self.values.remove(from).unwrap_or_default();
        self.values.entry(to.clone()).or_default().extend(moved);
    }

    fn set_hold(&mut self, window: &Window, at: Option<Timestamp>) {
        if let Some(at) = at {
            assert!(at >= self.output_watermark, "the hold of {window} at {at} is too late");
        }
        put(&mut self.holds, window.clone(), at);
    }

    fn set_timer(&mut self, window: &Window, domain: TimerDomain, at: Option<Timestamp>) {
        put(&mut self.timers, (window.clone(), domain), at);
    }
}

/// An element of the tests: its timestamp, its windows and its value.
pub(super) type Input = (Timestamp, Vec<Window>, Vec<u8>);

/// One key and its clocks.
pub(super) struct World {
    pub(super) reduce: ReduceFn,
    pub(super) store: MapStore,
    pub(super) clocks: Clocks,
    /// What other keys of the stage hold the output watermark at.
    pub(super) others_hold: Timestamp,
    pub(super) out: Panes,
}

impl World {
    pub(super) fn new(reduce: ReduceFn) -> Self {
        Self {
            reduce,
            store: MapStore {
                records: BTreeMap::new(),
                values: BTreeMap::new(),
                holds: BTreeMap::new(),
                timers: BTreeMap::new(),
                output_watermark: Timestamp::MIN,
            },
            clocks: Clocks {
                input_watermark: Timestamp::MIN,
                output_watermark: Timestamp::MIN,
                processing_time: Timestamp(0),
                synchronized_processing_time: Timestamp(0),
            },
            others_hold: Timestamp::MAX,
            out: Panes::default(),
        }
    }

    /// One call with elements, without the timers that it may make due.
    pub(super) fn elements(&mut self, inputs: &[Input]) {
        let elements: Vec<_> = inputs.iter().map(element_of).collect();
        self.reduce
            .elements(&mut self.store, &self.clocks, &elements, &mut self.out)
            .expect("the store is not damaged");
    }

    /// The windows that have a timer that is due.
    pub(super) fn due(&self) -> Vec<Window> {
        let due = self.store.timers.iter().filter(|((_, domain), at)| self.is_due(*domain, **at));
        let windows: BTreeSet<_> = due.map(|((window, _), _)| window.clone()).collect();
        windows.into_iter().collect()
    }

    fn is_due(&self, domain: TimerDomain, at: Timestamp) -> bool {
        self.clocks.now(domain) > at
    }

    /// Takes the timers of windows that are due, which are then gone.
    pub(super) fn take(&mut self, windows: &[Window]) {
        let mut timers = std::mem::take(&mut self.store.timers);
        timers
            .retain(|(window, domain), at| !windows.contains(window) || !self.is_due(*domain, *at));
        self.store.timers = timers;
    }

    /// One call for windows whose timers came due.
    pub(super) fn timers(&mut self, windows: &[Window]) {
        self.reduce
            .timers(&mut self.store, &self.clocks, windows, &mut self.out)
            .expect("the store is not damaged");
    }

    /// Delivers timers until none is due, then lets the output watermark go on.
    pub(super) fn settle(&mut self) {
        loop {
            let due = self.due();
            if due.is_empty() {
                break;
            }
            self.take(&due);
            self.timers(&due);
        }
        self.advance_output();
    }

    /// Moves the output watermark as far as holds and timers of event time let it go.
    pub(super) fn advance_output(&mut self) {
        let timers = self.store.timers.iter();
        let timers = timers.filter(|((_, domain), _)| *domain == TimerDomain::Event);
        let holds = self.store.holds.values().chain(timers.map(|(_, at)| at)).min();
        let held = self.clocks.input_watermark.min(self.others_hold);
        let reached = holds.map_or(held, |hold| held.min(*hold));
        self.clocks.output_watermark = self.clocks.output_watermark.max(reached);
        self.store.output_watermark = self.clocks.output_watermark;
    }
}

fn element_of((timestamp, windows, value): &Input) -> Element<'_> {
    Element { timestamp: *timestamp, windows, value }
}
