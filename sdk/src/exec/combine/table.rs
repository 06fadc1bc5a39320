//! A hash table of accumulators: by typed keys where the key's type allows it, else by the bytes
//! of keys.
//!
//! Keys and accumulators lie in the table itself: what is looked for is in one line of the cache.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::CombineFn;
use crate::coders::Nesting;
use crate::element::private::{equal_part, hash_part};
use crate::element::{Element, shown};
use crate::exec::unit::{Cx, UnitResult};
use crate::exec::{BATCH, Batch, Column, Failure, Stamps, key_hash};
use crate::time::Timestamp;
use crate::window::{Stamp, TimestampCombiner};

/// How keys are hashed and compared: a batch at a time, so that the hashes of many keys are known
/// before the first of them is looked for.
pub(super) trait Keys<K>: Default + Send {
    /// What is kept beside a key in order to compare it.
    type Kept: Send;
    /// Forgets the keys of the batch before.
    fn clear(&mut self);
    /// Adds a key to the batch.
    fn push(&mut self, key: &K) -> UnitResult;
    /// The hash of a key of the batch.
    fn hash(&self, row: usize) -> u64;
    /// The hash of a kept key.
    fn rehash(key: &K, kept: &Self::Kept) -> u64;
    /// Whether a kept key equals one of the batch, which is `other`.
    fn is_same(&self, key: &K, kept: &Self::Kept, row: usize, other: &K) -> bool;
    /// What to keep of a key of the batch.
    fn kept(&self, row: usize) -> Self::Kept;
}

/// Keys whose own equality agrees with that of their bytes.
#[derive(Default)]
pub(super) struct Typed {
    hashes: Vec<u64>,
}

impl<K: Element> Keys<K> for Typed {
    type Kept = ();
    #[inline]
    fn clear(&mut self) {
        self.hashes.clear();
    }
    #[inline]
    fn push(&mut self, key: &K) -> UnitResult {
        self.hashes.push(hash_part(key));
        Ok(())
    }
    #[inline]
    fn hash(&self, row: usize) -> u64 {
        self.hashes[row]
    }
    #[inline]
    fn rehash(key: &K, (): &()) -> u64 {
        hash_part(key)
    }
    #[inline]
    fn is_same(&self, key: &K, (): &(), _row: usize, other: &K) -> bool {
        equal_part(key, other)
    }
    #[inline]
    fn kept(&self, _row: usize) {}
}

/// Keys that are compared by their bytes.
#[derive(Default)]
pub(super) struct Encoded {
    bytes: Vec<u8>,
    /// The hash of each key and where its bytes end.
    keys: Vec<(u64, usize)>,
}

impl Encoded {
    fn key(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.keys[before].1);
        &self.bytes[start..self.keys[row].1]
    }
}

impl<K: Element> Keys<K> for Encoded {
    type Kept = Box<[u8]>;
    fn clear(&mut self) {
        self.bytes.clear();
        self.keys.clear();
    }
    fn push(&mut self, key: &K) -> UnitResult {
        let start = self.bytes.len();
        key.encode(&mut self.bytes, Nesting::Nested).map_err(|error| {
            let mut failure = Failure::from_error(&error);
            failure.element = Some(shown(key));
            failure
        })?;
        self.keys.push((key_hash(&self.bytes[start..]), self.bytes.len()));
        Ok(())
    }
    fn hash(&self, row: usize) -> u64 {
        self.keys[row].0
    }
    fn rehash(_: &K, kept: &Box<[u8]>) -> u64 {
        key_hash(kept)
    }
    fn is_same(&self, _: &K, kept: &Box<[u8]>, row: usize, _: &K) -> bool {
        **kept == *self.key(row)
    }
    fn kept(&self, row: usize) -> Box<[u8]> {
        self.key(row).into()
    }
}

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

/// The accumulators of one window.
pub(super) struct Table<K, S: Keys<K>, A, T = ()> {
    groups: HashTable<Group<K, S::Kept, A, T>>,
}

impl<K, S: Keys<K>, A, T> Default for Table<K, S, A, T> {
    fn default() -> Self {
        Self { groups: HashTable::new() }
    }
}

impl<K: Element, S: Keys<K>, A: Element, T: OwnTime> Table<K, S, A, T> {
    pub(super) const ENTRY_BYTES: usize = size_of::<Group<K, S::Kept, A, T>>() + 1;

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.groups.capacity()
    }

    /// The group of `key`, which is key `row` of the batch; one that was not there is made with an
    /// accumulator and a timestamp.
    #[inline]
    pub(super) fn group(
        &mut self,
        keys: &S,
        row: usize,
        key: &K,
        create: impl FnOnce() -> (A, T),
    ) -> &mut Group<K, S::Kept, A, T> {
        let is_same =
            |group: &Group<_, _, _, T>| keys.is_same(&group.pair.0, &group.kept, row, key);
        let rehash = |group: &Group<_, _, _, T>| S::rehash(&group.pair.0, &group.kept);
        match self.groups.entry(keys.hash(row), is_same, rehash) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => free.insert(Group::new(keys, row, key, create())).into_mut(),
        }
    }

    /// Sends all keys and accumulators on, stamped like this but for timestamps of their own; the
    /// room for them is kept.
    pub(super) fn send_on(&mut self, stamp: Stamp, cx: &Cx<'_>) -> UnitResult {
        let stamps = Stamps::constant(stamp);
        let mut groups = self.groups.drain();
        loop {
            let mut timestamps = Vec::new();
            let values: Vec<_> = groups
                .by_ref()
                .take(BATCH)
                .map(|group| {
                    group.timestamp.note(&mut timestamps);
                    group.pair
                })
                .collect();
            if values.is_empty() {
                return Ok(());
            }
            let mut stamps = stamps.clone();
            if !timestamps.is_empty() {
                stamps.timestamps = Column::Each(timestamps);
            }
            cx.emit(0, Batch::new(values, stamps))?;
        }
    }
}

impl<K: Element, S: Keys<K>, A: Element> Table<K, S, A> {
    /// Merges accumulators into those of their keys, and leaves none.
    pub(super) fn merge<V, F: CombineFn<V, Acc = A>>(
        &mut self,
        f: &F,
        keys: &mut S,
        batch: &mut Vec<(K, A)>,
    ) -> UnitResult {
        keys.clear();
        batch.iter().try_for_each(|(key, _)| keys.push(key))?;
        for (row, (key, acc)) in batch.drain(..).enumerate() {
            let mut acc = Some(acc);
            let first = || (acc.take().unwrap_or_else(|| f.create()), ());
            let group = self.group(keys, row, &key, first);
            if let Some(acc) = acc {
                f.merge(&mut group.pair.1, acc);
            }
        }
        Ok(())
    }
}
