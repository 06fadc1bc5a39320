//! What a bundle changed about its keys, in a form that commits carry.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use purlin_sdk::Timestamp;

use super::cell::CellId;
use super::kept_bytes::KeptBytes;
use super::small_map::SmallMap;

/// Which timer of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerId {
    /// The window, as its coder encodes it.
    pub window: KeptBytes,
    /// The number of the timer family in its stage.
    pub family: u16,
    /// The dynamic tag, empty for most.
    pub tag: KeptBytes,
}

/// A timer that is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timer {
    /// When it fires, by the clock of its family.
    pub fire: Timestamp,
    /// The watermark that it holds at the stage's outputs; the end of time for none.
    pub hold: Timestamp,
}

/// What a bundle changed about one key.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct KeyChange {
    /// Cells whose contents become those of another, which is empty: the old by the new. This happens
    /// before anything else.
    pub moved: SmallMap<CellId, CellId>,
    /// Its cells.
    pub cells: SmallMap<CellId, CellChange>,
    /// Its timers: set, or taken back.
    pub timers: SmallMap<TimerId, Option<Timer>>,
}

impl KeyChange {
    /// Whether it changes cells, which must be in memory for that.
    pub(crate) fn needs_cells(&self) -> bool {
        !(self.moved.is_empty() && self.cells.is_empty())
    }
}

/// A change of a cell. What was there before is cleared first, where that is said.
#[derive(Clone, PartialEq, Debug)]
pub enum CellChange {
    /// Of values in the order of arrival.
    Bag(BagChange),
    /// Of a map.
    Map {
        /// Whether all entries go that were there before.
        cleared: bool,
        /// By encoded map key.
        entries: BTreeMap<Bytes, BagChange>,
    },
    /// Of a list in the order of sort keys.
    List {
        /// The half-open ranges of sort keys that go.
        cleared: Vec<(i64, i64)>,
        /// Sort keys with their encoded entries.
        added: Vec<(i64, Bytes)>,
    },
}

/// A change of a bag.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct BagChange {
    /// Whether all values go that were there before.
    pub cleared: bool,
    /// Encoded values that are added after.
    pub added: Vec<Bytes>,
}

impl BagChange {
    /// Adds encoded values. Most often there are no others in a bundle, which need no more room.
    pub(crate) fn add(&mut self, data: Bytes) {
        if self.added.is_empty() {
            self.added.reserve_exact(1);
        }
        self.added.push(data);
    }

    pub(crate) fn clear(&mut self) {
        self.cleared = true;
        self.added.clear();
    }

    /// Whether nothing is added, so that only clearing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty()
    }

    /// Joins what was added: a bag keeps a part for each bundle.
    fn settle(&mut self) {
        if self.added.len() > 1 {
            let mut all = BytesMut::with_capacity(self.added.iter().map(Bytes::len).sum());
            self.added.iter().for_each(|part| all.extend_from_slice(part));
            self.added = vec![all.freeze()];
        }
    }
}

impl CellChange {
    pub(crate) fn settle(&mut self) {
        match self {
            Self::Bag(bag) => bag.settle(),
            Self::Map { entries, .. } => entries.values_mut().for_each(BagChange::settle),
            Self::List { .. } => {}
        }
    }
}
