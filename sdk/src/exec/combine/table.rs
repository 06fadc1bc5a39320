//! A hash table of accumulators: by typed keys where the key's type allows it, else by the bytes
//! of keys.
//!
//! Accumulators lie in the order in which their keys first occurred: those of frequent keys lie
//! together, so that they stay in the cache, and sending them all on reads memory in order.

use std::marker::PhantomData;

use super::CombineFn;
use super::index::{Index, NONE};
use crate::coders::Nesting;
use crate::element::private::{equal_part, hash_part};
use crate::element::{Element, shown};
use crate::exec::unit::{Cx, UnitResult};
use crate::exec::{BATCH, Batch, Column, Failure, Stamps, key_hash};
use crate::time::Timestamp;
use crate::window::Stamp;

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
    fn is_same(&self, _: &K, kept: &Box<[u8]>, row: usize, _: &K) -> bool {
        **kept == *self.key(row)
    }
    fn kept(&self, row: usize) -> Box<[u8]> {
        self.key(row).into()
    }
}

/// A key with its accumulator.
pub(super) struct Group<K, B, A> {
    /// Both together, as they are sent on.
    pub(super) pair: (K, A),
    pub(super) kept: B,
}

impl<K: Element, B, A> Group<K, B, A> {
    /// The group of `key`, which is key `row` of the batch.
    pub(super) fn new<S: Keys<K, Kept = B>>(keys: &S, row: usize, key: &K, acc: A) -> Self {
        // The key outlives its batch: it must not hold on to the block it was cut from.
        Self { pair: (key.detached(), acc), kept: keys.kept(row) }
    }
}

/// The accumulators of one window.
pub(super) struct Table<K, S: Keys<K>, A> {
    /// Positions in `groups`.
    index: Index,
    groups: Vec<Group<K, S::Kept, A>>,
    /// Of the groups, where they have timestamps of their own.
    timestamps: Vec<Timestamp>,
    keys: PhantomData<S>,
}

impl<K, S: Keys<K>, A> Default for Table<K, S, A> {
    fn default() -> Self {
        let (groups, timestamps) = (Vec::new(), Vec::new());
        Self { index: Index::default(), groups, timestamps, keys: PhantomData }
    }
}

impl<K: Element, S: Keys<K>, A: Element> Table<K, S, A> {
    /// The index is at most half full.
    pub(super) const ENTRY_BYTES: usize = size_of::<Group<K, S::Kept, A>>() + 2 * size_of::<u64>();

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.groups.capacity()
    }

    /// Where the accumulators of a batch's keys are, [`NONE`] for those that there are none of yet.
    /// To look for all of them before the first is changed lets the processor wait for many at a
    /// time.
    pub(super) fn look_up<V>(&self, keys: &S, batch: &[(K, V)], places: &mut Vec<u32>) {
        places.clear();
        places.extend((0..batch.len()).map(|row| self.index.first(keys.hash(row))));
        for ((row, (key, _)), place) in batch.iter().enumerate().zip(places) {
            let group = self.groups.get(*place as usize);
            if !group.is_some_and(|group| keys.is_same(&group.pair.0, &group.kept, row, key)) {
                // There is none, or this one has half of its key's hash from another.
                *place = NONE;
            }
        }
    }

    /// Merges accumulators into those of their keys, and leaves none.
    pub(super) fn merge<V, F: CombineFn<V, Acc = A>>(
        &mut self,
        f: &F,
        (keys, places): (&mut S, &mut Vec<u32>),
        batch: &mut Vec<(K, A)>,
    ) -> UnitResult {
        keys.clear();
        batch.iter().try_for_each(|(key, _)| keys.push(key))?;
        self.look_up(keys, batch, places);
        for (row, (key, acc)) in batch.drain(..).enumerate() {
            let mut acc = Some(acc);
            let first = || acc.take().unwrap_or_else(|| f.create());
            let (_, merged) = self.group(keys, row, (places[row], &key), first);
            if let Some(acc) = acc {
                f.merge(merged, acc);
            }
        }
        Ok(())
    }

    /// The accumulator at `place`, or else that of `key`, which is key `row` of the batch; and its
    /// position.
    #[inline]
    pub(super) fn group(
        &mut self,
        keys: &S,
        row: usize,
        (place, key): (u32, &K),
        create: impl FnOnce() -> A,
    ) -> (usize, &mut A) {
        let mut at = place as usize;
        if at >= self.groups.len() {
            at = self.search(keys, row, key, create);
        }
        (at, &mut self.groups[at].pair.1)
    }

    /// The position of a key that was not found at once.
    #[inline(never)]
    fn search(&mut self, keys: &S, row: usize, key: &K, create: impl FnOnce() -> A) -> usize {
        let Self { index, groups, .. } = self;
        let hash = keys.hash(row);
        let found = index.find(hash, |at| {
            let group = &groups[at as usize];
            keys.is_same(&group.pair.0, &group.kept, row, key)
        });
        if found != NONE {
            return found as usize;
        }
        let at = groups.len();
        // A table is sent on long before it has so many.
        index.insert(hash, u32::try_from(at).unwrap_or(NONE));
        groups.push(Group::new(keys, row, key, create()));
        at
    }

    /// Changes the timestamp of a group, which is this one if it has none.
    #[inline]
    pub(super) fn stamp(
        &mut self,
        at: usize,
        timestamp: Timestamp,
        change: impl FnOnce(Timestamp) -> Timestamp,
    ) {
        match self.timestamps.get_mut(at) {
            Some(old) => *old = change(*old),
            // Groups are stamped as they are made, or never.
            None => self.timestamps.push(timestamp),
        }
    }

    /// Sends all keys and accumulators on, stamped like this but for timestamps of their own; the
    /// room for them is kept.
    pub(super) fn send_on(&mut self, stamp: Stamp, cx: &Cx<'_>) -> UnitResult {
        self.index.clear();
        let stamps = Stamps::constant(stamp);
        let mut timestamps = std::mem::take(&mut self.timestamps).into_iter();
        let mut groups = self.groups.drain(..).map(|group| group.pair);
        loop {
            let values: Vec<_> = groups.by_ref().take(BATCH).collect();
            if values.is_empty() {
                return Ok(());
            }
            let mut stamps = stamps.clone();
            let own: Vec<_> = timestamps.by_ref().take(values.len()).collect();
            if !own.is_empty() {
                stamps.timestamps = Column::Each(own);
            }
            cx.emit(0, Batch::new(values, stamps))?;
        }
    }
}
