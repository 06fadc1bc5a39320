//! What later panes of a side input do to those before them.

use std::sync::Arc;

use hashbrown::HashSet;

use crate::bundle::{GroupSlice, HeldSlice};
use crate::shuffle::end_of;

/// Elements of one window and pane of a side input.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kept {
    pub(crate) slice: HeldSlice,
    /// The index of the pane.
    pub(crate) pane: i64,
}

impl Kept {
    /// Adds these elements to those of a window, which are in the order of their panes: panes may
    /// pass each other on their way. With `replaces`, an element goes where a later pane has its
    /// key; elements without keys all have the same.
    pub(crate) fn add_to(mut self, kept: &mut Vec<Self>, replaces: bool) {
        if replaces {
            self.replace(kept);
        }
        if self.slice.count() > 0 {
            let position = kept.partition_point(|old| old.pane <= self.pane);
            kept.insert(position, self);
        }
    }

    fn replace(&mut self, kept: &mut Vec<Self>) {
        for old in kept.iter_mut() {
            if old.pane < self.pane {
                old.lose_keys_of(self);
            } else if old.pane > self.pane {
                self.lose_keys_of(old);
            }
        }
        kept.retain(|kept| kept.slice.count() > 0);
    }

    /// Lets go of elements whose keys another has. Both are in memory: the shuffle spills nothing
    /// whose panes are replaced.
    fn lose_keys_of(&mut self, other: &Self) {
        let (mine, others) = (self.slice.in_memory(), other.slice.in_memory());
        let keys: HashSet<&[u8]> = others.rows().map(|row| others.key(row)).collect();
        let rows: Vec<u32> = mine.rows().filter(|row| !keys.contains(mine.key(*row))).collect();
        if rows.len() < mine.count() {
            self.slice.elements = Some(rows.into());
        }
    }
}

impl HeldSlice {
    /// The slice, whose chunk is in memory.
    pub(crate) fn in_memory(&self) -> GroupSlice {
        let chunk = Arc::clone(self.chunk.in_memory());
        GroupSlice { chunk, elements: self.elements.clone() }
    }
}

impl GroupSlice {
    pub(crate) fn rows(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match &self.elements {
            Some(rows) => Box::new(rows.iter().copied()),
            None => Box::new(0..self.chunk.count),
        }
    }

    /// The encoded key of an element; nothing where it is no pair.
    pub(crate) fn key(&self, row: u32) -> &[u8] {
        let index = self.chunk.index.as_deref().unwrap_or_default();
        let Some(entry) = index.get(row as usize) else { return &[] };
        let start = entry.value as usize;
        &self.chunk.data[start..start + entry.key_length as usize]
    }

    /// The encoded value of an element that is a pair, all of it otherwise.
    pub(crate) fn value(&self, row: u32) -> &[u8] {
        let index = self.chunk.index.as_deref().unwrap_or_default();
        let Some(entry) = index.get(row as usize) else { return &[] };
        let start = entry.value as usize + entry.key_length as usize;
        &self.chunk.data[start..end_of(&self.chunk, index, row as usize)]
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use purlin_sdk::Stamp;
    use purlin_sdk::exec::{Chunk, Entry, Framing};

    use super::*;

    /// Pairs of a key and a value of one byte each.
    fn pairs(pane: i64, keys: &'static [u8]) -> Kept {
        let data: Vec<u8> = keys.iter().flat_map(|key| [*key, b'0']).collect();
        let entry = |row: u32| Entry { start: row, value: row, key_length: 1, key_hash: 0 };
        let count = u32::try_from(keys.len()).expect("few");
        let chunk = Chunk {
            data: Bytes::from(data),
            framing: Framing::Constant(Stamp::default()),
            count,
            partition: None,
            index: Some((0..count).map(|row| entry(row * 2)).collect()),
        };
        Kept { slice: HeldSlice { chunk: chunk.into(), elements: None }, pane }
    }

    fn keys(kept: &[Kept]) -> Vec<(i64, Vec<u8>)> {
        let keys = |slice: &GroupSlice| slice.rows().map(|row| slice.key(row)[0]).collect();
        kept.iter().map(|kept| (kept.pane, keys(&kept.slice.in_memory()))).collect()
    }

    #[test]
    fn a_later_pane_replaces_its_keys_in_whatever_order_panes_come() {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut kept = Vec::new();
            for pane in order {
                let all: [&[u8]; 3] = [b"abc", b"ab", b"a"];
                pairs(pane, all[usize::try_from(pane).expect("small")]).add_to(&mut kept, true);
            }
            let expected = [(0, b"c".to_vec()), (1, b"b".to_vec()), (2, b"a".to_vec())];
            assert_eq!(keys(&kept), expected, "{order:?}");
        }
    }

    #[test]
    fn panes_that_discard_are_all_kept_in_their_order() {
        let mut kept = Vec::new();
        for pane in [2, 0, 1] {
            pairs(pane, b"a").add_to(&mut kept, false);
        }
        let panes: Vec<i64> = kept.iter().map(|kept| kept.pane).collect();
        assert_eq!(panes, [0, 1, 2]);
    }
}
