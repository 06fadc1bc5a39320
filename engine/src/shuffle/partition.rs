//! Divides a chunk by the keys of its elements.

use purlin_sdk::exec::{Chunk, Entry, partition_of};

use super::index::end_of;

/// A part of a chunk that is being divided.
#[derive(Default)]
struct Part {
    data: Vec<u8>,
    index: Vec<Entry>,
}

/// The elements of each partition, in their order; partitions without elements are left out.
pub(super) fn partition(mut chunk: Chunk, partitions: u32) -> Vec<Chunk> {
    if partitions <= 1 {
        chunk.partition = Some(0);
        return vec![chunk];
    }
    let mut parts: Vec<Part> = Vec::new();
    parts.resize_with(partitions as usize, Part::default);
    let index = chunk.index.as_deref().unwrap_or_default();
    for (row, entry) in index.iter().enumerate() {
        let part = &mut parts[partition_of(entry.key_hash, partitions) as usize];
        // A part is no longer than the chunk, whose offsets fit.
        let start = u32::try_from(part.data.len()).unwrap_or(u32::MAX);
        part.data.extend_from_slice(&chunk.data[entry.start as usize..end_of(&chunk, index, row)]);
        part.index.push(Entry { start, value: start + (entry.value - entry.start), ..*entry });
    }
    let parts = (0..).zip(parts).filter(|(_, part)| !part.index.is_empty());
    parts
        .map(|(partition, part)| Chunk {
            count: u32::try_from(part.index.len()).unwrap_or(u32::MAX),
            data: part.data.into(),
            framing: chunk.framing.clone(),
            partition: Some(partition),
            index: Some(part.index),
        })
        .collect()
}
