//! The elements of a function that wait to be passed on in the order of their timestamps.

use std::collections::BTreeMap;

use purlin_sdk::{Timestamp, Window};

/// Numbers of elements by timestamp, those of one timestamp in the order of arrival.
type Waiting = BTreeMap<Timestamp, Vec<u64>>;

/// What waits, by key and window.
#[derive(Default)]
pub(super) struct Sorted(BTreeMap<(u8, Window), Waiting>);

impl Sorted {
    pub(super) fn add(&mut self, key: u8, window: &Window, timestamp: Timestamp, number: u64) {
        let waiting = self.0.entry((key, window.clone())).or_default();
        waiting.entry(timestamp).or_default().push(number);
    }

    /// Takes what is before a time.
    pub(super) fn take(
        &mut self,
        key: u8,
        window: &Window,
        before: Timestamp,
    ) -> Vec<(Timestamp, u64)> {
        let Some(waiting) = self.0.get_mut(&(key, window.clone())) else { return Vec::new() };
        let rest = waiting.split_off(&before);
        let taken = std::mem::replace(waiting, rest);
        self.0.retain(|_, waiting| !waiting.is_empty());
        let each =
            |(at, numbers): (Timestamp, Vec<u64>)| numbers.into_iter().map(move |it| (at, it));
        taken.into_iter().flat_map(each).collect()
    }

    /// The time of the first that waits for a key in a window.
    pub(super) fn first(&self, key: u8, window: &Window) -> Option<Timestamp> {
        self.0.get(&(key, window.clone()))?.keys().next().copied()
    }

    /// The windows with the times of what waits first.
    pub(super) fn firsts(&self) -> impl Iterator<Item = (&Window, Timestamp)> {
        let firsts = self.0.iter().map(|((_, window), waiting)| (window, waiting.keys().next()));
        firsts.filter_map(|(window, first)| Some((window, *first?)))
    }
}
