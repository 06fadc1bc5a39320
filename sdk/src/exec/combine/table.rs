//! A hash table of accumulators.
//!
//! Keys and accumulators lie in the table itself: what is looked for is in one line of the cache.

use super::CombineFn;
use super::group::{Group, OwnTime};
use super::keys::Keys;
use crate::element::Element;
use crate::exec::unit::{Cx, UnitResult};
use crate::exec::{BATCH, Batch, Column, Stamps};
use crate::window::Stamp;

/// The accumulators of one window, each in the first free place from the one on that the hash of its
/// key gives it. A quarter of the places is free at least, so that it most often is that one: then a
/// key that is in no cache costs one wait for memory.
pub(super) struct Table<K, S: Keys<K>, A, T = ()> {
    places: Vec<Option<Group<K, S::Kept, A, T>>>,
    groups: usize,
    bits: Bits,
}

/// Which bits of the hash of a key say where it is. Tables whose keys go from one to the other use
/// different ones: what comes in the order of its places would crowd those at the start.
#[derive(Clone, Copy)]
pub(super) enum Bits {
    /// The high ones. Foldhash gives numbers in a row high bits as far from each other as can be.
    High,
    /// Those below, where the high ones say in which partition a key is.
    Middle,
}

impl Bits {
    #[inline]
    fn of(self, hash: u64) -> u64 {
        match self {
            Self::High => hash,
            Self::Middle => hash.rotate_left(u32::BITS),
        }
    }
}

/// How many places a table has at least, and up to how many it grows fast.
const LEAST_PLACES: usize = 16;
const FEW_PLACES: usize = 1024;
/// A table that is emptied keeps no more places than this for each group that it had: to look
/// through them would cost more than the groups.
const MOST_PLACES_A_GROUP: usize = 16;

/// How many keys are looked for at a time.
const AHEAD: usize = 32;

/// How many groups so many places take.
pub(super) const fn groups_in(places: usize) -> usize {
    places / 4 * 3
}

impl<K: Element, S: Keys<K>, A: Element, T: OwnTime> Table<K, S, A, T> {
    pub(super) const PLACE_BYTES: usize = size_of::<Option<Group<K, S::Kept, A, T>>>();

    pub(super) fn new(bits: Bits) -> Self {
        Self::with_places(LEAST_PLACES, bits)
    }

    fn with_places(places: usize, bits: Bits) -> Self {
        let places = std::iter::repeat_with(|| None).take(places).collect();
        Self { places, groups: 0, bits }
    }

    pub(super) fn len(&self) -> usize {
        self.groups
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
        let hash = keys.hash(row);
        let is_same =
            |group: &Group<_, _, _, T>| keys.is_same(&group.pair.0, &group.kept, row, key);
        let mut at = self.find(hash, is_same);
        if self.places[at].is_none() {
            if self.groups == groups_in(self.places.len()) {
                let times = if self.places.len() < FEW_PLACES { 8 } else { 2 };
                self.grow_to(times * self.places.len());
                at = self.find(hash, is_same);
            }
            self.groups += 1;
        }
        self.places[at].get_or_insert_with(|| Group::new(keys, row, key, create()))
    }

    /// Looks where the next keys of a batch of so many are, if it is time for that: the waits for
    /// memory overlap then, while a key that turns out not to be in its first place makes the
    /// processor begin again with what comes after.
    #[inline]
    pub(super) fn look_ahead(&self, keys: &S, row: usize, count: usize) {
        if row.is_multiple_of(AHEAD) {
            let ahead = row..count.min(row + AHEAD);
            let is_free = |row: &usize| self.places[self.first_place(keys.hash(*row))].is_none();
            std::hint::black_box(ahead.filter(is_free).count());
        }
    }

    /// Where the group is of a hash and what else is asked of it, or where it would be.
    #[inline]
    fn find(&self, hash: u64, is_same: impl Fn(&Group<K, S::Kept, A, T>) -> bool) -> usize {
        let mut at = self.first_place(hash);
        while let Some(group) = &self.places[at] {
            if is_same(group) {
                break;
            }
            at = (at + 1) & (self.places.len() - 1);
        }
        at
    }

    #[inline]
    fn first_place(&self, hash: u64) -> usize {
        let bits = self.places.len().trailing_zeros();
        (self.bits.of(hash) >> (u64::BITS - bits)) as usize
    }

    /// Makes room for so many groups in all, so that it needs not grow several times.
    pub(super) fn reserve(&mut self, groups: usize) {
        let mut places = self.places.len();
        while groups_in(places) < groups {
            places *= 2;
        }
        if places > self.places.len() {
            self.grow_to(places);
        }
    }

    #[cold]
    fn grow_to(&mut self, places: usize) {
        let larger = Self::with_places(places, self.bits);
        let Self { places, groups, .. } = std::mem::replace(self, larger);
        self.groups = groups;
        for group in places.into_iter().flatten() {
            let at = self.find(S::rehash(&group.pair.0, &group.kept), |_| false);
            self.places[at] = Some(group);
        }
    }

    /// Sends all keys and accumulators on, stamped like this but for timestamps of their own; the
    /// room for them is kept.
    pub(super) fn send_on(&mut self, stamp: Stamp, cx: &Cx<'_>) -> UnitResult {
        let stamps = Stamps::constant(stamp);
        let mut emptied = std::mem::replace(self, Self::new(self.bits));
        let most_places = MOST_PLACES_A_GROUP * std::mem::take(&mut emptied.groups);
        let mut groups = emptied.places.iter_mut().filter_map(Option::take);
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
                break;
            }
            let mut stamps = stamps.clone();
            if !timestamps.is_empty() {
                stamps.timestamps = Column::Each(timestamps);
            }
            cx.emit(0, Batch::new(values, stamps))?;
        }
        if emptied.places.len() <= most_places {
            *self = emptied;
        }
        Ok(())
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
        let count = batch.len();
        for (row, (key, acc)) in batch.drain(..).enumerate() {
            self.look_ahead(keys, row, count);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::unit::UnitResult;

    /// Keys whose hash is what `H` makes of them.
    #[derive(Default)]
    struct Hashed<const H: u8>(Vec<u64>);

    fn hash_of(how: u8, key: u64) -> u64 {
        match how {
            0 => key.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            1 => key,
            2 => key << 44,
            _ => u64::MAX,
        }
    }

    impl<const H: u8> Keys<u64> for Hashed<H> {
        type Kept = ();
        fn clear(&mut self) {
            self.0.clear();
        }
        fn push(&mut self, key: &u64) -> UnitResult {
            self.0.push(hash_of(H, *key));
            Ok(())
        }
        fn hash(&self, row: usize) -> u64 {
            self.0[row]
        }
        fn rehash(key: &u64, (): &()) -> u64 {
            hash_of(H, *key)
        }
        fn is_same(&self, key: &u64, (): &(), _: usize, other: &u64) -> bool {
            key == other
        }
        fn kept(&self, _: usize) {}
    }

    /// Adds the keys up to `count` twice, so that each has the sum of two and its number.
    fn check<const H: u8>(bits: Bits, count: u64, reserved: usize) {
        let mut table: Table<u64, Hashed<H>, u64> = Table::new(bits);
        let mut keys = Hashed::<H>::default();
        (0..count).for_each(|key| keys.push(&key).unwrap());
        for _ in 0..2 {
            for (row, key) in (0..count).enumerate() {
                table.look_ahead(&keys, row, count as usize);
                table.group(&keys, row, &key, || (key, ())).pair.1 += 1;
            }
            table.reserve(reserved);
        }
        assert_eq!(table.len() as u64, count);
        assert!(table.len() <= groups_in(table.places.len()));
        let mut all: Vec<_> = table.places.into_iter().flatten().map(|group| group.pair).collect();
        all.sort_unstable();
        assert_eq!(all, (0..count).map(|key| (key, key + 2)).collect::<Vec<_>>());
    }

    #[test]
    fn each_key_has_one_group_however_its_hash_is() {
        for bits in [Bits::High, Bits::Middle] {
            for count in [0, 1, 12, 13, 97, 800, 3000] {
                check::<0>(bits, count, 0);
                check::<1>(bits, count, 100);
                check::<2>(bits, count, 5000);
                check::<3>(bits, count.min(200), 10);
            }
        }
    }
}
