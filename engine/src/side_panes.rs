//! What later panes of a side input do to those before them.

use hashbrown::HashSet;

use crate::bundle::GroupSlice;

/// Elements of one window and pane of a side input.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kept {
    pub(crate) slice: GroupSlice,
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
                let keys = self.slice.keys();
                old.slice.retain(|key| !keys.contains(key));
            } else if old.pane > self.pane {
                let keys = old.slice.keys();
                self.slice.retain(|key| !keys.contains(key));
            }
        }
        kept.retain(|kept| kept.slice.count() > 0);
    }
}

impl GroupSlice {
    fn rows(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match &self.elements {
            Some(rows) => Box::new(rows.iter().copied()),
            None => Box::new(0..self.chunk.count),
        }
    }

    /// The encoded key of an element; nothing where it is no pair.
    fn key(&self, row: u32) -> &[u8] {
        let index = self.chunk.index.as_deref().unwrap_or_default();
        let Some(entry) = index.get(row as usize) else { return &[] };
        let start = entry.value as usize;
        &self.chunk.data[start..start + entry.key_length as usize]
    }

    fn keys(&self) -> HashSet<&[u8]> {
        self.rows().map(|row| self.key(row)).collect()
    }

    fn retain(&mut self, is_kept: impl Fn(&[u8]) -> bool) {
        let rows: Vec<u32> = self.rows().filter(|row| is_kept(self.key(*row))).collect();
        if rows.len() < self.count() {
            self.elements = Some(rows.into());
        }
    }
}
