//! A key with what its values were combined into.

use super::keys::Keys;
use crate::element::Element;
use crate::time::Timestamp;
use crate::window::TimestampCombiner;

/// A key with its accumulator.
pub(super) struct Group<K, B, A, T = ()> {
    /// Both together, as they are sent on.
    pub(super) pair: (K, A),
    pub(super) kept: B,
    /// Where groups have timestamps of their own.
    pub(super) timestamp: T,
}

impl<K: Element, B, A, T> Group<K, B, A, T> {
    /// The group of `key`, which is key `row` of the batch.
    #[inline]
    pub(super) fn new<S>(keys: &S, row: usize, key: &K, (acc, timestamp): (A, T)) -> Self
    where
        S: Keys<K, Kept = B>,
    {
        // The key outlives its batch: it must not hold on to the block it was cut from.
        Self { pair: (key.detached(), acc), kept: keys.kept(row), timestamp }
    }
}

/// What groups have for a timestamp of their own: nothing where all get that of their window's end.
pub(super) trait OwnTime: Copy + Send {
    /// That of a first value.
    fn of(timestamp: Timestamp) -> Self;
    /// Adds that of another value.
    fn add(&mut self, times: TimestampCombiner, timestamp: Timestamp);
    /// Appends it to the timestamps of a batch.
    fn note(self, timestamps: &mut Vec<Timestamp>);
}

impl OwnTime for () {
    #[inline]
    fn of(_: Timestamp) {}
    #[inline]
    fn add(&mut self, _: TimestampCombiner, _: Timestamp) {}
    #[inline]
    fn note(self, _: &mut Vec<Timestamp>) {}
}

impl OwnTime for Timestamp {
    #[inline]
    fn of(timestamp: Timestamp) -> Self {
        timestamp
    }
    #[inline]
    fn add(&mut self, times: TimestampCombiner, timestamp: Timestamp) {
        match times {
            TimestampCombiner::EndOfWindow => {}
            TimestampCombiner::Earliest => *self = timestamp.min(*self),
            TimestampCombiner::Latest => *self = timestamp.max(*self),
        }
    }
    #[inline]
    fn note(self, timestamps: &mut Vec<Timestamp>) {
        timestamps.push(self);
    }
}
