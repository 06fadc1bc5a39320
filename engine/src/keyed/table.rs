//! The state and timers of the keys of one partition of a stage.

use hashbrown::HashMap;

use super::cell::{Cell, CellId};
use super::cells::{CellMap, Cells, size_of_cells};
use super::change::{KeyChange, Timer, TimerId};
use super::kept_bytes::KeptBytes;
use super::small_map::SmallMap;
use super::transfers::Transfers;

/// The state of the keys of one partition of a stage.
///
/// A bundle reads it while it runs; it changes by commits alone, and no other bundle of the same
/// partition runs meanwhile.
#[derive(Clone, Default, Debug)]
pub struct Table {
    keys: HashMap<KeptBytes, KeyState, foldhash::fast::FixedState>,
    size: TableSize,
    /// How often cells have gone to files.
    spills: u32,
}

/// What a table takes, in about so many bytes of memory.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct TableSize {
    /// The keys themselves.
    pub(crate) keys: usize,
    /// The cells in memory.
    pub(crate) cells: usize,
    /// The keys whose cells are in files.
    pub(crate) keys_away: usize,
    /// What these cells would take.
    pub(crate) cells_away: usize,
}

/// By what the keys keep, wherever it is.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

/// What one key keeps.
#[derive(Clone, Default, Debug)]
pub(crate) struct KeyState {
    pub(crate) cells: Cells,
    pub(crate) timers: SmallMap<TimerId, Timer>,
    /// How often cells had gone to files when a bundle last changed it.
    changed_at: u32,
}

impl PartialEq for KeyState {
    fn eq(&self, other: &Self) -> bool {
        self.cells == other.cells && self.timers == other.timers
    }
}

impl KeyState {
    fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.timers.is_empty()
    }

    /// Moves cells and changes their contents. Returns how many bytes they took and take.
    fn change_cells(&mut self, change: &KeyChange) -> (usize, usize) {
        let Cells::Here(cells) = &mut self.cells else {
            debug_assert!(!change.needs_cells(), "what changes is in memory");
            return (0, 0);
        };
        let moved: Vec<(CellId, Cell)> = change
            .moved
            .iter()
            .filter_map(|(to, from)| Some((to.clone(), cells.remove(from)?)))
            .collect();
        for (to, cell) in moved {
            cells.insert(to, cell);
        }
        let (mut before, mut after) = (0, 0);
        for (id, change) in change.cells.iter() {
            before += cells.get(id).map_or(0, Cell::size_bytes);
            let cell = cells.entry(id.clone(), || Cell::empty_for(change));
            cell.change(change);
            if cell.is_empty() {
                cells.remove(id);
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
    pub(crate) fn size(&self) -> TableSize {
        self.size
    }

    /// The same, counted from nothing, except for what only files could tell.
    pub(super) fn recounted(&self) -> TableSize {
        let mut size = TableSize { cells_away: self.size.cells_away, ..TableSize::default() };
        for (key, state) in &self.keys {
            size.keys += size_of_key(key);
            size.cells += state.cells.size_bytes();
            size.keys_away += usize::from(state.cells.is_away());
        }
        if size.keys_away == 0 {
            size.cells_away = 0;
        }
        size
    }

    /// Whether a bundle has changed a key since cells last went to files.
    pub(super) fn is_recent(&self, state: &KeyState) -> bool {
        state.changed_at == self.spills
    }

    /// How often cells have gone to files.
    pub(super) fn spills(&self) -> u32 {
        self.spills
    }

    /// All keys with what they keep, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&KeptBytes, &KeyState)> {
        self.keys.iter()
    }

    /// Whether the cells of a key are in a file.
    pub(super) fn is_away(&self, key: &[u8]) -> bool {
        self.size.keys_away > 0 && self.key(key).is_some_and(|state| state.cells.is_away())
    }

    /// Lets go of cells that are in files now, and takes back those that were read.
    pub(super) fn transfer(&mut self, transfers: &Transfers) {
        for (key, cells) in &transfers.back {
            if let Some(state) = self.keys.get_mut(&**key)
                && state.cells.is_away()
            {
                self.size.came_back(size_of_cells(cells));
                state.cells = Cells::Here(CellMap::clone(cells));
            }
        }
        for (key, place) in &transfers.away {
            let Some(state) = self.keys.get_mut(&**key) else { continue };
            if !state.cells.is_away() {
                self.size.went(state.cells.size_bytes());
            }
            state.cells = Cells::Away(place.clone());
        }
        self.spills = self.spills.wrapping_add(u32::from(!transfers.away.is_empty()));
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
            self.size.keys += size;
            KeyState::default()
        });
        state.changed_at = self.spills;
        let (before, after) = state.change_cells(change);
        self.size.cells = (self.size.cells + after).saturating_sub(before);
        for (id, timer) in change.timers.iter() {
            let before = match timer {
                Some(timer) => state.timers.insert(id.clone(), *timer),
                None => state.timers.remove(id),
            };
            on_timer(before, *timer);
        }
        if state.is_empty() {
            self.keys.remove(key);
            self.size.keys = self.size.keys.saturating_sub(size);
        }
    }
}

impl TableSize {
    /// What is in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.keys + self.cells
    }

    /// Counts a part of it that has changed.
    pub(super) fn replace(&mut self, old: Self, new: Self) {
        let replace = |sum: &mut usize, old: usize, new: usize| {
            *sum = (*sum + new).saturating_sub(old);
        };
        replace(&mut self.keys, old.keys, new.keys);
        replace(&mut self.cells, old.cells, new.cells);
        replace(&mut self.keys_away, old.keys_away, new.keys_away);
        replace(&mut self.cells_away, old.cells_away, new.cells_away);
    }

    /// The cells of a key went to a file.
    fn went(&mut self, bytes: usize) {
        self.cells = self.cells.saturating_sub(bytes);
        self.cells_away += bytes;
        self.keys_away += 1;
    }

    /// They came back.
    fn came_back(&mut self, bytes: usize) {
        self.cells += bytes;
        self.cells_away = self.cells_away.saturating_sub(bytes);
        self.keys_away = self.keys_away.saturating_sub(1);
    }
}

impl std::ops::AddAssign for TableSize {
    fn add_assign(&mut self, other: Self) {
        self.replace(Self::default(), other);
    }
}

fn size_of_key(key: &KeptBytes) -> usize {
    size_of::<(KeptBytes, KeyState)>() + key.size_bytes()
}
