//! Keys whose cells are in files.
//!
//! A bundle that works on such a key reads its cells back: it finds them by a [`Place`], which the
//! table keeps. What it changes goes into its commit together with the cells that it read, so that
//! nobody reads a file to apply it.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use purlin_sdk::Error;
use purlin_sdk::exec::Failure;

use super::cell::{Cell, CellId};
use super::cell_coding::{put_cells, read_cells};
use super::small_map::SmallMap;
use crate::side_sort::plain;
use crate::spill::{Spiller, Stored};

type Result<T> = std::result::Result<T, Box<Failure>>;

/// The cells of so many bytes are written at once: a bundle that needs one key reads all of them.
const BLOCK_BYTES: usize = 16 << 10;

/// Where the cells of a key are in a file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    block: Stored,
    at: u32,
    length: u32,
    checksum: u32,
}

/// By checksum: nothing is read.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        (self.length, self.checksum) == (other.length, other.checksum)
    }
}

impl Place {
    /// The cells in the bytes of their block.
    fn cells(&self, block: &Bytes) -> Result<SmallMap<CellId, Cell>> {
        let (at, end) = (self.at as usize, self.at as usize + self.length as usize);
        let found = block.get(at..end).filter(|found| crc32fast::hash(found) == self.checksum);
        let lost = || {
            let error = Error::environment("the state of a key is not where it was written");
            Failure::from_error(&error)
        };
        read_cells(found.ok_or_else(lost)?).map_err(|error| Failure::from_error(&error))
    }
}

/// Writes the cells of keys into blocks.
pub(super) struct ColdWriter<'a, K> {
    spiller: &'a Spiller,
    data: Vec<u8>,
    /// The keys in the data, with where their cells end.
    ends: Vec<(K, usize)>,
    places: Vec<(K, Place)>,
}

impl<'a, K> ColdWriter<'a, K> {
    pub(super) fn new(spiller: &'a Spiller) -> Self {
        Self { spiller, data: Vec::new(), ends: Vec::new(), places: Vec::new() }
    }

    pub(super) fn add(&mut self, key: K, cells: &SmallMap<CellId, Cell>) -> Result<()> {
        put_cells(&mut self.data, cells);
        self.ends.push((key, self.data.len()));
        if self.data.len() >= BLOCK_BYTES { self.flush() } else { Ok(()) }
    }

    /// Where the cells of each key are.
    pub(super) fn finish(mut self) -> Result<Vec<(K, Place)>> {
        self.flush()?;
        Ok(self.places)
    }

    fn flush(&mut self) -> Result<()> {
        if self.ends.is_empty() {
            return Ok(());
        }
        let chunk = plain(std::mem::take(&mut self.data), offset(self.ends.len()))?;
        let data = chunk.data.clone();
        let block = self.spiller.spill(chunk)?;
        let mut start = 0;
        for (key, end) in self.ends.drain(..) {
            let checksum = crc32fast::hash(&data[start..end]);
            let (at, length) = (offset(start), offset(end - start));
            self.places.push((key, Place { block: block.clone(), at, length, checksum }));
            start = end;
        }
        Ok(())
    }
}

fn offset(at: usize) -> u32 {
    // Larger blocks are refused before they are written.
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Reads the cells of keys, each block once.
#[derive(Default, Debug)]
pub(super) struct ColdReader {
    blocks: HashMap<usize, Bytes>,
}

impl ColdReader {
    pub(super) fn read(&mut self, place: &Place) -> Result<SmallMap<CellId, Cell>> {
        let name = match &place.block {
            Stored::InMemory(chunk) => Arc::as_ptr(chunk).addr(),
            Stored::Spilled(spilled) => Arc::as_ptr(spilled).addr(),
        };
        if let Some(block) = self.blocks.get(&name) {
            return place.cells(block);
        }
        let block = place.block.load().map_err(|error| Failure::from_error(&error))?;
        let cells = place.cells(&block.data);
        self.blocks.insert(name, block.data.clone());
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::cell::Bag;
    use crate::keyed::kept_bytes::KeptBytes;
    use crate::spill::{Spill, TestStore};

    #[test]
    fn cells_come_back_from_their_blocks() {
        let spill = Spill { memory_bytes: 1, store: Arc::new(TestStore) };
        let spiller = Spiller::new(&spill, 1);
        let mut writer = ColdWriter::new(&spiller);
        let cells = |key: usize| {
            let bag = Cell::Bag(Bag::of(vec![KeptBytes::from(&vec![7; key][..])]));
            let id = |cell| CellId { window: KeptBytes::default(), cell };
            [(id(0), bag.clone()), (id(3), bag)].into_iter().collect::<SmallMap<_, _>>()
        };
        (0..1000).for_each(|key| writer.add(key, &cells(key)).expect("there is room"));
        let places = writer.finish().expect("there is room");
        assert_eq!(places.len(), 1000);
        let mut reader = ColdReader::default();
        for (key, place) in places.iter().rev() {
            assert_eq!(reader.read(place), Ok(cells(*key)));
        }
        assert!((30..100).contains(&reader.blocks.len()), "{} blocks", reader.blocks.len());
        let cut = Place { length: places[5].1.length - 1, ..places[5].1.clone() };
        let text = reader.read(&cut).expect_err("it is cut").to_string();
        assert!(text.contains("not where it was written"), "{text}");
    }
}
