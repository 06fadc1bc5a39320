//! Finds the elements of a side input's window by key.

use purlin_sdk::exec::key_hash;

use crate::bundle::GroupSlice;

/// The rows of a window, those of a key beside each other in the order of arrival.
#[derive(Debug)]
pub(crate) struct KeyIndex {
    slices: Vec<GroupSlice>,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    key_hash: u64,
    slice: u32,
    row: u32,
}

/// The elements of one key.
pub(crate) struct Group<'a> {
    pub(crate) key: &'a [u8],
    slices: &'a [GroupSlice],
    rows: &'a [Row],
}

impl KeyIndex {
    /// Of slices that have an index.
    pub(crate) fn new(slices: Vec<GroupSlice>) -> Self {
        let mut rows: Vec<Row> = Vec::with_capacity(slices.iter().map(GroupSlice::count).sum());
        for (position, slice) in (0..).zip(&slices) {
            rows.extend(slice.rows().map(|row| {
                let key_hash = key_hash(slice.key(row));
                Row { key_hash, slice: position, row }
            }));
        }
        // Keys are compared where hashes are the same only.
        rows.sort_by(|a, b| {
            a.key_hash.cmp(&b.key_hash).then_with(|| a.key(&slices).cmp(b.key(&slices)))
        });
        Self { slices, rows }
    }

    /// How many elements there are.
    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    /// The elements of a key.
    pub(crate) fn group<'a>(&'a self, key: &'a [u8]) -> Group<'a> {
        let slices = &self.slices[..];
        let hash = key_hash(key);
        // Keys lie anywhere in memory: only those of this hash, hardly ever others, are looked at.
        let start = self.first_of(hash);
        let rest = &self.rows[start..];
        let same_hash = match rest.get(1) {
            Some(second) if second.key_hash == hash => {
                &rest[..rest.partition_point(|row| row.key_hash == hash)]
            }
            _ => &rest[..rest.first().map_or(0, |first| usize::from(first.key_hash == hash))],
        };
        let start = same_hash.partition_point(|row| row.key(slices) < key);
        let rest = &same_hash[start..];
        Group { key, slices, rows: &rest[..rest.partition_point(|row| row.key(slices) == key)] }
    }

    /// The first row of this hash or a larger one.
    fn first_of(&self, hash: u64) -> usize {
        let count = self.rows.len();
        // Hashes are spread evenly, so it lies not far from where the hash lies among all.
        let near = ((u128::from(hash) * count as u128) >> 64) as usize;
        let reach = 4 * count.isqrt() + 1;
        let (low, high) = (near.saturating_sub(reach), (near + reach).min(count));
        let is_behind = low == 0 || self.rows[low - 1].key_hash < hash;
        if is_behind && self.rows.get(high).is_none_or(|row| row.key_hash >= hash) {
            return low + self.rows[low..high].partition_point(|row| row.key_hash < hash);
        }
        self.rows.partition_point(|row| row.key_hash < hash)
    }

    /// Whether the row before `position` has the same key.
    pub(crate) fn is_inside_group(&self, position: usize) -> bool {
        let before = position.checked_sub(1).and_then(|before| self.rows.get(before));
        let rows = before.zip(self.rows.get(position));
        rows.is_some_and(|(before, row)| before.is_of_same_key(row, &self.slices))
    }

    /// The elements of each key from row `position` on; where that is inside a key, its other ones.
    pub(crate) fn groups(&self, position: usize) -> impl Iterator<Item = Group<'_>> {
        let slices = &self.slices[..];
        let rows = self.rows.get(position..).unwrap_or_default();
        let is_same = |a: &Row, b: &Row| a.is_of_same_key(b, slices);
        rows.chunk_by(is_same).map(|rows| Group { key: rows[0].key(slices), slices, rows })
    }
}

impl Row {
    fn is_of_same_key(&self, other: &Self, slices: &[GroupSlice]) -> bool {
        self.key_hash == other.key_hash && self.key(slices) == other.key(slices)
    }

    fn key<'a>(&self, slices: &'a [GroupSlice]) -> &'a [u8] {
        slices[self.slice as usize].key(self.row)
    }

    fn value<'a>(&self, slices: &'a [GroupSlice]) -> &'a [u8] {
        slices[self.slice as usize].value(self.row)
    }
}

impl<'a> Group<'a> {
    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    /// The encoded values, in the order of arrival, from the one at `position` on.
    pub(crate) fn values(&self, position: usize) -> impl Iterator<Item = &'a [u8]> {
        let slices = self.slices;
        self.rows.get(position..).unwrap_or_default().iter().map(move |row| row.value(slices))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use purlin_sdk::Stamp;
    use purlin_sdk::exec::{Chunk, Entry, Framing};

    use super::*;

    /// Keys of four bytes, each without a value.
    fn slice(keys: &[u32]) -> GroupSlice {
        let data: Vec<u8> = keys.iter().flat_map(|key| key.to_be_bytes()).collect();
        let entry = |row: u32| Entry { start: row * 4, value: row * 4, key_length: 4, key_hash: 0 };
        let count = u32::try_from(keys.len()).expect("few");
        let chunk = Chunk {
            data: data.into(),
            framing: Framing::Constant(Stamp::default()),
            count,
            partition: None,
            index: Some((0..count).map(entry).collect()),
        };
        GroupSlice { chunk: Arc::new(chunk), elements: None }
    }

    #[test]
    fn every_key_is_found_among_few_and_among_many() {
        for count in [0, 1, 2, 3, 100, 20_000] {
            // Each third key is there twice, none behind the last.
            let keys: Vec<u32> = (0..count).chain((0..count).step_by(3)).collect();
            let index = KeyIndex::new(vec![slice(&keys)]);
            for key in 0..count + 10 {
                let expected = usize::from(key < count) + usize::from(key < count && key % 3 == 0);
                assert_eq!(index.group(&key.to_be_bytes()).count(), expected, "{key}");
            }
        }
    }

    #[test]
    fn hashes_that_are_not_spread_evenly_are_found_too() {
        let row = |key_hash| Row { key_hash, slice: 0, row: 0 };
        let rows: Vec<Row> = (0..1000).map(|n| row(n * 2)).chain([row(u64::MAX)]).collect();
        let index = KeyIndex { slices: Vec::new(), rows };
        for hash in [0, 1, 2, 999, 1998, 1999, u64::MAX - 1, u64::MAX] {
            let expected = index.rows.partition_point(|row| row.key_hash < hash);
            assert_eq!(index.first_of(hash), expected, "{hash}");
        }
    }
}
