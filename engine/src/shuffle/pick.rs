//! Copies some elements of a chunk into a chunk of their own.

use purlin_sdk::exec::{Chunk, Entry};

use super::index::end_of;

/// The elements of these rows of an indexed chunk, in this order.
pub(super) fn pick(chunk: &Chunk, rows: impl Iterator<Item = usize>) -> Chunk {
    let index = chunk.index.as_deref().unwrap_or_default();
    let (mut data, mut picked) = (Vec::new(), Vec::new());
    for row in rows {
        let entry = index[row];
        // What is picked is no longer than the chunk, whose offsets fit.
        let start = u32::try_from(data.len()).unwrap_or(u32::MAX);
        data.extend_from_slice(&chunk.data[entry.start as usize..end_of(chunk, index, row)]);
        picked.push(Entry { start, value: start + (entry.value - entry.start), ..entry });
    }
    Chunk {
        count: u32::try_from(picked.len()).unwrap_or(u32::MAX),
        data: data.into(),
        framing: chunk.framing.clone(),
        partition: chunk.partition,
        index: Some(picked),
    }
}
