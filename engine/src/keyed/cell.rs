//! What a key keeps: cells of encoded values.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::change::{BagChange, CellChange};

/// Which cell of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CellId {
    /// The window, as its coder encodes it.
    pub window: Bytes,
    /// The number of the cell in its stage.
    pub cell: u16,
}

/// The contents of a cell.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    /// Values in the order of arrival; a single value is a bag of one.
    Bag(Bag),
    /// A bag for each encoded map key. It may hold no bytes, as where keys alone matter.
    Map(BTreeMap<Bytes, Bag>),
    /// Encoded entries by their sort key, those of one key in the order of arrival.
    List(BTreeMap<i64, Vec<Bytes>>),
}

/// Encoded values, concatenated: one part for each bundle that added some.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Bag(Vec<Bytes>);

impl Bag {
    pub(crate) fn parts(&self) -> &[Bytes] {
        &self.0
    }

    fn change(&mut self, change: &BagChange) {
        if change.cleared {
            self.0.clear();
        }
        if self.0.is_empty() {
            // Most bags are single values: a vector would make room for four.
            self.0.reserve_exact(change.added.len());
        }
        self.0.extend_from_slice(&change.added);
    }

    fn size_bytes(&self) -> usize {
        self.0.iter().map(|part| part.len() + size_of::<Bytes>()).sum()
    }
}

impl Cell {
    /// The empty cell that a change of this kind applies to.
    pub(crate) fn empty_for(change: &CellChange) -> Self {
        match change {
            CellChange::Bag(_) => Self::Bag(Bag::default()),
            CellChange::Map { .. } => Self::Map(BTreeMap::new()),
            CellChange::List { .. } => Self::List(BTreeMap::new()),
        }
    }

    /// Applies a change; one of another kind than the cell replaces it.
    pub(crate) fn change(&mut self, change: &CellChange) {
        match (&mut *self, change) {
            (Self::Bag(bag), CellChange::Bag(change)) => bag.change(change),
            (Self::Map(map), CellChange::Map { cleared, entries }) => {
                if *cleared {
                    map.clear();
                }
                for (key, change) in entries {
                    change_entry(map, key, change);
                }
            }
            (Self::List(list), CellChange::List { cleared, added }) => {
                for (start, end) in cleared {
                    list.retain(|key, _| key < start || key >= end);
                }
                for (key, entry) in added {
                    list.entry(*key).or_default().push(entry.clone());
                }
            }
            _ => {
                *self = Self::empty_for(change);
                self.change(change);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Bag(bag) => bag.0.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::List(list) => list.is_empty(),
        }
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<(CellId, Self)>()
            + match self {
                Self::Bag(bag) => bag.size_bytes(),
                Self::Map(map) => map.iter().map(|(key, bag)| key.len() + bag.size_bytes()).sum(),
                Self::List(list) => list.values().flatten().map(|entry| entry.len() + 48).sum(),
            }
    }
}

fn change_entry(map: &mut BTreeMap<Bytes, Bag>, key: &Bytes, change: &BagChange) {
    if let Some(bag) = map.get_mut(key) {
        bag.change(change);
        if bag.0.is_empty() {
            map.remove(key);
        }
    } else if !change.is_empty() {
        let mut bag = Bag::default();
        bag.change(change);
        map.insert(Bytes::copy_from_slice(key), bag);
    }
}
