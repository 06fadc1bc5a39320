//! Finds the positions of groups by the hashes of their keys.

/// No position.
pub(super) const NONE: u32 = u32::MAX;

/// The least number of slots.
const LEAST: usize = 16;
/// Clearing so many slots costs no more than having filled one.
const CLEARED_AT_ONCE: usize = 32;

/// A hash table of positions, at most half full, in which a search goes from slot to slot.
///
/// A slot says in eight bytes what the hash is and where the group, so that a search reads one line
/// of the cache, knows the group without a look at it, and none is looked at when the table grows.
#[derive(Default)]
pub(super) struct Index {
    /// The low half of a hash above a position plus 1; 0 is a free slot. A power of two of them.
    slots: Vec<u64>,
    taken: usize,
}

impl Index {
    /// The position of the first group whose key has this hash, as far as half of it says; else
    /// [`NONE`].
    #[inline]
    pub(super) fn first(&self, hash: u64) -> u32 {
        self.find(hash, |_| true)
    }

    /// The position of the group whose key has this hash and is the same.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_same: impl Fn(u32) -> bool) -> u32 {
        let mut at = self.start(hash);
        while let Some(&slot) = self.slots.get(at) {
            if slot == 0 {
                break;
            }
            let position = (slot as u32).wrapping_sub(1);
            if slot >> 32 == hash & u64::from(u32::MAX) && is_same(position) {
                return position;
            }
            at = self.after(at);
        }
        NONE
    }

    /// Adds a group.
    pub(super) fn insert(&mut self, hash: u64, position: u32) {
        if self.taken >= self.slots.len() / 2 {
            self.grow();
        }
        self.taken += 1;
        self.put(hash << 32 | u64::from(position.wrapping_add(1)));
    }

    /// Forgets all groups. The room for them is kept unless it is far too much, so that this takes
    /// no longer than it took to add them.
    pub(super) fn clear(&mut self) {
        if self.taken * CLEARED_AT_ONCE < self.slots.len() {
            self.slots = vec![0; (self.taken * 2).next_power_of_two().max(LEAST)];
        } else {
            self.slots.fill(0);
        }
        self.taken = 0;
    }

    #[inline]
    fn start(&self, hash: u64) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    fn put(&mut self, slot: u64) {
        let mut at = self.start(slot >> 32);
        while self.slots[at] != 0 {
            at = self.after(at);
        }
        self.slots[at] = slot;
    }

    #[cold]
    fn grow(&mut self) {
        let slots = vec![0; (self.slots.len() * 2).max(LEAST)];
        let before = std::mem::replace(&mut self.slots, slots);
        before.into_iter().filter(|slot| *slot != 0).for_each(|slot| self.put(slot));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Hashes that are the same, or differ in high bits or low ones only, over several fillings.
        #[test]
        fn positions_are_found_by_hash_and_key(
            fillings in prop::collection::vec(prop::collection::vec(0u64..300, 0..600), 1..4),
            low_bits in 0u32..10,
        ) {
            let hash = |key: u64| (key >> low_bits) | (key & 3) << 40;
            let mut index = Index::default();
            for keys in fillings {
                let (mut groups, mut model) = (Vec::new(), BTreeMap::new());
                for key in keys {
                    let found = index.find(hash(key), |at| groups[at as usize] == key);
                    prop_assert_eq!(model.get(&key).copied().unwrap_or(NONE), found);
                    let first = index.first(hash(key));
                    prop_assert!(first != NONE || found == NONE);
                    if found == NONE {
                        let at = groups.len() as u32;
                        index.insert(hash(key), at);
                        model.insert(key, at);
                        groups.push(key);
                    }
                }
                index.clear();
                prop_assert_eq!(index.first(hash(1)), NONE);
            }
        }
    }
}
