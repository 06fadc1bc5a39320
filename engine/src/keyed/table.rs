//! The state and timers of the keys of one partition of a stage.

use hashbrown::HashMap;

use super::cell::{Cell, CellId};
use super::change::{KeyChange, Timer, TimerId};
use super::kept_bytes::KeptBytes;
use super::small_map::SmallMap;

/// The state of the keys of one partition of a stage.
///
/// A bundle reads it while it runs; it changes by commits alone, and no other bundle of the same
/// partition runs meanwhile.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Table {
    keys: HashMap<KeptBytes, KeyState, foldhash::fast::FixedState>,
    bytes: usize,
}

/// What one key keeps.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct KeyState {
    pub(crate) cells: SmallMap<CellId, Cell>,
    pub(crate) timers: SmallMap<TimerId, Timer>,
}

impl KeyState {
    fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.timers.is_empty()
    }

    /// Moves cells and changes their contents. Returns how many bytes they took and take.
    fn change_cells(&mut self, change: &KeyChange) -> (usize, usize) {
        let moved: Vec<(CellId, Cell)> = change
            .moved
            .iter()
            .filter_map(|(to, from)| Some((to.clone(), self.cells.remove(from)?)))
            .collect();
        for (to, cell) in moved {
            self.cells.insert(to, cell);
        }
        let (mut before, mut after) = (0, 0);
        for (id, change) in change.cells.iter() {
            before += self.cells.get(id).map_or(0, Cell::size_bytes);
            let cell = self.cells.entry(id.clone(), || Cell::empty_for(change));
            cell.change(change);
            if cell.is_empty() {
                self.cells.remove(id);
            } else {
                after += cell.size_bytes();
            }
        }
        (before, after)
    }
}

impl Table {
    pub(crate) fn key(&self, key: &[u8]) -> Option<&KeyState> {
        self.keys.get(key)
    }

    /// How many keys have state or timers.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether any key has a timer. Looks at all keys.
    pub(super) fn has_timers(&self) -> bool {
        self.keys.values().any(|state| !state.timers.is_empty())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// The same, counted from nothing.
    pub(super) fn recounted_bytes(&self) -> usize {
        let of_key = |(key, state): (&KeptBytes, &KeyState)| {
            let cells: usize = state.cells.values().map(Cell::size_bytes).sum();
            size_of_key(key) + cells
        };
        self.keys.iter().map(of_key).sum()
    }

    /// All keys with what they keep, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&KeptBytes, &KeyState)> {
        self.keys.iter()
    }

    /// Applies the change of a key, and tells what its timers that moved were before and are now.
    pub(super) fn change(
        &mut self,
        key: &[u8],
        change: &KeyChange,
        mut on_timer: impl FnMut(Option<Timer>, Option<Timer>),
    ) {
        let kept = KeptBytes::from(key);
        let size = size_of_key(&kept);
        let state = self.keys.entry(kept).or_insert_with(|| {
            self.bytes += size;
            KeyState::default()
        });
        let (before, after) = state.change_cells(change);
        self.bytes = (self.bytes + after).saturating_sub(before);
        for (id, timer) in change.timers.iter() {
            let before = match timer {
                Some(timer) => state.timers.insert(id.clone(), *timer),
                None => state.timers.remove(id),
            };
            on_timer(before, *timer);
        }
        if state.is_empty() {
            self.keys.remove(key);
            self.bytes = self.bytes.saturating_sub(size);
        }
    }
}

fn size_of_key(key: &KeptBytes) -> usize {
    size_of::<(KeptBytes, KeyState)>() + key.size_bytes()
}
