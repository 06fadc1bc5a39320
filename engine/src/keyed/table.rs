//! The state and timers of the keys of one partition of a stage.

use bytes::Bytes;
use hashbrown::HashMap;

use super::cell::{Cell, CellId};
use super::change::{KeyChange, Timer, TimerId};
use super::small_map::SmallMap;

/// The state of the keys of one partition of a stage.
///
/// A bundle reads it while it runs; it changes by commits alone, and no other bundle of the same
/// partition runs meanwhile.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Table {
    keys: HashMap<Bytes, KeyState, foldhash::fast::FixedState>,
    bytes: usize,
}

/// What one key keeps.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct KeyState {
    pub(crate) cells: SmallMap<CellId, Cell>,
    pub(crate) timers: SmallMap<TimerId, Timer>,
}

/// A timer that a change replaced or set.
pub(super) struct TimerMove<'a> {
    pub(super) id: &'a TimerId,
    pub(super) before: Option<Timer>,
    pub(super) after: Option<Timer>,
}

impl Table {
    pub(crate) fn key(&self, key: &[u8]) -> Option<&KeyState> {
        self.keys.get(key)
    }

    /// All keys with what they keep, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Bytes, &KeyState)> {
        self.keys.iter()
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
        let of_key = |(key, state): (&Bytes, &KeyState)| {
            let cells: usize = state.cells.iter().map(|(_, cell)| cell.size_bytes()).sum();
            key.len() + size_of::<(Bytes, KeyState)>() + cells
        };
        self.keys.iter().map(of_key).sum()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&Bytes, &KeyState)> {
        self.keys.iter()
    }

    /// Applies the change of a key, and tells which timers moved.
    pub(super) fn change(
        &mut self,
        key: &Bytes,
        change: &KeyChange,
        mut on_timer: impl FnMut(&Bytes, TimerMove<'_>),
    ) {
        // Another allocation than the chunk's, which the key would keep alive.
        let key = match self.keys.get_key_value(key) {
            Some((known, _)) => known.clone(),
            None => Bytes::copy_from_slice(key),
        };
        let state = self.keys.entry(key.clone()).or_insert_with(|| {
            self.bytes += key.len() + size_of::<(Bytes, KeyState)>();
            KeyState::default()
        });
        let moved_cells: Vec<(CellId, Cell)> = change
            .moved
            .iter()
            .filter_map(|(to, from)| Some((to.clone(), state.cells.remove(from)?)))
            .collect();
        for (to, cell) in moved_cells {
            state.cells.insert(to, cell);
        }
        for (id, change) in &change.cells {
            let before = state.cells.get(id).map_or(0, Cell::size_bytes);
            let cell = state.cells.entry(id.clone(), || Cell::empty_for(change));
            cell.change(change);
            let after = if cell.is_empty() {
                state.cells.remove(id);
                0
            } else {
                cell.size_bytes()
            };
            self.bytes = (self.bytes + after).saturating_sub(before);
        }
        for (id, timer) in &change.timers {
            let before = match timer {
                Some(timer) => state.timers.insert(id.clone(), *timer),
                None => state.timers.remove(id),
            };
            on_timer(&key, TimerMove { id, before, after: *timer });
        }
        if state.cells.is_empty() && state.timers.is_empty() {
            self.keys.remove(&key);
            self.bytes = self.bytes.saturating_sub(key.len() + size_of::<(Bytes, KeyState)>());
        }
    }
}
