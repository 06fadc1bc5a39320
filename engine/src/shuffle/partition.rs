//! Divides a chunk by the keys of its elements.

use purlin_sdk::Stamp;
use purlin_sdk::coders::Reader;
use purlin_sdk::coders::windowed::{WindowCoder, read_stamp};
use purlin_sdk::exec::{Chunk, Entry, Framing, partition_of};

use super::index::end_of;

/// A part of a chunk that is being divided.
struct Part {
    data: Vec<u8>,
    index: Vec<Entry>,
}

/// The elements of each partition, in their order; partitions without elements are left out.
///
/// Elements that carry the same header lose it: accumulators from a worker do, and it may be longer
/// than they are.
pub(super) fn partition(mut chunk: Chunk, partitions: u32, windows: WindowCoder) -> Vec<Chunk> {
    if partitions <= 1 {
        chunk.partition = Some(0);
        return vec![chunk];
    }
    let index = chunk.index.as_deref().unwrap_or_default();
    let stamp = common_stamp(&chunk, index, windows);
    let from = |entry: &Entry| if stamp.is_some() { entry.value } else { entry.start };
    let mut parts = empty_parts(&chunk, index, partitions, from);
    for (row, entry) in index.iter().enumerate() {
        let part = &mut parts[partition_of(entry.key_hash, partitions) as usize];
        // A part is no longer than the chunk, whose offsets fit.
        let start = u32::try_from(part.data.len()).unwrap_or(u32::MAX);
        let from = from(entry);
        part.data.extend_from_slice(&chunk.data[from as usize..end_of(&chunk, index, row)]);
        part.index.push(Entry { start, value: start + (entry.value - from), ..*entry });
    }
    let framing = stamp.map_or_else(|| chunk.framing.clone(), Framing::Constant);
    let parts = (0..).zip(parts).filter(|(_, part)| !part.index.is_empty());
    parts
        .map(|(partition, part)| Chunk {
            count: u32::try_from(part.index.len()).unwrap_or(u32::MAX),
            data: part.data.into(),
            framing: framing.clone(),
            partition: Some(partition),
            index: Some(part.index),
        })
        .collect()
}

/// The stamp of elements with headers, where all have the same.
fn common_stamp(chunk: &Chunk, index: &[Entry], windows: WindowCoder) -> Option<Stamp> {
    let header = |entry: &Entry| &chunk.data[entry.start as usize..entry.value as usize];
    let first = index.first().map(header)?;
    let is_common = chunk.framing == Framing::Each && index.iter().all(|it| header(it) == first);
    is_common.then(|| read_stamp(&mut Reader::new(first), &windows).ok()).flatten()
}

/// Parts with just the room that they need: they may wait for long.
fn empty_parts(
    chunk: &Chunk,
    index: &[Entry],
    partitions: u32,
    from: impl Fn(&Entry) -> u32,
) -> Vec<Part> {
    let mut sizes = vec![(0, 0); partitions as usize];
    for (row, entry) in index.iter().enumerate() {
        let (bytes, count) = &mut sizes[partition_of(entry.key_hash, partitions) as usize];
        *bytes += end_of(chunk, index, row) - from(entry) as usize;
        *count += 1;
    }
    let part =
        |(bytes, count)| Part { data: Vec::with_capacity(bytes), index: Vec::with_capacity(count) };
    sizes.into_iter().map(part).collect()
}
