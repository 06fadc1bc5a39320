//! Bundles by which the cells of keys go to files.
//!
//! Such a bundle halves what the cells of its partition take in memory. Keys go first that no bundle
//! has changed since the last of them.

use purlin_sdk::exec::Failure;

use super::cells::{CellMap, Cells};
use super::cold::{ColdWriter, Place, read_each};
use super::kept_bytes::KeptBytes;
use super::table::{KeyState, Table};
use super::transfers::Transfers;
use crate::bundle::{Bundle, BundleResult};
use crate::random::Random;
use crate::shuffle::Shuffle;
use crate::spill::Spiller;

type Result<T> = std::result::Result<T, Box<Failure>>;

/// Writes the cells of keys of a bundle's partition to files.
pub(crate) fn spill_keys(shuffle: &Shuffle, bundle: &Bundle) -> Result<BundleResult> {
    let (Some(spiller), Some(keyed)) = (shuffle.spiller(), &bundle.keyed) else {
        return Err(Failure::new("the state of keys is to go to files, of which there are none"));
    };
    let transfers = spill(&keyed.table, spiller, bundle.seed.map(Random::new))?;
    Ok(BundleResult { transfers, ..BundleResult::default() })
}

fn spill(table: &Table, spiller: &Spiller, random: Option<Random>) -> Result<Transfers> {
    let mut writer = ColdWriter::new(spiller);
    for (key, cells) in victims(table, random) {
        writer.add(key.clone(), cells)?;
    }
    read_each(sparse(table), |key: &KeptBytes, cells| writer.add(key.clone(), &cells))?;
    Ok(Transfers { away: writer.finish()?, ..Transfers::default() })
}

/// The keys whose cells go: half of the bytes, and at least one. Where the schedule is random, they are
/// any.
fn victims(table: &Table, random: Option<Random>) -> Vec<(&KeptBytes, &CellMap)> {
    let (mut chosen, mut recent) = (Vec::new(), Vec::new());
    for (key, state) in in_turn(table) {
        let Some(cells) = state.cells.here().filter(|cells| !cells.is_empty()) else { continue };
        let victims = if table.is_recent(state) { &mut recent } else { &mut chosen };
        victims.push((key, cells, state.cells.size_bytes()));
    }
    chosen.append(&mut recent);
    let mut wanted = table.size().cells.div_ceil(2);
    if let Some(mut random) = random {
        random.shuffle(&mut chosen);
        wanted = random.below(table.size().cells.max(1)) + 1;
    }
    let goes = chosen.into_iter().take_while(|(.., bytes)| {
        let is_wanted = wanted > 0;
        wanted = wanted.saturating_sub(*bytes);
        is_wanted
    });
    goes.map(|(key, cells, _)| (key, cells)).collect()
}

/// The keys of a table, each time from another on: those at the front go first, and should not always
/// be the same.
fn in_turn(table: &Table) -> impl Iterator<Item = (&KeptBytes, &KeyState)> {
    // Multiples of the golden ratio are spread evenly.
    let part = f64::from(table.spills()) * 0.618_033_988_75 % 1.0;
    let first = (table.len() as f64 * part) as usize;
    table.keys().skip(first).chain(table.keys().take(first))
}

/// The keys whose cells are among few others in their block or file.
fn sparse(table: &Table) -> Vec<(&KeptBytes, &Place)> {
    let mut found = Vec::new();
    for (key, state) in table.keys() {
        if let Cells::Away(place) = &state.cells
            && place.is_sparse()
        {
            found.push((key, place));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use purlin_sdk::Error;

    use super::*;
    use crate::keyed::cell::CellId;
    use crate::keyed::change::{BagChange, CellChange, KeyChange};
    use crate::spill::{Spill, SpillStore, Spillable, SpilledBytes};

    const KEYS: u32 = 500;
    const VALUE_BYTES: usize = 300;

    /// Counts what it keeps.
    #[derive(Clone, Default, Debug)]
    struct Scales(Arc<AtomicUsize>);

    #[derive(Debug)]
    struct Weighed(Bytes, Scales);

    impl SpillStore for Scales {
        fn write(&self, data: &[u8]) -> std::result::Result<Box<dyn SpilledBytes>, Error> {
            self.0.fetch_add(data.len(), Ordering::Relaxed);
            Ok(Box::new(Weighed(Bytes::copy_from_slice(data), self.clone())))
        }

        fn close(&self) {}
    }

    impl SpilledBytes for Weighed {
        fn read(&self) -> std::result::Result<Bytes, Error> {
            Ok(self.0.clone())
        }

        fn checksum(&self) -> u32 {
            crc32fast::hash(&self.0)
        }
    }

    impl Drop for Weighed {
        fn drop(&mut self) {
            self.1.0.fetch_sub(self.0.len(), Ordering::Relaxed);
        }
    }

    /// Puts a value in the place of what a key keeps.
    fn put(table: &mut Table, key: u32, value: u8) {
        let key = key.to_be_bytes();
        if let Some(Cells::Away(place)) = table.key(&key).map(|state| &state.cells) {
            let mut back = Vec::new();
            let read = read_each(vec![((), place)], |(), cells| {
                back.push((KeptBytes::from(&key[..]), cells));
                Ok(())
            });
            read.expect("it is there");
            table.transfer(&Transfers { back, ..Transfers::default() });
        }
        let added = vec![Bytes::from(vec![value; VALUE_BYTES])];
        let change = CellChange::Bag(BagChange { cleared: true, added });
        let id = CellId { window: KeptBytes::default(), cell: 0 };
        let cells = [(id, change)].into_iter().collect();
        table.change(&key, &KeyChange { cells, ..KeyChange::default() }, |_, _| ());
    }

    fn spill_once(table: &mut Table, spiller: &Spiller) {
        let transfers = spill(table, spiller, None).expect("there is room");
        table.transfer(&transfers);
    }

    fn spiller(scales: &Scales) -> Spiller {
        let spill = Spill { memory_bytes: 1, store: Arc::new(scales.clone()) };
        Spiller::new(&spill, 1, Spillable::State)
    }

    #[test]
    fn keys_go_first_that_have_not_changed() {
        let spiller = spiller(&Scales::default());
        let mut table = Table::default();
        (0..KEYS).for_each(|key| put(&mut table, key, 1));
        for _ in 0..2 {
            (0..KEYS / 5).for_each(|key| put(&mut table, key, 2));
            spill_once(&mut table, &spiller);
        }
        let is_here = |key: &u32| !table.is_away(&key.to_be_bytes());
        assert!((KEYS / 5..KEYS).filter(is_here).count() < 60, "{:?}", table.size());
        assert_eq!((0..KEYS / 5).filter(is_here).count(), 100, "{:?}", table.size());
    }

    #[test]
    fn files_are_hardly_larger_than_what_is_in_them() {
        let scales = Scales::default();
        let spiller = spiller(&scales);
        let mut table = Table::default();
        (0..KEYS).for_each(|key| put(&mut table, key, 0));
        let mut random = Random::new(7);
        for _ in 0..100 {
            (0..20).for_each(|_| put(&mut table, random.below(KEYS as usize) as u32, 1));
            spill_once(&mut table, &spiller);
            let (written, needed) =
                (scales.0.load(Ordering::Relaxed), table.size().keys_away * 310);
            assert!(written <= 2 * needed + (32 << 10), "{written} bytes for {needed}");
        }
        assert_eq!(table.size(), table.recounted());
        drop(table);
        assert_eq!(scales.0.load(Ordering::Relaxed), 0);
    }
}
