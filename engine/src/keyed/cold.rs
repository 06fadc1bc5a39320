//! Keys whose cells are in files.
//!
//! A bundle that works on such a key reads its cells back: it finds them by a [`Place`], which the
//! table keeps. What it changes goes into its commit together with the cells that it read, so that
//! nobody reads a file to apply it. What it only reads stays where it is.
//!
//! The bytes of a block are given up when none of its keys is there any more, and a file when none of
//! its blocks is. So that neither is kept for a few keys, those of a [sparse](Place::is_sparse) block
//! or file are written again with the next that go.

use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::Error;
use purlin_sdk::exec::Failure;

use super::cell_coding::{put_cells, read_cells};
use super::cells::CellMap;
use crate::spill::{Spilled, Spiller};

type Result<T> = std::result::Result<T, Box<Failure>>;

/// The cells of so many bytes are written at once: a bundle that needs one key reads all of them.
const BLOCK_BYTES: usize = 16 << 10;

/// Where the cells of a key are in a file.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    block: Arc<Spilled>,
    at: u32,
    checksum: u32,
}

impl Place {
    /// A checksum of the encoded cells.
    pub(super) fn checksum(&self) -> u32 {
        self.checksum
    }

    /// An order in which those of one block are together.
    fn order(&self) -> (usize, u32) {
        (Arc::as_ptr(&self.block).addr(), self.at)
    }

    /// Whether less than half of the keys of its block or of the bytes of its file are still there.
    pub(super) fn is_sparse(&self) -> bool {
        let keys = usize::try_from(self.block.count()).unwrap_or(usize::MAX);
        Arc::strong_count(&self.block) < keys / 2 || self.block.is_sparse()
    }

    /// The cells in the bytes of their block.
    fn cells(&self, block: &[u8]) -> Result<CellMap> {
        let bytes = block.get(self.at as usize..).unwrap_or_default();
        let (cells, length) = read_cells(bytes).map_err(|error| Failure::from_error(&error))?;
        if crc32fast::hash(&bytes[..length]) != self.checksum {
            let error = Error::environment("the state of a key is not where it was written");
            return Err(Failure::from_error(&error));
        }
        Ok(cells)
    }
}

/// Reads the cells of keys, each block once, and visits them.
pub(super) fn read_each<K>(
    mut places: Vec<(K, &Place)>,
    mut visit: impl FnMut(K, CellMap) -> Result<()>,
) -> Result<()> {
    places.sort_unstable_by_key(|(_, place)| place.order());
    let mut read: Option<(&Arc<Spilled>, Bytes)> = None;
    for (key, place) in places {
        let data = match read.take_if(|(block, _)| Arc::ptr_eq(block, &place.block)) {
            Some((_, data)) => data,
            None => place.block.data().map_err(|error| Failure::from_error(&error))?,
        };
        visit(key, place.cells(&data)?)?;
        read = Some((&place.block, data));
    }
    Ok(())
}

/// Writes the cells of keys into blocks.
pub(super) struct ColdWriter<'a, K> {
    spiller: &'a Spiller,
    data: Vec<u8>,
    /// The keys in the data, with where their cells begin, and their checksums.
    begun: Vec<(K, u32, u32)>,
    places: Vec<(K, Place)>,
}

impl<'a, K> ColdWriter<'a, K> {
    pub(super) fn new(spiller: &'a Spiller) -> Self {
        Self { spiller, data: Vec::new(), begun: Vec::new(), places: Vec::new() }
    }

    pub(super) fn add(&mut self, key: K, cells: &CellMap) -> Result<()> {
        let start = self.data.len();
        put_cells(&mut self.data, cells);
        let checksum = crc32fast::hash(&self.data[start..]);
        // What is larger is alone in its block, which begins with it.
        let at = u32::try_from(start).unwrap_or(u32::MAX);
        self.begun.push((key, at, checksum));
        if self.data.len() >= BLOCK_BYTES { self.flush() } else { Ok(()) }
    }

    /// Where the cells of each key are.
    pub(super) fn finish(mut self) -> Result<Vec<(K, Place)>> {
        self.flush()?;
        Ok(self.places)
    }

    fn flush(&mut self) -> Result<()> {
        if self.begun.is_empty() {
            return Ok(());
        }
        let count = u32::try_from(self.begun.len()).unwrap_or(u32::MAX);
        let block = self.spiller.write_bytes(std::mem::take(&mut self.data), count)?;
        for (key, at, checksum) in self.begun.drain(..) {
            self.places.push((key, Place { block: Arc::clone(&block), at, checksum }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::cell::{Bag, Cell, CellId};
    use crate::keyed::kept_bytes::KeptBytes;
    use crate::spill::{Spill, Spillable, TestStore};

    fn cells(size: usize) -> CellMap {
        let bag = Cell::Bag(Bag::of(vec![KeptBytes::from(&vec![7; size][..])]));
        let id = |cell| CellId { window: KeptBytes::default(), cell };
        [(id(0), bag.clone()), (id(3), bag)].into_iter().collect()
    }

    fn written(count: usize) -> Vec<(usize, Place)> {
        let spill = Spill { memory_bytes: 1, store: Arc::new(TestStore) };
        let spiller = Spiller::new(&spill, 1, Spillable::State);
        let mut writer = ColdWriter::new(&spiller);
        (0..count).for_each(|key| writer.add(key, &cells(key)).expect("there is room"));
        writer.finish().expect("there is room")
    }

    #[test]
    fn cells_come_back_from_their_blocks() {
        let places = written(1000);
        let wanted = places.iter().rev().map(|(key, place)| (*key, place)).collect();
        let mut found = 0;
        let seen = read_each(wanted, |key, read| {
            assert_eq!(read, cells(key));
            found += 1;
            Ok(())
        });
        assert_eq!((seen, found), (Ok(()), 1000));
        let other = Place { at: places[4].1.at, ..places[5].1.clone() };
        let text = read_each(vec![((), &other)], |(), _| Ok(())).expect_err("it is another's");
        assert!(text.to_string().contains("not where it was written"), "{text}");
    }

    #[test]
    fn a_block_is_sparse_when_most_of_its_keys_are_gone() {
        let mut places = written(40);
        assert!(!places[0].1.is_sparse());
        places.truncate(15);
        assert!(places[0].1.is_sparse());
    }
}
