//! Sorts the elements of a side input by key in little memory: by ranges of their keys' hashes they
//! are divided until each part can be sorted, and written again in blocks that a lookup reads.

use purlin_sdk::Stamp;
use purlin_sdk::exec::{Chunk, Failure, Framing};

use crate::bundle::{GroupSlice, HeldSlice};
use crate::plan::CollectionId;
use crate::shuffle::{Shuffle, end_of};
use crate::side_panes::Kept;
use crate::side_sorted::{BlockWriter, Sorted};
use crate::spill::Spiller;

/// Into how many parts at most at a time.
const MOST_PARTS: usize = 64;
/// The least and the largest size of the chunks that parts are written in, but for the last.
const CHUNK_BYTES: (usize, usize) = (16 << 10, 256 << 10);

/// Writes the elements of a window sorted by key, those of a key in the order of arrival.
///
/// # Errors
/// When elements cannot be read or written.
pub(crate) fn sort(
    shuffle: &Shuffle,
    spiller: &Spiller,
    collection: CollectionId,
    kept: &[Kept],
) -> Result<Sorted, Box<Failure>> {
    let sorter = Sorter { shuffle, spiller, collection };
    let mut writer = BlockWriter::new(spiller);
    let mut left = vec![Part::of(kept)];
    while let Some(part) = left.pop() {
        if spiller.fits(part.count(), part.size_bytes()) || part.lowest == part.highest {
            sorter.write_sorted(&part, &mut writer)?;
        } else if part.has_one_key {
            sorter.write_key(&part, &mut writer)?;
        } else {
            left.extend(sorter.divide(&part)?.into_iter().rev());
        }
    }
    writer.finish()
}

/// Elements whose keys' hashes are in a range.
struct Part {
    lowest: u64,
    highest: u64,
    slices: Vec<HeldSlice>,
    /// Whether all are known to have the same key.
    has_one_key: bool,
}

impl Part {
    fn of(kept: &[Kept]) -> Self {
        let slices = kept.iter().map(|kept| kept.slice.clone()).collect();
        Self { lowest: 0, highest: u64::MAX, slices, has_one_key: false }
    }

    fn count(&self) -> usize {
        self.slices.iter().map(HeldSlice::count).sum()
    }

    fn size_bytes(&self) -> usize {
        self.slices.iter().map(HeldSlice::size_bytes).sum()
    }
}

struct Sorter<'a> {
    shuffle: &'a Shuffle,
    spiller: &'a Spiller,
    collection: CollectionId,
}

impl Sorter<'_> {
    fn load(&self, slice: &HeldSlice) -> Result<GroupSlice, Box<Failure>> {
        self.shuffle.load_indexed(self.collection, slice)
    }

    fn write_sorted(&self, part: &Part, writer: &mut BlockWriter<'_>) -> Result<(), Box<Failure>> {
        let slices: Result<Vec<_>, _> = part.slices.iter().map(|slice| self.load(slice)).collect();
        let slices = slices?;
        let mut rows: Vec<Row<'_>> = slices.iter().flat_map(rows_of).collect();
        rows.sort_by(|a, b| (a.hash, a.key).cmp(&(b.hash, b.key)));
        for rows in rows.chunk_by(|a, b| (a.hash, a.key) == (b.hash, b.key)) {
            let size_bytes = rows.iter().map(|row| row.data.len()).sum();
            writer.begin_key(rows[0].hash, rows.len(), size_bytes)?;
            rows.iter().try_for_each(|row| writer.add(row.data))?;
            writer.end_key()?;
        }
        Ok(())
    }

    /// Writes elements that all have the same key.
    fn write_key(&self, part: &Part, writer: &mut BlockWriter<'_>) -> Result<(), Box<Failure>> {
        let mut has_begun = false;
        for slice in &part.slices {
            let slice = self.load(slice)?;
            for row in rows_of(&slice) {
                if !std::mem::replace(&mut has_begun, true) {
                    writer.begin_key(row.hash, part.count(), part.size_bytes())?;
                }
                writer.add(row.data)?;
            }
        }
        writer.end_key()
    }

    fn divide(&self, part: &Part) -> Result<Vec<Part>, Box<Failure>> {
        // Parts of half the size that would do: hashes are not spread evenly.
        let half = (self.spiller.share() / 2).max(1);
        let count = (part.size_bytes() / half).saturating_add(1).clamp(2, MOST_PARTS);
        let ranges = ranges(part.lowest, part.highest, count);
        let mut open: Vec<Open> =
            ranges.map(|(lowest, highest)| Open::new(lowest, highest)).collect();
        let chunk_bytes = (half / count).clamp(CHUNK_BYTES.0, CHUNK_BYTES.1);
        for slice in &part.slices {
            let slice = self.load(slice)?;
            for row in rows_of(&slice) {
                let position = open.partition_point(|open| open.highest < row.hash);
                let open = &mut open[position];
                open.add(&row);
                if open.data.len() >= chunk_bytes {
                    open.flush(self.spiller)?;
                }
            }
        }
        let mut parts = Vec::new();
        for mut open in open {
            open.flush(self.spiller)?;
            if !open.slices.is_empty() {
                parts.push(open.into_part());
            }
        }
        Ok(parts)
    }
}

/// `count` ranges that cover `[lowest, highest]`, of about the same size. There are fewer where it
/// has fewer numbers.
fn ranges(lowest: u64, highest: u64, count: usize) -> impl Iterator<Item = (u64, u64)> {
    let width = (highest - lowest) / count as u64 + 1;
    let starts = std::iter::successors(Some(lowest), move |start| {
        start.checked_add(width).filter(|start| *start <= highest)
    });
    starts.map(move |start| (start, start.saturating_add(width - 1).min(highest)))
}

/// An element: its key, and key and value.
struct Row<'a> {
    hash: u64,
    key: &'a [u8],
    data: &'a [u8],
}

fn rows_of(slice: &GroupSlice) -> impl Iterator<Item = Row<'_>> {
    let index = slice.chunk.index.as_deref().unwrap_or_default();
    slice.rows().filter_map(move |row| {
        let entry = index.get(row as usize)?;
        let end = end_of(&slice.chunk, index, row as usize);
        let data = &slice.chunk.data[entry.value as usize..end];
        Some(Row { hash: entry.key_hash, key: slice.key(row), data })
    })
}

/// A part that is being written.
struct Open {
    lowest: u64,
    highest: u64,
    data: Vec<u8>,
    count: u32,
    slices: Vec<HeldSlice>,
    /// The first key.
    key: Option<Vec<u8>>,
    has_others: bool,
}

impl Open {
    fn new(lowest: u64, highest: u64) -> Self {
        let (data, slices) = (Vec::new(), Vec::new());
        Self { lowest, highest, data, count: 0, slices, key: None, has_others: false }
    }

    fn add(&mut self, row: &Row<'_>) {
        self.data.extend_from_slice(row.data);
        self.count += 1;
        let first = self.key.get_or_insert_with(|| row.key.to_vec());
        self.has_others = self.has_others || first != row.key;
    }

    fn flush(&mut self, spiller: &Spiller) -> Result<(), Box<Failure>> {
        if self.count > 0 {
            let data = std::mem::take(&mut self.data);
            let chunk = spiller.spill(plain(data, std::mem::take(&mut self.count))?)?;
            self.slices.push(HeldSlice { chunk, elements: None });
        }
        Ok(())
    }

    fn into_part(self) -> Part {
        let Self { lowest, highest, slices, has_others, .. } = self;
        Part { lowest, highest, slices, has_one_key: !has_others }
    }
}

/// A chunk of elements without headers.
pub(crate) fn plain(data: Vec<u8>, count: u32) -> Result<Chunk, Box<Failure>> {
    if u32::try_from(data.len()).is_err() {
        return Err(Failure::new("an element of a side input takes more than 4 GiB"));
    }
    let framing = Framing::Constant(Stamp::default());
    Ok(Chunk { data: data.into(), framing, count, partition: None, index: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_and_do_not_overlap() {
        for (lowest, highest) in [(0, u64::MAX), (5, 6), (7, 70), (u64::MAX - 9, u64::MAX)] {
            for count in [2, 3, 64] {
                let ranges: Vec<_> = ranges(lowest, highest, count).collect();
                assert!(ranges.len() <= count);
                assert!(ranges.len() > 1, "nothing is divided");
                assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (lowest, highest));
                assert!(ranges.iter().all(|(from, to)| from <= to));
                assert!(ranges.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
            }
        }
    }
}
