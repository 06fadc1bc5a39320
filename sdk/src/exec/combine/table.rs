//! A hash table of accumulators: by typed keys where the key's type allows it, else by the bytes
//! of keys.

use std::marker::PhantomData;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::coders::Nesting;
use crate::element::private::{equal_part, hash_part};
use crate::element::{Element, shown};
use crate::exec::unit::UnitResult;
use crate::exec::{Failure, key_hash};
use crate::time::Timestamp;

/// How keys are hashed and compared.
pub(super) trait Keys<K>: Default + Send {
    /// What is kept beside a key in order to compare it.
    type Kept: Send;
    /// The hash of a key, which becomes the current one.
    fn hash(&mut self, key: &K) -> UnitResult<u64>;
    /// The hash of a kept key.
    fn rehash(key: &K, kept: &Self::Kept) -> u64;
    /// Whether a kept key equals the current one, which is `current`.
    fn is_current(&self, key: &K, kept: &Self::Kept, current: &K) -> bool;
    /// What to keep of the current key.
    fn kept(&self) -> Self::Kept;
}

/// Keys whose own equality agrees with that of their bytes.
#[derive(Default)]
pub(super) struct Typed;

impl<K: Element> Keys<K> for Typed {
    type Kept = ();
    #[inline]
    fn hash(&mut self, key: &K) -> UnitResult<u64> {
        Ok(hash_part(key))
    }
    #[inline]
    fn rehash(key: &K, (): &()) -> u64 {
        hash_part(key)
    }
    #[inline]
    fn is_current(&self, key: &K, (): &(), current: &K) -> bool {
        equal_part(key, current)
    }
    #[inline]
    fn kept(&self) {}
}

/// Keys that are compared by their bytes.
#[derive(Default)]
pub(super) struct Encoded {
    current: Vec<u8>,
}

impl<K: Element> Keys<K> for Encoded {
    type Kept = Box<[u8]>;
    fn hash(&mut self, key: &K) -> UnitResult<u64> {
        self.current.clear();
        key.encode(&mut self.current, Nesting::Nested).map_err(|error| {
            let mut failure = Failure::from_error(&error);
            failure.element = Some(shown(key));
            failure
        })?;
        Ok(key_hash(&self.current))
    }
    fn rehash(_: &K, kept: &Box<[u8]>) -> u64 {
        key_hash(kept)
    }
    fn is_current(&self, _: &K, kept: &Box<[u8]>, _: &K) -> bool {
        **kept == *self.current
    }
    fn kept(&self) -> Box<[u8]> {
        self.current.as_slice().into()
    }
}

/// The accumulator of a key.
pub(super) struct Group<K, B, A> {
    pub(super) key: K,
    kept: B,
    pub(super) acc: A,
    pub(super) timestamp: Timestamp,
}

/// The accumulators of one window.
pub(super) struct Table<K, S: Keys<K>, A> {
    groups: HashTable<Group<K, S::Kept, A>>,
    keys: PhantomData<S>,
}

impl<K, S: Keys<K>, A> Default for Table<K, S, A> {
    fn default() -> Self {
        Self { groups: HashTable::new(), keys: PhantomData }
    }
}

impl<K: Element, S: Keys<K>, A> Table<K, S, A> {
    pub(super) const ENTRY_BYTES: usize = size_of::<Group<K, S::Kept, A>>();

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.groups.capacity()
    }

    /// The group of `key`, which is made at `timestamp` where it is not there.
    #[inline]
    pub(super) fn group(
        &mut self,
        keys: &mut S,
        key: &K,
        timestamp: Timestamp,
        create: impl FnOnce() -> A,
    ) -> UnitResult<&mut Group<K, S::Kept, A>> {
        let hash = keys.hash(key)?;
        let equal = |group: &Group<_, _, _>| keys.is_current(&group.key, &group.kept, key);
        let entry = self.groups.entry(hash, equal, |group| S::rehash(&group.key, &group.kept));
        Ok(match entry {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => {
                // The key outlives its batch: it must not hold on to the block it was cut from.
                let key = key.detached();
                let group = Group { key, kept: keys.kept(), acc: create(), timestamp };
                free.insert(group).into_mut()
            }
        })
    }

    pub(super) fn clear(&mut self) {
        self.groups.clear();
    }

    /// Takes all groups; the room for them is kept.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Group<K, S::Kept, A>> {
        self.groups.drain()
    }
}
