//! What a stateful transform declares: its state cells and timers.

use super::{Bag, CellId, EventTimer, Map, Multimap, OrderedList, ProcessingTimer, Set, Value};
use crate::coders::CoderSpec;
use crate::element::Element;
use crate::error::{Mistake, Place};

/// The timer family by which a runner says that a window ends.
pub(crate) const EXPIRATION: &str = "on_window_expiration";

/// Collects the state cells and timers of a [`StatefulDoFn`](crate::StatefulDoFn) while it is made.
///
/// Names tell cells apart across restarts of a job: state that was written under a name is found
/// under it again.
#[derive(Clone, Debug, Default)]
pub struct StateSpecs {
    pub(crate) cells: Vec<CellSpec>,
    pub(crate) timers: Vec<TimerSpec>,
    pub(crate) mistakes: Vec<Mistake>,
}

/// A declared state cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CellSpec {
    pub(crate) name: &'static str,
    pub(crate) kind: CellKind,
}

/// The kind of a state cell, with the coders of what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum CellKind {
    Value(CoderSpec),
    Bag(CoderSpec),
    Combining(CoderSpec),
    Set(CoderSpec),
    Map(CoderSpec, CoderSpec),
    Multimap(CoderSpec, CoderSpec),
    OrderedList(CoderSpec),
}

/// A declared timer family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimerSpec {
    pub(crate) name: &'static str,
    pub(crate) domain: TimeDomain,
}

/// What a timer's time is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TimeDomain {
    Event,
    Processing,
}

impl StateSpecs {
    /// A cell of one value.
    #[track_caller]
    pub fn value<T: Element>(&mut self, name: &'static str) -> Value<T> {
        Value::new(self.cell(name, CellKind::Value(T::coder_spec())))
    }

    /// A cell of any number of values.
    #[track_caller]
    pub fn bag<T: Element>(&mut self, name: &'static str) -> Bag<T> {
        Bag::new(self.cell(name, CellKind::Bag(T::coder_spec())))
    }

    /// A cell of distinct values, whose coder must be deterministic.
    #[track_caller]
    pub fn set<T: Element>(&mut self, name: &'static str) -> Set<T> {
        Set::new(self.cell(name, CellKind::Set(T::coder_spec())))
    }

    /// A cell of values by key; the coder of keys must be deterministic.
    #[track_caller]
    pub fn map<K: Element, V: Element>(&mut self, name: &'static str) -> Map<K, V> {
        Map::new(self.cell(name, CellKind::Map(K::coder_spec(), V::coder_spec())))
    }

    /// A cell of any number of values by key; the coder of keys must be deterministic.
    #[track_caller]
    pub fn multimap<K: Element, V: Element>(&mut self, name: &'static str) -> Multimap<K, V> {
        Multimap::new(self.cell(name, CellKind::Multimap(K::coder_spec(), V::coder_spec())))
    }

    /// A cell of values sorted by timestamp.
    #[track_caller]
    pub fn ordered_list<T: Element>(&mut self, name: &'static str) -> OrderedList<T> {
        OrderedList::new(self.cell(name, CellKind::OrderedList(T::coder_spec())))
    }

    /// Timers that fire when the watermark reaches a time.
    #[track_caller]
    pub fn event_timer(&mut self, name: &'static str) -> EventTimer {
        EventTimer { family: self.timer(name, TimeDomain::Event), name }
    }

    /// Timers that fire when the clock reaches a time.
    #[track_caller]
    pub fn processing_timer(&mut self, name: &'static str) -> ProcessingTimer {
        ProcessingTimer { family: self.timer(name, TimeDomain::Processing), name }
    }

    #[track_caller]
    pub(crate) fn cell(&mut self, name: &'static str, kind: CellKind) -> CellId {
        let place = Place::caller();
        if self.cells.iter().any(|cell| cell.name == name) {
            let message = format!("two state cells are named `{name}`");
            self.mistake(message, place.clone(), "give each cell a name of its own");
        }
        let key = match &kind {
            CellKind::Set(key) | CellKind::Map(key, _) | CellKind::Multimap(key, _) => Some(key),
            _ => None,
        };
        if let Some(reason) = key.and_then(|key| key.nondeterministic.clone()) {
            let message = format!("the keys of the state cell `{name}` cannot be found: {reason}");
            let help = "use a key whose equal values have equal bytes, such as a string or number";
            self.mistake(message, place, help);
        }
        self.cells.push(CellSpec { name, kind });
        CellId { index: self.cells.len() - 1, name }
    }

    #[track_caller]
    fn timer(&mut self, name: &'static str, domain: TimeDomain) -> usize {
        let place = Place::caller();
        if self.timers.iter().any(|timer| timer.name == name) {
            let message = format!("two timers are named `{name}`");
            self.mistake(message, place, "give each timer a name of its own");
        } else if name == EXPIRATION {
            let message = format!("a timer cannot be named `{EXPIRATION}`");
            self.mistake(message, place, "that name stands for the end of a window");
        }
        self.timers.push(TimerSpec { name, domain });
        self.timers.len() - 1
    }

    fn mistake(&mut self, message: String, place: Place, help: &str) {
        self.mistakes.push(Mistake { message, place, help: Some(help.to_owned()) });
    }
}
