//! What a key keeps: cells of encoded values.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::change::{BagChange, CellChange};
use super::kept_bytes::KeptBytes;

/// Which cell of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CellId {
    /// The window, as its coder encodes it.
    pub window: KeptBytes,
    /// The number of the cell in its stage.
    pub cell: u16,
}

/// The contents of a cell. Most are single values, so that the others are behind a pointer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    /// Values in the order of arrival; a single value is a bag of one.
    Bag(Bag),
    /// A bag for each encoded map key. It may hold no bytes, as where keys alone matter.
    #[expect(clippy::box_collection, reason = "most cells are single values, and no larger")]
    Map(Box<BTreeMap<KeptBytes, Bag>>),
    /// Encoded entries by their sort key, those of one key in the order of arrival.
    #[expect(clippy::box_collection, reason = "most cells are single values, and no larger")]
    List(Box<BTreeMap<i64, Vec<KeptBytes>>>),
}

/// Encoded values, concatenated: one part for each bundle that added some.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) enum Bag {
    #[default]
    Empty,
    One(KeptBytes),
    #[expect(clippy::box_collection, reason = "most cells are single values, and no larger")]
    Many(Box<Vec<KeptBytes>>),
}

impl Bag {
    pub(crate) fn of(mut parts: Vec<KeptBytes>) -> Self {
        match parts.len() {
            0 => Self::Empty,
            1 => parts.pop().map_or(Self::Empty, Self::One),
            _ => Self::Many(Box::new(parts)),
        }
    }

    pub(crate) fn parts(&self) -> &[KeptBytes] {
        match self {
            Self::Empty => &[],
            Self::One(part) => std::slice::from_ref(part),
            Self::Many(parts) => parts,
        }
    }

    fn is_empty(&self) -> bool {
        self.parts().is_empty()
    }

    fn change(&mut self, change: &BagChange) {
        if change.cleared {
            *self = Self::Empty;
        }
        change.added.iter().for_each(|part| self.push(part.into()));
    }

    fn push(&mut self, part: KeptBytes) {
        match self {
            Self::Empty => *self = Self::One(part),
            Self::One(first) => *self = Self::Many(Box::new(vec![std::mem::take(first), part])),
            Self::Many(parts) => parts.push(part),
        }
    }

    fn size_bytes(&self) -> usize {
        let place = match self {
            Self::Empty | Self::One(_) => 0,
            Self::Many(parts) => size_of::<Vec<KeptBytes>>() + parts.len() * size_of::<KeptBytes>(),
        };
        place + self.parts().iter().map(KeptBytes::size_bytes).sum::<usize>()
    }
}

impl Cell {
    /// The empty cell that a change of this kind applies to.
    pub(crate) fn empty_for(change: &CellChange) -> Self {
        match change {
            CellChange::Bag(_) => Self::Bag(Bag::default()),
            CellChange::Map { .. } => Self::Map(Box::default()),
            CellChange::List { .. } => Self::List(Box::default()),
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
                    list.entry(*key).or_default().push(entry.into());
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
            Self::Bag(bag) => bag.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::List(list) => list.is_empty(),
        }
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        let entry = |key: &KeptBytes| size_of::<(KeptBytes, Bag)>() + key.size_bytes();
        let listed = |entry: &KeptBytes| size_of::<(i64, KeptBytes)>() + entry.size_bytes();
        size_of::<(CellId, Self)>()
            + match self {
                Self::Bag(bag) => bag.size_bytes(),
                Self::Map(map) => map.iter().map(|(key, bag)| entry(key) + bag.size_bytes()).sum(),
                Self::List(list) => list.values().flatten().map(listed).sum(),
            }
    }
}

fn change_entry(map: &mut BTreeMap<KeptBytes, Bag>, key: &Bytes, change: &BagChange) {
    if let Some(bag) = map.get_mut(&key[..]) {
        bag.change(change);
        if bag.is_empty() {
            map.remove(&key[..]);
        }
    } else if !change.is_empty() {
        let mut bag = Bag::default();
        bag.change(change);
        map.insert(key.into(), bag);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_larger_than_a_value() {
        assert_eq!(size_of::<Cell>(), size_of::<KeptBytes>());
    }
}
