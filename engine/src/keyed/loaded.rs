//! What a bundle reads back of the cells of its keys.

use bytes::Bytes;
use hashbrown::{HashMap, HashSet};
use purlin_sdk::exec::Failure;

use super::bundle::KeyedInput;
use super::cells::{CellMap, Cells};
use super::cold::read_each;
use super::table::Table;
use crate::bundle::BundleInput;

/// Cells that are in files, as far as a bundle needs them.
#[derive(Default, Debug)]
pub(super) struct Loaded(HashMap<Bytes, CellMap, foldhash::fast::FixedState>);

impl Loaded {
    /// The cells of the keys of a bundle's elements and timers.
    pub(super) fn of(keyed: &KeyedInput, input: &BundleInput) -> Result<Self, Box<Failure>> {
        let mut loaded = Self::default();
        if keyed.table.size().keys_away == 0 {
            return Ok(loaded);
        }
        let keys = keys_away(keyed, input);
        let places = keys.into_iter().filter_map(|key| match &keyed.table.key(&key)?.cells {
            Cells::Away(place) => Some((key, place)),
            Cells::Here(_) => None,
        });
        read_each(places.collect(), |key, cells| {
            loaded.0.insert(key, cells);
            Ok(())
        })?;
        Ok(loaded)
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&CellMap> {
        self.0.get(key)
    }

    /// Most often there is nothing, and this is asked for every key that has changed.
    pub(super) fn take(&mut self, key: &[u8]) -> Option<CellMap> {
        if self.0.is_empty() { None } else { self.0.remove(key) }
    }
}

fn keys_away(keyed: &KeyedInput, input: &BundleInput) -> HashSet<Bytes> {
    let table: &Table = &keyed.table;
    let mut keys = HashSet::new();
    let of_timers = keyed.timers.iter().map(|due| &due.key).filter(|key| table.is_away(key));
    keys.extend(of_timers.cloned());
    let BundleInput::Elements(chunks) = input else { return keys };
    for chunk in chunks {
        // Where the index is missing, whoever looks at the elements says so.
        for entry in chunk.index.iter().flatten() {
            let start = entry.value as usize;
            let range = start..start + entry.key_length as usize;
            let Some(key) = chunk.data.get(range.clone()) else { continue };
            if table.is_away(key) && !keys.contains(key) {
                keys.insert(chunk.data.slice(range));
            }
        }
    }
    keys
}
