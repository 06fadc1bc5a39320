//! A hash table of accumulators: by typed keys where the key's type allows it, else by the bytes
//! of keys.
//!
//! Accumulators lie in the order in which their keys first occurred: those of frequent keys lie
//! together, so that they stay in the cache, and sending them all on reads memory in order.

use std::marker::PhantomData;

use hashbrown::HashTable;

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

/// The accumulator of a key.
struct Group<K, B, A> {
    key: K,
    kept: B,
    acc: A,
}

/// The accumulators of one window.
pub(super) struct Table<K, S: Keys<K>, A> {
    /// Positions in `groups`.
    index: HashTable<u32>,
    groups: Vec<Group<K, S::Kept, A>>,
    /// Of the groups, where they have timestamps of their own.
    timestamps: Vec<Timestamp>,
    keys: PhantomData<S>,
}

impl<K, S: Keys<K>, A> Default for Table<K, S, A> {
    fn default() -> Self {
        let (groups, timestamps) = (Vec::new(), Vec::new());
        Self { index: HashTable::new(), groups, timestamps, keys: PhantomData }
    }
}

impl<K: Element, S: Keys<K>, A: Element> Table<K, S, A> {
    pub(super) const ENTRY_BYTES: usize = size_of::<Group<K, S::Kept, A>>() + size_of::<u32>();

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.groups.capacity()
    }

    /// The accumulator of `key`, which is key `row` of the batch, and its position.
    #[inline]
    pub(super) fn group(
        &mut self,
        keys: &S,
        row: usize,
        key: &K,
        create: impl FnOnce() -> A,
    ) -> (usize, &mut A) {
        let Self { index, groups, .. } = self;
        let hash = keys.hash(row);
        let is_same = |at: &u32| {
            let group = &groups[*at as usize];
            keys.is_same(&group.key, &group.kept, row, key)
        };
        let at = match index.find(hash, is_same) {
            Some(at) => *at as usize,
            None => {
                let at = groups.len();
                let rehash = |at: &u32| {
                    let group = &groups[*at as usize];
                    S::rehash(&group.key, &group.kept)
                };
                // A table is sent on long before it has so many.
                index.insert_unique(hash, u32::try_from(at).unwrap_or(u32::MAX), rehash);
                // The key outlives its batch: it must not hold on to the block it was cut from.
                let key = key.detached();
                groups.push(Group { key, kept: keys.kept(row), acc: create() });
                at
            }
        };
        (at, &mut groups[at].acc)
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
        let mut groups = self.groups.drain(..).map(|group| (group.key, group.acc));
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
