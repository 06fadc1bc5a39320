//! The hash tables of a unit that combines: one for each window.

use hashbrown::HashMap;

use super::group::OwnTime;
use super::keys::Keys;
use super::table::{Bits, Table};
use crate::element::Element;
use crate::window::Window;

/// How many empty tables are kept for the windows of later bundles.
const MOST_SPARE: usize = 16;

/// A table for each window.
pub(super) struct Tables<K, S: Keys<K>, A, T> {
    tables: Vec<(Window, Table<K, S, A, T>)>,
    by_window: HashMap<Window, usize>,
    /// The table used last: most elements are in the window of the one before.
    last: usize,
    /// Empty tables with room from earlier.
    spare: Vec<Table<K, S, A, T>>,
}

impl<K: Element, S: Keys<K>, A: Element, T: OwnTime> Tables<K, S, A, T> {
    pub(super) fn new() -> Self {
        Self { tables: Vec::new(), by_window: HashMap::new(), last: 0, spare: Vec::new() }
    }

    /// The table of a window.
    pub(super) fn at(&mut self, window: &Window) -> &mut Table<K, S, A, T> {
        let is_last = self.tables.get(self.last).is_some_and(|(last, _)| last == window);
        if !is_last {
            self.last = *self.by_window.entry_ref(window).or_insert_with(|| {
                let table = self.spare.pop().unwrap_or_else(|| Table::new(Bits::High));
                self.tables.push((window.clone(), table));
                self.tables.len() - 1
            });
        }
        &mut self.tables[self.last].1
    }

    /// How many groups there are in all.
    pub(super) fn groups(&self) -> usize {
        self.tables.iter().map(|(_, table)| table.len()).sum()
    }

    /// Makes room for so many groups, if they are all of one window.
    pub(super) fn reserve(&mut self, groups: usize) {
        if let [(_, table)] = &mut self.tables[..] {
            table.reserve(groups);
        }
    }

    /// Takes all tables out.
    pub(super) fn take(&mut self) -> Vec<(Window, Table<K, S, A, T>)> {
        self.by_window.clear();
        self.last = 0;
        std::mem::take(&mut self.tables)
    }

    /// Keeps the room of an empty table.
    pub(super) fn put_back(&mut self, table: Table<K, S, A, T>) {
        if self.spare.len() < MOST_SPARE {
            self.spare.push(table);
        }
    }

    /// Lets go of the room of empty tables.
    pub(super) fn forget_spare(&mut self) {
        self.spare.clear();
    }
}
