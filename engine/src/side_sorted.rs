//! A side input that is sorted by key in files: blocks, of which a lookup reads one.

use std::ops::Range;

use purlin_sdk::exec::{Failure, StatePage, key_hash};

use crate::bundle::{GroupSlice, HeldSlice};
use crate::plan::CollectionId;
use crate::shuffle::Shuffle;
use crate::side_keys::Page;
use crate::side_lookup::Ask;
use crate::side_sort::plain;
use crate::spill::Spiller;

type Result<T> = std::result::Result<T, Box<Failure>>;

/// A block ends with the key that fills so many bytes. The values of a larger key are in blocks of
/// their own.
const BLOCK_BYTES: usize = 32 << 10;

/// The elements of a window, those of a key beside each other in the order of arrival.
#[derive(Debug)]
pub(crate) struct Sorted {
    blocks: Vec<Block>,
    count: usize,
}

#[derive(Debug)]
struct Block {
    /// Which of all elements.
    rows: Range<usize>,
    /// The least and the largest hash of its keys.
    hashes: (u64, u64),
    /// Where it has a part of the elements of one key: which are all of this key.
    key_rows: Option<Range<usize>>,
    elements: HeldSlice,
}

impl Block {
    /// How many values of its key it and the blocks before it have; of several keys nobody knows.
    fn values_end(&self) -> usize {
        self.key_rows.as_ref().map_or(usize::MAX, |rows| self.rows.end - rows.start)
    }
}

/// Writes blocks.
pub(crate) struct BlockWriter<'a> {
    spiller: &'a Spiller,
    sorted: Sorted,
    data: Vec<u8>,
    /// How many elements are in the data.
    waiting: u32,
    hashes: (u64, u64),
    /// The elements of the key that is being written, where it is large.
    key_rows: Option<Range<usize>>,
}

impl<'a> BlockWriter<'a> {
    pub(crate) fn new(spiller: &'a Spiller) -> Self {
        let sorted = Sorted { blocks: Vec::new(), count: 0 };
        Self { spiller, sorted, data: Vec::new(), waiting: 0, hashes: (0, 0), key_rows: None }
    }

    /// Begins a key of this hash, which has so many elements.
    pub(crate) fn begin_key(&mut self, hash: u64, count: usize, size_bytes: usize) -> Result<()> {
        if size_bytes > BLOCK_BYTES {
            self.flush()?;
            let start = self.sorted.count;
            self.key_rows = Some(start..start + count);
        }
        let first = if self.waiting == 0 { hash } else { self.hashes.0 };
        self.hashes = (first, hash);
        Ok(())
    }

    pub(crate) fn add(&mut self, element: &[u8]) -> Result<()> {
        self.data.extend_from_slice(element);
        self.waiting += 1;
        let is_full = self.key_rows.is_some() && self.data.len() >= BLOCK_BYTES;
        if is_full { self.flush() } else { Ok(()) }
    }

    pub(crate) fn end_key(&mut self) -> Result<()> {
        if self.key_rows.is_some() || self.data.len() >= BLOCK_BYTES {
            self.flush()?;
            self.key_rows = None;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Sorted> {
        self.flush()?;
        Ok(self.sorted)
    }

    fn flush(&mut self) -> Result<()> {
        if self.waiting == 0 {
            return Ok(());
        }
        let count = std::mem::take(&mut self.waiting);
        let chunk = self.spiller.spill(plain(std::mem::take(&mut self.data), count)?)?;
        let start = self.sorted.count;
        self.sorted.count += count as usize;
        self.sorted.blocks.push(Block {
            rows: start..self.sorted.count,
            hashes: self.hashes,
            key_rows: self.key_rows.clone(),
            elements: HeldSlice { chunk, elements: None },
        });
        Ok(())
    }
}

/// Reads blocks.
#[derive(Clone, Copy)]
pub(crate) struct Blocks<'a> {
    pub(crate) sorted: &'a Sorted,
    pub(crate) shuffle: &'a Shuffle,
    pub(crate) collection: CollectionId,
}

/// A block in memory.
struct Open<'a> {
    block: &'a Block,
    slice: GroupSlice,
}

impl<'a> Blocks<'a> {
    /// A page of the answer, from the element at `position` on.
    pub(crate) fn page(self, ask: Ask<'_>, position: usize) -> Result<StatePage> {
        match ask {
            Ask::Values(key) => self.values(key, position),
            Ask::Keys => self.keys(position),
            Ask::KeysAndValues => self.keys_and_values(position),
        }
    }

    fn open(self, block: &'a Block) -> Result<Open<'a>> {
        let slice = self.shuffle.load_indexed(self.collection, &block.elements)?;
        Ok(Open { block, slice })
    }

    /// The block of an element.
    fn at(self, position: usize) -> Result<Option<Open<'a>>> {
        let blocks = &self.sorted.blocks;
        let found = blocks.partition_point(|block| block.rows.end <= position);
        blocks.get(found).map(|block| self.open(block)).transpose()
    }

    fn values(self, key: &[u8], position: usize) -> Result<StatePage> {
        let hash = key_hash(key);
        let blocks = &self.sorted.blocks;
        let first = blocks.partition_point(|block| block.hashes.1 < hash);
        let near = blocks[first..].iter().take_while(|block| block.hashes.0 <= hash);
        let (mut page, mut count) = (Page::at(position), 0);
        // What earlier pages had is not read again.
        for block in near.filter(|block| block.values_end() > position) {
            if page.is_full() {
                break;
            }
            count = self.open(block)?.put_values(hash, key, &mut page).unwrap_or(count);
        }
        Ok(page.finish(count))
    }

    fn keys(self, position: usize) -> Result<StatePage> {
        let mut page = Page::at(position);
        while let Some(open) = self.at(page.next)? {
            for row in open.rows_from(page.next) {
                // The others of its key were passed with it.
                if open.position(row) == page.next {
                    let (start, count) = open.group(row, open.count_like(row));
                    page.add(open.slice.key(row), start + count - page.next);
                }
                if page.is_full() {
                    break;
                }
            }
            if page.is_full() {
                break;
            }
        }
        Ok(page.finish(self.sorted.count))
    }

    fn keys_and_values(self, position: usize) -> Result<StatePage> {
        let mut page = Page::at(position);
        while !page.is_full()
            && let Some(open) = self.at(page.next)?
        {
            for row in open.rows_from(page.next) {
                if open.begins_key(row) {
                    let (_, count) = open.group(row, open.count_like(row));
                    page.put_head(open.slice.key(row), count)?;
                }
                page.add(open.slice.value(row), 1);
                if page.is_full() {
                    break;
                }
            }
        }
        Ok(page.finish(self.sorted.count))
    }
}

impl Open<'_> {
    fn count(&self) -> u32 {
        self.slice.chunk.count
    }

    /// Which of all elements a row is.
    fn position(&self, row: u32) -> usize {
        self.block.rows.start + row as usize
    }

    fn rows_from(&self, position: usize) -> impl Iterator<Item = u32> + use<'_> {
        (0..self.count()).filter(move |row| self.position(*row) >= position)
    }

    /// The rows of a key.
    fn rows_of(&self, hash: u64, key: &[u8]) -> Vec<u32> {
        let index = self.slice.chunk.index.as_deref().unwrap_or_default();
        let is_before = |row: &u32| {
            let found = index.get(*row as usize).map_or(0, |entry| entry.key_hash);
            (found, self.slice.key(*row)) < (hash, key)
        };
        let rows: Vec<u32> = (0..self.count()).collect();
        let rest = rows[rows.partition_point(is_before)..].iter().copied();
        rest.take_while(|row| self.slice.key(*row) == key).collect()
    }

    /// How many rows from this one on have its key.
    fn count_like(&self, row: u32) -> usize {
        let key = self.slice.key(row);
        (row..self.count()).take_while(|row| self.slice.key(*row) == key).count()
    }

    /// Adds values of a key to a page that begins with one of them. How many values the key has, in
    /// this block and others; `None` where it has none in this one.
    fn put_values(&self, hash: u64, key: &[u8], page: &mut Page) -> Option<usize> {
        let rows = self.rows_of(hash, key);
        let (start, count) = self.group(*rows.first()?, rows.len());
        let next = start + page.next;
        for row in rows.into_iter().filter(|row| self.position(*row) >= next) {
            if page.is_full() {
                break;
            }
            page.add(self.slice.value(row), 1);
        }
        Some(count)
    }

    fn begins_key(&self, row: u32) -> bool {
        match (&self.block.key_rows, row.checked_sub(1)) {
            (Some(rows), _) => self.position(row) == rows.start,
            (None, Some(before)) => self.slice.key(before) != self.slice.key(row),
            (None, None) => true,
        }
    }

    /// Where the elements of a key begin among all, and how many there are: of the key that begins
    /// at a row, of which `here` rows are in this block.
    fn group(&self, row: u32, here: usize) -> (usize, usize) {
        match &self.block.key_rows {
            Some(rows) => (rows.start, rows.len()),
            None => (self.position(row), here),
        }
    }
}

#[cfg(test)]
mod tests;
