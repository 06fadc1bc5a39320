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

type Result<T> = std::result::Result<T, Box<Failure>>;

/// Writes the cells of keys of a bundle's partition to files.
pub(crate) fn spill_keys(shuffle: &Shuffle, bundle: &Bundle) -> Result<BundleResult> {
    let (Some(spiller), Some(keyed)) = (shuffle.spiller(), &bundle.keyed) else {
        return Err(Failure::new("the state of keys is to go to files, of which there are none"));
    };
    let table: &Table = &keyed.table;
    let mut writer = ColdWriter::new(spiller);
    for (key, cells) in victims(table, bundle.seed.map(Random::new)) {
        writer.add(key.clone(), cells)?;
    }
    read_each(sparse(table), |key: &KeptBytes, cells| writer.add(key.clone(), &cells))?;
    let transfers = Transfers { away: writer.finish()?, ..Transfers::default() };
    Ok(BundleResult { transfers, ..BundleResult::default() })
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
