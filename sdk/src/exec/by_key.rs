//! Brings encoded elements into the order of their keys, without decoding or copying either.
//!
//! A table maps the hashes of keys to group numbers, and a counting sort brings references to
//! elements into the order of their groups.

use hashbrown::HashTable;

/// Where an element lies: a slice, and what finds the element there.
#[derive(Clone, Copy, Default, Debug)]
pub struct Position {
    /// The number of the slice.
    pub slice: u32,
    /// The element in it: its row or its offset, as the caller likes.
    pub at: u32,
}

/// A key and how many elements have it.
struct Group<'a> {
    hash: u64,
    /// The first bytes of the key: most keys differ in them, or have no more.
    head: u64,
    key: &'a [u8],
    count: usize,
}

/// Elements by key: keys in the order in which they first occur, elements in theirs.
pub struct ByKey<'a> {
    groups: Vec<Group<'a>>,
    /// Where the elements of each begin.
    starts: Vec<usize>,
    sorted: Vec<Position>,
}

/// Collects elements for a [`ByKey`].
pub struct Grouper<'a> {
    table: HashTable<u32>,
    groups: Vec<Group<'a>>,
    of_elements: Vec<(u32, Position)>,
}

impl<'a> Grouper<'a> {
    /// With room for so many elements.
    #[must_use]
    pub fn with_capacity(elements: usize) -> Self {
        let of_elements = Vec::with_capacity(elements);
        Self { table: HashTable::new(), groups: Vec::new(), of_elements }
    }

    /// Adds an element. Equal keys have equal hashes.
    #[inline]
    pub fn add(&mut self, hash: u64, key: &'a [u8], position: Position) {
        let group = self.group(hash, key);
        self.of_elements.push((group, position));
    }

    #[inline]
    fn group(&mut self, hash: u64, key: &'a [u8]) -> u32 {
        let Self { table, groups, .. } = self;
        let head = head_of(key);
        let is_same = |group: &u32| {
            let group = &groups[*group as usize];
            group.head == head
                && group.key.len() == key.len()
                && (key.len() <= HEAD || group.key[HEAD..] == key[HEAD..])
        };
        if let Some(group) = table.find(hash, is_same) {
            groups[*group as usize].count += 1;
            return *group;
        }
        // There are no more keys than elements, whose rows are counted in 32 bits per chunk.
        let number = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        groups.push(Group { hash, head, key, count: 1 });
        table.insert_unique(hash, number, |group| groups[*group as usize].hash);
        number
    }

    /// Brings the elements into the order of their groups, keeping their order within each.
    #[must_use]
    pub fn finish(self) -> ByKey<'a> {
        let Self { groups, of_elements, .. } = self;
        let mut starts = Vec::with_capacity(groups.len());
        let mut start = 0;
        for group in &groups {
            starts.push(start);
            start += group.count;
        }
        let mut next = starts.clone();
        let mut sorted = vec![Position::default(); of_elements.len()];
        for (group, position) in of_elements {
            let place = &mut next[group as usize];
            sorted[*place] = position;
            *place += 1;
        }
        ByKey { groups, starts, sorted }
    }
}

/// How many bytes of a key are compared at once.
const HEAD: usize = size_of::<u64>();

#[inline]
fn head_of(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(head) => u64::from_le_bytes(*head),
        None => key.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

impl<'a> ByKey<'a> {
    /// How many keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The key of a group, and its hash.
    #[must_use]
    pub fn key(&self, group: usize) -> (&'a [u8], u64) {
        let group = &self.groups[group];
        (group.key, group.hash)
    }

    /// Which of all elements are those of a group.
    #[must_use]
    pub fn range(&self, group: usize) -> std::ops::Range<usize> {
        let start = self.starts[group];
        start..start + self.groups[group].count
    }

    /// The elements of a group.
    #[must_use]
    pub fn elements(&self, group: usize) -> &[Position] {
        &self.sorted[self.range(group)]
    }

    /// All elements in the order of their groups.
    #[must_use]
    pub fn into_elements(self) -> Vec<Position> {
        self.sorted
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::exec::key_hash;

    proptest! {
        /// Short and long keys, keys that begin alike, and hashes that collide.
        #[test]
        fn elements_are_with_their_key_in_their_order(
            keys in prop::collection::vec(prop::collection::vec(0u8..2, 0..11), 0..200),
            bits in 0u32..64,
        ) {
            let mut grouper = Grouper::with_capacity(0);
            let mut model: BTreeMap<&[u8], Vec<u32>> = BTreeMap::new();
            for (at, key) in (0..).zip(&keys) {
                let hash = key_hash(key) >> bits;
                grouper.add(hash, key, Position { slice: 0, at });
                model.entry(key).or_default().push(at);
            }
            let groups = grouper.finish();
            prop_assert_eq!(groups.len(), model.len());
            for group in 0..groups.len() {
                let found: Vec<u32> = groups.elements(group).iter().map(|it| it.at).collect();
                prop_assert_eq!(&found, &model[groups.key(group).0]);
            }
        }
    }
}
