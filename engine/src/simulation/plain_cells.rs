//! The function's state in plain collections.

use std::collections::BTreeMap;

use purlin_sdk::{Timestamp, Window};

use super::program::{Cells, Family};

/// All that there is of a key in a window.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct PlainState {
    count: u64,
    bag: Vec<u8>,
    map: BTreeMap<u8, Vec<u8>>,
    /// In the order of arrival.
    list: Vec<(i64, u8)>,
}

/// The timers that are set, by window, family and tag: when they fire.
pub(super) type Timers = BTreeMap<(Window, Family, u8), Timestamp>;

/// The state of a key in a window.
pub(super) struct PlainCells<'a> {
    pub(super) state: &'a mut PlainState,
    pub(super) timers: &'a mut Timers,
    pub(super) window: Window,
    /// After the end of the input no timers of processing time are set.
    pub(super) is_over: bool,
}

impl Cells for PlainCells<'_> {
    fn count(&mut self) -> u64 {
        self.state.count
    }

    fn set_count(&mut self, count: u64) {
        self.state.count = count;
    }

    fn bag(&mut self) -> Vec<u8> {
        self.state.bag.clone()
    }

    fn add_to_bag(&mut self, value: u8) {
        self.state.bag.push(value);
    }

    fn clear_bag(&mut self) {
        self.state.bag.clear();
    }

    fn map_keys(&mut self) -> Vec<u8> {
        self.state.map.keys().copied().collect()
    }

    fn map_entry(&mut self, key: u8) -> Vec<u8> {
        self.state.map.get(&key).cloned().unwrap_or_default()
    }

    fn add_to_map(&mut self, key: u8, value: u8) {
        self.state.map.entry(key).or_default().push(value);
    }

    fn clear_map_entry(&mut self, key: u8) {
        self.state.map.remove(&key);
    }

    fn clear_map(&mut self) {
        self.state.map.clear();
    }

    fn list(&mut self, (start, end): (i64, i64)) -> Vec<(i64, u8)> {
        let mut entries = self.state.list.clone();
        entries.retain(|(at, _)| (start..end).contains(at));
        // Those of one sort key stay in the order of arrival.
        entries.sort_by_key(|(at, _)| *at);
        entries
    }

    fn add_to_list(&mut self, at: i64, value: u8) {
        self.state.list.push((at, value));
    }

    fn clear_list(&mut self, (start, end): (i64, i64)) {
        self.state.list.retain(|(at, _)| !(start..end).contains(at));
    }

    fn set_timer(&mut self, family: Family, tag: u8, at: Option<(Timestamp, Timestamp)>) {
        let id = (self.window.clone(), family, tag);
        match at {
            Some((fire, _)) if !(self.is_over && family == Family::Processing) => {
                self.timers.insert(id, fire);
            }
            _ => drop(self.timers.remove(&id)),
        }
    }
}
