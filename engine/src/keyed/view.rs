//! The state of a partition as one bundle sees it: what was committed, and its own changes on top.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;

use purlin_sdk::exec::Failure;

use super::bundle::KeyedInput;
use super::cell::{Bag, Cell, CellId};
use super::cells::{CellMap, Cells};
use super::change::{BagChange, CellChange, KeyChange, Timer, TimerId};
use super::kept_bytes::KeptBytes;
use super::loaded::Loaded;
use super::small_map::SmallMap;
use super::table::{KeyState, Table};
use super::transfers::Transfers;
use crate::bundle::{BundleInput, BundleResult};

/// The cells of a key that has none.
static NO_CELLS: CellMap = CellMap::new();

/// The state of a partition as one bundle sees it.
#[derive(Debug)]
pub(super) struct View {
    table: Arc<Table>,
    /// What of it is in files, for the keys of the bundle.
    loaded: Loaded,
    changes: HashMap<Bytes, KeyChange, foldhash::fast::FixedState>,
}

impl View {
    /// # Errors
    /// When cells cannot be read that are in files.
    pub(super) fn new(keyed: &KeyedInput, input: &BundleInput) -> Result<Self, Box<Failure>> {
        let loaded = Loaded::of(keyed, input)?;
        Ok(Self { table: Arc::clone(&keyed.table), loaded, changes: HashMap::default() })
    }

    /// Adds what the bundle changed, by key, and the cells that were in files, to its result.
    pub(super) fn finish(mut self, result: &mut BundleResult) {
        for change in self.changes.values_mut() {
            change.cells.values_mut().for_each(CellChange::settle);
        }
        let is_change = |change: &KeyChange| *change != KeyChange::default();
        let changes = self.changes.into_iter().filter(|(_, change)| is_change(change));
        let mut changes: Vec<_> = changes.collect();
        changes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let needing = changes.iter().filter(|(_, change)| change.needs_cells());
        let taken = needing.filter_map(|(key, _)| self.loaded.take(key).map(|cells| (key, cells)));
        let back = taken.map(|(key, cells)| (key.into(), cells));
        result.transfers = Transfers { back: back.collect(), ..Transfers::default() };
        result.changes = changes;
    }

    /// The keys that the bundle has changed, in no order.
    pub(super) fn changed_keys(&self) -> Vec<Bytes> {
        self.changes.keys().cloned().collect()
    }

    fn base(&self, key: &[u8]) -> Option<&KeyState> {
        self.table.key(key)
    }

    /// What was committed of the cells of a key, read back where it was in a file.
    fn cells(&self, key: &[u8]) -> &CellMap {
        match self.base(key).map(|state| &state.cells) {
            Some(Cells::Here(cells)) => cells,
            Some(Cells::Away(_)) => self.loaded.get(key).unwrap_or(&NO_CELLS),
            None => &NO_CELLS,
        }
    }

    /// Checks that a key is one of those whose cells are known.
    ///
    /// # Errors
    /// When its cells are in a file, and no element or timer of the bundle has it.
    pub(super) fn check_key(&self, key: &[u8]) -> Result<(), Box<Failure>> {
        if self.table.is_away(key) && self.loaded.get(key).is_none() {
            let key = key.escape_ascii();
            return Err(Failure::new(format!(
                "the state of key `{key}` was asked for by a bundle without elements of that key"
            )));
        }
        Ok(())
    }

    /// What was committed of a cell, wherever it was then.
    fn committed(&self, key: &[u8], id: &CellId) -> Option<&Cell> {
        let cells = self.cells(key);
        let Some(change) = self.changes.get(key) else { return cells.get(id) };
        match change.moved.get(id) {
            Some(from) => cells.get(from),
            None if change.moved.values().any(|from| from == id) => None,
            None => cells.get(id),
        }
    }

    fn changed(&self, key: &[u8], id: &CellId) -> Option<&CellChange> {
        self.changes.get(key)?.cells.get(id)
    }

    /// The values of a bag, in their order.
    pub(super) fn bag(&self, key: &[u8], id: &CellId) -> Vec<Bytes> {
        let base = match self.committed(key, id) {
            Some(Cell::Bag(bag)) => bag.parts(),
            _ => &[],
        };
        match self.changed(key, id) {
            Some(CellChange::Bag(change)) => joined(base, change),
            _ => all(base),
        }
    }

    /// Appends to a bag. A cell is of one kind for good, which callers make sure of.
    pub(super) fn append(&mut self, key: &Bytes, id: &CellId, data: Bytes) {
        if let CellChange::Bag(bag) = self.change(key, id, empty_bag) {
            bag.add(data);
        }
    }

    pub(super) fn replace_bag(&mut self, key: &Bytes, id: CellId, data: Bytes) {
        let change = CellChange::Bag(BagChange { cleared: true, added: vec![data] });
        self.changes.entry(key.clone()).or_default().cells.insert(id, change);
    }

    pub(super) fn clear_bag(&mut self, key: &Bytes, id: &CellId) {
        if let CellChange::Bag(bag) = self.change(key, id, empty_bag) {
            bag.clear();
        }
    }

    /// Moves what a bag holds behind what another holds. Into an empty one it costs nothing.
    pub(super) fn move_bag(&mut self, key: &Bytes, from: &CellId, to: &CellId) {
        if !self.is_empty(key, to) || self.committed(key, to).is_some() {
            for part in self.bag(key, from) {
                self.append(key, to, part);
            }
            return self.drop_cell(key, from);
        }
        let has_committed = self.committed(key, from).is_some();
        let changes = self.changes.entry(key.clone()).or_default();
        if has_committed {
            let origin = changes.moved.remove(from).unwrap_or_else(|| from.clone());
            changes.moved.insert(to.clone(), origin);
        }
        if let Some(change) = changes.cells.remove(from) {
            changes.cells.insert(to.clone(), change);
        }
    }

    fn change(
        &mut self,
        key: &Bytes,
        id: &CellId,
        make: impl FnOnce() -> CellChange,
    ) -> &mut CellChange {
        let changes = self.changes.entry(key.clone()).or_default();
        changes.cells.entry(id.clone(), make)
    }

    /// The keys of a map with values, in the order of their bytes.
    pub(super) fn map_keys(&self, key: &[u8], id: &CellId) -> Vec<Bytes> {
        let mut keys: BTreeSet<Bytes> = BTreeSet::new();
        let change = self.changed(key, id);
        let is_cleared = matches!(change, Some(CellChange::Map { cleared: true, .. }));
        if !is_cleared && let Some(Cell::Map(map)) = self.committed(key, id) {
            keys.extend(map.keys().map(KeptBytes::to_bytes));
        }
        if let Some(CellChange::Map { entries, .. }) = change {
            for (map_key, change) in entries {
                match (change.is_empty(), change.cleared) {
                    (false, _) => drop(keys.insert(map_key.clone())),
                    (true, true) => drop(keys.remove(map_key)),
                    (true, false) => {}
                }
            }
        }
        keys.into_iter().collect()
    }

    /// The values of an entry of a map.
    pub(super) fn map_entry(&self, key: &[u8], id: &CellId, map_key: &[u8]) -> Vec<Bytes> {
        let base = match self.committed(key, id) {
            Some(Cell::Map(map)) => map.get(map_key).map_or(&[][..], Bag::parts),
            _ => &[],
        };
        match self.changed(key, id) {
            Some(CellChange::Map { cleared, entries }) => {
                let base = if *cleared { &[] } else { base };
                entries.get(map_key).map_or_else(|| all(base), |change| joined(base, change))
            }
            _ => all(base),
        }
    }

    /// Appends to an entry of a map, or clears it where there is no data.
    pub(super) fn change_entry(
        &mut self,
        key: &Bytes,
        id: &CellId,
        map_key: &Bytes,
        data: Option<Bytes>,
    ) {
        let empty = || CellChange::Map { cleared: false, entries: BTreeMap::new() };
        if let CellChange::Map { entries, .. } = self.change(key, id, empty) {
            let entry = entries.entry(map_key.clone()).or_default();
            match data {
                Some(data) => entry.add(data),
                None => entry.clear(),
            }
        }
    }

    pub(super) fn clear_map(&mut self, key: &Bytes, id: &CellId) {
        let cleared = CellChange::Map { cleared: true, entries: BTreeMap::new() };
        *self.change(key, id, || cleared.clone()) = cleared.clone();
    }

    /// The entries of a list whose sort keys are in `[start, end)`, in order.
    pub(super) fn list(&self, key: &[u8], id: &CellId, range: (i64, i64)) -> Vec<Bytes> {
        let mut found: BTreeMap<i64, Vec<Bytes>> = BTreeMap::new();
        let (start, end) = range;
        if start >= end {
            return Vec::new();
        }
        if let Some(Cell::List(list)) = self.committed(key, id) {
            found.extend(list.range(start..end).map(|(at, entries)| (*at, all(entries))));
        }
        if let Some(CellChange::List { cleared, added }) = self.changed(key, id) {
            for (from, to) in cleared {
                found.retain(|at, _| at < from || at >= to);
            }
            for (at, entry) in added.iter().filter(|(at, _)| (start..end).contains(at)) {
                found.entry(*at).or_default().push(entry.clone());
            }
        }
        found.into_values().flatten().collect()
    }

    pub(super) fn add_to_list(&mut self, key: &Bytes, id: &CellId, at: i64, entry: Bytes) {
        if let CellChange::List { added, .. } = self.change(key, id, empty_list) {
            added.push((at, entry));
        }
    }

    pub(super) fn clear_list(&mut self, key: &Bytes, id: &CellId, range: (i64, i64)) {
        if let CellChange::List { cleared, added } = self.change(key, id, empty_list) {
            added.retain(|(at, _)| *at < range.0 || *at >= range.1);
            cleared.push(range);
        }
    }

    pub(super) fn timer(&self, key: &[u8], id: &TimerId) -> Option<Timer> {
        let changed = self.changes.get(key).and_then(|change| change.timers.get(id));
        match changed {
            Some(timer) => *timer,
            None => self.base(key).and_then(|state| state.timers.get(id)).copied(),
        }
    }

    pub(super) fn set_timer(&mut self, key: &Bytes, id: TimerId, timer: Option<Timer>) {
        let base = self.base(key).and_then(|state| state.timers.get(&id)).copied();
        let changes = self.changes.entry(key.clone()).or_default();
        if base == timer {
            changes.timers.remove(&id);
        } else {
            changes.timers.insert(id, timer);
        }
    }

    /// All timers of a key that are set.
    pub(super) fn timers(&self, key: &[u8]) -> SmallMap<TimerId, Timer> {
        let mut timers = self.base(key).map(|state| state.timers.clone()).unwrap_or_default();
        for (id, timer) in self.changes.get(key).into_iter().flat_map(|it| it.timers.iter()) {
            match timer {
                Some(timer) => timers.insert(id.clone(), *timer),
                None => timers.remove(id),
            };
        }
        timers
    }

    /// The cells of a key in a window, committed or changed.
    pub(super) fn cells_in(&self, key: &[u8], window: &[u8]) -> BTreeSet<CellId> {
        let base = self.cells(key).iter();
        let changed = self.changes.get(key).into_iter().flat_map(|change| change.cells.keys());
        let all = base.map(|(id, _)| id).chain(changed);
        all.filter(|id| *id.window == *window).cloned().collect()
    }

    /// The timers of a key that are set in a window.
    pub(super) fn timers_in(&self, key: &[u8], window: &[u8]) -> BTreeSet<TimerId> {
        let base = self.base(key).into_iter().flat_map(|state| state.timers.iter());
        let changed = self.changes.get(key).into_iter().flat_map(|change| change.timers.keys());
        let all = base.map(|(id, _)| id).chain(changed);
        let here = all.filter(|id| *id.window == *window && self.timer(key, id).is_some());
        here.cloned().collect()
    }

    /// Whether a key has another timer in the window of one.
    pub(super) fn has_timer_beside(&self, key: &[u8], id: &TimerId) -> bool {
        let change = self.changes.get(key);
        let is_other = |other: &TimerId| other.window == id.window && other != id;
        let base = self.base(key).into_iter().flat_map(|state| state.timers.keys());
        let mut base = base.filter(|other| {
            is_other(other) && change.is_none_or(|change| change.timers.get(other).is_none())
        });
        let mut set = change.into_iter().flat_map(|change| change.timers.iter());
        base.next().is_some() || set.any(|(other, timer)| timer.is_some() && is_other(other))
    }

    /// Whether a cell of a key holds something in a window.
    pub(super) fn has_cells(&self, key: &[u8], window: &KeptBytes) -> bool {
        let base = self.cells(key).keys();
        let changed = self.changes.get(key).into_iter().flat_map(|change| change.cells.keys());
        let moved = self.changes.get(key).into_iter().flat_map(|change| change.moved.keys());
        let mut all = base.chain(changed).chain(moved);
        all.any(|id| id.window == *window && !self.is_empty(key, id))
    }

    /// The windows of a key in which the bundle changed something.
    pub(super) fn changed_windows(&self, key: &[u8]) -> BTreeSet<KeptBytes> {
        let Some(change) = self.changes.get(key) else { return BTreeSet::new() };
        let of_cells = change.cells.keys().map(|id| id.window.clone());
        of_cells.chain(change.timers.keys().map(|id| id.window.clone())).collect()
    }

    /// The windows of a key with cells.
    pub(super) fn windows(&self, key: &[u8]) -> BTreeSet<KeptBytes> {
        let base = self.cells(key).iter();
        let changed = self.changes.get(key).into_iter().flat_map(|change| change.cells.keys());
        base.map(|(id, _)| id).chain(changed).map(|id| id.window.clone()).collect()
    }

    /// Whether a cell holds nothing.
    pub(super) fn is_empty(&self, key: &[u8], id: &CellId) -> bool {
        let base = self.committed(key, id);
        match self.changed(key, id) {
            None => base.is_none_or(Cell::is_empty),
            Some(CellChange::Bag(change)) => {
                change.is_empty() && (change.cleared || base.is_none_or(Cell::is_empty))
            }
            Some(CellChange::Map { .. }) => self.map_keys(key, id).is_empty(),
            Some(CellChange::List { .. }) => self.list(key, id, (i64::MIN, i64::MAX)).is_empty(),
        }
    }

    /// Empties a cell, whatever its kind.
    pub(super) fn drop_cell(&mut self, key: &Bytes, id: &CellId) {
        let base = self.committed(key, id);
        let cleared = match base {
            None => {
                if let Some(change) = self.changes.get_mut(key) {
                    change.cells.remove(id);
                }
                return;
            }
            Some(Cell::Bag(_)) => CellChange::Bag(BagChange { cleared: true, added: Vec::new() }),
            Some(Cell::Map(_)) => CellChange::Map { cleared: true, entries: BTreeMap::new() },
            Some(Cell::List(_)) => {
                CellChange::List { cleared: vec![(i64::MIN, i64::MAX)], added: Vec::new() }
            }
        };
        self.changes.entry(key.clone()).or_default().cells.insert(id.clone(), cleared);
    }
}

fn empty_bag() -> CellChange {
    CellChange::Bag(BagChange::default())
}

fn empty_list() -> CellChange {
    CellChange::List { cleared: Vec::new(), added: Vec::new() }
}

fn all(parts: &[KeptBytes]) -> Vec<Bytes> {
    parts.iter().map(KeptBytes::to_bytes).collect()
}

fn joined(base: &[KeptBytes], change: &BagChange) -> Vec<Bytes> {
    let base = if change.cleared { &[] } else { base };
    base.iter().map(KeptBytes::to_bytes).chain(change.added.iter().cloned()).collect()
}
