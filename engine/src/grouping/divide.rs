//! Groups what is larger than the memory for it: by other bits of the keys' hashes it is divided
//! into parts, which are written to the store of spilled elements and grouped one after another.
//!
//! A part of a single key cannot be divided: its values are read while they are looked at, where
//! the reader of the groups can do that.

use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::coders::windowed::put_stamp;
use purlin_sdk::exec::{Chunk, Failure, Framing, PagedGroup, Pages, partition_of};
use purlin_sdk::{Error, Stamp, Windows};

use super::{CHUNK_BYTES, Edges, Loaded, key_of, lacks_index};
use crate::bundle::{GroupInput, GroupSlice, HeldSlice};
use crate::shuffle::{Shuffle, end_of};
use crate::spill::{Spiller, Stored};

/// How often a part is divided at most: what is still too large then has keys of the same hash.
const DEEPEST: u64 = 6;
/// Into how many parts at most at a time.
const MOST_PARTS: usize = 64;
/// The least size of the chunks that parts are written in, but for the last.
const LEAST_CHUNK_BYTES: usize = 16 * 1024;

/// Elements that can be grouped without the others.
pub(super) struct Part {
    pub(super) group: GroupInput,
    /// Where there is only one key, and its values are too many to be held.
    key: Option<Bytes>,
}

impl Part {
    /// The one group of a part that is too large to be held.
    pub(super) fn paged(&self) -> Option<PagedGroup> {
        let group = &self.group;
        Some(PagedGroup {
            key: self.key.clone()?,
            pages: Arc::new(Slices(group.slices.clone())),
            count: group.count(),
            stamp: Loaded::new(group, Vec::new()).stamp(group.window.max_timestamp()),
        })
    }
}

/// Whole chunks as pages.
struct Slices(Vec<HeldSlice>);

impl Pages for Slices {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn read(&self, page: usize) -> Result<Bytes, Error> {
        match self.0.get(page).map(|slice| &slice.chunk) {
            Some(Stored::Spilled(spilled)) => spilled.data(),
            Some(Stored::InMemory(chunk)) => Ok(chunk.data.clone()),
            None => Ok(Bytes::new()),
        }
    }
}

/// The parts of a group, each made when it is asked for.
pub(super) struct Parts<'a> {
    shuffle: &'a Shuffle,
    edges: &'a Edges,
    /// What is left, the next last, and how often it was divided.
    left: Vec<(Part, u64)>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(shuffle: &'a Shuffle, edges: &'a Edges, group: &GroupInput) -> Self {
        Self { shuffle, edges, left: vec![(Part { group: group.clone(), key: None }, 0)] }
    }

    /// The next part.
    ///
    /// # Errors
    /// When elements cannot be read or written.
    pub(super) fn next(&mut self) -> Result<Option<Part>, Box<Failure>> {
        while let Some((part, depth)) = self.left.pop() {
            let spiller = self.shuffle.spiller();
            let Some(spiller) = spiller.filter(|spiller| is_too_large(&part.group, spiller)) else {
                return Ok(Some(part));
            };
            if part.key.is_some() || depth >= DEEPEST {
                return Ok(Some(part));
            }
            let parts = self.divide(part.group, spiller, depth)?;
            self.left.extend(parts.into_iter().rev().map(|part| (part, depth + 1)));
        }
        Ok(None)
    }

    fn divide(
        &self,
        group: GroupInput,
        spiller: &Spiller,
        depth: u64,
    ) -> Result<Vec<Part>, Box<Failure>> {
        let GroupInput { window, partition, pane, slices } = group;
        let empty = GroupInput { window, partition, pane, slices: Vec::new() };
        let bytes = slices.iter().map(HeldSlice::size_bytes).sum();
        let mut divider = Divider::new(self, spiller, &empty, (bytes, depth));
        for slice in slices {
            divider.add(&self.shuffle.load(self.edges.pairs, &slice, lacks_index)?)?;
        }
        divider.finish(&empty)
    }
}

fn is_too_large(group: &GroupInput, spiller: &Spiller) -> bool {
    !spiller.fits(group.count(), group.size_bytes())
}

/// A part that is being written.
#[derive(Default)]
struct Open {
    data: Vec<u8>,
    count: u32,
    slices: Vec<HeldSlice>,
    /// The first key.
    key: Vec<u8>,
    has_others: bool,
}

struct Divider<'a> {
    parts: &'a Parts<'a>,
    spiller: &'a Spiller,
    /// Of what is written: elements have headers only where their timestamps matter.
    framing: Framing,
    chunk_bytes: usize,
    depth: u64,
    open: Vec<Open>,
}

impl<'a> Divider<'a> {
    fn new(
        parts: &'a Parts<'a>,
        spiller: &'a Spiller,
        group: &GroupInput,
        (bytes, depth): (usize, u64),
    ) -> Self {
        // Parts of half the size that would do: keys are not spread evenly.
        let wanted = (bytes / (spiller.share() / 2).max(1)).saturating_add(1);
        let count = wanted.clamp(2, MOST_PARTS);
        let mut open = Vec::new();
        open.resize_with(count, Open::default);
        let stamp = || Stamp { windows: Windows::One(group.window.clone()), ..Stamp::default() };
        let alike = parts.edges.layout.stamps_alike();
        let framing = if alike { Framing::Constant(stamp()) } else { Framing::Each };
        let chunk_bytes = (spiller.share() / 2 / count).clamp(LEAST_CHUNK_BYTES, CHUNK_BYTES);
        Self { parts, spiller, framing, chunk_bytes, depth, open }
    }

    fn add(&mut self, slice: &GroupSlice) -> Result<(), Box<Failure>> {
        match &slice.elements {
            Some(rows) => rows.iter().try_for_each(|row| self.add_row(&slice.chunk, *row as usize)),
            None => {
                (0..slice.chunk.count as usize).try_for_each(|row| self.add_row(&slice.chunk, row))
            }
        }
    }

    fn add_row(&mut self, chunk: &Chunk, row: usize) -> Result<(), Box<Failure>> {
        let index = chunk.index.as_deref().unwrap_or_default();
        let entry = &index[row];
        let number = partition_of(other_bits(entry.key_hash, self.depth), self.open.len() as u32);
        let open = &mut self.open[number as usize];
        let mut from = entry.value;
        match (&self.framing, &chunk.framing) {
            (Framing::Constant(_), _) => {}
            (Framing::Each, Framing::Each) => from = entry.start,
            (Framing::Each, Framing::Constant(stamp)) => {
                let pairs = self.parts.edges.pairs;
                put_stamp(&mut open.data, stamp, &self.parts.shuffle.window_coder(pairs));
            }
        }
        open.data.extend_from_slice(&chunk.data[from as usize..end_of(chunk, index, row)]);
        open.note(key_of(chunk, entry));
        if open.data.len() >= self.chunk_bytes {
            open.flush(&self.framing, self.spiller)?;
        }
        Ok(())
    }

    fn finish(self, empty: &GroupInput) -> Result<Vec<Part>, Box<Failure>> {
        let Self { spiller, framing, open, .. } = self;
        let mut parts = Vec::new();
        for mut open in open.into_iter().filter(|open| !open.is_empty()) {
            open.flush(&framing, spiller)?;
            let group = GroupInput { slices: open.slices, ..empty.clone() };
            let is_paged = !open.has_others && is_too_large(&group, spiller);
            parts.push(Part { group, key: is_paged.then(|| open.key.into()) });
        }
        Ok(parts)
    }
}

impl Open {
    fn is_empty(&self) -> bool {
        self.count == 0 && self.slices.is_empty()
    }

    /// Counts an element of this key.
    fn note(&mut self, key: &[u8]) {
        if self.is_empty() {
            self.key = key.to_vec();
        }
        self.has_others = self.has_others || self.key != key;
        self.count += 1;
    }

    fn flush(&mut self, framing: &Framing, spiller: &Spiller) -> Result<(), Box<Failure>> {
        if self.count == 0 {
            return Ok(());
        }
        if u32::try_from(self.data.len()).is_err() {
            return Err(Failure::new("an element to be grouped takes more than 4 GiB"));
        }
        let chunk = Chunk {
            data: std::mem::take(&mut self.data).into(),
            framing: framing.clone(),
            count: std::mem::take(&mut self.count),
            partition: None,
            index: None,
        };
        self.slices.push(HeldSlice { chunk: spiller.spill(chunk)?, elements: None });
        Ok(())
    }
}

/// A hash whose high bits are independent of those that divided keys before.
fn other_bits(hash: u64, depth: u64) -> u64 {
    // The finaliser of SplitMix64.
    let mut bits = hash.wrapping_add((depth + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
